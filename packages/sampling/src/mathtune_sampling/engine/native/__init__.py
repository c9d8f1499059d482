"""Builds the C++ kernels on first use, with torch's own extension loader, and keeps the library for later."""

import ctypes
import hashlib
import os
import platform
import subprocess
import tempfile
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent
_SOURCES = sorted(_FOLDER.glob("*.cpp"))
_FLAGS = ["-O3", "-march=native", "-fopenmp", "-std=c++17", "-Wno-psabi"]


@cache
def library() -> ctypes.CDLL:
    """The kernels' functions; see the ends of attention.cpp, elementwise.cpp and selection.cpp for what they take.

    Raises OSError when they cannot be built or loaded here; its message is one line.
    """
    kept = _cache_folder() / f"mathtune-{digest()}.so"
    if not kept.is_file():
        _build(kept)
    return ctypes.CDLL(str(kept))


def _cache_folder() -> Path:
    """Where torch keeps the extensions it builds."""
    stated = os.environ.get("TORCH_EXTENSIONS_DIR")
    return Path(stated) if stated else Path.home() / ".cache" / "torch_extensions"


def digest() -> str:
    """Of all the library is made from, the processor too: home folders are shared by unlike machines."""
    digest = hashlib.sha256(" ".join(_FLAGS).encode())
    for source in [*_SOURCES, _FOLDER / "vectors.h"]:
        digest.update(source.read_bytes())
    processor = Path("/proc/cpuinfo")
    if processor.is_file():
        lines = processor.read_text().splitlines()
        digest.update("".join(sorted({line for line in lines if line.startswith(("flags", "Features"))})).encode())
    digest.update(platform.machine().encode())
    return digest.hexdigest()[:16]


def _build(kept: Path) -> None:
    # Built in a folder of its own and then moved: torch's cache folder has a lock that a killed build leaves behind,
    # and the next process would wait for it for ever.
    from torch.utils import cpp_extension

    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
            cpp_extension.load(
                name=kept.stem.replace("-", "_"),
                sources=[str(source) for source in _SOURCES],
                extra_cflags=_FLAGS,
                extra_ldflags=["-fopenmp"],
                build_directory=folder,
                is_python_module=False,
            )
            built = next(Path(folder).glob("*.so"))
            built.replace(kept)
    except (RuntimeError, subprocess.CalledProcessError, StopIteration) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise OSError(f"cannot build the C++ kernels: {reason}") from error

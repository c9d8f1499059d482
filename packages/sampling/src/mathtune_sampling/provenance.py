"""What a sample depends on beside weights, prompts and params: our code, and what computes here."""

from importlib.metadata import version
from pathlib import Path

import mathtune_core
import mathtune_sampling
from mathtune_core.digests import hash_files
from mathtune_sampling.engine import native


def code_digest() -> str:
    """A hash of all code that samples and scores: this package's, C++ included, and the prompts'."""
    package = Path(mathtune_sampling.__file__).parent
    code = [path for kind in ("*.py", "*.cpp", "*.h") for path in package.rglob(kind)]
    return hash_files([*code, Path(mathtune_core.__file__).parent / "prompts.py"])


def machine() -> str:
    """The C++ kernels, which depend on the processor, and torch."""
    return f"{native.digest()}, torch {version('torch')}"

"""The folder for what must outlive a kill, claimed by a key: what another key left is thrown away."""

import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

KEY = "key.json"


def claim(folder: Path, key: Mapping[str, str], of: str, contents: str) -> None:
    """Makes `folder` the one of `key`, a hash of each thing that its contents depend on, by what a user would call it.

    Contents of another key are deleted, and stderr says what had changed, in the words `of` (a run, a training) and
    `contents`.
    """
    before = claimed_by(folder)
    if folder.exists() and before != dict(key):
        changed = ", ".join(name for name in key if before.get(name) != key[name])
        sys.stderr.write(f"{folder}: of {of} with other {changed}; its {contents} are thrown away\n")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f"{KEY}.partial"
    partial.write_text(json.dumps(dict(key), indent=2) + "\n")
    partial.replace(folder / KEY)


def claimed_by(folder: Path) -> dict[str, str]:
    """The key that the folder was claimed by; empty where there is none that can be read."""
    try:
        written = json.loads((folder / KEY).read_text())
    except (OSError, ValueError):
        return {}
    return written if isinstance(written, dict) else {}

"""The models that dvc.yaml declares as artifacts: what `mathtune solve` takes when none is named."""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from mathtune_core.errors import MathtuneError


def artifact(name: str) -> Path:
    """The path of the artifact `name` in dvc.yaml of the working folder. Raises MathtuneError where it has none."""
    file = Path("dvc.yaml")
    if not file.is_file():
        raise MathtuneError(f"{file}: no such file; run from the project's root, or name a checkpoint with --model")
    try:
        document: Any = YAML(typ="safe").load(file.read_text(encoding="utf-8"))
    except (YAMLError, UnicodeDecodeError) as error:
        raise MathtuneError(f"{file}: not valid YAML in UTF-8") from error
    for key in ("artifacts", name, "path"):
        document = document.get(key) if isinstance(document, dict) else None
    if not isinstance(document, str):
        raise MathtuneError(f"{file}: artifacts.{name}.path: missing; name a checkpoint with --model")
    return Path(document)

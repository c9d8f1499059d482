"""`mathtune scale NAME … [key=value …]`: params.yaml from scales/tiny.yaml and overlays, with the diff shown."""

import difflib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError

from mathtune_core.errors import MathtuneError
from mathtune_core.params import read_params_file

DEFAULT = "tiny"


def merge(target: CommentedMap, overlay: CommentedMap) -> None:
    """Merges `overlay` into `target`: mappings key by key, but an empty one, a list or any other value replaces.

    A null takes a mapping away.
    """
    for key, value in overlay.items():
        if value is None and isinstance(target.get(key), CommentedMap):
            del target[key]
        elif isinstance(value, CommentedMap) and value and isinstance(target.get(key), CommentedMap):
            merge(target[key], value)
        else:
            target[key] = value


def assign(target: CommentedMap, assignment: str) -> None:
    """Sets one `section.key=value`, the value read as YAML. Raises MathtuneError for a key that is not there."""
    name, separator, text = assignment.partition("=")
    node: Any = target
    *parents, last = name.split(".")
    for parent in parents:
        node = node.get(parent) if isinstance(node, CommentedMap) else None
    if not separator or not isinstance(node, CommentedMap) or last not in node:
        raise MathtuneError(f"{assignment}: expected section.key=value with a key of params.yaml; no `{name}` there")
    try:
        node[last] = YAML(typ="safe").load(text)
    except MarkedYAMLError as error:
        raise MathtuneError(f"{assignment}: not a YAML value: {error.problem}") from error


def scaled(scales: Path, names: Sequence[str], assignments: Sequence[str]) -> str:
    """The text of params.yaml for the scales `names`, each laid over those before. MathtuneError for an unknown one."""
    document = read_params_file(_scale_file(scales, DEFAULT))
    for name in names:
        path = _scale_file(scales, name)
        if name != DEFAULT:
            merge(document, read_params_file(path))
    for assignment in assignments:
        assign(document, assignment)
    text = io.StringIO()
    yaml = YAML(typ="rt")
    yaml.width = 200
    yaml.representer.add_representer(type(None), lambda r, _: r.represent_scalar("tag:yaml.org,2002:null", "null"))
    yaml.dump(document, text)
    return text.getvalue()


def _scale_file(scales: Path, name: str) -> Path:
    path = scales / f"{name}.yaml"
    if not path.is_file():
        known = (
            ", ".join(sorted(p.stem for p in scales.glob("*.yaml"))) or f"none; is {scales.parent} the project's root?"
        )
        raise MathtuneError(f"{path}: no such scale; known: {known}")
    return path


def write_scale(root: Path, names: Sequence[str], assignments: Sequence[str]) -> str:
    """Writes `root`/params.yaml and returns the unified diff against what stood there (empty when nothing changed)."""
    target = root / "params.yaml"
    before = target.read_text(encoding="utf-8") if target.is_file() else ""
    after = scaled(root / "scales", names, assignments)
    partial = target.with_name("params.yaml.partial")
    partial.write_text(after, encoding="utf-8")
    partial.replace(target)
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), "params.yaml before", "params.yaml", lineterm=""
    )
    return "\n".join(lines)

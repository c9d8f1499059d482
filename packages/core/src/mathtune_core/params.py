"""params.yaml, read strictly: every key known, every value of the declared type, every error with its line."""

import dataclasses
import difflib
import types
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError

from mathtune_core.errors import MathtuneError

Params = TypeVar("Params")


def read_params_file(path: Path) -> CommentedMap:
    """The whole file as a mapping that remembers line numbers.

    Raises MathtuneError when the file is missing, is not UTF-8 or not YAML, or is not a mapping.
    """
    if not path.is_file():
        raise MathtuneError(
            f"{path}: no such file; run from the project's root, or write it with `mathtune scale tiny`"
        )
    content = path.read_bytes()
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise MathtuneError(f"{path}:{line}: not UTF-8; re-encode the file") from error
    try:
        document = YAML(typ="rt").load(text)
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise MathtuneError(f"{path}:{line}: not valid YAML: {error.reason}") from error
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise MathtuneError(f"{path}:{line}: not valid YAML: {error.problem}") from error
    if not isinstance(document, CommentedMap):
        raise MathtuneError(f"{path}:1: expected sections (`name:` followed by indented keys), got {document!r}")
    return document


def load_params(path: Path, keys: tuple[str, ...], kind: type[Params]) -> Params:
    """The section found under `keys` as an instance of the dataclass `kind`.

    Raises MathtuneError, naming file, line and field, for a missing section, an unknown or missing key, a value of
    the wrong type, or one that the dataclass itself refuses with ValueError.
    """
    node: Any = read_params_file(path)
    line = 1
    for depth, key in enumerate(keys):
        if not isinstance(node, CommentedMap) or key not in node:
            known = ", ".join(str(k) for k in node) if isinstance(node, CommentedMap) else "none"
            where = ".".join(keys[: depth + 1])
            raise MathtuneError(f"{path}:{line}: section `{where}` is missing (found here: {known})")
        line = _line_of(node, key, line)
        node = node[key]
    return build(node if node is not None else CommentedMap(), kind, f"{path}", ".".join(keys), line)


def build(node: Any, kind: type[Params], file: str, name: str, line: int) -> Params:
    """`node` (a mapping) as an instance of the dataclass `kind`; `name` and `line` are for the error messages."""
    if not isinstance(node, dict):
        raise MathtuneError(f"{file}:{line}: {name}: expected keys and values, got {node!r}")
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    hints = get_type_hints(kind)
    values: dict[str, Any] = {}
    for key, value in node.items():
        at = _line_of(node, key, line)
        if key not in fields:
            near = difflib.get_close_matches(str(key), list(fields), n=1)
            advice = f"did you mean `{near[0]}`?" if near else f"known keys: {', '.join(fields) or 'none'}"
            raise MathtuneError(f"{file}:{at}: {name}.{key}: unknown key; {advice}")
        values[key] = _convert(value, hints[key], file, f"{name}.{key}", at)
    for field in fields.values():
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if required and field.name not in values:
            raise MathtuneError(f"{file}:{line}: {name}.{field.name}: missing; add it to the section")
    try:
        return kind(**values)
    except ValueError as error:
        # A dataclass refuses a value as "field: reason", so that the line can point at the field.
        field_name = str(error).split(":", 1)[0]
        at = _line_of(node, field_name, line) if field_name in node else line
        raise MathtuneError(f"{file}:{at}: {name}.{error}") from error


def _line_of(node: Any, key: Any, fallback: int) -> int:
    if isinstance(node, CommentedMap) and key in (node.lc.data or {}):
        return int(node.lc.key(key)[0]) + 1
    return fallback  # merged in from an anchor (`<<: *name`), or not there at all


def _convert(value: Any, hint: Any, file: str, name: str, line: int) -> Any:
    """`value` checked against the type hint; lists become tuples, an int is accepted where a float is meant."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        return _convert(value, next(a for a in arguments if a is not type(None)), file, name, line)
    if origin is Literal:
        if value in arguments:
            return value
        raise MathtuneError(f"{file}:{line}: {name}: must be one of {', '.join(map(str, arguments))}, got {value!r}")
    if origin is tuple:
        if not isinstance(value, list):
            raise MathtuneError(f"{file}:{line}: {name}: expected a list, got {value!r}")
        return tuple(_convert(v, arguments[0], file, f"{name}[{i}]", line) for i, v in enumerate(value))
    if origin is dict:
        if not isinstance(value, dict):
            raise MathtuneError(f"{file}:{line}: {name}: expected keys and values, got {value!r}")
        return {
            str(k): _convert(v, arguments[1], file, f"{name}.{k}", _line_of(value, k, line)) for k, v in value.items()
        }
    if dataclasses.is_dataclass(hint):
        return build(value, hint, file, name, line)  # type: ignore[arg-type]
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, hint) and not (hint is not bool and isinstance(value, bool)):
        return hint(value)  # plain Python values: ruamel's carry formatting along
    raise MathtuneError(f"{file}:{line}: {name}: expected {hint.__name__}, got {value!r}")

"""The stages that `dvc repro` would run: dvc.yaml's `foreach` and `matrix` over params.yaml, without starting DVC."""

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from mathtune_core.errors import MathtuneError

_REFERENCE = re.compile(r"\$\{([^}]+)\}")
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_MODULE = re.compile(r"(?:\$\{run\}|\$\{study\.launcher\} \$\{stage\}) (\w+)")


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage as DVC names it (`ENTRY@ITEM`), and what its command runs."""

    entry: str  # in dvc.yaml
    address: str
    modules: tuple[str, ...]  # such as sample_solutions; pretrain_base runs two
    item: Mapping[str, str]  # by axis of the matrix; `key` alone of a foreach; empty of a plain stage
    frozen: bool


def expand(dvc_file: Path, params: Mapping[str, Any]) -> list[Stage]:
    """Every stage of `dvc_file` for `params`, in its order.

    Raises MathtuneError when the file is missing, or a matrix names what params.yaml does not have.
    """
    if not dvc_file.is_file():
        raise MathtuneError(f"{dvc_file}: no such file; run from the project's root")
    entries = YAML(typ="safe").load(dvc_file.read_text(encoding="utf-8"))["stages"]
    return [stage for entry, body in entries.items() for stage in _expanded(entry, body, params, str(dvc_file))]


def _expanded(entry: str, body: Mapping[str, Any], params: Mapping[str, Any], file: str) -> list[Stage]:
    definition = body.get("do", body)
    modules = tuple(_MODULE.findall(str(definition["cmd"])))
    frozen = bool(definition.get("frozen", False))

    def stage(item: Mapping[str, str]) -> Stage:
        address = f"{entry}@{'-'.join(item.values())}" if item else entry
        return Stage(entry, address, modules, item, frozen)

    where = f"{file}: stage `{entry}`"
    if "foreach" in body:
        values = _resolved(body["foreach"], params, where)
        return [stage({"key": str(key)}) for key in values]
    if "matrix" in body:
        axes = {axis: [str(v) for v in _resolved(values, params, where)] for axis, values in body["matrix"].items()}
        return [stage(dict(zip(axes, values, strict=True))) for values in itertools.product(*axes.values())]
    return [stage({})]


def _resolved(value: Any, params: Mapping[str, Any], where: str) -> Any:
    """`value` with every `${a.b[0]}` replaced by what it names."""
    if isinstance(value, list):
        return [_resolved(entry, params, where) for entry in value]
    found = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
    if not found:
        return value
    node: Any = params
    for key, index in _STEP.findall(found[1]):
        try:
            node = node[key] if key else node[int(index)]
        except (KeyError, IndexError, TypeError) as error:
            raise MathtuneError(f"{where}: params.yaml has no {found[1]}") from error
    return node

"""DVC does not follow imports, so each stage's deps must cover what its module imports; and imports point down only."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from mathtune_core.stage import stage_module

ROOT = Path(__file__).resolve().parents[2]
DVC: dict[str, Any] = YAML(typ="safe").load((ROOT / "dvc.yaml").read_text())
VARIABLES: dict[str, str] = DVC["vars"][0]
STYLES = {
    path.parent.name: f"mathtune_styles.{path.parent.name}"
    for path in sorted((ROOT / "packages/styles/src/mathtune_styles").glob("*/__init__.py"))
    if "def build(" in path.read_text()
}
FLOORS = {
    "core": set(),
    "answers": {"core"},
    "sampling": {"core"},
    "training": {"core"},
    "styles": {"core", "answers", "sampling"},
    "ranking": {"core", "answers"},
    "cli": {"core", "answers", "sampling", "training", "styles", "ranking"},
}


def path_of(module: str) -> Path | None:
    """The file of a module of ours; None for anything else."""
    package, *rest = module.split(".")
    folder = ROOT / "packages" / package.removeprefix("mathtune_") / "src" / package
    if not package.startswith("mathtune_"):
        return None
    file = folder.joinpath(*rest).with_suffix(".py") if rest else folder / "__init__.py"
    return (
        file
        if file.is_file()
        else next(iter([p for p in [folder.joinpath(*rest) / "__init__.py"] if p.is_file()]), None)
    )


@cache
def imported(file: Path) -> frozenset[Path]:
    """Our files that `file` imports, wherever in it, the packages' own __init__ files included."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    names |= {name.rsplit(".", depth)[0] for name in names for depth in range(1, name.count(".") + 1)}
    return frozenset(path for name in names if (path := path_of(name)) is not None)


def closure(start: Path) -> set[Path]:
    """`start` and all of our files that importing it may run."""
    found, waiting = set(), [start]
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            waiting.extend(imported(file))
    return found


def declared(stage: str, **item: str) -> list[Path]:
    definition = DVC["stages"][stage]
    entries = definition.get("do", definition)["deps"]
    filled = [re.sub(r"\$\{([\w.]+)\}", lambda m: {**VARIABLES, **item}.get(m[1], m[0]), entry) for entry in entries]
    return [ROOT / entry for entry in filled]


def covered(file: Path, deps: list[Path]) -> bool:
    # A package's __init__ with nothing but a docstring cannot change what a stage does.
    if file.name == "__init__.py" and len(ast.parse(file.read_text()).body) <= 1:
        return True
    return any(file == dep or dep in file.parents for dep in deps)


def stage_closures() -> list[tuple[str, list[Path], set[Path]]]:
    found = []
    for stage in DVC["stages"]:
        runs = re.findall(r"(?:\$\{run\}|\$\{study\.launcher\} \$\{stage\}) (\w+)", str(DVC["stages"][stage]))
        files = {path for run in runs for path in closure(path_of(stage_module(run)) or ROOT)}
        if stage == "build_solutions":
            for style, module in STYLES.items():
                own = closure(path_of(module) or ROOT)
                found.append((f"{stage}@{style}", declared(stage, key=style), files | own))
        else:
            found.append((stage, declared(stage), files))
    return found


@pytest.mark.parametrize(
    ("stage", "deps", "files"), stage_closures(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_deps_cover_the_imports(stage: str, deps: list[Path], files: set[Path]) -> None:
    missing = sorted(str(file.relative_to(ROOT)) for file in files if not covered(file, deps))
    assert len(files) > 3
    assert missing == []


@pytest.mark.parametrize(
    ("stage", "deps", "files"), stage_closures(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_code_deps_exist_and_are_used(stage: str, deps: list[Path], files: set[Path]) -> None:
    code = [dep for dep in deps if ROOT / "packages" in dep.parents]
    assert all(dep.exists() for dep in code)
    # The styles share one definition in dvc.yaml, so what only one of them needs stands there for all.
    unused = [dep for dep in code if not any(dep == file or dep in file.parents for file in files)]
    assert stage.startswith("build_solutions@") or unused == []


@pytest.mark.parametrize("style", STYLES)
def test_a_styles_own_files_are_in_no_other_styles_deps(style: str) -> None:
    own = ROOT / "packages/styles/src/mathtune_styles" / style
    assert own.is_dir()
    for other in set(STYLES) - {style}:
        assert not any(own == dep or own in dep.parents for dep in declared("build_solutions", key=other))
        assert not any(own in file.parents for file in closure(path_of(STYLES[other]) or ROOT))


@pytest.mark.parametrize("package", FLOORS)
def test_imports_point_down(package: str) -> None:
    files = sorted((ROOT / "packages" / package / "src").rglob("*.py"))
    assert files
    for file in files:
        used = {path.relative_to(ROOT / "packages").parts[0] for path in imported(file)} - {package}
        assert used <= FLOORS[package], f"{file.relative_to(ROOT)} imports {used - FLOORS[package]}"


@pytest.mark.parametrize(
    "stage",
    [
        "cluster_answers",
        "build_problems",
        "mix_solutions",
        "compare_styles",
        "build_verifier_examples",
        "evaluate",
        "report",
    ],
)
def test_table_stages_do_not_import_torch(stage: str) -> None:
    for file in closure(path_of(stage_module(stage)) or ROOT):
        tops = [n for n in ast.parse(file.read_text()).body if isinstance(n, ast.Import | ast.ImportFrom)]
        names = {(n.module or "") if isinstance(n, ast.ImportFrom) else n.names[0].name for n in tops}
        assert not {name.split(".")[0] for name in names} & {"torch", "transformers", "trl"}, file

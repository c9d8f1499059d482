"""One name everywhere: a stage, its module, its params section, its dataclass, its output folder and its test."""

import importlib
import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from mathtune_core.params import load_params
from mathtune_core.stage import params_type, stage_module

ROOT = Path(__file__).resolve().parents[2]
DVC: dict[str, Any] = YAML(typ="safe").load((ROOT / "dvc.yaml").read_text())
PARAMS: dict[str, Any] = YAML(typ="safe").load((ROOT / "params.yaml").read_text())
STAGES = list(DVC["stages"])
# Not stages: `study` says which items the stages have; build_corpus runs within pretrain_base.
OTHER_SECTIONS = {"study", "build_corpus"}


def body(stage: str) -> dict[str, Any]:
    """The stage's definition, that of its items where it has several."""
    definition: dict[str, Any] = DVC["stages"][stage]
    return definition.get("do", definition)


def commands(stage: str) -> list[str]:
    found = body(stage)["cmd"]
    return found if isinstance(found, list) else [found]


def out_paths(stage: str) -> list[str]:
    entries = [e for kind in ("outs", "metrics", "plots") for e in body(stage).get(kind, [])]
    return [e if isinstance(e, str) else next(iter(e)) for e in entries]


def test_there_are_all_the_stages_of_the_design() -> None:
    assert len(STAGES) == 13


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_runs_the_module_of_its_name(stage: str) -> None:
    last = commands(stage)[-1]
    assert re.match(r"\$\{run\} (\w+)", last)[1] == stage  # type: ignore[index]
    assert (ROOT / "packages").joinpath(*_module_path(stage)).is_file()


def _module_path(stage: str) -> tuple[str, ...]:
    package, module = stage_module(stage).split(".")
    return package.removeprefix("mathtune_"), "src", package, f"{module}.py"


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_has_a_section_a_description_and_a_test(stage: str) -> None:
    assert stage in PARAMS
    assert body(stage)["desc"]
    package = stage_module(stage).split(".")[0].removeprefix("mathtune_")
    assert (ROOT / "tests" / package / f"test_{stage}.py").is_file()


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_writes_under_its_own_folder_and_only_the_base_is_pushed(stage: str) -> None:
    # A mix is a style like any other, so its solutions lie with the other styles'.
    folder = "build_solutions" if stage == "mix_solutions" else stage
    paths = out_paths(stage)
    assert paths
    assert all(path.startswith(f"artifacts/{folder}") for path in paths)
    entries = [e for kind in ("outs", "metrics", "plots") for e in body(stage).get(kind, [])]
    pushed = [e for e in entries if isinstance(e, str) or next(iter(e.values())).get("push", True)]
    assert (pushed != []) == (stage == "pretrain_base")


def test_every_section_belongs_to_a_stage() -> None:
    assert set(PARAMS) - set(STAGES) == OTHER_SECTIONS


def items(stage: str) -> list[str | None]:
    """The items under which the stage's section is read."""
    study = PARAMS["study"]
    return {
        "fetch_base": study["fetched"],
        "build_solutions": study["built"],
        "mix_solutions": list(study["mixes"]),
        "train_generator": study["styles"],
        "sample_solutions": ["train", "val", "test"],
    }.get(stage, [None])


@pytest.mark.parametrize("stage", [*STAGES, "build_corpus"])
def test_every_section_loads_with_no_unknown_key(stage: str) -> None:
    module = importlib.import_module(stage_module(stage))
    for item in items(stage):
        keys = (stage, item) if item else (stage,)
        load_params(ROOT / "params.yaml", keys, params_type(module, stage, item))


def test_the_lists_of_styles_agree() -> None:
    study = PARAMS["study"]
    assert sorted(study["styles"]) == sorted([*study["built"], *study["mixes"]])
    assert PARAMS["evaluate"]["styles"] == study["styles"]
    assert PARAMS["build_verifier_examples"]["styles"] == study["styles"]
    assert {part for mix in study["mixes"].values() for part in mix.values()} <= set(study["styles"])
    # Only equal sampling of equal amounts of training compares styles.
    assert len({str(PARAMS["train_generator"][style]) for style in study["styles"]}) == 1

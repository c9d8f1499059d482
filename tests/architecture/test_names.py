"""One name everywhere: a stage, its module, its params section, its dataclass, its output folder and its test."""

import importlib
import inspect
import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from mathtune_core.params import load_params
from mathtune_core.stage import params_type, stage_module
from mathtune_core.study import Study

ROOT = Path(__file__).resolve().parents[2]
DVC_TEXT = (ROOT / "dvc.yaml").read_text()
DVC: dict[str, Any] = YAML(typ="safe").load(DVC_TEXT)
PARAMS: dict[str, Any] = YAML(typ="safe").load((ROOT / "params.yaml").read_text())
STAGES = list(DVC["stages"])
# The same stage over other generators or verifiers, which a matrix cannot leave out or add one by one.
RUN = r"(?:\$\{run\}|\$\{study\.launcher\} \$\{stage\}) (\w+)"
ALSO = {
    "sample_solutions_of_recipes": "sample_solutions",
    "cluster_answers_of_recipes": "cluster_answers",
    "score_solutions_of_recipes": "score_solutions",
    "score_solutions_by_own": "score_solutions",
}
# Not stages: `study` says which items the stages have; build_corpus runs within pretrain_base.
OTHER_SECTIONS = {"study", "build_corpus"}


def body(stage: str, dvc: dict[str, Any] = DVC) -> dict[str, Any]:
    """The stage's definition, that of its items where it has several."""
    definition: dict[str, Any] = dvc["stages"][stage]
    return definition.get("do", definition)


def commands(stage: str) -> list[str]:
    found = body(stage)["cmd"]
    return found if isinstance(found, list) else [found]


def outs(stage: str, dvc: dict[str, Any] = DVC) -> dict[str, dict[str, Any]]:
    """Each output's path, whatever its kind, and how it is declared."""
    entries = [e for kind in ("outs", "metrics", "plots") for e in body(stage, dvc).get(kind, [])]
    return {path: how for entry in entries for path, how in entry.items()}


def test_there_are_all_the_stages_of_the_design() -> None:
    assert len(set(STAGES) - set(ALSO)) == 16
    assert set(ALSO) < set(STAGES)


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_runs_the_module_of_its_name(stage: str) -> None:
    last = commands(stage)[-1]
    assert re.match(RUN, last)[1] == ALSO.get(stage, stage)  # type: ignore[index]
    assert (ROOT / "packages").joinpath(*_module_path(stage)).is_file()


def _module_path(stage: str) -> tuple[str, ...]:
    package, module = stage_module(ALSO.get(stage, stage)).split(".")
    return package.removeprefix("mathtune_"), "src", package, f"{module}.py"


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_has_a_section_a_description_and_a_test(stage: str) -> None:
    stage = ALSO.get(stage, stage)
    assert stage in PARAMS
    assert body(stage)["desc"]
    package = stage_module(stage).split(".")[0].removeprefix("mathtune_")
    assert (ROOT / "tests" / package / f"test_{stage}.py").is_file()


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_writes_under_its_own_folder_and_only_the_base_is_pushed(stage: str) -> None:
    # A mix is a style like any other, so its solutions lie with the other styles'; so with the recipes' generators.
    shared = {"mix_solutions": "build_solutions", **dict.fromkeys(("few_shot", "train_sequential"), "train_generator")}
    folder = {**shared, **ALSO}.get(stage, stage)
    assert outs(stage)
    assert all(path.startswith(f"artifacts/{folder}") for path in outs(stage))
    pushed = [path for path, how in outs(stage).items() if how.get("push", True)]
    assert pushed == (["artifacts/pretrain_base"] if stage == "pretrain_base" else [])


def test_what_the_repository_brings_stays_in_its_store_and_one_word_shares_the_rest() -> None:
    changed = DVC_TEXT.replace("push: &push false", "push: &push true")
    assert changed != DVC_TEXT
    shared = YAML(typ="safe").load(changed)
    assert all(how.get("push", True) for stage in STAGES for how in outs(stage, shared).values())
    pinned = {path for stage in STAGES for path, how in outs(stage).items() if how.get("remote") == "store"}
    assert pinned == {"artifacts/pretrain_base"}
    (data,) = YAML(typ="safe").load((ROOT / "data.dvc").read_text())["outs"]
    assert data["remote"] == "store"


def test_every_section_belongs_to_a_stage() -> None:
    assert set(PARAMS) - set(STAGES) == OTHER_SECTIONS
    assert set(STAGES) - set(PARAMS) == set(ALSO)


def items(stage: str) -> list[str | None]:
    """The items under which the stage's section is read."""
    study = PARAMS["study"]
    return {
        "fetch_base": study["fetched"],
        "build_solutions": list(PARAMS["build_solutions"]),
        "mix_solutions": list(study["mixes"]),
        "train_sequential": list(PARAMS["train_sequential"]),
        "build_verifier_examples": list(PARAMS["build_verifier_examples"]),
        "train_verifier": list(PARAMS["train_verifier"]),
        "sample_solutions": ["train", "val", "test"],
    }.get(stage, [None])


@pytest.mark.parametrize("stage", [*(stage for stage in STAGES if stage not in ALSO), "build_corpus"])
def test_every_section_loads_with_no_unknown_key(stage: str) -> None:
    module = importlib.import_module(stage_module(stage))
    for item in items(stage):
        keys = (stage, item) if item else (stage,)
        load_params(ROOT / "params.yaml", keys, params_type(module, stage, item))


def test_a_stage_that_takes_the_study_depends_on_it() -> None:
    for stage in set(STAGES) - set(ALSO):
        module = importlib.import_module(stage_module(stage))
        takes = {"study"} & set(inspect.signature(module.run).parameters)
        assert ("study" in body(stage)["params"]) == bool(takes), stage


def test_the_study_loads_and_its_parts_have_sections() -> None:
    study = load_params(ROOT / "params.yaml", ("study",), Study)
    assert sorted(study.styles) == sorted([*PARAMS["build_solutions"], *study.mixes])
    for section in ("build_verifier_examples", "train_verifier"):
        assert set(study.verifiers) <= set(PARAMS[section])
    for verifier in study.verifiers:
        assert set(PARAMS["build_verifier_examples"][verifier]["styles"]) <= set(study.styles)
    assert {part for mix in study.mixes.values() for part in mix.values()} <= set(PARAMS["build_solutions"])


def test_what_is_compared_is_trained_alike() -> None:
    """But for the loss: the sections of the verifiers and of the sequential recipes follow one another."""
    verifiers, sequential = PARAMS["train_verifier"], PARAMS["train_sequential"]
    plain = [{**section, "loss": None} for section in verifiers.values()]
    assert all(section == plain[0] for section in plain)
    for section in sequential.values():
        assert {**section["verifier"], "loss": None} == plain[0]
        assert section["generator"] == PARAMS["train_generator"]

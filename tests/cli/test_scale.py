import importlib
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from mathtune_cli.scale import merge, scaled, write_scale
from mathtune_core import stage
from mathtune_core.errors import MathtuneError
from mathtune_core.params import load_params
from mathtune_core.study import Study

ROOT = Path(__file__).parents[2]
SCALES = sorted(path.stem for path in (ROOT / "scales").glob("*.yaml"))
TINY = """\
# the default
study:
  styles: [original, rewritten]  # compared
problems:
  location: data
  limit: 5
  test: {main: 3, easy: 1}
  title: a title so long that a line of eighty characters, the usual width, does not take it in
train:
  original: {epochs: 2.0}
  rewritten: {epochs: 2.0}
"""


def loaded(text: str) -> Any:
    return YAML(typ="rt").load(text)


def plain(text: str) -> Any:
    return YAML(typ="safe").load(text)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "scales").mkdir()
    (tmp_path / "scales" / "tiny.yaml").write_text(TINY)
    (tmp_path / "scales" / "large.yaml").write_text("problems: {limit: null}\ntrain:\n  original: {epochs: 1.0}\n")
    return tmp_path


@pytest.mark.parametrize(
    ("target", "overlay", "merged"),
    [
        ("{a: 1, b: 2}", "{b: 3}", "{a: 1, b: 3}"),
        ("{a: 1}", "{b: 2}", "{a: 1, b: 2}"),
        ("{a: {b: 1, c: 2}}", "{a: {c: 3}}", "{a: {b: 1, c: 3}}"),
        ("{a: {b: {c: 1, d: 2}}}", "{a: {b: {d: 3}}}", "{a: {b: {c: 1, d: 3}}}"),
        ("{a: {b: 1}}", "{a: {}}", "{a: {}}"),
        ("{a: {b: 1}}", "{a: 5}", "{a: 5}"),
        ("{a: {b: 1}, c: 2}", "{a: null}", "{c: 2}"),
        ("{a: {b: {c: 1}, d: {}}}", "{a: {b: null}}", "{a: {d: {}}}"),
        ("{a: 5}", "{a: {b: 1}}", "{a: {b: 1}}"),
        ("{a: {}}", "{a: {b: null}}", "{a: {b: null}}"),
        ("{a: [1, 2, 3]}", "{a: [4]}", "{a: [4]}"),
        ("{a: 1, b: 2}", "{a: null}", "{a: null, b: 2}"),
        ("{a: null}", "{a: 3}", "{a: 3}"),
        ("{a: 1}", "{}", "{a: 1}"),
    ],
)
def test_mappings_merge_and_everything_else_replaces(target: str, overlay: str, merged: str) -> None:
    document = loaded(target)
    merge(document, loaded(overlay))
    assert document == plain(merged)
    assert list(document) == list(plain(merged)), "the order of the keys stays"


def test_the_default_scale_is_its_own_file(project: Path) -> None:
    assert scaled(project / "scales", ["tiny"], []) == TINY


def test_an_overlay_changes_its_own_keys_alone(project: Path) -> None:
    expected = plain(TINY)
    expected["problems"]["limit"] = None
    expected["train"]["original"]["epochs"] = 1.0
    text = scaled(project / "scales", ["large"], [])
    assert plain(text) == expected
    assert text.startswith("# the default\n")
    assert "# compared" in text
    assert "limit: null" in text


def test_a_scale_does_not_depend_on_the_one_before(project: Path) -> None:
    write_scale(project, ["tiny"], [])
    direct = (project / "params.yaml").read_text()
    write_scale(project, ["large"], ["problems.location=elsewhere"])
    assert (project / "params.yaml").read_text() != direct
    write_scale(project, ["tiny"], [])
    assert (project / "params.yaml").read_text() == direct == TINY


@pytest.mark.parametrize(
    ("assignment", "keys", "value"),
    [
        ("problems.limit=7", ("problems", "limit"), 7),
        ("problems.limit=null", ("problems", "limit"), None),
        ("problems.location=/data/my set", ("problems", "location"), "/data/my set"),
        ("problems.location=hub:openai/gsm8k", ("problems", "location"), "hub:openai/gsm8k"),
        ("problems.location=a=b", ("problems", "location"), "a=b"),
        ("train.original.epochs=1e-1", ("train", "original", "epochs"), 0.1),
        ("study.styles=[original]", ("study", "styles"), ["original"]),
        ("problems.test={main: 9}", ("problems", "test"), {"main": 9}),
    ],
)
def test_an_assignment_sets_its_key_alone(project: Path, assignment: str, keys: tuple[str, ...], value: object) -> None:
    expected = plain(TINY)
    node = expected
    for key in keys[:-1]:
        node = node[key]
    node[keys[-1]] = value
    assert plain(scaled(project / "scales", ["tiny"], [assignment])) == expected


def test_scales_are_laid_over_one_another_in_order(project: Path) -> None:
    (project / "scales" / "more.yaml").write_text("problems: {limit: 9, location: there}\n")
    one = plain(scaled(project / "scales", ["large", "more"], []))["problems"]
    other = plain(scaled(project / "scales", ["more", "large"], []))["problems"]
    assert (one["limit"], one["location"]) == (9, "there")
    assert (other["limit"], other["location"]) == (None, "there")
    assert scaled(project / "scales", ["tiny", "more"], []) == scaled(project / "scales", ["more"], [])


def test_assignments_follow_one_another_and_the_overlay(project: Path) -> None:
    text = scaled(project / "scales", ["large"], ["problems.limit=1", "train.original.epochs=9", "problems.limit=2"])
    assert plain(text)["problems"]["limit"] == 2
    assert plain(text)["train"]["original"]["epochs"] == 9


@pytest.mark.parametrize(
    ("assignment", "complaint"),
    [
        ("problems.limt=7", "expected section.key=value with a key of params.yaml; no `problems.limt` there"),
        ("sampling.n=7", "expected section.key=value with a key of params.yaml; no `sampling.n` there"),
        ("problems.limit.more=7", "expected section.key=value"),
        ("problems.limit", "expected section.key=value"),
        ("problems.test={main: 9", "not a YAML value"),
    ],
)
def test_an_assignment_at_fault_is_one_line_and_changes_nothing(project: Path, assignment: str, complaint: str) -> None:
    write_scale(project, ["tiny"], [])
    with pytest.raises(MathtuneError) as caught:
        write_scale(project, ["large"], [assignment])
    assert str(caught.value).startswith(f"{assignment}: {complaint}")
    assert "\n" not in str(caught.value)
    assert (project / "params.yaml").read_text() == TINY
    assert list(project.glob("params.yaml.*")) == []


def test_an_unknown_scale_lists_the_known_ones_and_changes_nothing(project: Path) -> None:
    with pytest.raises(MathtuneError) as caught:
        write_scale(project, ["huge"], [])
    assert str(caught.value) == f"{project}/scales/huge.yaml: no such scale; known: large, tiny"
    assert not (project / "params.yaml").exists()


def test_without_a_project_there_is_no_scale(tmp_path: Path) -> None:
    with pytest.raises(MathtuneError, match=r"known: none; is .* the project's root\?"):
        write_scale(tmp_path, ["tiny"], [])


def test_an_overlay_that_is_no_yaml_is_refused_with_its_line(project: Path) -> None:
    (project / "scales" / "broken.yaml").write_text("problems:\n  test: {main: 3\n")
    with pytest.raises(MathtuneError, match=r"broken\.yaml:3: not valid YAML"):
        write_scale(project, ["broken"], [])
    assert not (project / "params.yaml").exists()


def test_the_diff_shows_what_changed_and_is_empty_when_nothing_did(project: Path) -> None:
    write_scale(project, ["tiny"], [])
    assert write_scale(project, ["tiny"], []) == ""
    changes = [line for line in write_scale(project, ["tiny"], ["problems.limit=7"]).splitlines() if line[0] in "+-"]
    assert changes == ["--- params.yaml before", "+++ params.yaml", "-  limit: 5", "+  limit: 7"]


# The project's own scales


def test_the_tiny_scale_is_written_to_the_byte(tmp_path: Path) -> None:
    (tmp_path / "scales").symlink_to(ROOT / "scales")
    write_scale(tmp_path, ["tiny"], [])
    written = (tmp_path / "params.yaml").read_bytes()
    assert written == (ROOT / "scales" / "tiny.yaml").read_bytes(), "scales/tiny.yaml is not in the form ruamel writes"
    params = (ROOT / "params.yaml").read_bytes()
    if plain(params.decode()) != plain(written.decode()):
        pytest.skip("params.yaml is not at the default; `mathtune scale tiny` takes it back")
    assert params == written


def sections() -> dict[str, bool]:
    """Each stage's section of params.yaml as dvc.yaml names it, and whether it has a subsection an item."""
    stages = plain((ROOT / "dvc.yaml").read_text())["stages"]
    found: dict[str, bool] = {}
    for body in stages.values():
        for name in body.get("do", body)["params"]:
            section, _, item = name.partition(".")
            found[section] = bool(item)
    found.pop("study")  # no stage's own
    return found


def test_every_section_of_every_scale_loads(tmp_path: Path) -> None:
    # In one test for its weight: this imports every stage, and with them torch and TRL.
    assert "tiny" in SCALES
    by_item = sections()
    used: set[tuple[str, str | None]] = set()
    for scale in SCALES:
        path = tmp_path / f"{scale}.yaml"
        path.write_text(scaled(ROOT / "scales", ["smollm2", scale] if scale == "math" else [scale], []))
        document = plain(path.read_text())
        assert document.keys() == {"study", *by_item}, f"{scale}: a section without a stage, or a stage without one"
        for section, itemised in by_item.items():
            for item in document[section] if itemised else [None]:
                module = importlib.import_module(stage.stage_module(section))
                keys = (section, item) if item else (section,)
                kind = stage.params_type(module, section, item)
                assert isinstance(load_params(path, keys, kind), kind)
                used.add((section, item))
    assert {section for section, _ in used} == set(by_item)


STUDIED = [(), ("full",), ("full", "three_seeds"), ("smollm2",), ("smollm2", "math"), ("paper",), ("full", "paper")]


@pytest.mark.parametrize("scales", STUDIED, ids="+".join)
def test_what_a_scale_studies_has_its_sections(scales: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(scaled(ROOT / "scales", scales, []))
    params = plain(path.read_text())
    study = load_params(path, ("study",), Study)
    assert sorted(study.styles) == sorted([*params["build_solutions"], *study.mixes])
    assert study.mixes.keys() <= params["mix_solutions"].keys()
    assert set(study.sequential) <= params["train_sequential"].keys()
    assert set(study.fetched) <= params["fetch_base"].keys()
    assert params["sample_solutions"].keys() == {"train", "val", "test"}
    for verifier in study.verifiers:
        assert verifier in params["train_verifier"]
        assert set(params["build_verifier_examples"][verifier]["styles"]) <= set(study.styles)


def test_the_verifiers_follow_the_scales_own(tmp_path: Path) -> None:
    """One scale sets the first verifier and the generator; all others are written as the same but for the loss."""
    params = plain(scaled(ROOT / "scales", ["smollm2", "full"], []))
    assert params["train_verifier"]["margin"] == {**params["train_verifier"]["xent"], "loss": "margin"}
    assert params["train_sequential"]["control"]["generator"] == params["train_generator"]
    assert params["train_generator"]["learning_rate"] == 0.0001
    assert params["study"]["shared_verifiers"] == ["xent", "margin"]

"""The plan has every stage that DVC would run, and knows what each costs."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from mathtune_cli.plan.costs import COSTS
from mathtune_cli.plan.stages import expand
from mathtune_cli.scale import scaled
from mathtune_core.errors import MathtuneError

ROOT = Path(__file__).parents[2]


def loaded(text: str) -> Any:
    return YAML(typ="safe").load(text)


@pytest.mark.parametrize(
    "scales", [("tiny", "full", "three_seeds"), ("smollm2", "math"), ("tiny", "full", "paper")], ids="+".join
)
def test_the_stages_are_those_that_dvc_expands_to(scales: tuple[str, ...], tmp_path: Path) -> None:
    text = scaled(ROOT / "scales", scales, [])
    (tmp_path / "params.yaml").write_text(text)
    shutil.copy(ROOT / "dvc.yaml", tmp_path)
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc" / "config").write_text("[core]\n    no_scm = true\n    analytics = false\n")
    listing = [sys.executable, "-m", "dvc", "stage", "list", "--name-only"]
    done = subprocess.run(listing, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    stages = expand(ROOT / "dvc.yaml", loaded(text))
    assert sorted(stage.address for stage in stages) == sorted(done.stdout.split())


def test_every_stage_of_every_entry_has_a_cost() -> None:
    stages = expand(ROOT / "dvc.yaml", loaded(scaled(ROOT / "scales", ["smollm2", "full"], [])))
    assert {module for stage in stages for module in stage.modules} == COSTS.keys() - {"mix_solutions"}
    tiny = expand(ROOT / "dvc.yaml", loaded(scaled(ROOT / "scales", ["tiny"], [])))
    assert "mix_solutions" in {module for stage in tiny for module in stage.modules}
    assert all(stage.modules for stage in [*stages, *tiny])


def test_a_foreach_over_a_mapping_and_a_list_and_a_matrix(tmp_path: Path) -> None:
    file = tmp_path / "dvc.yaml"
    file.write_text(
        "stages:\n"
        "  one: {cmd: '${run} first out=x'}\n"
        "  two: {foreach: '${styles}', do: {cmd: '${run} second@${key}', frozen: true}}\n"
        "  three: {foreach: '${study.names}', do: {cmd: '${study.launcher} ${stage} third'}}\n"
        "  four: {matrix: {a: ['${study.names[1]}'], b: [x, 0]}, cmd: ['${run} fourth', '${run} fifth']}\n"
    )
    stages = expand(file, {"styles": {"terse": {}, "long": {}}, "study": {"names": ["p", "q"]}})
    assert [stage.address for stage in stages] == [
        "one",
        "two@terse",
        "two@long",
        "three@p",
        "three@q",
        "four@q-x",
        "four@q-0",
    ]
    assert [stage.modules for stage in stages] == [
        ("first",),
        ("second",),
        ("second",),
        ("third",),
        ("third",),
        ("fourth", "fifth"),
        ("fourth", "fifth"),
    ]
    assert [stage.frozen for stage in stages] == [False, True, True, False, False, False, False]
    assert dict(stages[-1].item) == {"a": "q", "b": "0"}


def test_a_name_that_params_do_not_have_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "dvc.yaml"
    file.write_text("stages:\n  one: {matrix: {a: '${study.styles}'}, cmd: x}\n")
    with pytest.raises(MathtuneError, match=r"dvc\.yaml: stage `one`: params\.yaml has no study\.styles"):
        expand(file, {"study": {}})
    with pytest.raises(MathtuneError, match="no such file"):
        expand(tmp_path / "nowhere.yaml", {})

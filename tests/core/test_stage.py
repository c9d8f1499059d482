import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

import mathtune_core
from mathtune_core.stage import GRACE_SECONDS, main, params_type

CORE = Path(mathtune_core.__file__).parent
TOY_STAGE = """
from dataclasses import dataclass

from mathtune_core.errors import MathtuneError
from mathtune_toy import WORD


@dataclass(frozen=True, slots=True, kw_only=True)
class ToyStageParams:
    count: int


def run(params, *, source, out):
    (out / "first.txt").write_text("half")
    if params.count == 0:
        raise RuntimeError("the stage broke off")
    if params.count < 0:
        raise MathtuneError(f"{source}:1: count: the source has nothing to give")
    (out / "words.txt").write_text(WORD * params.count)
"""
ITEM_STAGE = """
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Params:
    count: int


def params_type(item):
    return Params


def run(params, *, item, out):
    (out / "item.txt").write_text(f"{item} {params.count}")
"""


LONG_STAGE = """
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LongStageParams:
    count: int


def run(params, *, out, unfinished):
    unfinished.mkdir(parents=True, exist_ok=True)
    done = len(list(unfinished.iterdir()))
    for number in range(done, 3):
        if number == params.count:
            raise RuntimeError("killed")
        (unfinished / str(number)).touch()
    (out / "done.txt").write_text(f"{done} were done")
"""


SEED_STAGE = """
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedStageParams:
    count: int


def run(params, *, seed, study, out):
    (out / "seed.txt").write_text(f"{seed} of {study.seeds} for {', '.join(study.generators)}")
"""
STUDY = """
study:
  base: base
  fetched: []
  data: data
  launcher: python
  mixes: {}
  styles: [a]
  sequential: []
  sequential_style: a
  recipes: []
  verifiers: [xent]
  shared_verifiers: [xent]
  own_verifiers: []
  seeds: [3, 4]
seed_stage: {count: 1}
"""
SHARED_STAGE = """
import os
from dataclasses import dataclass
from importlib.util import find_spec

SEVERAL_PROCESSES = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedStageParams:
    count: int


def run(params, *, out, unfinished):
    assert find_spec("processes") is None  # a module of the script's folder
    (out / "rank.txt").write_text(os.environ.get("RANK", "alone"))
    unfinished.mkdir(parents=True, exist_ok=True)
    (unfinished / os.environ.get("RANK", "alone")).touch()
"""


class Tree:
    """A project's tree with a core and one package of two toy stages."""

    def __init__(self, root: Path, word: str) -> None:
        self.root = root
        shutil.copytree(
            CORE, root / "packages/core/src/mathtune_core", ignore=shutil.ignore_patterns("__pycache__", ".*")
        )
        package = root / "packages/toy/src/mathtune_toy"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(f"WORD = {word!r}\n")
        (package / "toy_stage.py").write_text(TOY_STAGE)
        (package / "item_stage.py").write_text(ITEM_STAGE)
        (package / "long_stage.py").write_text(LONG_STAGE)
        (package / "seed_stage.py").write_text(SEED_STAGE)
        (package / "shared_stage.py").write_text(SHARED_STAGE)
        (root / "source").mkdir()
        self.write_params(
            "toy_stage:\n  count: 2\nitem_stage:\n  red: {count: 1}\n  blue: {count: 5}\nlong_stage:\n  count: 2\n"
            "shared_stage:\n  count: 2\n"
        )

    @property
    def sources(self) -> str:
        return os.pathsep.join(str(self.root / "packages" / name / "src") for name in ("core", "toy"))

    def write_params(self, text: str) -> None:
        (self.root / "params.yaml").write_text(text)

    def run(
        self, *arguments: str, pythonpath: str = "", options: tuple[str, ...] = ("-P",), **environment: str
    ) -> subprocess.CompletedProcess[str]:
        script = "packages/core/src/mathtune_core/stage.py"
        return subprocess.run(
            [sys.executable, *options, script, *arguments],
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": pythonpath, **environment},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def written(self) -> dict[str, str]:
        """Every file of the output folder, and of any folder that could be taken for it."""
        return {str(p.relative_to(self.root)): p.read_text() for p in self.root.glob("out*/**/*") if p.is_file()}


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path / "here", "ours ")


def refusal(done: subprocess.CompletedProcess[str]) -> str:
    """The one line on stderr of a run that ended with exit code 1."""
    assert done.returncode == 1, done.stderr
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("error: ")
    return done.stderr.removeprefix("error: ").rstrip("\n")


def test_a_stage_writes_its_whole_output(tree: Tree) -> None:
    done = tree.run("toy_stage", "source=source", "out=out")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert tree.written() == {"out/first.txt": "half", "out/words.txt": "ours ours "}
    assert not (tree.root / "out.partial").exists()


def test_an_output_below_folders_that_are_not_there_is_written(tree: Tree) -> None:
    assert tree.run("toy_stage", "source=source", "out=out/deep/down").returncode == 0
    assert tree.written().keys() == {"out/deep/down/first.txt", "out/deep/down/words.txt"}


def test_what_stood_in_the_output_before_is_gone(tree: Tree) -> None:
    for folder in ("out", "out.partial"):
        (tree.root / folder).mkdir()
        (tree.root / folder / "stale.txt").write_text("stale")
    assert tree.run("toy_stage", "source=source", "out=out").returncode == 0
    assert tree.written().keys() == {"out/first.txt", "out/words.txt"}


@pytest.mark.parametrize(("out", "kept"), [("out/deep/down", "out/unfinished/deep/down"), ("out", "out.unfinished")])
def test_what_is_unfinished_outlives_the_stage_that_broke_off_and_not_the_one_that_ended(
    tree: Tree, out: str, kept: str
) -> None:
    assert tree.run("long_stage", f"out={out}").returncode == 1
    assert sorted(path.name for path in (tree.root / kept).iterdir()) == ["0", "1"]
    assert not (tree.root / out / "done.txt").exists()
    tree.write_params("long_stage:\n  count: 9\n")
    assert tree.run("long_stage", f"out={out}").returncode == 0
    assert (tree.root / out / "done.txt").read_text() == "2 were done"
    assert not (tree.root / kept).exists()


def test_a_matrix_item_reads_its_own_params_and_knows_its_name(tree: Tree) -> None:
    assert tree.run("item_stage@blue", "out=out").returncode == 0
    assert tree.written() == {"out/item.txt": "blue 5"}


@pytest.mark.parametrize(
    ("params", "complaint"),
    [
        ("toy_stage:\n  coumt: 2\n", "params.yaml:2: toy_stage.coumt: unknown key; did you mean `count`?"),
        ("toy_stage:\n  count: two\n", "params.yaml:2: toy_stage.count: expected int, got 'two'"),
        ("toy_stage: {}\n", "params.yaml:1: toy_stage.count: missing; add it to the section"),
        ("toy: {}\n", "params.yaml:1: section `toy_stage` is missing (found here: toy)"),
        ("toy_stage:\n  count: -1\n", "source:1: count: the source has nothing to give"),
    ],
)
def test_what_the_user_can_mend_is_one_line_and_leaves_no_output(tree: Tree, params: str, complaint: str) -> None:
    tree.write_params(params)
    assert refusal(tree.run("toy_stage", "source=source", "out=out")) == complaint
    assert not (tree.root / "out").exists()


def test_a_missing_params_file_is_one_line(tree: Tree) -> None:
    (tree.root / "params.yaml").unlink()
    assert refusal(tree.run("toy_stage", "source=source", "out=out")).startswith("params.yaml: no such file")
    assert tree.written() == {}


def test_an_unknown_item_lists_the_items_there_are(tree: Tree) -> None:
    message = refusal(tree.run("item_stage@green", "out=out"))
    assert message == "params.yaml:3: section `item_stage.green` is missing (found here: red, blue)"
    assert tree.written() == {}


@pytest.mark.parametrize("paths", [["out=out"], ["source=source"], ["source=source", "sauce=x", "out=out"]])
def test_wrong_paths_are_named_beside_the_right_ones(tree: Tree, paths: list[str]) -> None:
    message = refusal(tree.run("toy_stage", *paths))
    given = sorted(path.split("=")[0] for path in paths)
    assert message == f"dvc.yaml: stage `toy_stage`: needs paths ['out', 'source'], got {given}"
    assert tree.written() == {}


def test_an_unknown_stage_is_one_line(tree: Tree) -> None:
    message = refusal(tree.run("toy_stagg", "out=out"))
    assert message == "dvc.yaml: stage `toy_stagg`: 0 modules named toy_stagg.py under packages/, need 1"


def test_a_stage_of_two_packages_is_refused(tree: Tree) -> None:
    twin = tree.root / "packages/twin/src/mathtune_twin"
    twin.mkdir(parents=True)
    (twin / "toy_stage.py").write_text(TOY_STAGE)
    assert "2 modules named toy_stage.py" in refusal(tree.run("toy_stage", "source=source", "out=out"))


@pytest.mark.parametrize("arguments", [[], ["toy_stage", "source"]])
def test_arguments_that_are_no_paths_print_the_usage(tree: Tree, arguments: list[str]) -> None:
    done = tree.run(*arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("usage: stage.py STAGE[@ITEM] [seed=N] name=path")
    assert tree.written() == {}


def test_a_stage_that_breaks_off_leaves_no_output(tree: Tree) -> None:
    tree.write_params("toy_stage: {count: 0}\n")
    done = tree.run("toy_stage", "source=source", "out=out")
    assert done.returncode == 1
    assert "RuntimeError: the stage broke off" in done.stderr
    assert not (tree.root / "out").exists()


def test_a_run_after_one_that_broke_off_starts_afresh(tree: Tree) -> None:
    tree.write_params("toy_stage: {count: 0}\n")
    tree.run("toy_stage", "source=source", "out=out")
    (tree.root / "out.partial" / "left.txt").write_text("from the broken run")
    tree.write_params("toy_stage: {count: 1}\n")
    assert tree.run("toy_stage", "source=source", "out=out").returncode == 0
    assert tree.written() == {"out/first.txt": "half", "out/words.txt": "ours "}


def test_a_stage_runs_the_packages_of_its_own_tree(tree: Tree, tmp_path: Path) -> None:
    other = Tree(tmp_path / "elsewhere", "theirs ")
    # An editable install of the other tree, as two clones that share an environment have one.
    done = tree.run("toy_stage", "source=source", "out=out", pythonpath=other.sources)
    assert done.returncode == 0, done.stderr
    assert tree.written()["out/words.txt"] == "ours ours "

    done = other.run("toy_stage", "source=source", "out=out", pythonpath=tree.sources)
    assert done.returncode == 0, done.stderr
    assert other.written()["out/words.txt"] == "theirs theirs "


def test_an_edit_in_a_tree_is_what_runs_there(tree: Tree) -> None:
    package = tree.root / "packages/toy/src/mathtune_toy/__init__.py"
    tree.run("toy_stage", "source=source", "out=out")
    package.write_text("WORD = 'edited '\n")
    tree.run("toy_stage", "source=source", "out=out", pythonpath=tree.sources)
    assert tree.written()["out/words.txt"] == "edited edited "


def test_a_stage_gets_its_seed_and_the_study(tree: Tree) -> None:
    tree.write_params(STUDY)
    done = tree.run("seed_stage", "seed=4", "out=out")
    assert done.returncode == 0, done.stderr
    assert tree.written() == {"out/seed.txt": "4 of (3, 4) for a"}


@pytest.mark.parametrize(
    ("stage", "seed", "message"),
    [
        ("seed_stage", [], "stage `seed_stage`: needs seed=N"),
        ("item_stage@red", ["seed=1"], "stage `item_stage@red`: has no use for seed=N"),
        ("seed_stage", ["seed=-1"], "params.yaml: study.seeds: each must be a whole number in 0 … 2^32 - 1, got '-1'"),
        ("seed_stage", ["seed=4294967296"], "study.seeds"),
        ("seed_stage", ["seed="], "study.seeds"),
    ],
)
def test_a_seed_that_is_missing_or_none_is_one_line(tree: Tree, stage: str, seed: list[str], message: str) -> None:
    tree.write_params(STUDY + "item_stage: {red: {count: 1}}\n")
    done = tree.run(stage, *seed, "out=out")
    assert done.returncode == 1
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_params_are_found_by_the_stages_name_or_by_its_own_choice() -> None:
    class BuildToysParams: ...

    class Chosen: ...

    class Named:
        pass

    named, choosing = Named(), Named()
    named.BuildToysParams = BuildToysParams  # type: ignore[attr-defined]
    choosing.params_type = {"red": Chosen}.get  # type: ignore[attr-defined]
    assert params_type(named, "build_toys", None) is BuildToysParams
    assert params_type(choosing, "build_toys", "red") is Chosen


def test_only_the_main_one_of_several_processes_writes_and_clears_up(tree: Tree) -> None:
    (tree.root / "out").mkdir()
    (tree.root / "out" / "before.txt").write_text("made before")
    (tree.root / "out.partial").mkdir()
    (tree.root / "out.partial" / "half.txt").write_text("the main one is writing")
    before = tree.written()
    # As a launcher starts it: without -P, and told who it is.
    done = tree.run("shared_stage", "out=out", options=(), RANK="1", WORLD_SIZE="2")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert tree.written() == before | {"out.unfinished/1": ""}
    done = tree.run("shared_stage", "out=out", options=(), RANK="0", WORLD_SIZE="2")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert tree.written() == {"out/rank.txt": "0"}


def test_a_stage_that_cannot_share_its_work_is_refused_several_processes(tree: Tree) -> None:
    message = refusal(tree.run("toy_stage", "source=source", "out=out", RANK="0", WORLD_SIZE="2"))
    assert message == "dvc.yaml: stage `toy_stage`: runs in one process; start it by python, not by a launcher"
    assert tree.written() == {}


@pytest.mark.parametrize(("rank", "waited"), [("0", []), ("1", [GRACE_SECONDS])])
def test_other_processes_let_the_main_one_report_a_mistake_first(
    rank: str, waited: list[float], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    slept: list[float] = []
    monkeypatch.setenv("RANK", rank)
    monkeypatch.setattr(time, "sleep", slept.append)
    assert main(["no_such_stage", "out=out"]) == 1
    assert capsys.readouterr().err.startswith("error: dvc.yaml: stage `no_such_stage`: 0 modules")
    assert slept == waited

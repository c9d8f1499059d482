"""DVC as its users expect it: only what changed runs, experiments run their own tree's code, the store stays small."""

import re
import shutil
import time
from pathlib import Path

import pytest
from clone import Clone, copy_tree

STYLES = ("original", "generated", "original+generated")
SPLITS = ("train", "val", "test")
CHAIN = ("build_solutions", "mix_solutions", "train_generator", "sample_solutions", "cluster_answers")
TOUCHED = {
    "build_solutions@generated",
    "mix_solutions@original+generated",
    *(
        f"{stage}@{style}{split}-0"
        for style in ("generated", "original+generated")
        for stage, splits in (
            ("train_generator", ("",)),
            ("sample_solutions", ("-train", "-val", "-test")),
            ("cluster_answers", ("-train", "-val", "-test")),
        )
        for split in splits
    ),
}


@pytest.fixture(scope="module")
def clone(finished: tuple[Clone, set[str]], tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A copy of the finished run, to be changed."""
    target = tmp_path_factory.mktemp("changed") / "clone"
    shutil.copytree(finished[0].root, target, symlinks=True)
    return Clone(target)


def test_a_styles_params_rerun_that_style_and_its_mixes_only(clone: Clone) -> None:
    clone.set_params(build_solutions__generated__seed=1)
    assert clone.repro(*CHAIN) == TOUCHED


def test_a_styles_code_reruns_that_style_and_its_mixes_only(clone: Clone) -> None:
    clone.edit(
        "packages/styles/src/mathtune_styles/generated/__init__.py",
        'pl.Series("solution", texts, dtype=pl.String)',
        'pl.Series("solution", [f"Well. {text}" for text in texts], dtype=pl.String)',
    )
    ran = clone.repro(*CHAIN)
    assert "build_solutions@generated" in ran
    assert ran <= TOUCHED
    assert "mix_solutions@original+generated" in ran


TOY = '''"""The style *toy*: the answer alone."""

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class Params:
    """Nothing to set."""


def build(params, problems, source_solutions, base, unfinished):
    """The answer in the closing sentence."""
    text = pl.lit("The answer is $\\\\boxed{") + pl.col("predicted_answer") + pl.lit("}$.")
    renamed = pl.format("{}/toy", "problem_id").alias("solution_id")
    return source_solutions.with_columns(renamed, text.alias("solution")), {}
'''


def test_a_style_is_one_file_one_entry_and_one_item_and_reruns_no_other(clone: Clone) -> None:
    targets = (*CHAIN, "score_solutions")
    clone.repro(*targets)
    folder = clone.root / "packages/styles/src/mathtune_styles/toy"
    folder.mkdir()
    (folder / "__init__.py").write_text(TOY)
    clone.edit("params.yaml", "build_solutions:\n", "build_solutions:\n  toy: {}\n")
    clone.set_params(study__styles=["toy", *STYLES])
    ran = clone.repro(*targets)
    assert ran == {
        "build_solutions@toy",
        "train_generator@toy-0",
        *(f"{stage}@toy-{split}-0" for stage in ("sample_solutions", "cluster_answers") for split in SPLITS),
        *(f"score_solutions@xent-toy-{split}-0" for split in ("val", "test")),
        "build_verifier_examples@xent-0",  # looks through all train samples, and comes out as it was
    }
    shutil.rmtree(folder)
    clone.edit("params.yaml", "build_solutions:\n  toy: {}\n", "build_solutions:\n")
    clone.set_params(study__styles=list(STYLES))


def test_the_models_are_fetched_by_their_names(clone: Clone, tmp_path: Path) -> None:
    # The micro run has no rewritten solutions.
    clone.edit("dvc.yaml", "train_generator/rewritten/0/model", "train_generator/generated/0/model")
    clone.commit("with a run to fetch from")
    for name in ("generator", "verifier"):
        clone.run("git", "tag", f"{name}@v1.0.0", "-m", "the first")
        clone.run("dvc", "artifacts", "get", str(clone.root), name, "-o", str(tmp_path / name))
        assert (tmp_path / name / "model.safetensors").is_file()
        assert (tmp_path / name / "README.md").read_text().startswith("---\n")


def test_the_views_of_dvc_work(clone: Clone) -> None:
    assert "maj1@4" in clone.run("dvc", "metrics", "show", "--json")
    assert "accuracy_against_n" not in clone.run("dvc", "plots", "show")
    page = (clone.root / "dvc_plots" / "index.html").read_text()
    for words in (
        "samples a problem (n)",
        "tokens a problem, those a verifier reads included",
        "mean score of the bin",
    ):
        assert words in page
    training = "artifacts/train_verifier/xent/0/training.json"
    assert "train_loss" in clone.run("dvc", "metrics", "show", training, "--json")
    clone.set_params(report__num_examples=4)
    assert "num_examples" in clone.run("dvc", "params", "diff")
    assert "evaluate" in clone.run("dvc", "exp", "show", "--csv")


MARK = "    rows, report = choose("


@pytest.mark.parametrize("how", ["--temp", pytest.param("--queue", marks=pytest.mark.slow)])
def test_an_experiment_runs_its_own_trees_code(clone: Clone, how: str) -> None:
    path = "packages/styles/src/mathtune_styles/build_problems.py"
    before = (clone.root / path).read_text()
    clone.edit(path, MARK, f'    print("ran in", __file__)\n{MARK}')
    try:
        command = ("dvc", "exp", "run", how, "-S", f"build_problems.val_problems={len(how)}", "build_problems")
        output = clone.run(*command)
        if how == "--queue":
            clone.run("dvc", "queue", "start")
            wait_for_queue(clone)
            name = re.search(r"experiment '([^']+)'", output)
            assert name
            output = clone.run("dvc", "queue", "logs", name[1])
        places = re.findall(r"ran in (\S+)", output)
        assert len(places) == 1
        assert "/.dvc/tmp/exps/" in places[0]
    finally:
        (clone.root / path).write_text(before)


def wait_for_queue(clone: Clone) -> None:
    for _ in range(120):
        if not re.search(r"Running|Queued", clone.run("dvc", "queue", "status").split("Worker status")[0]):
            return
        time.sleep(1)
    pytest.fail(clone.run("dvc", "queue", "status"))


def test_a_plain_pull_and_push_do_no_harm(tmp_path_factory: pytest.TempPathFactory) -> None:
    clone = copy_tree(tmp_path_factory.mktemp("fresh"))
    # DVC's exit code counts the outputs that no one has run yet; what the store holds must come all the same.
    clone.run("dvc", "pull", expected=None)
    clone.run("dvc", "push")
    assert clone.run("git", "status", "--porcelain") == ""
    assert (clone.root / "data" / "problems.jsonl").is_file()
    assert (clone.root / "artifacts" / "pretrain_base" / "model" / "model.safetensors").is_file()

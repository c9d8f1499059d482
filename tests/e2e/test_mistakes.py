"""A user's mistakes end in one line that names file, line and field, and leave nothing that looks whole."""

import pytest
from clone import Clone, copy_tree


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    tree = copy_tree(tmp_path_factory.mktemp("mistakes"))
    tree.run("dvc", "pull", "data.dvc", "pretrain_base")
    return tree


def error_line(output: str) -> str:
    """The one line of ours in DVC's output."""
    assert "Traceback" not in output
    lines = [line for line in output.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1
    return lines[0]


def test_a_wrong_param_name(clone: Clone) -> None:
    clone.edit("params.yaml", "  val_problems:", "  val_problem:")
    try:
        line = error_line(clone.run("dvc", "repro", "build_problems", expected=None))
    finally:
        clone.edit("params.yaml", "  val_problem:", "  val_problems:")
    assert "params.yaml:" in line
    assert "build_problems.val_problem" in line
    assert "did you mean `val_problems`" in line
    assert not (clone.root / "artifacts" / "build_problems").exists()


def test_an_unreadable_row(clone: Clone) -> None:
    file = clone.root / "data" / "problems.jsonl"
    whole = file.read_text()
    lines = whole.splitlines(keepends=True)
    file.chmod(0o644)
    file.unlink()
    file.write_text("".join([*lines[:41], lines[41][:30] + "\n", *lines[42:]]))
    try:
        line = error_line(clone.run("dvc", "repro", "--single-item", "build_problems", expected=None))
    finally:
        file.write_text(whole)
    assert "data/problems.jsonl:42: not a JSON object" in line
    assert not (clone.root / "artifacts" / "build_problems").exists()


def test_a_missing_file(clone: Clone) -> None:
    clone.edit("params.yaml", "  location: data\n", "  location: nowhere\n")
    try:
        line = error_line(clone.run("dvc", "repro", "build_problems", expected=None))
    finally:
        clone.edit("params.yaml", "  location: nowhere\n", "  location: data\n")
    assert "nowhere/problems.jsonl: no such file" in line


def test_a_wrong_model_path(clone: Clone) -> None:
    clone.run("dvc", "repro", "build_problems")
    stage = ("python", "-P", "packages/core/src/mathtune_core/stage.py", "train_generator", "seed=0")
    paths = (
        "problems=artifacts/build_problems",
        "solutions=artifacts/build_problems",
        "base=nowhere",
        "out=artifacts/x",
    )
    line = error_line(clone.run(*stage, *paths, expected=1))
    assert "nowhere" in line or "solutions.parquet" in line
    assert not (clone.root / "artifacts" / "x").exists()
    # Through DVC it is DVC that notices, before anything runs.
    clone.set_params(study__base="artifacts/nowhere")
    output = clone.run("dvc", "repro", "build_solutions", expected=None)
    assert "artifacts/nowhere" in output
    assert "Running stage 'build_solutions" not in output

"""The results of two Ray workers are those of one process, to the digit, through the whole DAG."""

import shutil
from pathlib import Path

import polars as pl
import pytest
from clone import Clone

pytest.importorskip("ray", reason="Ray is an extra and is not installed here")


@pytest.mark.slow
def test_two_workers_end_in_the_table_of_one_process(finished: tuple[Clone, set[str]], tmp_path: Path) -> None:
    clone = Clone(shutil.copytree(finished[0].root, tmp_path / "clone", symlinks=True))
    folder = clone.root / "artifacts" / "evaluate"
    names = {path.name for path in folder.iterdir()} - {"costs.csv"}  # the one file that tells the time
    before = {name: (folder / name).read_bytes() for name in names}
    costs = pl.read_csv(folder / "costs.csv").drop("seconds")
    clone.set_params(sample_solutions__test__data_parallel_size=2, score_solutions__data_parallel_size=2)
    ran = clone.repro("evaluate")
    assert {stage.partition("@")[0] for stage in ran} == {
        "sample_solutions", "sample_solutions_of_recipes", "score_solutions", "score_solutions_of_recipes",
        "score_solutions_by_own", "evaluate",
    }  # fmt: skip
    assert all("-test-" in stage for stage in ran if stage.startswith("sample_solutions"))
    assert {name: (folder / name).read_bytes() for name in names} == before
    assert pl.read_csv(folder / "costs.csv").drop("seconds").equals(costs)

"""The micro run that the end-to-end tests share."""

from pathlib import Path

import pytest
from clone import Clone, copy_tree, use_micro_scale


@pytest.hookimpl(tryfirst=True)  # xdist reads the marks in its own
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker runs all of this folder: its tests share a run of minutes, and change its tree in turn."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("e2e"))


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Clone, set[str]]:
    """The micro run, finished, and the stages it ran."""
    clone = copy_tree(tmp_path_factory.mktemp("clone"))
    use_micro_scale(clone)
    clone.run("dvc", "pull", "data.dvc", "pretrain_base")
    ran = clone.repro()
    clone.commit("the micro run")
    return clone, ran

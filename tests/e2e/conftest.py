"""The micro run that the end-to-end tests share."""

import pytest
from clone import Clone, copy_tree, use_micro_scale


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Clone, set[str]]:
    """The micro run, finished, and the stages it ran."""
    clone = copy_tree(tmp_path_factory.mktemp("clone"))
    use_micro_scale(clone)
    clone.run("dvc", "pull", "data.dvc", "pretrain_base")
    ran = clone.repro()
    clone.commit("the micro run")
    return clone, ran

"""How `make test` shares the tests out among its workers."""

import pytest
from xdist.scheduler import LoadScopeScheduling

TOGETHER = "tests/e2e/"  # these share a run of minutes, and change its tree in turn


class OneWorkerForEndToEnd(LoadScopeScheduling):  # type: ignore[misc, unused-ignore]
    """Test by test to whichever worker is free, but for the end-to-end tests: one worker has them all, first.

    (xdist's own way to say so, `xdist_group`, has no effect under pytest 9.2.)
    """

    def _split_scope(self, nodeid: str) -> str:
        return TOGETHER if nodeid.startswith(TOGETHER) else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadScopeScheduling:
    """xdist asks for it once."""
    return OneWorkerForEndToEnd(config, log)

"""How `make test` shares the tests out among its workers."""

import pytest
from xdist.scheduler import LoadScopeScheduling

END_TO_END = "tests/e2e/"  # these share a run of minutes, and change its tree in turn
# And these a Ray.
RAY = tuple(f"tests/sampling/test_{name}.py" for name in ("backends_ray", "data_parallel", "ray_cluster"))


class OneWorkerForEach(LoadScopeScheduling):  # type: ignore[misc, unused-ignore]
    """Test by test to whichever worker is free, but one worker has all end-to-end tests, and one all over Ray.

    (xdist's own way to say so, `xdist_group`, has no effect under pytest 9.2.)
    """

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(END_TO_END):
            return END_TO_END
        return RAY[0] if nodeid.startswith(RAY) or nodeid.endswith("[ray]") else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadScopeScheduling:
    """xdist asks for it once."""
    return OneWorkerForEach(config, log)

"""What SamplingParams refuses, and that it needs no torch."""

import subprocess
import sys

import pytest

from mathtune_sampling.requests import SamplingParams


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("n", 0),
        ("temperature", 0.0),
        ("temperature", float("nan")),
        ("temperature", float("inf")),
        ("top_p", 0.0),
        ("top_p", 1.01),
        ("max_tokens", 0),
    ],
)
def test_a_senseless_value_is_refused_by_name(field, value):
    valid = {"n": 1, "temperature": 1.0, "top_p": 1.0, "max_tokens": 1}
    SamplingParams(**valid)
    with pytest.raises(ValueError, match=rf"^{field}: .*{value}"):
        SamplingParams(**(valid | {field: value}))


def test_requests_and_noise_do_not_import_torch():
    code = "import sys, mathtune_sampling.requests, mathtune_sampling.noise; sys.exit('torch' in sys.modules)"
    environment = {"PYTHONPATH": ":".join(sys.path)}
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0

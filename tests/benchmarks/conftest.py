"""What the benchmarks read: MATH's answers, math-verify where it is installed, and SmolLM2."""

from pathlib import Path
from typing import Any

import pytest
from answer_pairs import data, read_jsonl

from mathtune_answers import extract_answer
from mathtune_core.params import load_params, read_params_file
from mathtune_training.fetch_base import FetchBaseParams
from mathtune_training.fetch_base import run as fetch_base

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def math_verify() -> Any:
    return pytest.importorskip(
        "math_verify", reason='math-verify is not installed: pip install "math-verify[antlr4_9_3]"'
    )


@pytest.fixture(scope="module")
def golds() -> list[str]:
    """MATH's answers, one a problem, each taken out of the box of its own solution."""
    rows = [row for name in ("train", "test") for row in read_jsonl(data("math", f"{name}.jsonl"))]
    return [answer for row in rows if (answer := row.get("answer") or extract_answer(row["solution"]))]


@pytest.fixture(scope="session")
def smollm2() -> Path:
    """SmolLM2-135M-Instruct, fetched once as `mathtune scale smollm2` would."""
    folder = ROOT / ".benchmarks" / "smollm2"
    if not (folder / "model").is_dir():
        scale = ROOT / "scales" / "smollm2.yaml"
        assert read_params_file(scale)
        fetch_base(load_params(scale, ("fetch_base", "smollm2"), FetchBaseParams), item="smollm2", out=folder)
    return folder / "model"

"""What the benchmarks of the answers package read: MATH's answers, and math-verify where it is installed."""

from typing import Any

import pytest
from answer_pairs import data, read_jsonl

from mathtune_answers import extract_answer


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

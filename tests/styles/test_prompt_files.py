"""The prompt files that travel with the project: they read, they are true, and they are no problem of any data set."""

import json
import os
from pathlib import Path

import pytest

from mathtune_answers import extract_answer
from mathtune_core.shots import read_shots
from mathtune_styles.closing import closing
from mathtune_styles.model_rewritten.faults import equations_hold, fault
from mathtune_styles.model_rewritten.prompt import read_prompt

ROOT = Path(__file__).resolve().parents[2]
PROMPTS = ROOT / "prompts"
COUNTS = {"tiny": 4, "gsm8k": 8, "math": 8}


@pytest.mark.parametrize("name", COUNTS)
def test_worked_examples_are_true_and_close_as_every_style_does(name: str) -> None:
    shots = read_shots(PROMPTS / f"{name}.jsonl")
    assert len(shots) == COUNTS[name] == len({shot.problem for shot in shots})
    for shot in shots:
        answer = extract_answer(shot.solution)
        assert answer is not None
        assert shot.solution.endswith(closing(answer))
        assert equations_hold(shot.solution)


@pytest.mark.parametrize("name", ["rewrite", "rewrite_tiny"])
def test_worked_rewritings_would_be_kept(name: str) -> None:
    prompt = read_prompt(PROMPTS / f"{name}.txt")
    assert prompt.stops == ("\n\nProblem:",)
    examples = [block for block in prompt.text.split("\n\n") if block.startswith("Problem:")][:-1]
    assert len(examples) >= 2
    for example in examples:
        problem, original, rewriting = example.split("\n")
        assert problem
        answer = extract_answer(original)
        assert answer is not None
        assert fault(rewriting, extract_answer(rewriting), original, answer) is None


def texts(path: Path, key: str) -> set[str]:
    with path.open() as lines:
        return {json.loads(line)[key].strip() for line in lines}


def all_examples() -> set[str]:
    return {shot.problem for name in COUNTS for shot in read_shots(PROMPTS / f"{name}.jsonl")}


def test_no_example_is_a_built_in_problem() -> None:
    path = ROOT / "data" / "problems.jsonl"
    if not path.is_file():
        pytest.skip("data/ is not pulled; `make pull` brings it")
    assert not all_examples() & texts(path, "problem")


def test_no_example_is_a_problem_of_gsm8k_or_math() -> None:
    folder = os.environ.get("MATHTUNE_DATA")
    if not folder:
        pytest.skip("MATHTUNE_DATA names no folder with the public data sets")
    for source, key in (("gsm8k", "question"), ("math", "problem")):
        for split in ("train", "test"):
            assert not all_examples() & texts(Path(folder) / source / f"{split}.jsonl", key)

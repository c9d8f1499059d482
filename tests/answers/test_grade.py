"""The conventions, pair by pair."""

import json
from collections import defaultdict
from pathlib import Path

import pytest

from mathtune_answers import grade

PAIRS = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "golden" / "answers.jsonl").read_text("utf-8").splitlines()
]
BY_CATEGORY: dict[str, list[dict[str, object]]] = defaultdict(list)
for pair in PAIRS:
    BY_CATEGORY[pair["category"]].append(pair)


def test_there_are_enough_pairs_each_with_a_reason() -> None:
    assert len(PAIRS) >= 600
    assert all(pair["reason"] for pair in PAIRS)
    assert len({(pair["a"], pair["b"]) for pair in PAIRS}) == len(PAIRS)


@pytest.mark.parametrize("category", sorted(BY_CATEGORY))
def test_pairs_are_judged_as_the_conventions_say_in_both_orders(category: str) -> None:
    wrong = [
        (pair["a"], pair["b"], pair["equivalent"])
        for pair in BY_CATEGORY[category]
        for first, second in (("a", "b"), ("b", "a"))
        if grade(str(pair[first]), str(pair[second])) is not pair["equivalent"]
    ]
    assert not wrong


def test_an_answer_is_right_for_itself_unless_it_says_nothing() -> None:
    for pair in PAIRS:
        for side in ("a", "b"):
            answer = str(pair[side])
            says_nothing = answer.strip() in ("", "None", "[]", r"\boxed{}", r"\boxed{ }")
            assert grade(answer, answer) is not says_nothing, answer

from collections import Counter

import polars as pl
import pytest

from mathtune_core.schemas import VERIFIER_EXAMPLES
from mathtune_training.verifier_pairs import evenly, pairs_of


@pytest.mark.parametrize(("rights", "wrongs"), [(1, 1), (2, 2), (2, 4), (4, 6), (3, 5), (7, 1), (0, 3), (3, 0), (6, 4)])
def test_every_pair_comes_once_and_both_sides_are_used_evenly(rights: int, wrongs: int) -> None:
    pairs = list(evenly(rights, wrongs))
    assert len(pairs) == len(set(pairs)) == rights * wrongs
    assert set(pairs) == {(i, j) for i in range(rights) for j in range(wrongs)}
    for count in range(1, len(pairs)):
        for side in (0, 1):
            used = Counter(pair[side] for pair in pairs[:count])
            missing = (rights, wrongs)[side] - len(used)
            assert max(used.values()) - (0 if missing else min(used.values())) <= 1


@pytest.fixture(scope="module")
def examples() -> pl.DataFrame:
    """Two styles of three problems: 2 right and 3 wrong, all right, 1 right and 5 wrong."""
    grades = {
        "p0": [True, False, True, False, False],
        "p1": [True, True],
        "p2": [False, True, False, False, False, False],
    }
    rows = [
        (problem, "sampled", index, style, "?", f"{style}{index}", right, True)
        for style in ("s", "t")
        for problem, of_problem in grades.items()
        for index, right in enumerate(of_problem)
    ]
    return pl.DataFrame(rows, schema=VERIFIER_EXAMPLES.schema, orient="row")


def named(examples: pl.DataFrame, pairs: list[tuple[int, int]]) -> set[tuple[str, str, str]]:
    text = examples.select(pl.format("{}/{}/{}", "style", "problem_id", "sample_index")).to_series().to_list()
    return {(text[right], text[wrong], "") for right, wrong in pairs}


def test_a_pair_is_of_one_problem_and_one_style_the_right_one_first(examples: pl.DataFrame) -> None:
    pairs = pairs_of(examples, 99, seed=0)
    assert len(pairs) == len(set(pairs)) == 2 * (2 * 3 + 0 + 1 * 5)
    for right, wrong in pairs:
        first, second = examples.row(right, named=True), examples.row(wrong, named=True)
        assert (first["is_correct"], second["is_correct"]) == (True, False)
        assert (first["problem_id"], first["style"]) == (second["problem_id"], second["style"])


def test_the_cap_is_a_problem_and_style(examples: pl.DataFrame) -> None:
    pairs = pairs_of(examples, 4, seed=0)
    counted = Counter((examples["style"][right], examples["problem_id"][right]) for right, _ in pairs)
    assert set(counted.values()) == {4}
    assert len(counted) == 4


def test_the_choice_follows_the_seed_and_not_the_row_order(examples: pl.DataFrame) -> None:
    turned = examples.reverse()
    assert named(examples, pairs_of(examples, 3, 0)) == named(turned, pairs_of(turned, 3, 0))
    assert named(examples, pairs_of(examples, 3, 0)) != named(examples, pairs_of(examples, 3, 1))

"""Every measure of the profile, worked out by hand for five solutions of two styles."""

import polars as pl
import pytest

from mathtune_styles.comparison import profile
from mathtune_styles.comparison.ngrams import ngram_table
from mathtune_styles.comparison.profile import MEASURES, profile_table, read_texts

TEXTS = {
    # two steps, four words, equations: one holds, one fails; sides of at most two operations and of one
    "a": r"We add $2 + 3 + 4 = 9$. Then wrongly $3 \cdot 3 = 8$. The answer is $\boxed{8}$.",
    # one step of three words, no equation
    "b": r"It is clear. The answer is $\boxed{5}$.",
    # one step, one word, an equation with a letter
    "c": r"Thus $x = 5$.",
    "d": "No idea.",
}
ROWS = [
    ("s", "p1", "a", True, False, True),
    ("s", "p1", "a", True, False, True),
    ("s", "p2", "b", True, True, True),
    ("a", "p1", "c", False, False, False),
    ("a", "p2", "d", False, False, False),
]


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], float | None]:
    monkeypatch.setattr(profile, "expected_distinct", lambda counts: float(sum(counts)))
    texts = pl.Series(list(TEXTS.values()))
    read = read_texts(texts, [30, 10, 8, 3])
    rows = pl.DataFrame(
        [(style, problem, TEXTS[text], *flags) for style, problem, text, *flags in ROWS],
        schema=["style", "problem_id", "solution", "answered", "right", "closed"],
        orient="row",
    ).join(read.with_row_index("text_index"), on="solution", how="left", maintain_order="left")
    table = profile_table(rows, ngram_table(read["body"]), num_problems=4)
    assert table["style"].to_list() == ["s"] * (table.height // 2) + ["a"] * (table.height // 2)
    return {(style, measure): value for style, measure, value in table.iter_rows()}


def test_every_measure(measured: dict[tuple[str, str], float | None]) -> None:
    a, b, c, d = (len(text) for text in TEXTS.values())
    expected = {
        "solutions": (3, 2),
        "problems": (2, 2),
        "covered": (0.5, 0.5),
        "distinct_texts": (2 / 3, 1.0),
        "tokens": (70, 11),
        "tokens_a_solution": (70 / 3, 5.5),
        "characters_a_solution": ((2 * a + b) / 3, (c + d) / 2),
        "steps_a_solution": (5 / 3, 1.0),
        "words_a_step": (11 / 5, 3 / 2),
        "operations_a_step": (6 / 4, 0.0),
        "longest_step": (
            (2 * len(r"Then wrongly $3 \cdot 3 = 8$.") + len("It is clear.")) / 3,
            (len("Thus $x = 5$.") + len("No idea.")) / 2,
        ),
        "equations_a_solution": (4 / 3, 0.5),
        "equations_hold": (0.5, 0.0),
        "equations_fail": (0.5, 0.0),
        "equations_unchecked": (0.0, 1.0),
        "vocabulary": (7, 3),  # we add then wrongly it is clear; thus no idea
        "distinct_words": (11, 3),  # here the number of running words, see the fixture
        # Runs of four among a's 22 words and signs, twice, and b's 4; c's 7 and d's 3.
        "distinct_ngrams": (2 * 19 + 1, 4 + 1),
        "no_answer": (0.0, 1.0),
        "wrong_answer": (2 / 3, 0.0),
        "not_closed": (0.0, 1.0),
    }
    found = {name: (measured["s", name], measured["a", name]) for name in expected}
    assert found == {name: pytest.approx(values) for name, values in expected.items()}
    assert list(expected) == [measure.name for group in MEASURES.values() for measure in group]


def test_a_style_without_steps_or_equations_has_no_means_over_them() -> None:
    text = r"The answer is $\boxed{5}$."
    read = (
        read_texts(pl.Series([text]), [9])
        .with_row_index("text_index")
        .with_columns(style=pl.lit("s"), problem_id=pl.lit("p"), answered=True, right=True, closed=True)
    )
    table = profile_table(read, ngram_table(read["body"]), num_problems=1)
    values = dict(table.select("measure", "value").iter_rows())
    assert [name for name, value in values.items() if value is None] == [
        "words_a_step",
        "operations_a_step",
        "equations_hold",
        "equations_fail",
        "equations_unchecked",
        "distinct_words",
        "distinct_ngrams",
    ]

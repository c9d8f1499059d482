import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mathtune_answers.extract import extract_answer
from mathtune_styles.readers.figures import has_figure, without_figures
from mathtune_styles.readers.math import read_math
from mathtune_styles.readers.source import Source

FIGURE = '[asy]\nsize(150);\nlabel("$A$", (0,0), W);\n[/asy]'


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"We draw:\n\n{FIGURE}\n\nSo it is 5.", "We draw:\n\nSo it is 5."),
        (f"{FIGURE}\nSo it is 5.", "So it is 5."),
        (f"We draw {FIGURE} and see.", "We draw and see."),
        (f"One\n{FIGURE}\ntwo\n{FIGURE}\nthree.", "One\n\ntwo\n\nthree."),
        (f"We draw\n{FIGURE.upper()}", "We draw"),
        ("None here.", "None here."),
        ("[asy]\nIt never ends.", "[asy]\nIt never ends."),
    ],
)
def test_a_figure_goes_and_the_words_around_it_stay_apart(text: str, left: str) -> None:
    assert without_figures(text) == left
    assert has_figure(text) == (text != left)
    assert not has_figure(left)


@pytest.mark.skipif("MATHTUNE_DATA" not in os.environ, reason="MATHTUNE_DATA, the folder with math/, is not set")
def test_no_answer_of_math_is_lost_with_a_figure(read: Callable[..., Source]) -> None:
    problems = read(read_math, Path(os.environ["MATHTUNE_DATA"]) / "math").problems
    drawn = [p for p in problems if has_figure(p.solution or "")]
    assert len(drawn) == 445 + 56
    assert [p.problem for p in drawn if extract_answer(without_figures(p.solution or "")) != p.answer] == []

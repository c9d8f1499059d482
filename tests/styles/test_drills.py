import random

from mathtune_styles.drills import COMPUTATIONS, KINDS, WEIGHTS, computation, drill_document
from mathtune_styles.equations import equation_report


def test_every_computation_of_a_drill_holds() -> None:
    generator = random.Random(0)
    for _ in range(200):
        text = drill_document(generator)
        report = equation_report(text)
        assert report.failing == 0, text
        # A long product or quotient writes its steps as equations of their own.
        assert report.holding >= COMPUTATIONS, text


def test_a_drill_holds_no_answer_and_no_problem() -> None:
    text = drill_document(random.Random(1))
    assert "boxed" not in text
    assert "Problem" not in text
    assert text.startswith("$")
    assert text.endswith("$.")


def test_sums_and_differences_come_most_often() -> None:
    assert len(KINDS) == len(WEIGHTS)
    generator = random.Random(2)
    drawn = [computation(generator)[0] for _ in range(2_000)]
    assert sum(" + " in expression or " - " in expression for expression in drawn) > 0.6 * len(drawn)


def test_negative_numbers_stand_in_brackets_behind_an_operator() -> None:
    generator = random.Random(3)
    for expression, _ in (computation(generator) for _ in range(2_000)):
        assert "+ -" not in expression
        assert "- -" not in expression
        assert "dot -" not in expression

import random

import pytest

from mathtune_styles.builtin import TEMPLATES
from mathtune_styles.builtin.latex import answer_latex, boxed
from mathtune_styles.builtin.template import Draw, Template
from mathtune_styles.equations import equation_report

SUBJECTS = {
    "Prealgebra",
    "Algebra",
    "Intermediate Algebra",
    "Number Theory",
    "Counting & Probability",
    "Geometry",
    "Precalculus",
}
DRAWS = 20
MOST_WORDS = 60

every_template = pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.name)


def draws(template: Template) -> list[Draw]:
    return [template.draw(random.Random(f"test/{template.name}/{index}")) for index in range(DRAWS)]


def test_there_are_templates_enough_and_ten_are_held_out() -> None:
    assert len(TEMPLATES) >= 60
    assert sum(template.held_out for template in TEMPLATES) == 10


def test_all_seven_subjects_are_seen_and_several_are_held_out_from() -> None:
    assert {template.subject for template in TEMPLATES if not template.held_out} == SUBJECTS
    assert len({template.subject for template in TEMPLATES if template.held_out}) > 1


def test_names_are_unique_and_those_of_the_functions() -> None:
    names = [template.name for template in TEMPLATES]
    assert len(set(names)) == len(names)
    assert names == [template.draw.__name__ for template in TEMPLATES]


def test_levels_are_spread_over_all_five() -> None:
    levels = [draw.level for template in TEMPLATES for draw in draws(template)]
    assert set(levels) == {1, 2, 3, 4, 5}
    assert min(levels.count(level) for level in range(1, 6)) > len(levels) / 50


@every_template
def test_sympy_recomputes_every_answer(template: Template) -> None:
    assert [answer_latex(draw.check()) for draw in draws(template)] == [draw.answer for draw in draws(template)]


@every_template
def test_a_solution_is_short_and_ends_in_the_boxed_answer(template: Template) -> None:
    for draw in draws(template):
        assert draw.solution.endswith(boxed(draw.answer))
        assert draw.solution.count("\\boxed") == 1
        assert len(draw.solution) > len(boxed(draw.answer)), "no more than the answer"
        assert len(draw.solution.split()) <= MOST_WORDS


@every_template
def test_every_numeric_equation_of_a_solution_holds(template: Template) -> None:
    false = [draw.solution for draw in draws(template) if equation_report(draw.solution).failing]
    assert false == []


@every_template
def test_texts_are_plain_and_whole(template: Template) -> None:
    for draw in draws(template):
        for text in (draw.problem, draw.solution, draw.answer):
            assert text.isascii()
            assert text == " ".join(text.split()), "white space doubled, leading or trailing"
            assert text.count("{") == text.count("}")
            assert text.count("$") % 2 == 0
        assert "$" not in draw.answer
        assert draw.problem[-1] in ".?", draw.problem


@every_template
def test_levels_and_numbers_are_whole_numbers(template: Template) -> None:
    for draw in draws(template):
        assert draw.level in range(1, 6)
        assert [type(number) for number in (draw.level, *draw.numbers)] == [int] * (1 + len(draw.numbers))
        assert draw.numbers


@every_template
def test_a_draw_depends_on_its_generator_alone(template: Template) -> None:
    def texts() -> list[tuple[object, ...]]:
        return [(draw.numbers, draw.problem, draw.solution, draw.answer, draw.level) for draw in draws(template)]

    random.seed(1)
    first = texts()
    random.seed(2)
    assert texts() == first


@every_template
def test_the_numbers_settle_the_answer_whatever_the_wording(template: Template) -> None:
    answers: dict[tuple[int, ...], str] = {}
    for index in range(300):
        draw = template.draw(random.Random(f"key/{template.name}/{index}"))
        assert answers.setdefault(draw.numbers, draw.answer) == draw.answer, draw.problem


@every_template
def test_problems_differ_from_draw_to_draw(template: Template) -> None:
    found = {template.draw(random.Random(f"key/{template.name}/{index}")).numbers for index in range(100)}
    assert len(found) > 30

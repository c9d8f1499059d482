import json
import random
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mathtune_styles.builtin import TEMPLATES, problem_set
from mathtune_styles.builtin.latex import boxed
from mathtune_styles.builtin.template import Draw, Template

DATA = Path(__file__).parents[3] / "data" / "problems.jsonl"
HELD_OUT = {template.name for template in TEMPLATES if template.held_out}
SEEN = {template.name for template in TEMPLATES if not template.held_out}

needs_data = pytest.mark.skipif(not DATA.is_file(), reason="data/ is not there; `dvc pull data` brings it")


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    return [json.loads(line) for line in DATA.read_text(encoding="utf-8").splitlines()]


@needs_data
def test_the_shipped_set_is_large(rows: list[dict[str, Any]]) -> None:
    assert len(rows) >= 12_000
    counts = Counter((row["split"], row["held_out_template"]) for row in rows)
    assert counts["train", False] >= 10_000
    assert counts["test", False] >= 500
    assert counts["test", True] >= 100
    assert len(counts) == 3


@needs_data
def test_no_key_stands_twice_in_the_shipped_set(rows: list[dict[str, Any]]) -> None:
    keys = Counter((row["template"], tuple(row["numbers"])) for row in rows)
    assert keys.most_common(1)[0][1] == 1


@needs_data
def test_no_problem_stands_twice_in_the_shipped_set(rows: list[dict[str, Any]]) -> None:
    texts = Counter(" ".join(re.findall(r"\w+|\S", row["problem"].lower())) for row in rows)
    assert texts.most_common(1)[0][1] == 1


@needs_data
def test_held_out_templates_are_in_test_alone_and_seen_ones_in_both(rows: list[dict[str, Any]]) -> None:
    templates = {split: {row["template"] for row in rows if row["split"] == split} for split in ("train", "test")}
    assert templates["train"] == SEEN
    assert templates["test"] == SEEN | HELD_OUT
    assert all(row["held_out_template"] == (row["template"] in HELD_OUT) for row in rows)


@needs_data
@pytest.mark.parametrize("split", ["train", "test"])
def test_every_level_and_subject_is_in_both_splits(rows: list[dict[str, Any]], split: str) -> None:
    part = [row for row in rows if row["split"] == split]
    levels = Counter(row["level"] for row in part)
    subjects = Counter(row["subject"] for row in part)
    assert set(levels) == {1, 2, 3, 4, 5}
    assert set(subjects) == {template.subject for template in TEMPLATES}
    assert min(levels.values()) > len(part) / 50
    assert min(subjects.values()) > len(part) / 20


@needs_data
def test_every_shipped_solution_ends_in_its_answer(rows: list[dict[str, Any]]) -> None:
    assert [row for row in rows if not row["solution"].endswith(boxed(row["answer"]))] == []


def unchecked(template: Template) -> Template:
    """The template without SymPy's check, whose time would be most of the draw's."""

    def draw(generator: random.Random) -> Draw:
        drawn = template.draw(generator)
        return replace(drawn, check=lambda: drawn.answer)

    return replace(template, draw=draw)


@needs_data
def test_the_shipped_set_is_what_the_templates_draw(
    rows: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(problem_set, "TEMPLATES", tuple(map(unchecked, TEMPLATES)))
    drawn = problem_set.problem_set(problem_set.SEED)
    different = [row["template"] for row, shipped in zip(drawn, rows, strict=True) if row != shipped]
    assert different == [], "data/ and the templates differ: `make data`, or undo the change"


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(problem_set, "TRAIN_PROBLEMS", 173)
    monkeypatch.setattr(problem_set, "TEST_PROBLEMS", 87)
    monkeypatch.setattr(problem_set, "HELD_OUT_PROBLEMS", 23)


@pytest.mark.usefixtures("small")
def test_a_fresh_draw_is_reproducible_and_another_seed_gives_another(tmp_path: Path) -> None:
    problem_set.main(tmp_path / "deep" / "first.jsonl")
    problem_set.main(tmp_path / "second.jsonl")
    first = (tmp_path / "deep" / "first.jsonl").read_bytes()
    assert first == (tmp_path / "second.jsonl").read_bytes()
    rows = [json.loads(line) for line in first.splitlines()]
    assert len(rows) == 283
    assert len({(row["template"], tuple(row["numbers"])) for row in rows}) == 283
    assert Counter((row["split"], row["held_out_template"]) for row in rows) == {
        ("train", False): 173,
        ("test", False): 87,
        ("test", True): 23,
    }
    assert problem_set.problem_set(problem_set.SEED + 1) != rows
    assert [path.name for path in tmp_path.rglob("*.partial")] == []


def toy(name: str, size: int, held_out: bool = False) -> Template:
    """A template of `size` problems, each in three wordings."""

    def draw(generator: random.Random) -> Draw:
        number, word = generator.randrange(size), generator.choice(("What", "Which number", "How much"))
        answer = str(number + 1)
        text = f"{word} is ${number} + 1$, {name}?"
        return Draw((number,), text, f"It is ${number} + 1 = {answer}$. {boxed(answer)}", answer, 1, lambda: number + 1)

    return Template(name, "Prealgebra", draw, held_out=held_out)


@pytest.mark.usefixtures("small")
def test_a_template_that_runs_dry_leaves_its_share_to_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    templates = (toy("few", 4), toy("many", 1000), toy("strange", 100, held_out=True))
    monkeypatch.setattr(problem_set, "TEMPLATES", templates)
    rows = problem_set.problem_set(0)
    counts = Counter((row["split"], row["template"]) for row in rows)
    assert sum(counts.values()) == 283
    assert counts["test", "few"] + counts["train", "few"] == 4
    assert counts["test", "strange"] == 23
    assert len({(row["template"], tuple(row["numbers"])) for row in rows}) == 283


@pytest.mark.usefixtures("small")
def test_templates_that_all_run_dry_end_the_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(problem_set, "TEMPLATES", (toy("few", 4), toy("strange", 3, held_out=True)))
    assert len(problem_set.problem_set(0)) == 7


def test_a_solution_that_sympy_contradicts_is_refused() -> None:
    template = toy("wrong", 10)
    draw = template.draw(random.Random(0))
    other = Draw(draw.numbers, draw.problem, draw.solution, draw.answer, 1, lambda: 99)
    with pytest.raises(
        ValueError, match=rf"^wrong\({draw.numbers[0]},\): the solution says {draw.answer}, SymPy says 99"
    ):
        problem_set.checked_row(template, other, "train")
    unboxed = Draw(draw.numbers, draw.problem, "It is so.", draw.answer, 1, draw.check)
    with pytest.raises(ValueError, match=r"^wrong"):
        problem_set.checked_row(template, unboxed, "train")


def test_small_numbers_and_low_levels_are_kept_more_often() -> None:
    def kept(number: int, level: int) -> float:
        draw = Draw((number,), f"What is ${number} + 1$?", f"${number} + 1 = {number + 1}$.", "", level, lambda: None)
        generator = random.Random(0)
        return sum(problem_set.leans_in(draw, generator) for _ in range(2000)) / 2000

    assert kept(9, 1) == 1.0
    assert kept(9, 1) > kept(9, 3) > kept(9, 5) > kept(900, 5) > 0
    assert kept(99, 2) > 5 * kept(100, 2)

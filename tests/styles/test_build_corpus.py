import json
import random
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from mathtune_styles import build_corpus
from mathtune_styles.build_corpus import (
    BuildCorpusParams,
    arithmetic_document,
    check_document,
    corpus,
    draws,
    explicit_solution,
    run,
    taken_keys,
)
from mathtune_styles.builtin import TEMPLATES
from mathtune_styles.builtin.latex import boxed
from mathtune_styles.builtin.template import Draw, Template
from mathtune_styles.equations import equation_report
from mathtune_styles.rewritten.rewrite import last_boxed

SEEN = [template for template in TEMPLATES if not template.held_out]
PARAMS = BuildCorpusParams(original=40, rewritten=40, arithmetic=30, drills=20, checks=60, seed=0)
CHECK = re.compile(
    r"Here is a math problem: (?P<problem>.*) Here is a candidate solution: (?P<solution>.*) "
    r"The above candidate solution is (?P<verdict>correct|incorrect)",
    re.DOTALL,
)


def texts(documents: pl.DataFrame, kind: str) -> list[str]:
    return documents.filter(pl.col("kind") == kind)["text"].to_list()


@pytest.fixture(scope="module")
def documents() -> pl.DataFrame:
    return corpus(PARAMS, set())


def sums(held_out: bool = False, name: str = "sums") -> Template:
    """Twenty problems in two wordings: the sum of a number and 40."""

    def draw(generator: random.Random) -> Draw:
        number, word = generator.randrange(20), generator.choice(("What", "How much"))
        answer = str(number + 40)
        text = f"{word} is ${number} + 40$?"
        solution = rf"${number} + 40 = {answer}$. {boxed(answer)}"
        return Draw((number,), text, solution, answer, 1, lambda: number + 40)

    return Template(name, "Prealgebra", draw, held_out=held_out)


def test_every_kind_has_as_many_documents_as_asked(documents: pl.DataFrame) -> None:
    counts = dict(documents["kind"].value_counts().iter_rows())
    assert counts == {"original": 40, "rewritten": 40, "arithmetic": 30, "drills": 20, "checks": 60}


def test_the_kinds_are_shuffled_among_one_another(documents: pl.DataFrame) -> None:
    assert set(documents["kind"].head(40)) == {"original", "rewritten", "arithmetic", "drills", "checks"}


def test_the_same_params_give_the_same_corpus_and_another_seed_another(documents: pl.DataFrame) -> None:
    assert corpus(PARAMS, set()).equals(documents)
    assert not set(texts(corpus(replace(PARAMS, seed=1), set()), "original")) & set(texts(documents, "original"))


def test_a_kind_does_not_depend_on_the_size_of_the_others(documents: pl.DataFrame) -> None:
    other = corpus(replace(PARAMS, original=5, arithmetic=0, drills=0), set())
    for kind in ("rewritten", "checks"):
        assert sorted(texts(other, kind)) == sorted(texts(documents, kind))


def test_taken_keys_are_drawn_around(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_corpus, "TEMPLATES", (sums(),))
    free = {3, 7, 11}
    taken = {("sums", (number,)) for number in range(20) if number not in free}
    documents = corpus(replace(PARAMS, arithmetic=0, drills=0), taken)
    numbers = {int(number) for text in documents["text"] for number in re.findall(r"is \$(\d+) \+ 40\$\?", text)}
    assert numbers == free


def test_a_key_taken_under_another_templates_name_is_free() -> None:
    taken = {("others", (number,)) for number in range(20)}
    assert next(draws([sums()], random.Random(0), taken)).numbers


def test_no_draw_has_a_taken_key() -> None:
    taken = {("sums", (number,)) for number in range(10)}
    stream = draws([sums()], random.Random(0), taken)
    assert {next(stream).numbers[0] for _ in range(200)} == set(range(10, 20))


def test_templates_with_no_number_left_are_refused() -> None:
    taken = {("sums", (number,)) for number in range(20)}
    with pytest.raises(ValueError, match="nearly all numbers of the templates stand in data/"):
        next(draws([sums()], random.Random(0), taken))


def test_held_out_templates_are_never_drawn_and_every_other_is(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: Counter[str] = Counter()

    def watched(template: Template) -> Template:
        def draw(generator: random.Random) -> Draw:
            drawn[template.name] += 1
            return template.draw(generator)

        return replace(template, draw=draw)

    monkeypatch.setattr(build_corpus, "TEMPLATES", tuple(watched(template) for template in TEMPLATES))
    corpus(BuildCorpusParams(original=60, rewritten=0, arithmetic=5, drills=5, checks=60, seed=0), set())
    assert set(drawn) == {template.name for template in SEEN}


def test_no_problem_stands_in_two_kinds(documents: pl.DataFrame) -> None:
    problems = {
        kind: {text.split("\nSolution:")[0] for text in texts(documents, kind)} for kind in ("original", "rewritten")
    }
    # One may, by chance; were the kinds drawn alike, all would.
    assert len(problems["original"] & problems["rewritten"]) < 5


def test_generator_documents_are_prompt_and_completion(documents: pl.DataFrame) -> None:
    for kind in ("original", "rewritten"):
        for text in texts(documents, kind):
            assert re.fullmatch(r"Problem: .+\nSolution: .+ The answer is \$\\boxed\{.+\}\$\.", text, re.DOTALL), text


def test_rewritten_documents_have_more_steps(documents: pl.DataFrame) -> None:
    lengths = {
        kind: sum(map(len, texts(documents, kind))) / len(texts(documents, kind)) for kind in ("original", "rewritten")
    }
    assert lengths["rewritten"] > 1.2 * lengths["original"]


def test_equations_hold_wherever_no_slip_was_made(documents: pl.DataFrame) -> None:
    whole = [text for kind in ("original", "rewritten", "arithmetic", "drills") for text in texts(documents, kind)]
    assert [text for text in whole if equation_report(text).failing] == []


def test_arithmetic_documents_are_computations_with_an_answer() -> None:
    generator = random.Random(0)
    for _ in range(100):
        text = arithmetic_document(generator)
        assert last_boxed(text)
        assert equation_report(text).holding
        assert not equation_report(text).failing


def test_every_check_document_ends_in_a_verdict_and_both_verdicts_occur(documents: pl.DataFrame) -> None:
    found = [CHECK.fullmatch(text) for text in texts(documents, "checks")]
    assert all(found)
    verdicts = Counter(match["verdict"] for match in found if match)
    assert set(verdicts) == {"correct", "incorrect"}
    assert min(verdicts.values()) > 10


@pytest.mark.parametrize("explicit", [False, True])
def test_the_verdict_is_right_only_with_the_right_boxed_answer(explicit: bool) -> None:
    verdicts: Counter[str] = Counter()
    for template in SEEN:
        for index in range(4):
            generator = random.Random(f"{template.name}/{index}")
            draw = template.draw(generator)
            solution = explicit_solution(draw) if explicit else draw.solution
            match = CHECK.fullmatch(check_document(draw, solution, generator))
            assert match
            assert match["problem"] == draw.problem
            assert (last_boxed(match["solution"]) == draw.answer) == (match["verdict"] == "correct")
            if match["verdict"] == "correct":
                assert match["solution"] == solution
            verdicts[match["verdict"]] += 1
    assert min(verdicts["correct"], verdicts["incorrect"]) > 0.35 * verdicts.total()


def test_a_slip_is_made_where_the_answer_was_computed_too() -> None:
    draw = sums().draw(random.Random(0))
    documents = {check_document(draw, draw.solution, random.Random(seed)) for seed in range(20)}
    wrong = [match for match in map(CHECK.fullmatch, documents) if match and match["verdict"] == "incorrect"]
    assert wrong
    for match in wrong:
        slipped = last_boxed(match["solution"])
        assert slipped
        assert f"= {slipped}$" in match["solution"]
        assert draw.answer not in match["solution"]


def test_explicit_solutions_keep_the_answer() -> None:
    for template in SEEN:
        draw = template.draw(random.Random(template.name))
        assert last_boxed(explicit_solution(draw)) == draw.answer


def test_the_keys_of_the_problem_set_are_read_from_its_file(tmp_path: Path) -> None:
    rows = [{"template": "sums", "numbers": [3]}, {"template": "products", "numbers": [2, 5]}]
    (tmp_path / "problems.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert taken_keys(tmp_path / "problems.jsonl") == {("sums", (3,)), ("products", (2, 5))}


def test_the_stage_keeps_out_of_its_corpus_what_the_problem_set_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build_corpus, "TEMPLATES", (sums(),))
    rows = [{"template": "sums", "numbers": [number]} for number in range(19)]
    (tmp_path / "problems.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    params = BuildCorpusParams(original=5, rewritten=5, arithmetic=0, drills=0, checks=5, seed=0)
    run(params, problems=tmp_path, out=tmp_path)
    documents = pl.read_parquet(tmp_path / "corpus.parquet")
    assert documents.height == 15
    assert all("is $19 + 40$?" in text for text in documents["text"])

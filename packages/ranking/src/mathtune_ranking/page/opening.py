"""What the report opens with: which style and recipe won, by how much, how sure, and what was chosen on validation."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from mathtune_core.errors import MathtuneError
from mathtune_core.study import FEW_SHOT, Study
from mathtune_ranking.comparisons import VOTE
from mathtune_ranking.page.evaluation import Evaluation
from mathtune_ranking.paired_tests import ALPHA
from mathtune_ranking.results_table import p_text
from mathtune_ranking.selectors import SCORED

SHOWN, NOT_SHOWN = "shown", "not shown"


@dataclass(frozen=True, slots=True)
class Answer:
    """One question's winner and what is known of its lead, in points."""

    question: str
    winner: str
    accuracy: float
    over: str
    difference: float
    low: float
    high: float
    p_holm: float
    test: str
    problems_for_a_point: int | None  # None: unknown

    @property
    def verdict(self) -> str:
        """`shown` at p < ALPHA after Holm."""
        return SHOWN if self.p_holm < ALPHA else NOT_SHOWN


def finding(evaluation: Evaluation, questions: Sequence[Answer]) -> list[str]:
    """The result in sentences: which generator won under the selector chosen on validation, by how much, how sure.

    Then the answer to each of `questions` that these sentences leave open.
    """
    selector, interval = evaluation.choice["selector"], evaluation.interval
    ranked = _ranked(evaluation, selector, evaluation.generators)
    best = ranked[0]
    first = [row["generator"] for row in ranked if row["accuracy"] == best["accuracy"]]
    winners = f"{best['generator']} solves" if len(first) == 1 else f"{', '.join(first[:-1])} and {first[-1]} solve"
    sentences = [
        f"With {selector}, the selector that did best on validation, {winners} the most: "
        f"{best['accuracy']:.1f}% of {evaluation.counts['headline_problems']} test problems "
        f"({interval} interval {best['low']:.1f} to {best['high']:.1f})."
    ]
    told = set()
    if len(ranked) > len(first):
        # Without recipes the styles are all there is, and their family is every pair.
        overall = "generators" if "generators" in set(evaluation.comparisons["family"]) else "styles"
        lead = _lead(evaluation, "", overall, best, ranked[len(first)])
        sentences.append(_told(lead, interval))
        told.add((lead.winner, lead.over, lead.verdict))
    sentences += [_answered(one, interval) for one in questions if (one.winner, one.over, one.verdict) not in told]
    own = {row["selector"]: row["accuracy"] for row in _of(evaluation, best["generator"]).iter_rows(named=True)}
    vote = "" if selector == VOTE else f", its majority vote {own[VOTE]:.1f}%"
    model = "The same model's" if len(first) == 1 else f"{best['generator'].capitalize()}'s"
    sentences.append(f"{model} greedy answer gets {own['Pass@1']:.1f}%{vote}.")
    return sentences


def _told(lead: Answer, interval: str) -> str:
    sure = "a difference this test set can show" if lead.verdict == SHOWN else "not shown, too close to call"
    return (
        f"That is {lead.difference:.1f} points more than {lead.over} ({interval} interval {signed(lead.low)} to "
        f"{signed(lead.high)}, {p_text(lead.p_holm)} after Holm over all pairs of generators): {sure}."
    )


def _answered(answer: Answer, interval: str) -> str:
    if answer.over == VOTE:
        lead = f"Re-ranking it with {answer.winner} gains {signed(answer.difference, '+')} points over the vote"
    else:
        points = signed(answer.difference)
        lead = f"{answer.question[6:-1].capitalize()}s alone: {answer.winner} leads {answer.over} by {points} points"
    between = f"{interval} interval {signed(answer.low)} to {signed(answer.high)}, {p_text(answer.p_holm)} after Holm"
    return f"{lead} ({between}): {answer.verdict}."


def winner(evaluation: Evaluation) -> str:
    """The generator that did best under the selector chosen on validation, the first of equals."""
    found: str = _ranked(evaluation, evaluation.choice["selector"], evaluation.generators)[0]["generator"]
    return found


def answers(evaluation: Evaluation, study: Study) -> list[Answer]:
    """The winner of each question that this study asks, under the selector chosen on validation."""
    selector = evaluation.choice["selector"]
    found = []
    styles = [name for name in study.generators if name in (*study.styles, FEW_SHOT)]
    recipes = [study.sequential_style, *study.sequential]
    for question, family, names in (("Which style?", "styles", styles), ("Which recipe?", "sequential", recipes)):
        ranked = _ranked(evaluation, selector, names)
        if len(ranked) > 1:
            found.append(_lead(evaluation, question, family, ranked[0], ranked[1]))
    best = winner(evaluation)
    own = _of(evaluation, best).filter(pl.col("selector").is_in(SCORED))
    re_ranked = own.sort("accuracy", descending=True, maintain_order=True).row(0, named=True)
    found.append(_re_ranking(evaluation, f"Does re-ranking help {best}?", re_ranked))
    return found


def _ranked(evaluation: Evaluation, selector: str, names: list[str]) -> list[dict[str, Any]]:
    rows = evaluation.headline.filter((pl.col("selector") == selector) & pl.col("generator").is_in(names))
    return rows.sort("accuracy", descending=True, maintain_order=True).rows(named=True)


def _of(evaluation: Evaluation, generator: str) -> pl.DataFrame:
    return evaluation.headline.filter(pl.col("generator") == generator)


def _lead(evaluation: Evaluation, question: str, family: str, best: dict[str, Any], other: dict[str, Any]) -> Answer:
    asked = (pl.col("family") == family) & (pl.col("selector") == best["selector"])
    return _answer(question, (best["generator"], other["generator"]), best, evaluation.comparisons.filter(asked))


def _re_ranking(evaluation: Evaluation, question: str, best: dict[str, Any]) -> Answer:
    of_row = (pl.col("generator") == best["generator"]) & (pl.col("verifier") == best["verifier"])
    rows = evaluation.comparisons.filter((pl.col("family") == "re-ranking") & of_row)
    # Asked from the side of re-ranking, also where the vote is ahead: the sign tells.
    return _answer(question, (best["selector"], VOTE), best, rows)


def _answer(question: str, names: tuple[str, str], best: dict[str, Any], rows: pl.DataFrame) -> Answer:
    """The comparison of `names` among `rows`, turned to the first name's side. Raises MathtuneError without one."""
    found = rows.filter(pl.col("first").is_in(list(names)) & pl.col("second").is_in(list(names)))
    if found.is_empty():
        raise MathtuneError(f"comparisons.csv: {' and '.join(names)}: not compared there; run `dvc repro evaluate`")
    row = found.row(0, named=True)
    low, high = (row["low"], row["high"]) if row["first"] == names[0] else (-row["high"], -row["low"])
    difference = row["difference"] if row["first"] == names[0] else -row["difference"]
    told = (difference + 0.0, low + 0.0, high + 0.0, row["p_holm"], row["test"], row["problems_for_a_point"])
    return Answer(question, names[0], best["accuracy"], names[1], *told)


def signed(points: float, sign: str = "-") -> str:
    """One decimal, with a minus sign of the same width as a plus; `sign` as in a format specification."""
    return f"{round(points, 1) + 0.0:{sign}.1f}".replace("-", "−")

"""Report the clusters that a reader should look at: near misses, answers kept as text, answers that hit a cap."""

import re
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache

import polars as pl

from mathtune_answers.forms import Form
from mathtune_answers.keys import REMEMBERED, answer_form, capped_answers
from mathtune_answers.values import sampled

NEAR_MISS, KEPT_AS_TEXT, CAPPED = "near miss", "kept as text", "capped"
AUDIT_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "problem_id": pl.String,
    "kind": pl.String,
    "cluster_ids": pl.List(pl.Int32),
    "answers": pl.List(pl.String),
}
_PIECES = re.compile(r"[\s,∪(){}\[\]]+")


def _looser_keys(form: Form) -> Iterator[str]:
    """Yield what an answer would be under looser conventions: rounded, without brackets, order, marks or word order."""
    if form.value is not None:
        point = sampled(form.value).points[0]
        if isinstance(point, Decimal) and point.is_finite():
            yield f"{point:.2e}"
            if form.unit == "percent":
                yield f"{point / 100:.2e}"
    elif form.bare:
        yield " ".join(sorted(_PIECES.split(form.bare.lower().removeprefix("text "))))
    yield form.bare


@lru_cache(maxsize=REMEMBERED)
def _meeting_keys(answer: str) -> tuple[str, ...]:
    """Return each looser key once, in an order that is the same in every process."""
    form = answer_form(answer)
    return () if form is None else tuple(sorted(set(_looser_keys(form))))


def _near_misses(rows: list[tuple[int, str]]) -> Iterator[tuple[list[int], list[str]]]:
    meetings: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
    for cluster_id, answer in rows:
        for key in _meeting_keys(answer):
            meetings[key].append((cluster_id, answer))
    seen: set[tuple[int, ...]] = set()
    for met in meetings.values():
        clusters = tuple(sorted({cluster_id for cluster_id, _ in met}))
        if len(clusters) > 1 and clusters not in seen:
            seen.add(clusters)
            yield list(clusters), [answer for _, answer in sorted(met)]


def audit_clusters(clusters: pl.DataFrame) -> pl.DataFrame:
    """Return problem_id, kind, cluster_ids and answers of the clusters of a `cluster_samples` table worth a look.

    A near miss is two clusters of a problem that rounding to three digits, or forgetting brackets, order or marks,
    would merge. An answer kept as text is one that no reader understood; words such as "Tuesday" are among them.
    """
    answered = clusters.filter(pl.col("cluster_id").is_not_null())
    shown = answered.group_by("problem_id", "cluster_id").agg(pl.col("predicted_answer").min())
    problems = shown.sort("problem_id", "cluster_id").group_by("problem_id", maintain_order=True)
    capped = set(capped_answers())
    found: list[tuple[str, str, list[int], list[str]]] = []
    for problem_id, ids, answers in problems.agg("cluster_id", "predicted_answer").iter_rows():
        rows = list(zip(ids, answers, strict=True))
        found.extend((problem_id, NEAR_MISS, *miss) for miss in _near_misses(rows))
        for cluster_id, answer in rows:
            form = answer_form(answer)
            if form is not None and form.kind == "text":
                found.append((problem_id, CAPPED if answer in capped else KEPT_AS_TEXT, [cluster_id], [answer]))
    return pl.DataFrame(found, schema=AUDIT_SCHEMA, orient="row")


def audit_counts(report: pl.DataFrame) -> dict[str, int]:
    """Return how many findings of each kind a report holds, for the metrics."""
    counts = dict(report.group_by("kind").len().iter_rows())
    return {kind.replace(" ", "_"): counts.get(kind, 0) for kind in (NEAR_MISS, KEPT_AS_TEXT, CAPPED)}

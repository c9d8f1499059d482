"""Cluster answers by value: one problem's list, or a whole table of samples at once."""

from collections.abc import Sequence

import polars as pl

from mathtune_answers.extract import extract_answers
from mathtune_answers.forms import Form, compatible
from mathtune_answers.joins import joined
from mathtune_answers.keys import answer_form

CLUSTERS_SCHEMA = {
    "problem_id": pl.String,
    "decoding": pl.String,
    "sample_index": pl.Int32,
    "predicted_answer": pl.String,
    "cluster_id": pl.Int32,
    "is_correct": pl.Boolean,
}


def cluster_answers(answers: Sequence[str | None]) -> list[int | None]:
    """Return a label for each answer of one problem: equal labels, equal answers; None where there is no answer.

    Labels count from 0 in the order of the answers; which answers share one does not depend on order or repetition.
    """
    forms: dict[str, Form] = {}
    keys: list[str | None] = []
    for answer in answers:
        form = None if answer is None else answer_form(answer)
        keys.append(None if form is None else form.key)
        if form is not None:
            forms.setdefault(form.key, form)
    groups = dict(zip(forms, joined(list(forms.values())), strict=True))
    labels: dict[int, int] = {}
    return [None if key is None else labels.setdefault(groups[key], len(labels)) for key in keys]


def _read_answers(answers: pl.Series) -> tuple[pl.DataFrame, dict[str, Form]]:
    """Return the key of each distinct answer, null for one that says nothing, and each key's form."""
    forms: dict[str, Form] = {}
    keys: list[str | None] = []
    loose: list[bool] = []
    for answer in answers:
        form = answer_form(answer)
        keys.append(None if form is None else form.key)
        loose.append(form is not None and form.loose)
        if form is not None:
            forms.setdefault(form.key, form)
    columns = {"predicted_answer": answers, "key": keys, "loose": loose}
    return pl.DataFrame(columns, schema={"predicted_answer": pl.String, "key": pl.String, "loose": pl.Boolean}), forms


def _joined_keys(keys: pl.DataFrame, forms: dict[str, Form]) -> pl.DataFrame:
    """Return problem_id, key and `group`, the key that stands for the cluster, for problems with loose keys."""
    problems: list[str] = []
    members: list[str] = []
    groups: list[str] = []
    loose = keys.filter(pl.col("loose").any().over("problem_id"))
    for problem_id, own in loose.group_by("problem_id").agg(pl.col("key").sort()).iter_rows():
        for key, first in zip(own, joined([forms[key] for key in own]), strict=True):
            problems.append(problem_id)
            members.append(key)
            groups.append(own[first])
    schema = {"problem_id": pl.String, "key": pl.String, "group": pl.String}
    return pl.DataFrame({"problem_id": problems, "key": members, "group": groups}, schema=schema)


def _verdicts(keys: pl.DataFrame, forms: dict[str, Form], problems: pl.DataFrame) -> pl.DataFrame:
    """Return whether each cluster is right: all that it holds must be, so that no cluster has two grades."""
    graded = keys.join(problems.select("problem_id", "expected_answer"), on="problem_id", how="left")
    pairs = graded.select("expected_answer", "key").unique()
    verdicts: list[bool] = []
    for expected, key in pairs.iter_rows():
        reference = None if expected is None else answer_form(expected)
        verdicts.append(reference is not None and compatible(reference, forms[key]))
    pairs = pairs.with_columns(is_correct=pl.Series(verdicts, dtype=pl.Boolean))
    return (
        graded.join(pairs, on=["expected_answer", "key"], how="left", nulls_equal=True)
        .group_by("problem_id", "group")
        .agg(pl.col("is_correct").all())
    )


def cluster_samples(samples: pl.DataFrame, problems: pl.DataFrame) -> pl.DataFrame:
    """Return problem_id, decoding, sample_index, predicted_answer, cluster_id, is_correct in the order of `samples`.

    `samples` has problem_id, decoding, sample_index and completion, `problems` problem_id and expected_answer.
    cluster_id is null exactly where there is no answer, and otherwise dense from 0 within a problem, in the order in
    which clusters first appear among its sampled solutions by sample_index and then among the greedy ones; the order of
    the rows does not matter. is_correct is constant within a cluster and False without an answer.
    """
    rows = samples.select(
        *("problem_id", "decoding", "sample_index"), extract_answers(samples["completion"]).alias("predicted_answer")
    )
    answers, forms = _read_answers(rows["predicted_answer"].drop_nulls().unique())
    rows = rows.join(answers, on="predicted_answer", how="left", maintain_order="left")
    late = pl.when(pl.col("decoding") == "sampled").then(0).otherwise(pl.col("decoding").rank("dense"))
    order = late.cast(pl.Int64) * 2**32 + pl.col("sample_index")
    keys = (
        rows.filter(pl.col("key").is_not_null())
        .group_by("problem_id", "key")
        .agg(pl.col("loose").any(), order.min().alias("first"))
    )
    keys = keys.join(_joined_keys(keys, forms), on=["problem_id", "key"], how="left").with_columns(
        pl.coalesce("group", "key").alias("group")
    )
    clusters = (
        keys.group_by("problem_id", "group")
        .agg(pl.col("first").min())
        .sort("problem_id", "first", "group")
        .with_columns(cluster_id=pl.int_range(pl.len(), dtype=pl.Int32).over("problem_id"))
        .join(_verdicts(keys, forms, problems), on=["problem_id", "group"], how="left")
    )
    found = keys.select("problem_id", "key", "group").join(
        clusters.drop("first"), on=["problem_id", "group"], how="left"
    )
    return rows.join(found, on=["problem_id", "key"], how="left", maintain_order="left").select(
        "problem_id",
        "decoding",
        "sample_index",
        pl.when(pl.col("key").is_not_null()).then("predicted_answer").alias("predicted_answer"),
        pl.col("cluster_id").cast(pl.Int32),
        pl.col("is_correct").fill_null(value=False),
    )

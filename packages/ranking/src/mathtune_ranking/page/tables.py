"""The report's tables: headers, rows and cells for the template, from the files of the stage `evaluate`."""

from typing import Any

import polars as pl

from mathtune_ranking.page.curves import selectors_of
from mathtune_ranking.page.evaluation import HEADLINE, Evaluation
from mathtune_ranking.results_table import COLUMNS, by_verifier, first_verifier, marked, verdict
from mathtune_ranking.selectors import SCORED


def results_rows(evaluation: Evaluation, subset: str) -> dict[str, Any]:
    """A table for the template: its headers, and a row a generator with a cell a selector."""
    rows = evaluation.results.filter(pl.col("subset") == subset)
    headers = [name.replace("Pass@N", f"Pass@{evaluation.counts['samples_a_problem']}") for name in COLUMNS]
    body = _body(first_verifier(rows), COLUMNS)
    return {"subset": subset, "headers": headers, "rows": body, "num_problems": rows["num_problems"][0]}


def verifier_rows(evaluation: Evaluation) -> dict[str, Any] | None:
    """All verifiers of a generator side by side, as `results_rows`; None when each generator has one verifier."""
    rows = by_verifier(evaluation.results.filter(pl.col("subset") == HEADLINE))
    if rows.is_empty():
        return None
    sure = verdict(evaluation.comparisons, "verifiers", evaluation.choice["selector"])
    return {"headers": list(SCORED), "rows": _body(rows, SCORED), "sure_lines": sure}


def _body(rows: pl.DataFrame, columns: tuple[str, ...]) -> list[dict[str, Any]]:
    cells = {(row["row"], row["selector"]): row for row in marked(rows).iter_rows(named=True)}
    names = rows["row"].unique(maintain_order=True).to_list()
    return [{"name": name, "cells": [cells[name, column] for column in columns]} for name in names]


def sure_lines(evaluation: Evaluation) -> list[str]:
    """Which differences between styles are significant under the chosen selector."""
    return verdict(evaluation.comparisons, "styles", evaluation.choice["selector"])


def breakdown_tables(evaluation: Evaluation) -> list[dict[str, Any]]:
    """For each selector, in a table each by subject, level, answer type and solution length: rows generators."""
    found = []
    for selector in selectors_of(evaluation.breakdowns):
        of_selector = evaluation.breakdowns.filter(pl.col("selector") == selector)
        tables = [_breakdown(part) for part in of_selector.partition_by("by", maintain_order=True)]
        found.append({"selector": selector, "tables": tables})
    return found


def _breakdown(part: pl.DataFrame) -> dict[str, Any]:
    columns = part.unique("value", maintain_order=True).select("value", "num_problems").rows()
    cells = {(row["generator"], row["value"]): row for row in part.iter_rows(named=True)}
    names = part["generator"].unique(maintain_order=True).to_list()
    rows = [{"name": name, "cells": [cells.get((name, value)) for value, _ in columns]} for name in names]
    return {"by": part["by"][0], "columns": columns, "rows": rows}


def verifier_matrix(evaluation: Evaluation) -> dict[str, Any]:
    """Whose verifier on whose samples: a row a generator, a column a verifier, and a cell where it scored them."""
    frame = evaluation.verifiers
    columns = frame["verifier"].unique(maintain_order=True).to_list()
    cells = {(row["generator"], row["verifier"]): row for row in frame.iter_rows(named=True)}
    names = frame["generator"].unique(maintain_order=True).to_list()
    rows = [
        {
            "name": name,
            "base_rate": next(row["base_rate"] for row in frame.iter_rows(named=True) if row["generator"] == name),
            "cells": [cells.get((name, column)) for column in columns],
        }
        for name in names
    ]
    return {"columns": columns, "rows": rows}


def cluster_size_table(evaluation: Evaluation) -> dict[str, Any]:
    """The share of right clusters by how many samples agree: a row a generator, a column a size."""
    frame = evaluation.cluster_sizes
    sizes = frame["size"].cast(pl.String).unique(maintain_order=True).to_list()
    sizes.sort(key=lambda size: int(size.split("–")[0].rstrip("+")))
    cells = {(row["generator"], str(row["size"])): row for row in frame.iter_rows(named=True)}
    names = frame["generator"].unique(maintain_order=True).to_list()
    return {"columns": sizes, "rows": [{"name": n, "cells": [cells.get((n, s)) for s in sizes]} for n in names]}


def overrule_rows(evaluation: Evaluation) -> list[dict[str, Any]]:
    """How often each selector chose another answer than the vote, for the headline's verifier of each generator."""
    first = pl.col("verifier") == pl.col("verifier").first().over("generator")
    return evaluation.overrules.filter(first).rows(named=True)

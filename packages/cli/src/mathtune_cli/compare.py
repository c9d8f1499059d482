"""`mathtune compare A B`: what changed between two revisions or experiments, tested problem by problem."""

import argparse
import io
from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl
from polars.exceptions import PolarsError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from mathtune_cli.revisions import Revision, read_revisions
from mathtune_cli.terminal import MAX_WIDTH, clipped, table
from mathtune_core.errors import MathtuneError
from mathtune_ranking.paired import Evaluation, paired, read_evaluation, shared_generators
from mathtune_ranking.paired_tests import ALPHA

PREDICTIONS_FILE = "artifacts/evaluate/predictions.parquet"
PROBLEMS_FILE = "artifacts/build_problems/problems.parquet"
PARAMS_FILE = "params.yaml"

MAX_NAME = 18
MAX_REVISION = 32
MAX_PARAMS = 8
EXAMPLE_ROWS = 5
EXAMPLES = 2  # problems gained, and as many lost, a row


def compare(chosen: argparse.Namespace) -> str:
    """Runs the command and returns what it prints.

    Raises MathtuneError for a revision without readable predictions, for two different test sets, and as `paired` does.
    """
    read = read_revisions((chosen.a, chosen.b), (PREDICTIONS_FILE, PROBLEMS_FILE, PARAMS_FILE))
    params = [_params(revision) for revision in read]
    a, b = (_evaluation(revision, values) for revision, values in zip(read, params, strict=True))
    rows = paired(a, b, generators=chosen.generator, selectors=chosen.selector, verifier=chosen.verifier)
    if chosen.csv:
        return rows.with_columns(pl.col("gained", "lost").list.join(" ")).write_csv().rstrip("\n")
    parts = [
        _heading(read, rows),
        _changed_params(chosen.a, chosen.b, *params),
        _only_in_one(a, b),
        _table(rows),
        _examples(rows),
    ]
    return "\n\n".join("\n".join(part) for part in parts if part)


def _params(revision: Revision) -> dict[str, Any]:
    """params.yaml, each value under its dotted name."""
    try:
        document = YAML(typ="safe").load(revision.files[2].decode("utf-8"))
    except (YAMLError, UnicodeDecodeError) as error:
        raise MathtuneError(f"{revision.name}: {PARAMS_FILE}: not valid YAML in UTF-8") from error
    return dict(_flat(document, ""))


def _flat(node: Any, name: str) -> Iterator[tuple[str, Any]]:
    if isinstance(node, dict) and node:
        for key, value in node.items():
            yield from _flat(value, f"{name}.{key}" if name else str(key))
    else:
        yield name, node


def _evaluation(revision: Revision, params: dict[str, Any]) -> Evaluation:
    subsets = params.get("evaluate.headline_subsets")
    if not isinstance(subsets, list):
        raise MathtuneError(f"{revision.name}: {PARAMS_FILE}: evaluate.headline_subsets: expected a list")
    predictions, problems = (
        _parquet(revision, path, content)
        for path, content in zip((PREDICTIONS_FILE, PROBLEMS_FILE), revision.files[:2], strict=True)
    )
    return read_evaluation(revision.name, predictions, problems, subsets)


def _parquet(revision: Revision, path: str, content: bytes) -> pl.DataFrame:
    try:
        return pl.read_parquet(io.BytesIO(content))
    except PolarsError as error:
        raise MathtuneError(f"{revision.name}: {path}: not a readable parquet file") from error


def _heading(read: Sequence[Revision], rows: pl.DataFrame) -> list[str]:
    """Two lines: which revisions, with how many samples, what K and how many seeds."""
    names = [clipped(revision.name, MAX_REVISION) for revision in read]
    lines = []
    for side, name, revision in zip("ab", names, read, strict=True):
        verifiers = ", ".join(rows[f"verifier_{side}"].drop_nulls().unique(maintain_order=True))
        facts = {
            "N": _numbers(rows[f"n_{side}"].filter(rows[f"n_{side}"] > 1)),
            "K": _numbers(rows[f"k_{side}"]),
            "seeds": _numbers(rows[f"num_seeds_{side}"]),
            "verifier": verifiers,
        }
        told = ", ".join(f"{key} {value}" for key, value in facts.items() if value)
        lines.append(f"{side.upper()}  {name.ljust(max(map(len, names)))}  {revision.origin}; {told}")
    return lines


def _numbers(values: pl.Series) -> str:
    return "/".join(str(value) for value in values.drop_nulls().unique().sort())


def _changed_params(name_a: str, name_b: str, a: dict[str, Any], b: dict[str, Any]) -> list[str]:
    """The params that differ, the first few; the rest as a count."""
    absent = object()
    names = [name for name in {**a, **b} if a.get(name, absent) != b.get(name, absent)]
    if not names:
        return ["params.yaml is the same in both."]
    told = [
        f"  {name}: {_value(a.get(name, absent), absent)} → {_value(b.get(name, absent), absent)}" for name in names
    ]
    more = len(names) - MAX_PARAMS
    return [
        "Params that differ",
        *(clipped(line, MAX_WIDTH) for line in told[:MAX_PARAMS]),
        *([f"  and {more} more: dvc params diff {name_a} {name_b}"] if more > 0 else []),
    ]


def _value(value: Any, absent: object) -> str:
    if value is absent:
        return "not there"
    if value is None:
        return "null"
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list) else str(value)


def _only_in_one(a: Evaluation, b: Evaluation) -> list[str]:
    shared = shared_generators(a, b)
    lines = []
    for side, of in (("A", a), ("B", b)):
        alone = [name for name in of.predictions["generator"].unique(maintain_order=True) if name not in shared]
        if alone:
            lines.append(clipped(f"Only in {side}, and left out: {', '.join(alone)}", MAX_WIDTH))
    return lines


def _table(rows: pl.DataFrame) -> list[str]:
    header = ("generator", "selector", "A", "B", "change", "95% interval", "p", "p Holm", "gained", "lost")
    body = []
    previous = None
    for row in rows.iter_rows(named=True):
        named = row["generator"] if row["generator"] != previous else ""
        previous = row["generator"]
        mark = "*" if row["p_holm"] < ALPHA else " "
        gained, lost = len(row["gained"]), len(row["lost"])
        interval = f"{_signed(row['low'])} to {_signed(row['high'])}" if gained + lost else "no change"
        cells = (
            *(clipped(named, MAX_NAME), row["selector"]),
            *(f"{row[name]:.1f}" for name in ("accuracy_a", "accuracy_b")),
            *(_signed(row["difference"]), interval),
            *(f"{row['p']:.4f}", f"{row['p_holm']:.4f}{mark}", str(gained), str(lost)),
        )
        body.append(cells)
    num_problems = rows["num_problems"][0]
    significant = int((rows["p_holm"] < ALPHA).sum())
    return [
        f"Accuracy in percent on {num_problems} test problems, the same in both; change: B − A, in points",
        "",
        *table(header, body, texts=2),
        "",
        f"* p < {ALPHA} after Holm over the {rows.height} rows: {significant or 'none'} of them"
        "   p: two-sided, paired by problem",
        "gained, lost: problems that B answers better, worse",
    ]


def _examples(rows: pl.DataFrame) -> list[str]:
    """A few problems gained and lost in the rows that changed most surely."""
    changed = rows.filter(pl.col("gained").list.len() + pl.col("lost").list.len() > 0)
    shown = changed.sort("p", maintain_order=True).head(EXAMPLE_ROWS)
    if shown.is_empty():
        return ["No problem is answered better or worse."]
    lines = [
        (
            f"{clipped(row['generator'], MAX_NAME)} {row['selector']}",
            *(" ".join(row[kind][:EXAMPLES]) or "–" for kind in ("gained", "lost")),
        )
        for row in shown.iter_rows(named=True)
    ]
    of = f"the {EXAMPLE_ROWS} rows" if changed.height > EXAMPLE_ROWS else "the rows"
    title = f"Problems that changed most, at most {EXAMPLES} of each kind, in {of} with the least p"
    return [title, "", *table(("", "gained", "lost"), lines, texts=3)]


def _signed(points: float) -> str:
    rounded = round(points, 1)
    return f"{rounded:+.1f}".replace("-", "−") if rounded else "0.0"

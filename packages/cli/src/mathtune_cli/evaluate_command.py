"""`mathtune evaluate`: the tables of our evaluation for samples that other people's tools made, without any model."""

import argparse
import textwrap
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from mathtune_core.errors import MathtuneError
from mathtune_ranking.external import ExternalSamples, File, read_external
from mathtune_ranking.external_columns import FLAGS
from mathtune_ranking.external_evaluation import (
    HOW,
    ExternalEvaluation,
    agreement_of,
    breakdowns_of,
    compared,
    curves_of,
    evaluate_external,
    quality_of,
    results_of,
    write_evaluation,
)
from mathtune_ranking.paired_tests import ALPHA
from mathtune_ranking.selectors import SELECTORS
from mathtune_styles.readers.files import file_rows

MEANINGS = {
    "Pass@1": "the greedy completion",
    "Mean Pass@1": "one sample, whichever",
    "Random": "one sample that has an answer, whichever",
    "Maj1": "the most frequent answer",
    "RR.All": "the answer of the best score",
    "RR.MajK": "the answer of the best score, of the K most frequent",
    "W.RR": "the answer of the largest sum of scores",
    "W.RR.MajK": "the same, of the K most frequent",
    "Maj1.TopN": "the most frequent answer among the better-scored half",
    "MajK": "oracle: a right answer among the K most frequent",
    "Pass@N": "oracle: any sample right",
}
MOST_VALUES = 12  # of a subject or level, to be printed
MOST_SIZES = 12  # of n, the largest ones
MAX_WIDTH = 100


def evaluate(chosen: argparse.Namespace) -> str:
    """Runs the command and returns what it prints.

    Raises MathtuneError for values that make no sense, and as `read_external` does.
    """
    for name in ("n", "k"):
        if getattr(chosen, name) is not None and getattr(chosen, name) < 1:
            raise MathtuneError(f"mathtune evaluate: --{name}: must be at least 1, got {getattr(chosen, name)}")
    if chosen.completions and chosen.completion:
        raise MathtuneError("mathtune evaluate: --completions names a list a row, --completion one a row; give one")
    if chosen.out is not None and chosen.out.exists() and not (chosen.out.is_dir() and not any(chosen.out.iterdir())):
        raise MathtuneError(f"{chosen.out}: is there already; --out makes a new folder")
    groups = [chosen.files, *([chosen.against] if chosen.against else [])]
    samples = [_read(chosen, paths, chosen.n) for paths in groups]
    count = min(one.num_samples for one in samples)
    if len({one.num_samples for one in samples}) > 1:  # Pass@N and votes of unequal N are no comparison
        samples = [_read(chosen, paths, count) for paths in groups]
    names = _names([paths[0] for paths in groups])
    found = [evaluate_external(one, name, chosen.k) for one, name in zip(samples, names, strict=True)]
    curves = curves_of(found[0]) if chosen.curves or chosen.out is not None else None
    blocks = [_about(found[0], chosen), _accuracies(found[0])]
    blocks += [_breakdown(table) for table in breakdowns_of(found[0]).partition_by("by", maintain_order=True)]
    if chosen.curves and curves is not None:
        blocks.append(_curve_table(curves, found[0]))
    blocks += [_judgements(found[0]), *(_comparison(found[0], other) for other in found[1:])]
    if chosen.out is not None and curves is not None:
        try:
            write_evaluation(found[0], curves, chosen.out)
        except OSError as error:
            raise MathtuneError(f"{chosen.out}: cannot be written ({error.strerror})") from error
    return "\n\n".join("\n".join(line.rstrip() for line in block) for block in blocks if block)


def _read(chosen: argparse.Namespace, paths: Sequence[Path], n: int | None) -> ExternalSamples:
    if len({path.resolve() for path in paths}) < len(paths):
        raise MathtuneError(f"{paths[0]}: a file is given twice; its samples would count twice")
    given = {name: getattr(chosen, name) for name in FLAGS if getattr(chosen, name)}
    return read_external(
        [_opened(path) for path in paths],
        given,
        problems=_opened(chosen.problems) if chosen.problems else None,
        greedy=_opened(chosen.greedy_file) if chosen.greedy_file else None,
        transform=chosen.score_transform,
        n=n,
    )


def _opened(path: Path) -> File:
    try:
        path.open("rb").close()
    except OSError as error:
        raise MathtuneError(f"{path}: cannot be read ({error.strerror})") from error
    return path, file_rows(path, "mathtune evaluate")


def _names(paths: Sequence[Path]) -> list[str]:
    """What the tables call each run: the name of its first file, with its folders where two are alike."""
    stems = [path.stem for path in paths]
    return stems if len(set(stems)) == len(stems) else [str(path) for path in paths]


def _about(found: ExternalEvaluation, chosen: argparse.Namespace) -> list[str]:
    """What was read, and what the numbers rest on."""
    samples, files = found.samples, chosen.files
    name = _shortened(files[0].name, 50) + (f" and {len(files) - 1} more" if len(files) > 1 else "")
    drawn = samples.samples.filter(pl.col("decoding") == "sampled")
    answered = found.clusters.filter((pl.col("decoding") == "sampled") & pl.col("cluster_id").is_not_null()).height
    told = [f"{100 * (1 - answered / drawn.height):.1f}% of samples have no answer and count as wrong"]
    if drawn["finish_reason"].null_count() == 0:
        told.append(f"{100 * (drawn['finish_reason'] == 'length').sum() / drawn.height:.1f}% were cut short")
    if drawn["num_tokens"].null_count() == 0:
        told.append(f"{drawn['num_tokens'].sum() / drawn.height:.0f} tokens on average")
    transform = "" if chosen.score_transform == "none" else f" ({chosen.score_transform})"
    read = [f"{field.replace('_', ' ')} from {column}" for field, column in samples.columns.items() if field in _TOLD]
    lines = [
        f"{name}: {found.num_problems:,} problems, N = {samples.num_samples} samples a problem",
        *_wrapped(f"Read {', '.join(read).replace('scores from', f'scores{transform} from')}"),
        *_wrapped("; ".join(told)),
        f"K = {chosen.k}, as --k has it: nothing is tuned, for there is no validation split",
    ]
    if not samples.has_greedy:
        lines.append("No greedy completions, so no Pass@1: name their column (--greedy) or file (--greedy-file)")
    if samples.scores is None:
        lines.append("No scores, so nothing is re-ranked: name their column with --scores")
    return [*lines, *(line for note in samples.notes for line in _wrapped(f"Note: {note}"))]


_TOLD = ("problem_id", "problem", "answer", "greedy", "scores", "grades", "completions")


def _accuracies(found: ExternalEvaluation) -> list[str]:
    rows = {row["selector"]: row for row in results_of(found).iter_rows(named=True)}
    confidence = f"{100 * HOW.confidence:.0f}% interval"
    lines = [f"{'selector':<14}{'accuracy':>8}{'':>7}{confidence:>15}   chooses", "─" * MAX_WIDTH]
    for selector in SELECTORS:
        count = found.samples.num_samples
        name = f"Pass@{count}" if selector == "Pass@N" and count > 1 else selector  # Pass@1 is the greedy one
        if selector in rows:
            row = rows[selector]
            half = f" ±{(row['high'] - row['low']) / 2:.1f}"
            bounds = f"{row['low']:.1f}–{row['high']:.1f}"
            lines.append(f"{name:<14}{row['accuracy']:>8.1f}{half:<7}{bounds:>15}   {MEANINGS[selector]}")
        elif selector == "Pass@1":
            lines.append(f"{name:<14}{'–':>8}{'':>7}{'–':>15}   {MEANINGS[selector]}")
    return lines


def _breakdown(table: pl.DataFrame) -> list[str]:
    """Accuracy by the values of a subject or level."""
    values = table["value"].unique(maintain_order=True).to_list()
    if len(values) > MOST_VALUES:
        return [f"By {table['by'][0]}: {len(values)} values, in breakdowns.csv of --out"]
    cells = {(row["value"], row["selector"]): row for row in table.iter_rows(named=True)}
    columns = [name for name in ("Pass@1", "Maj1", "RR.All", "W.RR", "Pass@N") if (values[0], name) in cells]
    header = f"{'by ' + table['by'][0]:<26}{'problems':>10}" + "".join(f"{name:>12}" for name in columns)
    lines = [header, "─" * len(header)]
    for value in values:
        shown = "".join(f"{cells[value, name]['accuracy']:>12.1f}" for name in columns)
        lines.append(f"{_shortened(value, 25):<26}{cells[value, columns[0]]['num_problems']:>10,}{shown}")
    return lines


def _curve_table(curves: pl.DataFrame, found: ExternalEvaluation) -> list[str]:
    """Accuracy of each selector at n = 1, 2, 4, … and N."""
    count = found.samples.num_samples
    sizes = [*(2**power for power in range(count.bit_length()) if 2**power < count), count][-MOST_SIZES:]
    accuracy = {(row["selector"], row["n"]): row["accuracy"] for row in curves.iter_rows(named=True)}
    names = curves["selector"].unique(maintain_order=True).to_list()
    header = f"{'with n samples':<16}" + "".join(f"{size:>7}" for size in sizes)
    return [
        header,
        "─" * len(header),
        *(f"{name:<16}" + "".join(f"{accuracy[name, size]:>7.1f}" for size in sizes) for name in names),
    ]


def _judgements(found: ExternalEvaluation) -> list[str]:
    """What the scores are worth, and whether the tool's grades are ours."""
    lines = []
    quality, agreement = quality_of(found), agreement_of(found)
    if quality is not None:
        auc, within = ("–" if value is None else f"{value:.3f}" for value in (quality.auc, quality.auc_within_problems))
        lines += _wrapped(
            f"Scores: AUC {auc} over all samples, {within} within problems ({quality.num_mixed_problems:,} have right "
            f"and wrong samples); calibration error {quality.expected_calibration_error:.3f}; "
            f"{100 * quality.base_rate:.1f}% of samples are right"
        )
    if agreement is not None:
        column = found.samples.columns["grades"]
        lines += _wrapped(
            f"Grades in {column}: {agreement.num_alike:,} of {agreement.num_samples:,} are ours; "
            f"{agreement.only_ours:,} right by ours alone, {agreement.only_theirs:,} by theirs alone"
        )
    return lines


def _comparison(first: ExternalEvaluation, second: ExternalEvaluation) -> list[str]:
    """The second run beside the first, selector by selector."""
    tested = compared(first, second)
    header = f"{'selector':<14}{'A':>8}{'B':>8}{'B − A':>10}{'95% interval':>18}{'p':>10}{'p Holm':>10}"
    lines = [
        f"A: {_shortened(first.name, MAX_WIDTH - 3)}",
        f"B: {_shortened(second.name, MAX_WIDTH - 3)}",
        header,
        "─" * len(header),
    ]
    for selector, (one, p_holm) in tested.items():
        means = "".join(f"{100 * run.p_correct(selector).mean():>8.1f}" for run in (first, second))
        bounds = f"{_signed(one.low)} to {_signed(one.high)}"
        mark = "*" if p_holm < ALPHA else ""
        numbers = f"{_signed(one.difference):>10}{bounds:>18}{one.p:>10.4f}{p_holm:>10.4f}{mark}"
        lines.append(f"{selector:<14}{means}{numbers}")
    significant = sum(p_holm < ALPHA for _, p_holm in tested.values())
    return [
        *lines,
        f"* p < {ALPHA} after Holm over the {len(tested)} selectors of this table: {significant or 'none'} of them",
        "p: two-sided, paired by problem, each selector for itself; intervals are each selector's own too",
    ]


def _wrapped(line: str) -> list[str]:
    return textwrap.wrap(line, MAX_WIDTH, subsequent_indent="  ", break_on_hyphens=False)


def _signed(fraction: float) -> str:
    return f"{round(100 * fraction, 1) + 0.0:+.1f}".replace("-", "−")


def _shortened(text: str, width: int) -> str:
    name = "".join(letter if letter.isprintable() else "?" for letter in text)  # it is another's, and may be hostile
    return name if len(name) <= width else f"{name[: width - 1]}…"

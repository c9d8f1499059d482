"""The tables of Liu et al. 2023 (arXiv 2310.10047) with what this run has beside them."""

from dataclasses import dataclass

import polars as pl

from mathtune_core.study import FEW_SHOT, Study
from mathtune_ranking.findings import MARGIN, TERSE
from mathtune_ranking.page.evaluation import HEADLINE, Evaluation


@dataclass(frozen=True, slots=True)
class Beside:
    """One of the paper's accuracies, in percent, and ours that answers to it: (name, accuracy, low, high) each."""

    training: str
    selector: str
    paper: float
    ours: tuple[tuple[str, float, float, float], ...]


def tables(evaluation: Evaluation, study: Study) -> list[Beside]:
    """PaLM 2-L on the 500 test problems of MATH, N = 64, K = 8; ours with this run's N and K."""
    explicit = [style for style in study.styles if style not in (TERSE, *study.mixes)]
    terse = [style for style in study.styles if style == TERSE]
    both = list(study.mixes)
    margin = MARGIN if MARGIN in study.shared_verifiers else study.shared_verifiers[0]
    rows = (
        ("Few-shot", "Maj1", 47.6, [name for name in study.recipes if name == FEW_SHOT], None),
        ("SSFT on MATH's own, terse solutions", "Maj1", 49.2, terse, None),
        ("SSFT on PRM800K's step-by-step solutions", "Maj1", 54.2, explicit, None),
        ("SSFT on both", "Maj1", 55.2, both, None),
        ("SSFT on both, margin verifier", "RR.All", 57.0, both or explicit, margin),
        ("SSFT on both, margin verifier", "RR.MajK", 58.8, both or explicit, margin),
    )
    return [
        Beside(training, selector, accuracy, _ours(evaluation, names, selector, verifier))
        for training, selector, accuracy, names, verifier in rows
    ]


def _ours(
    evaluation: Evaluation, generators: list[str], selector: str, verifier: str | None
) -> tuple[tuple[str, float, float, float], ...]:
    found = []
    rows = evaluation.results.filter((pl.col("subset") == HEADLINE) & (pl.col("selector") == selector))
    for generator in generators:
        of_one = rows.filter(pl.col("generator") == generator)
        chosen = of_one.filter(pl.col("verifier") == verifier) if verifier else of_one
        if chosen.height:
            row = chosen.row(0, named=True)
            name = f"{generator} by {verifier}" if verifier else generator
            found.append((name, row["accuracy"], row["low"], row["high"]))
    return tuple(found)

"""A pool of solutions as text: the answers, what each selector picks and why, and the solution that won."""

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from mathtune_cli.pool import Cluster, Pool
from mathtune_cli.terminal import GAP, clipped, harmless, table, width
from mathtune_ranking.selectors import RESTRICTED

MAX_CLUSTERS = 20
MAX_ANSWER = 16  # where it stands beside others in a line
ONE_LINE = str.maketrans("\n", " ")


@dataclass(frozen=True, slots=True)
class Measure:
    """What a selector compares answers by, and how it is told."""

    value: Callable[[Cluster], float]
    digits: int
    phrase: str  # of the number, and of N


VOTES = Measure(lambda cluster: cluster.votes, 0, "{} of {n} solutions")
SCORE_SUM = Measure(lambda cluster: cluster.score_sum, 2, "scores sum to {}")
BEST_SCORE = Measure(lambda cluster: cluster.best_score, 3, "best score {}")
TOP_VOTES = Measure(lambda cluster: cluster.top_votes, 1, "{} votes of the better-scored half")
MEASURES = {
    "Maj1": VOTES,
    "RR.All": BEST_SCORE,
    "RR.MajK": BEST_SCORE,
    "W.RR": SCORE_SUM,
    "W.RR.MajK": SCORE_SUM,
    "Maj1.TopN": TOP_VOTES,
}


def render(pool: Pool, selector: str, k: int, reason: str, *, with_samples: bool) -> str:
    """All parts, in at most the terminal's columns but for the solutions, which stand as they were written."""
    parts = [
        _clusters(pool, pool.winner(selector)),
        _picks(pool, k),
        _winner(pool, selector, reason),
        *([_solutions(pool)] if with_samples else []),
    ]
    return "\n\n".join("\n".join(part) for part in parts)


def _clusters(pool: Pool, winner: int | None) -> list[str]:
    places = _by_votes(pool)
    header = ("answer", "votes", *(("score sum", "best score") if pool.is_scored else ()), "")
    room = width() - sum(len(name) + GAP for name in header[1:]) - len("chosen, greedy")
    rows = []
    for place in places[:MAX_CLUSTERS]:
        cluster = pool.clusters[place]
        scores = (f"{cluster.score_sum:.2f}", f"{cluster.best_score:.3f}") if cluster.votes else ("–", "–")
        notes = [*(["chosen"] if place == winner else []), *(["greedy"] if cluster.is_greedy else [])]
        cells = (_answer(cluster, room), str(cluster.votes), *(scores if pool.is_scored else ()))
        rows.append((*cells, ", ".join(notes)))
    blank = ("",) * (3 if pool.is_scored else 1)
    rest = places[MAX_CLUSTERS:]
    if rest:
        votes = sum(pool.clusters[place].votes for place in rest)
        rows.append((f"({len(rest)} more answers)", str(votes), *blank))
    silent = pool.sampled["cluster"].null_count()
    if silent:
        rows.append(("(no answer)", str(silent), *blank))
    cut = int((pool.sampled["finish_reason"] == "length").sum())
    return [
        *table(header, rows),
        *([f"{cut} of {pool.sampled.height} were cut at --max-tokens"] if cut else []),
    ]


def _by_votes(pool: Pool) -> list[int]:
    return sorted(
        range(len(pool.clusters)), key=lambda place: (-pool.clusters[place].votes, -pool.clusters[place].score_sum)
    )


def _picks(pool: Pool, k: int) -> list[str]:
    rows = []
    for selector, chances in pool.picks.items():
        picked = sorted((place for place, chance in enumerate(chances) if chance > 0), key=lambda p: -chances[p])
        names = [_answer(pool.clusters[place], MAX_ANSWER) for place in picked]
        if len(picked) > 1:
            names = [f"{name} ({100 * chances[place]:.0f}%)" for name, place in zip(names, picked, strict=True)]
        told = " or ".join(names[:2]) + (f" or {len(names) - 2} more" if len(names) > 2 else "")
        rows.append((selector, clipped(told or "–", 2 * width() // 5), _why(pool, selector, picked, k)))
    room = width() - 2 * GAP - sum(max(len(row[column]) for row in rows) for column in (0, 1))
    rows = [(selector, told, clipped(why, room)) for selector, told, why in rows]
    return table(("selector", "picks", "because"), rows, texts=3)


def _why(pool: Pool, selector: str, picked: list[int], k: int) -> str:
    if selector == "Pass@1":
        return "the greedy solution's answer" if picked else "the greedy solution has no answer"
    if not picked:
        return "no solution has an answer"
    measure = MEASURES[selector]
    numbers = [f"{measure.value(cluster):.{measure.digits}f}" for cluster in pool.clusters]
    told = measure.phrase.format(numbers[picked[0]], n=pool.sampled.height)
    voted = [place for place, cluster in enumerate(pool.clusters) if cluster.votes]
    if selector in RESTRICTED and k < len(voted):
        return f"{told} of the {k} most frequent{'; ties' if len(picked) > 1 else ''}"
    if len(picked) > 1:
        return f"{told} each"
    others = [place for place in voted if place not in picked]
    if not others:
        return f"{told}; no other answer"
    runner_up = max(others, key=lambda place: measure.value(pool.clusters[place]))
    return f"{told}; next {_answer(pool.clusters[runner_up], MAX_ANSWER)}: {numbers[runner_up]}"


def _winner(pool: Pool, selector: str, reason: str) -> list[str]:
    winner = pool.winner(selector)
    by = f"by {selector} ({reason})"
    shown = pool.best_solution(winner, selector)
    if winner is None:
        return [f"No answer {by}. One of the solutions:", "", harmless(str(shown["completion"]))]
    cluster = pool.clusters[winner]
    is_tie = sum(chance > 0 for chance in pool.picks[selector]) > 1
    tie = "; of equals the first by text" if is_tie else ""
    if selector == "Pass@1":
        kind = "The greedy solution"
    elif cluster.votes == 1:
        kind = "Its one solution"
    else:
        kind = f"The {'best-scored' if pool.is_scored else 'most probable'} of its {cluster.votes} solutions"
    score = f", score {shown['score']:.3f}" if pool.is_scored else ""
    answer = harmless(cluster.answer).translate(ONE_LINE)
    return [f"Answer: {answer}   {by}{tie}", "", f"{kind}{score}:", "", harmless(str(shown["completion"]))]


def _solutions(pool: Pool) -> list[str]:
    """Every solution once, the most frequent answer first and within it the best-scored."""
    ranks = {place: rank for rank, place in enumerate(_by_votes(pool))}
    distinct = (
        pool.solutions.group_by("cluster", "completion", maintain_order=True)
        .agg(
            pl.col("score").first(),
            (pl.col("decoding") == "greedy").any().alias("is_greedy"),
            pl.col("sample_index").filter(pl.col("decoding") == "sampled").alias("samples"),
        )
        .with_columns(rank=pl.col("cluster").replace_strict(ranks, default=len(ranks), return_dtype=pl.Int64))
        .sort(pl.col("rank"), -pl.col("score"), maintain_order=True)
    )
    lines = []
    for row in distinct.iter_rows(named=True):
        samples = ", ".join(map(str, row["samples"]))
        written = [*([f"sample {samples}"] if samples else []), *(["greedy"] if row["is_greedy"] else [])]
        score = f", score {row['score']:.3f}" if pool.is_scored else ""
        answer = "no answer" if row["cluster"] is None else _answer(pool.clusters[row["cluster"]], MAX_ANSWER)
        lines += ["", f"── {answer}: {' and '.join(written)}{score}", harmless(row["completion"])]
    return lines[1:]


def _answer(cluster: Cluster, columns: int) -> str:
    return clipped(harmless(cluster.answer).translate(ONE_LINE), columns)

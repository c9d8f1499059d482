"""Our answers against math-verify: time and memory.

Run by `make bench`. It needs MATH under $MATHTUNE_DATA, and math-verify, which is no dependency of ours:
`pip install "math-verify[antlr4_9_3]"`. Times are printed and never asserted.
"""

import functools
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from answer_pairs import different, in_dollars, pairs_of, same, verdict_of_math_verify

import mathtune_answers
import mathtune_core
from mathtune_answers import grade, keys

PROBLEMS, SAMPLES = 5_000, 64
PART = 60
TIMED_PAIRS = 1_500
TABLE_ROWS = 3_200_000
MEMORY_LIMIT_GIB = 4

pytestmark = [
    pytest.mark.benchmark,
    # math-verify imports SymPy's deprecated names and warns when its own time-outs are off
    pytest.mark.filterwarnings("ignore:::(sympy|latex2sympy2_extended|math_verify|antlr4)"),
]


def cold_caches(everything: bool = True) -> None:
    """Forget earlier answers: everything that the packages and SymPy remember, or whole answers alone."""
    packages = ("mathtune_answers", "math_verify", "latex2sympy2_extended") if everything else ("math_verify",)
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in packages:
            for value in list(vars(module).values()):
                if isinstance(value, functools._lru_cache_wrapper) and value.__name__ not in _COMPILED:
                    value.cache_clear()
    keys._remembered.cache_clear()
    if everything and "sympy" in sys.modules:
        from sympy.core.cache import clear_cache

        clear_cache()


_COMPILED = ("lazy_string_regex", "lazy_expr_regex", "lazy_latex_regex", "get_extraction_regexes")  # not of an answer
MEDIANS: dict[tuple[str, str], float] = {}


@pytest.mark.parametrize("start", ["nothing remembered", "libraries warm"])
@pytest.mark.parametrize("grader", ["mathtune", "math-verify"])
def test_median_verdict(
    benchmark: Any, grader: str, start: str, golds: list[str], math_verify: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """One pair for each of many answers, so that no string returns; either nothing is remembered between the pairs,
    or what the packages and SymPy remember of parts, such as units and subexpressions, stays as a run leaves it."""
    judge = grade if grader == "mathtune" else functools.partial(verdict_of_math_verify, math_verify)
    chance = random.Random(1)
    pairs_by_gold: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for reference, answer, _ in pairs_of(golds):
        pairs_by_gold[reference].append((reference, answer))
    pairs = chance.sample([chance.choice(pairs) for pairs in pairs_by_gold.values()], TIMED_PAIRS)
    judge(*pairs[0])
    waiting = iter(pairs)

    def setup() -> tuple[tuple[str, str], dict[str, Any]]:
        cold_caches(everything=start == "nothing remembered")
        return next(waiting), {}

    benchmark.pedantic(judge, setup=setup, rounds=len(pairs))
    MEDIANS[grader, start] = median = benchmark.stats.stats.median
    with capsys.disabled():
        print(f"\n{grader}, {start}: median verdict {1e3 * median:.3f} ms, {len(pairs)} pairs")
        if ("mathtune", start) in MEDIANS and ("math-verify", start) in MEDIANS:
            ratio = MEDIANS["math-verify", start] / MEDIANS["mathtune", start]
            print(f"ratio of the medians, {start}: {ratio:.1f}")


def sampled_answers(golds: list[str], seed: int) -> list[list[str | None]]:
    """Return 64 answers for each problem, with the duplication that real samples have.

    A share of the samples, drawn anew for each problem, is right. The rest falls on a few wrong answers, the first ones
    by far the most often, and one in twenty gives none. Most are spelled as the gold answer is, others rewritten.
    """
    chance = random.Random(seed)
    wrong_of_others = sorted(set(golds))
    problems: list[list[str | None]] = []
    for gold in golds:
        right = chance.betavariate(1.2, 0.8)
        wrong = [*different(gold), *chance.choices(wrong_of_others, k=14)]
        chance.shuffle(wrong)
        weights = [1 / (rank + 1) ** 1.3 for rank in range(len(wrong))]
        answers: list[str | None] = []
        for _ in range(SAMPLES):
            if chance.random() < 0.05:
                answers.append(None)
                continue
            answer = gold if chance.random() < right else chance.choices(wrong, weights)[0]
            answers.append(chance.choice(list(same(answer))) if chance.random() < 0.3 else answer)
        problems.append(answers)
    return problems


def samples_table(problems: list[list[str | None]]) -> pl.DataFrame:
    rows = [
        (f"p{number}", "sampled", index, f"Attempt {index} at {number}, which I "
         + ("do not finish." if answer is None else rf"finish: $\boxed{{{answer}}}$."))
        for number, answers in enumerate(problems)
        for index, answer in enumerate(answers)
    ]  # fmt: skip
    schema = {"problem_id": pl.String, "decoding": pl.String, "sample_index": pl.Int32, "completion": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


CLUSTER_SCRIPT = """
import json, resource, sys, time
import polars as pl
from mathtune_answers import cluster_samples
samples, problems = pl.read_parquet(sys.argv[1]), pl.read_parquet(sys.argv[2])
copies = int(sys.argv[3])
if copies > 1:
    prefix = lambda copy: pl.concat_str(pl.lit(f"{copy}-"), "problem_id").alias("problem_id")
    text = lambda copy: pl.concat_str(pl.lit(f"Copy {copy}. "), "completion").alias("completion")
    samples = pl.concat([samples.with_columns(prefix(copy), text(copy)) for copy in range(copies)])
    problems = pl.concat([problems.with_columns(prefix(copy)) for copy in range(copies)])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.perf_counter()
clusters = cluster_samples(samples, problems)
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"rows": len(clusters), "seconds": seconds, "peak_kib": peak, "table_kib": before,
                  "clusters": clusters.select("problem_id", "cluster_id").drop_nulls().n_unique()}))
"""


def cluster_in_a_fresh_process(
    folder: Path, problems: list[list[str | None]], golds: list[str], copies: int = 1
) -> Any:
    samples_table(problems).write_parquet(folder / "samples.parquet")
    names = [f"p{number}" for number in range(len(golds))]
    pl.DataFrame({"problem_id": names, "expected_answer": golds}).write_parquet(folder / "problems.parquet")
    paths = [str(Path(package.__file__ or "").parents[1]) for package in (mathtune_answers, mathtune_core)]
    command = [
        sys.executable,
        "-c",
        CLUSTER_SCRIPT,
        folder / "samples.parquet",
        folder / "problems.parquet",
        str(copies),
    ]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    )
    return json.loads(done.stdout)


def cluster_with_math_verify(math_verify: Any, answers: list[str | None], remember: bool) -> list[int | None]:
    """Compare each answer with the representatives of the clusters so far; every answer is parsed once.

    With `remember`, only distinct strings are parsed and compared: the most that a string cache could save.
    """
    representatives: list[Any] = []
    labels: list[int | None] = []
    known: dict[str, int] = {}
    for answer in answers:
        if answer is None:
            labels.append(None)
        elif remember and answer in known:
            labels.append(known[answer])
        else:
            parsed = math_verify.parse(in_dollars(answer))
            found = (at for at, other in enumerate(representatives) if math_verify.verify(other, parsed))
            label = next(found, len(representatives))
            if label == len(representatives):
                representatives.append(parsed)
            labels.append(known.setdefault(answer, label) if remember else label)
    return labels


def test_clustering_320_000_samples(
    benchmark: Any, golds: list[str], math_verify: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    golds = golds[:PROBLEMS]
    problems = sampled_answers(golds, seed=2)
    distinct = statistics.median(len({answer for answer in answers if answer is not None}) for answers in problems)
    runs: list[Any] = []
    benchmark.pedantic(
        lambda: runs.append(cluster_in_a_fresh_process(tmp_path, problems, golds)), rounds=3, warmup_rounds=0
    )
    seconds = statistics.median(run["seconds"] for run in runs)
    assert all(run["rows"] == len(golds) * SAMPLES for run in runs)
    part = random.Random(3).sample(problems, PART)
    scaled: dict[str, float] = {}
    for name, remember in (("every answer", False), ("distinct strings only", True)):
        cold_caches()
        start = time.perf_counter()
        for answers in part:
            cluster_with_math_verify(math_verify, answers, remember)
        scaled[name] = (time.perf_counter() - start) * len(problems) / PART
    with capsys.disabled():
        print(
            f"\nmathtune: {runs[0]['rows']:,} samples of {len(golds):,} problems ({distinct:.0f} distinct strings a "
            f"problem in the median, {runs[0]['clusters']:,} clusters) in {seconds:.2f} s, cold"
        )
        for name, estimate in scaled.items():
            print(
                f"math-verify, {name}: {estimate:,.0f} s, scaled from {PART} problems; ratio {estimate / seconds:,.0f}"
            )


def test_peak_memory_of_3_200_000_samples(golds: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    golds = golds[:PROBLEMS]
    copies = TABLE_ROWS // (len(golds) * SAMPLES)
    run = cluster_in_a_fresh_process(tmp_path, sampled_answers(golds, seed=2), golds, copies)
    with capsys.disabled():
        print(
            f"\n{run['rows']:,} rows: peak memory {run['peak_kib'] / 2**20:.2f} GiB, "
            f"{run['table_kib'] / 2**20:.2f} of it before clustering; {run['seconds']:.1f} s"
        )
    assert run["peak_kib"] < MEMORY_LIMIT_GIB * 2**20

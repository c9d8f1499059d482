r"""Our answers against math-verify: time, memory, and verdicts on real answers with known labels.

Run by `make bench`. It needs MATH and GSM8K's example solutions under $MATHTUNE_DATA, and math-verify, which is no
dependency of ours: `pip install "math-verify[antlr4_9_3]"`. Times are printed and never asserted. `ALL_DISAGREEMENTS=1`
prints every disagreement of math-verify's too.
"""

import functools
import json
import os
import random
import re
import statistics
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import mathtune_answers
import mathtune_core
from mathtune_answers import extract_answer, grade, keys

PROBLEMS, SAMPLES = 5_000, 64
PART = 60
TIMED_PAIRS = 1_500
TABLE_ROWS = 3_200_000
MEMORY_LIMIT_GIB = 4
MODELS = ("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification")

pytestmark = [
    pytest.mark.benchmark,
    # math-verify imports SymPy's deprecated names and warns when its own time-outs are off
    pytest.mark.filterwarnings("ignore:::(sympy|latex2sympy2_extended|math_verify|antlr4)"),
]


@pytest.fixture(scope="module")
def math_verify() -> Any:
    return pytest.importorskip(
        "math_verify", reason='math-verify is not installed: pip install "math-verify[antlr4_9_3]"'
    )


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def data(*parts: str) -> Path:
    root = os.environ.get("MATHTUNE_DATA")
    path = Path(root or "", *parts)
    if not root or not path.exists():
        pytest.skip(f"MATHTUNE_DATA is not set, or there is no {'/'.join(parts)} in it")
    return path


@pytest.fixture(scope="module")
def golds() -> list[str]:
    """MATH's answers, one a problem, each taken out of the box of its own solution."""
    rows = [row for name in ("train", "test") for row in read_jsonl(data("math", f"{name}.jsonl"))]
    return [answer for row in rows if (answer := row.get("answer") or extract_answer(row["solution"]))]


# Rewritten forms. Each rule keeps the meaning, or changes it, by construction; one that does not apply yields nothing.

_INTEGER = re.compile(r"-?\d+")
_FRACTION = re.compile(r"(?P<sign>-?)\\frac\{(?P<top>\d+)\}\{(?P<bottom>\d+)\}")
_PLAIN_TUPLE = re.compile(r"\((?P<items>[^()\[\],]+(?:,[^()\[\],]+)+)\)")
_PLAIN_LIST = re.compile(r"-?\d+(?:, ?-?\d+)+")


_RAY = re.compile(r"[(\[] ?-?[^()\[\],]+, ?\\infty ?\)|\( ?-\\infty ?, ?[^()\[\],]+[)\]]")
RESPELLED = {
    r"\\pi(?![a-z])": ("π", r"{\\pi}"),
    r"(?<![a-z])\\sqrt\{(\d+)\}": (r"√\1", r"sqrt(\1)", r"\\sqrt{{\1}}"),
    r"\\frac\{(\d)\}\{(\d)\}": (r"\\frac\1\2", r"\\tfrac{\1}{\2}", r"{\1\\over\2}"),
    r"\^\\circ": (r"^{\\circ}", "°", r"\\text{ degrees}"),
    r"\\text\{([^{}]+)\}": (r"\1", r"\\mathrm{\1}", r"\\textbf{\1}"),
    r"\{pmatrix\}": ("{bmatrix}",),
    r"(?<=\d)i$": (r"\\mathrm{i}", r"\\cdot i", "*i"),
    r"(?<=\d)(?=\\pi|\\sqrt)": (r"\\cdot ", r"\\,", "*"),
    r"\^(\d)(?!\d)": (r"^{\1}", r"**\1"),
    r"\\le(?![a-z])|\\leq(?![a-z])": (r"\\leqslant ", "≤"),
}


def same(answer: str) -> Iterator[str]:
    """Yield other spellings of one answer."""
    yield f"${answer}$"
    yield rf"\boxed{{{answer}}}"
    yield f"${answer}$."
    if r"\frac" in answer:
        yield answer.replace(r"\frac", r"\dfrac")
    if r"\sqrt{" in answer:
        yield answer.replace(r"\sqrt{", r"\sqrt {")
    if "(" in answer and r"\left" not in answer and answer.count("(") == answer.count(")"):
        yield answer.replace("(", r"\left(").replace(")", r"\right)")
    if "+" in answer:
        yield answer.replace("+", " + ")
    if (terms := answer.split("+"))[1:] and not re.search(r"[(){}\[\],=<>|-]", answer):
        yield "+".join(reversed(terms))
    for spelling, others in RESPELLED.items():
        for other in others:
            changed = re.sub(spelling, other, answer)
            if changed != answer:
                yield changed
    if _RAY.fullmatch(answer):
        low, high = answer[1:-1].split(",")
        name_first = {"(": "x>", "[": r"x\ge "}[answer[0]] + low
        name_last = {")": "x<", "]": r"x\le "}[answer[-1]] + high
        yield name_first if r"\infty" in high else name_last
        yield rf"x \in {answer}"
    if _INTEGER.fullmatch(answer):
        number = int(answer)
        yield f"{number}.0"
        yield rf"\frac{{{3 * number}}}{{3}}"
        yield f"x = {number}"
        yield rf"\text{{{number}}}"
        yield f"{number}.00"
        if abs(number) >= 1_000:
            yield f"{number:,}"
            yield f"{number:,}".replace(",", "{,}")
            yield f"{number:,}".replace(",", r",\!")
    if fraction := _FRACTION.fullmatch(answer):
        sign, top, bottom = fraction["sign"], int(fraction["top"]), int(fraction["bottom"])
        yield f"{sign}{top}/{bottom}"
        yield rf"{sign}\frac{{{2 * top}}}{{{2 * bottom}}}"
        yield rf"\frac{{{sign}{top}}}{{{bottom}}}"
        yield rf"x={answer}"
        if top > bottom > 1 and top % bottom:
            yield rf"{sign}{top // bottom}\frac{{{top % bottom}}}{{{bottom}}}"
        if 100 % bottom == 0:
            yield f"{sign}{top * (100 // bottom) / 100}"
    if tupled := _PLAIN_TUPLE.fullmatch(answer):
        yield "(" + r",\,".join(item.strip() for item in tupled["items"].split(",")) + ")"
    if _PLAIN_LIST.fullmatch(answer):
        items = [item.strip() for item in answer.split(",")]
        yield ", ".join(reversed(items))
        yield r"\{" + ",".join(items) + r"\}"


MISSPELLED = {
    r"\\pi(?![a-z])": r"\\pi^{3}",
    r"\((?=-?\d+, ?\\infty)": "[",
    r"(?<=\\infty,)( ?-?\d+)\)": r"\1]",
    r"\+(?=\d*i$)": "-",
    r"(?<=[a-z])\^2(?!\d)": "^5",
    r"(?<=\\begin\{pmatrix\} )(?=[1-9])": "-",
}


def different(answer: str) -> Iterator[str]:
    """Yield answers that look alike and mean something else."""
    if _INTEGER.fullmatch(answer):
        number = int(answer)
        yield str(number + 1)
        yield str(10 * number + 7)
        if number:
            yield str(-number)
            yield rf"\frac{{{number}}}{{7}}"
        yield f"{number}, {number + 2}"
    if fraction := _FRACTION.fullmatch(answer):
        sign, top, bottom = fraction["sign"], int(fraction["top"]), int(fraction["bottom"])
        if top != bottom:
            yield rf"{sign}\frac{{{bottom}}}{{{top}}}"
        yield rf"{sign}\frac{{{top}}}{{{bottom + 1}}}"
        yield f"{sign}{top}.{bottom}1"
    if tupled := _PLAIN_TUPLE.fullmatch(answer):
        items = [item.strip() for item in tupled["items"].split(",")]
        if len(set(items)) == len(items):
            yield "(" + ",".join(reversed(items)) + ")"
        yield "(" + ",".join([*items, "17"]) + ")"
    if _PLAIN_LIST.fullmatch(answer):
        yield f"{answer}, 9973"
    if r"\sqrt{" in answer:
        yield answer.replace(r"\sqrt{", r"\sqrt{1+", 1)
    for spelling, other in MISSPELLED.items():
        changed = re.sub(spelling, other, answer, count=1)
        if changed != answer:
            yield changed
    if not re.search(r"[=<>]|\\[lg]eq?\b|\\text|[a-z]{3}|\\in\b|\\pm|,|\\begin", answer):
        yield f"{answer}+1"


def pairs_of(golds: list[str]) -> list[tuple[str, str, bool]]:
    """Every rewritten form and every look-alike of each answer, each pair once, with whether it means the same."""
    pairs = {(gold, form): True for gold in golds for form in same(gold)}
    pairs.update({(gold, form): False for gold in golds for form in different(gold)})
    return [(*pair, label) for pair, label in pairs.items()]


# Time


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


def in_dollars(answer: str) -> str:
    """Return an answer as math-verify wants it: LaTeX outside dollars would not be taken for any."""
    return answer if re.match(r"\$.*(?<!\\)\$\.?$", answer, re.DOTALL) else f"${answer}$"


def verdict_of_math_verify(math_verify: Any, reference: str, answer: str) -> bool:
    return bool(math_verify.verify(math_verify.parse(in_dollars(reference)), math_verify.parse(in_dollars(answer))))


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


# Verdicts


def table(title: str, rows: list[tuple[str, int, int]]) -> str:
    lines = [title, f"  {'':16}{'agree':>8}{'of':>8}{'%':>9}"]
    lines += [f"  {name:16}{right:8,}{count:8,}{100 * right / count:9.2f}" for name, right, count in rows]
    return "\n" + "\n".join(lines)


def show(title: str, found: dict[str, list[str]], limit: int | None) -> None:
    print(f"{title}: {sum(map(len, found.values()))}")
    for kind, examples in sorted(found.items(), key=lambda item: -len(item[1])):
        print(f"  {kind}: {len(examples)}")
        for example in examples[:limit]:
            print(f"    {example}")


def limit() -> int | None:
    return None if os.environ.get("ALL_DISAGREEMENTS") else 5


def test_verdicts_on_model_solutions_of_gsm8k(math_verify: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """GSM8K's example solutions: the text in, the verdict out, against the given is_correct."""
    rows = read_jsonl(data("gsm8k", "example_model_solutions.jsonl"))
    ours: defaultdict[str, list[str]] = defaultdict(list)
    theirs: defaultdict[str, list[str]] = defaultdict(list)
    count = 0
    for number, row in enumerate(rows, start=1):
        reference, parsed = extract_answer(row["ground_truth"]), math_verify.parse(row["ground_truth"])
        assert reference is not None
        for model in MODELS:
            solution, expected = row[model]["solution"], row[model]["is_correct"]
            count += 1
            answer = extract_answer(solution)
            verdicts = (
                answer is not None and grade(reference, answer),
                bool(math_verify.verify(parsed, math_verify.parse(solution))),
            )
            for verdict, found in zip(verdicts, (ours, theirs), strict=True):
                if verdict is not expected:
                    kind = "right by label, judged wrong" if expected else "wrong by label, judged right"
                    found[kind].append(
                        f"line {number}, {model}: {reference!r}, ends {solution[-60:]!r}; read {answer!r}"
                    )
    with capsys.disabled():
        results = [
            (name, count - sum(map(len, found.values())), count)
            for name, found in (("mathtune", ours), ("math-verify", theirs))
        ]
        print(table("GSM8K's example model solutions, agreement with is_correct", results))
        show("disagreements of mathtune", ours, None)
        show("disagreements of math-verify", theirs, limit())
    assert results[0][1] >= results[1][1]


def shape(answer: str) -> str:
    """Name the kind of a MATH answer, for the table of disagreements."""
    kinds: list[tuple[str, Callable[[str], Any]]] = [
        ("integer", _INTEGER.fullmatch),
        ("fraction", _FRACTION.fullmatch),
        ("matrix", lambda text: r"\begin" in text),
        ("words", re.compile(r"\\text(?:bf)?\s*\{\s*[^\d\s}]|^[A-Za-z ]{3,}$").search),
        ("tuple, list or interval", lambda text: "," in text and not re.fullmatch(r"\d{1,3}(?:,(?:\\!)?\d{3})+", text)),
        ("equation or inequality", re.compile(r"[=<>]|\\[lg]e").search),
        ("expression in unknowns", re.compile(r"(?<![\\A-Za-z])[a-hj-z](?![A-Za-z])").search),
    ]
    return next((name for name, matches in kinds if matches(answer)), "other number")


def test_verdicts_on_rewritten_answers_of_math(
    golds: list[str], math_verify: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """A rewritten form of each MATH answer must be right for it, and a look-alike wrong."""
    pairs = pairs_of(golds)
    ours: defaultdict[str, list[str]] = defaultdict(list)
    theirs: defaultdict[str, list[str]] = defaultdict(list)
    for reference, answer, expected in pairs:
        verdicts = grade(reference, answer), verdict_of_math_verify(math_verify, reference, answer)
        for verdict, found in zip(verdicts, (ours, theirs), strict=True):
            if verdict is not expected:
                found[f"{shape(reference)}, {'same' if expected else 'different'}"].append(f"{reference}  |  {answer}")
    with capsys.disabled():
        labels = Counter(label for _, _, label in pairs)
        results = [
            (name, len(pairs) - sum(map(len, found.values())), len(pairs))
            for name, found in (("mathtune", ours), ("math-verify", theirs))
        ]
        print(table(f"MATH's answers: {labels[True]:,} rewritten forms, {labels[False]:,} look-alikes", results))
        show("disagreements of mathtune", ours, None)
        show("disagreements of math-verify", theirs, limit())
    assert results[0][1] >= results[1][1]

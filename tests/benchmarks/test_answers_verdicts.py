"""Our answers against math-verify: verdicts on real answers with known labels.

Run by `make bench`. It needs MATH and GSM8K's example solutions under $MATHTUNE_DATA, and math-verify, which is no
dependency of ours: `pip install "math-verify[antlr4_9_3]"`. `ALL_DISAGREEMENTS=1` prints every disagreement of
math-verify's too.
"""

import os
import re
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

import pytest
from answer_pairs import FRACTION, INTEGER, data, pairs_of, read_jsonl, verdict_of_math_verify

from mathtune_answers import extract_answer, grade

MODELS = ("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification")

pytestmark = [
    pytest.mark.benchmark,
    # math-verify imports SymPy's deprecated names and warns when its own time-outs are off
    pytest.mark.filterwarnings("ignore:::(sympy|latex2sympy2_extended|math_verify|antlr4)"),
]


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
        ("integer", INTEGER.fullmatch),
        ("fraction", FRACTION.fullmatch),
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

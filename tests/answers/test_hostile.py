"""Hostile strings cost little, equal themselves alone and never raise."""

import resource
import time

import pytest

from mathtune_answers import canonical_key, equivalent, extract_answer, grade

HOSTILE = {
    "tower": "9^{9^{9^9}}",
    "plain tower": "9^9^9^9^9",
    "brackets": "(" * 10_000,
    "balanced brackets": "(" * 5_000 + "1" + ")" * 5_000,
    "braces": "{" * 10_000,
    "fractions": r"\frac{" * 3_000,
    "roots": r"\sqrt{1+" * 500 + "2" + "}" * 500,
    "texts": r"\text{" * 2_000,
    "digits": "1" * 20_000 + "7",
    "factorial": "123456789!",
    "factorials": "5" + "!" * 500,
    "power": "(x+1)^{1000000}",
    "exponent": "x^{10^{10}}",
    "float": "1e999999999",
    "tuple": "(" + ",".join(map(str, range(5_000))) + ")",
    "set": r"\{" + ",".join(map(str, range(2_000))) + r"\}",
    "signs": r"\pm" * 200 + "1",
    "bars": "|" * 2_001,
    "subscripts": "x" + "_1" * 900,
    "powers": "x" + "^2" * 900,
    "sines": r"\sin(" * 900 + "1" + ")" * 900,
    "equations": "x=" * 2_000 + "2",
    "chain": "1<" * 1_000 + "2",
    "union": r"1\cup" * 3_000 + "2",
    "members": r"x\in " * 2_000 + "[1,2]",
    "angle": r"\tan(10^{40})",
    "binomial far below zero": r"\binom{\frac{1}{2}}{10^{15}+\frac{1}{3}}",
    "factorial far below zero": r"(-10^{15}-\frac{1}{2})!",
    "binomial": r"\binom{10^9}{5\cdot10^8}",
    "word": "a" * 10_000,
    "backslashes": "\\" * 2_001,
    "dollars": "$" * 1_501,
    "separators": "{{,,",
    "many separators": "{{" + "," * 2_000,
    "controls": "\x00\x01\x02\x03\x04\x05abc",
    "surrogate": "\ud800",
    "zero": r"\frac{1}{0}",
    "integral": r"\int_0^1 e^{x^2}\sin(\cos(x^9))\,dx",
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_a_hostile_string_is_cheap_and_equals_itself_alone(name: str) -> None:
    answer = HOSTILE[name]
    before = time.process_time()
    assert equivalent(answer, answer) is (canonical_key(answer) != "")
    assert not grade("5", answer)
    assert not grade(answer, "1")
    assert time.process_time() - before < 2.0


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("9^{9^{9^9}}", "9^{9^{9^8}}"),
        ("1" * 20_000, "1" * 19_999 + "2"),
        ("2^{1000000}", "2^{1000001}"),
        (r"\frac{1}{3000!}", "0"),
        ("10^{200}", "10^{200}+1"),
        ("(x+1)^{1000000}", "(x+1)^{1000001}"),
        (r"[2^{1/2^{1000}},\infty)", r"[1,\infty)"),
    ],
)
def test_hostile_strings_stay_apart(a: str, b: str) -> None:
    assert not grade(a, b)
    assert not grade(b, a)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("+".join(["1"] * 3_000), "3000"),
        ("+".join(["x"] * 3_000), "3000x"),
        ("-" * 2_001 + "5", "-5"),
        (r"\frac{1}{" * 300 + "5" + "}" * 300, "5"),
        (r"\text{" * 300 + "5" + "}" * 300, "5"),
        (r"\boxed{" * 200 + "5" + "}" * 200, "5"),
        ("1" * 20_000, " ".join(["1" * 10_000] * 2)),
        (r"\gcd(2^{90000}-1,2^{89999}-1)", "1"),
    ],
)
def test_long_but_simple_strings_are_read(a: str, b: str) -> None:
    assert grade(a, b)


@pytest.mark.parametrize(
    "text", ["{" * 20_000 + r"\boxed{5}", r"\boxed{" * 10_000, "The answer is " * 4_000 + "5.", "#### " * 9_000]
)
def test_extraction_takes_linear_time(text: str) -> None:
    before = time.process_time()
    assert extract_answer(text) in ("5", None)
    assert time.process_time() - before < 1.0


FRAGMENTS = [
    r"\,",
    r"\quad",
    "cm \\text{",
    r"\text{",
    "$1$ ",
    "1,",
    "and ",
    "the ",
    r"\frac",
    "^",
    "_2",
    "(A) ",
    r"\left(",
    "=5",
    " 000",
    "#### ",
]


@pytest.mark.parametrize("fragment", FRAGMENTS)
@pytest.mark.parametrize("end", ["", "5"])
def test_repetition_takes_no_more_than_its_share_of_time(fragment: str, end: str) -> None:
    text = fragment * (6_000 // len(fragment)) + end
    before = time.process_time()
    canonical_key(text)
    extract_answer(text)
    assert time.process_time() - before < 2.0


def test_memory_stays_bounded() -> None:
    for answer in HOSTILE.values():
        grade(answer, "5")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 4 * 1024**2  # kilobytes

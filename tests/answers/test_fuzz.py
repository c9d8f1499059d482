"""A hundred thousand random and hostile strings: nothing raises, nothing hangs, memory stays bounded.

The strings are read in a process of their own. `faulthandler` ends it with a traceback when a single string exceeds its
budget, which is far more than the slowest string needs: no measure of speed, only a hang reaches it.
"""

import faulthandler
import json
import random
import resource
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parents[1] / "golden" / "answers.jsonl"
STRINGS = 100_000
SECONDS_A_STRING = 60
SECONDS_IN_ALL = 3_600
GROWTH_MIB = 1_024
SEED = 20_240_607

TOKENS = (
    r"\frac \dfrac \sqrt \sqrt[3] \binom \text \mathrm \left( \right) \left[ \right] \left\{ \right\} \boxed { } { "
    r"} ( ) [ ] ^ _ ^{ _{ 0 1 2 3 7 10 12 0.5 3.14 1,000 x y n z a \pi e i \infty \alpha \theta + - * / \cdot "
    r"\times \div = < > \le \ge \ne \approx \equiv \pm \mp , ; : . ! | \| & \\ \% % $ \$ \circ ^\circ \deg \sin "
    r"\cos \tan \log \ln \exp \arctan \gcd \max \lfloor \rfloor \lceil \rceil \sum_{k=1}^{4} \prod \int_0^1 \lim "
    r"\to dx \cup \cap \in \mid \setminus \mathbb{R} \emptyset \begin{pmatrix} \end{pmatrix} \begin{cases} "
    r"\end{cases} \overline \bar \vec \choose \pmod and or to p.m. 12:30 _2 _{10} cm \text{cm} hours dollars (A) "
    r"\textbf{(B)} yes none #### x= y= \, \! \quad ~ ' \ldots ½ ² √ ∞ ≤ − × ° ５ １２ π "
)
HOSTILE: list[Callable[[random.Random, int], str]] = [
    lambda _, n: "(" * n + "1" + ")" * n,
    lambda _, n: "{" * n,
    lambda _, n: r"\frac{1}{" * n + "2" + "}" * n,
    lambda _, n: r"\sqrt{1+" * n + "2" + "}" * n,
    lambda _, n: r"\text{" * n + "5" + "}" * n,
    lambda _, n: r"\left[" * n + "1",
    lambda _, n: "|" * n + "x" + "|" * n,
    lambda _, n: "^".join("9" * (n % 12 + 2)),
    lambda _, n: "2^{" * n + "2" + "}" * n,
    lambda c, n: f"x^{{{c.getrandbits(n + 1)}}}",
    lambda c, n: str(c.getrandbits(8 * n + 8)),
    lambda c, n: f"{c.random()}e{c.choice('+-')}{c.getrandbits(n % 60 + 1)}",
    lambda c, n: f"{c.getrandbits(n % 40 + 2)}!" + "!" * (n % 3),
    lambda c, n: rf"\binom{{{c.getrandbits(n % 40 + 2)}}}{{{c.getrandbits(n % 30 + 1)}}}",
    lambda c, n: rf"\tan({c.getrandbits(n + 2)})+\log_{{{c.getrandbits(9)}}}{c.getrandbits(n + 1)}",
    lambda c, n: rf"{c.getrandbits(n + 2)} \pmod{{{c.getrandbits(n % 50 + 1)}}}",
    lambda _, n: "x" + "^2" * n,
    lambda _, n: "x" + "_1" * n,
    lambda _, n: "-" * n + "1",
    lambda _, n: r"\pm" * n + "1",
    lambda _, n: "1<" * n + "2",
    lambda _, n: "x=" * n + "2",
    lambda _, n: ",".join(map(str, range(n))),
    lambda _, n: "+".join(f"x^{k}" for k in range(n)),
    lambda _, n: "(x+y+z)^{" + str(n) + "}",
    lambda _, n: r"\sin(" * n + "x" + ")" * n,
    lambda _, n: "".join(f"(x-{k})" for k in range(n)),
    lambda _, n: r"\begin{pmatrix}" + r"\\".join("&".join("1" * (n % 30 + 1)) for _ in range(n % 30 + 1)),
    lambda _, n: r"[1,2]\cup" * n + "(3,4)",
    lambda _, n: r"\boxed{" * n + "7" + "}" * (n // 2),
]


def random_unicode(chance: random.Random) -> str:
    planes = ((0, 0x20), (0x20, 0x7F), (0x20, 0x7F), (0x80, 0x2FF), (0x370, 0x3FF), (0x2000, 0x2BFF), (0xD800, 0xDFFF))
    low, high = chance.choice((*planes, (0xFE00, 0xFFFF), (0x1D400, 0x1D7FF), (0, 0x10FFFF)))
    return "".join(chr(chance.randint(low, high)) for _ in range(chance.randint(0, 40)))


def token_soup(chance: random.Random) -> str:
    return chance.choice(("", " ")).join(chance.choices(TOKENS.split(), k=chance.randint(1, 30)))


def mutated(chance: random.Random, golden: list[str]) -> str:
    text = chance.choice(golden)
    for _ in range(chance.randint(1, 4)):
        at = chance.randint(0, len(text))
        to = min(len(text), at + chance.randint(0, 3))
        new = chance.choice(
            ("", chance.choice(TOKENS.split()), chr(chance.randint(0, 0x7F)), text[at : at + 6], "\x00", "\u202e")
        )
        text = text[:at] + new + text[to:]
    return text if chance.random() < 0.8 else text + chance.choice(golden)


def strings(seed: int, count: int, golden: list[str]) -> Iterator[str]:
    chance = random.Random(seed)
    for _ in range(count):
        kind = chance.random()
        if kind < 0.25:
            yield random_unicode(chance)
        elif kind < 0.6:
            yield token_soup(chance)
        elif kind < 0.95:
            yield mutated(chance, golden)
        else:
            length = chance.choice((1, 2, 5, 20, 20, 100, 100, 600))
            text = chance.choice(HOSTILE)(chance, chance.randint(1, length))
            yield text if chance.random() < 0.5 else mutated(chance, [text])


def read_all(count: int) -> None:
    """Read `count` strings in this process; print how many, the failures and by how many KiB its peak memory grew."""
    from mathtune_answers import canonical_key, equivalent, extract_answer, grade

    pairs = [json.loads(line) for line in GOLDEN.read_text("utf-8").splitlines()]
    golden = sorted({pair[side] for pair in pairs for side in ("a", "b")})
    for answer in golden:
        canonical_key(answer)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    wrappers = ("{}", "{}", r"So it is \boxed{{{}}}.", "#### {}", "The answer is {}.", "A: {}", r"Hence \boxed{{{}")
    chance, previous, read = random.Random(SEED + 1), "5", 0
    failures: list[str] = []
    for text in strings(SEED, count, golden):
        faulthandler.dump_traceback_later(SECONDS_A_STRING, exit=True)
        try:
            found = extract_answer(chance.choice(wrappers).format(text))
            key = canonical_key(text)
            assert found is None or found.strip()
            assert equivalent(text, text) is (key != "")
            if read % 5 == 0:
                reference = chance.choice((previous, chance.choice(golden)))
                assert grade(reference, text) is grade(text, reference), reference
                assert grade(text, text) is (key != "")
        except Exception as error:  # noqa: BLE001  the test reports every failure, whatever it is
            failures.append(f"{text[:200]!a}: {error!r:.200} at line {traceback.extract_tb(error.__traceback__)[-1]}")
        previous, read = text, read + 1
    faulthandler.cancel_dump_traceback_later()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(json.dumps({"read": read, "grown_kib": grown, "failed": len(failures), "failures": failures[:40]}))


@pytest.mark.slow
def test_a_hundred_thousand_strings_neither_fail_nor_hang_nor_fill_the_memory() -> None:
    import mathtune_answers
    import mathtune_core

    paths = [str(Path(package.__file__ or "").parents[1]) for package in (mathtune_answers, mathtune_core)]
    script = f"import sys; sys.path[:0] = {[str(Path(__file__).parent), *paths]!r}; "
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"{script}import test_fuzz; test_fuzz.read_all({STRINGS})"],
        capture_output=True, text=True, errors="backslashreplace", timeout=SECONDS_IN_ALL, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4_000:]
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["failures"] == []
    assert result["read"] == STRINGS
    assert result["grown_kib"] < GROWTH_MIB * 1024

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mathtune_core.errors import MathtuneError
from mathtune_core.schemas import PROBLEMS, SOLUTIONS
from mathtune_core.tables import read_table, write_table
from mathtune_sampling.backend import Opened
from mathtune_sampling.backends.fake import FakeSampler
from mathtune_styles import model_rewritten, teacher
from mathtune_styles.build_solutions import run
from mathtune_styles.model_rewritten import faults
from mathtune_styles.model_rewritten.faults import equations_hold, fault
from mathtune_styles.model_rewritten.prompt import RewritePrompt, read_prompt, rendered_ids

PARAMS = model_rewritten.Params(
    prompt="prompt.txt",
    max_problems=10,
    n=7,
    temperature=0.7,
    top_p=0.95,
    max_tokens=40,
    max_kept=1,
    backend="torch",
    max_num_seqs=4,
    kv_cache_gib=0.1,
    dtype="float32",
    seed=3,
)
PROMPT = "Problem: One.\nSolution: Two.\nFull: Three.\n\nProblem: {problem}\nSolution: {solution}\nFull:\n"
ORIGINAL = r"It is $2 \cdot 3 + 40 = 46$. The answer is $\boxed{46}$."
FULL = r"First $2 \cdot 3 = 6$. Then $6 + 40 = 46$. The answer is $\boxed{46}$."


class Letters:
    """A tokenizer of single letters, with or without a chat template."""

    eos_token_id = 0

    def __init__(self, chat_template: str | None = None) -> None:
        self.chat_template = chat_template

    def encode(self, text: str, *, add_special_tokens: bool = True) -> list[int]:
        return [1] * add_special_tokens + [ord(letter) for letter in text]

    def apply_chat_template(self, messages: list[dict[str, str]], **settings: bool) -> str:
        assert settings == {"tokenize": False, "add_generation_prompt": True}
        return "".join(f"<{m['role']}>{m['content']}" for m in messages) + "<assistant>"


# The prompt


def test_a_prompt_is_filled_once_whatever_stands_in_a_problem() -> None:
    prompt = RewritePrompt("P: {problem}\nS: {solution}\nF:")
    assert prompt.render(r" $\{solution\}$ {solution} ", r"$\frac{1}{2}$") == (
        "P: $\\{solution\\}$ {solution}\nS: $\\frac{1}{2}$\nF:"
    )


@pytest.mark.parametrize(
    ("text", "stops"),
    [
        ("A: x\n\nProblem: {problem}\nSolution: {solution}\nFull:", ("\n\nProblem:",)),
        ("Problem: {problem}\n{solution}", ("\n\nProblem:",)),
        ("x\n\n{problem}\n{solution}", ()),
    ],
)
def test_a_rewriting_ends_where_the_next_example_would_begin(text: str, stops: tuple[str, ...]) -> None:
    assert RewritePrompt(text).stops == stops


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (None, "no such file; write a prompt with {problem} and {solution} in it"),
        (b"{problem}\xff{solution}", "not UTF-8 at byte 10; re-encode the file"),
        (b"Solve.", "expected {problem} and then {solution}, once each, found neither"),
        (b"{problem} {problem} {solution}", "once each, found {problem}, {problem}, {solution}"),
        (b"{solution} {problem}", "once each, found {solution}, {problem}"),
    ],
)
def test_a_prompt_that_cannot_be_used_is_one_line(tmp_path: Path, content: bytes | None, error: str) -> None:
    path = tmp_path / "prompt.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(MathtuneError) as caught:
        read_prompt(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert str(caught.value).endswith(error)


def test_a_chat_model_gets_the_prompt_as_a_users_message() -> None:
    assert rendered_ids(Letters("template"), "Hi", chat=True) == [ord(c) for c in "<user>Hi<assistant>"]
    assert rendered_ids(Letters("template"), "Hi", chat=False) == [1, ord("H"), ord("i")]
    with pytest.raises(MathtuneError, match=r"model_rewritten\.chat: the teacher's tokenizer has no chat template"):
        rendered_ids(Letters(), "Hi", chat=True)


# What is wrong with a rewriting


@pytest.mark.parametrize(
    ("rewriting", "answer", "expected"),
    [
        (FULL, "46", None),
        (r"Twice $3$ is $6$: $2 \cdot 3 = 6$. $6 + 40 = 40 + 6 = 46$.", "46", None),
        (FULL, "45", "not the original's answer"),
        (FULL, None, "not the original's answer"),
        (r"First $2 \cdot 3 = 5$. Then $6 + 40 = 46$.", "46", "an equation does not hold"),
        ("First 2 * 3 = 5. Then $6 + 40 = 46$.", "46", "an equation does not hold"),
        (r"First $2 \cdot 3 = 6 = 7$. Then $6 + 40 = 46$.", "46", "an equation does not hold"),
        (ORIGINAL, "46", "a copy of the original"),
        (r"We must compute $2\times3+40=46.$", "46", "a copy of the original"),
        (r"The answer is $\boxed{46}$.", "46", "fewer equations than the original, or none"),
    ],
)
def test_a_rewriting_has_the_first_fault_that_is_found(
    rewriting: str, answer: str | None, expected: str | None
) -> None:
    assert fault(rewriting, answer, ORIGINAL, "46") == expected


def test_a_gsm8k_originals_notes_are_its_equations() -> None:
    source = "He has 3 bags * 4 = <<3*4=12>>12, and 12 + 1 more = <<12+1=13>>13.\n#### 13"
    assert fault("Bags: $3 \\cdot 4 = 12$, and $12 + 1 = 13$.", "13", source, "13") == "a copy of the original"
    shown = "He has 3 bags * 4 = 12, and 12 + 1 more = 13.\nThe answer is $\\boxed{13}$."
    assert fault(shown, "13", source, "13") == "a copy of the original"
    full = "Of the bags, $3 \\cdot 4 = 4 + 4 + 4 = 12$. Then $12 + 1 = 13$."
    assert fault(full, "13", source, "13") is None
    assert fault("Then $12 + 1 = 13$.", "13", source, "13") == "fewer equations than the original, or none"


def test_a_rewriting_of_words_needs_an_equation_that_can_be_checked() -> None:
    assert (
        fault("Nothing divides it but $7$.", "7", "It is prime.", "7") == "fewer equations than the original, or none"
    )
    assert fault("As $7 = 1 \\cdot 7$ alone, it is prime.", "7", "It is prime.", "7") is None


def test_equations_with_letters_are_passed_over() -> None:
    assert equations_hold(r"Since $3x + 7 = 22$, $x = 5$, and $3 \cdot 5 + 7 = 22$.")
    assert not equations_hold(r"Since $3x + 7 = 22$, $x = 5$, and $3 \cdot 5 + 7 = 23$.")


def test_sympy_has_a_say_beside_our_own_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "check_with_sympy", lambda text: "6" not in text)
    assert equations_hold("$1 + 1 = 2$")
    assert not equations_hold("$1 + 5 = 6$")


def test_a_hostile_rewriting_costs_no_more_than_its_budget() -> None:
    assert equations_hold(r"$9^{9^{9^9}} = 1$, $" + "(" * 10_000 + "1" + ")" * 10_000 + "= 2$, $100!! = 3$")


# The style


TEXTS = {
    "a": [
        "I do not know.",
        r"The answer is $\boxed{45}$.",
        ORIGINAL,
        r"First $2 \cdot 3 = 7$. Then $6 + 40 = 46$. The answer is $\boxed{46}$.",
        FULL + "\n\nProblem: Another one.",
        FULL.replace("First", "To begin,"),
        r"First $3 \cdot 2 = 6$. Then $40 + 6 = 46$. The answer is $\boxed{46}$.",
    ],
    "b": ["word " * 50],
}


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's root with two train problems, one val problem, a base and a prompt."""
    monkeypatch.chdir(tmp_path)
    rows = [
        ("a", "train", "generator", "46", ORIGINAL),
        ("b", "train", "generator", "20", "He has 5*4=<<5*4=20>>20.\n#### 20"),
        ("v", "val", None, "1", "It is $1$."),
    ]
    problems = [(i, split, fold, "main", "s", None, 2, f"Problem {i}", answer) for i, split, fold, answer, _ in rows]
    sources = [(f"{i}/source", i, "source", text, answer, True, "s") for i, _, _, answer, text in rows]
    write_table(
        pl.DataFrame(problems, schema=PROBLEMS.schema, orient="row"), tmp_path / "p" / "problems.parquet", PROBLEMS
    )
    write_table(
        pl.DataFrame(sources, schema=SOLUTIONS.schema, orient="row"),
        tmp_path / "p" / "source_solutions.parquet",
        SOLUTIONS,
    )
    (tmp_path / "prompt.txt").write_text(PROMPT)
    for folder in ("out", "base/model"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "base/model/config.json").write_text("{}")
    (tmp_path / "base/model/model.safetensors").write_bytes(b"weights")
    return tmp_path / "p"


def rewrite(
    built: Path, monkeypatch: pytest.MonkeyPatch, texts: Any = TEXTS, params: model_rewritten.Params = PARAMS
) -> tuple[pl.DataFrame, dict[str, Any]]:
    opened = Opened(FakeSampler(texts), Letters(), "fake")
    monkeypatch.setattr(teacher, "open_sampler", lambda *_: opened)
    out, base = built.parent / "out", Path("base/model")
    run(params, item="model_rewritten", problems=built, base=base, out=out, unfinished=Path("unfinished"))
    return read_table(out / "solutions.parquet", SOLUTIONS), json.loads((out / "summary.json").read_text())


def test_the_model_is_shown_the_problem_and_its_original(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, ...]] = []

    class Recorder(FakeSampler):
        def generate(self, requests: Any, params: Any, **settings: Any) -> Any:
            seen.extend(request.prompt_ids for request in requests)
            assert params.stop == ("\n\nProblem:",)
            assert settings["decodings"] == ("sampled",)
            return super().generate(requests, params, **settings)

    monkeypatch.setattr(teacher, "open_sampler", lambda *_: Opened(Recorder(TEXTS), Letters(), "fake"))
    base = Path("base/model")
    run(PARAMS, item="model_rewritten", problems=built, base=base, out=built.parent / "out", unfinished=Path("u"))
    prompts = ["".join(chr(i) for i in ids[1:]) for ids in seen]
    before = "Problem: One.\nSolution: Two.\nFull: Three.\n\n"
    assert prompts == [
        f"{before}Problem: Problem a\nSolution: {ORIGINAL}\nFull:",
        f"{before}Problem: Problem b\nSolution: He has 5*4=20.\nThe answer is $\\boxed{{20}}$.\nFull:",
    ]


def test_the_first_rewriting_that_survives_is_kept_and_the_others_are_counted_by_reason(
    built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    solutions, summary = rewrite(built, monkeypatch)
    assert solutions["solution_id"].to_list() == ["a/model_rewritten/4"]
    assert solutions["solution"].to_list() == [FULL]
    assert (solutions["predicted_answer"][0], solutions["is_correct"][0]) == ("46", True)
    digest = hashlib.sha256(PROMPT.encode()).hexdigest()
    assert solutions["origin"][0].startswith("rewritten by base ")
    assert solutions["origin"][0].endswith(f", temperature 0.7, top-p 0.95, prompt prompt.txt {digest[:12]}")
    assert summary["prompt"] == {"file": "prompt.txt", "sha256": digest}
    assert summary["rejected"] == {
        "a copy of the original": 1,
        "an equation does not hold": 1,
        "cut at max_tokens": 7,
        "near-duplicate": 1,
        "no answer": 1,
        "over max_kept": 1,
        "wrong answer": 1,
    }
    assert (summary["asked"], summary["samples"], summary["kept"], summary["right"]) == (2, 14, 1, 3)
    assert (built.parent / "out" / "unsolved.csv").read_text() == "problem_id,level,subject\nb,2,\n"


def test_more_of_them_are_kept_when_asked(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    solutions, _ = rewrite(built, monkeypatch, params=replace(PARAMS, max_kept=3))
    assert solutions["solution_id"].to_list() == ["a/model_rewritten/4", "a/model_rewritten/6"]


def test_an_original_that_is_wrong_is_not_rewritten(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = read_table(built / "source_solutions.parquet", SOLUTIONS)
    wrong = sources.with_columns((pl.col("problem_id") != "b").alias("is_correct"))
    write_table(wrong, built / "source_solutions.parquet", SOLUTIONS)
    _, summary = rewrite(built, monkeypatch)
    assert summary["asked"] == 1


def test_a_model_whose_rewritings_all_fail_is_one_line(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MathtuneError) as caught:
        rewrite(built, monkeypatch, {"a": [ORIGINAL], "b": ["No."]})
    assert str(caught.value) == (
        "build_solutions.model_rewritten: no rewriting by base/model was kept (rejected: {'a copy of the original': 7, "
        "'no answer': 7}); raise n or max_problems, mend the prompt prompt.txt, or use a stronger model"
    )

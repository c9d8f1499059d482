import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mathtune_core.errors import MathtuneError
from mathtune_core.prompts import END_OF_SHOT, prompt_ids
from mathtune_core.schemas import PROBLEMS, SOLUTIONS
from mathtune_core.shots import Shot
from mathtune_core.tables import read_table, write_table
from mathtune_sampling.backend import Opened
from mathtune_sampling.backends.fake import FakeSampler
from mathtune_sampling.requests import Request, SamplingParams
from mathtune_styles import generated, teacher
from mathtune_styles.build_solutions import run

# problem_id, split, fold, level, answer
ROWS: list[tuple[str, str, str | None, int, str]] = [
    ("a", "train", "generator", 1, "46"),
    ("b", "train", "generator", 1, "5"),
    ("c", "train", "generator", 2, "7"),
    ("d", "train", "verifier", 2, "9"),
    ("e", "val", None, 3, "10"),
    ("f", "test", None, 3, "1"),
]


def problems_table() -> pl.DataFrame:
    rows = [(i, split, fold, "main", "s", None, level, f"Problem {i}", a) for i, split, fold, level, a in ROWS]
    return pl.DataFrame(rows, schema=PROBLEMS.schema, orient="row")


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """The folder that build_problems writes; this style reads no source solution."""
    write_table(problems_table(), tmp_path / "problems" / "problems.parquet", PROBLEMS)
    write_table(SOLUTIONS.schema.to_frame(), tmp_path / "problems" / "source_solutions.parquet", SOLUTIONS)
    (tmp_path / "out").mkdir()
    return tmp_path / "problems"


TEACHER = generated.Params(
    max_problems=10,
    n=6,
    temperature=0.9,
    top_p=0.95,
    max_tokens=20,
    max_kept=2,
    backend="torch",
    max_num_seqs=4,
    kv_cache_gib=0.1,
    dtype="float32",
    seed=3,
)


class Letters:
    """A tokenizer of single letters."""

    eos_token_id = 0

    def encode(self, text: str, *, add_special_tokens: bool = True) -> list[int]:
        return [1] * add_special_tokens + [ord(letter) for letter in text]


class Recorder(FakeSampler):
    """A fake sampler that keeps what it was asked."""

    asked: dict[str, Any]

    def generate(self, requests: Sequence[Request], params: Any, **settings: Any) -> Any:
        self.asked = {"requests": list(requests), "params": params, **settings}
        return super().generate(requests, params, **settings)


def boxed(text: str, answer: str) -> str:
    return rf"{text} The answer is $\boxed{{{answer}}}$."


TEXTS = {
    "a": [
        boxed("Wrong.", "45"),
        boxed("We have $6 + 40 = 46$.", "46"),
        boxed("So it  IS $6+40=46$.", "46"),  # the one before in other words and spacing
        boxed("First $40 + 6 = 46$.", "46"),
        "I do not know.",
        boxed("A third right way.", "46"),
    ],
    "b": [boxed("Wrong.", "6"), "No answer."],
    "c": ["So it is prime.\n#### 7"],
}


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A checkpoint folder whose weights and config are only looked at."""
    folder = tmp_path / "base" / "model"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "config.json").write_text("{}")
    return folder


def generate(
    sampler: FakeSampler,
    built: Path,
    base: Path,
    monkeypatch: pytest.MonkeyPatch,
    params: generated.Params = TEACHER,
) -> tuple[pl.DataFrame, dict[str, Any]]:
    monkeypatch.setattr(teacher, "open_sampler", lambda *_: Opened(sampler, Letters(), "fake"))
    out = built.parent / "out"
    run(params, item="generated", problems=built, base=base, out=out, unfinished=base / "unfinished")
    assert {p.name for p in out.iterdir()} == {"solutions.parquet", "summary.json", "unsolved.csv"}
    return read_table(out / "solutions.parquet", SOLUTIONS), json.loads((out / "summary.json").read_text())


def test_a_teacher_is_asked_with_the_generators_prompt_and_its_own_purpose(
    built: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sampler = Recorder(TEXTS)
    generate(sampler, built, base, monkeypatch, replace(TEACHER, top_k=7, min_p=0.1, stop=("\n\n",)))
    # d is the verifier's, e and f are not train problems.
    assert sampler.asked["requests"] == [
        Request(problem_id, tuple(prompt_ids(Letters(), f"Problem {problem_id}"))) for problem_id in "abc"
    ]
    assert sampler.asked["params"] == SamplingParams(
        n=6, temperature=0.9, top_p=0.95, top_k=7, min_p=0.1, max_tokens=20, stop=("\n\n",)
    )
    assert (sampler.asked["seed"], sampler.asked["purpose"], sampler.asked["decodings"]) == (
        3,
        "style data",
        ("sampled",),
    )


def test_worked_examples_stand_before_each_problem_and_end_its_samples(
    built: Path, base: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shots = tmp_path / "shots.jsonl"
    shots.write_text('{"problem": "What is $1 + 1$?", "solution": "It is $2$."}\n')
    sampler = Recorder({**TEXTS, "b": [boxed("It is.", "5") + END_OF_SHOT + " another"]})
    params = replace(TEACHER, shots=str(shots), stop=("Q:",))
    solutions, summary = generate(sampler, built, base, monkeypatch, params)
    example = Shot("What is $1 + 1$?", "It is $2$.")
    assert sampler.asked["requests"][1].prompt_ids == tuple(prompt_ids(Letters(), "Problem b", [example]))
    assert sampler.asked["params"].stop == ("Q:", END_OF_SHOT)
    assert solutions.filter(pl.col("problem_id") == "b")["solution"].to_list() == [boxed("It is.", "5")]
    digest = hashlib.sha256(shots.read_bytes()).hexdigest()
    assert summary["shots"] == {"file": str(shots), "sha256": digest, "examples": 1}
    assert solutions["origin"][0].endswith(f", 1 shots of shots.jsonl {digest[:12]}")


def test_a_generated_style_keeps_what_is_right_and_says_who_wrote_it(
    built: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    solutions, _ = generate(FakeSampler(TEXTS), built, base, monkeypatch)
    assert solutions["solution_id"].to_list() == ["a/generated/1", "a/generated/3", "c/generated/0"]
    assert solutions["solution"].to_list() == [
        TEXTS["a"][1],
        TEXTS["a"][3],
        "So it is prime.\nThe answer is $\\boxed{7}$.",  # closed as every style is
    ]
    assert solutions["predicted_answer"].to_list() == ["46", "46", "7"]
    assert set(solutions["style"]) == {"generated"}
    weights = hashlib.sha256(b"weights").hexdigest()  # one file of weights has its own hash, as in model cards
    assert set(solutions["origin"]) == {f"base {weights[:12]}, temperature 0.9, top-p 0.95"}


def test_the_summary_says_what_the_samples_came_to_and_cost(
    built: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = boxed("So.", "5") + " And" * 30  # right, but cut off at the length limit
    _, summary = generate(FakeSampler({**TEXTS, "b": [*TEXTS["b"], long]}), built, base, monkeypatch)
    # By hand. a: wrong, kept, near-duplicate, kept, no answer, over. b: wrong, no answer and cut, twice each. c: kept,
    # and five near-duplicates. A word is a token, and the end one more.
    assert {k: summary[k] for k in ("asked", "solved", "samples", "right", "kept", "solutions", "problems")} == {
        "asked": 3,
        "solved": 2,
        "samples": 18,
        "right": 10,
        "kept": 3,
        "solutions": 3,
        "problems": 2,
    }
    assert summary["rejected"] == {
        "cut at max_tokens": 2,
        "near-duplicate": 6,
        "no answer": 3,
        "over max_kept": 1,
        "wrong answer": 3,
    }
    assert (summary["share_right"], summary["share_kept"]) == (round(10 / 18, 4), round(3 / 18, 4))
    tokens = sum(min(len(text.split()) + 1, 20) for text in TEXTS["a"]) + 2 * (6 + 3 + 20) + 6 * 7
    assert (summary["generated_tokens"], summary["tokens_per_kept"]) == (tokens, round(tokens / 3, 1))
    assert summary["solved_by_level"] == {
        "1": {"asked": 2, "solved": 1, "share": 0.5},
        "2": {"asked": 1, "solved": 1, "share": 1.0},
    }
    assert summary["solved_by_subject"] == {"not stated": {"asked": 3, "solved": 2, "share": 0.667}}
    assert (built.parent / "out" / "unsolved.csv").read_text() == "problem_id,level,subject\nb,1,\n"


def test_a_teacher_of_ones_own_takes_the_bases_place(built: Path, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = base.parents[1] / "tutor"
    own.mkdir()
    (own / "config.json").write_text("{}")
    for shard in ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"):
        (own / shard).write_bytes(shard.encode())
    params = replace(TEACHER, teacher=str(own))
    solutions, summary = generate(FakeSampler(TEXTS), built, base, monkeypatch, params)
    assert solutions["origin"][0].startswith("tutor ")
    assert summary["teacher"]["folder"] == str(own)
    (own / shard).write_bytes(b"other weights in the second shard")
    _, other = generate(FakeSampler(TEXTS), built, base, monkeypatch, params)
    assert other["teacher"]["sha256"] != summary["teacher"]["sha256"]


def test_a_missing_teacher_is_one_line(built: Path, base: Path) -> None:
    with pytest.raises(MathtuneError, match="no such teacher: no model here"):
        run(
            replace(TEACHER, teacher="no such teacher"),
            item="generated",
            problems=built,
            base=base,
            out=built.parent / "out",
            unfinished=base / "unfinished",
        )


def test_a_problem_whose_prompt_leaves_no_room_is_left_out_and_counted(
    built: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = problems_table().with_columns(
        pl.when(pl.col("problem_id") == "b").then(pl.lit("Long " * 30)).otherwise("problem").alias("problem")
    )
    write_table(table, built / "problems.parquet", PROBLEMS)
    (base / "config.json").write_text('{"max_position_embeddings": 80}')
    sampler = Recorder(TEXTS)
    _, summary = generate(sampler, built, base, monkeypatch)
    assert [request.problem_id for request in sampler.asked["requests"]] == ["a", "c"]
    assert (summary["asked"], summary["samples"], summary["prompts_too_long"]) == (3, 12, 1)
    (base / "config.json").write_text('{"max_position_embeddings": 30}')
    with pytest.raises(MathtuneError, match=r"the shortest prompt has \d+ tokens, and with max_tokens 20 it exceeds"):
        generate(sampler, built, base, monkeypatch)


def test_a_teacher_that_solves_nothing_is_one_line(built: Path, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MathtuneError) as caught:
        generate(FakeSampler(lambda problem_id: ["No idea."]), built, base, monkeypatch)
    assert str(caught.value).startswith(
        f"build_solutions.generated: the teacher {base} solved none of 3 problems (rejected: {{'no answer': 18}})"
    )
    assert "\n" not in str(caught.value)


def test_only_the_first_problems_are_asked(built: Path, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sampler = Recorder({problem_id: ["No idea."] for problem_id in "abc"})
    with pytest.raises(MathtuneError, match="solved none of 2 problems"):
        generate(sampler, built, base, monkeypatch, replace(TEACHER, max_problems=2))
    assert [request.problem_id for request in sampler.asked["requests"]] == ["a", "b"]


@pytest.mark.parametrize("field", ["max_problems", "n", "max_kept", "max_num_seqs"])
def test_counts_that_keep_nothing_are_refused_by_field(field: str) -> None:
    with pytest.raises(ValueError, match=f"^{field}: must be at least 1"):
        replace(TEACHER, **{field: 0})

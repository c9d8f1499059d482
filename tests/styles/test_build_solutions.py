import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mathtune_answers.cluster import cluster_samples
from mathtune_core.errors import MathtuneError
from mathtune_core.prompts import prompt_ids
from mathtune_core.schemas import PROBLEMS, SOLUTIONS
from mathtune_core.tables import read_table, write_table
from mathtune_sampling.backend import Opened
from mathtune_sampling.backends.fake import FakeSampler
from mathtune_sampling.requests import Request
from mathtune_styles import generated, original, rewritten
from mathtune_styles.build_solutions import STYLES, params_type, run, style_module
from mathtune_styles.rewritten.rewrite import last_boxed

# problem_id, split, fold, level, answer, solution
ROWS: list[tuple[str, str, str | None, int, str, str]] = [
    ("a", "train", "generator", 1, "46", r"We have $2 \cdot 3 + 40 = 46$. The answer is $\boxed{46}$."),
    ("b", "train", "generator", 1, "5", r"Since $3x + 7 = 22$, we have $x = 5$. The answer is $\boxed{5}$."),
    ("c", "train", "generator", 2, "7", r"It is a prime, so it is $7$. The answer is $\boxed{7}$."),
    ("d", "train", "verifier", 2, "9", r"We have $3^2 = 9$. The answer is $\boxed{9}$."),
    ("e", "val", None, 3, "10", r"We have $8 \cdot 5 - 30 = 10$. The answer is $\boxed{10}$."),
    ("f", "test", None, 3, "1", r"We have $1 = 1$. The answer is $\boxed{1}$."),
]
GSM8K = "He earns <<2*1500=3000>>$3,000 and pays 5*4=<<5*4=20>>20.\nLeft: <<3000-20=2980>>$2,980.\n#### 2,980"


def problems_table() -> pl.DataFrame:
    rows = [(i, split, fold, "main", "s", None, level, f"Problem {i}", a) for i, split, fold, level, a, _ in ROWS]
    return pl.DataFrame(rows, schema=PROBLEMS.schema, orient="row")


def source_table() -> pl.DataFrame:
    rows = [(f"{i}/source", i, "source", text, answer, True, "s") for i, split, _, _, answer, text in ROWS]
    return pl.DataFrame(rows, schema=SOLUTIONS.schema, orient="row").filter(pl.col("problem_id") != "f")


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """The folder that build_problems writes."""
    write_table(problems_table(), tmp_path / "problems" / "problems.parquet", PROBLEMS)
    write_table(source_table(), tmp_path / "problems" / "source_solutions.parquet", SOLUTIONS)
    (tmp_path / "out").mkdir()
    return tmp_path / "problems"


def solutions_of(style: str, params: Any, built: Path) -> tuple[pl.DataFrame, dict[str, Any]]:
    out = built.parent / "out"
    run(params, item=style, problems=built, base=built.parent / "no base", out=out, unfinished=Path())
    assert {p.name for p in out.iterdir()} == {"solutions.parquet", "summary.json"}
    return read_table(out / "solutions.parquet", SOLUTIONS), json.loads((out / "summary.json").read_text())


def one_solution(text: str, answer: str) -> pl.DataFrame:
    return pl.DataFrame([("a/source", "a", "source", text, answer, True, "s")], schema=SOLUTIONS.schema, orient="row")


# The stage


@pytest.mark.parametrize("style", STYLES)
def test_every_style_offers_what_the_stage_needs(style: str) -> None:
    module = style_module(style)
    assert params_type(style) is module.Params
    assert callable(module.build)


@pytest.mark.parametrize("style", ["orginal", "original+generated", "", None])
def test_an_unknown_style_is_one_line_with_the_known_ones(style: str | None) -> None:
    with pytest.raises(MathtuneError) as caught:
        params_type(style)
    assert str(caught.value) == (
        f"params.yaml: build_solutions.{style or ''}: unknown style; known: original, generated, rewritten, imported"
    )


@pytest.mark.parametrize("style", ["original", "rewritten"])
def test_solutions_are_built_for_the_generators_fold_and_val_alone(style: str, built: Path) -> None:
    solutions, summary = solutions_of(style, style_module(style).Params(), built)
    assert solutions["problem_id"].to_list() == ["a", "b", "c", "e"]
    assert set(solutions["style"]) == {style}
    assert solutions["solution_id"].to_list() == [f"{i}/{style}" for i in "abce"]
    assert solutions["predicted_answer"].to_list() == ["46", "5", "7", "10"]
    assert solutions["is_correct"].all()
    assert (summary["solutions"], summary["problems"]) == (4, 4)


def test_a_style_that_keeps_nothing_is_an_error_and_not_an_empty_table(
    built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(original, "build", lambda params, problems, source, *_: (source.clear(), {"rejected": 4}))
    with pytest.raises(MathtuneError, match=r"build_solutions\.original: no solution was kept \(\{'rejected': 4\}\)"):
        run(original.Params(), item="original", problems=built, base=built, out=built.parent / "out", unfinished=Path())
    assert list((built.parent / "out").iterdir()) == []


def test_a_missing_problems_table_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(MathtuneError, match=r"problems\.parquet: no such file"):
        run(original.Params(), item="original", problems=tmp_path, base=tmp_path, out=tmp_path, unfinished=Path())


# original


def test_original_leaves_a_solution_in_our_form_alone(built: Path) -> None:
    solutions, _ = solutions_of("original", original.Params(), built)
    assert solutions["solution"].to_list() == [row[5] for row in ROWS if row[0] in "abce"]


@pytest.mark.parametrize(
    ("source", "plain"),
    [
        (
            GSM8K,
            "He earns \\$3,000 and pays 5*4=20.\nLeft: \\$2,980.\nThe answer is $\\boxed{2980}$.",
        ),
        ("It is 3.\n#### 3", "It is 3.\nThe answer is $\\boxed{3}$."),
        ("It is 3.\n####3\n", "It is 3.\nThe answer is $\\boxed{3}$."),
        ("He pays \\$3.\n#### $3", "He pays \\$3.\nThe answer is $\\boxed{3}$."),
        ("It is -2.5.  \n\n#### -2.5 ", "It is -2.5.\nThe answer is $\\boxed{-2.5}$."),
        (r"  We have $1 < 2$. The answer is $\boxed{1}$. ", r"We have $1 < 2$. The answer is $\boxed{1}$."),
    ],
)
def test_original_drops_calculator_notes_and_boxes_the_marked_result(source: str, plain: str) -> None:
    assert original.plain(source) == plain


# rewritten


def test_rewritten_spells_out_steps_and_keeps_the_answers(built: Path) -> None:
    solutions, summary = solutions_of("rewritten", rewritten.Params(), built)
    sources = {row[0]: row[5] for row in ROWS}
    for problem_id, text, answer in solutions.select("problem_id", "solution", "predicted_answer").iter_rows():
        assert last_boxed(text) == answer
        assert (len(text) > len(sources[problem_id])) == (problem_id != "c")  # c has nothing to spell out
    assert solutions["origin"].unique().to_list() == ["s, rewritten symbolically"]
    assert (summary["rejected"], summary["unchanged"], summary["computations_expanded"]) == ({}, 1, 3)


def test_rewritten_leaves_out_what_it_could_not_expand_when_asked(built: Path) -> None:
    solutions, _ = solutions_of("rewritten", rewritten.Params(only_expanded=True), built)
    assert solutions["problem_id"].to_list() == ["a", "b", "e"]


def test_rewritten_rejects_a_solution_with_a_false_equation_and_counts_it() -> None:
    source = one_solution(r"We have $2 \cdot 3 = 7$. The answer is $\boxed{7}$.", "7")
    solutions, summary = rewritten.build(rewritten.Params(), problems_table().head(1), source, Path(), Path())
    assert solutions.height == 0
    assert summary["rejected"] == {"an equation does not hold": 1}


def test_rewritten_reads_gsm8k(built: Path) -> None:
    source = one_solution(GSM8K, "2980")
    solutions, _ = rewritten.build(rewritten.Params(), problems_table().head(1), source, Path(), Path())
    text = solutions["solution"][0]
    assert "<<" not in text
    assert "####" not in text
    assert last_boxed(text) == "2980"


# generated

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


@pytest.fixture
def asked() -> pl.DataFrame:
    return problems_table().filter(pl.col("fold") == "generator")


TEXTS = {
    "a": [
        boxed("Wrong.", "45"),
        boxed("We have $6 + 40$.", "46"),
        boxed("We  HAVE $6 +\n40$.", "46"),  # the one before, but for spacing and case
        boxed("First $6$, then more.", "46"),
        "I do not know.",
        boxed("A third right way.", "46"),
    ],
    "b": [boxed("Wrong.", "6"), "No answer."],
    "c": [boxed("So it is.", "7")],
}


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A checkpoint folder whose weights are only looked at."""
    folder = tmp_path / "teacher" / "model"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"weights")
    return folder


def sampled(sampler: FakeSampler, asked: pl.DataFrame, base: Path, params: generated.Params = TEACHER) -> pl.DataFrame:
    return generated.sample(Opened(sampler, Letters(), "fake"), base, asked, params, base / "unfinished")


def test_a_teacher_is_asked_with_the_generators_prompt_and_its_own_purpose(asked: pl.DataFrame, base: Path) -> None:
    sampler = Recorder(TEXTS)
    samples = sampled(sampler, asked, base)
    assert sampler.asked["requests"] == [
        Request(problem_id, tuple(prompt_ids(Letters(), f"Problem {problem_id}"))) for problem_id in "abc"
    ]
    params = sampler.asked["params"]
    assert (params.n, params.temperature, params.top_p, params.max_tokens) == (6, 0.9, 0.95, 20)
    assert (sampler.asked["seed"], sampler.asked["purpose"], sampler.asked["decodings"]) == (
        3,
        "style data",
        ("sampled",),
    )
    assert samples.height == 18
    assert samples.filter(pl.col("problem_id") == "a").sort("sample_index")["completion"].to_list() == TEXTS["a"]


@pytest.fixture
def graded(asked: pl.DataFrame, base: Path) -> pl.DataFrame:
    samples = sampled(FakeSampler(TEXTS), asked, base)
    return samples.join(cluster_samples(samples, asked), on=["problem_id", "decoding", "sample_index"])


def test_right_solutions_stay_near_duplicates_once_and_at_most_so_many(graded: pl.DataFrame) -> None:
    kept = generated.choose(graded, max_kept=2)
    assert kept.select("problem_id", "sample_index").rows() == [("a", 1), ("a", 3), ("c", 0)]
    assert kept["is_correct"].all()
    assert kept["completion"].to_list() == [TEXTS["a"][1], TEXTS["a"][3], TEXTS["c"][0]]


@pytest.mark.parametrize(("max_kept", "indices"), [(1, [1]), (2, [1, 3]), (3, [1, 3, 5]), (9, [1, 3, 5])])
def test_a_larger_number_kept_holds_a_smaller_one(graded: pl.DataFrame, max_kept: int, indices: list[int]) -> None:
    kept = generated.choose(graded, max_kept).filter(pl.col("problem_id") == "a")
    assert kept["sample_index"].to_list() == indices


def test_what_stays_does_not_depend_on_the_order_of_the_samples(graded: pl.DataFrame) -> None:
    expected = generated.choose(graded, 2)
    for seed in range(5):
        shuffled = graded.sample(fraction=1.0, shuffle=True, seed=seed)
        assert generated.choose(shuffled, 2).equals(expected)


def test_a_generated_style_has_the_columns_of_solutions_and_says_who_wrote_it(
    built: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = boxed("So.", "5") + " And" * 30  # right, but cut off at the length limit
    sampler = FakeSampler({**TEXTS, "b": [long]})
    monkeypatch.setattr(generated, "open_sampler", lambda *_: Opened(sampler, Letters(), "fake"))
    out = built.parent / "out"
    run(TEACHER, item="generated", problems=built, base=base, out=out, unfinished=base / "unfinished")
    solutions = read_table(out / "solutions.parquet", SOLUTIONS)
    # d is the verifier's, e and f are not train problems, b was cut short.
    assert solutions["solution_id"].to_list() == ["a/generated/1", "a/generated/3", "c/generated/0"]
    assert solutions["predicted_answer"].to_list() == ["46", "46", "7"]
    assert set(solutions["style"]) == {"generated"}
    (origin,) = set(solutions["origin"])
    assert origin.startswith("teacher ")
    assert origin.endswith(", temperature 0.9, top-p 0.95")
    summary = json.loads((out / "summary.json").read_text())
    assert {name: summary[name] for name in ("asked", "samples", "solved", "solutions")} == {
        "asked": 3,
        "samples": 18,
        "solved": 2,
        "solutions": 3,
    }
    assert summary["solved_by_level"] == {"1": 0.5, "2": 1.0}


def test_a_teacher_that_solves_nothing_is_one_line(
    asked: pl.DataFrame, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sampler = FakeSampler(lambda problem_id: ["No idea."])
    monkeypatch.setattr(generated, "open_sampler", lambda *_: Opened(sampler, Letters(), "fake"))
    with pytest.raises(MathtuneError) as caught:
        generated.build(TEACHER, asked, source_table(), base, base / "unfinished")
    assert str(caught.value).startswith(f"build_solutions.generated: the teacher {base} solved none of 3 problems")
    assert "\n" not in str(caught.value)


def test_only_the_first_problems_are_asked(asked: pl.DataFrame, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sampler = Recorder({problem_id: ["No idea."] for problem_id in "abc"})
    monkeypatch.setattr(generated, "open_sampler", lambda *_: Opened(sampler, Letters(), "fake"))
    with pytest.raises(MathtuneError, match="solved none of 2 problems"):
        generated.build(replace(TEACHER, max_problems=2), asked, source_table(), base, base / "unfinished")
    assert [request.problem_id for request in sampler.asked["requests"]] == ["a", "b"]


@pytest.mark.parametrize("field", ["max_problems", "n", "max_kept"])
def test_counts_that_keep_nothing_are_refused_by_field(field: str) -> None:
    with pytest.raises(ValueError, match=f"^{field}: must be at least 1"):
        replace(TEACHER, **{field: 0})

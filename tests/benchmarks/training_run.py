"""One training in a process of its own, so that its memory is its own.

    python training_run.py {mathtune|trl|trl-no-checkpointing} STYLE SEED

Prints one JSON object. All three train the finished run's solutions of a style from the same float32 weights, with the
same learning rate, schedule, batch size and steps, computing in bfloat16; the rest is each one's own default.
"""

import json
import os
import resource
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

os.environ |= {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}

import torch
from trl import SFTConfig, SFTTrainer

from mathtune_core.params import load_params
from mathtune_core.schemas import PROBLEMS, SOLUTIONS
from mathtune_core.tables import read_table
from mathtune_training.global_batches import row_lengths
from mathtune_training.sft import mean_completion_loss, tokenize_solutions, train_sft
from mathtune_training.throughput import matmul_limit
from mathtune_training.train_generator import TrainGeneratorParams, choose_solutions
from mathtune_training.trainable import load_trainable

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    """See the module's docstring."""
    contender, style, seed = sys.argv[1], sys.argv[2], int(sys.argv[3])
    params = load_params(ROOT / "params.yaml", ("train_generator",), TrainGeneratorParams)
    problems = read_table(ROOT / "artifacts/build_problems/problems.parquet", PROBLEMS)
    solutions = read_table(ROOT / f"artifacts/build_solutions/{style}/solutions.parquet", SOLUTIONS)
    model, tokenizer = load_trainable(ROOT / "artifacts/pretrain_base/model")
    train = choose_solutions(problems, solutions, "train", "generator", params.max_examples)
    val = choose_solutions(problems, solutions, "val", None, params.max_eval_examples)
    rows, _ = tokenize_solutions(tokenizer, problems, train, params.max_length)
    val_rows, _ = tokenize_solutions(tokenizer, problems, val, params.max_length)

    with tempfile.TemporaryDirectory() as scratch:
        if contender == "mathtune":
            started = time.perf_counter()
            steps = train_sft(model, tokenizer, rows, params, seed).steps
        else:
            changes = {"gradient_checkpointing": False} if contender == "trl-no-checkpointing" else {}
            arguments = SFTConfig(
                output_dir=scratch,
                num_train_epochs=params.epochs,
                learning_rate=params.learning_rate,
                per_device_train_batch_size=params.batch_size,
                gradient_accumulation_steps=params.gradient_accumulation_steps,
                warmup_steps=params.warmup_ratio,
                weight_decay=params.weight_decay,
                lr_scheduler_type=params.lr_scheduler,
                max_length=params.max_length,
                seed=seed,
                use_cpu=True,
                report_to="none",
                save_strategy="no",
                **changes,
            )
            started = time.perf_counter()
            trainer = SFTTrainer(model=model, args=arguments, train_dataset=rows, processing_class=tokenizer)
            trainer.train()
            steps = trainer.state.global_step
        seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    tokens = round(sum(row_lengths(rows)) * params.epochs)
    result = {
        "contender": contender,
        "seed": seed,
        "steps": steps,
        "tokens": tokens,
        "seconds": seconds,
        "tokens_per_second": tokens / seconds,
        "peak_gib": peak / 2**30,
        # In float32, so that how a contender computed while training does not tell.
        "val_loss": mean_completion_loss(model, val_rows, replace(params, dtype="float32")),
        "matmul_limit": matmul_limit(model, torch.bfloat16),
    }
    sys.stdout.write("\n" + json.dumps(result) + "\n")


if __name__ == "__main__":
    main()

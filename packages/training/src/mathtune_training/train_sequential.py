"""The stage that carries one model's weights through generator, verifier and generator (MSFT, Liu et al., section 3.3).

It starts from a fine-tuned generator, trains it as a verifier on graded samples of its own, and then as a generator
again, on the solutions it was first trained on. The control spends the verifier's steps on these solutions instead, so
that what is left between the two is not the longer training.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from mathtune_core.schemas import PROBLEMS, SOLUTIONS
from mathtune_core.study import CONTROL
from mathtune_core.tables import read_table
from mathtune_training.model_card import Provenance, write_model_card
from mathtune_training.places import Places
from mathtune_training.train_generator import TrainGeneratorParams, fit_generator
from mathtune_training.train_verifier import TrainVerifierParams, fit_verifier, read_examples, verifier_data
from mathtune_training.trainable import load_trainable, save_trained
from mathtune_training.verdict_head import remove_verdict_head

SEVERAL_PROCESSES = True  # they share every batch (see global_batches.py)

# Added to the seed, so that a training does not go through the solutions in the order of the one before.
SECOND, THIRD = 1_000_003, 2_000_003


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainSequentialParams:
    """The two trainings that follow the first. The control takes from `verifier` only the number of its steps."""

    verifier: TrainVerifierParams
    generator: TrainGeneratorParams


def run(
    params: TrainSequentialParams,
    *,
    item: str,
    seed: int,
    problems: Path,
    solutions: Path,
    examples: Path,
    generator: Path,
    out: Path,
    unfinished: Path,
) -> None:
    """Writes out/model (the last generator) and its card, out/middle (the model between), out/training.json and
    out/loss.csv, and out/live with timings.

    `generator` is the checkpoint that the weights come from, `unfinished` the folder for checkpoints; a run killed in
    its second training repeats the first. Raises MathtuneError for what `fit_verifier` and `fit_generator` refuse.
    """
    data = {
        "problems": problems / "problems.parquet",
        "solutions": solutions / "solutions.parquet",
        "graded solutions": examples / "verifier_examples.parquet",
    }
    tables = (read_table(data["problems"], PROBLEMS), read_table(data["solutions"], SOLUTIONS))
    graded, graded_file = read_examples(data["graded solutions"], params.verifier.loss), str(data["graded solutions"])
    model, tokenizer = load_trainable(generator)

    def places(name: str, base: Path) -> Places:
        file = graded_file if name == "verifier" else str(data["solutions"])
        return Places(base=base, name=file, live=out / "live" / name, unfinished=unfinished / name)

    if item == CONTROL:
        steps = verifier_data(tokenizer, graded, params.verifier, seed, graded_file).steps(params.verifier)
        between = places("middle", generator)
        middle = fit_generator(model, tokenizer, *tables, params.generator, seed + SECOND, between, steps)
    else:
        middle = fit_verifier(model, tokenizer, graded, params.verifier, seed, places("verifier", generator))
        remove_verdict_head(model)
    # Several processes hold the model as its launcher does (in shards, say), and all need it whole to start anew; `out`
    # is the main one's alone.
    shared = unfinished / "carried"
    save_trained(model, tokenizer, shared)
    shutil.copytree(shared, out / "middle")
    model, tokenizer = load_trainable(shared)
    last = fit_generator(model, tokenizer, *tables, params.generator, seed + THIRD, places("generator", out / "middle"))
    save_trained(model, tokenizer, out / "model")
    provenance = Provenance(
        stage="train_sequential",
        item=item,
        seed=seed,
        base=generator,
        data=data,
        purpose="Solves math problems step by step.",
    )
    report = {"middle": middle[1], "generator": last[1]}
    write_model_card(out / "model", provenance, params, last[1])
    (out / "training.json").write_text(json.dumps(report, indent=2) + "\n")
    shifted = last[0].losses.with_columns(pl.col("step") + middle[0].steps)
    stages = (middle[0].losses.with_columns(stage=pl.lit("middle")), shifted.with_columns(stage=pl.lit("generator")))
    pl.concat(stages).write_csv(out / "loss.csv")

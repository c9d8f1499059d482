"""Stage pretrain_base: the tiny base model, to the default run what a pretrained LLM is to the real one.

It is frozen in dvc.yaml and its weights travel in the in-repo store; `make base` builds them anew.
"""

import csv
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl

from mathtune_core.prompts import CORRECT, INCORRECT, end_token, verdict_tokens
from mathtune_training.base_model import Architecture, Schedule, mean_loss, new_model, pretrain, train_tokenizer

VALIDATION_DOCUMENTS = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class PretrainBaseParams:
    """The recipe of the base model; a test fails when the shipped weights were made by another."""

    vocab_size: int
    architecture: Architecture
    schedule: Schedule
    seed: int


def run(params: PretrainBaseParams, *, corpus: Path, out: Path) -> None:
    """Trains tokenizer and model on `corpus`/corpus.parquet; writes `out`/model (bf16 safetensors) and its loss."""
    texts = pl.read_parquet(corpus / "corpus.parquet")["text"].to_list()
    length = params.architecture.max_position_embeddings
    # The verdicts must be one token each, so the tokenizer sees them often whatever the corpus holds.
    verdicts = [f"The above candidate solution is{word}" for word in (CORRECT, INCORRECT)] * (len(texts) // 20)
    tokenizer = train_tokenizer([*texts, *verdicts], params.vocab_size, length)
    verdict_tokens(tokenizer)
    end = end_token(tokenizer)
    encoded = tokenizer(texts, add_special_tokens=False)["input_ids"]
    documents = [[*ids, end] for ids in encoded if len(ids) < length]
    held_back, documents = documents[:VALIDATION_DOCUMENTS], documents[VALIDATION_DOCUMENTS:]
    model = new_model(params.architecture, len(tokenizer), end, params.seed)
    curve = pretrain(model, documents, params.schedule, params.seed)
    summary = {
        "parameters": model.num_parameters(),
        "documents": len(documents),
        "too_long": len(texts) - len(documents) - len(held_back),
        "tokens": curve[-1][0],
        "validation_loss": round(mean_loss(model, held_back, params.schedule.tokens_per_batch), 4),
        "architecture": asdict(params.architecture),
    }
    model.to("cpu").bfloat16().save_pretrained(out / "model", safe_serialization=True)
    tokenizer.save_pretrained(out / "model")
    (out / "pretraining.json").write_text(json.dumps(summary, indent=2) + "\n")
    with (out / "loss.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("tokens", "loss"), *curve])

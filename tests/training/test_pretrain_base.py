"""The tiny base that travels with the project: it is there, and it was made by the recipe in params.yaml."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from ruamel.yaml import YAML

from mathtune_core.errors import MathtuneError
from mathtune_core.params import load_params
from mathtune_core.prompts import verdict_tokens
from mathtune_training.base_model import Architecture, Schedule
from mathtune_training.pretrain_base import PretrainBaseParams, run
from mathtune_training.trainable import load_trainable

ROOT = Path(__file__).resolve().parents[2]
BASE = ROOT / "artifacts" / "pretrain_base"


def read_yaml(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe").load((ROOT / name).read_text())
    return loaded


def test_the_shipped_base_was_made_by_this_recipe() -> None:
    recorded = read_yaml("dvc.lock")["stages"]["pretrain_base"]["params"]["params.yaml"]
    params = read_yaml("params.yaml")
    for section in ("build_corpus", "pretrain_base"):
        assert recorded[section] == params[section], f"{section} in params.yaml is not what made the base: `make base`"


def test_dvc_keeps_the_base_frozen_and_the_store_holds_it() -> None:
    assert read_yaml("dvc.yaml")["stages"]["pretrain_base"]["frozen"] is True
    (out,) = read_yaml("dvc.lock")["stages"]["pretrain_base"]["outs"]
    listing = ROOT / "dvc-store" / "files" / "md5" / out["md5"][:2] / out["md5"][2:]
    assert listing.is_file(), "the base is missing from dvc-store/: `make base`"
    for entry in json.loads(listing.read_text()):
        assert (ROOT / "dvc-store" / "files" / "md5" / entry["md5"][:2] / entry["md5"][2:]).is_file(), entry["relpath"]


def test_the_base_loads_as_any_checkpoint() -> None:
    model, tokenizer = load_trainable(BASE / "model")
    verdict_tokens(tokenizer)
    params = load_params(ROOT / "params.yaml", ("pretrain_base",), PretrainBaseParams)
    assert model.config.hidden_size == params.architecture.hidden_size
    assert model.config.vocab_size == params.vocab_size
    assert all(len(tokenizer.tokenize(digit)) == 1 for digit in "0123456789")
    assert json.loads((BASE / "pretraining.json").read_text())["tokens"] >= params.schedule.max_tokens


def test_the_stage_makes_a_checkpoint(tmp_path: Path) -> None:
    texts = [f"Problem: What is ${a} + {b}$?\nSolution: It is ${a + b}$." for a in range(40) for b in range(40)]
    pl.DataFrame({"text": texts}).write_parquet(tmp_path / "corpus.parquet")
    params = PretrainBaseParams(
        vocab_size=320,
        architecture=Architecture(
            hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=1, max_position_embeddings=64
        ),
        schedule=Schedule(
            max_tokens=4000,
            tokens_per_batch=512,
            warmup_steps=2,
            muon_learning_rate=0.01,
            adamw_learning_rate=0.01,
            weight_decay=0.0,
        ),
        seed=0,
    )
    run(params, corpus=tmp_path, out=tmp_path / "out")
    model, tokenizer = load_trainable(tmp_path / "out" / "model")
    verdict_tokens(tokenizer)
    assert model.config.num_hidden_layers == 1
    assert json.loads((tmp_path / "out" / "pretraining.json").read_text())["too_long"] == 0


def test_a_recipe_without_room_for_the_verdicts_is_refused(tmp_path: Path) -> None:
    pl.DataFrame({"text": ["ab"] * 100}).write_parquet(tmp_path / "corpus.parquet")
    small = load_params(ROOT / "params.yaml", ("pretrain_base",), PretrainBaseParams)
    params = PretrainBaseParams(vocab_size=257, architecture=small.architecture, schedule=small.schedule, seed=0)
    with pytest.raises(MathtuneError, match="splits the verdict"):
        run(params, corpus=tmp_path, out=tmp_path / "out")

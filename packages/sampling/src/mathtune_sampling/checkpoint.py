"""Loads a local Hugging Face checkpoint: safetensors only, no code from the folder, nothing over the network."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors import SafetensorError
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, GenerationConfig

from mathtune_core.errors import MathtuneError

Dtype = Literal["float32", "bfloat16"]

_TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json")


def load_causal_lm(path: Path, dtype: Dtype) -> tuple[Any, Any]:
    """The model (in evaluation mode, on the GPU where there is one) and the tokenizer in folder `path`.

    Raises MathtuneError, before anything is loaded where it can be known, when the folder, its config, its tokenizer
    or any of its weights is missing or unreadable.
    """
    check_files(path)
    try:
        tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=True, trust_remote_code=False)
        model, loading = AutoModelForCausalLM.from_pretrained(
            path,
            dtype=getattr(torch, dtype),
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise MathtuneError(f"{path}: not a loadable causal language model ({reason})") from error
    # transformers fills what a file lacks with random numbers and goes on; samples from that would mean nothing.
    if loading["missing_keys"]:
        missing = sorted(loading["missing_keys"])
        raise MathtuneError(f"{path}: the weights lack {missing[0]} ({len(missing)} missing); save the model again")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return model.to(device).eval(), tokenizer


@dataclass(frozen=True, slots=True)
class Described:
    """What a checkpoint says of its model, without the weights: attributes that a loaded model has too."""

    config: Any
    generation_config: Any


def describe(path: Path) -> Described:
    """The configs in folder `path`. Raises MathtuneError for one that transformers cannot read."""
    try:
        config = AutoConfig.from_pretrained(path, local_files_only=True, trust_remote_code=False)
        if (path / "generation_config.json").is_file():
            generation = GenerationConfig.from_pretrained(path, local_files_only=True)
        else:
            generation = GenerationConfig.from_model_config(config)
    except (OSError, ValueError, KeyError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise MathtuneError(f"{path}: its config cannot be read ({reason})") from error
    return Described(config, generation)


def context_length(model: Any) -> int | None:
    """The most positions the model can take, prompt and completion together; None where its config sets no limit."""
    limit = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    return int(limit) if limit else None


def configured_context(path: Path) -> int | None:
    """`context_length` of the checkpoint in folder `path`, without loading it."""
    config = json.loads((path / "config.json").read_text())
    limit = config.get("text_config", config).get("max_position_embeddings")
    return int(limit) if limit else None


def check_files(path: Path) -> None:
    """Raises MathtuneError unless folder `path` has a config, safetensors weights, whole, and a tokenizer."""
    expected = "expected config.json and model.safetensors (or its shards and model.safetensors.index.json)"
    if not path.is_dir():
        raise MathtuneError(f"{path}: no model here; {expected} in a folder of that name")
    if not (path / "config.json").is_file():
        raise MathtuneError(f"{path}: no model here; {expected}, found no config.json")
    index = path / "model.safetensors.index.json"
    if index.is_file():
        try:
            shards = set(json.loads(index.read_text())["weight_map"].values())
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise MathtuneError(f"{index}: not an index of weight files; copy the checkpoint again") from error
        for shard in sorted(shards):
            if not (path / shard).is_file():
                raise MathtuneError(f"{path}: the weight file {shard} is missing; copy the checkpoint again")
    elif not (path / "model.safetensors").is_file():
        raise MathtuneError(f"{path}: no model here; {expected}, found no weights (.bin files are not read)")
    if not any((path / name).is_file() for name in _TOKENIZER_FILES):
        raise MathtuneError(f"{path}: no tokenizer here; expected one of {', '.join(_TOKENIZER_FILES)}")

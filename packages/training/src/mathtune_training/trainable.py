"""Checkpoint folders in and out: float32 weights from safetensors alone, so that nothing is ever unpickled."""

from pathlib import Path

import torch
from safetensors import SafetensorError
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from mathtune_core.errors import MathtuneError
from mathtune_core.processes import process_index
from mathtune_training.whole_weights import wait_for_all, whole_weights


def load_trainable(base: Path) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """The model, in float32 as master weights must be, and the tokenizer of a Hugging Face checkpoint folder.

    Raises MathtuneError when the folder is missing, incomplete, or not a causal language model in safetensors.
    """
    check_checkpoint(base)
    tokenizer = load_tokenizer(base)
    try:
        model = AutoModelForCausalLM.from_pretrained(
            base, dtype=torch.float32, use_safetensors=True, local_files_only=True
        )
    except (OSError, ValueError, KeyError, SafetensorError, RuntimeError) as error:
        raise MathtuneError(f"{base}: the model does not load ({first_line(error)}); rebuild it") from error
    return model, tokenizer


def load_tokenizer(base: Path) -> PreTrainedTokenizerBase:
    """The checkpoint's tokenizer. Raises MathtuneError when it does not load."""
    try:
        return AutoTokenizer.from_pretrained(base, local_files_only=True)
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise MathtuneError(f"{base}: the tokenizer does not load ({first_line(error)}); rebuild the folder") from error


def check_checkpoint(base: Path) -> None:
    """Raises MathtuneError unless `base` holds a config, a tokenizer and safetensors weights."""
    if not base.is_dir():
        raise MathtuneError(
            f"{base}: no such folder; it should hold the base model (`dvc repro` or `dvc pull` makes it)"
        )
    if not (base / "config.json").is_file():
        raise MathtuneError(f"{base}/config.json: no such file; a Hugging Face checkpoint folder is needed")
    if not any(base.glob("*.safetensors")):
        raise MathtuneError(f"{base}: no *.safetensors weights; convert the model (pickled weights are never opened)")
    if not any((base / name).is_file() for name in ("tokenizer.json", "tokenizer_config.json")):
        raise MathtuneError(f"{base}/tokenizer.json: no such file; a checkpoint folder needs its tokenizer")


def save_trained(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Weights (safetensors), configuration and tokenizer, as any Hugging Face program reads them.

    Of several processes all must call it; the main one writes, and all return when it has.
    """
    weights = whole_weights(model)
    if process_index() == 0:
        model.save_pretrained(folder, state_dict=weights)
        tokenizer.save_pretrained(folder)
    wait_for_all()


def first_line(error: Exception) -> str:
    """An error's first line, for messages of one line."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__

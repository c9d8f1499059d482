"""A Llama-family model laid out for decoding: fused projections, packed weights, one forward pass for any rows."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mathtune_sampling.engine.kernels import BLOCK, Attention, Kernels
from mathtune_sampling.engine.kv_cache import KVCache

_FAMILIES = ("llama", "mistral", "qwen2", "qwen3")
_STATIC_ROTARY = ("default", "linear", "llama3", "yarn")  # the others change with the length of the text
_ROWS = 8  # row counts are padded to a multiple: matrix kernels of one or two rows may sum in another order


def unsupported(config: Any) -> str | None:
    """Why this engine cannot run a model of this Hugging Face config; None when it can."""
    if config.model_type not in _FAMILIES:
        return f"{config.model_type} is not one of {', '.join(_FAMILIES)}"
    if config.hidden_act != "silu":
        return f"its activation is {config.hidden_act}, not silu"
    rotary = (getattr(config, "rope_parameters", None) or {}).get("rope_type", "default")
    if rotary not in _STATIC_ROTARY:
        return f"its rotary positions are {rotary}, not one of {', '.join(_STATIC_ROTARY)}"
    return None


def head_dim(config: Any) -> int:
    """Dimensions of an attention head."""
    stated: int | None = getattr(config, "head_dim", None)
    return stated or config.hidden_size // config.num_attention_heads


class Linear:
    """A matrix product with fixed weights, (out, in); on a CPU they are packed for oneDNN once."""

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None = None) -> None:
        self._bias = None if bias is None else bias.detach().contiguous()
        self._packed = weight.device.type == "cpu" and torch.backends.mkldnn.is_available()
        if weight.dtype == torch.bfloat16:  # not on a processor without AVX-512
            self._packed = self._packed and torch.ops.mkldnn._is_mkldnn_bf16_supported()
        weight = weight.detach()
        self.inputs: int = weight.shape[1]
        # A row of oneDNN's product is the same whatever the number of rows and threads; MKL's is not, and is slower.
        self._weight = torch.ops.mkldnn._reorder_linear_weight(weight) if self._packed else weight

    def __call__(self, rows: torch.Tensor) -> torch.Tensor:
        """(rows, out) of (rows, in)."""
        if self._packed:
            product: torch.Tensor = torch.ops.mkldnn._linear_pointwise(rows, self._weight, self._bias, "none", [], "")
            return product
        return torch.nn.functional.linear(rows, self._weight, self._bias)


class _Layer:
    def __init__(self, block: Any, config: Any, dim: int, window: int) -> None:
        attention, mlp = block.self_attn, block.mlp
        self.input_gain = block.input_layernorm.weight.detach().float()
        self.output_gain = block.post_attention_layernorm.weight.detach().float()
        self.qkv = _fused(attention.q_proj, attention.k_proj, attention.v_proj)
        self.out = _fused(attention.o_proj)
        self.gate_up = _fused(mlp.gate_proj, mlp.up_proj)
        self.down = _fused(mlp.down_proj)
        gains = (getattr(attention, name, None) for name in ("q_norm", "k_norm"))
        query_gain, key_gain = (None if gain is None else gain.weight.detach().float() for gain in gains)
        self.attention = Attention(
            config.num_attention_heads,
            config.num_key_value_heads,
            dim,
            window,
            config.rms_norm_eps,
            query_gain,
            key_gain,
        )


class LlamaFamily:
    """The weights of `model`, a Hugging Face causal LM that is not `unsupported`, and their forward pass.

    The residual stream is float32 whatever the weights are.
    """

    def __init__(self, model: Any, kernels: Kernels) -> None:
        config = model.config
        self.dim = head_dim(config)
        self.kv_heads: int = config.num_key_value_heads
        self.dtype: torch.dtype = model.dtype
        self.device: torch.device = model.device
        self._kernels = kernels
        self._epsilon: float = config.rms_norm_eps
        self._embedding = model.model.embed_tokens.weight.detach()
        self._layers = [
            _Layer(block, config, self.dim, window)
            for block, window in zip(model.model.layers, _windows(config), strict=True)
        ]
        self._gain = model.model.norm.weight.detach().float()
        self._head = _fused(model.lm_head)
        self._rotary_module = model.model.rotary_emb
        self._rotary = self._rotary_tables(0)

    def cache(self, blocks: int) -> KVCache:
        """An empty cache of so many blocks. Raises MathtuneError when the machine has not the memory."""
        return KVCache(
            layers=len(self._layers),
            kv_heads=self.kv_heads,
            dim=self.dim,
            blocks=blocks,
            dtype=self.dtype,
            device=self.device,
        )

    def block_bytes(self) -> int:
        """Bytes of one cache block, all layers together."""
        return len(self._layers) * 2 * self.kv_heads * self.dim * BLOCK * self.dtype.itemsize

    def hidden(self, tokens: NDArray[np.int64], rows: NDArray[np.int32], cache: KVCache) -> torch.Tensor:
        """The last hidden state of each of `tokens` (rows,), padded: (≥ rows, width); `rows` as `Kernels` has them."""
        kernels, layers = self._kernels, self._layers
        longest = int((rows[:, 1] + rows[:, 3]).max())
        if longest > len(self._rotary[0]):
            self._rotary = self._rotary_tables(longest)
        padded = np.zeros(padded_rows(len(tokens)), dtype=np.int64)
        padded[: len(tokens)] = tokens
        plan = kernels.plan(rows)
        residual = self._embedding[torch.from_numpy(padded).to(self.device)].float()
        normed = kernels.add_rms_norm(residual, None, layers[0].input_gain, self._epsilon, self.dtype)
        for index, layer in enumerate(layers):
            seen = kernels.attention(layer.qkv(normed), cache.layer(index), plan, self._rotary, layer.attention)
            normed = kernels.add_rms_norm(residual, layer.out(seen), layer.output_gain, self._epsilon, self.dtype)
            delta = layer.down(kernels.gated_silu(layer.gate_up(normed)))
            gain = layers[index + 1].input_gain if index + 1 < len(layers) else self._gain
            normed = kernels.add_rms_norm(residual, delta, gain, self._epsilon, self.dtype)
        return normed

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        """(rows, vocabulary) of hidden states (rows, width)."""
        short = padded_rows(len(hidden)) - len(hidden)
        padded = torch.nn.functional.pad(hidden, (0, 0, 0, short)) if short else hidden
        return self._head(padded)[: len(hidden)]

    def _rotary_tables(self, positions: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Cosine and sine of each position, float32 (≥ positions, dim / 2), by the model's own module."""
        at = torch.arange(max(1024, 1 << (positions - 1).bit_length()), device=self.device)[None]
        tables = self._rotary_module(torch.zeros(1, device=self.device), at)
        cosine, sine = (table[0, :, : self.dim // 2].float().contiguous() for table in tables)
        return cosine, sine


def _fused(*modules: Any) -> Linear:
    weights, biases = [module.weight for module in modules], [module.bias for module in modules]
    return Linear(torch.cat(weights), None if biases[0] is None else torch.cat(biases))


def _windows(config: Any) -> list[int]:
    """How many positions each layer sees; 0 for all."""
    window = getattr(config, "sliding_window", None) or 0
    kinds = getattr(config, "layer_types", None)
    if kinds is None:
        kinds = ["sliding_attention" if config.model_type == "mistral" else "full_attention"] * config.num_hidden_layers
    return [window if kind == "sliding_attention" else 0 for kind in kinds]


def padded_rows(rows: int) -> int:
    """How many rows a product is given for so many."""
    return -(-rows // _ROWS) * _ROWS

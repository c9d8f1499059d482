"""The kernels in plain torch: for accelerators, and for a CPU without a compiler."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from mathtune_sampling.engine.kernels import BLOCK, Attention, KernelName
from mathtune_sampling.engine.selection import draw, token_logprobs
from mathtune_sampling.noise import uniforms
from mathtune_sampling.requests import SamplingParams

_TOGETHER = 4  # blocks taken at a time, always as many: a row's sums do not depend on how long its neighbours are
_STRETCH = _TOGETHER * BLOCK
_LEAST = -1e30  # stands for "nothing seen yet": finite, so that a stretch with nothing to see changes nothing


@dataclass(frozen=True, slots=True)
class Plan:
    """Where each row writes and what it sees, as positions of the whole cache."""

    count: int
    write: torch.Tensor  # (rows,)
    positions: torch.Tensor  # (rows,)
    blocks: torch.Tensor  # (rows, stretches · _TOGETHER): the cache blocks seen, in order
    place: torch.Tensor  # (rows, stretches · _STRETCH): each position's place in the row's text, −1 for none


class TorchKernels:
    """`Kernels` for any device torch runs on; attention in float32."""

    name: KernelName = "torch"

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._room: dict[tuple[torch.Size, int], list[torch.Tensor]] = {}

    def plan(self, rows: NDArray[np.int32]) -> Plan:
        """See `Kernels.plan`."""
        table = torch.from_numpy(rows.astype(np.int64)).to(self._device)
        prompt_block, prompt, own_block, own = (column[:, None] for column in table.T)
        padded = -(-prompt // BLOCK) * BLOCK
        width = int((padded + own).max()) if len(rows) else 0
        at = torch.arange(-(-width // _STRETCH) * _STRETCH, device=self._device)[None, :]
        in_prompt = at < padded
        place = torch.where(in_prompt, at, at - padded + prompt)
        there = torch.where(in_prompt, at < prompt, place < prompt + own)
        block = torch.where(in_prompt, prompt_block + at // BLOCK, own_block + (at - padded) // BLOCK)
        last = torch.where(own > 0, own_block * BLOCK + own, prompt_block * BLOCK + prompt) - 1
        return Plan(
            len(rows),
            last[:, 0],
            (prompt + own - 1)[:, 0],
            torch.where(there, block, 0)[:, ::BLOCK],
            torch.where(there, place, -1),
        )

    def attention(
        self,
        qkv: torch.Tensor,
        cache: tuple[torch.Tensor, torch.Tensor],
        plan: Plan,
        rotary: tuple[torch.Tensor, torch.Tensor],
        layer: Attention,
    ) -> torch.Tensor:
        """See `Kernels.attention`; here the cache is laid out as (kv_heads, positions, dim)."""
        count, dim = plan.count, layer.dim
        heads = qkv[:count].view(count, -1, dim).float()
        query, key, value = heads.split([layer.heads, layer.kv_heads, layer.kv_heads], dim=1)
        cosine, sine = (table[plan.positions][:, None] for table in rotary)
        query = _turn(_head_norm(query, layer.query_gain, layer.epsilon), cosine, sine)
        key = _turn(_head_norm(key, layer.key_gain, layer.epsilon), cosine, sine)
        for part, new in zip(cache, (key, value), strict=True):
            part.view(layer.kv_heads, -1, dim)[:, plan.write] = new.transpose(0, 1).to(part.dtype)

        group = layer.heads // layer.kv_heads
        query = query.view(count, layer.kv_heads, group, dim).transpose(0, 1) * dim**-0.5
        top = torch.full((layer.kv_heads, count, group, 1), _LEAST, device=self._device)
        total = torch.zeros_like(top)
        mixed = torch.zeros(layer.kv_heads, count, group, dim, device=self._device)
        for number, blocks in enumerate(plan.blocks.split(_TOGETHER, dim=1)):
            place = plan.place[:, number * _STRETCH : (number + 1) * _STRETCH]
            visible = place >= 0
            if layer.window:
                visible &= place > plan.positions[:, None] - layer.window
            some_keys, some_values = (
                torch.index_select(part, 1, blocks.reshape(-1), out=room)
                .view(layer.kv_heads, count, _STRETCH, dim)
                .float()
                for part, room in zip(cache, self._rooms(cache, blocks.numel()), strict=True)
            )
            scores = (query @ some_keys.transpose(2, 3)).masked_fill(~visible[None, :, None, :], float("-inf"))
            higher = torch.maximum(top, scores.amax(dim=3, keepdim=True))
            weights, fading = torch.exp(scores - higher), torch.exp(top - higher)
            total = total * fading + weights.sum(dim=3, keepdim=True)
            mixed = mixed * fading + weights @ some_values
            top = higher
        out = torch.zeros(len(qkv), layer.heads * dim, dtype=qkv.dtype, device=self._device)
        out[:count] = (mixed / total).transpose(0, 1).reshape(count, -1).to(qkv.dtype)
        return out

    def _rooms(self, cache: tuple[torch.Tensor, torch.Tensor], blocks: int) -> list[torch.Tensor]:
        """Where gathered keys and values are put: kept, for fresh memory would be paged in at every step."""
        key = (cache[0].shape, blocks)
        if key not in self._room:
            heads, _, width = cache[0].shape
            self._room = {key: [part.new_empty(heads, blocks, width) for part in cache]}
        return self._room[key]

    def add_rms_norm(
        self, residual: torch.Tensor, delta: torch.Tensor | None, gain: torch.Tensor, epsilon: float, dtype: torch.dtype
    ) -> torch.Tensor:
        """See `Kernels.add_rms_norm`."""
        if delta is not None:
            residual += delta
        return torch.nn.functional.rms_norm(residual, (residual.shape[1],), gain, epsilon).to(dtype)

    def gated_silu(self, gate_up: torch.Tensor) -> torch.Tensor:
        """See `Kernels.gated_silu`."""
        gate, up = gate_up.float().chunk(2, dim=1)
        return (torch.nn.functional.silu(gate) * up).to(gate_up.dtype)

    def draw(
        self,
        logits: torch.Tensor,
        row_keys: NDArray[np.uint64],
        positions: NDArray[np.int64],
        greedy: NDArray[np.bool_],
        params: SamplingParams,
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """See `Kernels.draw`."""
        logits = logits.float()
        finite = torch.isfinite(logits.logsumexp(dim=1))
        logits = torch.where(finite[:, None], logits, 0.0)
        tokens = logits.argmax(dim=1)
        drawn = np.flatnonzero(~greedy)
        if len(drawn):
            at_rows = torch.from_numpy(drawn).to(self._device)
            tokens[at_rows] = draw(
                logits[at_rows],
                params,
                lambda number, at: uniforms(row_keys[drawn[at]], positions[drawn[at]], number),
            )
        logprobs = token_logprobs(logits, tokens)
        return torch.where(finite, tokens, -1).cpu().numpy(), logprobs.cpu().numpy()


def _head_norm(heads: torch.Tensor, gain: torch.Tensor | None, epsilon: float) -> torch.Tensor:
    return heads if gain is None else torch.nn.functional.rms_norm(heads, (heads.shape[2],), gain, epsilon)


def _turn(heads: torch.Tensor, cosine: torch.Tensor, sine: torch.Tensor) -> torch.Tensor:
    """Rotary positions in the rotate-half form; heads (rows, heads, dim), tables (rows, 1, dim / 2)."""
    first, second = heads.chunk(2, dim=2)
    return torch.cat([first * cosine - second * sine, second * cosine + first * sine], dim=2)

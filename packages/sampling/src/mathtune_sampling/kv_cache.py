"""A key-value cache that grows in place: transformers' own copies itself whole for every token."""

from typing import Any

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

_HEADROOM = 64  # positions added when a buffer is full: one copy in 64 steps, and little memory unused


class GrowingLayer(DynamicLayer):  # type: ignore[misc, unused-ignore]
    """One layer's keys and values, each a view (rows, heads, length, dim) of a buffer with room after `length`."""

    def __init__(self) -> None:
        super().__init__()
        self._buffers: tuple[torch.Tensor, torch.Tensor] | None = None

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Appends (rows, heads, new, dim) keys and values; returns all of them so far."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
            self.keys, self.values = key_states, value_states  # the prefill's own tensors, until they have to grow
            return self.keys, self.values
        length = self.keys.shape[-2]
        end = length + key_states.shape[-2]
        if self._buffers is None or self._buffers[0].shape[-2] < end:
            self._buffers = (_with_room(self.keys, end), _with_room(self.values, end))
        keys, values = self._buffers
        keys[:, :, length:end] = key_states
        values[:, :, length:end] = value_states
        self.keys, self.values = keys[:, :, :end], values[:, :, :end]
        return self.keys, self.values

    def batch_repeat_interleave(self, repeats: int) -> None:
        """Each row `repeats` times, side by side."""
        super().batch_repeat_interleave(repeats)
        self._buffers = None  # the rows have moved out of it

    def batch_select_indices(self, indices: torch.Tensor) -> None:
        """Only the rows `indices`."""
        super().batch_select_indices(indices)
        self._buffers = None


def growing_cache(model: Any) -> DynamicCache:
    """The model's own kind of cache, its plain layers replaced; sliding and linear layers stay as they are."""
    cache = DynamicCache(config=model.config)
    cache.layers = [GrowingLayer() if type(layer) is DynamicLayer else layer for layer in cache.layers]
    return cache


def _with_room(states: torch.Tensor, end: int) -> torch.Tensor:
    """`states` at the head of a buffer that holds `end` positions and some more."""
    rows, heads, length, dim = states.shape
    buffer = states.new_empty(rows, heads, end + _HEADROOM, dim)
    buffer[:, :, :length] = states
    return buffer

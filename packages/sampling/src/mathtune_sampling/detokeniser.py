"""Turns tokens into the text of a completion, and says when a stop text has come up."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mathtune_core.prompts import end_token


class Detokeniser:
    """For one tokenizer, the tokens that end a text, and texts before which it is cut."""

    def __init__(self, tokenizer: Any, end_tokens: set[int], stop: Sequence[str]) -> None:
        self._tokenizer = tokenizer
        self.stops = tuple(stop)
        # Every token but an empty one holds a byte or more, so a stop text just completed lies in as many last tokens.
        self._tail = max((len(text.encode()) for text in stop), default=0) + 4
        self._ends = np.array(sorted(end_tokens), dtype=np.int64)

    def ended(self, tokens: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of the rows' latest tokens (rows,) end their text."""
        return np.isin(tokens, self._ends)

    def stopped(self, written: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which rows of `written` (rows, max_tokens), each `lengths` long, have a stop text near their end."""
        if not self.stops:
            return np.zeros(len(lengths), dtype=np.bool_)
        tails = [tokens[max(0, length - self._tail) : length] for tokens, length in zip(written, lengths, strict=True)]
        return np.array([self._cut(self._decode(tail)) is not None for tail in tails], dtype=np.bool_)

    def text(self, tokens: NDArray[np.int64]) -> tuple[str, bool]:
        """The completion of all its tokens, and whether it was ended rather than cut at the limit."""
        ended = bool(self.ended(tokens[-1:])[0])
        # An end token of the model's own need not be a special one, so it is taken off by hand.
        text = self._decode(tokens[:-1] if ended else tokens)
        cut = self._cut(text)
        return (text if cut is None else text[:cut]).strip(), ended or cut is not None

    def _decode(self, tokens: NDArray[np.int64]) -> str:
        decoded: str = self._tokenizer.decode(
            tokens.tolist(), skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return decoded

    def _cut(self, text: str) -> int | None:
        places = [place for stop in self.stops if (place := text.find(stop)) >= 0]
        return min(places, default=None)


def end_tokens(model: Any, tokenizer: Any) -> set[int]:
    """The token training ends a solution with, and those the model itself says end a text."""
    ends = {end_token(tokenizer)}
    stated = getattr(getattr(model, "generation_config", None), "eos_token_id", None)
    if stated is not None:
        ends.update(stated if isinstance(stated, list) else [stated])
    return ends

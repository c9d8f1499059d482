"""The lengths of solutions in the base's tokens, as training counts them."""

import json
from collections.abc import Sequence
from pathlib import Path

import polars as pl
from tokenizers import Tokenizer

from mathtune_core.errors import MathtuneError
from mathtune_core.prompts import COMPLETION

PERCENTILES = (5, 25, 50, 75, 95)


def load_tokenizer(base: Path) -> Tokenizer:
    """The tokenizer of the checkpoint folder `base`, without torch or transformers, which take seconds to load.

    Raises MathtuneError when the folder or its tokenizer.json is missing or unreadable.
    """
    if not base.is_dir():
        raise MathtuneError(f"{base}: no model here, so tokens cannot be counted; `dvc repro` or `dvc pull` brings it")
    file = base / "tokenizer.json"
    if not file.is_file():
        raise MathtuneError(f"{base}: no tokenizer.json here; load its tokenizer with transformers and save it there")
    content = file.read_bytes()
    try:
        readable = "model" in json.loads(content)
    except ValueError:
        readable = False
    if not readable:
        raise MathtuneError(f"{file}: not a tokenizer; copy the checkpoint again")
    tokenizer = Tokenizer.from_buffer(content)
    # A checkpoint may have its training's truncation on file; here every token counts.
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def count_tokens(tokenizer: Tokenizer, solutions: Sequence[str]) -> list[int]:
    """Tokens of each solution as the generator is to write it, the end token included."""
    texts = [COMPLETION.format(solution=solution.strip()) for solution in solutions]
    return [len(encoding.ids) + 1 for encoding in tokenizer.encode_batch(texts, add_special_tokens=False)]


def summarise_lengths(tokens: pl.DataFrame) -> pl.DataFrame:
    """Box-plot numbers a style from columns style and tokens: p5, p25, p50, p75, p95 and the longest."""
    quantiles = [pl.col("tokens").quantile(p / 100, "linear").alias(f"p{p}") for p in PERCENTILES]
    return tokens.group_by("style", maintain_order=True).agg(*quantiles, pl.col("tokens").max().alias("longest"))

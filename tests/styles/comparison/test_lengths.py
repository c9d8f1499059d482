from pathlib import Path

import polars as pl
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from mathtune_core.errors import MathtuneError
from mathtune_styles.comparison.lengths import count_tokens, load_tokenizer, summarise_lengths


@pytest.fixture
def base(tmp_path: Path) -> Path:
    tokenizer = Tokenizer(models.WordLevel({"<unk>": 0, "two": 1}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.enable_truncation(3)
    tokenizer.enable_padding(length=3)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    return tmp_path


def test_every_token_counts_and_the_end_token_too(base: Path) -> None:
    # One of its own for each word, though the file on disk says to cut and to pad at three.
    assert count_tokens(load_tokenizer(base), ["two", " two two  two two two\n"]) == [2, 6]


def test_a_missing_base_is_named(tmp_path: Path) -> None:
    with pytest.raises(MathtuneError, match=r"^.*/nowhere: no model here, so tokens cannot be counted; .*dvc pull"):
        load_tokenizer(tmp_path / "nowhere")


def test_a_base_without_a_tokenizer_is_named(tmp_path: Path) -> None:
    with pytest.raises(MathtuneError, match=r"no tokenizer\.json here; load its tokenizer"):
        load_tokenizer(tmp_path)


@pytest.mark.parametrize("content", [b"{", b"{}", b"\xff", b"[]"])
def test_a_broken_tokenizer_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "tokenizer.json").write_bytes(content)
    with pytest.raises(MathtuneError, match=r"tokenizer\.json: not a tokenizer; copy the checkpoint again"):
        load_tokenizer(tmp_path)


def test_percentiles_are_interpolated() -> None:
    tokens = pl.DataFrame({"style": ["s"] * 5 + ["t"], "tokens": [10, 20, 30, 40, 50, 7]})
    assert summarise_lengths(tokens).rows() == [
        ("s", 12.0, 20.0, 30.0, 40.0, 48.0, 50),
        ("t", 7.0, 7.0, 7.0, 7.0, 7.0, 7),
    ]

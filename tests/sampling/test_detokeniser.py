"""Where a completion ends."""

import numpy as np
import pytest

from mathtune_sampling.detokeniser import Detokeniser


def tokens_of(tokenizer, text):
    return np.array(tokenizer.encode(text, add_special_tokens=False), dtype=np.int64)


@pytest.mark.parametrize(
    ("text", "stop", "expected", "ended"),
    [
        ("1 + 2 = 3", (), "1 + 2 = 3", False),
        ("1 + 2 = 3\n\nProblem: 4", ("\n\nProblem",), "1 + 2 = 3", True),
        ("a b c", ("c", "b"), "a", True),
        ("π ≈ 3.14 €", ("€",), "π ≈ 3.14", True),
    ],
)
def test_text_is_cut_before_the_first_stop_text(tokenizer, text, stop, expected, ended):
    assert Detokeniser(tokenizer, {0}, stop).text(tokens_of(tokenizer, text)) == (expected, ended)


def test_an_end_token_is_no_part_of_the_text(tokenizer):
    tokens = tokens_of(tokenizer, "1 + 2")
    assert Detokeniser(tokenizer, {int(tokens[-1])}, ()).text(tokens) == ("1 +", True)


@pytest.mark.parametrize("stop", ["€ and", "Problem:", "\n"])
def test_a_stop_text_is_seen_with_its_last_token_and_not_before(tokenizer, stop):
    tokens = tokens_of(tokenizer, "some words first " * 3 + "5 € and more\nProblem: two")
    detokeniser = Detokeniser(tokenizer, {0}, (stop,))
    lengths = np.arange(1, len(tokens) + 1)
    found = detokeniser.stopped(np.tile(tokens, (len(tokens), 1)), lengths)
    first = next(n for n in lengths if stop in tokenizer.decode(tokens[:n].tolist()))
    assert not found[: first - 1].any()
    assert found[first - 1]


def test_without_stop_texts_nothing_is_decoded():
    assert not Detokeniser(None, {0}, ()).stopped(np.zeros((2, 3), dtype=np.int64), np.array([1, 2])).any()

"""The model's products: a row's bits are its own at the sizes of a real model, whatever the number of rows."""

import pytest
import torch

from mathtune_sampling.engine.model import Linear, padded_rows

# (in, out) of SmolLM2-135M's products, of Qwen2.5-0.5B's widest and of the tiny base's.
SHAPES = [(576, 960), (576, 576), (576, 3072), (1536, 576), (896, 9728), (4864, 896), (192, 1024), (512, 192)]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(("inputs", "outputs"), SHAPES)
@torch.inference_mode()
def test_a_row_is_the_same_at_every_number_of_rows_and_threads(inputs, outputs, dtype):
    generator = torch.Generator().manual_seed(0)
    linear = Linear(torch.randn(outputs, inputs, generator=generator).to(dtype))
    rows = torch.randn(264, inputs, generator=generator).to(dtype)
    whole = linear(rows)
    for threads in (1, 2):
        torch.set_num_threads(threads)
        for number in (1, 2, 3, 5, 8, 17, 64, 100, 256):
            count = padded_rows(number)
            assert torch.equal(linear(rows[:count].contiguous())[:number], whole[:number])
            place = 264 - count
            assert torch.equal(linear(rows[place:].contiguous())[:number], whole[place : place + number])


def test_row_counts_are_padded_and_never_one_or_two():
    assert [padded_rows(number) for number in (1, 7, 8, 9, 256)] == [8, 8, 8, 16, 256]

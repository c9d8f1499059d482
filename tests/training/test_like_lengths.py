import itertools
import random

import torch

from mathtune_training.like_lengths import StepOrder, like_length_parts, part_sizes

LENGTHS = [random.Random(number).randint(20, 300) for number in range(750)]


def test_every_row_comes_once_an_epoch_in_another_order() -> None:
    order = StepOrder(LENGTHS, 16, 0)
    first = list(order)
    order.set_epoch(1)
    second = list(order)
    assert sorted(first) == sorted(second) == list(range(750))
    assert first != second
    order.set_epoch(0)
    assert list(order) == first
    assert list(StepOrder(LENGTHS, 16, 1)) != first


def test_a_steps_rows_are_sorted_and_drawn_whatever_their_length() -> None:
    order = list(StepOrder(LENGTHS, 16, 0))
    steps = [order[start : start + 16] for start in range(0, 750, 16)]
    for step in steps:
        lengths = [LENGTHS[row] for row in step]
        assert lengths == sorted(lengths, reverse=True)
    means = [sum(LENGTHS[row] for row in step) / len(step) for step in steps]
    assert max(means) < 220
    assert min(means) > 90


def test_parts_are_the_cheapest_of_all() -> None:
    """Against every way to cut eight rows."""
    for seed in range(20):
        lengths = sorted((random.Random(seed * 8 + row).randint(1, 99) for row in range(8)), reverse=True)
        for part_tokens in (1, 50, 1000):
            costs = {}
            for cuts in itertools.product([False, True], repeat=7):
                starts = [0, *(place for place, cut in enumerate(cuts, 1) if cut), 8]
                sizes = tuple(b - a for a, b in itertools.pairwise(starts))
                costs[sizes] = sum((b - a) * lengths[a] + part_tokens for a, b in itertools.pairwise(starts))
            assert costs[tuple(part_sizes(lengths, part_tokens))] == min(costs.values())
    assert part_sizes([300, 300, 20, 20, 20], 128) == [2, 3]  # 900 + 60 + 128 against 1,500
    assert part_sizes([300, 290, 280], 128) == [3]


def test_parts_hold_the_batchs_rows_without_their_padding() -> None:
    lengths = torch.tensor([20, 300, 25, 290])
    mask = (torch.arange(300) < lengths[:, None]).long()
    ids = torch.arange(1200).view(4, 300) * mask
    parts = like_length_parts({"input_ids": ids, "attention_mask": mask, "labels": ids})
    assert [tuple(part["input_ids"].shape) for part in parts] == [(2, 300), (2, 25)]
    assert [part["attention_mask"].sum(1).tolist() for part in parts] == [[300, 290], [25, 20]]
    torch.testing.assert_close(parts[1]["input_ids"], ids[[2, 0], :25])
    torch.testing.assert_close(parts[1]["labels"], ids[[2, 0], :25])

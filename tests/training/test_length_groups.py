import random

from mathtune_training.length_groups import LengthGroups

LENGTHS = [random.Random(number).randint(20, 300) for number in range(750)]


def batches(order: list[int]) -> list[list[int]]:
    return [order[start : start + 16] for start in range(0, len(order), 16)]


def padded(rows: list[list[int]]) -> int:
    return sum(len(batch) * max(LENGTHS[row] for row in batch) for batch in rows)


def test_every_row_comes_once_an_epoch_in_another_order() -> None:
    groups = LengthGroups(LENGTHS, 16, 50, 0)
    first = list(groups)
    groups.set_epoch(1)
    second = list(groups)
    assert sorted(first) == sorted(second) == list(range(750))
    assert first != second
    groups.set_epoch(0)
    assert list(groups) == first
    assert list(LengthGroups(LENGTHS, 16, 50, 1)) != first


def test_little_is_padding_and_batches_are_in_no_order_of_length() -> None:
    order = list(LengthGroups(LENGTHS, 16, 50, 0))
    assert sum(LENGTHS) / padded(batches(order)) > 0.95
    assert sum(LENGTHS) / padded(batches(random.Random(0).sample(range(750), 750))) < 0.65
    longest = [max(LENGTHS[row] for row in batch) for batch in batches(order)]
    assert longest not in (sorted(longest), sorted(longest, reverse=True))


def test_rows_that_fill_no_batch_are_not_the_shortest() -> None:
    leftover = {row for seed in range(20) for row in list(LengthGroups(LENGTHS, 16, 50, seed))[736:]}
    assert len(leftover) > 100
    assert max(LENGTHS[row] for row in leftover) > 250

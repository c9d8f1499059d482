"""The reliability table by hand."""

from mathtune_ranking.reliability import reliability
from mathtune_ranking.rows import Row


def test_bins_have_their_mean_score_and_share_of_right_samples(toy) -> None:
    # 0.8 … 0.9: two scores, mean 0.84, one right. 0.1 … 0.2: the bound 0.1, wrong. 0.9 … 1: the bound 1, right.
    arrays = toy([(0, 0.82, True), (1, 0.86, False), (None, 0.1, False), (0, 1.0, True)])
    lines = reliability({Row("terse", "xent"): (arrays,)}, 0.95).rows()
    # One problem tells as much as one sample, however many it has. Wilson at 95% (z = 1.95996, z² = 3.84146) of a half
    # of one: centre 0.5, half 1.95996 · √(0.25 + 3.84146 / 4) / (1 + 3.84146) = 0.44537.
    # 0 of 1 is 0 to z² / (1 + z²) = 0.79345, and 1 of 1 its mirror image.
    assert lines == [
        ("terse", "xent", 0.1, 0.2, 0.1, 0.0, 0.0, 0.7935, 1),
        ("terse", "xent", 0.8, 0.9, 0.84, 0.5, 0.0546, 0.9454, 2),
        ("terse", "xent", 0.9, 1.0, 1.0, 1.0, 0.2065, 1.0, 1),
    ]


def test_seeds_are_put_together_and_rows_kept_apart(toy) -> None:
    first, second = toy([(0, 0.55, True), (0, 0.55, True)]), toy([(0, 0.55, True), (1, 0.57, False)])
    frame = reliability({Row("terse", "xent"): (first, second), Row("terse", "margin"): (first, first)}, 0.95)
    assert frame.select("verifier", "bin_low", "mean_score", "share_right", "num_samples").rows() == [
        ("xent", 0.5, 0.555, 0.75, 4),
        ("margin", 0.5, 0.55, 1.0, 4),
    ]

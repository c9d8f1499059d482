"""Accuracy by cluster size by hand."""

from dataclasses import replace

from mathtune_ranking.cluster_sizes import cluster_sizes
from mathtune_ranking.outcomes import outcomes
from mathtune_ranking.rows import Row

ROW = Row("terse", "xent")


def clustered(*sizes: tuple[int | None, int], right: int) -> list[tuple[int | None, float, bool]]:
    return [(cluster, 0.5, cluster == right) for cluster, size in sizes for _ in range(size)]


def test_clusters_are_counted_by_size_in_powers_of_two(study, toy) -> None:
    # N = 6. Sizes 3, 2 and 1; 5 and none; 6. Right are the 2, the 5 and the 6.
    arrays = toy(
        clustered((0, 3), (1, 2), (2, 1), right=1),
        clustered((0, 5), (None, 1), right=0),
        clustered((0, 6), right=0),
    )
    found = outcomes(replace(study, styles=("terse",)), {ROW: (arrays,)}, 1)
    frame = cluster_sizes(found, 0.95)
    assert frame.columns == ["generator", "size", "num_clusters", "share_right", "low", "high"]
    # Wilson at 95%: 0 of 1 up to z² / (1 + z²) = 0.7935; 2 of 2 from 1 / (1 + z² / 2) = 0.3424;
    # a half, both in one problem, as of one sample.
    assert frame.rows() == [
        ("terse", "1", 1, 0.0, 0.0, 0.7935),
        ("terse", "2–3", 2, 0.5, 0.0546, 0.9454),
        ("terse", "4–6", 2, 1.0, 0.3424, 1.0),
    ]


def test_the_largest_size_is_n_and_seeds_are_put_together(study, toy) -> None:
    two = replace(study, styles=("terse",), seeds=(0, 1))
    first, second = toy(clustered((0, 4), right=0)), toy(clustered((0, 4), right=1))
    frame = cluster_sizes(outcomes(two, {ROW: (first, second)}, 1), 0.95)
    assert frame.select("size", "num_clusters", "share_right").rows() == [("4", 2, 0.5)]

"""The K most frequent clusters, in expectation over who gets the last places where several tie for them."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from mathtune_ranking.votes import binomials, quadrature


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """The state of the K places in each row."""

    k: int
    sure: NDArray[np.bool_]  # (rows, C), clusters that have a place whatever is drawn
    tied: NDArray[np.bool_]  # (rows, C), those that tie for the rest
    num_tied: NDArray[np.int64]  # (rows,)
    left: NDArray[np.int64]  # (rows,), how many of the tied get a place

    def of(self, rows: NDArray[np.int64]) -> "Places":
        """Some of the rows."""
        return Places(self.k, self.sure[rows], self.tied[rows], self.num_tied[rows], self.left[rows])


def places(count: NDArray[np.float64], k: int) -> Places:
    """Who gets the K places by `count` (rows, C); a cluster without samples gets none."""
    ordered = -np.sort(-count, axis=1)
    last = ordered[:, min(k, ordered.shape[1]) - 1][:, None]
    present = count > 0
    sure, tied = present & (count > last), present & (count == last)
    num_tied = np.count_nonzero(tied, axis=1)
    return Places(k, sure, tied, num_tied, np.minimum(k - np.count_nonzero(sure, axis=1), num_tied))


def chance_of_any(among: Places, right: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The chance that one of the `right` clusters (rows, C) is in, (rows,)."""
    some_sure = (among.sure & right).any(axis=1)
    none = _chance_of_none(among, np.count_nonzero(among.tied & right, axis=1))
    return np.where(some_sure, 1.0, 1.0 - none)


def chance_of_best(among: Places, value: NDArray[np.float64], cluster: NDArray[np.int64]) -> NDArray[np.float64]:
    """The chance that `cluster` (rows,) is in and no cluster of higher `value` (rows, C) is, (rows,)."""
    rows = np.arange(len(cluster))
    better = value > value[rows, cluster][:, None]
    beaten = (better & among.sure).any(axis=1)
    num_better = np.count_nonzero(better & among.tied, axis=1)
    tied = among.tied[rows, cluster]
    none_better = _chance_of_none(among, num_better)
    neither = _chance_of_none(among, num_better + tied)  # the better ones, nor itself where it is tied
    chance = np.where(tied, none_better - neither, none_better)
    return np.where(beaten | ~(tied | among.sure[rows, cluster]), 0.0, chance)


def chance_to_win(
    among: Places, value: NDArray[np.float64], weight: NDArray[np.float64], cluster: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The chance that `cluster` (rows,) is chosen as the one of highest `value` among those in, (rows,).

    Those in that are equal are chosen in proportion to `weight` (rows, C), at least 1 wherever there is a value.
    """
    chance = chance_of_best(among, value, cluster)
    rows = np.arange(len(cluster))
    equal = (value == value[rows, cluster][:, None]) & (among.sure | among.tied)
    shared = np.nonzero((chance > 0) & (np.count_nonzero(equal, axis=1) > 1))[0]
    if shared.size:
        chance[shared] = _shared(among.of(shared), value[shared], weight[shared], equal[shared], cluster[shared])
    return chance


def _shared(
    among: Places,
    value: NDArray[np.float64],
    weight: NDArray[np.float64],
    equal: NDArray[np.bool_],
    cluster: NDArray[np.int64],
) -> NDArray[np.float64]:
    """`chance_to_win` in rows where others in play are `equal` and none that is sure is better.

    The share w / W of the weight W of the equals that are in is the integral of w y^(W − 1) over y in 0 … 1. Of the
    tied equals any may be in; the ways to have j of them, each counted y^weight times, are an elementary symmetric
    polynomial, and quadrature integrates the sum exactly.
    """
    rows = np.arange(len(cluster))
    own, own_tied = weight[rows, cluster], among.tied[rows, cluster]
    sure_weight = np.where(equal & among.sure, weight, 0).sum(axis=1)
    others = equal & among.tied
    others[rows, cluster] = False
    most = sure_weight + own + np.where(others, weight, 0).sum(axis=1)
    nodes, quadrature_weights = quadrature(int(most.max()) // 2 + 1)
    ways = np.zeros((int(among.left.max()) + 1, len(nodes), len(cluster)))
    ways[0] = 1.0
    for column in range(equal.shape[1]):
        there = others[:, column]
        if there.any():
            ways[1:] += np.where(there, nodes[:, None] ** weight[:, column], 0.0) * ways[:-1]
    num_better = np.count_nonzero((value > value[rows, cluster][:, None]) & among.tied, axis=1)
    num_worse = among.num_tied - num_better - others.sum(axis=1) - own_tied
    choose = binomials(int(among.num_tied.max()))
    power = nodes[:, None] ** (sure_weight + np.where(own_tied, own, 0) - 1)
    total = np.zeros(len(cluster))
    for number, of_number in enumerate(ways):  # of the other equals that are in
        rest = among.left - own_tied - number
        possible = np.where(rest >= 0, choose[num_worse, np.maximum(rest, 0)], 0.0)  # 0 where there are not so many
        total += possible * (quadrature_weights @ (of_number * power))
    result: NDArray[np.float64] = own * total / choose[among.num_tied, among.left]
    return result


def _chance_of_none(among: Places, some: NDArray[np.int64]) -> NDArray[np.float64]:
    """The chance that none of `some` (rows,) of the tied clusters is drawn, C(t − s, l) / C(t, l)."""
    width = among.tied.shape[1]
    chance: NDArray[np.float64] = _none_table(width, min(among.k, width))[among.num_tied, among.left, some]
    return chance


@cache
def _none_table(max_tied: int, max_left: int) -> NDArray[np.float64]:
    """C(t − s, l) / C(t, l) at [t, l, s] for l up to t; 0 where s is more than t − l."""
    tied, some = np.arange(max_tied + 1)[:, None], np.arange(max_tied + 2)[None, :]
    table = np.ones((max_tied + 1, max_left + 1, max_tied + 2))
    for left in range(max_left):
        table[:, left + 1] = table[:, left] * np.maximum(tied - some - left, 0) / np.maximum(tied - left, 1)
    return table

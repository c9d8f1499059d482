"""The chance to win a vote over samples drawn at random, exactly: a product of polynomials instead of all subsets."""

from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mathtune_core.errors import MathtuneError

MAX_SAMPLES = 1_029  # of more, C(n, n / 2) is beyond float64
PROBLEMS_AT_ONCE = 256  # times a product's size: some MB


def vote_chance(
    certain: NDArray[np.int64],
    pool: NDArray[np.int64],
    spare: NDArray[np.int64],
    cluster: NDArray[np.int64],
    max_drawn: int,
) -> NDArray[np.float64]:
    """The chance that `cluster` (P,) wins the vote once m samples are drawn, (P, max_drawn + 1) for m = 0 … max_drawn.

    A problem's clusters have `certain` votes (P, C); the m are drawn without replacement from `pool` (P, C) further
    samples of the clusters and `spare` (P,) that have no vote. Clusters that tie are equally likely to win. It is 0
    where m exceeds what there is to draw.

    With v votes the cluster wins if no other has more, and none of those that have as many goes before it. Let its
    place among equals be y, uniform in 0 … 1, and each of its equals be before it with chance y, independently: then
    a cluster with c drawn counts C(pool, c) ways times 1, 1 − y or 0 where it has fewer, as many or more votes, and
    all ways to draw m are the coefficient of x^m in the product over clusters. In y it is a polynomial that
    Gauss-Legendre quadrature integrates exactly. No term is negative, so nothing cancels.
    """
    num_problems = len(cluster)
    chance = np.zeros((num_problems, max_drawn + 1))
    order = np.argsort((certain + pool > 0).sum(axis=1), kind="stable")  # like numbers of clusters together
    for start in range(0, num_problems, PROBLEMS_AT_ONCE):
        rows = order[start : start + PROBLEMS_AT_ONCE]
        chance[rows] = _ways(certain[rows], pool[rows], spare[rows], cluster[rows], max_drawn).T
    total = spare + pool.sum(axis=1)
    out_of = binomials(int(total.max(initial=0)))[total]
    width = min(max_drawn + 1, out_of.shape[1])
    np.divide(chance[:, :width], out_of[:, :width], out=chance[:, :width], where=out_of[:, :width] > 0)
    return chance


def _ways(
    certain: NDArray[np.int64],
    pool: NDArray[np.int64],
    spare: NDArray[np.int64],
    cluster: NDArray[np.int64],
    max_drawn: int,
) -> NDArray[np.float64]:
    """`vote_chance` times the number of ways to draw, (max_drawn + 1, P)."""
    rows = np.arange(len(cluster))
    own_certain, own_pool = certain[rows, cluster], pool[rows, cluster]
    certain, pool = certain.copy(), pool.copy()
    certain[rows, cluster] = pool[rows, cluster] = 0
    found = np.zeros((max_drawn + 1, len(cluster)))
    most = int((own_certain + np.minimum(own_pool, max_drawn)).max(initial=0))
    for votes in range(max(1, int(own_certain.min(initial=0))), most + 1):
        reached = (own_certain <= votes) & (votes <= own_certain + np.minimum(own_pool, max_drawn))
        here = np.nonzero(reached)[0]
        here = here[(certain[here] <= votes).all(axis=1)]
        drawn = votes - own_certain[here]
        rival = certain[here] + pool[here] >= votes
        idle = spare[here] + np.where(rival, 0, pool[here]).sum(axis=1)  # whatever is drawn of these, they lose
        num_rivals = rival.sum(axis=1)
        nodes, weights = quadrature(int(num_rivals.max(initial=0)) // 2 + 1)
        product = np.zeros((max_drawn + 1, len(nodes), len(here)))
        product[:] = _drawn_of(idle, max_drawn)[:, None, :]
        rivals = np.argsort(~rival, axis=1, kind="stable")
        for place in range(int(num_rivals.max(initial=0))):
            column = rivals[:, place]
            is_one = num_rivals > place
            has = np.where(is_one, certain[here, column], 0)
            more = np.where(is_one, pool[here, column], 0)
            product = _times(product, has, more, votes, nodes)
        own = weights @ product * binomials(int(own_pool.max()))[own_pool[here], drawn]
        for number in np.unique(drawn):
            of_number = drawn == number
            found[number:, here[of_number]] += own[: max_drawn + 1 - number, of_number]
    return found


def _times(
    product: NDArray[np.float64],
    has: NDArray[np.int64],
    more: NDArray[np.int64],
    votes: int,
    nodes: NDArray[np.float64],
) -> NDArray[np.float64]:
    """`product` times the polynomial of one rival with `has` certain votes and a pool of `more`."""
    result = np.zeros_like(product)
    ways = _drawn_of(more, min(votes, len(product) - 1))
    for drawn, of_number in enumerate(ways):
        fewer, equal = np.where(has + drawn < votes, of_number, 0.0), np.where(has + drawn == votes, of_number, 0.0)
        if fewer.any() or equal.any():
            factor = fewer + np.outer(1.0 - nodes, equal)
            result[drawn:] += factor * product[: len(product) - drawn]
    return result


def _drawn_of(size: NDArray[np.int64], max_drawn: int) -> NDArray[np.float64]:
    """C(size, m) for m = 0 … max_drawn, (max_drawn + 1, P)."""
    return binomials(max(int(size.max(initial=0)), max_drawn))[size, : max_drawn + 1].T


@cache
def binomials(size: int) -> NDArray[np.float64]:
    """C(n, m) for n and m up to `size`; raises MathtuneError where that is beyond float64."""
    if size > MAX_SAMPLES:
        raise MathtuneError(f"{size} samples a problem: at most {MAX_SAMPLES} can be ranked; take fewer")
    table = np.zeros((size + 1, size + 1))
    row = [1]  # in Pascal's triangle, as exact integers
    for n in range(size + 1):
        table[n, : n + 1] = row
        row = [1, *(left + right for left, right in pairwise(row)), 1]
    return table


@cache
def quadrature(num_nodes: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Nodes and weights of Gauss-Legendre quadrature on 0 … 1: exact to degree 2 · num_nodes − 1."""
    nodes, weights = np.polynomial.legendre.leggauss(num_nodes)
    return (nodes + 1.0) / 2.0, weights / 2.0

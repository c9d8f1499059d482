"""How often re-ranking overrules the vote, and whether it is right to.

Where a rule leaves several clusters equal, it is a distribution over clusters: v of the vote, s of the selector. What
both leave open they are taken to settle alike, so that a verifier that prefers nothing overrules nothing: cluster c
wins both with the chance min(v_c, s_c), and only the rest, s − min and v − min, drawn one without regard to the other,
are problems overruled. So the gain of re-ranking over the vote is `right_instead` less `wrong_instead`, exactly.
"""

import numpy as np
import polars as pl

from mathtune_ranking.candidates import Candidates, parts
from mathtune_ranking.outcomes import Outcomes
from mathtune_ranking.selectors import (
    SCORED,
    Bools,
    Floats,
    best_score_share,
    restricted_share,
    score_sum_share,
    tally,
    top_vote_share,
    vote_share,
)

SCHEMA = {
    "generator": pl.String,
    "verifier": pl.String,
    "selector": pl.String,
    "num_problems": pl.Int64,
    "overruled": pl.Float64,  # problems, means over seeds, here and below
    "right_instead": pl.Float64,  # of those: right, the vote wrong
    "wrong_instead": pl.Float64,  # wrong, the vote right
    "neither": pl.Float64,  # another answer that is as right or as wrong
}


def overrules(found: Outcomes, headline: Bools) -> pl.DataFrame:
    """A line for each generator, verifier and selector that reads scores, over the headline problems (mask (P,))."""
    lines = []
    for row, of_seeds in found.runs.items():
        counted = np.mean([_by_selector(candidates, headline, found.k) for candidates in of_seeds], axis=0)
        for selector, counts in zip(SCORED, counted, strict=True):
            problems = (round(float(count), 4) for count in (counts.sum(), *counts))
            lines.append((row.generator, row.verifier, selector, int(headline.sum()), *problems))
    return pl.DataFrame(lines, schema=SCHEMA, orient="row")


def _by_selector(candidates: Candidates, headline: Bools, k: int) -> Floats:
    """The expected numbers of problems right, wrong and neither instead, one row a selector: (selectors, 3)."""
    blocks = zip(candidates.blocks(), parts(len(headline)), strict=True)
    counted: Floats = np.sum([_of_block(block, headline[part], k) for block, part in blocks], axis=0)
    return counted


def _of_block(candidates: Candidates, headline: Bools, k: int) -> Floats:
    tallies = tally(candidates.cluster_id[headline], candidates.score[headline], candidates.num_clusters)
    shares = {
        "RR.All": best_score_share(tallies),
        "RR.MajK": restricted_share(tallies, k, tallies.score_max, tallies.num_best),
        "W.RR": score_sum_share(tallies),
        "W.RR.MajK": restricted_share(tallies, k, tallies.score_sum, np.ones_like(tallies.count)),
        "Maj1.TopN": top_vote_share(
            candidates.cluster_id[headline], candidates.score[headline], candidates.num_clusters
        ),
    }
    vote, correct = vote_share(tallies), candidates.cluster_correct[headline]
    return np.stack([overruled(vote, shares[name], correct).sum(axis=0) for name in SCORED])


def overruled(vote: Floats, share: Floats, correct: Bools) -> Floats:
    """The chances that the winner is another than the vote's and right, wrong or neither instead, (P, 3).

    `vote` and `share` are the clusters' chances to win, `correct` which are right, each (P, C).
    """
    common = np.minimum(vote, share)
    before, after = vote - common, share - common
    total = after.sum(axis=1)
    right_before, right_after = (before * correct).sum(axis=1), (after * correct).sum(axis=1)
    products = np.stack([right_after * (total - right_before), (total - right_after) * right_before], axis=1)
    gained = np.divide(products, total[:, None], out=np.zeros_like(products), where=total[:, None] > 0)
    neither = np.maximum(total - gained.sum(axis=1), 0.0)
    return np.column_stack([gained, neither])

from itertools import product

import pytest
import torch

from mathtune_training.auc import area_under_curve


def test_auc_is_the_share_of_pairs_in_order() -> None:
    generator = torch.Generator().manual_seed(0)
    for size in range(2, 30):
        scores = torch.randint(0, 6, (size,), generator=generator).double().tolist()
        right = torch.randint(0, 2, (size,), generator=generator).bool().tolist()
        pairs = [
            1.0 if scores[i] > scores[j] else 0.5 if scores[i] == scores[j] else 0.0
            for i, j in product(range(size), repeat=2)
            if right[i] and not right[j]
        ]
        expected = sum(pairs) / len(pairs) if pairs else None
        assert area_under_curve(scores, right) == (pytest.approx(expected, abs=1e-12) if pairs else None)

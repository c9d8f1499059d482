import math
from collections.abc import Callable

import pytest
import torch

from mathtune_training.verdict_loss import bradley_terry, verdict_cross_entropy, verdict_margin

DIFFERENCES, VERDICTS = [2.0, -1.0, 0.5, 0.0], [True, True, False, False]


def check_gradient(loss: Callable[[torch.Tensor], torch.Tensor], at: list[float]) -> None:
    """The gradient at `at` is what finite differences of the loss give, in double precision."""
    point = torch.tensor(at, dtype=torch.float64, requires_grad=True)
    loss(point).backward()
    for index in range(len(at)):
        step = 1e-3
        ends = []
        for sign in (1, -1):
            moved = torch.tensor(at, dtype=torch.float64)
            moved[index] += sign * step
            ends.append(float(loss(moved)))
        assert point.grad is not None
        assert float(point.grad[index]) == pytest.approx((ends[0] - ends[1]) / (2 * step), abs=1e-3)


def test_the_loss_is_the_papers_worked_by_hand() -> None:
    # S = 0.880797, 0.268941, 0.622459, 0.5
    expected = -math.log(0.880797) - math.log(0.268941) - math.log(1 - 0.622459) - math.log(0.5)
    found = verdict_cross_entropy(torch.tensor(DIFFERENCES), torch.tensor(VERDICTS))
    assert float(found) == pytest.approx(expected, rel=1e-5) == pytest.approx(3.107399, rel=1e-5)


def test_weights_multiply_each_examples_loss() -> None:
    weight = torch.tensor([2.0, 0.0, 0.5, 1.0])
    expected = -2 * math.log(0.880797) - 0.5 * math.log(1 - 0.622459) - math.log(0.5)
    found = verdict_cross_entropy(torch.tensor(DIFFERENCES), torch.tensor(VERDICTS), weight)
    assert float(found) == pytest.approx(expected, rel=1e-5)


def test_an_extreme_difference_keeps_its_loss() -> None:
    found = verdict_cross_entropy(torch.tensor([-200.0], dtype=torch.bfloat16), torch.tensor([True]))
    assert found.dtype == torch.float32
    assert float(found) == 200.0


def test_the_gradient_is_that_of_finite_differences() -> None:
    differences = torch.tensor(DIFFERENCES, requires_grad=True)
    verdict_cross_entropy(differences, torch.tensor(VERDICTS)).backward()
    for index in range(len(DIFFERENCES)):
        step = 1e-2
        ends = []
        for sign in (1, -1):
            moved = [d + sign * step * (i == index) for i, d in enumerate(DIFFERENCES)]
            score = [1 / (1 + math.exp(-d)) for d in moved]
            ends.append(-sum(math.log(s if v else 1 - s) for s, v in zip(score, VERDICTS, strict=True)))
        assert differences.grad is not None
        assert float(differences.grad[index]) == pytest.approx((ends[0] - ends[1]) / (2 * step), abs=1e-4)


# d⁺ = 2, 0, −1 and d⁻ = −1, 0, 2: log S⁺ = −0.126928, −0.693147, −1.313262; log S⁻ = −1.313262, −0.693147, −0.126928.
RIGHT, WRONG = [2.0, 0.0, -1.0], [-1.0, 0.0, 2.0]


@pytest.mark.parametrize(
    ("margin", "expected"),
    [
        (0.0, 0.0 + 0.0 + 1.186334),
        (0.5, 0.0 + 0.5 + 1.686334),
        (1.5, 0.313666 + 1.5 + 2.686334),  # now the first pair, 1.186334 apart, is too close as well
    ],
)
def test_the_margin_loss_is_the_papers_worked_by_hand(margin: float, expected: float) -> None:
    found = verdict_margin(torch.tensor(RIGHT), torch.tensor(WRONG), margin)
    assert float(found) == pytest.approx(expected, abs=1e-5)


def test_the_margin_is_on_log_scores_and_not_on_logits() -> None:
    # Both right and wrong are scored near 1: their logits differ by 10, their log scores by 0.000045.
    found = verdict_margin(torch.tensor([20.0]), torch.tensor([10.0]), 0.1)
    assert float(found) == pytest.approx(0.1 - 0.0000454, abs=1e-6)


def test_the_gradient_of_the_margin_loss_is_that_of_finite_differences() -> None:
    check_gradient(lambda d: verdict_margin(d[:3], d[3:], 0.5), [2.1, 0.2, -1.0, -1.0, 0.1, 2.0])


def test_bradley_terry_worked_by_hand() -> None:
    # −log σ(3) = 0.048587, −log σ(0) = 0.693147, −log σ(−3) = 3.048587
    found = bradley_terry(torch.tensor(RIGHT), torch.tensor(WRONG))
    assert float(found) == pytest.approx(0.048587 + 0.693147 + 3.048587, abs=1e-5)
    check_gradient(lambda d: bradley_terry(d[:3], d[3:]), [*RIGHT, *WRONG])

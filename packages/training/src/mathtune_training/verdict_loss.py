"""The verifier's losses on logit differences d = z_correct − z_incorrect, S = σ(d) (Liu et al., section 3.2)."""

import torch
from torch.nn.functional import logsigmoid


def verdict_cross_entropy(
    logit_difference: torch.Tensor, is_correct: torch.Tensor, weight: torch.Tensor | None = None
) -> torch.Tensor:
    """The summed loss: −log S for a right solution, −log(1 − S) for a wrong one, S = σ(logit_difference).

    Liu et al.'s cross-entropy loss; `logit_difference` is z_correct − z_incorrect, so that S is p("correct") /
    (p("correct") + p("incorrect")). All three are of shape (examples,); `weight`, when given, multiplies each
    example's loss. Computed in float32 through logsigmoid, which keeps its precision where S is near 0 or 1.
    """
    signed = torch.where(is_correct.bool(), logit_difference.float(), -logit_difference.float())
    losses = -logsigmoid(signed)
    return losses.sum() if weight is None else (losses * weight.float()).sum()


def verdict_margin(right: torch.Tensor, wrong: torch.Tensor, margin: float) -> torch.Tensor:
    """The summed hinge max(0, log S(X⁻|P) − log S(X⁺|P) + λ) over pairs of solutions of one problem.

    Liu et al.'s margin loss; `right` and `wrong` are the logit differences of X⁺ and X⁻, both of shape (pairs,), and
    `margin` is λ. TRL's RewardTrainer has a margin too, but inside Bradley–Terry's logistic, which is another loss.
    """
    return (logsigmoid(wrong.float()) - logsigmoid(right.float()) + margin).clamp_min(0.0).sum()


def bradley_terry(right: torch.Tensor, wrong: torch.Tensor) -> torch.Tensor:
    """The summed −log σ(d⁺ − d⁻) over pairs: the loss of TRL's RewardTrainer, which takes its mean."""
    return -logsigmoid(right.float() - wrong.float()).sum()

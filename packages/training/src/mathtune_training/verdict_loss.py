"""The verifier's cross-entropy loss and the trainer that computes it (Liu et al., section 3.2)."""

import types
from collections.abc import Iterable
from typing import Any

import torch
from datasets import Dataset
from torch.distributed.tensor import DTensor
from torch.nn.functional import logsigmoid
from transformers import PreTrainedModel

from mathtune_core.errors import MathtuneError
from mathtune_training.hyperparameters import Hyperparameters
from mathtune_training.like_lengths import like_length_parts
from mathtune_training.sft import IGNORED, ReproducibleTrainer, compute_dtype, length_batches, pad_right


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


def add_verdict_head(model: PreTrainedModel, verdicts: tuple[int, int]) -> None:
    """Lets `model(…, verdict_mask=m)` return z_correct − z_incorrect at the positions in the boolean mask `m`.

    Only these positions meet the LM head, and of the head only the two verdicts' rows. It is part of the model's
    forward, rather than beside it, so that wrappers (autocast, data parallelism) see the call.
    """
    full_forward = model.forward
    correct, incorrect = verdicts

    def forward(
        self: PreTrainedModel, *arguments: Any, verdict_mask: torch.Tensor | None = None, **keywords: Any
    ) -> Any:
        if verdict_mask is None:
            return full_forward(*arguments, **keywords)
        hidden = self.base_model(*arguments, **keywords, use_cache=False).last_hidden_state[verdict_mask]
        head = self.get_output_embeddings()
        # FSDP2 shards the head; two rows are picked from the whole.
        weight = head.weight.full_tensor() if isinstance(head.weight, DTensor) else head.weight
        with torch.autocast(hidden.device.type, enabled=False):
            difference = hidden.float() @ (weight[correct].float() - weight[incorrect].float())
            if head.bias is not None:
                difference = difference + (head.bias[correct] - head.bias[incorrect]).float()
        return difference

    model.forward = types.MethodType(forward, model)


def check_verdict_head(model: PreTrainedModel, verdicts: tuple[int, int], row: list[int]) -> None:
    """Compares the two-row head with the model's own logits on one row of token ids.

    Raises MathtuneError when they differ: some models cap or scale their logits, which S must then include.
    """
    input_ids = torch.tensor([row], device=model.device)
    mask = torch.zeros_like(input_ids, dtype=torch.bool)
    mask[0, -1] = True
    with torch.inference_mode():
        difference = model(input_ids=input_ids, verdict_mask=mask)[0]
        logits = model(input_ids=input_ids, use_cache=False).logits[0, -1]
    expected = logits[verdicts[0]] - logits[verdicts[1]]
    if not torch.allclose(difference, expected.float(), rtol=1e-3, atol=1e-3):
        raise MathtuneError(
            f"the base model ({model.config.model_type}) transforms its logits after the LM head, which the verifier's "
            "head does not; choose another base"
        )


class VerifierTrainer(ReproducibleTrainer):
    """TRL's trainer with the verifier's loss.

    A row is `input_ids` (the verifier's prompt) and `labels`: ignored everywhere but at the last token, where it is 1
    for a right solution and 0 for a wrong one. TRL's collator pads both, and its count of labels is then the
    number of examples, also over accumulated batches.
    """

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> torch.Tensor:
        """The mean verdict loss over the (accumulated) batch."""
        loss, examples = torch.tensor(0.0, device=inputs["labels"].device), (inputs["labels"] != IGNORED).sum()
        for part in like_length_parts(inputs):
            mask = part["labels"] != IGNORED
            difference = model(input_ids=part["input_ids"], attention_mask=part["attention_mask"], verdict_mask=mask)
            loss = loss + verdict_cross_entropy(difference, part["labels"][mask])
        if num_items_in_batch is None:
            return loss / examples
        # The count spans all processes, whose gradients are then averaged.
        return loss * self.accelerator.num_processes / num_items_in_batch


def verdict_rows(token_ids: Iterable[list[int]], is_correct: Iterable[bool]) -> Dataset:
    """Rows as `VerifierTrainer` takes them, from the verifier's prompts and their verdicts."""
    rows: dict[str, list[list[int]]] = {"input_ids": [], "labels": []}
    for ids, right in zip(token_ids, is_correct, strict=True):
        rows["input_ids"].append(ids)
        rows["labels"].append([IGNORED] * (len(ids) - 1) + [int(right)])
    return Dataset.from_dict(rows)


def logit_differences(model: PreTrainedModel, rows: Dataset, params: Hyperparameters) -> torch.Tensor:
    """z_correct − z_incorrect of every row, shape (rows,) in their order, float32; the model has a verdict head."""
    model.eval()
    differences = torch.empty(len(rows))
    for batch in length_batches(rows["input_ids"], params.batch_size):
        input_ids, attention_mask = pad_right([rows[i]["input_ids"] for i in batch], 0, model.device)
        verdict_mask = attention_mask.cumsum(1) == attention_mask.sum(1, keepdim=True)
        verdict_mask &= attention_mask.bool()
        with torch.inference_mode(), compute_dtype(model, params):
            found = model(input_ids=input_ids, attention_mask=attention_mask, verdict_mask=verdict_mask)
        differences[torch.tensor(batch)] = found.float().cpu()
    return differences

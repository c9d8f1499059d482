"""The verifier's verdict: z_correct − z_incorrect of the logits after its prompt (Liu et al., section 3.2)."""

import types
from typing import Any

import torch
from datasets import Dataset
from transformers import PreTrainedModel
from transformers.modeling_outputs import SequenceClassifierOutput

from mathtune_core.errors import MathtuneError
from mathtune_training.hyperparameters import Hyperparameters
from mathtune_training.sft import compute_dtype, length_batches, pad_right


def add_verdict_head(model: PreTrainedModel, verdicts: tuple[int, int]) -> None:
    """Lets `model(…, verdict_mask=m)` return z_correct − z_incorrect at the positions in the boolean mask `m`.

    They are the output's `logits`, of shape (positions, 1), as TRL's reward models return one number a sequence.

    Only these positions meet the LM head, and of the head only the two verdicts' rows. It is part of the model's
    forward, rather than beside it, so that wrappers (autocast, data parallelism) see the call.
    """
    full_forward = model.forward
    head = model.get_output_embeddings()
    full_head = head.forward
    correct, incorrect = verdicts

    def forward(
        self: PreTrainedModel, *arguments: Any, verdict_mask: torch.Tensor | None = None, **keywords: Any
    ) -> Any:
        if verdict_mask is None:
            return full_forward(*arguments, **keywords)
        hidden = self.base_model(*arguments, **{**keywords, "use_cache": False}).last_hidden_state[verdict_mask]
        # Called as the module it is: where its weights are sharded they are whole during its call and no longer.
        return SequenceClassifierOutput(logits=self.get_output_embeddings()(hidden, two_rows=True)[:, None])

    def head_forward(self: torch.nn.Linear, hidden: torch.Tensor, *, two_rows: bool = False) -> torch.Tensor:
        if not two_rows:
            return full_head(hidden)
        with torch.autocast(hidden.device.type, enabled=False):
            difference = hidden.float() @ (self.weight[correct].float() - self.weight[incorrect].float())
            if self.bias is not None:
                difference = difference + (self.bias[correct] - self.bias[incorrect]).float()
        return difference

    model.forward = types.MethodType(forward, model)
    head.forward = types.MethodType(head_forward, head)


def remove_verdict_head(model: PreTrainedModel) -> None:
    """Gives the model its own forward pass back, for a training that needs all its logits."""
    del model.forward, model.get_output_embeddings().forward


def check_verdict_head(model: PreTrainedModel, verdicts: tuple[int, int], row: list[int]) -> None:
    """Compares the two-row head with the model's own logits on one row of token ids.

    Raises MathtuneError when they differ: some models cap or scale their logits, which S must then include.
    """
    input_ids = torch.tensor([row], device=model.device)
    mask = torch.zeros_like(input_ids, dtype=torch.bool)
    mask[0, -1] = True
    with torch.inference_mode():
        difference = model(input_ids=input_ids, verdict_mask=mask).logits[0, 0]
        logits = model(input_ids=input_ids, use_cache=False).logits[0, -1]
    expected = logits[verdicts[0]] - logits[verdicts[1]]
    if not torch.allclose(difference, expected.float(), rtol=1e-3, atol=1e-3):
        raise MathtuneError(
            f"the base model ({model.config.model_type}) transforms its logits after the LM head, which the verifier's "
            "head does not; choose another base"
        )


def last_positions(attention_mask: torch.Tensor) -> torch.Tensor:
    """True at the last attended position of each row; `attention_mask` is (rows, length), padded on the right."""
    return (attention_mask.cumsum(1) == attention_mask.sum(1, keepdim=True)) & attention_mask.bool()


def logit_differences(model: PreTrainedModel, rows: Dataset, params: Hyperparameters) -> torch.Tensor:
    """z_correct − z_incorrect of every row, shape (rows,) in their order, float32; the model has a verdict head."""
    model.eval()
    differences = torch.empty(len(rows))
    for batch in length_batches(rows["input_ids"], params.batch_size):
        input_ids, attention_mask = pad_right([rows[i]["input_ids"] for i in batch], 0, model.device)
        verdict_mask = last_positions(attention_mask)
        with torch.inference_mode(), compute_dtype(model, params):
            found = model(input_ids=input_ids, attention_mask=attention_mask, verdict_mask=verdict_mask).logits[:, 0]
        differences[torch.tensor(batch)] = found.float().cpu()
    return differences

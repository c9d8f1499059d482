from pathlib import Path

import polars as pl
import pytest
import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerBase

from mathtune_core.errors import MathtuneError
from mathtune_training.hyperparameters import Hyperparameters
from mathtune_training.lora import Lora, add_lora, merge_lora
from mathtune_training.sft import mean_completion_loss, tokenize_solutions, train_sft
from mathtune_training.trainable import load_trainable, save_trained

LORA = Lora(rank=4, alpha=8.0, dropout=0.1, target_modules=("q_proj", "v_proj"))
PARAMS = Hyperparameters(
    epochs=8.0,
    learning_rate=0.05,
    batch_size=8,
    gradient_accumulation_steps=1,
    warmup_ratio=0.1,
    weight_decay=0.0,
    lr_scheduler="cosine",
    max_length=128,
    dtype="float32",
    lora=LORA,
)


def test_adapters_learn_and_are_merged_into_the_weights_they_stand_beside(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerBase,
    problems: pl.DataFrame,
    solutions: pl.DataFrame,
    tmp_path: Path,
) -> None:
    rows, _ = tokenize_solutions(tokenizer, problems, solutions, 128)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    untrained = mean_completion_loss(model, rows, PARAMS)
    train_sft(model, tokenizer, rows, PARAMS, 0)
    trained = mean_completion_loss(model, rows, PARAMS)
    assert trained < untrained - 0.15
    after = model.state_dict()
    assert list(after) == list(before)
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed == {f"model.layers.{i}.self_attn.{name}_proj.weight" for i in (0, 1) for name in "qv"}
    ranks = {int(torch.linalg.matrix_rank(after[name] - before[name], rtol=1e-4)) for name in changed}
    assert ranks <= {1, 2, 3, 4}

    save_trained(model, tokenizer, tmp_path / "model")
    assert not list((tmp_path / "model").glob("adapter*"))
    loaded, _ = load_trainable(tmp_path / "model")
    assert mean_completion_loss(loaded, rows, PARAMS) == pytest.approx(trained, rel=1e-6)


def test_merging_adds_alpha_over_rank_times_the_product(model: LlamaForCausalLM) -> None:
    """Hu et al., section 4.1: W + (alpha / rank) · B·A."""
    weight = model.model.layers[0].self_attn.q_proj.weight.detach().clone()
    adapted = add_lora(model, LORA, 0)
    layer = model.model.layers[0].self_attn.q_proj
    down, up = layer.lora_A["default"].weight, layer.lora_B["default"].weight
    torch.nn.init.normal_(up)
    expected = weight + 2 * (up @ down).detach()
    assert down.shape == (4, 32)
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert {name.split(".")[-3] for name, p in model.named_parameters() if p.requires_grad} == {"lora_A", "lora_B"}
    merge_lora(adapted, model)
    torch.testing.assert_close(model.model.layers[0].self_attn.q_proj.weight, expected)
    assert type(model.model.layers[0].self_attn.q_proj) is torch.nn.Linear


@pytest.mark.parametrize("target", ["q_prj", "lm_head", "embed_tokens"])
def test_a_module_that_cannot_have_an_adapter_is_named_with_those_that_can(
    target: str, model: LlamaForCausalLM
) -> None:
    lora = Lora(rank=4, alpha=8.0, target_modules=("q_proj", target))
    with pytest.raises(MathtuneError, match=rf"{target}: no such linear layer; choose from down_proj, .*, v_proj"):
        add_lora(model, lora, 0)


@pytest.mark.parametrize(
    ("field", "value"), [("rank", 0), ("alpha", 0.0), ("dropout", 1.0), ("dropout", -0.1), ("target_modules", ())]
)
def test_sizes_that_make_no_adapter_are_refused(field: str, value: object) -> None:
    settings: dict[str, object] = {"rank": 4, "alpha": 8.0, "target_modules": ("q_proj",)}
    with pytest.raises(ValueError, match=f"^{field}: "):
        Lora(**(settings | {field: value}))  # type: ignore[arg-type]

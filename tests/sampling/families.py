"""Tiny random models of every family that our engine runs, with sharp distributions."""

import torch
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel, PreTrainedTokenizerBase

FAMILIES: dict[str, dict[str, object]] = {
    "llama": {},
    "llama with rotary scaling": {
        "model_type": "llama",
        "rope_parameters": {
            "rope_type": "llama3", "rope_theta": 10000.0, "factor": 8.0, "low_freq_factor": 1.0,
            "high_freq_factor": 4.0, "original_max_position_embeddings": 32,
        },
    },
    "llama with biases": {"model_type": "llama", "attention_bias": True, "mlp_bias": True, "num_key_value_heads": 1},
    "mistral": {"sliding_window": 24, "head_dim": 32},
    "qwen2": {"num_attention_heads": 6, "num_key_value_heads": 1, "hidden_size": 192, "tie_word_embeddings": False},
    "qwen3": {"head_dim": 64, "num_key_value_heads": 4},
}  # fmt: skip


def tiny_model(tokenizer: PreTrainedTokenizerBase, family: str = "llama", **changes: object) -> PreTrainedModel:
    """Random weights, the same at every call; large enough that some tokens are likely and grouped heads are met."""
    torch.manual_seed(0)
    settings: dict[str, object] = {
        "model_type": family,
        "vocab_size": len(tokenizer),
        "hidden_size": 128,
        "intermediate_size": 96,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 256,
        "initializer_range": 0.15,
        "tie_word_embeddings": True,
        "eos_token_id": [0, *range(20, 32)],  # so many that rows end early and make room for others
        "bos_token_id": tokenizer.eos_token_id,
    }
    settings |= FAMILIES[family] | changes
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(**settings), dtype=torch.float32).eval()
    for name, parameter in model.named_parameters():
        if name.endswith("bias") or "norm" in name:  # made as zeros and ones, which would hide a mistake
            torch.nn.init.normal_(parameter, mean=float("norm" in name), std=0.2)
    return model

"""The toy model of the plan's tests: small enough to count its weights, FLOPs and bytes by hand."""

from mathtune_cli.plan.model_size import ModelSize, from_config

CONFIG = {
    "hidden_size": 8,
    "intermediate_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "vocab_size": 32,
    "tie_word_embeddings": True,
}
# A layer: queries and output 2 × 8 × 8, keys and values 2 × 8 × 4, feed-forward 3 × 8 × 16: 576 weights.
BLOCK, HEAD = 2 * 576, 8 * 32


def toy_model() -> ModelSize:
    return from_config(CONFIG, "toy")

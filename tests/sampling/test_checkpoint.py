"""A checkpoint folder loads whole, or says in one line what it lacks."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from mathtune_core.errors import MathtuneError
from mathtune_sampling.checkpoint import context_length, load_causal_lm


@pytest.fixture
def broken(checkpoint, tmp_path):
    """A copy of the checkpoint to take something out of."""
    return shutil.copytree(checkpoint, tmp_path / "broken")


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_loads_in_the_asked_dtype_for_evaluation(checkpoint, model, tokenizer, dtype):
    loaded, loaded_tokenizer = load_causal_lm(checkpoint, dtype)
    assert loaded.dtype == getattr(torch, dtype)
    assert not loaded.training
    assert loaded.lm_head.weight is loaded.model.embed_tokens.weight
    torch.testing.assert_close(loaded.lm_head.weight.cpu(), model.lm_head.weight.to(loaded.dtype))
    assert loaded_tokenizer.encode(" correct") == tokenizer.encode(" correct")
    assert context_length(loaded) == 256


def refuse(path, message):
    with pytest.raises(MathtuneError, match=message) as caught:
        load_causal_lm(path, "float32")
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_folder(tmp_path):
    refuse(tmp_path / "none", r"no model here; expected config\.json and model\.safetensors")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("config.json", r"found no config\.json"),
        ("model.safetensors", r"found no weights"),
        ("tokenizer.json", r"no tokenizer here"),
    ],
)
def test_a_missing_file(broken, name, message):
    (broken / name).unlink()
    refuse(broken, message)


def test_a_pickle_is_not_read(broken):
    state = load_file(broken / "model.safetensors")
    (broken / "model.safetensors").unlink()
    torch.save(state, broken / "pytorch_model.bin")
    refuse(broken, r"found no weights \(\.bin files are not read\)")


def test_a_missing_shard(broken):
    (broken / "model.safetensors").unlink()
    index = {"metadata": {}, "weight_map": {"lm_head.weight": "model-00001-of-00002.safetensors"}}
    (broken / "model.safetensors.index.json").write_text(json.dumps(index))
    refuse(broken, r"model-00001-of-00002\.safetensors is missing")


def test_an_index_that_is_none(broken):
    (broken / "model.safetensors.index.json").write_text("[]")
    refuse(broken, r"not an index")


def test_a_truncated_weight_file(broken):
    weights = broken / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    refuse(broken, r"not a loadable causal language model")


def test_weights_that_lack_a_tensor_are_not_filled_with_noise(broken):
    state = load_file(broken / "model.safetensors")
    del state["model.layers.1.mlp.up_proj.weight"]
    save_file(state, broken / "model.safetensors", metadata={"format": "pt"})
    refuse(broken, r"the weights lack model\.layers\.1\.mlp\.up_proj\.weight \(1 missing\)")


def test_a_config_of_no_known_model(broken):
    (broken / "config.json").write_text('{"model_type": "nothing-like-it"}')
    refuse(broken, r"not a loadable causal language model")

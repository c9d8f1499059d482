"""Opening a checkpoint: what runs is said, and what cannot run is said before any work."""

import json
import shutil

import pytest
import torch
from families import tiny_model
from transformers import AutoConfig, AutoModelForCausalLM

from mathtune_core.errors import MathtuneError
from mathtune_sampling.backend import EngineParams, open_sampler
from mathtune_sampling.backends.torch import TorchSampler
from mathtune_sampling.backends.transformers import TransformersSampler
from mathtune_sampling.engine import native
from mathtune_sampling.engine.model import unsupported


def engine(**changes):
    return EngineParams(**{"backend": "torch", "dtype": "float32", "max_num_seqs": 8, "kv_cache_gib": 0.1} | changes)


def test_ours_is_what_a_llama_gets_and_a_line_says_so(checkpoint, capsys):
    opened = open_sampler(checkpoint, engine(dtype="bfloat16"))
    assert isinstance(opened.sampler, TorchSampler)
    assert opened.name.startswith("torch with ")
    assert opened.name.endswith("on cpu, bfloat16")
    assert f"sampler: {opened.name}" in capsys.readouterr().err


def test_another_family_falls_back_with_a_warning(tokenizer, tmp_path, capsys):
    config = AutoConfig.for_model("gpt2", vocab_size=len(tokenizer), n_embd=32, n_layer=1, n_head=2, n_positions=64)
    AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    opened = open_sampler(tmp_path, engine())
    assert isinstance(opened.sampler, TransformersSampler)
    assert opened.name == "transformers on cpu, float32"
    [warning] = [line for line in capsys.readouterr().err.splitlines() if line.startswith("warning")]
    reason = "gpt2 is not one of llama, mistral, qwen2, qwen3"
    assert warning.startswith(f"warning: {tmp_path}: {reason}; sampling falls back to the transformers backend")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"hidden_act": "gelu"}, "its activation is gelu, not silu"),
        (
            {"rope_parameters": {"rope_type": "dynamic", "rope_theta": 1e4, "factor": 2.0}},
            "positions are dynamic",
        ),
    ],
)
def test_a_llama_unlike_the_others_is_not_taken_for_one(tokenizer, changes, reason):
    assert reason in unsupported(tiny_model(tokenizer, **changes).config)


def test_without_a_compiler_torch_kernels_run_and_a_line_says_why(checkpoint, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TORCH_EXTENSIONS_DIR", str(tmp_path))
    monkeypatch.setenv("CXX", str(tmp_path / "no-such-compiler"))
    native.library.cache_clear()
    try:
        opened = open_sampler(checkpoint, engine())
    finally:
        native.library.cache_clear()
    assert opened.name == "torch with torch kernels on cpu, float32"
    [warning] = [line for line in capsys.readouterr().err.splitlines() if line.startswith("warning")]
    assert warning.startswith("warning: sampling without the C++ kernels, several times slower: cannot build")
    assert list(tmp_path.iterdir()) == []


def test_the_library_is_built_once(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_EXTENSIONS_DIR", str(tmp_path))
    native.library.cache_clear()
    try:
        native.library()
        [kept] = tmp_path.iterdir()
        before = kept.stat()
        native.library.cache_clear()
        monkeypatch.setattr(native, "_build", lambda kept: pytest.fail("built twice"))
        native.library()
    except OSError as error:
        pytest.skip(str(error))
    finally:
        native.library.cache_clear()
    assert kept.stat().st_ino == before.st_ino


def test_heads_of_an_odd_size_run_on_torch_kernels(tokenizer, tmp_path):
    model = tiny_model(tokenizer, hidden_size=40)
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    assert open_sampler(tmp_path, engine()).name == "torch with torch kernels on cpu, float32"


def test_vllm_that_is_not_installed_is_one_line(checkpoint, monkeypatch):
    from mathtune_sampling import backend

    monkeypatch.setattr(backend, "find_spec", lambda name: None)
    with pytest.raises(MathtuneError, match=r"^backend vllm: vLLM is not installed; pip install vllm"):
        open_sampler(checkpoint, engine(backend="vllm"))


def test_a_checkpoint_that_lacks_a_shard_is_refused(checkpoint, tmp_path):
    broken = shutil.copytree(checkpoint, tmp_path / "broken")
    (broken / "model.safetensors").unlink()
    index = {"metadata": {}, "weight_map": {"lm_head.weight": "model-00001-of-00002.safetensors"}}
    (broken / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(MathtuneError, match=r"model-00001-of-00002\.safetensors is missing"):
        open_sampler(broken, engine())


def test_weights_are_packed_in_the_dtype_asked(checkpoint):
    for dtype in ("float32", "bfloat16"):
        sampler = open_sampler(checkpoint, engine(dtype=dtype)).sampler
        assert sampler._model.dtype == getattr(torch, dtype)

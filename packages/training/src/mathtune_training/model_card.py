"""A trained checkpoint's README.md as the Hugging Face hub reads it: what it is, what it was made of, how it did."""

import dataclasses
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from mathtune_core.digests import hash_file, hash_weights

PAPER = "Liu et al., 2023, Improving Large Language Model Fine-tuning for Solving Math Problems"
ARXIV = "2310.10047"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a checkpoint comes from. `data` names the tables that it was trained on by what they hold."""

    stage: str
    item: str | None
    seed: int
    base: Path
    data: Mapping[str, Path]
    purpose: str  # one sentence: what the model does


def write_model_card(
    folder: Path, provenance: Provenance, params: Any, metrics: Mapping[str, int | float | None]
) -> None:
    """Writes folder/README.md: the same bytes for the same inputs, so no time, machine or output path is in it.

    `params` is the stage's dataclass, `metrics` what the stage reports.
    """
    name = provenance.stage if provenance.item is None else f"{provenance.stage}@{provenance.item}"
    front = {
        "library_name": "transformers",
        "pipeline_tag": "text-generation",
        "base_model": provenance.base.as_posix(),
        "datasets": sorted({path.parent.as_posix() for path in provenance.data.values()}),
        "tags": ["mathtune", "trl", "math", provenance.stage, f"arxiv:{ARXIV}"],
    }
    hashes = {f"{what} ({path.name})": hash_file(path) for what, path in provenance.data.items()}
    hashes["base model's weights"] = hash_weights(provenance.base)
    settings = json.dumps(dataclasses.asdict(params), indent=2, sort_keys=True)
    lines = [
        f"---\n{as_yaml(front)}---\n\n# {name}, seed {provenance.seed}\n",
        f"{provenance.purpose} A fine-tuned copy of `{provenance.base.as_posix()}`, made by mathtune's stage",
        f"`{name}` after {PAPER} ([arXiv:{ARXIV}](https://arxiv.org/abs/{ARXIV})).\n",
        "## Made of\n",
        table("input", "SHA-256", hashes),
        "## How it did\n",
        table("metric", "value", {metric: "none" if value is None else value for metric, value in metrics.items()}),
        f"## Parameters\n\nseed {provenance.seed}, and\n\n```json\n{settings}\n```",
    ]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "README.md").write_text("\n".join(lines) + "\n")


def as_yaml(values: Mapping[str, Any]) -> str:
    """Block YAML in the order of `values`."""
    text = io.StringIO()
    yaml = YAML(typ="safe")
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.dump(dict(values), text)
    return text.getvalue()


def table(first: str, second: str, rows: Mapping[str, object]) -> str:
    """A Markdown table of two columns, and the empty line after it."""
    return "\n".join([f"| {first} | {second} |", "|---|---|", *(f"| {k} | {v} |" for k, v in rows.items()), ""])

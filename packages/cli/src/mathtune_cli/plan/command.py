"""`mathtune plan`: reads the params, prints the bill."""

import argparse
import io
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from mathtune_cli.plan.bill import rows_of
from mathtune_cli.plan.lengths import LARGE_MODEL, Lengths, assumed, stated
from mathtune_cli.plan.local_lengths import measured
from mathtune_cli.plan.machine import chosen_machine
from mathtune_cli.plan.model_size import ModelSize, base_model, chosen_model
from mathtune_cli.plan.page import render
from mathtune_cli.plan.section import Section
from mathtune_cli.plan.setting import Setting
from mathtune_cli.plan.stages import expand
from mathtune_cli.scale import assign, scaled
from mathtune_core.errors import MathtuneError
from mathtune_core.params import build, read_params_file
from mathtune_core.study import Study

PARAMS = Path("params.yaml")


def plan(chosen: argparse.Namespace) -> str:
    """Runs the command and returns what it prints.

    Without a NAME the run is the one that params.yaml describes, and lengths are measured in the artifacts of an
    earlier one where there are any. With one it is that scale's, and nothing is measured or written. Raises
    MathtuneError for params that are missing or make no sense.
    """
    names = [word for word in chosen.words if "=" not in word]
    document = _document(names, [word for word in chosen.words if "=" in word])
    params = Section("params.yaml", document)
    study = build(document.get("study"), Study, str(PARAMS), "study", 1)
    model = chosen_model(chosen.model) if chosen.model else base_model(params.section("study"), params)
    lengths = _lengths(chosen, params, study, model, anew=bool(names))
    device = chosen.device or ("cpu" if model.parameters < LARGE_MODEL else "h100")
    machine = chosen_machine(device, chosen.flops, chosen.mfu, chosen.decode_tokens_per_second)
    setting = Setting(params=params, study=study, model=model, lengths=lengths, prompts=Path("prompts"))
    rows = rows_of(expand(Path("dvc.yaml"), document), setting, machine)
    title = " ".join(["the scale" if names else "params.yaml", *chosen.words])
    return render(title, rows, setting, machine)


def _document(names: list[str], changes: list[str]) -> Any:
    if names:
        return YAML(typ="rt").load(io.StringIO(scaled(Path("scales"), names, changes)))
    document = read_params_file(PARAMS)
    for change in changes:
        assign(document, change)
    return document


def _lengths(chosen: argparse.Namespace, params: Section, study: Study, model: ModelSize, *, anew: bool) -> Lengths:
    lengths = assumed(params, model.parameters)
    if not anew:
        lengths = measured(lengths, study, params.section("build_problems").text("source"), Path("artifacts"))
    try:
        return stated(lengths, chosen.tokens_per_problem, chosen.tokens_per_solution, chosen.share_right)
    except ValueError as error:
        raise MathtuneError(f"mathtune plan: {error}") from error

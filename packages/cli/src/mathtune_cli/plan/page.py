"""The bill as text of at most 100 columns: the table, what fits where, and every assumption."""

import textwrap
from collections.abc import Sequence
from math import ceil

from mathtune_cli.plan.bill import Row, total
from mathtune_cli.plan.lengths import EXPLICIT
from mathtune_cli.plan.machine import DVC_SECONDS_A_STAGE, Machine
from mathtune_cli.plan.setting import Setting
from mathtune_cli.plan.trainings import ADAMW, GRADIENT, MASTER
from mathtune_core.study import FEW_SHOT

WIDTH = 100
COLUMNS = ("runs", "train", "write", "read", "score", "FLOPs", "time", "disk")
WIDTHS = (5, 8, 8, 8, 8, 8, 12, 9)
NAME = WIDTH - sum(WIDTHS)
UNITS = ("", "k", "M", "G", "T", "P", "E", "Z", "Y")


def render(title: str, rows: Sequence[Row], setting: Setting, machine: Machine) -> str:
    """The whole page."""
    whole = total(rows)
    sizes = f"Model: {large_number(setting.model.parameters)} parameters ({setting.model.source})"
    head = _wrapped([f"Plan of {title}", sizes, f"Device: {machine.name}"])
    body = [_line("stage", COLUMNS), "─" * WIDTH, *(_line(row.entry, _cells(row)) for row in rows)]
    foot = ["─" * WIDTH, _line(f"total of {len(whole.addresses)} stages", _cells(whole))]
    return "\n".join(
        [
            *head,
            "",
            *body,
            *foot,
            "",
            *_wrapped(_sums(whole, setting, machine)),
            "",
            "Assumptions",
            *_assumed(rows, setting),
        ]
    )


def scaled_number(value: float) -> str:
    """Three digits and a unit: 2.95M, 1.2k, 0."""
    if value < 1:
        return "0"
    power = 0
    while value >= 999.5 and power < len(UNITS) - 1:
        value, power = value / 1000, power + 1
    digits = 0 if value >= 99.5 or not power else 1 if value >= 9.95 else 2
    return f"{value:.{digits}f}{UNITS[power]}"


def large_number(value: float) -> str:
    """2.95 million, 70.6 billion."""
    return f"{value / 1e6:.3g} million" if value < 1e9 else f"{value / 1e9:.3g} billion"


def duration(seconds: float) -> str:
    """42 s, 12 min, 5.3 h, 1,234 h."""
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    if seconds < 99.5 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{hours(seconds)} h"


def hours(seconds: float) -> str:
    """0.25, 5.3, 1,234."""
    value = seconds / 3600
    return f"{value:,.{2 if value < 1 else 1 if value < 100 else 0}f}"


def _line(name: str, cells: Sequence[str]) -> str:
    if len(name) > NAME:
        name = name[: NAME - 1] + "…"
    return name.ljust(NAME) + "".join(cell.rjust(width) for cell, width in zip(cells, WIDTHS, strict=True))


def _cells(row: Row) -> list[str]:
    counts = [scaled_number(row.tokens[kind]) for kind in ("train", "write", "read", "score")]
    time = "frozen" if row.frozen else "not known" if row.unknown else duration(row.seconds)
    cells = [f"{len(row.addresses)}", *counts, scaled_number(row.flops), time, f"{scaled_number(row.disk)}B"]
    return ["" if cell == "0" else cell for cell in cells]


def _sums(whole: Row, setting: Setting, machine: Machine) -> list[str]:
    tokens = sum(whole.tokens.values())
    parameters = setting.model.parameters
    training = (MASTER + GRADIENT + ADAMW) * parameters
    lines = [
        f"Tokens {scaled_number(tokens)}, of them {scaled_number(whole.tokens['write'])} written; "
        f"FLOPs {whole.flops:.3g}.",
        f"Time {duration(whole.seconds)}: {duration(whole.computing)} of computing, {duration(whole.around)} of "
        "process starts, tables and DVC.",
        f"Disk {scaled_number(2 * whole.disk)}B: outputs and their copies in DVC's cache; "
        f"{scaled_number(whole.scratch)}B more while training, for two checkpoints.",
        f"Memory: training every weight takes {scaled_number(training)}B before activations (float32 weights, "
        "gradients, AdamW's two moments)",
    ]
    if machine.memory is not None:
        lines[1] = f"{hours(whole.computing)} GPU-hours, and {duration(whole.around)} of starts, tables and DVC."
        devices = ceil(training / machine.memory)
        lines[3] += f": {devices} such devices or more (docs/clusters.md)" if devices > 1 else ", and fits the device"
    lines[3] += "."
    return lines


def _assumed(rows: Sequence[Row], setting: Setting) -> list[str]:
    lengths = setting.lengths
    styles = {style: setting.solutions(style).tokens for style in setting.study.styles}
    solutions = ", ".join(f"{style} {tokens:.0f}" for style, tokens in styles.items())
    unknown = [row.entry for row in rows if row.unknown]
    base = lengths.samples.get(FEW_SHOT, lengths.solution(EXPLICIT))
    return _wrapped(
        [
            *(f"- {note}" for note in lengths.notes),
            f"- Tokens: a problem {lengths.problem:.0f}; a solution, and a sample of who learned from it: {solutions}; "
            f"a sample of the base {base:.0f}.",
            f"- {lengths.distinct:.0%} of samples are distinct, and scored; {lengths.right:.0%} are right and "
            "distinct, which is what rejection sampling and balanced examples keep.",
            "- No text is over max_length; patience stops nothing; every problem asked for is found.",
            "- FLOPs: forward 2 a weight and token and attention's products, training 3 times that (4 with "
            "gradient checkpointing, 2 for LoRA's weights). A prompt is read once for all its samples, and a "
            "candidate is scored in one forward pass.",
            f"- DVC takes {DVC_SECONDS_A_STAGE:g} s × stages for each stage; downloads and `pip install` are not "
            "counted.",
            *([f"- Not known, and counted as nothing: {', '.join(unknown)}."] if unknown else []),
        ]
    )


def _wrapped(lines: Sequence[str]) -> list[str]:
    return [
        part
        for line in lines
        for part in textwrap.wrap(line, WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
    ]

"""The command line: `mathtune scale` sets up a run, `mathtune table` prints its result."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from mathtune_cli.scale import write_scale
from mathtune_core.errors import MathtuneError


def parser() -> argparse.ArgumentParser:
    """The commands and their arguments."""
    command = argparse.ArgumentParser(
        prog="mathtune",
        description="Fine-tune language models to solve math problems, and measure what each choice buys.",
    )
    commands = command.add_subparsers(dest="command", required=True)
    scale = commands.add_parser("scale", help="write params.yaml for a scale and show what changed")
    scale.add_argument("name", help="a file of scales/, without .yaml")
    scale.add_argument("set", nargs="*", metavar="key=value", help="further changes, as `dvc exp run -S` takes them")
    table = commands.add_parser("table", help="print the result table of the last `dvc repro`")
    table.add_argument("evaluation", nargs="?", type=Path, default=Path("artifacts/evaluate"))
    return command


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0, or 1 with one line on stderr when the user has something to mend."""
    chosen = parser().parse_args(arguments)
    try:
        if chosen.command == "scale":
            sys.stdout.write((write_scale(Path(), chosen.name, chosen.set) or "params.yaml: no change") + "\n")
        else:
            # polars is not needed to set a scale
            from mathtune_ranking.results_table import render

            sys.stdout.write(render(chosen.evaluation).rstrip() + "\n")
    except MathtuneError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

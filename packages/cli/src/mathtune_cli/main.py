"""The command line.

`mathtune scale` sets up a run, `plan` says what it will cost, `styles compare` puts the solution styles side by side,
`table` prints the result, and `vote` answers problems with a model.
"""

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
    scale.add_argument(
        "words",
        nargs="+",
        metavar="NAME | key=value",
        help="files of scales/ without .yaml, each laid over those before; changes as `dvc exp run -S` takes them",
    )
    _plan_arguments(commands.add_parser("plan", help="what a run will cost: tokens, FLOPs, time, disk"))
    table = commands.add_parser("table", help="print the result table of the last `dvc repro`")
    table.add_argument("evaluation", nargs="?", type=Path, default=Path("artifacts/evaluate"))
    _vote_arguments(commands.add_parser("vote", help="answer a split's problems by majority vote"))
    styles = commands.add_parser("styles", help="what the solution styles look like")
    _compare_arguments(
        styles.add_subparsers(dest="action", required=True).add_parser("compare", help="all styles side by side")
    )
    return command


def _compare_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--solutions", type=Path, default=Path("artifacts/build_solutions"), help="STYLE/… folders")
    command.add_argument("--problems", type=Path, default=Path("artifacts/build_problems"))
    command.add_argument("--base", type=Path, help="whose tokens are counted (default: study.base of params.yaml)")
    command.add_argument("--problem", metavar="ID", help="the problem to show (default: one that most styles solve)")


def _plan_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "words", nargs="*", metavar="NAME | key=value", help="as for `scale`, writing nothing (default: params.yaml)"
    )
    command.add_argument("--model", help="its number of parameters (7e9), a checkpoint folder or a well-known name")
    command.add_argument("--device", help="cpu, here (this CPU, measured), h100, … (default: cpu below 1e9 parameters)")
    command.add_argument("--flops", type=float, help="the device's peak in matrix products, FLOP/s")
    command.add_argument("--mfu", type=float, help="the share of that peak which a run gets")
    command.add_argument("--decode-tokens-per-second", type=float, help="as measured, of the device")
    command.add_argument("--tokens-per-problem", type=float)
    command.add_argument("--tokens-per-solution", type=float, help="of every style and sample")
    command.add_argument("--share-right", type=float, help="of the samples: right and unlike the others")


def _vote_arguments(command: argparse.ArgumentParser) -> None:
    # The defaults are the default run's.
    command.add_argument("model", type=Path, help="a checkpoint folder")
    command.add_argument("--problems", type=Path, default=Path("artifacts/build_problems/problems.parquet"))
    command.add_argument("--split", choices=("train", "val", "test"), default="val")
    command.add_argument("--n", type=int, default=16, help="samples a problem at most")
    command.add_argument("--temperature", type=float, default=0.9)
    command.add_argument("--top-p", type=float, default=0.95)
    command.add_argument("--max-tokens", type=int, default=224)
    command.add_argument("--seed", type=int, default=0)
    command.add_argument(
        "--error-rate",
        type=float,
        help="stop a problem's samples once its vote would end otherwise with at most this chance (0: surely not); "
        "without it every problem gets all n",
    )
    command.add_argument("--wave", type=int, default=4, help="samples between two looks at a vote")


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0, or 1 with one line on stderr when the user has something to mend."""
    chosen = parser().parse_args(arguments)
    try:
        if chosen.command == "scale":
            names = [word for word in chosen.words if "=" not in word]
            changes = [word for word in chosen.words if "=" in word]
            sys.stdout.write((write_scale(Path(), names, changes) or "params.yaml: no change") + "\n")
        elif chosen.command == "styles":
            # polars and the answers package are not needed to set a scale
            from mathtune_cli.styles_compare import compare_styles

            sys.stdout.write(compare_styles(chosen) + "\n")
        elif chosen.command == "plan":
            # polars is not needed to set a scale
            from mathtune_cli.plan.command import plan

            sys.stdout.write(plan(chosen) + "\n")
        elif chosen.command == "vote":
            # torch is needed for nothing else here
            from mathtune_cli.vote import vote

            sys.stdout.write(vote(chosen) + "\n")
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

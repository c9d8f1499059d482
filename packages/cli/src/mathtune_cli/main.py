"""The command line.

`mathtune scale` sets up a run, `plan` says what it will cost, `styles compare` puts the solution styles side by side,
`table` prints the result, `evaluate` the same for samples of other tools, `compare` tests one run against another, and
`solve` answers a problem with a model, `vote` a whole split.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from mathtune_cli.scale import write_scale
from mathtune_core.errors import MathtuneError
from mathtune_ranking.external_columns import FLAGS
from mathtune_ranking.score_transforms import TRANSFORMS


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
    _evaluate_arguments(commands.add_parser("evaluate", help="the tables for samples that other tools made"))
    _solve_arguments(commands.add_parser("solve", help="answer one problem and show why that answer won"))
    _vote_arguments(commands.add_parser("vote", help="answer a split's problems by majority vote"))
    _revisions_arguments(commands.add_parser("compare", help="test what changed between two revisions or experiments"))
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


def _sampling_arguments(command: argparse.ArgumentParser, n: str) -> None:
    # The defaults are the default run's.
    command.add_argument("--n", type=int, default=16, help=n)
    command.add_argument("--temperature", type=float, default=0.9)
    command.add_argument("--top-p", type=float, default=0.95)
    command.add_argument("--max-tokens", type=int, default=224)
    command.add_argument("--seed", type=int, default=0)


def _solve_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("problem", help="the problem's text, or - to read it from stdin")
    command.add_argument(
        "--model", type=Path, help="a checkpoint folder (default: the artifacts `generator` and `verifier` of dvc.yaml)"
    )
    command.add_argument(
        "--verifier", type=Path, help="the checkpoint that scores solutions; without it a --model's are voted on only"
    )
    _sampling_arguments(command, "solutions to sample, beside the greedy one")
    command.add_argument("--k", type=int, help="most frequent answers that RR.MajK and W.RR.MajK choose among")
    command.add_argument(
        "--selector",
        help="what chooses the answer (default: what the evaluation chose on validation for the default models, "
        "else RR.MajK with a verifier and Maj1 without)",
    )
    command.add_argument("--samples", action="store_true", help="print every solution, by answer")
    command.add_argument("--json", action="store_true", help="print everything as one JSON object")


def _revisions_arguments(command: argparse.ArgumentParser) -> None:
    revision = "a branch, tag, commit or DVC experiment, or `workspace`"
    command.add_argument("a", metavar="A", help=revision)
    command.add_argument("b", metavar="B", help="another one, tested against A")
    command.add_argument("--generator", nargs="+", default=(), help="only these (default: all that both have)")
    command.add_argument(
        "--selector", nargs="+", default=(), help="these (default: all that choose without knowing the right answer)"
    )
    command.add_argument("--verifier", help="whose scores re-rank (default: of each run the first that it names)")
    command.add_argument("--csv", action="store_true", help="print the rows as CSV, with every problem gained and lost")


def _vote_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("model", type=Path, help="a checkpoint folder")
    command.add_argument("--problems", type=Path, default=Path("artifacts/build_problems/problems.parquet"))
    command.add_argument("--split", choices=("train", "val", "test"), default="val")
    _sampling_arguments(command, "samples a problem at most")
    command.add_argument(
        "--error-rate",
        type=float,
        help="stop a problem's samples once its vote would end otherwise with at most this chance (0: surely not); "
        "without it every problem gets all n",
    )
    command.add_argument("--wave", type=int, default=4, help="samples between two looks at a vote")


def _evaluate_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("files", nargs="+", type=Path, metavar="FILE", help="samples: .jsonl .json .csv .tsv .parquet")
    command.add_argument("--problems", type=Path, help="a file with the problems' reference answers (and ids or texts)")
    command.add_argument("--greedy-file", type=Path, help="a file with one greedy completion a problem, for Pass@1")
    command.add_argument("--against", type=Path, nargs="+", metavar="FILE", help="other samples of the same problems")
    command.add_argument("--n", type=int, help="samples a problem (default: the fewest that any problem has)")
    command.add_argument(
        "--k", type=int, default=8, help="answers that RR.MajK, W.RR.MajK and MajK look at (default: 8)"
    )
    command.add_argument("--curves", action="store_true", help="print accuracy against n as well")
    command.add_argument("--out", type=Path, help="a new folder for the tables as CSV and parquet")
    command.add_argument(
        "--score-transform", choices=tuple(TRANSFORMS), default="none", help="what makes scores numbers in 0 … 1"
    )
    columns = command.add_argument_group(
        "columns", "names or dotted paths; the usual ones are found (docs/external.md)"
    )
    for name in FLAGS:
        columns.add_argument(f"--{name.replace('_', '-')}", metavar="COLUMN")


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
        elif chosen.command == "evaluate":
            # as for `styles`
            from mathtune_cli.evaluate_command import evaluate

            sys.stdout.write(evaluate(chosen) + "\n")
        elif chosen.command == "plan":
            # polars is not needed to set a scale
            from mathtune_cli.plan.command import plan

            sys.stdout.write(plan(chosen) + "\n")
        elif chosen.command == "vote":
            # torch is needed for nothing else here
            from mathtune_cli.vote import vote

            sys.stdout.write(vote(chosen) + "\n")
        elif chosen.command == "solve":
            # as for `vote`
            from mathtune_cli.solve import solve

            sys.stdout.write(solve(chosen) + "\n")
        elif chosen.command == "compare":
            # DVC takes a second to import
            from mathtune_cli.compare import compare

            sys.stdout.write(compare(chosen) + "\n")
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

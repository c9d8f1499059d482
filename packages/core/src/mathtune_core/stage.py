"""Runs one stage: `python -P …/stage.py STAGE[@ITEM] [seed=N] name=path …`, from the root of the tree to run.

DVC starts each stage as a process in the root of *a* tree: the workspace, a clone that shares its environment, or the
temporary copy of `dvc exp run --temp`. An installed (editable) package would run the workspace's code in all of them,
so this file puts the packages of its own tree first on the path and only then imports anything of ours.

`accelerate launch … stage.py …` runs a training stage in several processes, of which only the main one writes.
"""

import importlib
import inspect
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[4]
# A launcher starts the script without -P.
sys.path[:] = [entry for entry in sys.path if entry != str(Path(__file__).resolve().parent)]
sys.path[:0] = [str(source) for source in sorted(ROOT.glob("packages/*/src"))]

from mathtune_core.errors import MathtuneError  # noqa: E402  (after the path is set, or the wrong tree is imported)
from mathtune_core.params import load_params  # noqa: E402
from mathtune_core.processes import process_count, process_index  # noqa: E402
from mathtune_core.study import Study  # noqa: E402

# How long a process waits for the main one to report the mistake that both have met: longer than one may lag behind.
GRACE_SECONDS = 30.0


def stage_module(stage: str) -> str:
    """`mathtune_sampling.sample_solutions` for `sample_solutions`: the module of that name in any package."""
    found = sorted(ROOT.glob(f"packages/*/src/mathtune_*/{stage}.py"))
    if len(found) != 1:
        raise MathtuneError(f"dvc.yaml: stage `{stage}`: {len(found)} modules named {stage}.py under packages/, need 1")
    return f"{found[0].parent.name}.{stage}"


def params_type(module: Any, stage: str, item: str | None) -> type:
    """The stage's dataclass: what its `params_type(item)` gives, else `BuildProblemsParams` for `build_problems`."""
    if hasattr(module, "params_type"):
        chosen: type = module.params_type(item)
        return chosen
    named: type = getattr(module, "".join(word.capitalize() for word in stage.split("_")) + "Params")
    return named


def run_stage(name: str, paths: dict[str, Path], params_file: Path, seed: int | None = None) -> None:
    """Loads the stage's own section and calls its `run(params, **paths)`; `out` appears whole or not at all.

    `run` gets the matrix item as well when it has a parameter `item`, the run's seed when it has one `seed`, the
    section `study` when it has one `study`, and a folder that outlives a kill, and is gone when the stage is done, when
    it has one `unfinished`.

    Of several processes all call `run`, with one `unfinished` between them. The main one's `out` is the stage's; each
    other one has an `out` of its own that is thrown away, so that a stage writes without asking which it is. A stage
    that can be shared out so says it: `SEVERAL_PROCESSES = True` in its module.
    """
    stage, _, item = name.partition("@")
    module = importlib.import_module(stage_module(stage))
    keys = (stage, item) if item else (stage,)
    params: Any = load_params(params_file, keys, params_type(module, stage, item or None))
    wanted = set(inspect.signature(module.run).parameters) - {"params"}
    asked = wanted - {"item", "seed", "study", "unfinished"}
    if asked != set(paths):
        raise MathtuneError(f"dvc.yaml: stage `{name}`: needs paths {sorted(asked)}, got {sorted(paths)}")
    if ("seed" in wanted) != (seed is not None):
        raise MathtuneError(f"dvc.yaml: stage `{name}`: {'needs' if seed is None else 'has no use for'} seed=N")
    if process_count() > 1 and not getattr(module, "SEVERAL_PROCESSES", False):
        raise MathtuneError(f"dvc.yaml: stage `{name}`: runs in one process; start it by python, not by a launcher")
    out, unfinished = paths["out"], unfinished_folder(paths["out"])
    context: dict[str, Any] = {"item": item, "seed": seed, "unfinished": unfinished}
    if "study" in wanted:
        context["study"] = load_params(params_file, ("study",), Study)
    known = {key: value for key, value in context.items() if key in wanted}
    if process_index() > 0:
        with tempfile.TemporaryDirectory() as scratch:
            module.run(params, **{**known, **paths, "out": Path(scratch)})
        return
    partial = out.with_name(f"{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    module.run(params, **{**known, **paths, "out": partial})
    shutil.rmtree(out, ignore_errors=True)
    partial.replace(out)
    shutil.rmtree(unfinished, ignore_errors=True)


def seed_of(text: str | None) -> int | None:
    """The seed of the command line. Raises MathtuneError unless it is a whole number in 0 … 2^32 − 1, or missing."""
    if text is None:
        return None
    if not text.isdecimal() or int(text) >= 2**32:
        raise MathtuneError(f"params.yaml: study.seeds: each must be a whole number in 0 … 2^32 - 1, got {text!r}")
    return int(text)


def unfinished_folder(out: Path) -> Path:
    """Where a stage keeps what must outlive a kill: apart, for DVC deletes `out` first and hashes the folders above."""
    if out.is_absolute() or len(out.parts) < 2:
        return out.with_name(f"{out.name}.unfinished")
    return Path(out.parts[0], "unfinished", *out.parts[1:])


def main(arguments: list[str]) -> int:
    """Exit code 0 when the stage is done, 1 with one line on stderr when the user has something to mend."""
    # A stage never loads over the network what is not asked for, and never opens a pickle (weights are safetensors).
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    if not arguments or not all("=" in argument for argument in arguments[1:]):
        sys.stderr.write("usage: stage.py STAGE[@ITEM] [seed=N] name=path …\n")
        return 2
    values = {name: value for name, _, value in (argument.partition("=") for argument in arguments[1:])}
    try:
        seed = seed_of(values.pop("seed", None))
        run_stage(arguments[0], {name: Path(path) for name, path in values.items()}, Path("params.yaml"), seed)
    except MathtuneError as error:
        if process_index() > 0:
            # Most mistakes meet every process, and the launcher ends this one when the main one has reported its own.
            time.sleep(GRACE_SECONDS)
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

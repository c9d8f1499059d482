"""The data of the explorer: every test problem with its samples, clusters, scores and choices, packed for the page.

The page unpacks a generator when it is first shown, so each is a block of its own: JSON with texts stored once,
gzipped and in base64, which no completion can break out of.
"""

import base64
import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from mathtune_core.batches import read_problems
from mathtune_core.errors import MathtuneError
from mathtune_core.schemas import SAMPLE_KEY, SAMPLES
from mathtune_ranking.candidates import NO_ANSWER, Candidates
from mathtune_ranking.rows import Row
from mathtune_ranking.selectors import DEPLOYABLE, SELECTORS, Ints

CHOOSERS = ("Pass@1", *DEPLOYABLE)
SCORE_UNITS = 10_000  # scores travel as whole numbers of this fraction
LENGTH = "length"  # the finish_reason of a completion cut at max_tokens


@dataclass(frozen=True, slots=True)
class Block:
    """Packed JSON under the name by which the page asks for it."""

    name: str
    packed: str


def blocks(
    candidates: dict[Row, Candidates],
    *,
    k: int,
    selector: str,
    seed: int,
    problems: pl.DataFrame,
    samples: Path,
    num_examples: int,
) -> list[Block]:
    """The problems, then a block a generator, all of one seed.

    `candidates` are those of each row, `samples` holds <generator>/<seed>/samples.parquet. Of more problems than
    `num_examples` those come first where selectors disagree about being right, then by id. No block without a problem.
    Raises MathtuneError where samples and clusters do not match.
    """
    problem_ids = next(iter(candidates.values())).problem_ids
    shown = _shown(candidates, k, num_examples)
    if not shown.size:
        return []
    generators = list(dict.fromkeys(row.generator for row in candidates))
    head = {
        "seed": seed,
        "k": k,
        "selector": selector,
        "selectors": CHOOSERS,
        "numSamples": next(iter(candidates.values())).num_samples,
        "scoreUnits": SCORE_UNITS,
        "generators": {
            name: {"verifiers": [row.verifier for row in candidates if row.generator == name]} for name in generators
        },
        "problems": _problems([problem_ids[row] for row in shown], problems),
    }
    found = [Block("problems", packed(head))]
    for number, name in enumerate(generators):
        of_one = {row.verifier: arrays for row, arrays in candidates.items() if row.generator == name}
        texts = _texts(samples / name / str(seed) / "samples.parquet", next(iter(of_one.values())), shown)
        found.append(Block(f"generator-{number}", packed(_generator(of_one, k, shown, texts))))
    return found


def packed(value: Any) -> str:
    """JSON, gzipped (without a time, so that the same run gives the same page), in base64."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(gzip.compress(text.encode("utf-8"), 6, mtime=0)).decode("ascii")


def unpacked(text: str) -> Any:
    """What `packed` packed."""
    return json.loads(gzip.decompress(base64.b64decode(text)))


def _shown(candidates: dict[Row, Candidates], k: int, num_examples: int) -> Ints:
    """The rows of the problems to show, in the order of their ids."""
    num_problems = len(next(iter(candidates.values())).problem_ids)
    if num_problems <= num_examples:
        return np.arange(num_problems)
    disagree = np.zeros(num_problems, dtype=np.bool_)
    for arrays in candidates.values():
        accuracy = np.stack([SELECTORS[name](arrays, k).p_correct for name in CHOOSERS])
        disagree |= np.ptp(accuracy, axis=0) > 0
    return np.sort(np.argsort(~disagree, kind="stable")[:num_examples])


def _problems(problem_ids: list[str], problems: pl.DataFrame) -> list[dict[str, Any]]:
    columns = ("problem_id", "problem", "expected_answer", "source", "subject", "level", "subset")
    order = pl.DataFrame({"problem_id": problem_ids}, schema={"problem_id": pl.String})
    return order.join(problems, on="problem_id", how="left", maintain_order="left").select(columns).rows(named=True)


def _texts(path: Path, candidates: Candidates, shown: Ints) -> dict[str, list[Any]]:
    """The columns of samples.parquet a shown problem: N + 1 rows each, the greedy one first."""
    problem_ids = [candidates.problem_ids[row] for row in shown]
    table = read_problems(path, SAMPLES, problem_ids).sort(SAMPLE_KEY)
    expected = _expected(problem_ids, candidates.num_samples)
    for problem_id, decoding, index in expected.join(table, on=list(SAMPLE_KEY), how="anti").rows():
        raise MathtuneError(
            f"{path}: problem_id={problem_id!r}, {decoding} sample {index}: is missing; run `dvc repro`"
        )
    width = candidates.num_samples + 1
    if table.height != expected.height or pq.read_metadata(path).num_rows != width * len(candidates.problem_ids):
        raise MathtuneError(f"{path}: has other samples than clusters.parquet; run `dvc repro`")
    wanted = ("completion", "finish_reason", "num_tokens")
    columns = {name: table[name].to_list() for name in wanted}
    return {
        name: [values[start : start + width] for start in range(0, len(values), width)]
        for name, values in columns.items()
    }


def _expected(problem_ids: list[str], num_samples: int) -> pl.DataFrame:
    sampled = [("sampled", index) for index in range(num_samples)]
    rows = [
        (problem_id, decoding, index) for problem_id in problem_ids for decoding, index in [("greedy", 0), *sampled]
    ]
    schema = {name: SAMPLES.schema[name] for name in SAMPLE_KEY}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _generator(of_verifier: dict[str, Candidates], k: int, shown: Ints, texts: dict[str, list[Any]]) -> dict[str, Any]:
    """Arrays by shown problem; of samples the greedy one first, then 0 … N − 1. Texts are numbers into `texts`."""
    number: dict[str, int] = {}
    arrays = next(iter(of_verifier.values()))
    completions = [[number.setdefault(text, len(number)) for text in of_one] for of_one in texts["completion"]]
    right = [
        sorted({*np.nonzero(arrays.cluster_correct[row])[0].tolist(), *_greedy_right(arrays, int(row))})
        for row in shown
    ]
    return {
        "texts": list(number),
        "completion": completions,
        "tokens": texts["num_tokens"],
        "cut": [[i for i, reason in enumerate(of_one) if reason == LENGTH] for of_one in texts["finish_reason"]],
        "cluster": [[int(arrays.greedy_cluster[row]), *arrays.cluster_id[row].tolist()] for row in shown],
        "answers": arrays.answers.gather(shown).to_list(),
        "right": right,
        "verifiers": {name: _scored(candidates, k, shown) for name, candidates in of_verifier.items()},
    }


def _greedy_right(arrays: Candidates, row: int) -> list[int]:
    greedy = int(arrays.greedy_cluster[row])
    return [greedy] if arrays.greedy_correct[row] and greedy != NO_ANSWER else []


def _scored(candidates: Candidates, k: int, shown: Ints) -> dict[str, Any]:
    chosen = [SELECTORS[name](candidates, k) for name in CHOOSERS]
    scores = np.rint(candidates.score[shown] * SCORE_UNITS).astype(np.int64)
    return {
        "score": scores.tolist(),
        "winner": np.stack([one.winner[shown] for one in chosen], axis=1).tolist(),
        "accuracy": np.stack([one.p_correct[shown] for one in chosen], axis=1).round(4).tolist(),
    }

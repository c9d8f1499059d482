"""The `Verifier` over several processes: Ray actors, each with another verifier inside."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm  # type: ignore[import-untyped, unused-ignore]

from mathtune_sampling.data_parallel.params import DataParallelParams
from mathtune_sampling.data_parallel.pool import Pool
from mathtune_sampling.data_parallel.worker import check_reachable
from mathtune_sampling.verifier import PromptTooLongError, Verifier

_LEAST = 8  # problems: with a few candidates each they fill a forward pass

# A problem's number, its text, and the rows and texts of its candidates.
_Group = tuple[int, str, list[int], list[str]]


class RayVerifier:
    """A `Verifier` that hands out whole problems to workers, each with what `opening` gives for the folder `path`.

    A score is what that verifier gives it. Raises MathtuneError as `Pool` and `opening` do, and where a node does not
    see the folder.
    """

    def __init__(self, params: DataParallelParams, path: Path, opening: Callable[[], Verifier]) -> None:
        threads = torch.get_num_threads()
        self._pool = Pool(params, partial(_open, path.resolve(), opening), gpus_each=1, threads=threads)

    def score_rows(self, problems: Sequence[str], completions: Sequence[str]) -> NDArray[np.float64]:
        """See `Verifier.score_rows`; a prompt that does not fit is refused before its chunk, not before all work."""
        rows: dict[str, list[int]] = {}
        for row, problem in enumerate(problems):
            rows.setdefault(problem, []).append(row)
        groups: dict[Any, _Group] = {
            number: (number, problem, of_problem, [completions[row] for row in of_problem])
            for number, (problem, of_problem) in enumerate(rows.items())
        }
        scores = np.empty(len(problems), dtype=np.float64)
        with tqdm(total=len(problems), desc="score", unit="solution") as progress:
            for of_problem, values in self._pool.run(_score, groups, least=_LEAST):
                scores[of_problem] = values
                progress.update(len(of_problem))
        return scores


def _open(path: Path, opening: Callable[[], Verifier]) -> tuple[Verifier, str]:
    check_reachable(path)
    verifier = opening()
    return verifier, type(verifier).__name__


def _score(verifier: Verifier, chunk: Sequence[_Group]) -> Iterator[tuple[int, tuple[list[int], NDArray[np.float64]]]]:
    problems = [problem for _, problem, _, completions in chunk for _ in completions]
    texts = [text for *_, completions in chunk for text in completions]
    rows = [row for _, _, of_problem, _ in chunk for row in of_problem]
    try:
        scores = verifier.score_rows(problems, texts)
    except PromptTooLongError as error:
        raise PromptTooLongError(rows[error.row], error.reason) from error
    start = 0
    for number, _, of_problem, _ in chunk:
        yield number, (of_problem, scores[start : start + len(of_problem)])
        start += len(of_problem)

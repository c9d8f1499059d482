"""The figures on the labelled set that lies beside the data, where there is one."""

import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mathtune_answers import cluster_answers, extract_answer, grade

FLOOR_PAIRS, FLOOR_EXTRACTION, FLOOR_CLUSTERS = 0.97, 0.95, 0.98


def rows(name: str) -> list[dict[str, Any]]:
    root = os.environ.get("MATHTUNE_DATA")
    path = Path(root) / ".." / "equivalence" / name if root else None
    if path is None or not path.exists():
        pytest.skip("MATHTUNE_DATA is not set, or there is no labelled set beside it")
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def f1(hits: int, claimed: int, wanted: int) -> float:
    return 2 * hits / (claimed + wanted)


def test_pairs() -> None:
    pairs = rows("pairs.jsonl")
    verdicts = [(grade(pair["a"], pair["b"]), grade(pair["b"], pair["a"]), pair["equivalent"]) for pair in pairs]
    assert all(one == other for one, other, _ in verdicts)
    hits = sum(verdict and wanted for verdict, _, wanted in verdicts)
    assert f1(hits, sum(v for v, _, _ in verdicts), sum(w for _, _, w in verdicts)) >= FLOOR_PAIRS


def test_extraction() -> None:
    texts = rows("extraction.jsonl")
    squeeze: Callable[[str | None], str | None] = lambda text: None if text is None else "".join(text.split())  # noqa: E731
    right = 0
    for row in texts:
        found = squeeze(extract_answer(row["text"]))
        if row["answer"] is None:
            assert found is None
        right += found in {squeeze(row["answer"]), *map(squeeze, row.get("accept") or ())}
    assert right / len(texts) >= FLOOR_EXTRACTION


def test_clusters() -> None:
    hits = claimed = wanted = 0
    for row in rows("clusters.jsonl"):
        labels, reference = cluster_answers(row["answers"]), row["labels"]
        ours, theirs, both = Counter(labels), Counter(reference), Counter(zip(labels, reference, strict=True))
        hits += sum(n * (n - 1) // 2 for n in both.values())
        claimed += sum(n * (n - 1) // 2 for n in ours.values())
        wanted += sum(n * (n - 1) // 2 for n in theirs.values())
    assert f1(hits, claimed, wanted) >= FLOOR_CLUSTERS

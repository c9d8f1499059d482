"""Final answers of math solutions: extract them, decide which are the same, grade and cluster them."""

import sys
from types import ModuleType

from mathtune_answers.audit import audit_clusters, audit_counts
from mathtune_answers.cluster import cluster_answers, cluster_samples
from mathtune_answers.extract import extract_answer
from mathtune_answers.grade import grade
from mathtune_answers.keys import canonical_key, capped_answers, equivalent

__all__ = [
    "audit_clusters",
    "audit_counts",
    "canonical_key",
    "capped_answers",
    "cluster_answers",
    "cluster_samples",
    "equivalent",
    "extract_answer",
    "grade",
]


class _Package(ModuleType):
    """Keeps `cluster_answers` the function when the stage of the same name, a submodule, is imported."""

    def __setattr__(self, name: str, value: object) -> None:
        if name in __all__ and isinstance(value, ModuleType):
            return
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package

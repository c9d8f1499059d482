"""Final answers of math solutions: extract them, decide which are the same, grade and cluster them."""

from mathtune_answers.cluster import cluster_answers, cluster_samples
from mathtune_answers.extract import extract_answer
from mathtune_answers.grade import grade
from mathtune_answers.keys import canonical_key, equivalent

__all__ = ["canonical_key", "cluster_answers", "cluster_samples", "equivalent", "extract_answer", "grade"]

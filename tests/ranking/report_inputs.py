"""What the report reads beside the tables of a run: files in the shapes that other stages give them."""

from pathlib import Path
from typing import Any

import polars as pl

from mathtune_core.study import FEW_SHOT, Study
from mathtune_ranking import evaluate, report


def build(folder: Path, study: Study, params: evaluate.EvaluateParams, out: Path, **report_params: Any) -> str:
    """Evaluates the run in `folder` into out-evaluate and reports it into `out`; the page."""
    tables = {
        "study": study,
        "problems": folder,
        "samples": folder / "sample_solutions",
        "clusters": folder / "cluster_answers",
        "scores": folder / "score_solutions",
    }
    evaluation = out.with_name(f"{out.name}-evaluate")
    for place in (evaluation, out):
        place.mkdir()
    evaluate.run(params, **tables, out=evaluation)
    others = write_others(out.with_name(f"{out.name}-inputs"), study)
    report.run(
        report.ReportParams(**{"title": "A <title>", "num_examples": 100, **report_params}),
        evaluation=evaluation,
        **tables,
        solutions=folder / "build_solutions",
        **others,
        out=out,
    )
    return (out / "report.html").read_text(encoding="utf-8")


def write_others(folder: Path, study: Study) -> dict[str, Path]:
    """The outputs of `compare_styles` and of the trainings, by the names that the report gives their folders."""
    styles, generators, verifiers = (folder / name for name in ("styles", "generators", "verifiers"))
    styles.mkdir(parents=True)
    names = list(study.styles)
    measures = {"solutions": 30.0, "covered": 0.5, "tokens_a_solution": 41.8, "equations_fail": 0.0}
    profile = [(style, measure, value) for style in names for measure, value in measures.items()]
    lengths = [(style, 10.0, 20.0, 30.0, 40.0, 50.0, 60) for style in names]
    overlap = [(one, other, 30, 1.0 if one == other else 0.25, 0.5) for one in names for other in names]
    coverage = [(style, kind, value, 4, 3) for style in names for kind, value in (("level", "2"), ("all", "all"))]
    columns = {
        "profile": (profile, ["style", "measure", "value"]),
        "lengths": (lengths, ["style", "p5", "p25", "p50", "p75", "p95", "longest"]),
        "overlap": (overlap, ["first", "second", "num_problems", "share", "corpus_share"]),
        "coverage": (coverage, ["style", "kind", "value", "num_problems", "covered"]),
    }
    for name, (rows, schema) in columns.items():
        pl.DataFrame(rows, schema=schema, orient="row").write_csv(styles / f"{name}.csv")
    trained = [(generators, name) for name in study.generators if name != FEW_SHOT]
    for root, name in [*trained, *((verifiers, name) for name in study.verifiers)]:
        for seed in study.seeds:
            place = root / name / str(seed)
            place.mkdir(parents=True)
            loss = {"step": [1, 10, 20], "loss": [0.5, 0.25, 0.125]}
            if name in study.sequential:
                loss["stage"] = ["middle", "generator", "generator"]
            else:
                pl.DataFrame({"step": [20], "val_loss": [0.2]}).write_csv(place / "val_loss.csv")
            pl.DataFrame(loss).write_csv(place / "loss.csv")
    return {"styles": styles, "generators": generators, "verifiers": verifiers}

"""The trainings' losses against steps, as the stages that train wrote them."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl
from markupsafe import Markup

from mathtune_core.study import FEW_SHOT, Study
from mathtune_ranking.page.axes import Axis, spanning
from mathtune_ranking.page.charts import Point, Series, line_chart
from mathtune_ranking.page.curves import NUM_COLOURS
from mathtune_ranking.page.evaluation import read_columns


@dataclass(frozen=True, slots=True)
class Training:
    """The losses of one generator or verifier and seed: (step, loss) each; no validation losses where none are kept."""

    name: str
    seed: int
    loss: dict[str, tuple[tuple[float, float], ...]]  # by stage, which only the sequential recipes have
    val_loss: tuple[tuple[float, float], ...]

    @property
    def losses(self) -> list[tuple[float, float]]:
        """Of all stages."""
        return [pair for pairs in self.loss.values() for pair in pairs]


@dataclass(frozen=True, slots=True)
class TrainingChart:
    """A chart, and the last losses behind it: (name, seed, steps, loss, validation loss or a dash)."""

    title: str
    image: Markup
    colours: dict[str, int]  # of the names in it
    rows: tuple[tuple[str, int, int, str, str], ...]


def training_charts(study: Study, generators: Path, verifiers: Path, colours: dict[str, int]) -> list[TrainingChart]:
    """Charts of the styles' generators, of the sequential recipes (whose loss changes its kind midway), of verifiers.

    `generators` holds <generator>/<seed>/loss.csv, `verifiers` <verifier>/<seed>/loss.csv, of all but the recipes with
    val_loss.csv beside it. Raises MathtuneError for one that is missing.
    """
    found = [("Generators (SSFT), token cross-entropy", _read(study, generators, study.styles, True), colours)]
    recipes = tuple(name for name in study.recipes if name != FEW_SHOT)
    if recipes:
        found.append(("Sequential recipes, each stage its own loss", _read(study, generators, recipes, False), colours))
    by_verifier = {name: position % NUM_COLOURS for position, name in enumerate(study.verifiers)}
    found.append(("Verifiers, each in its own loss", _read(study, verifiers, study.verifiers, True), by_verifier))
    return [_chart(title, trainings, index) for title, trainings, index in found]


def _read(study: Study, folder: Path, names: tuple[str, ...], validated: bool) -> list[Training]:
    found = []
    for name in names:
        for seed in study.seeds:
            place = folder / name / str(seed)
            loss = _losses(place / "loss.csv")
            told = _losses(place / "val_loss.csv", "val_loss") if validated else {}
            found.append(Training(name, seed, loss, told.get("", ())))
    return found


def _losses(path: Path, column: str = "loss") -> dict[str, tuple[tuple[float, float], ...]]:
    """(step, loss) by stage; one stage, without a name, where the file has none."""
    frame = read_columns(path, ("step", column))
    stage = pl.col("stage") if "stage" in frame.columns else pl.lit("")
    known = frame.select(stage.alias("stage"), pl.col("step", column).cast(pl.Float64)).drop_nulls()
    parts = known.filter(pl.col(column).is_finite()).group_by("stage", maintain_order=True)
    return {str(name): tuple(part.select("step", column).iter_rows()) for (name,), part in parts}


def _chart(title: str, trainings: list[Training], index: dict[str, int]) -> TrainingChart:
    pairs = [pair for one in trainings for pair in (*one.losses, *one.val_loss)]
    values, steps = [value for _, value in pairs], [step for step, _ in pairs]
    x, y = Axis("step", 0.0, max([*steps, 1.0])), spanning("loss", values or [0.0])
    series = [
        Series(one.name, index.get(one.name, 0), tuple(Point(step, value, value, value) for step, value in line))
        for one in trainings
        for line in (*one.loss.values(), one.val_loss)
        if line
    ]
    rows = tuple(
        (
            one.name,
            one.seed,
            int(max([step for step, _ in one.losses], default=0)),
            f"{one.losses[-1][1]:.4f}" if one.losses else "–",
            f"{one.val_loss[-1][1]:.4f}" if one.val_loss else "–",
        )
        for one in trainings
    )
    named = {one.name: index.get(one.name, 0) for one in trainings}
    return TrainingChart(title, line_chart(title, series, x, y), named, rows)

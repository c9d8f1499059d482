"""Which work each stage is: by the name of its module."""

from collections.abc import Callable, Mapping

from mathtune_cli.plan import samplings, trainings
from mathtune_cli.plan.setting import Setting
from mathtune_cli.plan.stages import Stage
from mathtune_cli.plan.work import Work, together

Cost = Callable[[Setting, Mapping[str, str]], Work]

# Measured on one core at the default run's and the full one's sizes.
EVALUATE_SECONDS, EVALUATE_SECONDS_A_ROW = 3.5, 0.0011  # a row: the N = 16 scored samples of a problem
READ_SECONDS = 1.5  # problems read, split and held against the test split; styles compared; a report rendered


def fetch_base(setting: Setting, item: Mapping[str, str]) -> Work:
    """A download, whose time is the network's, and the checkpoint in bfloat16."""
    return Work(start="training", written=2 * setting.model.parameters)


def few_shot(setting: Setting, item: Mapping[str, str]) -> Work:
    """A copy of the base."""
    return Work(start="model", written=2 * setting.model.parameters)


def cluster_answers(setting: Setting, item: Mapping[str, str]) -> Work:
    """Answers extracted, graded and clustered."""
    rows = setting.sampled_problems(item["split"]) * (setting.samples(item["split"]) + 1)
    return Work(start="table", seconds=rows / samplings.ROWS_A_SECOND, written=5 * rows)


def build_verifier_examples(setting: Setting, item: Mapping[str, str]) -> Work:
    """A table of all samples of its styles."""
    styles = setting.params.section("build_verifier_examples").section(item["verifier"]).texts("styles")
    rows = setting.sampled_problems("train") * setting.samples("train")
    tokens = sum(setting.sample_tokens(style, "train") for style in styles)
    return Work(start="table", written=samplings.BYTES_A_TOKEN * rows * tokens)


def evaluate(setting: Setting, item: Mapping[str, str]) -> Work:
    """Every selector on every generator's samples, under each of its verifiers, over every n up to N."""
    study = setting.study
    groups = sum(len(study.verifiers_of(generator)) for generator in study.generators) * len(study.seeds)
    rows = sum(setting.sampled_problems(split) * setting.samples(split) / 16 for split in ("val", "test"))
    return Work(start="table", seconds=EVALUATE_SECONDS + EVALUATE_SECONDS_A_ROW * rows * groups)


def tables(setting: Setting, item: Mapping[str, str]) -> Work:
    """Tables read and written, in a second or two whatever the run."""
    return Work(start="table", seconds=READ_SECONDS)


def mix_solutions(setting: Setting, item: Mapping[str, str]) -> Work:
    """Two styles' rows in one table."""
    mixed = setting.solutions(item["key"])
    return Work(start="table", written=samplings.BYTES_A_TOKEN * (mixed.train + mixed.val) * mixed.tokens)


COSTS: dict[str, Cost] = {
    "build_problems": tables,
    "build_corpus": tables,
    "pretrain_base": trainings.pretrain_base,
    "fetch_base": fetch_base,
    "build_solutions": samplings.build_solutions,
    "mix_solutions": mix_solutions,
    "compare_styles": tables,
    "train_generator": trainings.train_generator,
    "few_shot": few_shot,
    "train_sequential": trainings.train_sequential,
    "sample_solutions": samplings.sample_solutions,
    "cluster_answers": cluster_answers,
    "build_verifier_examples": build_verifier_examples,
    "train_verifier": trainings.train_verifier,
    "score_solutions": samplings.score_solutions,
    "evaluate": evaluate,
    "report": tables,
}


def work_of(stage: Stage, setting: Setting) -> Work | None:
    """What `stage` does; None for one that nothing is known of."""
    found = [COSTS[module](setting, stage.item) for module in stage.modules if module in COSTS]
    return together(found) if found and len(found) == len(stage.modules) else None

"""The work of the stages that train."""

from collections.abc import Mapping
from math import ceil

from mathtune_cli.plan.model_size import pretrained
from mathtune_cli.plan.section import Section
from mathtune_cli.plan.setting import Setting
from mathtune_cli.plan.work import Load, Work
from mathtune_core.study import CONTROL

MASTER = 4  # bytes a weight: what is trained, and saved, is float32
ADAMW = 8  # bytes a trained weight: the optimizer's two moments
GRADIENT = 4
SECOND_TRAINING = 4.0  # seconds on one core, to set up another in the same process and to save the model between


def train_generator(setting: Setting, item: Mapping[str, str]) -> Work:
    """SSFT on one style."""
    section = setting.params.section("train_generator")
    return _training(setting, section, _on_solutions(setting, section, item["style"]))


def train_verifier(setting: Setting, item: Mapping[str, str]) -> Work:
    """A verifier on its examples."""
    section = setting.params.section("train_verifier").section(item["verifier"])
    return _training(setting, section, _on_verdicts(setting, section, item["verifier"])[0])


def train_sequential(setting: Setting, item: Mapping[str, str]) -> Work:
    """The two trainings that follow the first: a verifier's, or as many steps on solutions, and a generator's."""
    section, style = setting.params.section("train_sequential").section(item["recipe"]), setting.study.sequential_style
    verifier, generator = section.section("verifier"), section.section("generator")
    middle, steps = _on_verdicts(setting, verifier, style)
    if item["recipe"] == CONTROL:
        middle = _on_solutions(setting, generator, style, steps)
    last = _training(setting, generator, _on_solutions(setting, generator, style))
    saved = MASTER * setting.model.parameters
    return Work(
        start=last.start,
        loads=(*middle, *last.loads),
        seconds=SECOND_TRAINING,
        loaded=saved,
        written=2 * saved,  # the model between as well
        scratch=last.scratch,
    )


def pretrain_base(setting: Setting, item: Mapping[str, str]) -> Work:
    """The tiny base from nothing: every token of a document is predicted."""
    section, model = setting.params.section("pretrain_base"), pretrained(setting.params)
    tokens = section.section("schedule").number("max_tokens")
    steps = tokens / section.section("schedule").number("tokens_per_batch")
    load = Load(
        kind="train",
        tokens=tokens,
        flops=3 * model.products(tokens, heads=tokens),
        dtype="bfloat16",
        layer_passes=steps * model.layers,
    )
    return Work(start="training", loads=(load,), written=2 * model.parameters)


def optimizer_steps(section: Section, rows: float, rows_a_batch: float) -> float:
    """The optimizer steps of a training, as the Trainer counts them."""
    batches = ceil(rows / max(1.0, rows_a_batch))
    return ceil(section.number("epochs") * max(1, ceil(batches / section.number("gradient_accumulation_steps"))))


def _on_solutions(setting: Setting, section: Section, style: str, steps: float | None = None) -> tuple[Load, ...]:
    """Training on a style's solutions for the section's epochs, or for `steps`, and its validation."""
    solutions = setting.solutions(style)
    limit = section.optional("max_examples")
    rows = solutions.train if limit is None else min(solutions.train, limit)
    batch = section.number("batch_size")
    if steps is None:
        steps, read = optimizer_steps(section, rows, batch), rows * section.number("epochs")
    else:
        read = steps * batch * section.number("gradient_accumulation_steps")
    prompt = setting.prompt_tokens()
    tokens = prompt + solutions.tokens
    measured = section.optional("max_eval_examples")
    held_out = min(solutions.val, 512 if measured is None else measured)
    return (
        _load(setting, section, read, tokens, solutions.tokens, steps),
        _validation(
            setting, section, held_out * tokens, held_out * setting.model.forward(tokens, heads=solutions.tokens), steps
        ),
    )


def _on_verdicts(setting: Setting, section: Section, verifier: str) -> tuple[tuple[Load, ...], float]:
    """Training on a verifier's examples, its validation, and its optimizer steps."""
    loss = section.text("loss")
    examples = setting.verifier_examples(
        verifier, loss, section.number("max_pairs_per_problem"), section.number("validation_share")
    )
    # A row of the losses that compare is a pair, and a batch holds half as many: as many solutions a step.
    steps = optimizer_steps(section, examples.train, section.number("batch_size"))
    measured = examples.validation * examples.tokens, examples.validation * setting.model.forward(examples.tokens)
    read = examples.train * section.number("epochs")
    loads = (
        _load(setting, section, read, examples.tokens, 0.0, steps),
        _validation(setting, section, *measured, steps),
        _validation(setting, section, *measured, 1),  # once more for its AUC
    )
    return loads, steps


def _load(setting: Setting, section: Section, rows: float, tokens: float, labels: float, steps: float) -> Load:
    flops = setting.model.training(
        tokens, labels, adapters=_adapters(section), checkpointing=bool(section.node.get("gradient_checkpointing"))
    )
    return Load(
        kind="train",
        tokens=rows * tokens,
        flops=rows * flops,
        dtype=section.text("dtype"),
        layer_passes=steps * section.number("gradient_accumulation_steps") * setting.model.layers,
    )


def _validation(setting: Setting, section: Section, tokens: float, flops: float, steps: float) -> Load:
    """At every `eval_steps` and at the end."""
    every = section.optional("eval_steps")
    times = 1 if every is None else ceil(steps / every)
    return Load(kind="score", tokens=times * tokens, flops=times * flops, dtype=section.text("dtype"))


def _training(setting: Setting, section: Section, loads: tuple[Load, ...]) -> Work:
    """A stage of one training: checkpoints are two while a new one is written."""
    parameters = setting.model.parameters
    kept = section.node.get("checkpoint_minutes", 10.0) is not None
    state = MASTER + (0 if _adapters(section) else ADAMW)
    return Work(
        start="training",
        loads=loads,
        loaded=2 * parameters,
        written=MASTER * parameters,
        scratch=2 * state * parameters if kept else 0.0,
    )


def _adapters(section: Section) -> bool:
    return section.node.get("lora") is not None

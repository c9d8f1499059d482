from pathlib import Path

import pytest
import torch
from transformers import LlamaForCausalLM, TrainerControl, TrainerState, TrainingArguments

from mathtune_training.validation import Validation, stagnant, validation_curve


def evaluated(
    losses: list[float], model: LlamaForCausalLM, folder: Path, *, eval_steps: int | None = 1, patience: int | None
) -> tuple[TrainerState, int, Validation]:
    """The state, the step training stopped at, and the validation; before each step every weight becomes its number."""
    waiting = iter(losses)
    validation = Validation(lambda: next(waiting), eval_steps=eval_steps, patience=patience, folder=folder)
    state, control = TrainerState(max_steps=len(losses) if eval_steps else 6), TrainerControl()
    arguments = TrainingArguments(output_dir=str(folder), report_to="none", use_cpu=True)
    while state.global_step < state.max_steps and not control.should_training_stop:
        state.global_step += 1
        for weight in model.parameters():
            torch.nn.init.constant_(weight, state.global_step)
        validation.on_step_end(arguments, state, control, model)
    return state, state.global_step, validation


@pytest.mark.parametrize(
    ("losses", "patience", "stopped", "best"),
    [
        ([3.0, 2.0, 2.5, 2.1, 1.9, 2.2, 2.3], 2, 4, 2),  # by hand: 2.5 and 2.1 are no better than 2.0
        ([3.0, 2.0, 2.5, 1.9, 2.2, 1.8, 2.3], 2, 7, 6),
        ([3.0, 2.0, 2.5, 2.1, 1.9, 2.2, 2.3], None, 7, 5),
        ([2.0, 2.0, 2.0], 1, 2, 1),  # as good is no better
    ],
)
def test_training_stops_after_patience_and_the_best_weights_come_back(
    losses: list[float], patience: int | None, stopped: int, best: int, model: LlamaForCausalLM, tmp_path: Path
) -> None:
    state, at, validation = evaluated(losses, model, tmp_path, patience=patience)
    assert at == stopped
    curve = validation_curve(state)
    assert curve.rows() == list(zip(range(1, stopped + 1), losses, strict=False))
    validation.restore_best(model)
    assert {float(weight.detach().max()) for weight in model.parameters()} == {float(best)}
    assert [path.name for path in tmp_path.glob("best*")] == ["best.safetensors"]


def test_without_eval_steps_the_last_step_is_measured_and_stays(model: LlamaForCausalLM, tmp_path: Path) -> None:
    state, at, validation = evaluated([2.0], model, tmp_path, eval_steps=None, patience=None)
    assert validation_curve(state).rows() == [(6, 2.0)]
    validation.restore_best(model)
    assert float(next(model.parameters()).detach().max()) == at == 6
    assert not list(tmp_path.glob("best*"))


def test_evaluations_since_the_lowest_are_counted() -> None:
    assert [stagnant([3.0, 2.0, 2.5][:n]) for n in (1, 2, 3)] == [0, 0, 1]
    assert stagnant([1.0, 1.0, 1.0]) == 2

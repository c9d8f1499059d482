import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mathtune_styles.readers.prm800k import joined, read_prm800k, read_trajectories
from mathtune_styles.readers.source import Source

Read = Callable[..., Source]
Refusal = Callable[..., str]
Write = Callable[[Path, list[dict[str, Any]]], None]


def completion(text: str, rating: int | None = 1) -> dict[str, Any]:
    return {"text": text, "rating": rating, "flagged": False}


def step(*completions: dict[str, Any], chosen: int | None = 0, human: str | None = None) -> dict[str, Any]:
    written = None if human is None else {"text": human, "rating": None, "source": "human", "flagged": False}
    return {"completions": list(completions), "human_completion": written, "chosen_completion": chosen}


def labelled(*steps: dict[str, Any], reason: str = "solution", answer: str = "4") -> dict[str, Any]:
    """A row in the form of PRM800K's label files, as its README describes it."""
    return {
        "labeler": "a",
        "question": {"problem": "What is $2 + 2$?", "ground_truth_answer": answer},
        "label": {"steps": list(steps), "total_time": 1, "finish_reason": reason},
    }


LAST = step(completion("So it is $4$.\n\n# Answer\n\n4"))
JOINED = {"problem": "What is $2 + 3$?", "steps": ["Add.", "# Answer\\n\\n5"], "answer": "5", "split": "train"}


def test_the_chosen_good_steps_are_followed_to_the_end(tmp_path: Path, read: Read, write_lines: Write) -> None:
    bad = completion("It is odd.", -1)
    row = labelled(
        step(bad, completion("Take two."), chosen=1),
        step(bad, completion("Also good, and not chosen."), completion("Add two."), chosen=2),
        step(bad, chosen=None, human="Both are even."),
        LAST,
    )
    write_lines(tmp_path / "phase1_train.jsonl", [row])
    (problem,) = read(read_prm800k, tmp_path).problems
    assert problem.solution == "Take two.\nAdd two.\nBoth are even.\nSo it is $4$.\nThe answer is $\\boxed{4}$."
    assert (problem.split, problem.problem, problem.answer) == ("train", "What is $2 + 2$?", "4")
    assert (problem.subject, problem.level, problem.group) == (None, None, None)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        *[
            (labelled(LAST, reason=reason), f"labelling ended with {reason}")
            for reason in ("found_error", "bad_problem", "give_up")
        ],
        (labelled(step(completion("Take two.", 0)), LAST), "a step not rated good"),
        (labelled(step(completion("Take two.", -1)), LAST), "a step not rated good"),
        (labelled(step(completion("Take two.", None)), LAST), "a step not rated good"),
        (labelled(step(completion("Take two."), chosen=None), LAST), "a step not rated good"),
        (labelled(LAST, answer="5"), "wrong answer"),
        (labelled(step(completion("I see."))), "no answer"),
        ({**JOINED, "answer": None}, "right answer not known"),
        ({**JOINED, "answer": "6"}, "wrong answer"),
        ({**JOINED, "steps": ["Exactly."]}, "no answer"),
    ],
)
def test_a_row_that_gives_no_solution_is_counted_by_reason(
    tmp_path: Path, row: dict[str, Any], reason: str, read: Read, write_lines: Write
) -> None:
    write_lines(tmp_path / "phase2_train.jsonl", [row, labelled(LAST)])
    source = read(read_prm800k, tmp_path)
    assert len(source.problems) == 1
    assert source.skipped == {reason: 1}


def test_a_folder_is_all_its_files_and_the_split_is_the_rows_or_the_files(
    tmp_path: Path, read: Read, write_lines: Write
) -> None:
    write_lines(tmp_path / "phase1_test.jsonl", [labelled(LAST)])
    write_lines(tmp_path / "phase2_train.jsonl", [labelled(LAST), labelled(LAST)])
    write_lines(tmp_path / "solutions.jsonl", [JOINED, {**JOINED, "split": "test"}])
    source = read(read_prm800k, tmp_path)
    assert [p.split for p in source.problems] == ["test", "train", "train", "train", "test"]
    assert [(f.name, f.rows) for f in source.files] == [
        ("phase1_test.jsonl", 1),
        ("phase2_train.jsonl", 2),
        ("solutions.jsonl", 2),
    ]


def test_the_hub_has_a_configuration_a_phase(hub: SimpleNamespace, read: Read) -> None:
    hub.datasets["P/prm800k"] = {"phase1": {"train": [labelled(LAST)]}, "phase2": {"test": [labelled(LAST)]}}
    assert [p.split for p in read(read_prm800k, "hub:P/prm800k", "abc123").problems] == ["train", "test"]


@pytest.mark.parametrize(
    ("steps", "solution", "stated"),
    [
        (["Add.", "# Answer\\n\\n5"], "Add.", "5"),  # the line breaks written out, as some copies have them
        (["Add.", "# Answer", "$5$"], "Add.", "$5$"),
        (["It is \\boxed{4}.", "No.\n\n# Answer\n\n5"], "It is \\boxed{4}.\nNo.", "5"),
        (["It is $\\boxed{5}$.", "Exactly."], "It is $\\boxed{5}$.\nExactly.", "5"),
        (["So the answer is 5.", "Yes."], "So the answer is 5.\nYes.", "5"),
        (["Add.", "Then $x = 2 + 3 = 5$."], "Add.\nThen $x = 2 + 3 = 5$.", "5"),
        (["Add.", "So there are 1,250."], "Add.\nSo there are 1,250.", "1,250"),
        (["Take $x = 5$, the answer to all.", "# Answer"], "Take $x = 5$, the answer to all.", None),
        (["We have $x = 5$.", "That's it."], "We have $x = 5$.\nThat's it.", None),
        (["As $a \\neq b$:\\n 2", "It is $2$"], "As $a \\neq b$:\n 2\nIt is $2$", "2"),
    ],
)
def test_what_the_steps_state(steps: list[str], solution: str, stated: str | None) -> None:
    assert joined(steps) == (solution, stated)


FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"problem": "p"}, "neither `label` (PRM800K's own form) nor `steps` (steps already joined)"),
    ({**JOINED, "steps": []}, "steps: expected a list of texts, not empty"),
    ({**JOINED, "steps": ["a", 5]}, "steps: expected a list of texts, not empty"),
    ({**JOINED, "split": "dev"}, "split: must be one of train, test, got 'dev'"),
    ({**JOINED, "answer": 5}, "answer: expected str, got 5"),
    ({**JOINED, "problem": " "}, "problem: empty"),
    (labelled(LAST, reason="done"), "label: finish_reason: must be one of solution, found_error, bad_problem, give_up"),
    (labelled(), "label.steps: empty"),
    ({**labelled(LAST), "question": "p"}, "question: expected dict, got 'p'"),
    (labelled(step(completion("a"), chosen=3)), "label.steps[0].chosen_completion: 3, and there are 1 completions"),
    (labelled(LAST, {"chosen_completion": 0}), "label.steps[1]: completions: missing"),
    (labelled("So."), "label.steps[0]: expected a JSON object, got 'So.'"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("row", "complaint"), FAULTS)
def test_a_row_at_fault_is_named_by_file_line_and_field(
    tmp_path: Path, row: dict[str, Any], complaint: str, refusal: Refusal, write_lines: Write
) -> None:
    write_lines(tmp_path / "phase2_train.jsonl", [labelled(LAST), row])
    assert refusal(read_prm800k, tmp_path).startswith(f"phase2_train.jsonl:2: {complaint}")


def test_a_folder_or_a_name_that_says_nothing_is_refused(tmp_path: Path, refusal: Refusal, write_lines: Write) -> None:
    assert "no *.jsonl in it; set build_problems.location" in refusal(read_prm800k, tmp_path)
    write_lines(tmp_path / "labels.jsonl", [labelled(LAST)])
    assert refusal(read_prm800k, tmp_path).startswith("labels.jsonl: of which split? name it train.* or test.*")


@pytest.mark.skipif("MATHTUNE_DATA" not in os.environ, reason="MATHTUNE_DATA, the folder with prm800k/, is not set")
def test_joined_steps_of_real_rows(read: Read) -> None:
    folder = Path(os.environ["MATHTUNE_DATA"]) / "prm800k"
    source = read(read_prm800k, folder)
    trajectories = read(read_trajectories, folder)
    assert len(trajectories.found) == 711  # type: ignore[attr-defined]
    assert Counter(p.split for p in source.problems).total() + sum(source.skipped.values()) == 711
    assert source.skipped["right answer not known"] == 112
    assert len(source.problems) > 350
    for problem in source.problems:
        assert (problem.solution or "").endswith(f"\nThe answer is $\\boxed{{{problem.answer}}}$.")
        assert "# Answer" not in (problem.solution or "")

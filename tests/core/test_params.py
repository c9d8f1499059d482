from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from mathtune_core.errors import MathtuneError
from mathtune_core.params import load_params, read_params_file


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    steps: int
    warmup: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainParams:
    title: str
    rate: float
    epochs: int = 1
    shuffle: bool = True
    limit: int | None = None
    loss: Literal["xent", "margin"] = "xent"
    styles: tuple[str, ...] = ()
    sizes: dict[str, int] = field(default_factory=dict)
    schedule: Schedule | None = None

    def __post_init__(self) -> None:
        if self.epochs < 1:
            raise ValueError(f"epochs: must be at least 1, got {self.epochs}")
        if self.limit == 0 and not self.shuffle:
            raise ValueError("a limit of 0 leaves nothing to train on")


@pytest.fixture
def params_file(tmp_path: Path) -> Path:
    return tmp_path / "params.yaml"


def load(params_file: Path, text: str, *keys: str) -> TrainParams:
    params_file.write_text(text, encoding="utf-8")
    return load_params(params_file, keys or ("train",), TrainParams)


def refusal(params_file: Path, text: str, *keys: str) -> str:
    """The error message without the file's name, which it has to start with; one line, as a user will read it."""
    with pytest.raises(MathtuneError) as caught:
        load(params_file, text, *keys)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(f"{params_file}:")
    return message.removeprefix(f"{params_file}:")


def test_a_whole_section_loads_with_plain_python_values(params_file: Path) -> None:
    params = load(
        params_file,
        """
# a comment
train:
  title: "quoted"   # another
  rate: 0.00003
  epochs: 2
  shuffle: false
  limit: 1_000
  loss: margin
  styles: [original, generated]
  sizes: {main: 3, held-out templates: 4}
  schedule:
    steps: 7
    warmup: 1
""",
    )
    assert params == TrainParams(
        title="quoted",
        rate=0.00003,
        epochs=2,
        shuffle=False,
        limit=1000,
        loss="margin",
        styles=("original", "generated"),
        sizes={"main": 3, "held-out templates": 4},
        schedule=Schedule(steps=7, warmup=1.0),
    )
    values = (params.title, params.rate, params.epochs, params.shuffle, params.limit, params.styles, params.sizes)
    assert [type(value) for value in values] == [str, float, int, bool, int, tuple, dict]
    assert params.schedule is not None
    assert type(params.schedule.warmup) is float


def test_defaults_fill_what_the_section_leaves_out(params_file: Path) -> None:
    assert load(params_file, "train: {title: t, rate: 1}\n") == TrainParams(title="t", rate=1.0)


def test_unknown_key_is_named_with_its_line_and_the_nearest_known_one(params_file: Path) -> None:
    text = "train:\n  title: t\n  rate: 1.0\n  epoch: 2\n"
    assert refusal(params_file, text) == "4: train.epoch: unknown key; did you mean `epochs`?"


def test_unknown_key_like_no_other_lists_the_known_ones(params_file: Path) -> None:
    message = refusal(params_file, "train:\n  title: t\n  rate: 1.0\n  zzz: 2\n")
    assert message.startswith("4: train.zzz: unknown key; known keys: title, rate, epochs,")


def test_unknown_key_of_a_nested_dataclass_is_named_in_full(params_file: Path) -> None:
    text = "train:\n  title: t\n  rate: 1.0\n  schedule:\n    steps: 1\n    warmpu: 0.1\n"
    assert refusal(params_file, text) == "6: train.schedule.warmpu: unknown key; did you mean `warmup`?"


def test_missing_section_lists_the_sections_there_are(params_file: Path) -> None:
    assert (
        refusal(params_file, "sample: {}\nscore: {}\n") == "1: section `train` is missing (found here: sample, score)"
    )


def test_missing_item_is_reported_at_its_stage(params_file: Path) -> None:
    text = "score: {}\ntrain:\n  original: {title: t, rate: 1}\n"
    message = refusal(params_file, text, "train", "rewritten")
    assert message == "2: section `train.rewritten` is missing (found here: original)"


def test_an_item_reads_its_own_subsection_only(params_file: Path) -> None:
    text = "train:\n  original: {title: t, rate: 1}\n  rewritten: {nonsense: 1}\n"
    assert load(params_file, text, "train", "original").title == "t"


def test_missing_key_is_reported_at_its_section(params_file: Path) -> None:
    text = "score: {}\ntrain:\n  title: t\n"
    assert refusal(params_file, text) == "2: train.rate: missing; add it to the section"


def test_an_empty_section_is_one_without_keys(params_file: Path) -> None:
    assert refusal(params_file, "train:\n") == "1: train.title: missing; add it to the section"


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("title: 5", "train.title: expected str, got 5"),
        ("title: true", "train.title: expected str, got True"),
        ("title: null", "train.title: expected str, got None"),
        ("rate: fast", "train.rate: expected float, got 'fast'"),
        ("rate: true", "train.rate: expected float, got True"),
        ("rate: null", "train.rate: expected float, got None"),
        ("epochs: 1.5", "train.epochs: expected int, got 1.5"),
        ("epochs: true", "train.epochs: expected int, got True"),
        ("epochs: '2'", "train.epochs: expected int, got '2'"),
        ("shuffle: 1", "train.shuffle: expected bool, got 1"),
        ("shuffle: 'yes'", "train.shuffle: expected bool, got 'yes'"),
        ("limit: 1.5", "train.limit: expected int, got 1.5"),
        ("limit: true", "train.limit: expected int, got True"),
        ("loss: mse", "train.loss: must be one of xent, margin, got 'mse'"),
        ("loss: null", "train.loss: must be one of xent, margin, got None"),
        ("styles: original", "train.styles: expected a list, got 'original'"),
        ("styles: [original, 3]", "train.styles[1]: expected str, got 3"),
        ("styles: null", "train.styles: expected a list, got None"),
        ("sizes: 3", "train.sizes: expected keys and values, got 3"),
        ("sizes: {main: many}", "train.sizes.main: expected int, got 'many'"),
        ("schedule: 3", "train.schedule: expected keys and values, got 3"),
        ("schedule: {}", "train.schedule.steps: missing; add it to the section"),
        ("schedule: {steps: 1.0}", "train.schedule.steps: expected int, got 1.0"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_at_its_line(params_file: Path, line: str, complaint: str) -> None:
    others = [text for text in ("title: t", "rate: 1.0") if not line.startswith(text.split(":")[0])]
    text = "train:\n" + "".join(f"  {other}\n" for other in [*others, line])
    assert refusal(params_file, text) == f"{2 + len(others)}: {complaint}"


def test_null_is_taken_where_the_type_allows_it(params_file: Path) -> None:
    params = load(params_file, "train: {title: t, rate: 1, limit: null, schedule: null}\n")
    assert params.limit is None
    assert params.schedule is None


def test_a_refusal_by_the_dataclass_points_at_the_line_of_the_field(params_file: Path) -> None:
    text = "train:\n  title: t\n  epochs: 0\n  rate: 1.0\n"
    assert refusal(params_file, text) == "3: train.epochs: must be at least 1, got 0"


def test_a_refusal_that_names_no_field_points_at_the_section(params_file: Path) -> None:
    text = "score: {}\ntrain:\n  title: t\n  rate: 1.0\n  shuffle: false\n  limit: 0\n"
    assert refusal(params_file, text) == "2: train.a limit of 0 leaves nothing to train on"


def test_keys_merged_from_an_anchor_are_read_and_checked(params_file: Path) -> None:
    shared = "defaults: &defaults\n  title: t\n  rate: 1.0\n"
    assert load(params_file, f"{shared}train:\n  <<: *defaults\n  epochs: 3\n").epochs == 3
    wrong = shared.replace("1.0", "fast")
    message = refusal(params_file, f"{wrong}train:\n  <<: *defaults\n  epochs: 3\n")
    assert message.endswith("train.rate: expected float, got 'fast'")


@pytest.mark.parametrize(
    ("content", "line", "complaint"),
    [
        (b"train:\n  styles: [a, b\n", 3, "not valid YAML: expected ',' or ']'"),
        (b"train:\n\ttitle: t\n", 2, "not valid YAML: found character '\\t'"),
        (b"train:\n  rate: 1\n  rate: 2\n", 3, 'not valid YAML: found duplicate key "rate"'),
        (b"train:\n  title: \x01\n", 2, "not valid YAML: special characters are not allowed"),
        (b"train:\n  rate: 1\n  title: caf\xe9\n", 3, "not UTF-8"),
        (b"", 1, "expected sections"),
        (b"- train\n", 1, "expected sections"),
    ],
)
def test_a_file_that_is_not_a_yaml_mapping_is_refused_with_its_line(
    params_file: Path, content: bytes, line: int, complaint: str
) -> None:
    params_file.write_bytes(content)
    with pytest.raises(MathtuneError) as caught:
        read_params_file(params_file)
    assert str(caught.value).startswith(f"{params_file}:{line}: {complaint}")
    assert "\n" not in str(caught.value)


def test_a_missing_file_says_how_to_make_one(params_file: Path) -> None:
    with pytest.raises(MathtuneError, match=r"params\.yaml: no such file; .*mathtune scale tiny"):
        load_params(params_file, ("train",), TrainParams)

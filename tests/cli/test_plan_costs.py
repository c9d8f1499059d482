"""Tokens, FLOPs and bytes of every kind of stage, worked by hand on a toy: a model of 1,152 weights in its blocks and
256 in its head, and a dozen problems.

A text of t tokens costs 2 × 1152 × t FLOPs in the blocks, 2 × 256 for each token that meets the head, and 4 × 2 layers
× width 8 = 64 for each token looked at.
"""

from math import ceil
from pathlib import Path
from typing import Any

import pytest
from plan_toy import toy_model

from mathtune_cli.plan.costs import work_of
from mathtune_cli.plan.lengths import Lengths
from mathtune_cli.plan.section import Section
from mathtune_cli.plan.setting import Setting
from mathtune_cli.plan.stages import Stage
from mathtune_cli.plan.work import Work
from mathtune_core.errors import MathtuneError
from mathtune_core.params import build
from mathtune_core.study import Study

GENERATOR = {
    "epochs": 2.0,
    "max_examples": 5,
    "batch_size": 3,
    "gradient_accumulation_steps": 2,
    "dtype": "bfloat16",
}
VERIFIER = {
    "loss": "xent",
    "epochs": 2.0,
    "batch_size": 4,
    "gradient_accumulation_steps": 1,
    "max_pairs_per_problem": 10,
    "validation_share": 0.25,
    "dtype": "bfloat16",
}
SAMPLING = {"max_problems": None, "fold": None, "max_tokens": 100, "max_num_seqs": 8, "dtype": "bfloat16"}


def toy_params() -> dict[str, Any]:
    """Sections with what the plan reads of them."""
    return {
        "study": {
            "base": "base",
            "fetched": [],
            "data": "data",
            "launcher": "python",
            "mixes": {"both": {"first": "original", "second": "generated"}},
            "styles": ["original", "generated", "both"],
            "sequential": ["msft", "control"],
            "sequential_style": "original",
            "recipes": ["few-shot", "msft", "control"],
            "verifiers": ["xent", "original"],
            "shared_verifiers": ["xent"],
            "own_verifiers": [],
            "seeds": [0],
        },
        "build_problems": {
            "source": "builtin",
            "generator_problems": 8,
            "verifier_problems": 4,
            "val_problems": 2,
            "test_problems": {"main": 3, "easy": 1},
        },
        "build_solutions": {
            "original": {},
            "generated": {**SAMPLING, "n": 4, "max_problems": 6, "max_kept": 2, "shots": None},
        },
        "mix_solutions": {"both": {"weights": None, "max_solutions": None}},
        "train_generator": dict(GENERATOR),
        "few_shot": {"prompt": "toy", "shots": 0},
        "sample_solutions": {
            "train": {**SAMPLING, "n": 4, "fold": "verifier"},
            "val": {**SAMPLING, "n": 3},
            "test": {**SAMPLING, "n": 3},
        },
        "build_verifier_examples": {
            name: {"styles": styles, "balance": "within_style", "max_examples_per_problem": 4}
            for name, styles in (("xent", ["original", "generated"]), ("original", ["original"]))
        },
        "train_verifier": {"xent": dict(VERIFIER), "original": dict(VERIFIER)},
        "train_sequential": {
            name: {"verifier": dict(VERIFIER), "generator": dict(GENERATOR)} for name in ("msft", "control")
        },
        "score_solutions": {"dtype": "float32"},
    }


def toy_setting(params: dict[str, Any], prompts: Path = Path("prompts")) -> Setting:
    """Problems of 5 tokens, originals of 4, generated ones of 6; a half is distinct, a quarter right and distinct."""
    return Setting(
        params=Section("params.yaml", params),
        study=build(params["study"], Study, "params.yaml", "study", 1),
        model=toy_model(),
        lengths=Lengths(problem=5, solutions={"original": 4, "generated": 6}, distinct=0.5, right=0.25),
        prompts=prompts,
    )


def work(
    module: str, item: dict[str, str], params: dict[str, Any] | None = None, prompts: Path = Path("prompts")
) -> Work:
    setting = toy_setting(params or toy_params(), prompts)
    found = work_of(Stage(module, module, (module,), item, False), setting)
    assert found is not None
    return found


def text(tokens: int, heads: int = 0, before: int = 0) -> float:
    """A forward pass, token by token."""
    seen = sum(before + place for place in range(1, tokens + 1))
    return 2 * 1152 * tokens + 2 * 256 * heads + 64 * seen


def test_ssft_reads_prompt_and_solution_in_every_epoch() -> None:
    done = work("train_generator", {"style": "original", "seed": "0"})
    # At most 5 of 8 solutions, of 4 tokens after a prompt of 5 + 5, twice; 2 val solutions once.
    assert done.tokens("train") == 5 * 2 * 14
    assert done.loads[0].flops == 10 * 3 * text(14, heads=4) == 1_230_720
    assert done.tokens("score") == 2 * 14
    assert done.loads[1].flops == 2 * text(14, heads=4)
    # Batches of 3: two, which are one step of two; an epoch each; two layers.
    assert done.loads[0].layer_passes == 2 * 2 * 2
    assert (done.written, done.scratch) == (4 * 1448, 2 * 12 * 1448)


def test_lora_and_checkpointing_and_evaluations_change_ssft() -> None:
    params = toy_params()
    params["train_generator"] |= {"lora": {"rank": 4}, "gradient_checkpointing": True, "eval_steps": 1}
    done = work("train_generator", {"style": "original", "seed": "0"}, params)
    products = 2 * 1152 * 14 + 2 * 256 * 4
    attention = 64 * 14 * 15 / 2
    assert done.loads[0].flops == 10 * (3 * products + 4 * attention)
    assert done.tokens("score") == 2 * 2 * 14, "after each of two steps"
    assert done.scratch == 2 * 4 * 1448, "no moments for the weights that stay"


def test_a_style_that_a_model_writes_has_what_rejection_sampling_keeps() -> None:
    # 6 problems asked, 4 samples each, a quarter right: one a problem; none for val.
    done = work("train_generator", {"style": "generated", "seed": "0"})
    assert (done.tokens("train"), done.tokens("score")) == (5 * 2 * 16, 0)
    params = toy_params()
    params["train_generator"]["max_examples"] = None
    assert work("train_generator", {"style": "generated", "seed": "0"}, params).tokens("train") == 6 * 2 * 16
    # The mix of both: 8 of 4 tokens and 6 of 6.
    mixed = work("train_generator", {"style": "both", "seed": "0"}, params)
    assert mixed.tokens("train") == pytest.approx(14 * 2 * (10 + (8 * 4 + 6 * 6) / 14))
    params["mix_solutions"]["both"]["weights"] = {"original": 1, "generated": 3}
    mixed = work("train_generator", {"style": "both", "seed": "0"}, params)
    assert mixed.tokens("train") == 8 * 2 * (10 + (2 * 4 + 6 * 6) / 8), "six of the scarcer part, two of the other"


def test_writing_a_style_is_sampling() -> None:
    done = work("build_solutions", {"key": "generated"})
    assert (done.tokens("read"), done.tokens("write")) == (6 * 10, 6 * 4 * 6)
    assert done.flops == 6 * text(10) + 24 * text(6, heads=6, before=10)
    assert work("build_solutions", {"key": "original"}).loads == ()


def test_sampling_reads_a_prompt_once_and_writes_every_sample() -> None:
    done = work("sample_solutions", {"generator": "original", "split": "test", "seed": "0"})
    # 3 + 1 test problems, 3 samples and a greedy one.
    assert (done.tokens("read"), done.tokens("write")) == (4 * 10, 4 * 4 * 4)
    assert done.loads[0].flops == 4 * text(10)
    assert done.loads[1].flops == 16 * text(4, heads=4, before=10) == 231_424
    # A token reads a share of (1152 + 256) × 2 bytes, 8 rows at a time, and 12 positions of 2 × 2 × 4 × 2 bytes.
    assert done.loads[1].moved == 64 * (352 + 384)
    assert done.loads[1].layer_passes == 64 / 8 * 2
    train = work("sample_solutions", {"generator": "generated", "split": "train", "seed": "0"})
    assert train.tokens("write") == 4 * 5 * 6, "the verifier's fold"


def test_a_sample_is_no_longer_than_may_be() -> None:
    params = toy_params()
    params["sample_solutions"]["val"]["max_tokens"] = 3
    params["sample_solutions"]["val"]["max_problems"] = 1
    assert (
        work("sample_solutions", {"generator": "original", "split": "val", "seed": "0"}, params).tokens("write") == 12
    )


def test_worked_examples_are_read_before_every_problem(tmp_path: Path) -> None:
    (tmp_path / "toy.jsonl").write_text(
        '{"problem": "12345", "solution": "1234567"}\n{"problem": "1", "solution": "2"}\n'
    )
    params = toy_params()
    params["few_shot"]["shots"] = 1
    done = work("sample_solutions", {"generator": "few-shot", "split": "val", "seed": "0"}, params, tmp_path)
    # "Problem: 12345\nSolution: 1234567\n\n" has 34 characters, 2.6 a token.
    assert done.tokens("read") == pytest.approx(2 * (10 + 34 / 2.6))
    assert done.tokens("write") == 2 * 4 * 6, "the base writes as the style that models write"
    with pytest.raises(MathtuneError, match=r"toy\.jsonl: no such file"):
        work("sample_solutions", {"generator": "few-shot", "split": "val", "seed": "0"}, params)


def test_scoring_reads_a_problem_once_and_every_distinct_candidate() -> None:
    done = work("score_solutions", {"verifier": "xent", "generator": "original", "split": "test", "seed": "0"})
    # The problem with 12 tokens around it; half of 16 candidates, with 6 tokens behind; no head but for two logits.
    assert (done.tokens("read"), done.tokens("score")) == (4 * 17, 8 * 10)
    assert done.loads[0].flops == 4 * text(17)
    assert done.loads[1].flops == 8 * text(10, before=17) == 299_520
    assert done.loads[1].dtype == "float32"
    own = work("score_solutions", {"style": "original", "split": "test", "seed": "0"})
    assert own == done, "its own verifier reads as much"


def test_a_verifier_reads_balanced_examples_in_every_epoch() -> None:
    done = work("train_verifier", {"verifier": "xent", "seed": "0"})
    # Of 4 samples a problem and style one is right and one wrong, copies aside: 2 × 4 problems × 2 styles, a quarter
    # held out. A prompt has 5 + 12 + (4 + 6) / 2 + 6 tokens.
    assert done.tokens("train") == 12 * 2 * 28
    assert done.loads[0].flops == 24 * 3 * text(28) == 6_515_712
    assert done.tokens("score") == 2 * 4 * 28, "the loss, and once more for the AUC"
    assert done.loads[0].layer_passes == 2 * ceil(12 / 4) * 2


@pytest.mark.parametrize(
    ("balance", "limit", "examples"),
    # n = 8: two right and two wrong ones, copies aside.
    [("within_style", 8, 4), ("within_style", 3, 3), ("none", 8, 4), ("none", 1, 1), ("within_problem", 2, 2)],
)
def test_balancing_and_its_limit_thin_the_examples(balance: str, limit: int, examples: int) -> None:
    params = toy_params()
    params["sample_solutions"]["train"]["n"] = 8
    params["build_verifier_examples"]["xent"] |= {"balance": balance, "max_examples_per_problem": limit}
    params["train_verifier"]["xent"]["validation_share"] = 0
    done = work("train_verifier", {"verifier": "xent", "seed": "0"}, params)
    assert done.tokens("train") == 4 * 2 * examples * 2 * 28


def test_the_losses_that_compare_read_pairs_of_all_samples() -> None:
    params = toy_params()
    params["sample_solutions"]["train"]["n"] = 16
    params["train_verifier"]["xent"] |= {"loss": "margin", "validation_share": 0.5}
    done = work("train_verifier", {"verifier": "xent", "seed": "0"}, params)
    # Four right and four wrong make 16 pairs, of which 10 stay, of two solutions each.
    assert done.tokens("train") == 4 * 2 * 10 * 2 * 0.5 * 2 * 28
    assert done.tokens("score") == 2 * (4 * 2 * 8 * 0.5) * 28, "and all that is held out measures it"
    params["sample_solutions"]["train"]["n"] = 2
    done = work("train_verifier", {"verifier": "xent", "seed": "0"}, params)
    # Half a right one in the mean: in half of the problems there is one, and one pair with it.
    assert done.tokens("train") == 4 * 2 * 0.5 * 2 * 0.5 * 2 * 28


def test_the_sequential_recipe_is_a_verifier_and_then_a_generator() -> None:
    done = work("train_sequential", {"recipe": "msft", "seed": "0"})
    verifier = work("train_verifier", {"verifier": "original", "seed": "0"})
    generator = work("train_generator", {"style": "original", "seed": "0"})
    assert done.loads == (*verifier.loads, *generator.loads)
    assert done.written == 2 * 4 * 1448, "the model between, and the last"


def test_its_control_takes_as_many_steps_on_solutions() -> None:
    done = work("train_sequential", {"recipe": "control", "seed": "0"})
    # Of one style 8 examples, 6 of them to train on: two batches of 4, two epochs: 4 steps, of 3 × 2 solutions here.
    assert done.loads[0].tokens == 4 * 3 * 2 * 14
    assert done.loads[0].layer_passes == 4 * 2 * 2
    assert done.loads[2:] == work("train_generator", {"style": "original", "seed": "0"}).loads


def test_a_stage_that_nothing_is_known_of_has_no_work() -> None:
    assert work_of(Stage("bake", "bake", ("bake",), {}, False), toy_setting(toy_params())) is None
    assert work_of(Stage("odd", "odd", (), {}, False), toy_setting(toy_params())) is None


@pytest.mark.parametrize(
    ("section", "key", "value", "complaint"),
    [
        ("train_generator", "epochs", "two", r"params\.yaml: train_generator\.epochs: expected a number .*, got 'two'"),
        (
            "train_generator",
            "batch_size",
            True,
            r"train_generator\.batch_size: expected a number of at least 0, got True",
        ),
        ("train_generator", "dtype", 16, r"train_generator\.dtype: expected a text, got 16"),
        ("build_problems", "generator_problems", -1, r"generator_problems: expected a number of at least 0, got -1"),
    ],
)
def test_a_value_at_fault_is_one_line_with_its_field(section: str, key: str, value: Any, complaint: str) -> None:
    params = toy_params()
    params[section][key] = value
    with pytest.raises(MathtuneError, match=complaint):
        work("train_generator", {"style": "original", "seed": "0"}, params)
    del params[section][key]
    with pytest.raises(MathtuneError, match=f"{key}: missing"):
        work("train_generator", {"style": "original", "seed": "0"}, params)

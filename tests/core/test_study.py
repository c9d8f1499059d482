from dataclasses import replace
from typing import Any

import pytest

from mathtune_core.study import Study

STUDY = Study(
    base="base",
    fetched=(),
    data="data",
    launcher="python -P",
    mixes={"a+b": {"first": "a", "second": "b"}},
    styles=("a", "b", "a+b"),
    sequential=("sequential-xent", "control"),
    sequential_style="b",
    recipes=("control", "few-shot", "sequential-xent"),
    verifiers=("xent", "margin", "b", "a"),
    shared_verifiers=("xent", "margin"),
    own_verifiers=("b",),
    seeds=(0, 1),
)


def test_generators_stand_in_the_order_of_the_tables() -> None:
    assert STUDY.generators == ("few-shot", "a", "b", "a+b", "control", "sequential-xent")


def test_a_style_is_scored_by_the_shared_verifiers_and_its_own_a_recipe_by_the_first() -> None:
    assert STUDY.verifiers_of("a") == ("xent", "margin")
    assert STUDY.verifiers_of("b") == ("xent", "margin", "b")
    assert STUDY.verifiers_of("few-shot") == STUDY.verifiers_of("control") == ("xent",)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"styles": ()}, "styles: needs at least one value"),
        ({"seeds": ()}, "seeds: needs at least one value"),
        ({"shared_verifiers": ()}, "shared_verifiers: needs at least one value"),
        ({"seeds": (1, 1)}, r"seeds: each once, got \[1, 1\]"),
        ({"seeds": (-1,)}, "seeds: each must be in 0"),
        ({"styles": ("a", "b", "few-shot")}, "recipes: 'few-shot' is a style too"),
        ({"shared_verifiers": ("other",)}, "shared_verifiers: 'other' is not among verifiers: xent, margin, b, a"),
        ({"own_verifiers": ("margin",)}, "own_verifiers: 'margin' is not among styles: a, b, a\\+b"),
        ({"recipes": ("few-shot",)}, "sequential: 'sequential-xent' is not among recipes"),
        ({"recipes": (*STUDY.recipes, "other")}, "recipes: 'other' is not among sequential, or few-shot"),
        ({"sequential_style": "c"}, "sequential_style: 'c' is not among styles"),
        ({"sequential_style": "a+b"}, "sequential_style: 'a\\+b' is not among verifiers, whose examples"),
    ],
)
def test_what_does_not_fit_together_is_refused_by_name(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        replace(STUDY, **changes)


def test_without_a_sequential_recipe_its_style_does_not_matter() -> None:
    assert replace(STUDY, sequential=(), recipes=("few-shot",), sequential_style="c").generators[0] == "few-shot"

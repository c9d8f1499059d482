import json
from pathlib import Path

import pytest

from mathtune_core.errors import MathtuneError
from mathtune_core.shots import Shot, read_shots
from mathtune_training.few_shot import FewShotParams, run

PROMPTS = Path(__file__).parents[2] / "prompts"


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    (tmp_path / "prompts").mkdir()
    lines = [json.dumps({"problem": f"{n}?", "solution": f"é {n}"}) + "\n" for n in range(3)]
    (tmp_path / "prompts" / "mine.jsonl").write_text("".join(lines))
    return tmp_path / "prompts"


@pytest.mark.parametrize("shots", [0, 2])
def test_the_base_comes_as_it_is_with_the_first_examples(shots: int, prompts: Path, base: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    run(FewShotParams(prompt="mine", shots=shots), base=base, prompts=prompts, out=out)
    for file in base.iterdir():
        assert (out / "model" / file.name).read_bytes() == file.read_bytes()
    assert (out / "model" / "shots.jsonl").is_file() == (shots > 0)
    if shots:
        assert read_shots(out / "model" / "shots.jsonl") == (Shot("0?", "é 0"), Shot("1?", "é 1"))


def test_too_few_examples_are_one_line(prompts: Path, base: Path, tmp_path: Path) -> None:
    with pytest.raises(MathtuneError, match=r"mine\.jsonl: holds 3 examples; params\.yaml: few_shot\.shots asks for 4"):
        run(FewShotParams(prompt="mine", shots=4), base=base, prompts=prompts, out=tmp_path / "out")


@pytest.mark.parametrize(
    ("prompt", "shots", "field"), [("mine", -1, "shots"), ("", 1, "prompt"), ("../x", 1, "prompt")]
)
def test_params_out_of_range_are_refused_by_name(prompt: str, shots: int, field: str) -> None:
    with pytest.raises(ValueError, match=f"^{field}: "):
        FewShotParams(prompt=prompt, shots=shots)


@pytest.mark.parametrize("path", sorted(PROMPTS.glob("*.jsonl")), ids=lambda path: path.stem)
def test_the_shipped_prompts_are_readable_and_close_as_every_style_does(path: Path) -> None:
    for shot in read_shots(path):
        assert shot.solution.endswith("}$.")
        assert "The answer is $\\boxed{" in shot.solution

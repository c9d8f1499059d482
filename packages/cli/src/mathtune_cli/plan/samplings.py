"""The work of the stages that run a model without training it."""

from collections.abc import Mapping

from mathtune_cli.plan.lengths import EXPLICIT, VERIFIER_END, VERIFIER_START
from mathtune_cli.plan.section import Section
from mathtune_cli.plan.setting import WIDTHS, Setting
from mathtune_cli.plan.work import Load, Work
from mathtune_core.errors import MathtuneError
from mathtune_core.study import FEW_SHOT

BYTES_A_TOKEN = 1  # of a completion in a compressed table
BYTES_A_SCORE = 8
ROWS_A_SECOND = 100_000  # answers extracted, keyed, graded and clustered on one core (docs/results/answers.md)
REWRITTEN_A_SECOND = 800  # solutions that the symbolic rewriter expands and checks


def sample_solutions(setting: Setting, item: Mapping[str, str]) -> Work:
    """One greedy solution and n sampled ones a problem."""
    split, generator = item["split"], item["generator"]
    section = setting.params.section("sample_solutions").section(split)
    shots = 0.0
    if generator == FEW_SHOT:
        few = setting.params.section("few_shot")
        if few.number("shots"):
            shots = setting.shots_tokens(setting.prompts / f"{few.text('prompt')}.jsonl", few.number("shots"))
    tokens = setting.sample_tokens(generator, split)
    return writing(
        setting,
        section,
        setting.sampled_problems(split),
        setting.samples(split) + 1,
        setting.prompt_tokens(shots),
        tokens,
    )


def build_solutions(setting: Setting, item: Mapping[str, str]) -> Work:
    """A style: from the source, rewritten symbolically, imported, or written by a model."""
    style = item["key"]
    section = setting.params.section("build_solutions").section(style)
    made = setting.solutions(style)
    table = BYTES_A_TOKEN * (made.train + made.val) * made.tokens
    if "n" not in section.node:
        rows = made.train + made.val if style == "rewritten" else 0.0
        return Work(start="table", seconds=rows / REWRITTEN_A_SECOND, written=table)
    problems = min(setting.problems("train", "generator"), section.number("max_problems"))
    before = 0.0
    if section.node.get("shots") is not None:
        before = setting.shots_tokens(setting.prompts.parent / section.text("shots"))
    if "prompt" in section.node:
        before = setting.text_tokens(setting.prompts.parent / section.text("prompt")) + setting.lengths.solution(
            "original"
        )
    tokens = min(setting.lengths.solution(EXPLICIT), section.number("max_tokens"))
    work = writing(setting, section, problems, section.number("n"), setting.prompt_tokens(before), tokens)
    rows = problems * section.number("n")
    return Work(start=work.start, loads=work.loads, loaded=work.loaded, seconds=rows / ROWS_A_SECOND, written=table)


def score_solutions(setting: Setting, item: Mapping[str, str]) -> Work:
    """A verifier's score of every sample: the problem is read once, each distinct candidate after it."""
    split, generator = item["split"], item.get("generator") or item["style"]
    section = setting.params.section("score_solutions")
    problems = setting.sampled_problems(split)
    rows = problems * (setting.samples(split) + 1)
    start = setting.lengths.problem + VERIFIER_START
    own = setting.sample_tokens(generator, split) + VERIFIER_END
    candidates = rows * setting.lengths.distinct
    dtype = section.text("dtype")
    model = setting.model
    loads = (
        Load(kind="read", tokens=problems * start, flops=problems * model.forward(start), dtype=dtype),
        Load(kind="score", tokens=candidates * own, flops=candidates * model.forward(own, before=start), dtype=dtype),
    )
    return Work(start="model", loads=loads, loaded=4 * model.parameters, written=BYTES_A_SCORE * rows)


def writing(setting: Setting, section: Section, problems: float, n: float, prompt: float, tokens: float) -> Work:
    """`n` completions of `tokens` for each of `problems`, whose `prompt` tokens are read once for all of them."""
    dtype = section.text("dtype")
    if dtype not in WIDTHS:
        raise MathtuneError(f"{section.name}.dtype: must be one of {', '.join(WIDTHS)}, got {dtype!r}")
    model, width = setting.model, WIDTHS[dtype]
    written = problems * n * tokens
    at_once = max(1.0, min(section.number("max_num_seqs"), problems * n))
    weights = (model.block_parameters + model.head_parameters) * width / at_once
    loads = (
        Load(kind="read", tokens=problems * prompt, flops=problems * model.forward(prompt), dtype=dtype),
        Load(
            kind="write",
            tokens=written,
            flops=problems * n * model.forward(tokens, before=prompt, heads=tokens),
            dtype=dtype,
            moved=written * (weights + model.cache_bytes(prompt + tokens / 2, width)),
            layer_passes=written / at_once * model.layers,
        ),
    )
    return Work(start="model", loads=loads, loaded=4 * model.parameters, written=BYTES_A_TOKEN * written)

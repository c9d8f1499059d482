"""What the stages of a run have to do with one another: how many problems, solutions and samples there are."""

from dataclasses import dataclass
from pathlib import Path

from mathtune_cli.plan.lengths import EXPLICIT, GENERATOR_FRAME, VERIFIER_END, VERIFIER_START, Lengths
from mathtune_cli.plan.model_size import ModelSize
from mathtune_cli.plan.section import Section
from mathtune_core.errors import MathtuneError
from mathtune_core.prompts import BETWEEN_SHOTS, COMPLETION, GENERATOR_PROMPT
from mathtune_core.shots import read_shots
from mathtune_core.study import FEW_SHOT, Study
from mathtune_styles.mix_solutions import MixSolutionsParams, counts

CHARACTERS_A_TOKEN = 2.6  # of the worked examples in prompts/, in the tiny base's tokens and SmolLM2's
WIDTHS = {"float32": 4, "bfloat16": 2}  # bytes a number


@dataclass(frozen=True, slots=True, kw_only=True)
class Solutions:
    """A style's training solutions: those of the generator's problems, those of val problems, and their mean tokens."""

    train: float
    val: float
    tokens: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """What a verifier learns from: graded solutions, or pairs of them, and their tokens."""

    train: float  # solutions read in an epoch, two a pair
    validation: float  # solutions that measure it
    tokens: float  # of a whole prompt


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A run's params, its base's size and its lengths."""

    params: Section
    study: Study
    model: ModelSize
    lengths: Lengths
    prompts: Path

    def problems(self, split: str, fold: str | None = None) -> float:
        """Problems of a split (and fold of train)."""
        section = self.params.section("build_problems")
        if split == "test":
            groups = section.section("test_problems")
            return sum(groups.number(name) for name in groups.node)
        if split == "val":
            return section.number("val_problems")
        folds = {name: section.number(f"{name}_problems") for name in ("generator", "verifier")}
        return sum(folds.values()) if fold is None else folds[fold]

    def sampled_problems(self, split: str) -> float:
        """Those that sample_solutions takes of a split."""
        section = self.params.section("sample_solutions").section(split)
        fold = section.node.get("fold")
        wanted = self.problems(split, None if fold is None else str(fold))
        limit = section.optional("max_problems")
        return wanted if limit is None else min(wanted, limit)

    def samples(self, split: str) -> float:
        """Samples a problem of a split, the greedy one not among them."""
        return self.params.section("sample_solutions").section(split).number("n")

    def sample_tokens(self, generator: str, split: str) -> float:
        """Tokens of a generator's sample: as many as what it learned from has, and no more than may be."""
        tokens = self.lengths.samples.get(generator)
        if tokens is None:
            style = generator if generator in self.study.styles else self.study.sequential_style
            tokens = self.lengths.solution(EXPLICIT) if generator == FEW_SHOT else self.solutions(style).tokens
        return min(tokens, self.params.section("sample_solutions").section(split).number("max_tokens"))

    def solutions(self, style: str) -> Solutions:
        """What there is of a style: of a mix, what its parts and weights make; else a solution each problem, or as many
        as rejection sampling keeps.
        """
        if style in self.study.mixes:
            return self._mixed(style)
        section = self.params.section("build_solutions").section(style)
        train, val = self.problems("train", "generator"), self.problems("val")
        if "n" in section.node:  # a model writes it
            asked = min(train, section.number("max_problems"))
            kept = min(section.number("max_kept"), section.number("n") * self.lengths.right)
            train, val = asked * kept, 0.0
        train = self.lengths.counts.get(style, train)
        return Solutions(train=train, val=val, tokens=self.lengths.solution(style))

    def _mixed(self, mix: str) -> Solutions:
        parts = {name: self.solutions(name) for name in self.study.mixes[mix].values()}
        section = self.params.section("mix_solutions").section(mix)
        weights = {name: section.section("weights").number(name) for name in parts} if section.node["weights"] else None
        limit = section.optional("max_solutions")
        chosen = MixSolutionsParams(weights=weights, max_solutions=None if limit is None else int(limit))
        sizes = counts({name: int(part.train) for name, part in parts.items()}, chosen)
        total = max(sum(sizes.values()), 1)
        tokens = sum(sizes[name] * part.tokens for name, part in parts.items()) / total
        return Solutions(train=total, val=sum(part.val for part in parts.values()), tokens=tokens)

    def text_tokens(self, path: Path) -> float:
        """Tokens of a text file. Raises MathtuneError when there is none."""
        if not path.is_file():
            raise MathtuneError(f"{path}: no such file; it is the prompt of a style that a model writes")
        return len(path.read_text(encoding="utf-8")) / CHARACTERS_A_TOKEN

    def prompt_tokens(self, shots: float = 0.0) -> float:
        """Tokens of a generator's prompt, with `shots` tokens of worked examples before it."""
        return self.lengths.problem + GENERATOR_FRAME + shots

    def shots_tokens(self, file: Path, count: float | None = None) -> float:
        """Tokens of the first `count` worked examples of a file, or of all. MathtuneError for a file at fault."""
        shots = read_shots(file)[: None if count is None else int(count)]
        extra = len(GENERATOR_PROMPT + COMPLETION + BETWEEN_SHOTS) - len("{problem}{solution}")
        return sum(len(shot.problem) + len(shot.solution) + extra for shot in shots) / CHARACTERS_A_TOKEN

    def verifier_examples(self, verifier: str, loss: str, max_pairs: float, validation_share: float) -> Examples:
        """What `build_verifier_examples` leaves of the train samples, at the mean shares of right and distinct ones."""
        section = self.params.section("build_verifier_examples").section(verifier)
        styles, limit = section.texts("styles"), section.number("max_examples_per_problem")
        problems, n = self.sampled_problems("train"), self.samples("train")
        right = n * min(self.lengths.right, self.lengths.distinct)  # a problem and style
        wrong = n * self.lengths.distinct - right
        if loss == "xent":
            kept = min(2 * min(right, wrong), limit) if section.text("balance") != "none" else min(right + wrong, limit)
            validation = kept
        else:
            # Where fewer than one is right in the mean, so few problems have one at all.
            kept = 2 * min(right, 1.0, wrong) * min(max_pairs, max(right, 1.0) * max(wrong, 1.0))
            validation = right + wrong
        every = problems * len(styles)
        tokens = sum(self.sample_tokens(style, "train") for style in styles) / len(styles)
        return Examples(
            train=every * kept * (1 - validation_share),
            validation=every * validation * validation_share,
            tokens=self.lengths.problem + VERIFIER_START + tokens + VERIFIER_END,
        )

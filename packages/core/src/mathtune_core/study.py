"""The section `study:` of params.yaml: what is compared. How each part is made stands in the stages' own sections."""

from dataclasses import dataclass

FEW_SHOT = "few-shot"  # the base itself, shown worked examples
CONTROL = "control"  # of the sequential recipes: as many steps, all of them on solutions


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """The generators, the verifiers and the seeds of a run. Raises ValueError("field: reason")."""

    base: str  # the checkpoint folder everything starts from
    fetched: tuple[str, ...]  # bases that fetch_base brings
    data: str  # what build_problems depends on
    launcher: str  # the command that starts the stages that train
    mixes: dict[str, dict[str, str]]  # name: the styles it is made of, as `first` and `second`
    styles: tuple[str, ...]  # fine-tuned on, one generator each; mixes among them
    sequential: tuple[str, ...]  # generators that train_sequential makes, the control among them
    sequential_style: str  # from which style's generator
    recipes: tuple[str, ...]  # generators that are not one style's SSFT: few-shot and the sequential ones
    verifiers: tuple[str, ...]  # trained; each with a section in build_verifier_examples and in train_verifier
    shared_verifiers: tuple[str, ...]  # score every style's samples; the first also scores the recipes'
    own_verifiers: tuple[str, ...]  # styles whose samples are also scored by the verifier of the same name
    seeds: tuple[int, ...]  # everything that is trained or sampled is so once for each

    def __post_init__(self) -> None:
        for name in ("styles", "shared_verifiers", "seeds"):
            if not getattr(self, name):
                raise ValueError(f"{name}: needs at least one value")
        for name in ("styles", "sequential", "recipes", "verifiers", "shared_verifiers", "own_verifiers", "seeds"):
            values = getattr(self, name)
            if len(set(values)) != len(values):
                raise ValueError(f"{name}: each once, got {list(values)}")
        both = set(self.styles) & set(self.recipes)
        if both:
            raise ValueError(f"recipes: {min(both)!r} is a style too; a generator needs a name of its own")
        for name, of in (
            ("shared_verifiers", "verifiers"),
            ("own_verifiers", "verifiers"),
            ("own_verifiers", "styles"),
            ("sequential", "recipes"),
        ):
            self._check_within(name, getattr(self, name), of, getattr(self, of))
        self._check_within("recipes", self.recipes, "sequential, or few-shot", (FEW_SHOT, *self.sequential))
        if self.sequential:
            needed = (self.sequential_style,)
            self._check_within("sequential_style", needed, "styles", self.styles)
            self._check_within("sequential_style", needed, "verifiers, whose examples it learns from", self.verifiers)
        if min(self.seeds) < 0 or max(self.seeds) >= 2**32:
            raise ValueError(f"seeds: each must be in 0 … 2^32 - 1, got {list(self.seeds)}")

    @staticmethod
    def _check_within(field: str, values: tuple[str, ...], name: str, known: tuple[str, ...]) -> None:
        unknown = [value for value in values if value not in known]
        if unknown:
            raise ValueError(f"{field}: {unknown[0]!r} is not among {name}: {', '.join(known) or 'none'}")

    @property
    def generators(self) -> tuple[str, ...]:
        """All of them in the order of the tables: the one without fine-tuning, the styles, the other recipes."""
        return (*(r for r in self.recipes if r == FEW_SHOT), *self.styles, *(r for r in self.recipes if r != FEW_SHOT))

    def verifiers_of(self, generator: str) -> tuple[str, ...]:
        """The verifiers that score the samples of `generator`, the one of the headline first."""
        if generator in self.recipes:
            return self.shared_verifiers[:1]
        own = (generator,) if generator in self.own_verifiers and generator not in self.shared_verifiers else ()
        return (*self.shared_verifiers, *own)

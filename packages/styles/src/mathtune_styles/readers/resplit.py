"""A source tested on other problems than its own test split: Lightman et al.'s 12,000 / 500 of MATH."""

from dataclasses import replace

from mathtune_styles.decontaminate import content_hash
from mathtune_styles.readers.source import Source


def resplit(source: Source, test: Source) -> tuple[Source, dict[str, int]]:
    """`test` in the place of the source's test split, whose other problems are train problems from now on.

    A problem of the source that is among the new test problems (by its words, in whatever split) goes. The counts say
    how many of them the source had, and how many of its test problems were moved: 500 and 4,500 for MATH whole.
    """
    held_out = {content_hash(problem.problem) for problem in test.problems}
    rest = [problem for problem in source.problems if content_hash(problem.problem) not in held_out]
    moved = sum(problem.split == "test" for problem in rest)
    problems = (*(replace(problem, split="train") for problem in rest), *test.problems)
    # Both may hold a test.jsonl, and pins go by name.
    files = (*source.files, *(replace(file, name=f"test_location/{file.name}") for file in test.files))
    counts = {
        "test problems": len(test.problems),
        "found in the source": len(source.problems) - len(rest),
        "moved from the source's test to train": moved,
    }
    return replace(source, problems=problems, files=files), counts

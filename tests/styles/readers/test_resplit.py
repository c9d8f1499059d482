from collections import Counter

from mathtune_styles.readers.resplit import resplit
from mathtune_styles.readers.source import Source, SourceFile, SourceProblem


def problem(text: str, split: str) -> SourceProblem:
    return SourceProblem(split, text, "It is 1.", "1", None, None, None)


def test_the_held_out_problems_are_the_test_split_and_the_rest_of_it_is_trained_on() -> None:
    source = Source(
        tuple(problem(f"Train {i}", "train") for i in range(3)) + tuple(problem(f"Test {i}", "test") for i in range(4)),
        (SourceFile("test.jsonl", "1", 7),),
        group_is_apart=False,
        skipped={"bad": 1},
    )
    # The second stands in the source with other spacing, the third in its train split, the fourth nowhere.
    held_out = [problem(text, "test") for text in ("Test 0", "test  1", "Train 2", "New")]
    result, counts = resplit(source, Source(tuple(held_out), (SourceFile("test.jsonl", "2", 4),), group_is_apart=False))
    assert [p.problem for p in result.problems if p.split == "test"] == ["Test 0", "test  1", "Train 2", "New"]
    assert [p.problem for p in result.problems if p.split == "train"] == ["Train 0", "Train 1", "Test 2", "Test 3"]
    assert counts == {
        "test problems": 4,
        "found in the source": 3,
        "moved from the source's test to train": 2,
    }
    assert [file.name for file in result.files] == ["test.jsonl", "test_location/test.jsonl"]
    assert result.skipped == {"bad": 1}
    assert Counter(p.split for p in source.problems) == {"train": 3, "test": 4}

import pytest

from mathtune_styles.decontaminate import overlapping, runs, words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Ann has 12 cats.", ("ann", "has", "12", "cats", ".")),
        (r"$\frac{1}{2}x$", ("$", r"\frac", "{", "1", "}", "{", "2", "}", "x", "$")),
        ("  A\n\nB ", ("a", "b")),
        ("3x", ("3", "x")),
        ("", ()),
    ],
)
def test_words_are_words_numbers_and_signs(text: str, found: tuple[str, ...]) -> None:
    assert words(text) == found


def test_words_do_not_depend_on_case_or_spacing() -> None:
    assert words("What is  $X + 1$ ?") == words("what is\n$x+1$?")


def test_words_tell_numbers_apart() -> None:
    assert words("12 cats") != words("1 2 cats")


def test_runs_are_all_stretches_of_the_length() -> None:
    assert runs("a b c d", 3) == {("a", "b", "c"), ("b", "c", "d")}
    assert runs("a b c", 3) == {("a", "b", "c")}


def test_a_text_shorter_than_the_length_is_one_run() -> None:
    assert runs("a b", 3) == {("a", "b")}


def test_a_shared_run_of_the_length_is_an_overlap_and_a_shorter_one_is_not() -> None:
    protected = ["one two three four five"]
    candidates = [
        "zero ONE two  three four",  # four in common
        "one two three six four five",  # three
        "five four three two one",
    ]
    assert overlapping(candidates, protected, 4) == [True, False, False]
    assert overlapping(candidates, protected, 3) == [True, True, False]
    assert overlapping(candidates, protected, 5) == [False, False, False]


def test_a_short_copy_is_an_overlap_whatever_the_length() -> None:
    assert overlapping(["What is 1 + 2?", "What is 1 + 3?"], ["what is 1+2 ?"], 13) == [True, False]


def test_nothing_protected_overlaps_nothing() -> None:
    assert overlapping(["a b c", ""], [], 2) == [False, False]

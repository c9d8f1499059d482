import pytest

from mathtune_styles.formulas import formulas


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (r"So $x = 5$ and \[y = 6\] and \(z\).", ["x = 5", "y = 6", "z"]),
        ("She buys <<2*3=6>>6 and <<6+1=7>>7.\n#### 7", ["2*3=6", "6+1=7"]),
        ("So 2*3 = 6 and (6 + 1) x 2 = 14.", ["2*3 = 6", "(6 + 1) x 2 = 14"]),
        ("He pays $5 + 1,000 = 1,005 dollars.", ["5 + 1,000 = 1,005"]),
        ("3 boxes * 4 + 1 = 13", []),  # half of a computation, of which 4 + 1 = 13 would be false
        ("20% of 50 - 1 = 9", []),
        ("half of 50 - 1 = 24", []),
        ("He ran a total of 20 + 30 = 50, so Ann = 2*50 = 100.", ["20 + 30 = 50", "2*50 = 100"]),
        ("Here 5 = 5, and 12 are left.", []),  # nothing is computed
        (r"First 2+3=5, then $5 \cdot 2 = 10$, so 10-1=9.", ["2+3=5", r"5 \cdot 2 = 10", "10-1=9"]),
        ("", []),
    ],
)
def test_formulas_are_found_in_order(text: str, found: list[str]) -> None:
    assert formulas(text) == found

import pytest

from mathtune_styles.near_duplicates import steps_key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (r"We have $2 \cdot 3 + 40 = 46$.", r"By the order of operations,  $2\times3+40=46.$ So it is $46$."),
        (r"It is $\frac{1}{2} + \dfrac13 = \frac{5}{6}$.", r"We get \[1/2 + \tfrac{1}{3} = 5/6\]"),
        (r"$\frac{7 \cdot 8}{2} = 28$", r"$(7 \times 8) \div 2 = 28$"),
        (r"$\left( 3 \right) \cdot x = 6$", "$3x=6$"),
        (r"So $x_{1} = 3$, $y^{2} = 4$.", r"\(x_1 = 3, y^2 = 4\)."),
        ("She has 5*4 = 20 eggs.", r"There are $5 \cdot 4 = 20$ eggs."),
        ("She pays 1,000 + 20.50 = $1,020.50.", r"It costs $1{,}000 + 20.5 = 1020.5$ dollars."),
        (r"$20 \text{ cm} - 5 \text{ cm} = 15$", "$20-5=15$"),
        ("It is prime, so it is $7$.", "it is PRIME, so it is  7"),
        (r"$1 + 1 = 2$. The answer is $\boxed{2}$.", r"$1 + 1 = 2$, so \boxed{2}"),
        (r"Hence $a \le b$ and $b \leq 4$.", "$a≤b$, $b<=4$"),
    ],
)
def test_the_same_steps_in_other_words_and_spelling_are_near_duplicates(one: str, other: str) -> None:
    assert steps_key(one) == steps_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (r"$2 \cdot 3 + 40 = 46$", r"$2 \cdot 3 = 6$, $6 + 40 = 46$"),
        (r"$1 + 2 = 3$, $3 + 4 = 7$", r"$3 + 4 = 7$, $1 + 2 = 3$"),
        ("$(1 + 2) x = 6$", "$1 + 2 x = 6$"),
        (r"$\frac{12}{3} = 4$", r"$\frac{1}{23} = 4$"),
        (r"$2 \cdot 3 = 6$", "$23 = 6$"),
        ("$x + 1 = 2$", "$y + 1 = 2$"),
        ("$5 - 3 = 2$", "$5 + 3 = 2$"),
        (r"$12 \div 20 = \frac{12}{20}$", r"$12 \div 20 = \frac{12}{20} = \frac{6}{10}$"),
        ("It is prime, so $7$.", "Trying all of them, $7$."),
        ("$1.05 + 1 = 2.05$", "$1.5 + 1 = 2.5$"),
    ],
)
def test_other_steps_are_no_duplicates(one: str, other: str) -> None:
    assert steps_key(one) != steps_key(other)


def test_a_hostile_text_costs_little() -> None:
    for text in (
        "$" + "{" * 20_000 + "=",
        r"$\frac{" * 5_000 + "=$",
        "1 + " * 10_000,
        "(" * 20_000 + "=1",
        "$-" * 9_999,
    ):
        assert isinstance(steps_key(text), str)

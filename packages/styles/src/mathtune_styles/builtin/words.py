"""Names, things and small draws that the templates share, so that the corpus keeps to one small vocabulary."""

import random

NAMES = (
    "Ana", "Ben", "Carl", "Dana", "Emma", "Felix", "Gina", "Hugo", "Ivy", "Jack", "Kim", "Leo",
    "Mia", "Noah", "Olga", "Paul", "Rosa", "Sam", "Tina", "Will",
)  # fmt: skip

# Small things that are bought or given away, in the plural; templates draw at least two of them.
OBJECTS = (
    "apples", "pencils", "stickers", "marbles", "books", "cards", "cookies", "shells", "stamps", "oranges",
    "coins", "beads",
)  # fmt: skip

# Pairs of things sold together: singular and plural of each.
GOODS = (
    ("notebook", "notebooks"), ("pen", "pens"), ("ticket", "tickets"), ("cap", "caps"), ("mug", "mugs"),
    ("poster", "posters"), ("toy", "toys"), ("plant", "plants"), ("lamp", "lamps"), ("scarf", "scarves"),
)  # fmt: skip

VEHICLES = ("train", "bus", "car", "boat", "truck", "cyclist")

LETTERS = ("x", "y", "n", "t", "a", "k")


def two_names(rng: random.Random) -> tuple[str, str]:
    """Draw two different names."""
    first, second = rng.sample(NAMES, 2)
    return first, second


def ask(rng: random.Random, expression: str) -> str:
    """Ask for the value of an expression in one of several phrasings."""
    opening = rng.choice(("Compute $*$.", "What is $*$?", "Evaluate $*$.", "Find the value of $*$."))
    return opening.replace("*", expression)


def nonzero(rng: random.Random, largest: int) -> int:
    """Draw a nonzero integer of at most this size."""
    return rng.choice((-1, 1)) * rng.randint(1, largest)

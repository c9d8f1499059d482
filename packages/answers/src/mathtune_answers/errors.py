"""What the readers raise when a string is not the kind of answer they read."""


class UnreadableError(ValueError):
    """The string cannot be read as mathematics, or reading it would go over a budget; it then stands for its text."""

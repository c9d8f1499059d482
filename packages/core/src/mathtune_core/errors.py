"""The one exception a user is meant to read: the stage runner and the command line print it as a single line."""


class MathtuneError(Exception):
    """Something the user can mend. The message names the file, the line or row, the field, and what to do."""

"""Is an answer right for its reference?"""

from mathtune_answers.forms import compatible
from mathtune_answers.keys import answer_form


def grade(reference: str, answer: str) -> bool:
    """Return whether the answer is right; the answer's key must be among those the reference accepts."""
    expected, given = answer_form(reference), answer_form(answer)
    return expected is not None and given is not None and compatible(expected, given)

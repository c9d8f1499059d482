"""What is wrong with a rewriting whose answer is right."""

from mathtune_answers.grade import grade
from mathtune_styles.closing import closed
from mathtune_styles.equations import find_equations
from mathtune_styles.formulas import formulas
from mathtune_styles.near_duplicates import steps_key
from mathtune_styles.step_check import check_with_sympy

ANSWER_CHANGED = "not the original's answer"
FALSE_EQUATION = "an equation does not hold"
COPY = "a copy of the original"
SHORTENED = "fewer equations than the original, or none"
STYLE_FAULTS = (ANSWER_CHANGED, FALSE_EQUATION, COPY, SHORTENED)


def fault(rewriting: str, answer: str | None, source: str, source_answer: str) -> str | None:
    """The first of STYLE_FAULTS that the rewriting of `source` has, None when it has none.

    A copy takes the source's computations and no other (`near_duplicates`), whatever its words; a shortening has fewer
    = signs than the source's computations, notes included. One without any could be checked for nothing but its answer.
    """
    if answer is None or not grade(source_answer, answer):
        return ANSWER_CHANGED
    if not equations_hold(rewriting):
        return FALSE_EQUATION
    new, old = steps_key(rewriting), steps_key(source)
    if new in (old, steps_key(closed(source, source_answer))):
        return COPY
    return SHORTENED if new.split().count("=") < max(1, old.split().count("=")) else None


def equations_hold(text: str) -> bool:
    """Whether no numeric equation of `text`, in LaTeX or in plain arithmetic, is false, by our own numbers and SymPy's.

    Equations with letters say what is sought and not what is always so: these are passed over.
    """
    written = " ".join(f"${formula}$" for formula in formulas(text))
    return all(equation.holds is not False for equation in find_equations(written)) and check_with_sympy(written)

"""What the worker process does: LaTeX with sums, integrals, limits and derivatives to a value, through SymPy.

SymPy is imported inside the functions, so that importing this module costs nothing.
"""

import json
import resource
import sys
from typing import IO, Any

LONGEST = 140
MEMORY_BYTES = 2 * 1024**3
CPU_SECONDS = 8
MOST_OPERATIONS = 60
MOST_TERMS = 5_000
DIGITS = 50


def _parsed(latex: str) -> Any:
    from latex2sympy2_extended import latex2sympy
    from latex2sympy2_extended.latex2sympy2 import ConversionConfig

    return latex2sympy(latex, conversion_config=ConversionConfig(lowercase_symbols=False))


def _is_tractable(expression: Any) -> bool:
    """Return whether SymPy is sure to finish soon: few operations, functions of linear arguments only."""
    import sympy

    if expression.count_ops() > MOST_OPERATIONS:
        return False
    for integral in expression.atoms(sympy.Integral):
        variable = integral.variables[0]
        inner = integral.function
        for function in inner.atoms(sympy.Function) | inner.atoms(sympy.exp):
            if not all(sympy.diff(argument, variable, 2) == 0 for argument in function.args):
                return False
        for power in inner.atoms(sympy.Pow):
            if not power.exp.is_Integer and sympy.diff(power.base, variable, 2) != 0:
                return False
    for total in (*expression.atoms(sympy.Sum), *expression.atoms(sympy.Product)):
        for _, low, high in total.limits:
            if (high - low).is_Integer and high - low > MOST_TERMS:
                return False
    return True


def _number(value: Any) -> list[str]:
    real, imaginary = value.as_real_imag()
    return [str(real), str(imaginary)]


def evaluated(latex: str, points: dict[str, list[str]]) -> dict[str, Any]:
    """Return the expression's exact rational value, its values at the given points of its unknowns, or its spelling."""
    import sympy

    expression = _parsed(latex)
    if _is_tractable(expression):
        expression = expression.doit()
    if expression.is_Rational:
        return {"rational": str(expression)}
    if not expression.has(sympy.Integral, sympy.Sum, sympy.Product, sympy.Limit, sympy.Derivative):
        symbols = {str(symbol): symbol for symbol in expression.free_symbols}
        if all(name in points for name in symbols):
            count = len(next(iter(points.values()))) if symbols else 1
            values = []
            for index in range(count):
                places = {symbol: sympy.Float(points[name][index], DIGITS) for name, symbol in symbols.items()}
                values.append(expression.evalf(DIGITS, subs=places))
            if all(value.is_number and value.is_finite for value in values):
                return {"points": [_number(value) for value in values], "symbols": sorted(symbols)}
    return {"spelling": str(expression)[:4_000]}


def serve(requests: IO[str], replies: IO[str]) -> None:
    """Answer one JSON line for each request line until the requests end."""
    import sympy  # noqa: F401 - loaded before the first limit is set

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    replies.write("ready\n")
    replies.flush()
    for line in requests:
        request = json.loads(line)
        usage = resource.getrusage(resource.RUSAGE_SELF)
        used = int(usage.ru_utime + usage.ru_stime) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (used + CPU_SECONDS, resource.RLIM_INFINITY))
        try:
            reply = evaluated(request["latex"], request["points"])
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - SymPy and its parser raise anything; the reply names it
            reply = {"error": type(error).__name__}
        replies.write(json.dumps(reply) + "\n")
        replies.flush()


if __name__ == "__main__":
    serve(sys.stdin, sys.stdout)

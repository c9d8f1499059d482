"""The steps of each single operation: partial products, common denominators, repeated factors, Euclid's divisions."""

import math
from dataclasses import dataclass
from fractions import Fraction

from mathtune_styles.rewritten.numerals import MAX_PLACES, fraction_text, is_plain, number_text, place_parts, wrapped

MAX_STEPS = 24
MAX_PARTS = 4
MAX_VALUE = 10**9  # larger numbers are left alone: their steps would drown the solution

Step = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Operand:
    """A computed value, and the denominator it is shown with (a fraction of the source may be unreduced)."""

    value: Fraction
    denominator: int

    @property
    def numerator(self) -> int:
        """The numerator shown over `denominator`."""
        return int(self.value * self.denominator)


class StopExpandingError(Exception):
    """The computation has no exact value here, or is over a budget."""


class Operations:
    """Each operation on computed operands: it emits the steps, and returns the result.

    With `decimals`, values that are short decimals are written as such, and otherwise as fractions.
    """

    def __init__(self, decimals: bool) -> None:
        self.decimals = decimals
        self.steps: list[Step] = []
        self.latest: Step = ()

    def emit(self, *sides: str) -> None:
        """Record one chain of equal sides, unless it says nothing or was said before. Raises over the step budget."""
        kept = [side for index, side in enumerate(sides) if index == 0 or side != sides[index - 1]]
        if len(self.steps) == MAX_STEPS:
            raise StopExpandingError
        if len(kept) > 1:
            self.latest = tuple(kept)
            if self.latest not in self.steps:  # a step already written is not repeated
                self.steps.append(self.latest)

    def text(self, value: Fraction) -> str:
        """A value as it is written."""
        return number_text(value, self.decimals)

    def shown(self, operand: Operand) -> str:
        """An operand as it is written, unreduced where the source has it so."""
        if is_plain(operand.value, self.decimals) and operand.denominator == operand.value.denominator:
            return self.text(operand.value)
        return fraction_text(operand.numerator, operand.denominator)

    def plain(self, *operands: Operand) -> bool:
        """Whether all are written without a fraction bar."""
        return all(
            operand.denominator == operand.value.denominator and is_plain(operand.value, self.decimals)
            for operand in operands
        )

    def result(self, value: Fraction) -> Operand:
        """The operand for a computed value. Raises when its numbers are over the budget."""
        if abs(value.numerator) > MAX_VALUE or value.denominator > MAX_VALUE:
            raise StopExpandingError
        return Operand(value, value.denominator)

    def reduction(self, numerator: int, denominator: int) -> list[str]:
        """A fraction's sides down to lowest terms, with the common factor shown."""
        value = Fraction(numerator, denominator)
        factor = math.gcd(numerator, denominator)
        sides = [fraction_text(numerator, denominator)]
        if factor > 1 and value.denominator > 1:
            sign = "-" if numerator < 0 else ""
            sides.append(f"{sign}\\frac{{{abs(numerator)} \\div {factor}}}{{{denominator} \\div {factor}}}")
        return [*sides, self.text(value)]

    def unary(self, operator: str, operand: Operand, computed: bool) -> Operand:
        """A sign, absolute value, root or factorial; `computed` says that the operand took steps of its own."""
        value = operand.value
        text = self.shown(operand)
        if operator == "-":
            if computed:
                self.emit(f"-1 \\cdot {wrapped(text)}", self.text(-value))
            return Operand(-value, operand.denominator)
        if operator == "abs":
            self.emit(f"|{text}|", self.text(abs(value)))
            return Operand(abs(value), operand.denominator)
        if operator == "sqrt":
            root = Fraction(math.isqrt(value.numerator), math.isqrt(value.denominator))
            square = f"{self.text(root)}^2" if root.denominator == 1 or self.plain(self.result(root)) else ""
            self.emit(
                *(side for side in (f"\\sqrt{{{text}}}", square and f"\\sqrt{{{square}}}", self.text(root)) if side)
            )
            return self.result(root)
        return self.factorial(int(value))

    def sum(self, operator: str, left: Operand, right: Operand) -> Operand:
        """A sum or difference: at once, or over the common denominator."""
        value = left.value + right.value if operator == "+" else left.value - right.value
        first, second = self.shown(left), wrapped(self.shown(right))
        flipped = "-" if operator == "+" else "+"
        if self.plain(left, right):
            middle = f"{first} {flipped} {self.text(-right.value)}" if right.value < 0 else ""
            self.emit(*(side for side in (f"{first} {operator} {second}", middle, self.text(value)) if side))
            return self.result(value)
        common = math.lcm(left.denominator, right.denominator)
        top, addend = int(left.value * common), int(right.value * common)
        if addend < 0:
            operator, addend = flipped, -addend
        total = top + addend if operator == "+" else top - addend
        self.result(Fraction(total, common))
        self.emit(
            f"{first} {'-' if (operator == '-') != (right.value < 0) else '+'} {second}",
            f"{fraction_text(top, common)} {operator} {fraction_text(addend, common)}",
            *self.reduction(total, common),
        )
        return self.result(value)

    def product(self, left: Operand, right: Operand, *before: str) -> Operand:
        """Emit the steps of left times right, the last of them led by the sides `before`."""
        value = self.result(left.value * right.value)
        whole = f"{self.shown(left)} \\cdot {wrapped(self.shown(right))}"
        if not self.plain(left, right):
            top, bottom = left.numerator * right.numerator, left.denominator * right.denominator
            self.result(Fraction(abs(top) + bottom))
            for one, other in ((left.numerator, right.numerator), (left.denominator, right.denominator)):
                if self.is_hard(Fraction(abs(one)), Fraction(abs(other))):
                    self.product(self.result(Fraction(abs(one))), self.result(Fraction(abs(other))))
            tops = f"{abs(left.numerator)} \\cdot {abs(right.numerator)}"
            bottoms = f"{left.denominator} \\cdot {right.denominator}"
            if 1 in (left.denominator, right.denominator):
                bottoms = str(bottom)
            sign = "-" if top < 0 else ""
            self.emit(*before, whole, f"{sign}\\frac{{{tops}}}{{{bottoms}}}", *self.reduction(top, bottom))
            return value
        first, second = abs(left.value), abs(right.value)
        sides: list[str] = []
        if self.is_hard(first, second):
            if left.value < 0 or right.value < 0:
                self.product(self.result(first), self.result(second))
            else:
                sides = self.partial_products(first, second)
        self.emit(*before, whole, *sides, self.text(value.value))
        return value

    def is_hard(self, first: Fraction, second: Fraction) -> bool:
        """Whether a product needs partial products: not when one factor has a single digit and no digit carries."""
        parts, others = place_parts(first), place_parts(second)
        if len(parts) == len(others) == 1:
            return False
        if len(parts) > 1 and len(others) > 1:
            return min(len(parts), len(others)) <= MAX_PARTS
        return not _carries_nothing(first, second)

    def partial_products(self, first: Fraction, second: Fraction) -> list[str]:
        """The sides between a hard product and its value; [] when there would be too many."""
        parts, others = place_parts(first), place_parts(second)
        split_second = len(parts) == 1 or 1 < len(others) <= len(parts)
        if split_second:
            parts, others, kept = others, parts, first
        else:
            kept = second
        if len(parts) > MAX_PARTS:
            return []
        if len(others) > 2:
            for part in parts:
                self.product(self.result(kept), self.result(part))
        pairs = [(kept, part) if split_second else (part, kept) for part in parts]
        products = [part * kept for part in parts]
        return [" + ".join(f"{self.text(a)} \\cdot {self.text(b)}" for a, b in pairs), *self.running_sums(products)]

    def running_sums(self, terms: list[Fraction]) -> list[str]:
        """a + b + c, then (a + b) + c as two terms, and so on; without the final total."""
        sides = []
        while len(terms) > 1:
            sides.append(" + ".join(map(self.text, terms)))
            terms = [terms[0] + terms[1], *terms[2:]]
        return sides

    def quotient(self, left: Operand, right: Operand) -> Operand:
        """A division: by the parts of the quotient, as a fraction, or as a product with the inverse."""
        value = self.result(left.value / right.value)
        whole = f"{self.shown(left)} \\div {wrapped(self.shown(right))}"
        if not self.plain(left, right):
            sign = -1 if right.value < 0 else 1
            if right.denominator == 1:
                inverse = Operand(Fraction(sign, abs(right.numerator)), abs(right.numerator))
            else:
                inverse = Operand(1 / right.value, abs(right.numerator))
            return self.product(left, inverse, whole)
        if left.value.denominator == right.value.denominator == 1 and not is_plain(value.value, self.decimals):
            top, bottom = left.numerator, right.numerator
            self.emit(whole, *self.reduction(-top if bottom < 0 else top, abs(bottom)))
            return value
        first, second = abs(left.value), abs(right.value)
        parts = place_parts(first / second)
        easy = first == second or _carries_nothing(second, first / second)
        sides: list[str] = []
        if (first / second).denominator == second.denominator == 1 and 1 < len(parts) <= MAX_PARTS and not easy:
            if left.value < 0 or right.value < 0:
                self.quotient(self.result(first), self.result(second))
            else:
                divided = (f"{self.text(part * second)} \\div {self.text(second)}" for part in parts)
                sides = [" + ".join(divided), *self.running_sums(parts)]
        self.emit(whole, *sides, self.text(value.value))
        return value

    def power(self, base: Operand, exponent: int) -> Operand:
        """A power as a product; a high one as the product of two lower ones."""
        if exponent < 0 or base.value == 0:
            raise StopExpandingError
        value = self.result(base.value**exponent)
        text = self.shown(base)
        whole = f"{text}^{_argument(exponent)}"
        if text.startswith(("-", "\\")):
            whole = (f"\\left({text}\\right)" if "\\" in text else f"({text})") + f"^{_argument(exponent)}"
        if not self.plain(base):
            top, bottom = (f"{wrapped(str(part))}^{_argument(exponent)}" for part in (base.numerator, base.denominator))
            powers = base.numerator**exponent, base.denominator**exponent
            self.emit(whole, f"\\frac{{{top}}}{{{bottom}}}", *self.reduction(*powers))
        elif exponent < 2 or abs(base.value) == 1 or set(text) <= set("10."):
            self.emit(whole, self.text(value.value))
        elif exponent == 2:
            self.product(base, base, whole)
        elif exponent > 5:
            half = exponent // 2
            first = self.power(base, half)
            second = first if half * 2 == exponent else self.power(base, exponent - half)
            stem = whole[: whole.rindex("^")]
            self.product(first, second, whole, f"{stem}^{_argument(half)} \\cdot {stem}^{_argument(exponent - half)}")
        else:
            self.chain_of_products([base.value] * exponent, whole)
        return value

    def chain_of_products(self, factors: list[Fraction], *before: str) -> None:
        """Multiply from the left: in one chain while each product is easy, and else each product a step of its own."""
        partial = factors[0]
        hard = False
        for factor in factors[1:]:
            hard = hard or self.is_hard(abs(partial), abs(factor))
            partial *= factor
        sides = [*before, self.factors_text(factors)]
        if hard:
            if before:
                self.emit(*sides)
            partial = factors[0]
            for factor in factors[1:]:
                partial = self.product(self.result(partial), self.result(factor)).value
            return
        while len(factors) > 1:
            factors = [factors[0] * factors[1], *factors[2:]]
            sides.append(self.factors_text(factors))
        self.emit(*sides)

    def factors_text(self, factors: list[Fraction]) -> str:
        """A product of several numbers as it is written."""
        return " \\cdot ".join([self.text(factors[0]), *(wrapped(self.text(factor)) for factor in factors[1:])])

    def factorial(self, count: int) -> Operand:
        """A factorial as a product, from the top."""
        value = self.result(Fraction(math.factorial(count)))
        if count < 2:
            self.emit(f"{count}!", "1")
        elif count == 2:
            self.emit("2!", "2 \\cdot 1", "2")
        else:
            self.chain_of_products([Fraction(factor) for factor in range(count, 1, -1)], f"{count}!")
        return value

    def call(self, function: str, arguments: list[int]) -> Operand:
        """A greatest common divisor or least common multiple by Euclid's divisions, or a binomial."""
        if function == "binom":
            return self.binomial(*arguments)
        whole = f"\\{function}({', '.join(map(str, arguments))})"
        if function == "lcm":
            whole = whole.replace("\\lcm", "\\text{lcm}")
        if len(arguments) != 2 or 0 in arguments:
            raise StopExpandingError
        larger, smaller = max(arguments), min(arguments)
        rest = larger % smaller
        self.emit(str(larger), f"{larger // smaller} \\cdot {smaller} + {rest}")
        divisor, last = smaller, rest
        while last:
            times, rest = divmod(divisor, last)
            self.emit(str(divisor), f"{times} \\cdot {last} + {rest}")
            divisor, last = last, rest
        if function == "gcd":
            self.emit(whole, str(divisor))
            return self.result(Fraction(divisor))
        share = self.quotient(self.result(Fraction(smaller)), self.result(Fraction(divisor)))
        return self.product(share, self.result(Fraction(larger)), whole)

    def binomial(self, total: int, chosen: int) -> Operand:
        """A binomial coefficient as a quotient of products, by the smaller of k and n - k."""
        value = self.result(Fraction(math.comb(total, chosen)))
        whole = f"\\binom{{{total}}}{{{chosen}}}"
        fewer = min(chosen, total - chosen)
        if fewer < 1:
            self.emit(whole, self.text(value.value))
            return value
        sides = [whole] if fewer == chosen else [whole, f"\\binom{{{total}}}{{{fewer}}}"]
        if fewer == 1:
            self.emit(*sides, str(total))
            return value
        tops, bottoms = range(total, total - fewer, -1), range(fewer, 0, -1)
        written = (" \\cdot ".join(map(str, factors)) for factors in (tops, bottoms))
        self.emit(*sides, "\\frac{{{}}}{{{}}}".format(*written))
        self.chain_of_products([Fraction(factor) for factor in tops])
        self.chain_of_products([Fraction(factor) for factor in bottoms[:-1]])
        over = math.perm(total, fewer)
        return self.quotient(self.result(Fraction(over)), self.result(Fraction(math.factorial(fewer))))


def _carries_nothing(first: Fraction, second: Fraction) -> bool:
    """Whether every digit of one times every digit of the other is one digit, and one of them has a single digit."""
    digits = [
        [part.numerator * 10**MAX_PLACES // part.denominator for part in place_parts(value)]
        for value in (first, second)
    ]
    firsts, seconds = ([int(str(digit)[0]) for digit in side] for side in digits)
    return min(len(firsts), len(seconds)) == 1 and max(firsts) * max(seconds) < 10


def _argument(exponent: int) -> str:
    return str(exponent) if exponent < 10 else f"{{{exponent}}}"

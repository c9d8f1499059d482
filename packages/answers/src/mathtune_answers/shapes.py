"""Read a normalised answer as a number, expression, list, tuple, interval, matrix, equation, inequality or words."""

import re
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from mathtune_answers import intervals, matrices, notations, relations, values, words
from mathtune_answers.errors import Unreadable
from mathtune_answers.expressions import content, evaluate, matrix, scalar, split
from mathtune_answers.forms import Form
from mathtune_answers.groups import Group, Node, group
from mathtune_answers.intervals import Intervals
from mathtune_answers.matrices import Matrix
from mathtune_answers.normalise import TEXT_END, TEXT_START, normalise
from mathtune_answers.quantities import without_unit
from mathtune_answers.tokens import Token, tokenize
from mathtune_answers.values import Samples, Value, value_key

LONGEST_KEY = 240
DEEPEST_STRUCTURE = 12
MOST_SIGNS = 3
LONGEST_WITH_SIGNS = 300
MOST_ITEMS = 2_000
_SEPARATORS = frozenset((",", ";"))
_CONNECTORS = frozenset(("and", "or"))
_WORD_KINDS = frozenset(("word", "text", "symbol", ",", ".", "'", "-", "command", "?", ";", ":", '"'))
_WHOLE_LINE = Form(intervals.intervals_key(intervals.REALS), kind="interval")
_EMPTY = Form("{}", kind="list")
_NUMBER = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)")


def read(answer: str) -> Form | None:
    """Return what an answer says, or None for one that says nothing; raises Unreadable for what is not mathematics."""
    text = normalise(answer)
    if not text or text.lower() in ("none", "null", "nan", "[]", "()", "n/a"):
        return None
    if _NUMBER.fullmatch(text) and len(text) < 300:
        value = values.reduced(Fraction(text.rstrip(".") or "0"))
        return Form(value_key(value), value=value)
    for notation in (notations.time_of_day, notations.number_in_base, notations.ratio_in_words):
        form = notation(text)
        if form is not None:
            return form
    option = notations.option(text)
    if option is not None:
        letter, rest = option
        inner = read(rest)
        if inner is not None:
            return replace(inner, name=f"option {letter}", alternates=inner.alternates | {value_key(values.symbol(letter))})
    tokens = _connected(tokenize(text))
    if any(token.kind in ("word", "text") for token in tokens) and all(token.kind in _WORD_KINDS for token in tokens):
        form = _in_words(text)
        if form is not None:
            return form
    signs = any(token.kind == "command" and token.text in ("pm", "mp") for token in tokens)
    if signs and len(tokens) > LONGEST_WITH_SIGNS:
        raise Unreadable("plus-minus in something too long")
    form = _Shape(0, signs).form(group(tokens, evaluate))
    return replace(form, alternates=relations.solved(tokens)) if form.kind == "equation" else form


def _in_words(text: str) -> Form | None:
    """Return the form of an answer in words, None for what may be mathematics all the same."""
    shown = text.replace(TEXT_START, " ").replace(TEXT_END, " ").strip()
    if "\\" in shown:
        return None
    phrase = words.phrase(shown)
    if phrase in words.EMPTY_SET:
        return _EMPTY
    if phrase in words.ALL_REALS:
        return _WHOLE_LINE
    number = words.number_in_words(shown)
    if number is not None:
        return Form(value_key(values.reduced(Fraction(number))), value=number)
    if len(shown) == 2 and shown.isupper():
        return None
    letters = re.split(r"\s*(?:,|;|\band\b)\s*", shown)
    if len(letters) > 1 and all(len(letter) == 1 and letter.isalpha() for letter in letters):
        return Form("{" + ",".join(sorted(value_key(values.symbol(letter)) for letter in set(letters))) + "}", kind="list")
    return Form("text " + phrase, kind="text")


def _connected(tokens: list[Token]) -> list[Token]:
    """Split words in text such as `hours, ` and ` girls and ` from the commas and connectors that they hold."""
    if len(tokens) < 2:
        return tokens
    result: list[Token] = []
    for token in tokens:
        if token.kind == "word" and token.text.lower() in _CONNECTORS:
            result.append(Token("command", token.text.lower(), None, True))
        elif token.kind == "text" and re.search(r"[,;]|\b(?:and|or)\b", token.text, re.IGNORECASE):
            for piece in re.split(r"([,;]|\b(?:and|or)\b)", token.text, flags=re.IGNORECASE):
                word = piece.strip()
                if word.lower() in _CONNECTORS:
                    result.append(Token("command", word.lower(), None, True))
                elif word in (",", ";"):
                    result.append(Token(word, word))
                elif word:
                    result.append(Token("text", word, None, True))
        else:
            result.append(token)
    return result


def _is_command(node: Node, *names: str) -> bool:
    return node.kind == "command" and node.text in names


class _Shape:
    """Reads nested nodes; `depth` bounds tuples inside tuples."""

    __slots__ = ("depth", "signs")

    def __init__(self, depth: int, signs: bool) -> None:
        if depth > DEEPEST_STRUCTURE:
            raise Unreadable("nested too deep")
        self.depth, self.signs = depth, signs

    def _inner(self, nodes: tuple[Node, ...]) -> Form:
        return _Shape(self.depth + 1, self.signs).form(nodes)

    def form(self, nodes: tuple[Node, ...]) -> Form:
        """Return the form of a whole answer or of an item."""
        nodes = _stripped(nodes)
        if not nodes:
            raise Unreadable("nothing there")
        if self.signs and any(_is_command(node, "pm", "mp") or (isinstance(node, Group) and _has_sign(node)) for node in nodes):
            return self._both_signs(nodes)
        parts = _list_parts(nodes)
        if len(parts) > 1:
            return self._several(parts, any(_is_command(node, "and") for node in nodes), any(_is_command(node, "or") for node in nodes))
        return self._single(parts[0])

    def _both_signs(self, nodes: tuple[Node, ...]) -> Form:
        """Read a plus-minus as the two values."""
        parts = _list_parts(nodes)
        items: list[tuple[Node, ...]] = []
        for part in parts:
            items.extend(_signed(part))
        if len(items) > MOST_ITEMS:
            raise Unreadable("too many signs")
        return self._several(items, False, False) if len(items) > 1 else self._single(items[0])

    def _several(self, parts: list[tuple[Node, ...]], all_hold: bool, one_holds: bool) -> Form:
        """Read a list: of values, of named values, of inequalities that hold together or one by one."""
        if len(parts) > MOST_ITEMS:
            raise Unreadable("a list too long")
        if any(relations.sign_of(node) or _is_command(node, "in") for part in parts for node in part):
            conditions = self._conditions(parts, one_holds)
            if conditions is not None:
                return conditions
        named = [_named(part) for part in parts]
        if all(name is not None for name, _ in named):
            names = [name or "" for name, _ in named]
            if len(set(names)) == len(names):
                return self._named_values(names, [part for _, part in named])
        elif named[0][0] is not None and all(name is None for name, _ in named[1:]):
            parts = [named[0][1], *parts[1:]]
            named = [(None, part) for part in parts]
        if len({name for name, _ in named}) == 1 and named[0][0] is not None:
            parts = [part for _, part in named]
        items = tuple(self._inner(part) for part in parts)
        if all(item.kind == "interval" for item in items) and any("oo" in item.bare or "[" in item.bare or "]" in item.bare for item in items):
            pieces = [_interval_of(part) for part in parts]
            return _interval_form(intervals.union([piece for piece in pieces if piece is not None]))
        return _list_form(items)

    def _conditions(self, parts: list[tuple[Node, ...]], one_holds: bool) -> Form | None:
        solutions: list[Intervals] = []
        name = ""
        try:
            for part in parts:
                solution, unknown = self._condition(part)
                if name and unknown and unknown != name:
                    return None
                name = name or unknown
                solutions.append(solution)
        except Unreadable:
            return None
        if one_holds:
            return _interval_form(intervals.union(solutions), name)
        common = intervals.REALS
        for solution in solutions:
            common = intervals.intersection(common, solution)
        return _interval_form(common if common else intervals.union(solutions), name)

    def _condition(self, nodes: tuple[Node, ...]) -> tuple[Intervals, str]:
        nodes = _stripped(nodes)
        for position, node in enumerate(nodes):
            if _is_command(node, "in") and position:
                pieces = self._set(nodes[position + 1 :])
                if pieces is None:
                    raise Unreadable("no set")
                return pieces, "".join(map(content, nodes[:position]))
        chain, signs = _chain(nodes)
        if not signs:
            raise Unreadable("no relation")
        return relations.inequality(chain, signs)

    def _named_values(self, names: list[str], parts: list[tuple[Node, ...]]) -> Form:
        """Read `x = 3, y = -2` as the point (3, -2) and longer names as a set of named values."""
        items = {name: self._inner(part) for name, part in zip(names, parts, strict=True)}
        ordered = [items[name] for name in sorted(items)]
        if all(len(name) == 1 for name in names):
            return _tuple_form(tuple(ordered))
        bare = "{" + ",".join(f"{name}={items[name].key}" for name in sorted(items)) + "}"
        return Form(bare, kind="named", items=tuple(ordered), alternates=frozenset((_list_form(tuple(ordered)).bare,)))

    def _single(self, nodes: tuple[Node, ...]) -> Form:
        nodes = _stripped(nodes)
        if not nodes:
            raise Unreadable("an item is missing")
        for reader in (self._relation, self._set_form, self._bracketed, self._ratio):
            form = reader(nodes)
            if form is not None:
                return form
        return self._value(nodes)

    def _relation(self, nodes: tuple[Node, ...]) -> Form | None:
        for position, node in enumerate(nodes):
            if _is_command(node, "in") and position:
                inner = self._inner(nodes[position + 1 :])
                name = "".join(map(content, nodes[:position]))
                return replace(inner, name=name, alternates=frozenset()) if inner.kind == "interval" else inner
            if _is_command(node, "equiv"):
                return self._residue(nodes[:position], nodes[position + 1 :])
            if _is_command(node, "approx"):
                return self._approximate(nodes[:position], nodes[position + 1 :])
        chain, signs = _chain(nodes)
        if signs:
            if any(sign == "=" for sign in signs):
                raise Unreadable("equations and inequalities in one chain")
            try:
                solution, name = relations.inequality(chain, signs)
            except Unreadable:
                return relations.unsolved(chain, signs)
            return _interval_form(solution, name)
        parts = split(nodes, frozenset(("=",)))
        return self._equation(parts) if len(parts) > 1 else None

    def _residue(self, left: tuple[Node, ...], right: tuple[Node, ...]) -> Form:
        for position, node in enumerate(right):
            if _is_command(node, "pmod", "mod") or (isinstance(node, Group) and node.nodes and _is_command(node.nodes[0], "mod")):
                modulus = "".join(map(content, right[position:])).replace("pmod", "").replace("mod", "").strip("() ")
                inner = self._inner(right[:position])
                return replace(inner, unit=f"mod {modulus}") if relations.is_name(left) else inner
        raise Unreadable("a congruence without its modulus")

    def _approximate(self, left: tuple[Node, ...], right: tuple[Node, ...]) -> Form:
        """Read `exact ≈ decimal` as the exact value and `name ≈ decimal` as the decimal."""
        if not left or relations.is_name(left):
            return self._inner(right)
        parts = split(left, frozenset(("=",)))
        form = self._inner(parts[-1] if relations.is_name(parts[0]) else left)
        if form.value is None or isinstance(form.value, Samples) and form.value.symbols:
            return self._inner(right)
        return form

    def _equation(self, parts: list[tuple[Node, ...]]) -> Form:
        parts = [_stripped(part) for part in parts]
        if any(not part for part in parts):
            raise Unreadable("a side is missing")
        first, last = parts[0], parts[-1]
        if relations.is_name(last) and not relations.is_name(first) and len(parts) == 2:
            first, last = last, first
        if not relations.is_name(first) and not _is_names_tuple(first):
            return self._equation_of_sides(parts)
        right = self._inner(last)
        constant = right.kind not in ("equation", "inequality", "text") and not _has_unknowns(right)
        if constant or right.kind in ("list", "tuple", "interval", "matrix", "ratio") or relations.is_application(first):
            return right
        if len(parts) > 2:
            return self._equation([first, last])
        try:
            whole = relations.equation(scalar(first), scalar(last))
        except Unreadable:
            return Form(f"{''.join(map(content, first))}={right.key}", kind="named", alternates=frozenset((right.bare,)))
        return whole

    def _equation_of_sides(self, parts: list[tuple[Node, ...]]) -> Form:
        sides = [self._value(part) for part in parts]
        if all(side.value is not None and not _has_unknowns(side) for side in sides):
            if len({side.bare for side in sides}) == 1:
                return sides[0]
            raise Unreadable("constants that are not equal")
        if len(parts) != 2:
            raise Unreadable("a chain of equations")
        left, right = sides[0].value, sides[1].value
        if left is None or right is None:
            raise Unreadable("an equation between structures")
        return relations.equation(left, right)

    def _set_form(self, nodes: tuple[Node, ...]) -> Form | None:
        if any(_is_command(node, "cup", "cap", "setminus") for node in nodes) or _is_reals(nodes) or len(nodes) == 1 and _is_command(nodes[0], "emptyset"):
            pieces = self._set(nodes)
            if pieces is None:
                raise Unreadable("a union of something else than intervals")
            return _interval_form(pieces)
        return None

    def _set(self, nodes: tuple[Node, ...]) -> Intervals | None:
        """Return a set of real numbers: intervals, points, unions, intersections and differences."""
        nodes = _stripped(nodes)
        parts = _split_at(nodes, "cup")
        if len(parts) > 1:
            sets = [self._set(part) for part in parts]
            return None if any(part is None for part in sets) else intervals.union([part for part in sets if part is not None])
        for name in ("setminus", "cap"):
            for position in range(len(nodes) - 1, 0, -1):
                if _is_command(nodes[position], name) or (name == "setminus" and nodes[position].kind == "-"):
                    left, right = self._set(nodes[:position]), self._set(nodes[position + 1 :])
                    if left is None or right is None:
                        return None
                    return intervals.intersection(left, right) if name == "cap" else intervals.without(left, right)
        if len(nodes) == 1 and _is_command(nodes[0], "emptyset"):
            return ()
        if _is_reals(nodes):
            return intervals.REALS
        return _interval_of(nodes)

    def _bracketed(self, nodes: tuple[Node, ...]) -> Form | None:
        if len(nodes) == 2 and _is_command(nodes[0], "left", "mathopen"):
            nodes = nodes[1:]
        if len(nodes) != 1 or not isinstance(nodes[0], Group):
            return None
        node = nodes[0]
        if node.opener == "cases":
            rows = [tuple(cell for cell in row if cell.kind != "&") for row in split(node.nodes, frozenset(("\\\\",))) if row]
            return self._several(rows, True, False)
        if node.opener == "\\{":
            builder = self._set_builder(node)
            if builder is not None:
                return builder
        parts = _list_parts(node.nodes, connectors=node.opener in ("\\{", "{"))
        while len(parts) > 1 and not parts[-1]:
            parts = parts[:-1]
        if node.opener == "[" and all(len(part) == 1 and isinstance(part[0], Group) and part[0].opener == "[" for part in parts):
            rows = tuple(tuple(scalar(cell) for cell in split(part[0].nodes, _SEPARATORS)) for part in parts if isinstance(part[0], Group))
            return Form(matrices.matrix_key(Matrix(rows)), kind="matrix")
        if len(parts) == 1:
            inner = _stripped(parts[0])
            if not inner:
                if node.opener in ("\\{", "["):
                    return _EMPTY
                raise Unreadable("empty brackets")
            if node.opener in ("\\{", "["):
                return self._inner(inner)
            if node.value is None and node.opener in "({":
                return self._inner(inner)
            return None
        if node.opener in ("\\{", "{"):
            return self._several(parts, False, False)
        if node.opener not in "([" and node.opener != "langle":
            return None
        if node.opener == "[" and all(_named(part)[0] is not None for part in parts):
            return self._several(parts, False, False)
        items = tuple(self._inner(part) for part in parts)
        if node.opener == "langle":
            return _tuple_form(items)
        return _bracket_form(node, items, _interval_of(nodes) if len(items) == 2 else None)

    def _set_builder(self, node: Group) -> Form | None:
        """Read the condition of `{x | condition}`."""
        for position, inner in enumerate(node.nodes):
            if position and inner.kind in ("|", ":"):
                head, condition = node.nodes[:position], node.nodes[position + 1 :]
                if len(head) > 1 and _is_command(head[1], "in"):
                    head = head[:1]
                return self._inner(condition) if relations.is_name(head) else None
        return None

    def _ratio(self, nodes: tuple[Node, ...]) -> Form | None:
        parts = split(nodes, frozenset((":",)))
        if len(parts) < 2:
            return None
        amounts = [scalar(_stripped(part)) for part in parts]
        last = next((amount for amount in reversed(amounts) if amount != 0), 1)
        shares = [value_key(values.multiply(amount, values.reciprocal(last))) for amount in amounts]
        return Form("ratio " + ":".join(shares), kind="ratio")

    def _value(self, nodes: tuple[Node, ...]) -> Form:
        """Read an expression with its unit, percent sign or currency."""
        nodes, unit = without_unit(_stripped(nodes))
        if len(nodes) == 1 and isinstance(nodes[0], Group) and nodes[0].value is None and nodes[0].opener != "begin":
            inner = self._bracketed(nodes)
            if inner is not None:
                return inner
        if all(node.kind in ("number", "-", "+") for node in nodes) and sum(node.kind == "number" for node in nodes) > 1:
            try:
                value, degrees = evaluate(nodes)
            except Unreadable:
                return self._several(_numbers_apart(nodes), False, False)
        else:
            value, degrees = evaluate(nodes)
        if degrees and not unit:
            unit = "degree"
        if isinstance(value, Matrix):
            return Form(matrices.matrix_key(value), kind="matrix")
        value = values.recognised(value)
        alternates = frozenset((value_key(values.multiply(value, Fraction(1, 100))),)) if unit == "percent" else frozenset[str]()
        return Form(value_key(value), unit=unit, value=value, alternates=alternates)


def _numbers_apart(nodes: tuple[Node, ...]) -> list[tuple[Node, ...]]:
    parts: list[tuple[Node, ...]] = []
    start = 0
    for position, node in enumerate(nodes):
        if node.kind == "number":
            parts.append(nodes[start : position + 1])
            start = position + 1
    return parts


def _stripped(nodes: tuple[Node, ...]) -> tuple[Node, ...]:
    while nodes and nodes[-1].kind in (".", ",", ";", ":", "?"):
        nodes = nodes[:-1]
    while nodes and nodes[0].kind in (",", ".", ";", ":"):
        nodes = nodes[1:]
    while len(nodes) == 1 and isinstance(nodes[0], Group) and nodes[0].opener == "{" and nodes[0].value is None:
        if len(_list_parts(nodes[0].nodes)) > 1:
            break
        nodes = nodes[0].nodes
    return nodes


def _list_parts(nodes: tuple[Node, ...], connectors: bool = True) -> list[tuple[Node, ...]]:
    """Split at commas, semicolons, `and` and `or`; "2, and 3" has two parts."""
    parts: list[tuple[Node, ...]] = []
    start = 0
    for position, node in enumerate(nodes):
        comma = node.kind in _SEPARATORS
        if comma or (connectors and _is_command(node, "and", "or")):
            if position > start or comma:
                parts.append(nodes[start:position])
            start = position + 1
    if start < len(nodes) or not parts:
        parts.append(nodes[start:])
    return parts if len(parts) == 1 else [part for part in parts if part] if connectors else parts


def _has_sign(node: Group) -> bool:
    return any(_is_command(inner, "pm", "mp") or (isinstance(inner, Group) and inner.value is None and _has_sign(inner)) for inner in node.nodes)


def _count_signs(nodes: tuple[Node, ...]) -> int:
    return sum(_is_command(node, "pm", "mp") or (isinstance(node, Group) and _count_signs(node.nodes)) for node in nodes)


def _signed(nodes: tuple[Node, ...]) -> list[tuple[Node, ...]]:
    """Return the readings of a part with plus-minus signs: all independent, but a minus-plus follows its plus-minus."""
    count = _count_signs(nodes)
    if not count:
        return [nodes]
    if count > MOST_SIGNS:
        raise Unreadable("too many signs")
    linked = any(_mentions(node, "mp") for node in nodes)
    choices = 1 if linked else count
    return [_with_signs(nodes, pattern, linked, [0]) for pattern in range(2**choices)]


def _mentions(node: Node, name: str) -> bool:
    return any(_mentions(inner, name) for inner in node.nodes) if isinstance(node, Group) else _is_command(node, name)


def _with_signs(nodes: tuple[Node, ...], pattern: int, linked: bool, seen: list[int]) -> tuple[Node, ...]:
    result: list[Node] = []
    for node in nodes:
        if isinstance(node, Group) and _has_sign(node):
            inner = _with_signs(node.nodes, pattern, linked, seen)
            try:
                value, degrees = evaluate(inner)
            except Unreadable:
                value, degrees = None, False
            result.append(replace(node, nodes=inner, value=value, degrees=degrees))
        elif _is_command(node, "pm", "mp"):
            bit = pattern & 1 if linked else pattern >> seen[0] & 1
            seen[0] += 1
            result.append(Token("-" if bool(bit) != (node.text == "mp") else "+", "+"))
        else:
            result.append(node)
    return tuple(result)


def _split_at(nodes: tuple[Node, ...], name: str) -> list[tuple[Node, ...]]:
    parts: list[tuple[Node, ...]] = []
    start = 0
    for position, node in enumerate(nodes):
        if _is_command(node, name):
            parts.append(nodes[start:position])
            start = position + 1
    return [*parts, nodes[start:]]


def _chain(nodes: tuple[Node, ...]) -> tuple[list[tuple[Node, ...]], list[str]]:
    """Split a chain of inequalities; no signs when there is none."""
    parts: list[tuple[Node, ...]] = []
    signs: list[str] = []
    start = 0
    for position, node in enumerate(nodes):
        sign = relations.sign_of(node)
        if sign:
            parts.append(nodes[start:position])
            signs.append(sign)
            start = position + 1
    parts.append(nodes[start:])
    if signs and (any(not part for part in parts) or any(node.kind == "=" for node in nodes)):
        raise Unreadable("a side is missing")
    return parts, signs


def _named(part: tuple[Node, ...]) -> tuple[str | None, tuple[Node, ...]]:
    """Return the name and the value of `name = value`; no name for anything else."""
    sides = split(part, frozenset(("=",)))
    if len(sides) == 2 and relations.is_name(sides[0]) and sides[1]:
        return "".join(map(content, sides[0])), sides[1]
    return None, part


def _is_names_tuple(nodes: tuple[Node, ...]) -> bool:
    return (
        len(nodes) == 1
        and isinstance(nodes[0], Group)
        and nodes[0].opener in ("(", "\\{")
        and all(relations.is_name(part) for part in split(nodes[0].nodes, _SEPARATORS))
    ) or any(node.kind == ":" for node in nodes) and all(relations.is_name(part) for part in split(nodes, frozenset((":",))))


def _is_reals(nodes: tuple[Node, ...]) -> bool:
    if len(nodes) == 2 and _is_command(nodes[0], "mathbb"):
        return content(nodes[1]) == "R"
    return len(nodes) == 1 and nodes[0].kind == "text" and words.phrase(nodes[0].text) in words.ALL_REALS


def _has_unknowns(form: Form) -> bool:
    return isinstance(form.value, Samples) and len(form.value.points) > 1


def _interval_of(nodes: tuple[Node, ...]) -> Intervals | None:
    """Return a bracketed pair of real constants as an interval, a braced list of them as points, else None."""
    if len(nodes) != 1 or not isinstance(nodes[0], Group):
        return None
    node = nodes[0]
    parts = split(node.nodes, _SEPARATORS)
    if any(not part for part in parts):
        return None
    try:
        if node.opener in ("\\{", "{"):
            return intervals.union([intervals.point(scalar(part)) for part in parts])
        if len(parts) != 2 or node.opener not in "([" or node.closer not in ")]":
            return None
        low, high = (intervals.end(without_unit(part)[0] and scalar(without_unit(part)[0])) for part in parts)
    except Unreadable:
        return None
    found = intervals.interval(low, node.opener == "[", high, node.closer == "]")
    return found or None


def _interval_form(pieces: Intervals, name: str = "") -> Form:
    bare = intervals.intervals_key(pieces)
    return Form(bare, kind="interval" if pieces and not bare.startswith("{") else "list", name=name if pieces else "")


def _bracket_form(node: Group, items: tuple[Form, ...], pieces: Intervals | None) -> Form:
    """Return a tuple, an interval or a list in square brackets: brackets and order count."""
    inside = ",".join(item.key for item in items)
    bare = f"{node.opener}{inside}{node.closer}"
    alternates: frozenset[str] = frozenset()
    if node.opener + node.closer == "[]":
        alternates = frozenset((_list_form(items).bare,))
    kind = "interval" if pieces is not None else "tuple"
    return Form(bare, kind=kind, items=items if node.opener == "(" and node.closer == ")" else (), alternates=alternates)


def _tuple_form(items: tuple[Form, ...]) -> Form:
    return Form("(" + ",".join(item.key for item in items) + ")", kind="tuple", items=items)


def _list_form(items: tuple[Form, ...]) -> Form:
    """Return a list without order or repetition; a list of one is its item."""
    distinct = {item.key: item for item in items}
    if len(distinct) == 1:
        return items[0]
    ordered = tuple(distinct[key] for key in sorted(distinct))
    return Form("{" + ",".join(item.key for item in ordered) + "}", kind="list", items=ordered)


__all__ = ["read"]

"""Join the keys of one problem that mean the same there: 18 and 18 hours, 25 and 25%, 288π and 904.778684.

Each such pair is compatible, but compatibility is not transitive. So keys are joined only where they all agree: a
connected set of compatible keys becomes one cluster when every two of them are compatible, and stays apart otherwise.
The result depends on the set of keys only, neither on order nor on how often each was given.
"""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from itertools import combinations

from mathtune_answers.forms import Form, compatible, in_base_units
from mathtune_answers.precision import CONTEXT, from_fraction
from mathtune_answers.values import Samples, Value

MOST_IN_A_MEETING = 40
_APPROXIMATE_DIGITS = 5


def _approximately(value: Value) -> list[str]:
    """Return the two rounded spellings around a real constant, one of which any close value shares."""
    if isinstance(value, Samples):
        if len(value.points) != 1 or not isinstance(value.points[0], Decimal) or not value.points[0].is_finite():
            return []
        number = value.points[0]
    else:
        number = from_fraction(value)
    if not number:
        return []
    step = number.adjusted() + 1 - _APPROXIMATE_DIGITS
    low = int(CONTEXT.scaleb(number, -step).to_integral_value(rounding="ROUND_FLOOR"))
    return [f"≈{low}e{step}", f"≈{low + 1}e{step}"]


def _meetings(form: Form) -> list[str]:
    """Return the labels under which a form meets those that it may be compatible with."""
    labels = [form.bare, *form.alternates]
    if form.items:
        labels.append(f"{form.kind} of {len(form.items)}")
    if form.value is not None:
        labels.extend(_approximately(form.value))
        base = in_base_units(form)
        if base is not None:
            labels.append(base)
    return labels


def joined(forms: Sequence[Form]) -> list[int]:
    """Return a label for each of the different forms of one problem; equal labels are one cluster."""
    labels = list(range(len(forms)))
    if not any(form.loose for form in forms):
        return labels
    meetings: defaultdict[str, list[int]] = defaultdict(list)
    for index, form in enumerate(forms):
        for label in set(_meetings(form)):
            meetings[label].append(index)
    edges: set[tuple[int, int]] = set()
    for met in meetings.values():
        if 1 < len(met) <= MOST_IN_A_MEETING:
            for a, b in combinations(met, 2):
                if (a, b) not in edges and compatible(forms[a], forms[b]):
                    edges.add((a, b))
    components = _components(len(forms), edges)
    for members in components:
        if len(members) > 1 and sum(edge[0] in members for edge in edges) == len(members) * (len(members) - 1) // 2:
            first = min(members)
            for member in members:
                labels[member] = first
    return labels


def _components(count: int, edges: set[tuple[int, int]]) -> list[set[int]]:
    parent = list(range(count))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    for a, b in edges:
        parent[root(a)] = root(b)
    components: defaultdict[int, set[int]] = defaultdict(set)
    for index in range(count):
        components[root(index)].add(index)
    return list(components.values())

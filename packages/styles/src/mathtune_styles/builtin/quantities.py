"""Prealgebra in words: rates, ratios, averages, shopping and journeys, where the model must find the operations."""

import random
from math import gcd

import sympy

from mathtune_styles.builtin.latex import boxed
from mathtune_styles.builtin.template import Draw, Template
from mathtune_styles.builtin.words import GOODS, NAMES, OBJECTS, VEHICLES, two_names


def ratio_sharing(rng: random.Random) -> Draw:
    """Share a number of things between two or three people in a given ratio."""
    count = rng.choice((2, 3))
    while True:
        parts = [rng.randint(1, 9) for _ in range(count)]
        unit = rng.randint(2, 25)
        if gcd(*parts) == 1 and len(set(parts)) == count:
            break
    total, place = unit * sum(parts), rng.randrange(count)
    value = unit * parts[place]
    people, things = rng.sample(NAMES, count), rng.choice(OBJECTS)
    group = " and ".join(people) if count == 2 else f"{people[0]}, {people[1]} and {people[2]}"
    ratio, whole = " : ".join(map(str, parts)), " + ".join(map(str, parts))
    x = sympy.Symbol("x")
    return Draw(
        numbers=(*parts, unit, place),
        problem=rng.choice(
            (
                f"{group} share ${total}$ {things} in the ratio ${ratio}$. How many {things} does {people[place]} get?",
                f"{group} divide ${total}$ {things} between them in the ratio ${ratio}$. "
                f"How many does {people[place]} receive?",
            )
        ),
        solution=rf"{people[place]} gets $\frac{{{total}}}{{{whole}}} \cdot {parts[place]} = {value}$. "
        + boxed(str(value)),
        answer=str(value),
        level=count,
        check=lambda: parts[place] * sympy.solve(sum(part * x for part in parts) - total, x)[0],
    )


def unit_rate(rng: random.Random) -> Draw:
    """Scale a price from one number of things to another, perhaps with change from a note."""
    k, unit, m = rng.randint(2, 12), rng.randint(2, 25), rng.randint(2, 15)
    m = m if m != k else m + 1
    change = rng.random() < 0.4
    cost = unit * m
    paid = (cost // 50 + rng.randint(1, 2)) * 50
    _, many = rng.choice(GOODS)
    name = rng.choice(NAMES)
    work = rf"\frac{{{k * unit}}}{{{k}}} \cdot {m}"
    if change:
        value, work = paid - cost, f"{paid} - {work}"
        problem = (
            f"If ${k}$ {many} cost ${k * unit}$ dollars and {name} buys ${m}$ {many} at the same rate, "
            f"how many dollars of change does {name} get from ${paid}$ dollars?"
        )
    else:
        value = cost
        problem = rng.choice(
            (
                f"If ${k}$ {many} cost ${k * unit}$ dollars, how many dollars do ${m}$ {many} cost?",
                f"A shop sells ${k}$ {many} for ${k * unit}$ dollars. At this rate, how many dollars do "
                f"${m}$ {many} cost?",
            )
        )
    return Draw(
        numbers=(k, unit, m, paid) if change else (k, unit, m),
        problem=problem,
        solution=f"The number of dollars is ${work} = {value}$. {boxed(str(value))}",
        answer=str(value),
        level=3 if change else 2,
        check=lambda: (paid if change else 0) + sympy.Rational(k * unit * m, k) * (-1 if change else 1),
    )


def average(rng: random.Random) -> Draw:
    """Find the mean of three to five numbers."""
    count = rng.randint(3, 5)
    while True:
        values = [rng.randint(3, 99) for _ in range(count)]
        if sum(values) % count == 0:
            break
    mean, listed = sum(values) // count, ", ".join(f"${v}$" for v in values[:-1]) + f" and ${values[-1]}$"
    name = rng.choice(NAMES)
    problem = rng.choice(
        (
            f"What is the average of {listed}?",
            f"Find the mean of {listed}.",
            f"On ${count}$ tests {name} scored {listed} points. What is the average of the scores?",
        )
    )
    return Draw(
        numbers=tuple(values),
        problem=problem,
        solution=rf"The average is $\frac{{{' + '.join(map(str, values))}}}{{{count}}} = {mean}$. {boxed(str(mean))}",
        answer=str(mean),
        level=count - 1,
        check=lambda: sympy.Add(*(sympy.Rational(v, count) for v in values)),
    )


def shopping(rng: random.Random) -> Draw:
    """Find the cost of two kinds of goods, or the change, or the cost after a discount."""
    shape = rng.randint(0, 2)
    while True:
        a, b, p, q = rng.randint(2, 9), rng.randint(2, 9), rng.randint(2, 19), rng.randint(2, 19)
        cost, percent = a * p + b * q, 5 * rng.randint(1, 10)
        if shape != 2 or cost * percent % 100 == 0:
            break
    paid = (cost // 50 + rng.randint(1, 2)) * 50
    (one, many), (other, others) = rng.sample(GOODS, 2)
    name = rng.choice(NAMES)
    prices = f"A {one} costs ${p}$ dollars and a {other} costs ${q}$ dollars."
    bought = f"{name} buys ${a}$ {many} and ${b}$ {others}"
    basket = rf"{a} \cdot {p} + {b} \cdot {q}"
    extra = (0, paid, percent)[shape]
    value = (cost, paid - cost, cost - cost * percent // 100)[shape]
    work = (basket, f"{paid} - ({basket})", rf"({basket}) \cdot (1 - \frac{{{percent}}}{{100}})")[shape]
    question = (
        f"{bought}. How many dollars does {name} pay?",
        f"{bought} and pays with ${paid}$ dollars. How many dollars of change does {name} get?",
        rf"{bought} and gets ${percent}\%$ off the total. How many dollars does {name} pay?",
    )[shape]
    return Draw(
        numbers=(shape, a, p, b, q, extra),
        problem=f"{prices} {question}",
        solution=f"In dollars, this is ${work} = {value}$. {boxed(str(value))}",
        answer=str(value),
        level=3 + shape,
        check=lambda: (
            sympy.Matrix([[a, b]]).dot(sympy.Matrix([p, q])) * sympy.Rational(100 - (percent if shape == 2 else 0), 100)
            if shape != 1
            else paid - sympy.Matrix([[a, b]]).dot(sympy.Matrix([p, q]))
        ),
    )


def equal_shares(rng: random.Random) -> Draw:
    """Pack things in boxes, take some away, and share the rest equally."""
    boxes, each, friends, share = rng.randint(3, 15), rng.randint(3, 20), rng.randint(2, 9), rng.randint(2, 40)
    lost = boxes * each - friends * share
    while not 1 < lost < 60:
        boxes, each, friends, share = rng.randint(3, 15), rng.randint(3, 20), rng.randint(2, 9), rng.randint(2, 40)
        lost = boxes * each - friends * share
    name, things = rng.choice(NAMES), rng.choice(OBJECTS)
    away = rng.choice(("loses", "gives away", "keeps"))
    problem = rng.choice(
        (
            f"{name} has ${boxes}$ boxes of ${each}$ {things} each, {away} ${lost}$ {things}, and shares the others "
            f"equally among ${friends}$ friends. How many {things} does each friend get?",
            f"{name} fills ${boxes}$ bags with ${each}$ {things} each. Then {name} {away} ${lost}$ of the {things} and "
            f"divides the rest equally among ${friends}$ friends. How many does each friend receive?",
        )
    )
    return Draw(
        numbers=(boxes, each, lost, friends),
        problem=problem,
        solution=rf"Each friend gets $\frac{{{boxes} \cdot {each} - {lost}}}{{{friends}}} = {share}$. "
        + boxed(str(share)),
        answer=str(share),
        level=3,
        check=lambda: sympy.Rational(boxes * each, friends) - sympy.Rational(lost, friends),
    )


def journey(rng: random.Random) -> Draw:
    """Relate distance, speed and time over two legs or two travellers."""
    shape = rng.randint(0, 2)
    while True:
        v, w = rng.randint(12, 80), rng.randint(12, 80)
        t, s = rng.randint(2, 9), rng.randint(2, 9)
        total = v * t + w * s
        if v != w and (shape != 2 or total % (t + s) == 0):
            break
    mover = rng.choice(VEHICLES)
    legs = f"A {mover} goes ${v}$ miles per hour for ${t}$ hours and then ${w}$ miles per hour for ${s}$ hours."
    first, second = two_names(rng)
    problem = (
        rng.choice(
            (
                f"{first} and {second} drive away from the same town in opposite directions at ${v}$ and ${w}$ miles "
                f"per hour. How many miles apart are they after ${t}$ hours?",
                f"{first} and {second} start together and drive in opposite directions, {first} at ${v}$ miles per "
                f"hour and {second} at ${w}$ miles per hour. How many miles are between them after ${t}$ hours?",
            )
        ),
        legs + rng.choice((" How many miles does it go in all?", " How many miles long is the whole trip?")),
        legs + " What is the average speed of the whole trip, in miles per hour?",
    )[shape]
    work = (
        rf"({v} + {w}) \cdot {t}",
        rf"{v} \cdot {t} + {w} \cdot {s}",
        rf"\frac{{{v} \cdot {t} + {w} \cdot {s}}}{{{t} + {s}}}",
    )[shape]
    value = ((v + w) * t, total, total // (t + s))[shape]
    word = "average speed" if shape == 2 else "number of miles"
    legs_by_time = sympy.Matrix([v, w]).dot(sympy.Matrix([t, t if shape == 0 else s]))
    return Draw(
        numbers=(shape, v, w, t) if shape == 0 else (shape, v, w, t, s),
        problem=problem,
        solution=f"The {word} is ${work} = {value}$. {boxed(str(value))}",
        answer=str(value),
        level=(2, 3, 5)[shape],
        check=lambda: sympy.Rational(legs_by_time, t + s if shape == 2 else 1),
    )


def average_missing(rng: random.Random) -> Draw:
    """Find the number that brings an average to a given value."""
    count = rng.randint(3, 5)
    while True:
        known = [rng.randint(50, 99) if count > 3 else rng.randint(5, 60) for _ in range(count - 1)]
        mean = rng.randint(min(known), max(known))
        value = mean * count - sum(known)
        if 0 < value < 100 and len(set(known)) == count - 1:
            break
    listed = ", ".join(f"${v}$" for v in known[:-1]) + f" and ${known[-1]}$"
    name = rng.choice(NAMES)
    x = sympy.Symbol("x")
    problem = rng.choice(
        (
            f"{name} scored {listed} points in the first ${count - 1}$ games. How many points must {name} score in "
            f"the next game to have an average of ${mean}$ points in all ${count}$ games?",
            f"The average of {listed.replace(' and', ',')} and $x$ is ${mean}$. What is $x$?",
        )
    )
    return Draw(
        numbers=(*known, mean),
        problem=problem,
        solution=rf"The missing number is ${count} \cdot {mean} - ({' + '.join(map(str, known))}) = {value}$. "
        + boxed(str(value)),
        answer=str(value),
        level=count - 1,
        check=lambda: sympy.solve((sum(known) + x) / count - mean, x)[0],
    )


def joint_work(rng: random.Random) -> Draw:
    """Find how long two workers take together, one perhaps with a head start."""
    r, s, hours, head = rng.randint(3, 20), rng.randint(3, 20), rng.randint(2, 15), rng.choice((0, rng.randint(2, 6)))
    s = s if s != r else s + 1
    total = (r + s) * hours + r * head
    first, second = two_names(rng)
    thing = rng.choice(("chairs", "cakes", "baskets", "toys", "shirts"))
    rates = f"{first} makes ${r}$ {thing} an hour and {second} makes ${s}$ {thing} an hour."
    if head:
        work = rf"\frac{{{total} - {r} \cdot {head}}}{{{r} + {s}}}"
        question = (
            f"{first} works alone for ${head}$ hours before {second} joins in. For how many hours must they then "
            f"work together to have made ${total}$ {thing} in all?"
        )
    else:
        work = rf"\frac{{{total}}}{{{r} + {s}}}"
        question = rng.choice(
            (
                f"How many hours do they need to make ${total}$ {thing} together?",
                f"Working together, in how many hours do they make ${total}$ {thing}?",
            )
        )
    t = sympy.Symbol("t")
    return Draw(
        numbers=(r, s, total, head),
        problem=f"{rates} {question}",
        solution=f"The time in hours is ${work} = {hours}$. {boxed(str(hours))}",
        answer=str(hours),
        level=4 if head else 3,
        check=lambda: sympy.solve(r * (t + head) + s * t - total, t)[0],
    )


TEMPLATES: tuple[Template, ...] = (
    Template("ratio_sharing", "Prealgebra", ratio_sharing),
    Template("unit_rate", "Prealgebra", unit_rate),
    Template("average", "Prealgebra", average),
    Template("shopping", "Prealgebra", shopping),
    Template("equal_shares", "Prealgebra", equal_shares),
    Template("journey", "Prealgebra", journey),
    Template("average_missing", "Prealgebra", average_missing, held_out=True),
    Template("joint_work", "Prealgebra", joint_work, held_out=True),
)

"""Engines without a model for the tests of the pool; in a module of their own, for Ray's workers import it by name."""

import os
import signal
import sys
import time
from pathlib import Path

from mathtune_core.errors import MathtuneError


def open_doubler():
    """An engine that doubles numbers, and says so."""
    sys.stderr.write("warning: it doubles\n")
    return (lambda number: 2 * number), "doubler"


def open_by_process():
    """An engine that is another one in each process."""
    return (lambda number: 2 * number), f"engine {os.getpid()}"


def refuse():
    raise MathtuneError("model: no model here; look elsewhere")


def die_on_opening():
    os.kill(os.getpid(), signal.SIGKILL)


def double(engine, chunk):
    for number in chunk:
        yield number, engine(number)


def refuse_seven(engine, chunk):
    for number in chunk:
        if number == 7:
            raise MathtuneError("row 7: refused; leave it out")
        yield number, engine(number)


def break_on_seven(engine, chunk):
    for number in chunk:
        yield number, engine(number) // (number - 7)


def die_on_seven(engine, chunk):
    """A process that ends whenever the 7 comes up."""
    for number in chunk:
        if number == 7:
            os.kill(os.getpid(), signal.SIGKILL)
        yield number, engine(number)


class DieOnce:
    """Ends one process in the middle of a chunk, then works; what was worked on is noted in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, engine, chunk):
        for place, number in enumerate(chunk):
            died = self.folder / "died"
            if place == 2 and not died.exists():
                died.touch()
                time.sleep(0.5)  # what was given before is under way
                os.kill(os.getpid(), signal.SIGKILL)
            with (self.folder / "worked.txt").open("a") as file:
                file.write(f"{number}\n")
            yield number, engine(number)

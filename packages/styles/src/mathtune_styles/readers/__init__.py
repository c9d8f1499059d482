"""Problem sources read into one row form; what a source's name in params.yaml stands for."""

from collections.abc import Callable

from mathtune_styles.readers.builtin import read_builtin
from mathtune_styles.readers.gsm8k import read_gsm8k
from mathtune_styles.readers.inputs import Input
from mathtune_styles.readers.math import read_math, read_math500
from mathtune_styles.readers.prm800k import read_prm800k
from mathtune_styles.readers.source import Source
from mathtune_styles.readers.table import read_table

READERS: dict[str, Callable[[Input], Source]] = {
    "builtin": read_builtin,
    "gsm8k": read_gsm8k,
    "math": read_math,
    "math500": read_math500,
    "prm800k": read_prm800k,
    "table": read_table,
}

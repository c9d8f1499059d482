"""How long a stage's model worked, in a file beside the stage's table.

Two runs give the same table and never the same times. So times lie in a file of their own, timing.json, which only
the costs are read from: `{"seconds": 12.5, "tokens": 5000, "tokens_per_second": 400.0}`, or calls for tokens.
"""

import json
from pathlib import Path
from typing import Literal


def write_timing(path: Path, unit: Literal["tokens", "calls"], count: int, seconds: float) -> None:
    """Writes that `count` units of work took `seconds`; the rate is null where nothing was done."""
    rate = round(count / seconds, 3) if count and seconds > 0.0 else None
    timing = {"seconds": round(seconds, 6), unit: count, f"{unit}_per_second": rate}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(timing, indent=2) + "\n", encoding="utf-8")

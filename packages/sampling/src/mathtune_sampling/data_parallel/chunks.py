"""How much work is handed out at once: guided self-scheduling (Polychronopoulos and Kuck 1987), halved."""


def chunk_size(waiting: int, workers: int, least: int) -> int:
    """How many of `waiting` problems the next of `workers` gets.

    Half of an even share, so that chunks are large at first, when each end of a chunk costs the engine a half-empty
    batch, and small at last, when a worker without work would wait for the others. `least` fill a batch well enough.
    """
    return min(waiting, max(least, -(-waiting // (2 * workers))))

"""Rows of a dataset on the Hugging Face hub, at a pinned revision."""

import json
from typing import Any

from mathtune_core.digests import hash_text
from mathtune_core.errors import MathtuneError
from mathtune_styles.readers.source import SourceFile

HUB = "hub:"
ALL_CONFIGS = "*"

Split = tuple[str, tuple[tuple[str, dict[str, Any]], ...], SourceFile]


def hub_rows(location: str, revision: str, setting: str, splits: tuple[str, ...], config: str | None) -> list[Split]:
    """(split, rows with their places, record) for those of `splits` that the dataset has.

    `location` is `hub:NAME` or `hub:NAME:CONFIG`; where it names no configuration, `config` is read: ALL_CONFIGS for
    each of them, None for the only one. The record's hash is over the rows, so it does not depend on how they are
    stored. Raises MathtuneError when the dataset cannot be had, or `splits` or the configuration are not in it.
    """
    import datasets  # heavy, and only a hub dataset needs it
    from huggingface_hub.errors import HfHubHTTPError

    name, _, named = location.removeprefix(HUB).partition(":")
    config = named or config
    found: list[Split] = []
    try:
        known = datasets.get_dataset_config_names(name, revision=revision)
        configs = known if config == ALL_CONFIGS else [config] if config else known
        if config is None and len(known) > 1:
            raise MathtuneError(
                f"{location}: has the configurations {', '.join(known)}; set {setting} to {location}:ONE"
            )
        for chosen in configs:
            has = datasets.get_dataset_split_names(name, chosen, revision=revision)
            for split in (split for split in splits if split in has):
                table = datasets.load_dataset(name, chosen, split=split, revision=revision)
                part = split if len(configs) == 1 else f"{chosen}/{split}"
                rows = [dict(row) for row in table]
                # Dates and the like, which JSON has not, count by their text.
                digest = hash_text(json.dumps(rows, sort_keys=True, default=str))
                placed = tuple((f"{HUB}{name}/{part}: row {index}", row) for index, row in enumerate(rows))
                found.append((split, placed, SourceFile(f"{location}@{revision}/{part}", digest, len(rows))))
    except (OSError, ValueError, HfHubHTTPError) as error:
        reason = str(error).splitlines()[0]
        raise MathtuneError(
            f"{location}@{revision}: could not be read ({reason}); set {setting} to a local folder"
        ) from error
    if not found:
        raise MathtuneError(
            f"{location}@{revision}: has no {' or '.join(splits)} split; set {setting} to another dataset"
        )
    return found

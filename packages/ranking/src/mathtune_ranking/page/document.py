"""The page as one document: its styles and scripts stand inside, and a policy lets nothing else run."""

import base64
import hashlib
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

FOLDER = Path(__file__).parent
STYLE_SHEETS = ("report.css", "explorer.css")
# In the order in which they run: the later ones use what the earlier ones define.
SCRIPTS = ("latex_symbols.js", "mathml.js", "prose.js", "texts.js", "choices.js")
EXPLORER_SCRIPTS = ("pack.js", "reasons.js", "problem_view.js", "explorer.js")


def render(**values: Any) -> str:
    """The page. Whatever `values` hold is escaped, completions and problems too: they are other people's text.

    The content security policy names the hashes of our own styles and scripts, so that a browser runs no other, and
    forbids every load.
    """
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Our own files, which hold no text of anybody's.
    sheets = [_own(name) for name in STYLE_SHEETS]
    scripts = [_own(name) for name in (*SCRIPTS, *(EXPLORER_SCRIPTS if values["blocks"] else ()))]
    template = environment.get_template("report.html.j2")
    return template.render(sheets=sheets, scripts=scripts, policy=_policy(sheets, scripts), **values)


def _own(name: str) -> Markup:
    return Markup((FOLDER / name).read_text(encoding="utf-8"))  # noqa: S704


def _policy(styles: list[Markup], scripts: list[Markup]) -> str:
    return "; ".join(
        [
            "default-src 'none'",
            f"style-src {_hashes(styles)}",
            f"script-src {_hashes(scripts)}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def _hashes(texts: list[Markup]) -> str:
    digests = (hashlib.sha256(text.encode("utf-8")).digest() for text in texts)
    return " ".join(f"'sha256-{base64.b64encode(digest).decode('ascii')}'" for digest in digests)

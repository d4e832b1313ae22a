"""The parts of a page other than its text: data in script elements, and the policy that lets nothing else run."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Final

_HARMLESS: Final = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\x7f": "\\u007f"})
"""Characters that end a script element or open a comment in it occur only inside JSON texts, so they may be escaped."""


def script_json(value: object) -> str:
    """The value as JSON that is safe in a script element: ASCII without `<`, `>` and `&`."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).translate(_HARMLESS)


def content_security_policy(*, style: str = "", script: str = "", frames: bool = False) -> str:
    """The policy under which this style sheet and this script run, where there are any, and nothing is fetched or sent.

    With `frames`, files beside the page may be shown in frames: from `file://` too, where browsers say that every file
    has an origin of its own, `'self'` allows them.
    https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Content-Security-Policy
    """
    scripts = f"script-src '{_source_hash(script)}'; " if script else ""
    styles = f"style-src '{_source_hash(style)}'; " if style else ""
    shown = "frame-src 'self'; " if frames else ""
    return f"default-src 'none'; {scripts}{styles}{shown}base-uri 'none'; form-action 'none'"


def _source_hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"

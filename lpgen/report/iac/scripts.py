"""Folders of proposals, and scripts that apply them."""

from __future__ import annotations

import hashlib
import re
from typing import Final

_OTHER: Final = re.compile(r"[^A-Za-z0-9]+")
_SCRIPT: Final = '#!/bin/sh\nset -eu\ncd "$(dirname "$0")"\n{commands}\n'


def plain(text: str) -> str:
    """The text with hyphens in place of what isn't safe in file names, and not too long."""
    return _OTHER.sub("-", text)[:80]


def folder_of(arn: str, name: str) -> str:
    """A folder for an ARN, with a readable name. No other ARN has it."""
    digest = hashlib.sha256(arn.encode(errors="surrogatepass")).hexdigest()[:8]
    return f"{plain(name)}-{digest}"


def script(commands: str) -> str:
    """A shell script with commands that read the files next to it."""
    return _SCRIPT.format(commands=commands)

"""What people write for a bucket or a path, and how `lpgen ingest` takes it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from lpgen.errors import InvocationError, quote_input

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
_OTHER_ADDRESSES: Final = tuple(
    re.compile(pattern, re.ASCII)
    for pattern in (
        r"arn:[a-z-]+:s3:::([^/]+)/?(.*)",
        r"s3:/?([^/].*?)(?:/(.*))?",
        r"https?://s3[.-][^/]*amazonaws\.com(?:\.cn)?/([^/?]+)/?([^?]*).*",
        r"https?://([^/]+?)\.s3[.-][^/]*amazonaws\.com(?:\.cn)?/?([^?]*).*",
    )
)
_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|arn:", re.ASCII)
_SOURCES: Final = "name files, folders, `s3://BUCKET/PREFIX`, `athena://DATABASE.TABLE` or `cloudtrail://`"


def path_from_name(name: str) -> Path:
    """The path that a person names.

    Raises:
        InvocationError: there is none, and it is the address of something else.
    """
    path = Path(name)
    if path.exists():
        return path
    if found := next(filter(None, (pattern.fullmatch(name) for pattern in _OTHER_ADDRESSES)), None):
        address = f"s3://{found[1]}/{found[2] or ''}"
        raise InvocationError(f"{quote_input(name)} is no path", hint=f"write {quote_input(address)}")
    if _URL.match(name):
        raise InvocationError(f"lpgen reads no logs from {quote_input(name)}", hint=_SOURCES)
    return path

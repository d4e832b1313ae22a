"""The options that say which logs an ingest reads and how it reaches them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lpgen.edge.logs.inflate import DEFAULT_LIMITS
from lpgen.edge.logs.log_format import LogFormat


@dataclass(frozen=True, kw_only=True, slots=True)
class LogOptions:
    """The options of `lpgen ingest`, which `lpgen.ingest` takes too. The command's help explains them.

    `account` and `region` are one value or several.
    """

    since: str = ""
    until: str = ""
    account: str | Iterable[str] = ()
    region: str | Iterable[str] = ()
    profile: str = ""
    aws_region: str = ""
    endpoint_url: str = ""
    requester_pays: bool = False
    assume_role: str = ""
    format: LogFormat | None = None
    max_file_bytes: int = DEFAULT_LIMITS.file_bytes
    max_file_records: int = DEFAULT_LIMITS.records
    max_file_broken: int = DEFAULT_LIMITS.broken
    workgroup: str = ""
    output_location: str = ""
    yes: bool = False

"""The formats of log files."""

from __future__ import annotations

from enum import StrEnum


class LogFormat(StrEnum):
    """The formats of logs that an ingest may be limited to."""

    CLOUDTRAIL = "cloudtrail"
    S3_ACCESS = "s3-access"

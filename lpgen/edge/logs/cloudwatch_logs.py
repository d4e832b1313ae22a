"""CloudTrail records that passed through CloudWatch Logs, which wraps each in a log event of its own.

Sources: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html,
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/S3ExportTasks.html,
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
"""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Final

# The text before a JSON object in an export to S3, and before that the stream in the output of `aws logs tail`.
_TIME: Final = rb"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)?(?: [^\s{]+)? (?=\{)"
_FIRST_TIME: Final = re.compile(_TIME)
_PIECE: Final = 1 << 16
_TIMES: Final = re.compile(rb"^" + _TIME, re.MULTILINE)


def without_times(text: bytes) -> bytes:
    """Lines of a time and a JSON object without the times; any other text as it is."""
    if not _FIRST_TIME.match(text):
        return text
    found = bytearray()
    at = 0
    while at < len(text):  # a piece at a time, since a substitution holds every line of its input
        end = text.find(b"\n", at + _PIECE) + 1 or len(text)
        found += _TIMES.sub(b"", text[at:end])
        at = end
    return bytes(found)


def is_log_event(keys: Container[str]) -> bool:
    """Whether an object with these keys is an event of CloudWatch Logs, whose `message` is what was logged."""
    return "message" in keys and "timestamp" in keys

"""The files other than CloudTrail's records in a log bucket, recognized by their content."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html
# https://docs.aws.amazon.com/config/latest/developerguide/example-s3-snapshot.html
_DOCUMENTS: Final = (
    ("a CloudTrail digest file", {"digestStartTime", "digestS3Object"}),
    ("an AWS Config file", {"fileVersion", "configurationItems"}),
    ("an AWS Config file", {"fileVersion", "configSnapshotId"}),
    ("an EventBridge event of another kind", {"detail-type", "detail"}),
)

# https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html: a header of field names, `-` within them.
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html: type and time.
_TEXTS: Final = (
    ("a VPC flow log file", re.compile(rb"(?:[a-z0-9-]+ )*(?:account-id|interface-id|srcaddr|log-status)\b")),
    ("a load balancer access log file", re.compile(rb"(?:https?|h2|grpcs|wss?|tls) (?:\d\.\d )?\d{4}-\d\d-\d\dT")),
    ("a load balancer access log file", re.compile(rb"\d{4}-\d\d-\d\dT[\d:.]+Z [^\s{\[]+ \d")),
)

# The header of an answer of Athena, or of a download of the console's event history.
_TABLE: Final = re.compile(rb'"?event ?name\b|"?[\w ]+"?,[^\n]*\bevent ?name\b', re.IGNORECASE)


OTHER_KEYS: Final = frozenset().union(*(telling for _, telling in _DOCUMENTS))
"""The keys that distinguish other documents from records."""

_HEAD: Final = 1 << 12
"""How far a first line is read: a header is far shorter."""


def name_other_document(keys: Iterable[str]) -> str:
    """The kind of a JSON object with these keys, or "" where it may hold a record."""
    names = set(keys)
    return next((name for name, telling in _DOCUMENTS if telling <= names), "")


def name_other_text(text: bytes) -> str:
    """The kind of a text that is not JSON, by its first line, or "" where that isn't known."""
    return next((name for name, telling in _TEXTS if telling.match(text, 0, _HEAD)), "")


def is_table(text: bytes) -> bool:
    """Whether a text is records as CSV, by its header. The records can't be restored exactly: Athena writes structures
    such as `userIdentity` without quoting their content, and the console leaves most fields out."""
    return _TABLE.match(text, 0, _HEAD) is not None

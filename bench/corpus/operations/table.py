"""The notation of operations: a line each, as CloudTrail records the call.

    ACTION | event name | read or write | data type, `never`, or nothing | request parameters | response elements

The event name is left out where it is the action's. In the JSON texts `<0>`, `<1>`, … are the parts of the ARN's
resource between slashes and colons, `<name>` is the last one, `<rest>` the whole, `<path>` all parts but the first;
`<arn>`, `<region>`, `<account>` are those of the ARN. Of objects in buckets `<0>` is the bucket and `<path>` the key;
`<group>` is a log group's name. `%host` and `%queue` are the parameters of `FRAGMENTS`. An indented line continues the
one before.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

FRAGMENTS: Final = {
    "%host": '"Host": "<0>.s3.<region>.amazonaws.com"',
    "%queue": '"queueUrl": "https://sqs.<region>.amazonaws.com/<account>/<rest>"',
}

NEVER: Final = "never"
"""In place of a data type: CloudTrail doesn't record the call at all."""

SOURCES: Final = {
    "cloudwatch": "monitoring",
    "tag": "tagging",
}
"""Event sources that aren't the service prefix."""

GLOBAL: Final = frozenset({"iam", "route53", "cloudfront", "organizations", "ce"})
"""Services whose records lie in us-east-1.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html#cloudtrail-concepts-global-service-events
"""

_TOKEN: Final = re.compile(r"<(\w+)>")
_SEPARATOR: Final = re.compile("[/:]")


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation; `data_type` is "" for management events."""

    action: str
    event: str
    reads: bool
    data_type: str
    request: str
    response: str

    @property
    def service(self) -> str:
        """The service prefix of the action."""
        return self.action.partition(":")[0]

    @property
    def source(self) -> str:
        """The event source of its records."""
        return f"{SOURCES.get(self.service, self.service)}.amazonaws.com"

    def request_of(self, arn: str, region: str, account: str) -> dict[str, Any]:
        """The request parameters of a call on the resource."""
        return _filled(self.request, arn, region, account)

    def response_of(self, arn: str, region: str, account: str) -> dict[str, Any] | None:
        """The response elements of a call on the resource, None where CloudTrail records none."""
        return _filled(self.response, arn, region, account) if self.response else None


def read_operations(text: str) -> dict[str, Operation]:
    """The operations of a table by action."""
    found = {}
    text = text.replace("\n    ", " ")
    for name, fragment in FRAGMENTS.items():
        text = text.replace(name, fragment)
    for line in text.strip().splitlines():
        action, event, mode, data_type, request, response, *_ = [part.strip() for part in (line + "|||||").split("|")]
        name = event or action.partition(":")[2]
        found[action] = Operation(action, name, mode == "r", data_type, request or "{}", response)
    return found


@lru_cache(maxsize=20_000)
def _texts(arn: str, region: str, account: str) -> dict[str, str]:
    fields = arn.split(":", 5)
    rest = fields[5] if len(fields) == 6 else ""
    parts = _SEPARATOR.split(rest)
    numbered = {str(number): part for number, part in enumerate(parts)}
    return numbered | {
        "name": parts[-1],
        "rest": rest,
        "path": rest[len(parts[0]) + 1 :],
        "group": rest.removeprefix("log-group:").partition(":")[0],
        "arn": arn,
        "region": (fields[3] if len(fields) == 6 else "") or region,
        "account": (fields[4] if len(fields) == 6 else "") or account,
    }


def _filled(template: str, arn: str, region: str, account: str) -> dict[str, Any]:
    texts = _texts(arn, region, account)
    found: dict[str, Any] = json.loads(_TOKEN.sub(lambda token: texts.get(token[1], ""), template))
    return found

"""The world of a scenario."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bench.perimeter.scenario_files import DATA_EVENTS, account_of, is_data_event
from bench.scenario_reading import Json

HOME: Final = "us-east-1"
"""The home Region of all trails, and the Region of resources whose ARN names none."""

DATA_SERVICES: Final = tuple(name for name in DATA_EVENTS if name != "sns")
"""The services of the scenarios that log uses as data events."""

CREATES: Final = {
    "dynamodb:CreateTable": "dynamodb:TagResource",
    "ec2:RunInstances": "ec2:CreateTags",
    "ec2:CreateVolume": "ec2:CreateTags",
    "sqs:CreateQueue": "sqs:TagQueue",
    "secretsmanager:CreateSecret": "secretsmanager:TagResource",
    "lambda:CreateFunction": "lambda:TagResource",
    "kms:CreateKey": "kms:TagResource",
    "rds:CreateDBInstance": "rds:AddTagsToResource",
    "s3:CreateBucket": "s3:TagResource",
}
"""The actions that create resources, and those that they need as well if they set tags."""

TAGGING: Final = {
    "dynamodb": ("TagResource", "UntagResource"),
    "ec2": ("CreateTags", "DeleteTags"),
    "sqs": ("TagQueue", "UntagQueue"),
    "secretsmanager": ("TagResource", "UntagResource"),
    "lambda": ("TagResource", "UntagResource"),
    "kms": ("TagResource", "UntagResource"),
    "rds": ("AddTagsToResource", "RemoveTagsFromResource"),
    "s3": ("PutBucketTagging", "PutBucketTagging"),
    "iam": ("TagRole", "UntagRole"),
}
"""The actions of each service that set and remove tags of existing resources."""

_TYPES: Final = {
    r"dynamodb:table/[^/]+": "dynamodb:table",
    r"dynamodb:table/[^/]+/index/[^/]+": "dynamodb:index",
    r"dynamodb:table/[^/]+/stream/[^/]+": "dynamodb:stream",
    r"ec2:instance/[^/]+": "ec2:instance",
    r"ec2:volume/[^/]+": "ec2:volume",
    r"sqs:[^:/]+": "sqs:queue",
    r"secretsmanager:secret:.+": "secretsmanager:secret",
    r"lambda:function:[^:]+": "lambda:function",
    r"kms:key/[^/]+": "kms:key",
    r"rds:db:[^:]+": "rds:db",
    r"s3:[^/]+": "s3:bucket",
    r"s3:[^/]+/.+": "s3:object",
}
TYPES: Final = tuple(_TYPES.values())


@dataclass(frozen=True, slots=True)
class Scenario:
    """A world of principals, resources with tags, and calls, and what `lpgen tags` must say about it."""

    name: str
    half: str
    content: Json

    @property
    def accounts(self) -> list[str]:
        """The accounts. The first one owns what has no account in its ARN."""
        found: list[str] = self.content["accounts"]
        return found

    @property
    def checks(self) -> list[Json]:
        """What the output must say."""
        found: list[Json] = self.content["checks"]
        return found

    @property
    def principals(self) -> dict[str, Json]:
        """The listed principals by ARN."""
        return {found["arn"]: found for found in self.content["principals"]}

    @property
    def managed_policies(self) -> dict[str, Json]:
        """The documents of customer managed policies by ARN."""
        found: dict[str, Json] = self.content.get("managed_policies", {})
        return found

    @property
    def data_services(self) -> tuple[str, ...]:
        """The services whose data events the trails log."""
        return tuple(name for name in DATA_SERVICES if name in self.content.get("data_events", DATA_SERVICES))

    @property
    def seen_calls(self) -> list[Json]:
        """The calls that the trails log."""
        return [
            call
            for call in self.content["calls"]
            if not is_data_event(call) or call["action"].partition(":")[0] in self.data_services
        ]

    @property
    def listed(self) -> dict[str, dict[str, str]]:
        """The tags that the tagging API lists at the end, by resource."""
        return {found["arn"]: found["tags"] for found in self.content["resources"]}

    def owner_of(self, arn: str) -> str:
        """The account of a resource."""
        return account_of(arn) or self.accounts[0]

    def tags_of(self, arn: str) -> Mapping[str, str] | None:
        """The last known tags of a resource: listed, or else set by its creation and later calls in the logs."""
        arn = tagged_resource(arn)
        if arn in self.listed:
            return self.listed[arn]
        tags: dict[str, str] | None = None
        calls = [call for call in self.seen_calls if call["resource"] == arn and not call.get("error")]
        for call in sorted(calls, key=lambda call: -first_day_back(call, self.content["days"])):
            if call["action"] in CREATES:
                tags = dict(call.get("tags", {}))
            elif tags is not None:
                tags |= call.get("tags", {})
                tags = {key: value for key, value in tags.items() if key not in call.get("untag", ())}
        return tags


def tagged_resource(arn: str) -> str:
    """The resource whose tags count for an ARN: an index of DynamoDB has those of its table.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/attribute-based-access-control.html
    """
    return arn.partition("/index/")[0] if ":dynamodb:" in arn else arn


def type_of(arn: str) -> str:
    """The type of a resource as `service:type` in lower case, or an empty string."""
    parts = arn.split(":", 5)
    text = f"{parts[2]}:{parts[5]}" if len(parts) == 6 else ""
    return next((kind for pattern, kind in _TYPES.items() if re.fullmatch(pattern, text)), "")


def first_day_back(call: Json, days: int) -> int:
    """How many days before the end of the logs a call first happens."""
    span = call.get("days", days)
    return int(span[0] if isinstance(span, list) else span)


def last_day_back(call: Json) -> int:
    """How many days before the end of the logs a call last happens; 1 is the last day."""
    span = call.get("days", 1)
    return int(span[1]) + 1 if isinstance(span, list) else 1


def happens_once(call: Json) -> bool:
    """Whether a call happens only on its first day: it creates, deletes, tags or untags."""
    verb = call["action"].partition(":")[2]
    changes: Any = call.get("tags") or call.get("untag") or verb.startswith(("Delete", "Terminate", "Untag", "Remove"))
    is_done = call["action"] in CREATES or verb in {name for pair in TAGGING.values() for name in pair}
    return bool(changes or is_done) and verb not in ("DeleteItem", "DeleteMessage", "DeleteObject")

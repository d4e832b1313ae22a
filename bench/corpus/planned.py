"""The trails of a plan of `lpgen observe` in a corpus: what they record, their settings, and records of their making.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/filtering-data-events.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from bench.corpus.organization import Account

Json = dict[str, Any]

NEVER_ON: Final = datetime.max
"""The start of logs that don't exist."""

_FIELDS: Final = ("eventCategory", "eventName", "eventSource")


@dataclass(frozen=True, slots=True)
class Planned:
    """The planned trails by account, and since when they and the access logs of all buckets exist."""

    since: datetime
    trails: Mapping[str, list[Json]]
    access_logs_since: datetime = NEVER_ON

    def logs_access(self, moment: datetime) -> bool:
        """Whether buckets have server access logs at that moment."""
        return moment >= self.access_logs_since

    def is_on(self, account: Account, moment: datetime) -> bool:
        """Whether the account has such a trail at that moment."""
        return account.id in self.trails and moment >= self.since

    def records(self, account: Account, record: Json, moment: datetime) -> bool:
        """Whether one of them records an event of the account."""
        selectors = (selector for trail in self.trails.get(account.id, ()) for selector in trail["selectors"])
        return self.is_on(account, moment) and any(
            all(_passes(test, record) for test in selector["FieldSelectors"]) for selector in selectors
        )

    def settings(self, account: Account) -> Iterator[Json]:
        """What `aws cloudtrail get-trail` and `get-event-selectors` print of the account's planned trails."""
        for trail in self.trails.get(account.id, ()):
            about = {
                "Name": trail["name"],
                "TrailARN": trail["arn"],
                "HomeRegion": trail["home_region"],
                "S3BucketName": trail["bucket"],
                "IncludeGlobalServiceEvents": True,
                "IsMultiRegionTrail": True,
                "IsOrganizationTrail": False,
                "HasCustomEventSelectors": True,
            }
            yield {"Trail": about}
            yield {"TrailARN": trail["arn"], "AdvancedEventSelectors": trail["selectors"]}

    def changes(self, account: Account) -> Iterator[Json]:
        """The records of making the account's planned trails."""
        for number, trail in enumerate(self.trails.get(account.id, ())):
            put = {"trailName": trail["name"], "advancedEventSelectors": trail["selectors"]}
            requests = {"CreateTrail": {"name": trail["name"]}, "PutEventSelectors": put}
            requests |= {"StartLogging": {"name": trail["arn"]}}
            for step, (event, request) in enumerate(requests.items()):
                yield {
                    "eventVersion": "1.11",
                    "userIdentity": _planner(account),
                    "eventTime": self.since.strftime("%Y-%m-%dT%H:%M:%SZ"),
                    "eventSource": "cloudtrail.amazonaws.com",
                    "eventName": event,
                    "awsRegion": trail["home_region"],
                    "sourceIPAddress": "203.0.113.9",
                    "requestParameters": request,
                    "responseElements": {"trailARN": trail["arn"]} if event != "StartLogging" else None,
                    "eventID": f"0000000{number}-000{step}-4000-a000-{account.id}",
                    "readOnly": False,
                    "eventType": "AwsApiCall",
                    "managementEvent": True,
                    "recipientAccountId": account.id,
                    "eventCategory": "Management",
                }


def _planner(account: Account) -> Json:
    """The identity that makes the trails: a role that no policies name."""
    unique_id, name = "AROAPLANNER0000000000", "platform-trails"
    issuer = {"type": "Role", "principalId": unique_id, "accountId": account.id, "userName": name}
    issuer["arn"] = f"arn:aws:iam::{account.id}:role/{name}"
    return {
        "type": "AssumedRole",
        "principalId": f"{unique_id}:ops",
        "arn": f"arn:aws:sts::{account.id}:assumed-role/{name}/ops",
        "accountId": account.id,
        "sessionContext": {"sessionIssuer": issuer},
    }


NO_PLAN: Final = Planned(datetime.min, {})
"""No planned trails."""


def read_plan(path: Path, since: datetime) -> Planned:
    """The trails of a plan that `lpgen observe --format json` printed."""
    plan = json.loads(path.read_text(encoding="utf-8"))
    return Planned(since, {found["account"]: found["trails"] for found in plan["accounts"]})


def _passes(test: Mapping[str, Any], record: Json) -> bool:
    """Whether the record's field passes each operator of a test: some value matches, or none for a negative one."""
    values = _values(test["Field"], record)
    return all(
        any(_matches(operator.removeprefix("Not"), value, tuple(wanted)) for value in values)
        is not operator.startswith("Not")
        for operator, wanted in test.items()
        if operator != "Field"
    )


def _matches(operator: str, value: str, wanted: tuple[str, ...]) -> bool:
    match operator:
        case "StartsWith":
            return value.startswith(wanted)
        case "EndsWith":
            return value.endswith(wanted)
    return value in wanted


def _values(field: str, record: Json) -> list[str]:
    """The values of a record's field, as selectors compare them: types, and ARNs or their prefixes."""
    resources: list[Mapping[str, str]] = record.get("resources", [])
    match field:
        case "readOnly":
            return ["true" if record["readOnly"] else "false"]
        case "resources.type":
            return [resource["type"] for resource in resources]
        case "resources.ARN":
            return [resource.get("ARN") or resource.get("ARNPrefix", "") for resource in resources]
        case "userIdentity.arn":
            return [record["userIdentity"].get("arn", "")]
    if field not in _FIELDS:
        raise ValueError(f"a plan tests the field {field}")
    return [str(record[field])]

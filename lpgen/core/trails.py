"""The settings of trails: the events, accounts and Regions that each trail records.

https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_Trail.html
https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final


class TrailSource(StrEnum):
    """The source of the claim that the logs of exactly these trails were ingested."""

    NAMED = "named"  # a person, by naming the trails
    SNAPSHOT = "snapshot"  # a snapshot, which has every trail of an account, wherever its logs are stored


class FieldOperator(StrEnum):
    """How a selector compares a field. A positive test needs any value to match; a negative test allows none."""

    EQUALS = "Equals"
    STARTS_WITH = "StartsWith"
    ENDS_WITH = "EndsWith"
    NOT_EQUALS = "NotEquals"
    NOT_STARTS_WITH = "NotStartsWith"
    NOT_ENDS_WITH = "NotEndsWith"


RESOURCE_FIELD: Final = "resources.ARN"
CALLER_FIELD: Final = "userIdentity.arn"
"""Fields that selectors test by any operator. Trails have the second one for data events and network activity.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/filtering-data-events.html
"""

NEGATIVE: Final = frozenset({FieldOperator.NOT_EQUALS, FieldOperator.NOT_STARTS_WITH, FieldOperator.NOT_ENDS_WITH})


@dataclass(frozen=True, slots=True, order=True)
class FieldTest:
    """One test of a selector on one field of a record, such as `readOnly` or `resources.ARN`."""

    field: str
    operator: FieldOperator
    values: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.field} {self.operator} {', '.join(self.values)}"


@dataclass(frozen=True, slots=True, order=True)
class Selector:
    """An event selector, which records the events that pass all its tests.

    `category` is its `eventCategory`, `Management` or `Data`. Other categories record no calls, or only copies of
    calls. Classic selectors are converted to this form.
    """

    category: str
    tests: tuple[FieldTest, ...]


@dataclass(frozen=True, slots=True, order=True)
class Trail:
    """One trail. `global_events` says whether it records IAM, STS and CloudFront, and `logging` whether it is on now.

    `bucket` is the bucket of its log files, or "" if unknown.
    """

    arn: str
    name: str
    account: str
    home_region: str
    multi_region: bool
    global_events: bool
    organization: bool
    logging: bool
    selectors: tuple[Selector, ...]
    bucket: str = ""

    def serves(self, account: str) -> bool:
        """Whether it records an account. A trail of an organization counts for each account of the logs."""
        return self.logging and (self.organization or self.account == account)


_DATA_EVENTS: Final = "data events of {kinds}"


def describe_trail(trail: Trail) -> str:
    """The events that a trail records, in one sentence."""
    owner = "the organization" if trail.organization else trail.account
    where = "all Regions" if trail.multi_region else trail.home_region
    found: dict[str, list[str]] = {}
    for selector in trail.selectors:
        kind = next((test.values for test in selector.tests if test.field == "resources.type"), ())
        limits = " and ".join(str(test) for test in selector.tests if test.field != "resources.type")
        if selector.category in ("Data", "Management"):
            what = _DATA_EVENTS.format(kinds=", ".join(kind)) if selector.category == "Data" else "management events"
            found.setdefault(what, []).append(limits)
    recorded = [
        what if "" in limits else f"{what} with {' or '.join(limits)}" for what, limits in sorted(found.items())
    ]
    state = "" if trail.logging else " (not logging now)"
    return f"{trail.arn} of {owner} in {where}{state}: {'; '.join(recorded) or 'nothing'}"


def trails_of_accounts(trails: Iterable[Trail], accounts: Iterable[str]) -> Mapping[str, tuple[Trail, ...]]:
    """The trails that record each account, for the accounts that the settings cover.

    A trail that is off now also counts: it shows that nothing is recorded.
    """
    listed = tuple(trails)
    return {
        account: tuple(trail for trail in listed if trail.serves(account))
        for account in accounts
        if any(trail.organization or trail.account == account for trail in listed)
    }


@dataclass(frozen=True, slots=True, order=True)
class TrailChange:
    """One successful change in a record. `trail` is the ARN of the trail, or "" if the record doesn't name it."""

    when: datetime
    event: str
    account: str
    trail: str
    caller: str
    example_event_id: str

    def __str__(self) -> str:
        what = f"of {self.trail.rpartition('/')[2]} " if self.trail else ""
        moment = self.when.strftime("%Y-%m-%dT%H:%M:%SZ")
        return f"{self.event} {what}at {moment} by {self.caller} (example {self.example_event_id})"

    def concerns(self, trail: str) -> bool:
        """Whether it changed, or may have changed, a trail."""
        return not self.trail or not trail or self.trail == trail

"""The settings of trails: which events of which accounts and Regions each one records.

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
    """The source of the statement that the logs of these trails, and no others, were ingested."""

    NAMED = "named"  # a person, by naming the trails
    SNAPSHOT = "snapshot"  # no one: a snapshot holds every trail of an account, wherever its logs are stored


class FieldOperator(StrEnum):
    """How a selector compares a field. A value of a negative one must not fit; of a positive one any value may."""

    EQUALS = "Equals"
    STARTS_WITH = "StartsWith"
    ENDS_WITH = "EndsWith"
    NOT_EQUALS = "NotEquals"
    NOT_STARTS_WITH = "NotStartsWith"
    NOT_ENDS_WITH = "NotEndsWith"


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
    """The events that one event selector records: those that pass all its tests.

    `category` is its `eventCategory`, `Management` or `Data`; others record no calls, or bare copies of them. Classic
    selectors are written in the same words.
    """

    category: str
    tests: tuple[FieldTest, ...]


@dataclass(frozen=True, slots=True, order=True)
class Trail:
    """One trail. `global_events` says whether it records IAM, STS and CloudFront; `logging` whether it is on now.

    `bucket` is the bucket of its log files, "" where nothing says it.
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
        """Whether it records an account; a trail of an organization is taken to record each account of the logs."""
        return self.logging and (self.organization or self.account == account)


def describe_trail(trail: Trail) -> str:
    """The events that a trail records, in one sentence."""
    owner = "the organization" if trail.organization else trail.account
    where = "all Regions" if trail.multi_region else trail.home_region
    found: dict[str, list[str]] = {}
    for selector in trail.selectors:
        kind = next((test.values for test in selector.tests if test.field == "resources.type"), ())
        limits = " and ".join(str(test) for test in selector.tests if test.field != "resources.type")
        if selector.category in ("Data", "Management"):
            what = f"data events of {', '.join(kind)}" if selector.category == "Data" else "management events"
            found.setdefault(what, []).append(limits)
    recorded = [
        what if "" in limits else f"{what} with {' or '.join(limits)}" for what, limits in sorted(found.items())
    ]
    state = "" if trail.logging else " (not logging now)"
    return f"{trail.arn} of {owner} in {where}{state}: {'; '.join(recorded) or 'nothing'}"


def trails_of_accounts(trails: Iterable[Trail], accounts: Iterable[str]) -> Mapping[str, tuple[Trail, ...]]:
    """The trails that record each account, for the accounts that the settings cover.

    A trail that doesn't log now still decides: it says that nothing is recorded.
    """
    listed = tuple(trails)
    return {
        account: tuple(trail for trail in listed if trail.serves(account))
        for account in accounts
        if any(trail.organization or trail.account == account for trail in listed)
    }


@dataclass(frozen=True, slots=True, order=True)
class TrailChange:
    """One recorded change that was allowed. `trail` is its ARN, or "" where the record doesn't say which."""

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

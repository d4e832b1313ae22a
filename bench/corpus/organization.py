"""The accounts of a corpus: their Regions, when they were opened, and what their trails record.

Each account has one trail of its own with advanced event selectors. Management events are recorded; of the pairs of
an account and a type of data events half are turned off, and some of the others record writes only.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from bench.corpus.calendar import START, Place

DATA_TYPES: Final = (
    "AWS::S3::Object",
    "AWS::DynamoDB::Table",
    "AWS::Lambda::Function",
    "AWS::SQS::Queue",
    "AWS::SNS::Topic",
    "AWS::Kinesis::Stream",
)
ORGANIZATION: Final = "o-a1b2c3d4e5"
_REGIONS: Final = (("us-east-1", "us-west-2"), ("eu-west-1", "eu-central-1"), ("eu-central-1", "eu-west-1"))
_NAMES: Final = (
    *("shop-prod", "shop-staging", "payments-prod", "data-prod", "media-prod", "platform", "security", "shared"),
    *("logistics-prod", "research", "payments-staging", "mobile-prod", "partner-prod", "sandbox"),
)
_PRINCIPALS_PER_ACCOUNT: Final = 30
JUDGED_ACCOUNTS: Final = {"recorded": True, "quiet": False, "guarded": True, "fenced": False}
"""The accounts of the judged kinds, and whether their trails record data events. The last two have SCPs."""

INTRUDED_ACCOUNTS: Final = ("harbor", "meadow", "summit", "canyon")
"""The accounts that hold intruders: two of the tuned half, then two of the held-back half. All record data events."""


@dataclass(slots=True)
class Account:
    """An account. `opened` is the day, -1 where it was there before; `recorded` has by data type `all` or `writes`.

    `estate` collects the resources of its principals by service, for those who read everything; `silences` are the
    times between which its trail was stopped.
    """

    name: str
    id: str
    regions: tuple[str, str]
    opened: int
    recorded: dict[str, str]
    estate: dict[str, list[Place]] = field(default_factory=dict)
    silences: list[tuple[datetime, datetime]] = field(default_factory=list)

    @property
    def trail(self) -> str:
        """The trail's ARN."""
        return f"arn:aws:cloudtrail:{self.regions[0]}:{self.id}:trail/{self.name}-trail"

    def is_silent(self, moment: datetime) -> bool:
        """Whether the trail was stopped at that moment."""
        return any(start < moment < end for start, end in self.silences)

    def records(self, data_type: str, *, reads: bool) -> bool:
        """Whether the trail records data events of the type."""
        setting = self.recorded.get(data_type)
        return setting == "all" or (setting == "writes" and not reads)

    def about(self) -> dict[str, Any]:
        """The entry of `accounts.json`."""
        return {
            "id": self.id,
            "name": self.name,
            "regions": self.regions,
            "opened": (START + timedelta(days=self.opened)).isoformat() if self.opened >= 0 else None,
            "data_events": self.recorded,
            "logging_stopped": [[start.isoformat(), end.isoformat()] for start, end in self.silences],
        }


def draw_accounts(rng: random.Random, principals: int, days: int) -> list[Account]:
    """The organization's accounts: one in six is opened during the year."""
    count = max(3, min(len(_NAMES), principals // _PRINCIPALS_PER_ACCOUNT))
    pairs = [(number, kind) for number in range(count) for kind in DATA_TYPES]
    switched_on = set(rng.sample(pairs, len(pairs) // 2))
    accounts = []
    for number in range(count):
        recorded = {
            kind: "writes" if rng.random() < 0.15 else "all" for kind in DATA_TYPES if (number, kind) in switched_on
        }
        opened = days * rng.randint(3, 7) // 12 if number % 6 == 2 else -1
        accounts.append(
            Account(_NAMES[number], str(rng.randrange(10**11, 10**12)), rng.choice(_REGIONS), opened, recorded)
        )
    return accounts


def draw_judged_accounts(rng: random.Random) -> dict[str, Account]:
    """The accounts of the judged kinds by name."""
    return {
        name: Account(
            f"{name}-prod",
            str(rng.randrange(10**11, 10**12)),
            rng.choice(_REGIONS),
            -1,
            dict.fromkeys(DATA_TYPES, "all") if is_recorded else {},
        )
        for name, is_recorded in JUDGED_ACCOUNTS.items()
    }


def draw_intruded_accounts(rng: random.Random) -> dict[str, Account]:
    """The accounts that hold intruders by name."""
    recorded = dict.fromkeys(DATA_TYPES, "all")
    return {
        name: Account(f"{name}-prod", str(rng.randrange(10**11, 10**12)), rng.choice(_REGIONS), -1, dict(recorded))
        for name in INTRUDED_ACCOUNTS
    }


def draw_crew_accounts(rng: random.Random, names: Mapping[str, bool], copy: int) -> dict[str, Account]:
    """The accounts of one copy of the crews of a half, by name; `names` says which record data events."""
    regions = rng.choice(_REGIONS)
    return {
        name: Account(
            f"crews{copy}-{name}",
            str(rng.randrange(10**11, 10**12)),
            regions,
            -1,
            dict.fromkeys(DATA_TYPES, "all") if is_recorded else {},
        )
        for name, is_recorded in names.items()
    }


def trail_settings(account: Account) -> list[dict[str, Any]]:
    """What `aws cloudtrail get-trail` and `get-event-selectors` print of the account's trail."""
    trail = {
        "Name": f"{account.name}-trail",
        "S3BucketName": "central-cloudtrail-logs",
        "IncludeGlobalServiceEvents": True,
        "IsMultiRegionTrail": True,
        "HomeRegion": account.regions[0],
        "TrailARN": account.trail,
        "LogFileValidationEnabled": True,
        "HasCustomEventSelectors": True,
        "HasInsightSelectors": False,
        "IsOrganizationTrail": False,
    }
    chosen = [_selector("Management")]
    for kind, setting in account.recorded.items():
        chosen.append(_selector("Data", kind, writes_only=setting == "writes"))
    return [{"Trail": trail}, {"TrailARN": account.trail, "AdvancedEventSelectors": chosen}]


def _selector(category: str, kind: str = "", *, writes_only: bool = False) -> dict[str, Any]:
    fields = [{"Field": "eventCategory", "Equals": [category]}]
    if kind:
        fields.append({"Field": "resources.type", "Equals": [kind]})
    if writes_only:
        fields.append({"Field": "readOnly", "Equals": ["false"]})
    return {"Name": kind or category, "FieldSelectors": fields}

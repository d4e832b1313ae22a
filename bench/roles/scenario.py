"""A world of users, roles, groups and calls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from bench.guardrails.records import heartbeat_of
from bench.perimeter.evaluator import Request, as_list
from bench.perimeter.records import END
from bench.perimeter.scenario_files import account_of
from bench.scenario_reading import Json
from bench.tags.decisions import asked_request
from bench.tags.scenario import Scenario as World

ALWAYS_ALLOWED: Final = frozenset({"sts:GetCallerIdentity"})
"""Actions that need no permission, and that no policy denies.

https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
"""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A world of users, roles, groups and calls, and what `lpgen roles` must say about it."""

    name: str
    half: str
    content: Json

    @property
    def accounts(self) -> dict[str, str]:
        """The accounts, each with its environment or an empty string."""
        found: dict[str, str] = self.content["accounts"]
        return found

    @property
    def principals(self) -> dict[str, Json]:
        """The principals by ARN, with a role of each account that calls something every day."""
        listed = [*self.content["principals"], *map(heartbeat_of, self.accounts)]
        return {found["arn"]: found for found in listed}

    @property
    def users(self) -> list[str]:
        """The ARNs of the users."""
        return [arn for arn in self.principals if ":user/" in arn]

    @property
    def managed_policies(self) -> dict[str, Json]:
        """The documents of managed policies by ARN."""
        found: dict[str, Json] = self.content.get("managed_policies", {})
        return found

    @property
    def groups(self) -> dict[str, Json]:
        """The groups by `account/name`."""
        found: dict[str, Json] = self.content.get("groups", {})
        return found

    @property
    def checks(self) -> Json:
        """What the output must say."""
        found: Json = self.content["checks"]
        return found

    @property
    def sessions(self) -> dict[str, Json]:
        """The sessions of roles by their label in the scenario."""
        found: dict[str, Json] = self.content.get("sessions", {})
        return found

    @property
    def resource_policies(self) -> dict[str, Json]:
        """The policies of resources by ARN."""
        found: dict[str, Json] = self.content.get("resource_policies", {})
        return found

    @property
    def seen_calls(self) -> list[Json]:
        """The calls in the logs."""
        return [call for call in self.content.get("calls", ()) if not call.get("future")]

    @property
    def sign_ins(self) -> list[Json]:
        """The sign-ins to the console."""
        found: list[Json] = self.content.get("sign_ins", [])
        return found

    @property
    def world(self) -> World:
        """The same world as the judge of tags sees it: it knows how to write calls and decide requests."""
        parts = {"accounts": list(self.accounts), "resources": [], "calls": self.seen_calls}
        return World(self.name, self.half, {**self.content, **parts})

    def documents_of(self, arn: str) -> list[Json]:
        """The policies of a principal, those of its groups included."""
        found = self.principals[arn]
        keys = [f"{account_of(arn)}/{name}" for name in found.get("groups", ())]
        holders = [found, *(self.groups[key] for key in keys)]
        managed = [self.managed_policies[name] for one in holders for name in one.get("managed", ())]
        return [document for one in holders for document in one.get("policies", ())] + managed

    def request(self, call: Json) -> Request:
        """The request that AWS decides for a call, with the keys that AWS gives every request."""
        context = {"aws:SourceIp": call["network"]} if "network" in call else {}
        if call.get("console"):
            context |= {"aws:MultiFactorAuthPresent": "true"}
        asked = {key: call[key] for key in ("by", "action", "resource")}
        return asked_request(self.world, asked | {"context": context | call.get("context", {})})


def days_of(call: Json, length: int) -> Iterator[date]:
    """The days of a call or sign-in in the logs, in order."""
    first, last = _span(call, length)
    for back in range(first, last - 1, -int(call.get("every", 1))):
        day = END - timedelta(days=back)
        if not call.get("weekdays") or day.weekday() < 5:
            yield day


def _span(call: Json, length: int) -> tuple[int, int]:
    """How many days before the end of the logs a call first and last happens; 1 is the last day."""
    first, last = call.get("days", [length, 0])
    return max(int(first), 1), int(last) + 1 if first > last else max(int(last), 1)


def statements_of(documents: list[Json]) -> list[Json]:
    """The statements of several documents."""
    return [statement for document in documents for statement in as_list(document["Statement"])]

"""The world of a scenario."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from bench.perimeter.scenario_files import account_of
from bench.scenario_reading import Json

HOME: Final = "us-east-1"
"""The home Region of all trails, and the Region of calls that name none: that of the global services."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A world of accounts, principals and calls, and what `lpgen guardrails` must say about it."""

    name: str
    half: str
    content: Json

    @property
    def command(self) -> str:
        """`scp` or `boundary`."""
        return str(self.content["command"])

    @property
    def checks(self) -> list[Json]:
        """What the output must say."""
        found: list[Json] = self.content["checks"]
        return found

    @property
    def options(self) -> list[str]:
        """The options of the command, except those that name its inputs."""
        return [str(word) for word in self.content.get("options", [])]

    @property
    def principals(self) -> dict[str, Json]:
        """The listed principals by ARN."""
        return {found["arn"]: found for found in self.content["principals"]}

    @property
    def management(self) -> str:
        """The management account, or an empty string."""
        return str(self.content.get("organization", {}).get("management_account", ""))

    @property
    def accounts(self) -> tuple[str, ...]:
        """All accounts: those of the organization, or those of the principals."""
        units = self.content.get("organization", {}).get("units", [])
        named = {account for unit in units for account in unit["accounts"]} | {self.management} - {""}
        return tuple(sorted(named | {account_of(arn) for arn in self.principals}))

    @property
    def logged(self) -> tuple[str, ...]:
        """The accounts that have logs."""
        return tuple(self.content.get("logged_accounts", self.accounts))

    @property
    def is_multi_region(self) -> bool:
        """Whether the trails log all Regions; else they log the home Region."""
        return bool(self.content.get("multi_region", True))

    @property
    def seen_calls(self) -> list[Json]:
        """The calls that the trails log."""
        logged = self.logged
        return [
            call
            for call in self.content["calls"]
            if account_of_caller(call["by"], call["resource"]) in logged
            and (self.is_multi_region or region_of(call) == HOME)
        ]

    def accounts_of(self, unit: str) -> tuple[str, ...]:
        """The accounts of a unit that SCPs restrict: never the management account."""
        units = [found for found in self.content["organization"]["units"] if found["id"] == unit]
        return tuple(account for found in units for account in found["accounts"] if account != self.management)


def region_of(call: Json) -> str:
    """The Region of a call or request."""
    return str(call.get("region", HOME))


def arn_of_caller(by: str) -> str:
    """The ARN of a caller; `root:ACCOUNT` is short for the root user, and services have none."""
    return f"arn:aws:iam::{by.removeprefix('root:')}:root" if by.startswith("root:") else by


def account_of_caller(by: str, resource: str) -> str:
    """The account whose trail records a call: the caller's, or for a service that of the resource."""
    return account_of(resource if by.startswith("service:") else arn_of_caller(by))


def is_service_linked(by: str) -> bool:
    """Whether a caller is a service-linked role."""
    return ":role/aws-service-role/" in by


def statements_of(documents: list[Json]) -> Iterator[Json]:
    """The statements of policy documents."""
    for document in documents:
        found: Any = document["Statement"]
        yield from found if isinstance(found, list) else [found]

"""What is left over in a scenario's accounts.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from bench.guardrails.scenario import is_service_linked
from bench.perimeter.evaluator import as_list
from bench.perimeter.scenario_files import account_of
from bench.roles.scenario import Scenario
from bench.scenario_reading import Json

_DELETED: Final = re.compile(r"A(?:ROA|IDA)[A-Z0-9]+")
"""What IAM shows in place of the ARN after a role or user is deleted."""


def leftovers_of(scenario: Scenario) -> set[tuple[str, str]]:
    """The kinds and ARNs of all that nobody uses."""
    return set(_found(scenario))


def _found(scenario: Scenario) -> Iterator[tuple[str, str]]:
    holders: list[Json] = [*scenario.principals.values(), *scenario.groups.values()]
    used = {arn for one in holders for arn in one.get("managed", ())}
    used |= {one["boundary"] for one in holders if "boundary" in one}
    for arn in scenario.managed_policies:
        if arn not in used and not arn.startswith("arn:aws:iam::aws:"):
            yield "unattached-policy", arn
    members = {
        f"{account_of(arn)}/{name}" for arn, one in scenario.principals.items() for name in one.get("groups", ())
    }
    for key, group in scenario.groups.items():
        account, _, name = key.partition("/")
        if key not in members:
            yield "empty-group", f"arn:aws:iam::{account}:group/{name}"
        if not group.get("managed") and not group.get("policies"):
            yield "group-without-policies", f"arn:aws:iam::{account}:group/{name}"
    for profile in scenario.content.get("instance_profiles", ()):
        if not profile.get("roles"):
            yield "empty-instance-profile", profile["arn"]
    for arn, one in scenario.principals.items():
        if "trust" in one and not is_service_linked(arn) and not _is_assumable(scenario, one["trust"]):
            yield "unassumable-role", arn


def _is_assumable(scenario: Scenario, trust: Json) -> bool:
    allows = [one for one in as_list(trust["Statement"]) if one["Effect"] == "Allow"]
    return any(_exists(scenario, kind, value) for one in allows for kind, value in principals_of(one))


def principals_of(statement: Json) -> Iterator[tuple[str, str]]:
    """The principals that a statement of a trust policy names, each with its kind."""
    if "NotPrincipal" in statement:
        yield "Not", "*"
    named: Any = statement.get("Principal")
    for kind, values in named.items() if isinstance(named, dict) else [("AWS", named)]:
        yield from ((kind, value) for value in as_list(values))


def _exists(scenario: Scenario, kind: str, value: str) -> bool:
    if kind != "AWS":
        return True
    if _DELETED.fullmatch(value):
        return False
    account, path = account_of(value), (value.split(":", 5) + [""] * 6)[5]
    if account not in scenario.accounts or path == "root":
        return True
    if path.startswith("assumed-role/"):
        return any(arn.endswith(f"/{path.split('/')[1]}") and ":role/" in arn for arn in scenario.principals)
    return value in scenario.principals

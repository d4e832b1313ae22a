"""Reads scenarios, and refuses those with mistakes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

from bench.guardrails.scenario import Scenario, account_of_caller, is_service_linked
from bench.perimeter.evaluator import as_list
from bench.scenario_reading import Json, document_mistakes, read_scenarios, unknown_keys

_FOLDER: Final = Path(__file__).parent / "scenarios"
FOLDERS: Final = {"open": _FOLDER, "held-back": _FOLDER / "held_back"}
STATES: Final = ("safe", "unsafe", "refused")
KINDS: Final = ("services", "regions", "dangerous")
_SHARED: Final = (
    *("no-access-report", "missing-logs", "few-days", "management-account", "region-reached", "single-region-logs"),
    *("observed-refused", "too-large", "too-many", "role-names", "nothing", "already", "invalid"),
)
REASONS: Final = {
    "scp": _SHARED,
    "boundary": (*_SHARED, "no-created-roles", "escapes", "trust-unknown", "services-unknown"),
}
_SERVICES: Final = Path(__file__).parents[2] / "action_catalog" / "services"
_REQUESTS: Final = {
    "scp": {"allows": "by action resource region context", "denies": "by action resource region context"},
    "boundary": dict.fromkeys(
        ("boundary_allows", "boundary_denies", "creator_allows", "creator_denies"), "action resource context"
    ),
}
_KEYS: Final = {
    name: frozenset(keys.split())
    for name, keys in {
        "scp scenario": "title sources command organization access_reports inventory days logged_accounts multi_region "
        "principals scps calls options checks",
        "boundary scenario": "title sources command days logged_accounts multi_region principals scps calls options "
        "checks",
        "organization": "organization management_account delegated units",
        "unit": "id name accounts",
        "row": "ServiceName ServiceNamespace LastAuthenticatedTime EntityPath Region TotalAuthenticatedEntities",
        "resource": "arn regions",
        "principal": "arn trust policies boundary",
        "call": "by action resource region days error request",
        "scp check": "unit kind state why reasons not_reasons names denies_list kept_list told_list allows denies",
        "boundary check": "state why reasons not_reasons names boundary_allows boundary_denies creator_allows "
        "creator_denies",
        "document": "Version Id Statement",
        "statement": "Sid Effect Principal NotPrincipal Action NotAction Resource NotResource Condition",
    }.items()
}


_unknown_keys = partial(unknown_keys, _KEYS)


def load_scenarios(half: str, folder: Path) -> list[Scenario]:
    """The scenarios of a folder, by name.

    Raises:
        ValueError: Files have mistakes; the message has a line per mistake, which names its file and place.
    """
    return read_scenarios(half, folder, Scenario, _mistakes)


def _mistakes(scenario: Scenario) -> Iterator[str]:
    """The mistakes of a scenario, each with its place."""
    content = scenario.content
    if scenario.command not in REASONS:
        yield f"command: {scenario.command} is neither scp nor boundary"
        return
    yield from _unknown_keys(f"{scenario.command} scenario", "scenario", content)
    if missing := [key for key in ("title", "sources", "days", "principals", "checks") if not content[key]]:
        yield f"scenario: no {', '.join(missing)}"
    if not all(source.startswith("https://") for source in content["sources"]):
        yield "sources: not an https address"
    yield from _world_mistakes(scenario)
    if scenario.command == "scp":
        yield from _organization_mistakes(scenario)
    for index, call in enumerate(content["calls"]):
        for mistake in _call_mistakes(scenario, call):
            yield f"calls[{index}]: {mistake}"
    for index, check in enumerate(scenario.checks):
        for mistake in _check_mistakes(scenario, check):
            yield f"checks[{index}]: {mistake}"


def _world_mistakes(scenario: Scenario) -> Iterator[str]:
    found = scenario.content["principals"]
    if len(scenario.principals) != len(found):
        yield "principals: an ARN occurs twice"
    for index, principal in enumerate(found):
        yield from _unknown_keys("principal", f"principals[{index}]", principal)
        if ("trust" in principal) != (":role/" in principal["arn"]):
            yield f"principals[{index}]: a role has a trust policy, and a user has none"
    if strange := set(scenario.logged) - set(scenario.accounts):
        yield f"logged_accounts: no accounts {', '.join(sorted(strange))}"
    documents = {key: scenario.content.get(key) for key in ("principals", "scps")}
    yield from document_mistakes(_KEYS, documents)


def _organization_mistakes(scenario: Scenario) -> Iterator[str]:
    content = scenario.content
    yield from _unknown_keys("organization", "organization", content["organization"])
    units = [unit["id"] for unit in content["organization"]["units"]]
    for index, unit in enumerate(content["organization"]["units"]):
        yield from _unknown_keys("unit", f"organization.units[{index}]", unit)
        if not re.fullmatch(r"(?:ou|r)-[0-9a-z-]+|\d{12}", unit["id"]):
            yield f"organization.units[{index}]: {unit['id']} is the id of no unit"
    for unit, rows in content.get("access_reports", {}).items():
        if unit not in units:
            yield f"access_reports: no unit {unit}"
        for index, row in enumerate(rows):
            yield from _unknown_keys("row", f"access_reports.{unit}[{index}]", row)
            if not _actions(row["ServiceNamespace"]):
                yield f"access_reports.{unit}[{index}]: no service {row['ServiceNamespace']}"
    for index, resource in enumerate(content.get("inventory", [])):
        yield from _unknown_keys(
            "resource", f"inventory[{index}]", resource if isinstance(resource, dict) else {"arn": resource}
        )


def _call_mistakes(scenario: Scenario, call: Json) -> Iterator[str]:
    yield from _unknown_keys("call", "call", call)
    yield from _request_mistakes(call)
    by = call["by"]
    if by.startswith("arn:") and by not in scenario.principals and not is_service_linked(by):
        yield f"{by} isn't a principal of the scenario"
    if account_of_caller(by, call["resource"]) not in scenario.accounts:
        yield f"{by} is of no account of the scenario"
    if not 1 <= call.get("days", 1) <= scenario.content["days"]:
        yield "days outside the logs"


def _request_mistakes(asked: Json) -> Iterator[str]:
    service, _, name = asked["action"].partition(":")
    if name not in _actions(service) and asked["action"] != "signin:ConsoleLogin":
        yield f"unknown action {asked['action']}"
    caller = r"root:\d{12}|service:[a-z0-9.-]+\.amazonaws\.com|arn:aws:iam::\d{12}:(?:role|user)/.+"
    if "by" in asked and not re.fullmatch(caller, asked["by"]):
        yield f"no such caller: {asked['by']}"


def _check_mistakes(scenario: Scenario, check: Json) -> Iterator[str]:
    command = scenario.command
    yield from _unknown_keys(f"{command} check", "check", check)
    if set(as_list(check.get("state", "safe"))) - set(STATES) or check.get("state") == []:
        yield "no such state"
    if command == "scp" and (
        check["kind"] not in KINDS
        or check["unit"] not in [one["id"] for one in scenario.content["organization"]["units"]]
    ):
        yield "no such unit or kind"
    if unknown := {*check.get("reasons", ()), *check.get("not_reasons", ())} - set(REASONS[command]):
        yield f"unknown reasons {', '.join(sorted(unknown))}"
    if not check.get("why"):
        yield "no `why`"
    for place, keys in _REQUESTS[command].items():
        for index, asked in enumerate(check.get(place, [])):
            if unknown := set(asked) - set(keys.split()):
                yield f"{place}[{index}]: unknown keys {', '.join(sorted(unknown))}"
            for mistake in _request_mistakes(asked):
                yield f"{place}[{index}]: {mistake}"
            if missing := {"action", "resource", *(["by"] if command == "scp" else [])} - set(asked):
                yield f"{place}[{index}]: no {', '.join(sorted(missing))}"


@cache
def _actions(service: str) -> frozenset[str]:
    """The actions of a service, from the service authorization reference."""
    if not re.fullmatch(r"[a-z0-9-]+", service) or not (path := _SERVICES / f"{service}.json").exists():
        return frozenset()
    content: dict[str, Any] = json.loads(path.read_text())
    return frozenset(action["name"] for action in content["actions"])


def matching_actions(service: str, pattern: str) -> list[str]:
    """The names of a service's actions that match a lower-case pattern with `*`."""
    wanted = re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), re.IGNORECASE)
    return sorted(name for name in _actions(service) if wanted.fullmatch(name))

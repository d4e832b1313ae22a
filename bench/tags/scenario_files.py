"""Reads scenarios and refuses those with mistakes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from bench.guardrails.scenario_files import matching_actions
from bench.perimeter.evaluator import as_list
from bench.perimeter.scenario_files import account_of
from bench.scenario_reading import Json, document_mistakes, read_scenarios, unknown_keys
from bench.tags.scenario import CREATES, DATA_SERVICES, TAGGING, TYPES, Scenario, first_day_back, last_day_back

_FOLDER: Final = Path(__file__).parent / "scenarios"
FOLDERS: Final = {"open": _FOLDER, "held-back": _FOLDER / "held_back"}
STATES: Final = ("safe", "unsafe", "refused", "none")
UNSAFE: Final = ("tags-unknown", "tag-writers", "tags-changed", "not-recorded", "few-days", "observed-refused")
REFUSED: Final = ("ambiguous-key", "abac-off", "too-large", "invalid")
REASONS: Final = (*UNSAFE, *REFUSED)
_REQUESTS: Final = ("allows", "denies", "guard_allows", "guard_denies")
_KEYS: Final = {
    name: frozenset(keys.split())
    for name, keys in {
        "scenario": "title sources accounts days data_events principals managed_policies scps resources calls options "
        "checks",
        "principal": "arn tags trust policies managed boundary",
        "resource": "arn tags",
        "call": "by action resource days tags untag error",
        "check": "principal type statement policy state why key values principal_tag reasons not_reasons writers "
        "not_writers managers excluded still_allowed allows denies guard_allows guard_denies",
        "request": "by action resource resource_tags context",
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
    yield from _unknown_keys("scenario", "scenario", content)
    if missing := [key for key in ("title", "sources", "accounts", "days", "principals", "checks") if not content[key]]:
        yield f"scenario: no {', '.join(missing)}"
    if not all(source.startswith("https://") for source in content["sources"]):
        yield "sources: not an https address"
    if not all(re.fullmatch(r"\d{12}", account) for account in scenario.accounts):
        yield "accounts: not ids of 12 digits"
    if unknown := set(content.get("data_events", ())) - set(DATA_SERVICES):
        yield f"data_events: unknown services {', '.join(sorted(unknown))}"
    yield from _principal_mistakes(scenario)
    yield from _document_mistakes(scenario)
    for index, found in enumerate(content["resources"]):
        yield from _unknown_keys("resource", f"resources[{index}]", found)
        if not isinstance(found["tags"], dict) or not found["arn"].startswith("arn:aws:"):
            yield f"resources[{index}]: no ARN or no tags"
        if scenario.owner_of(found["arn"]) not in scenario.accounts:
            yield f"resources[{index}]: of no account of the scenario"
    if len(scenario.listed) != len(content["resources"]):
        yield "resources: an ARN occurs twice"
    for index, call in enumerate(content["calls"]):
        yield from (f"calls[{index}]: {mistake}" for mistake in _call_mistakes(scenario, call))
    for index, check in enumerate(scenario.checks):
        yield from (f"checks[{index}]: {mistake}" for mistake in _check_mistakes(scenario, check))


def _principal_mistakes(scenario: Scenario) -> Iterator[str]:
    found = scenario.content["principals"]
    if len(scenario.principals) != len(found):
        yield "principals: an ARN occurs twice"
    for index, principal in enumerate(found):
        place, arn = f"principals[{index}]", principal["arn"]
        yield from _unknown_keys("principal", place, principal)
        if not re.fullmatch(r"arn:aws:iam::\d{12}:(?:role|user)/.+", arn) or account_of(arn) not in scenario.accounts:
            yield f"{place}: no role or user of the accounts"
        if ("trust" in principal) != (":role/" in arn):
            yield f"{place}: a role has a trust policy, and a user has none"
        if unknown := set(principal.get("managed", ())) - set(scenario.managed_policies):
            yield f"{place}: unknown policies {', '.join(sorted(unknown))}"


def _document_mistakes(scenario: Scenario) -> Iterator[str]:
    documents = {key: scenario.content.get(key) for key in ("principals", "managed_policies", "scps")}
    yield from document_mistakes(_KEYS, documents)


def _call_mistakes(scenario: Scenario, call: Json) -> Iterator[str]:
    yield from _unknown_keys("call", "call", call)
    yield from _request_mistakes(call)
    by, days = call["by"], scenario.content["days"]
    if by not in scenario.principals:
        yield f"{by} isn't a principal of the scenario"
    if scenario.owner_of(call["resource"]) != account_of(by):
        yield f"{call['resource']} is in another account"
    if not 1 <= last_day_back(call) <= first_day_back(call, days) <= days:
        yield "days outside the logs"
    service, _, name = call["action"].partition(":")
    can_tag = call["action"] in CREATES or name in (*TAGGING.get(service, ()), "TagUser", "UntagUser")
    if ("tags" in call or "untag" in call) and not can_tag:
        yield f"{call['action']} sets no tags"


def _request_mistakes(asked: Json) -> Iterator[str]:
    service, _, name = asked["action"].partition(":")
    if name not in matching_actions(service, name.lower()):
        yield f"unknown action {asked['action']}"
    if not re.fullmatch(r"\*|arn:aws:[a-z0-9-]+:[a-z0-9-]*:\d*:.+", asked["resource"]):
        yield f"no resource {asked['resource']}"


def _check_mistakes(scenario: Scenario, check: Json) -> Iterator[str]:
    yield from _unknown_keys("check", "check", check)
    if check["principal"] not in scenario.principals:
        yield f"{check['principal']} isn't a principal of the scenario"
    if check["type"].lower() not in TYPES:
        yield f"unknown type {check['type']}"
    states = as_list(check["state"])
    if not states or set(states) - set(STATES):
        yield "no such state"
    if "none" in states and set(check) - {"principal", "type", "statement", "policy", "state", "why"}:
        yield "a check can't ask more of a proposal that may not exist"
    if unknown := {*check.get("reasons", ()), *check.get("not_reasons", ())} - set(REASONS):
        yield f"unknown reasons {', '.join(sorted(unknown))}"
    if not check.get("why"):
        yield "no `why`"
    for place in _REQUESTS:
        for index, asked in enumerate(check.get(place, [])):
            yield from _unknown_keys("request", f"{place}[{index}]", asked)
            yield from (f"{place}[{index}]: {mistake}" for mistake in _request_mistakes(asked))
            if asked["by"] not in scenario.principals and place in ("allows", "denies"):
                yield f"{place}[{index}]: {asked['by']} isn't a principal of the scenario"

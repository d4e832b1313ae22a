"""What is true of every proposal to split a role, whatever the scenario checks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from fnmatch import fnmatchcase
from typing import Final

from bench.guardrails.scenario import is_service_linked
from bench.perimeter.records import END
from bench.perimeter.scenario_files import account_of
from bench.roles.likeness import trust_lines
from bench.roles.scenario import ALWAYS_ALLOWED, Scenario, days_of
from bench.roles.scenario_files import SESSION_KINDS, SPLIT_AGAINST, STATES
from bench.roles.split_parts import Place, Placement, askers_of, used_sessions
from bench.roles.split_policies import danger_faults, policy_faults
from bench.scenario_reading import Json

_SHOWN: Final = 3
_RECENT_DAYS: Final = 30
"""The last covered days, in which a session or a use is new."""
_ROLE_NAME: Final = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""


def broken_split_list_laws(scenario: Scenario, output: Json) -> Iterator[str]:
    """Whether each role is split once, and all new roles have names of their own."""
    splits = output["splits"]
    roles = [split["role"] for split in splits]
    if len(set(roles)) != len(roles):
        yield "a role is split twice"
    taken = {(account_of(arn), arn.rpartition("/")[2].lower()) for arn in scenario.principals if ":role/" in arn}
    for split in splits:
        for part in split["parts"]:
            key = account_of(split["role"]), part["name"].lower()
            if key in taken:
                yield f"the name {part['name']} is taken"
            if not _ROLE_NAME.fullmatch(part["name"]):
                yield f"IAM refuses the name {part['name']}"
            taken.add(key)


def broken_split_laws(scenario: Scenario, split: Json) -> Iterator[str]:
    """The laws that a proposal to split a role breaks, a sentence each."""
    role = split["role"]
    if ":role/" not in role or role not in scenario.principals or is_service_linked(role):
        yield "it is no role that anybody can split"
        return
    yield from _form_faults(split)
    # IAM Identity Center writes the trust policies of permission sets.
    trust = None if "/aws-reserved/" in role else scenario.principals[role]["trust"]
    if trust_lines(split["trust"]) != trust_lines(trust):
        yield "the trust policy isn't the role's"
    placement = Placement(scenario, split)
    yield from _session_faults(placement)
    yield from _caller_faults(placement)
    for number, part in enumerate(placement.parts):
        faults = [*policy_faults(placement, number), *danger_faults(placement, number)]
        yield from (f"{part['name']}: {fault}" for fault in faults)
    if split["state"] == "safe":
        yield from _crossing_faults(placement)


def _form_faults(split: Json) -> Iterator[str]:
    kinds = {one["kind"] for one in split["against"]}
    if unknown := sorted(kinds - set(SPLIT_AGAINST)):
        yield f"no such reason: {', '.join(unknown)}"
    if split["state"] not in STATES or (split["state"] == "safe") != (not kinds):
        yield f"a split is {split['state']} with {', '.join(sorted(kinds)) or 'nothing'} against it"
    if not all(one["text"].strip() and isinstance(one["names"], list) for one in split["against"]):
        yield "reasons without a text or names"
    if len(split["parts"]) < 2:
        yield "fewer than two parts"
    if any(not part["callers"] for part in split["parts"]) != ("callers-unknown" in kinds):
        yield "callers are missing without callers-unknown, or the other way round"
    entries = [entry for part in split["parts"] for entry in part["sessions"]]
    if ("new-sessions" in kinds) != any(map(_is_new, entries)):
        yield "sessions are new or of a single day without new-sessions, or the other way round"
    for part in split["parts"]:
        if not part["sessions"] or not part["policy"] or not all("Statement" in one for one in part["policy"]):
            yield f"{part['name']} has no sessions or no policy"
        if not 0 <= part["dangerous_removed"] <= part["removed"] or not part["removed"]:
            yield f"{part['name']} removes {part['removed']}, of these dangerous {part['dangerous_removed']}"
    for entry in entries:
        first, last = date.fromisoformat(entry["first_day"]), date.fromisoformat(entry["last_day"])
        if entry["kind"] not in SESSION_KINDS or first > last or entry["records"] < 1:
            yield f"no such sessions: {entry}"


def _is_new(entry: Json) -> bool:
    first = date.fromisoformat(entry["first_day"])
    return first >= END - timedelta(days=_RECENT_DAYS) or entry["first_day"] == entry["last_day"]


# ---- Sessions


def _session_faults(placement: Placement) -> Iterator[str]:
    """Every session in the logs is in exactly one part, and each entry tells the days and records of its sessions."""
    found: dict[Place, list[tuple[date, list[Json]]]] = {}
    lost: dict[str, int] = {}
    for session, calls in used_sessions(placement.scenario, placement.role):
        places = placement.places_of(session.kind, session.value)
        if (parts := len({place.part for place in places})) != 1:
            lost[session.value] = parts
        for place in places:
            found.setdefault(place, []).append((session.day, calls))
    yield from (f"the session {value} is in {parts} parts" for value, parts in list(lost.items())[:_SHOWN])
    with_errors = any(one["by"] == placement.role and one.get("error") for one in placement.scenario.seen_calls)
    for number, part in enumerate(placement.parts):
        for index, entry in enumerate(part["sessions"]):
            shown = entry["first_day"], entry["last_day"], entry["records"]
            known = list(_counts(found.get(Place(number, index), [])))
            if not known:
                yield f"no session is {entry['value']}"
            elif not with_errors and shown not in known:
                yield f"{entry['value']} has {shown}, not {' or '.join(map(str, known))}"


def _counts(found: list[tuple[date, list[Json]]]) -> Iterator[tuple[str, str, int]]:
    """The days and number of sessions' records: of all calls, or of those that need a permission."""
    used = [(day, [call for call in calls if call["action"] not in ALWAYS_ALLOWED]) for day, calls in found]
    for counted in (found, used):
        if days := [day for day, calls in counted if calls]:
            yield min(days).isoformat(), max(days).isoformat(), sum(len(calls) for _, calls in counted)


def _caller_faults(placement: Placement) -> Iterator[str]:
    """Each caller of a part asks for sessions of it. For sessions of resources, any of the role's callers may be named:
    requests don't name the resource."""
    scenario = placement.scenario
    for number, part in enumerate(placement.parts):
        kinds = {entry["kind"] for entry in part["sessions"]}
        labels = [
            label
            for label, session in scenario.sessions.items()
            if session["of"] == placement.role
            if "resource" in kinds or number in placement.parts_of(label)
        ]
        known = {name for label in labels for names in askers_of(scenario, label) for name in names}
        if wrong := [one for one in part["callers"] if not any(fnmatchcase(name, one) for name in known)]:
            yield f"{part['name']} isn't asked for by {', '.join(wrong)}"


# ---- The past


def _crossing_faults(placement: Placement) -> Iterator[str]:
    """In the last days of a safe split, no part first used an action that another part had used before these days."""
    length, start = placement.scenario.content["days"], END - timedelta(days=_RECENT_DAYS)
    firsts: list[dict[str, date]] = []
    for number in range(len(placement.parts)):
        days = [(call["action"], day) for call in placement.calls_of(number) for day in days_of(call, length)]
        firsts.append({action: min(day for one, day in days if one == action) for action, _ in days})
    for number, first in enumerate(firsts):
        before = {action for other in firsts if other is not first for action, day in other.items() if day < start}
        if crossed := sorted(action for action, day in first.items() if day >= start and action in before):
            name = placement.parts[number]["name"]
            yield f"{name} recently first used what others used: {', '.join(crossed[:_SHOWN])}"

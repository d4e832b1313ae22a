"""The splits that a scenario's checks ask for, which the judge of `lpgen roles` must accept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import count
from typing import Final

from bench.perimeter.evaluator import applies, as_list
from bench.perimeter.records import END
from bench.roles.scenario import Scenario, statements_of
from bench.roles.sessions import PLACEHOLDER, kind_of
from bench.roles.split_parts import used_sessions
from bench.scenario_reading import Json

_TEXTS: Final = {"source-identity": "source_identity", "resource": "resource", "name": "name"}


def example_splits(scenario: Scenario) -> list[Json]:
    """The splits that name their parts, with policies that allow exactly the calls of each."""
    names = (f"split-{number}" for number in count())
    return [_split(scenario, check, names) for check in scenario.checks.get("splits", ()) if "parts" in check]


def _split(scenario: Scenario, check: Json, names: Iterator[str]) -> Json:
    role = check["role"]
    labels = [list(job["sessions"]) for job in check["parts"]]
    listed = {label for part in labels for label in part}
    used = {session.label for session, _ in used_sessions(scenario, role)}
    labels[0] += sorted(used - listed)
    parts = [_part(scenario, role, next(names), own) for own in labels]
    kinds = list(check.get("against", ()))
    entries = [entry for part in parts for entry in part["sessions"]]
    recent = (END - timedelta(days=30)).isoformat()
    if any(one["first_day"] >= recent or one["first_day"] == one["last_day"] for one in entries):
        kinds.append("new-sessions")
    if not all(part["callers"] for part in parts):
        kinds.append("callers-unknown")
    if "unsafe" in as_list(check.get("state")) and not kinds and "safe" not in as_list(check["state"]):
        kinds.append("unproven")
    return {
        "role": role,
        "state": "unsafe" if kinds else "safe",
        "parts": parts,
        "trust": None if "/aws-reserved/" in role else scenario.principals[role]["trust"],
        "against": [{"kind": kind, "text": "A reason.", "names": []} for kind in sorted(set(kinds))],
    }


def _part(scenario: Scenario, role: str, name: str, labels: list[str]) -> Json:
    askers = [one for label in labels if label for one in as_list(scenario.sessions[label].get("asked_by"))]
    return {
        "name": name,
        "sessions": _entries(scenario, role, labels),
        "callers": sorted({one.get("service") or one.get("by") or one["subject"] for one in askers}),
        "removed": 1,
        "dangerous_removed": 1,
        "policy": [{"Version": "2012-10-17", "Statement": _statements(scenario, role, labels)}],
    }


def _entries(scenario: Scenario, role: str, labels: list[str]) -> list[Json]:
    """The entries of a part: labels with one pattern are one entry."""
    found: dict[tuple[str, str], list[tuple[date, int]]] = {}
    for session, calls in used_sessions(scenario, role):
        if session.label in labels:
            given = scenario.sessions.get(session.label, {"name": session.value})
            text = given[_TEXTS[kind_of(given)]]
            # Nobody can fold what somebody made up.
            value = session.value if "{word}" in text else PLACEHOLDER.sub("*", text)
            found.setdefault((session.kind, value), []).append((session.day, len(calls)))
    return [
        {
            "kind": kind,
            "value": value,
            "first_day": min(days)[0].isoformat(),
            "last_day": max(days)[0].isoformat(),
            "records": sum(records for _, records in days),
        }
        for (kind, value), days in found.items()
    ]


def _statements(scenario: Scenario, role: str, labels: list[str]) -> list[Json]:
    """The old statements that allow the recorded calls of sessions, with only the action and resource of each call."""
    found = {}
    for call in scenario.seen_calls:
        if call["by"] == role and call.get("session", "") in labels and not call.get("error"):
            request = scenario.request(call)
            old = statements_of(scenario.documents_of(role))
            line = next(
                (one for one in old if one["Effect"] == "Allow" and applies(one, request, principal=False)), None
            )
            if line:
                granted = {"Action": call["action"], "Resource": call["resource"]}
                found[call["action"], call["resource"]] = {**line, **granted}
    return [found[used] for used in sorted(found)]

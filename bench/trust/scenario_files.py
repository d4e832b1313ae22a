"""Reads scenarios, and says what is wrong with one: a scenario must be a consistent world."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from bench.trust.assumptions import Assumption, assumptions_from
from bench.trust.referee import Json, allows, as_list, may_allow, request_from_json

FOLDERS: Final = {
    "open": Path(__file__).parent / "scenarios",
    "held-back": Path(__file__).parent / "scenarios" / "held_back",
}
SEVERITIES: Final = {
    "anyone": ("high",),
    "any-identity": ("high",),
    "any-repository": ("high",),
    "any-ref": ("medium",),
    "pull-requests": ("medium",),
    "open-prefix": ("medium", "high"),
    "mutable-name": ("low",),
    "missing-audience": ("medium",),
    "literal-wildcard": ("medium",),
    "unsatisfiable": ("medium",),
    "other-account": ("high", "low"),
    "missing-principal": ("medium",),
    "unused": ("low",),
    "new-github-subject": ("medium",),
}
PROPOSALS: Final = ("narrowed", "none", "refused", "any")
_FIELDS: Final = {"name", "about", "sources", "snapshot", "records", "github_ids", "future", "expect"}
_RECORD_FIELDS: Final = (
    "eventVersion",
    "eventTime",
    "eventSource",
    "eventName",
    "eventID",
    "eventType",
    "eventCategory",
    "awsRegion",
    "recipientAccountId",
    "readOnly",
    "managementEvent",
    "userIdentity",
)
_EXPECTED: Final = {"findings", "absent", "never_seen", "proposal", "accepted", "rejected"}
COVERED_DAYS: Final = 80
"""On how many days an account must have records for its logs to count as covering them."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A world and what `lpgen trust` must say about it."""

    name: str
    half: str
    content: Json

    @property
    def roles(self) -> dict[str, Json]:
        """The roles of the snapshot by ARN."""
        return {role["Arn"]: role for role in self.content["snapshot"].get("RoleDetailList", [])}

    @property
    def assumptions(self) -> tuple[Assumption, ...]:
        """The recorded assumptions of roles."""
        return assumptions_from(self.content["records"])

    @property
    def future(self) -> tuple[Assumption, ...]:
        """The legitimate assumptions after the records."""
        return assumptions_from(self.content.get("future", []))

    @property
    def github_ids(self) -> dict[str, Json]:
        """The ids of repositories and owners by owner/repository."""
        ids: dict[str, Json] = self.content.get("github_ids") or {}
        return ids


def load_scenarios(half: str) -> tuple[Scenario, ...]:
    """The scenarios of a half (`open`, `held-back` or `both`), by name."""
    halves = tuple(FOLDERS) if half == "both" else (half,)
    return tuple(
        Scenario(path.stem, name, _with_each_record(json.loads(path.read_text())))
        for name in halves
        for path in sorted(FOLDERS[name].glob("*.json"))
    )


def _with_each_record(content: Json) -> Json:
    """A scenario's file with all records. The file has records that differ only in their times, and in the ids of
    shared events, once, with a list of the times, or of pairs of time and id."""
    names: list[str] = [name for name in ("records", "future") if name in content]
    return {**content, **{name: list(_expanded(content[name], name)) for name in names}}


def _expanded(templates: list[Json], name: str) -> Iterator[Json]:
    found: list[Json] = []
    for template in templates:
        rest = {key: value for key, value in template.items() if key != "eventTimes"}
        for moment in template["eventTimes"]:
            time, shared = moment if isinstance(moment, list) else (moment, None)
            event_id = str(uuid5(NAMESPACE_URL, f"{name}/{len(found)}"))
            found.append(
                {**rest, "eventTime": time, "eventID": event_id, **({"sharedEventID": shared} if shared else {})}
            )
    yield from sorted(found, key=lambda record: record["eventTime"])


def problems_of(scenario: Scenario) -> Iterator[str]:
    """What is wrong with the file of a scenario, a sentence each."""
    content = scenario.content
    yield from _form_problems(scenario)
    if unknown := [arn for arn in content["expect"] if arn not in scenario.roles]:
        yield f"the snapshot lacks {unknown}"
        return
    yield from _record_problems(scenario)
    for arn, expected in content["expect"].items():
        yield from _expectation_problems(scenario, arn, expected)
    yield from _history_problems(scenario)


def _form_problems(scenario: Scenario) -> Iterator[str]:
    content = scenario.content
    if content.get("name") != scenario.name or not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", scenario.name):
        yield "the name isn't the file's, or has other characters than a-z, 0-9 and hyphens"
    if unknown := set(content) - _FIELDS:
        yield f"unknown fields {sorted(unknown)}"
    if not content.get("about") or not content.get("expect"):
        yield "there is no `about` or no `expect`"
    sources = content.get("sources") or [""]
    if not all(source.startswith("https://") for source in sources):
        yield "a source is no https address"
    for role in scenario.roles.values():
        if not isinstance(role.get("AssumeRolePolicyDocument"), dict):
            yield f"{role['Arn']} has no trust policy"


def _record_problems(scenario: Scenario) -> Iterator[str]:
    records, future = scenario.content["records"], scenario.content.get("future", [])
    identities = [record.get("eventID") for record in (*records, *future)]
    if len(set(identities)) != len(identities):
        yield "an eventID occurs twice"
    for record in (*records, *future):
        if missing := [field for field in _RECORD_FIELDS if field not in record]:
            yield f"{record.get('eventID')} lacks {missing}"
    if not all("2026-08-01" <= record["eventTime"][:10] <= "2026-10-29" for record in records):
        yield "a record lies outside 2026-08-01 … 2026-10-29"
    if not all(record["eventTime"].startswith("2026-11-") for record in future):
        yield "a future record isn't of November 2026"
    for arn, expected in scenario.content["expect"].items():
        days = {record["eventTime"][:10] for record in records if record["recipientAccountId"] == arn.split(":")[4]}
        if expected.get("proposal") == "narrowed" and len(days) < COVERED_DAYS:
            yield f"{arn} must be narrowed, but only {len(days)} days have records"


def _expectation_problems(scenario: Scenario, arn: str, expected: Json) -> Iterator[str]:
    if unknown := set(expected) - _EXPECTED:
        yield f"unknown expectations {sorted(unknown)}"
    kinds: list[Any] = [*expected.get("findings", []), *expected.get("absent", [])]
    if unknown := {kind for kind in kinds if kind not in SEVERITIES}:
        yield f"unknown findings {sorted(unknown)}"
    if len(set(kinds)) != len(kinds):
        yield "a finding is expected twice, or both present and absent"
    if expected.get("proposal", "any") not in PROPOSALS:
        yield f"no such proposal: {expected['proposal']}"
    old = scenario.roles[arn]["AssumeRolePolicyDocument"]
    for asked in expected.get("accepted", []):
        request = request_from_json(asked)
        subjects = [value for key, values in request.context.items() if key.endswith(":sub") for value in values]
        if not allows(old, request) and not any(re.match(r"repo:[^:]*@\d", subject) for subject in subjects):
            yield f"the old policy of {arn} doesn't allow an accepted request: {asked}"
    for asked in expected.get("rejected", []):
        request_from_json(asked)


def _history_problems(scenario: Scenario) -> Iterator[str]:
    for assumption in (*scenario.assumptions, *scenario.future):
        role = scenario.roles.get(assumption.role)
        if role is None:
            continue
        old = role["AssumeRolePolicyDocument"]
        if any(_not_reviewable(statement) for statement in as_list(old.get("Statement"))):
            continue
        if assumption.succeeded:
            if not all(may_allow(old, request) for request in assumption.requests):
                yield f"the old policy doesn't allow {assumption.event_id} at {assumption.time}"
        elif assumption.method == "AssumeRoleWithWebIdentity" and all(
            allows(old, request) for request in assumption.requests
        ):
            yield f"the old policy allows the denied {assumption.event_id} at {assumption.time}"


def _not_reviewable(statement: Json) -> bool:
    return "NotPrincipal" in statement

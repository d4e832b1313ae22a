"""The mistakes that the sessions of a scenario can have."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from bench.guardrails.requests import allowed
from bench.perimeter.evaluator import as_list
from bench.perimeter.records import END
from bench.perimeter.scenario_files import account_of
from bench.roles.leftovers import principals_of
from bench.roles.scenario import Scenario, statements_of
from bench.roles.sessions import PLACEHOLDER, PLACEHOLDERS, filled
from bench.scenario_reading import Json

_NAME: Final = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
"""What STS accepts as a session name and as a source identity.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
"""
_RESOURCE: Final = re.compile(r"arn:aws:(?:lambda|ec2|ecs):[a-z0-9-]+:\d{12}:.+")

UnknownKeys = Callable[[str, str, Json], Iterator[str]]


def session_mistakes(scenario: Scenario, unknown_keys: UnknownKeys) -> Iterator[str]:
    """The mistakes of all sessions, each with its place."""
    used = {call.get("session") for call in scenario.content.get("calls", ())}
    for label, session in scenario.sessions.items():
        found = [*unknown_keys("session", "session", session), *_mistakes(scenario, label, session, unknown_keys)]
        if label not in used:
            found.append("no call is in it")
        yield from (f"sessions.{label}: {mistake}" for mistake in found)


def _mistakes(scenario: Scenario, label: str, session: Json, unknown_keys: UnknownKeys) -> Iterator[str]:
    role = session["of"]
    if ":role/" not in role or role not in scenario.principals:
        yield f"{role} isn't a role of the scenario"
        return
    texts = {key: session[key] for key in ("name", "source_identity", "resource") if key in session}
    placeholders = {name for text in texts.values() for name in PLACEHOLDER.findall(text)}
    if unknown := placeholders - set(PLACEHOLDERS):
        yield f"unknown placeholders {', '.join(sorted(unknown))}"
        return
    if session.get("per_day", 1) != 1 and not placeholders - {"date"}:
        yield "several sessions a day need a placeholder that tells them apart"
    for key, text in texts.items():
        raw = filled(text, label, END, 0)
        if not (_RESOURCE if key == "resource" else _NAME).fullmatch(raw):
            yield f"{key}: AWS has no such {raw}"
    for asker in as_list(session.get("asked_by")):
        yield from unknown_keys("asker", "asked_by", asker)
        yield from _asker_mistakes(scenario, role, asker)


def _asker_mistakes(scenario: Scenario, role: str, asker: Json) -> Iterator[str]:
    """The mistakes of one who asks: its form, and whether the role's trust and its own policies let it ask."""
    if sorted(asker.keys() - {"audience"}) not in (["by"], ["service"], ["provider", "subject"]):
        yield "asked_by: neither a service, nor a principal, nor a provider with a subject"
        return
    statements = as_list(scenario.principals[role]["trust"]["Statement"])
    trusted = {named for one in statements if one["Effect"] == "Allow" for named in principals_of(one)}
    by = asker.get("by", "")
    accounts = {("AWS", account_of(by)), ("AWS", f"arn:aws:iam::{account_of(by)}:root"), ("AWS", "*")}
    wanted = {("Service", asker.get("service", "")), ("Federated", asker.get("provider", "")), ("AWS", by), *accounts}
    if not trusted & wanted:
        yield f"asked_by: the role doesn't trust {by or asker.get('service') or asker.get('provider')}"
    if account_of(by) in scenario.accounts:
        if by not in scenario.principals:
            yield f"asked_by: {by} isn't a principal of the scenario"
            return
        request = scenario.request({"by": by, "action": "sts:AssumeRole", "resource": role})
        if not allowed(statements_of(scenario.documents_of(by)), request):
            yield f"asked_by: the policies of {by} don't allow it"
        if by in {session["of"] for session in scenario.sessions.values()}:
            yield f"asked_by: {by} asks in a session of its own, which the format can't name"

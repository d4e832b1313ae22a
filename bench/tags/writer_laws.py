"""What is true of the writers and the guard of every proposal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bench.perimeter.evaluator import Request, applies, as_list
from bench.scenario_reading import Json
from bench.tags.decisions import (
    asked_request,
    guard_denies,
    is_allowed,
    may_tag_sessions,
    observed_requests,
    policies_of,
)
from bench.tags.scenario import CREATES, TAGGING, Scenario, type_of

_OTHER_KEY: Final = "judge-other-key"


def broken_writer_laws(scenario: Scenario, _: str, proposal: Json) -> Iterator[str]:
    """The laws that the writers and the guard of a proposal break, a sentence each."""
    kinds = {reason["kind"] for reason in proposal["reasons"]}
    others = sorted({one["principal"] for one in proposal["writers"] if not one["manager"]})
    if proposal["document"] is not None and bool(others) != ("tag-writers" in kinds):
        yield f"the writers are {', '.join(others) or 'managers only'}, the reasons {', '.join(sorted(kinds))}"
    for reason in proposal["reasons"]:
        if reason["kind"] == "tag-writers" and set(reason["names"]) != set(others):
            yield f"the reason names {', '.join(reason['names'])}, not {', '.join(others)}"
    lines = [(one["principal"], one["action"], one["resource"]) for one in proposal["writers"]]
    if len(set(lines)) != len(lines):
        yield "a writer occurs twice with an action"
    for writer in proposal["writers"]:
        yield from _writer_faults(scenario, proposal, writer)
    if proposal["guard"] is not None:
        yield from _guard_faults(scenario, proposal)


def _request(scenario: Scenario, writer: Json) -> Request:
    return asked_request(scenario, {"by": writer["principal"], **writer["request"]})


def _writer_faults(scenario: Scenario, proposal: Json, writer: Json) -> Iterator[str]:
    """Whether a writer's request is allowed, writes the tag, and is denied by the guard."""
    request, by = _request(scenario, writer), writer["principal"]
    told = f"{request.action} by {by} on {request.resource} with {dict(writer['request']['context'])}"
    if request.action == "sts:TagSession":
        if request.resource in scenario.principals and not may_tag_sessions(scenario, request):
            yield f"not allowed by the trust policy: {told}"
    elif by in scenario.principals and not is_allowed(scenario, policies_of(scenario, by), request):
        yield f"not allowed: {told}"
    keys = {key.lower() for key in request.context.get("aws:tagkeys", ())}
    if not request.action.startswith("sso:") and proposal["key"].lower() not in keys:
        yield f"doesn't write the tag: {told}"
    is_guarded = _is_guarded(proposal, request)
    if is_guarded and not writer["manager"] and not guard_denies(proposal["guard"], request):
        yield f"not denied by the guard: {told}"
    if writer["manager"] and guard_denies(proposal["guard"], request):
        yield f"the guard denies a manager: {told}"


def _is_guarded(proposal: Json, request: Request) -> bool:
    service, _, name = request.action.partition(":")
    is_tagging = name in TAGGING.get(service, ()) or request.action in CREATES
    return is_tagging and service == proposal["type"].partition(":")[0]


def _guard_faults(scenario: Scenario, proposal: Json) -> Iterator[str]:
    """What a guard denies beyond the tag: other keys, other services, and what tag managers did."""
    service = proposal["type"].partition(":")[0]
    arn = next(iter([*scenario.listed, *(one["resource"] for one in proposal["used"])]), "*")
    by = f"arn:aws:iam::{scenario.accounts[0]}:role/judge"
    if any(one.get("Effect") != "Deny" or "Principal" in one for one in as_list(proposal["guard"]["Statement"])):
        yield "the guard isn't an SCP of Deny statements"
    for other, names in TAGGING.items():
        for name in names:
            key = _OTHER_KEY if other == service else proposal["key"]
            context = {"aws:TagKeys": [key], f"aws:RequestTag/{key}": "x"}
            asked = {"by": by, "action": f"{other}:{name}", "resource": arn, "context": context}
            if guard_denies(proposal["guard"], asked_request(scenario, asked)):
                yield f"the guard denies {other}:{name} with the tag {key}"
    managers = {one["principal"] for one in proposal["writers"] if one["manager"]}
    for call in scenario.seen_calls:
        if call["by"] in managers and call.get("tags") and not call.get("error"):
            for request in observed_requests(scenario, call):
                if type_of(call["resource"]) == proposal["type"].lower() and _denied(proposal, request):
                    yield f"the guard denies what a manager did: {request.action} on {request.resource}"


def _denied(proposal: Json, request: Request) -> bool:
    return any(applies(one, request, principal=False) for one in as_list(proposal["guard"]["Statement"]))

"""What the policies of a split's parts must allow, and what they mustn't."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Final

from bench.guardrails.requests import allowed
from bench.perimeter.evaluator import Request, applies, as_list
from bench.perimeter.scenario_files import account_of
from bench.roles.merge_laws import DANGEROUS, documents_in, elsewhere, requests_in
from bench.roles.scenario import ALWAYS_ALLOWED, Scenario, statements_of
from bench.roles.split_parts import Placement
from bench.scenario_reading import Json

_SHOWN: Final = 3


def policy_faults(placement: Placement, number: int) -> Iterator[str]:
    """A part allows no more than the role today, what its sessions did and, if the split is safe, what they will do."""
    scenario, role = placement.scenario, placement.role
    old, new = statements_of(scenario.documents_of(role)), _statements(placement, number)
    gained = [
        f"{probe.action} on {probe.resource}"
        for probe in _samples(scenario, role, new)
        if allowed(new, probe) and not allowed(old, probe)
    ]
    if gained := list(dict.fromkeys(gained)):
        yield f"more than the role allows today: {'; '.join(gained[:_SHOWN])}"
    if lost := _refused(scenario, placement.calls_of(number), new):
        yield f"recorded calls are refused: {'; '.join(lost[:_SHOWN])}"
    lost = _refused(scenario, placement.calls_of(number, future=True), new)
    if placement.split["state"] == "safe" and lost:
        yield f"later calls are refused: {'; '.join(lost[:_SHOWN])}"


def _statements(placement: Placement, number: int) -> list[Json]:
    """The statements of a part: those of its policy, and of the AWS managed policies that stay attached."""
    stay = [placement.scenario.managed_policies[arn] for arn in placement.split.get("left", ())]
    return statements_of([*documents_in(placement.parts[number]["policy"]), *stay])


def _refused(scenario: Scenario, calls: Iterable[Json], statements: list[Json]) -> list[str]:
    return [
        f"{call['action']} on {call['resource']}"
        for call in calls
        if call["action"] not in ALWAYS_ALLOWED and not allowed(statements, scenario.request(call))
    ]


def _samples(scenario: Scenario, role: str, statements: list[Json]) -> Iterator[Request]:
    """Requests like all calls of the scenario, dangerous ones, and those that statements name.

    Like a call are those for its resource or a made-up one, by an action that the role uses, and in another context.
    """
    calls = [call for call in scenario.content.get("calls", ()) if not call.get("error")]
    own = sorted({call["action"] for call in calls if call["by"] == role})
    for call in calls:
        request = replace(scenario.request({**call, "by": role}))
        made_up = re.sub(r"[^:/*]+$", "judge", call["resource"])
        for action in {call["action"], *(one for one in own if one.split(":")[0] == call["action"].split(":")[0])}:
            for resource in (call["resource"], made_up):
                yield replace(request, action=action, resource=resource)
        yield from (probe for probe, _ in elsewhere(request))
    for action, resource in DANGEROUS.items():
        yield scenario.request({"by": role, "action": action, "resource": resource.format(account=account_of(role))})
    for statement in statements:
        yield from requests_in(scenario, role, statement)


def danger_faults(placement: Placement, number: int) -> Iterator[str]:
    """A part allows nothing that only other parts use, unless what it needs itself has a wildcard that covers it."""
    scenario = placement.scenario
    statements = _statements(placement, number)
    own = placement.calls_of(number)
    used: dict[str, list[Request]] = {}
    for call in own:
        used.setdefault(call["action"], []).append(scenario.request(call))
    others = [call for other in range(len(placement.parts)) for call in placement.calls_of(other)]
    dangers = sorted({call["action"] for call in others} & set(DANGEROUS) - set(used))
    if dangers and not placement.parts[number]["dangerous_removed"]:
        yield f"it says to remove nothing dangerous, but only other parts use {', '.join(dangers)}"
    found = [
        f"{probe.action} on {probe.resource}"
        for call in others
        if call["action"] not in ALWAYS_ALLOWED and call not in own
        for probe in _like(scenario, call, is_unused=call["action"] not in used)
        if allowed(statements, probe) and not _covered(statements, probe, used.get(call["action"], []))
    ]
    if found := list(dict.fromkeys(found)):
        yield f"what only other parts use is allowed: {'; '.join(found[:_SHOWN])}"


def _like(scenario: Scenario, call: Json, *, is_unused: bool) -> Iterator[Request]:
    """The request of a call; if the action is unused, also on a made-up resource."""
    request = scenario.request(call)
    yield request
    if is_unused:
        yield replace(request, resource=re.sub(r"[^:/*]+$", "judge", call["resource"]))


def _covered(statements: list[Json], probe: Request, own: list[Request]) -> bool:
    """Whether a line that allows a request is needed for a part's own requests of the same action."""
    for statement in statements:
        for resource in as_list(statement.get("Resource")) or [None]:
            line: dict[str, Any] = statement if resource is None else {**statement, "Resource": resource}
            if line["Effect"] == "Allow" and applies(line, probe, principal=False):
                return any(applies(line, one, principal=False) for one in own)
    return False

"""What is true of every proposal for a shared role, and of the trade of roles against over-grant."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any, Final

from bench.guardrails.requests import allowed
from bench.guardrails.scenario_files import matching_actions
from bench.perimeter.evaluator import Request, as_list
from bench.perimeter.scenario_files import account_of
from bench.roles.likeness import differences, trust_lines
from bench.roles.scenario import ALWAYS_ALLOWED, Scenario, statements_of
from bench.roles.scenario_files import STATES
from bench.scenario_reading import Json

_SHOWN: Final = 3
"""How many requests a fault names."""

_SAMPLED_NAMES: Final = 5
"""How many actions a sample takes from a pattern."""

DANGEROUS: Final = {
    "iam:AttachRolePolicy": "arn:aws:iam::{account}:role/judge",
    "iam:CreateAccessKey": "arn:aws:iam::{account}:user/judge",
    "iam:CreatePolicyVersion": "arn:aws:iam::{account}:policy/judge",
    "iam:CreateUser": "arn:aws:iam::{account}:user/judge",
    "iam:DeleteRole": "arn:aws:iam::{account}:role/judge",
    "iam:PassRole": "arn:aws:iam::{account}:role/judge",
    "iam:PutRolePolicy": "arn:aws:iam::{account}:role/judge",
    "iam:UpdateAssumeRolePolicy": "arn:aws:iam::{account}:role/judge",
    "kms:PutKeyPolicy": "arn:aws:kms:us-east-1:{account}:key/judge",
    "kms:ScheduleKeyDeletion": "arn:aws:kms:us-east-1:{account}:key/judge",
    "lambda:UpdateFunctionCode": "arn:aws:lambda:us-east-1:{account}:function:judge",
    "s3:DeleteBucket": "arn:aws:s3:::judge",
    "s3:PutBucketPolicy": "arn:aws:s3:::judge",
    "secretsmanager:PutResourcePolicy": "arn:aws:secretsmanager:us-east-1:{account}:secret:judge-AbCdEf",
    "sts:AssumeRole": "arn:aws:iam::{account}:role/judge",
}
"""Actions with which a principal gains permissions, lets others in, or destroys data; each with a resource."""

_ELSEWHERE: Final = {
    "aws:sourceip": "8.8.8.8",
    "aws:securetransport": "false",
    "aws:multifactorauthpresent": "false",
    "aws:requestedregion": "eu-south-2",
}
"""Another context of a request."""


def documents_in(found: Any) -> list[Json]:
    """The policy documents of an answer: one, a list of them, or by name."""
    if isinstance(found, dict) and "Statement" not in found:
        found = list(found.values())
    return as_list(found)


def refused_calls(scenario: Scenario, by: str, documents: list[Json], *, future: bool) -> list[str]:
    """The allowed calls of a principal that documents refuse: those in the logs, or those after them."""
    statements = statements_of(documents)
    return [
        f"{call['action']} on {call['resource']} by {by.rpartition('/')[2]}"
        for call in scenario.content.get("calls", ())
        if call["by"] == by and not call.get("error") and bool(call.get("future")) == future
        if call["action"] not in ALWAYS_ALLOWED and not allowed(statements, scenario.request(call))
    ]


def new_dangers(scenario: Scenario, by: str, documents: list[Json]) -> list[str]:
    """The dangerous actions that documents newly allow a principal, which it doesn't use either."""
    used = {call["action"] for call in scenario.content.get("calls", ()) if call["by"] == by}
    old, new = statements_of(scenario.documents_of(by)), statements_of(documents)
    return [
        f"{probe.action} on {probe.resource}"
        for action in DANGEROUS
        if action not in used
        for probe in _probes(scenario, by, action, new)
        if allowed(new, probe) and not allowed(old, probe)
    ]


def new_for_all(scenario: Scenario, members: list[str], documents: list[Json]) -> list[str]:
    """Requests that documents allow, and that the old policies of no member allowed.

    They are the members' own calls, on their resources or a made-up one, and those calls in another context: from
    another network, without TLS, without MFA, or to another Region.
    """
    olds, new = [statements_of(scenario.documents_of(arn)) for arn in members], statements_of(documents)
    found = []
    for call in scenario.content.get("calls", ()):
        if call["by"] not in members or call.get("error"):
            continue
        request = scenario.request(call)
        made_up = re.sub(r"[^:/*]+$", "judge", call["resource"])
        for probe, what in [(replace(request, resource=made_up), "a made-up resource"), *elsewhere(request)]:
            if allowed(new, probe) and not any(
                allowed(old, _as(probe, arn)) for old, arn in zip(olds, members, strict=True)
            ):
                found.append(f"{call['action']} on {call['resource']} ({what})")
    return list(dict.fromkeys(found))


def elsewhere(request: Request) -> Iterator[tuple[Request, str]]:
    """A request in other contexts, each with a text that says which."""
    for key, value in _ELSEWHERE.items():
        yield replace(request, context={**request.context, key: (value,)}), f"with {key} {value}"


def _as(request: Request, by: str) -> Request:
    return replace(request, by=by, context={**request.context, "aws:principalarn": (by,)})


def _probes(scenario: Scenario, by: str, action: str, statements: list[Json]) -> Iterator[Request]:
    """Requests for an action on a made-up resource and on those that the statements name."""
    made_up = DANGEROUS[action].format(account=account_of(by))
    plain = scenario.request({"by": by, "action": action, "resource": made_up})
    service = made_up.split(":")[2]
    named = {pattern.replace("*", "judge") for one in statements for pattern in as_list(one.get("Resource"))}
    for arn in (made_up, *sorted(arn for arn in named if arn.startswith(f"arn:aws:{service}:"))):
        yield replace(plain, resource=arn)


def requests_in(scenario: Scenario, role: str, statement: Json) -> Iterator[Request]:
    """Requests that a statement names, with made-up text in place of its wildcards, in the context that it asks for."""
    context = {
        key: str(as_list(values)[0]).replace("*", "judge")
        for tests in statement.get("Condition", {}).values()
        for key, values in tests.items()
        if as_list(values)
    }
    for pattern in as_list(statement.get("Action")):
        service, _, name = pattern.partition(":")
        names = matching_actions(service, name.lower())[:_SAMPLED_NAMES] if "*" in name or "?" in name else [name]
        for resource in as_list(statement.get("Resource")):
            arn = resource if resource == "*" else resource.replace("*", "judge").replace("?", "j")
            for action in names:
                asked = {"by": role, "action": f"{service}:{action}", "resource": arn}
                yield scenario.request(asked)
                yield scenario.request(asked | {"context": context})


def _twins(scenario: Scenario, members: list[str], documents: list[Json]) -> int:
    """How many triples of member, action and resource documents allow in another member's account, and the member's own
    policies allow in its own account.

    Without a policy of the resource, a role has no access to another account:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
    """
    accounts, new = {account_of(arn) for arn in members}, statements_of(documents)
    found = set()
    for arn in members:
        own, old = account_of(arn), statements_of(scenario.documents_of(arn))
        for probe in (probe for statement in new for probe in requests_in(scenario, arn, statement)):
            twins = [probe.resource.replace(other, own) for other in accounts if other in probe.resource]
            is_allowed = any(allowed(old, replace(probe, resource=twin)) for twin in twins)
            if is_allowed and own not in probe.resource and allowed(new, probe):
                found.add((arn, probe.action, probe.resource))
    return len(found)


def broken_merge_laws(scenario: Scenario, merge: Json) -> Iterator[str]:
    """The laws that a proposal for a shared role breaks, a sentence each."""
    members, state = merge["members"], merge["state"]
    kinds = {one["kind"] for one in merge["against"]}
    if unknown := sorted(set(members) - set(scenario.principals)):
        yield f"members of no scenario: {', '.join(unknown)}"
        return
    if members != sorted(set(members)) or len(members) < 2:
        yield "the members aren't two or more, each once and sorted"
    if state not in STATES or (state == "safe") != (not kinds):
        yield f"a proposal is {state} with {', '.join(sorted(kinds)) or 'nothing'} against it"
    if merge["roles_saved"] != len(members) - 1:
        yield f"it saves {merge['roles_saved']} roles"
    accounts = {account_of(arn) for arn in members}
    if len(accounts) == 1 and merge["account"] not in (*accounts, ""):
        yield f"the account is {merge['account']}"
    if len(accounts) > 1 and (merge["account"] or len({arn.rpartition("/")[2] for arn in members}) > 1):
        yield "members of several accounts have different names, or the proposal names an account"
    yield from differences(scenario, members)
    documents = documents_in(merge["policy"])
    if not 0 <= merge["harmful"] <= min(merge["over_grant"], _twins(scenario, members, documents)):
        yield f"over_grant {merge['over_grant']}, harmful {merge['harmful']}"
    if gained := new_for_all(scenario, members, documents):
        yield f"newly allowed for all members: {'; '.join(gained[:_SHOWN])}"
    for arn in members:
        if lost := refused_calls(scenario, arn, documents, future=False):
            yield f"recorded calls are refused: {'; '.join(lost[:_SHOWN])}"
        lost = refused_calls(scenario, arn, documents, future=True)
        if state == "safe" and lost:
            yield f"later calls are refused: {'; '.join(lost[:_SHOWN])}"
        if gained := new_dangers(scenario, arn, documents):
            yield f"{arn.rpartition('/')[2]} gains {'; '.join(gained[:_SHOWN])}"
    if accounts and len(accounts) == 1 and ":role/" in members[0] and "/aws-reserved/" not in members[0]:
        wanted = set().union(*(trust_lines(scenario.principals[arn]["trust"]) for arn in members))
        told = trust_lines(merge["trust"])
        if told != wanted:
            yield f"the trust policy lacks {sorted(wanted - told)} and adds {sorted(told - wanted)}"


def broken_curve_laws(curve: Json) -> Iterator[str]:
    """The laws that a trade of roles against over-grant breaks."""
    points = sorted(((one["roles"], one["over_grant"], one["harmful"]) for one in curve["points"]), reverse=True)
    if curve["method"] not in ("exact", "greedy"):
        yield f"no such method: {curve['method']}"
    if not points or points[0][1:] != (0, 0):
        yield f"separate roles have an over-grant: {points[:1]}"
    if len({roles for roles, *_ in points}) != len(points) or any(roles < 1 for roles, *_ in points):
        yield "a number of roles occurs twice or is below 1"
    for before, after in pairwise(points):
        if after[1] < before[1]:
            yield f"{after[0]} roles have less over-grant than {before[0]}"
    if any(harmful > over for _, over, harmful in points):
        yield "more harmful pairs than pairs"

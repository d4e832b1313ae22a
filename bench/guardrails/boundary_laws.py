"""What is true of every boundary and of the creator's new policies, whatever the scenario checks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from bench.guardrails.requests import allowed, request_of
from bench.guardrails.scenario import Scenario, statements_of
from bench.guardrails.scenario_files import REASONS, STATES, matching_actions
from bench.perimeter.evaluator import Request, as_list
from bench.perimeter.scenario_files import account_of
from bench.scenario_reading import Json, documents_below

SIZE: Final = 6144
"""How many characters without white space a managed policy may have.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

_AGAINST: Final = frozenset(REASONS["boundary"]) - {"role-names", "already"}
_ALL: Final[Json] = {"Effect": "Allow", "Action": "*", "Resource": "*"}
_KEY: Final = "iam:PermissionsBoundary"
_VERSIONS: Final = ("CreatePolicyVersion", "DeletePolicyVersion", "SetDefaultPolicyVersion", "DeletePolicy")
_KEYED: Final = {
    "role": ("CreateRole", "PutRolePolicy", "AttachRolePolicy", "DetachRolePolicy", "DeleteRolePolicy"),
    "user": ("CreateUser", "PutUserPolicy", "AttachUserPolicy", "DetachUserPolicy", "DeleteUserPolicy"),
}
"""The actions with the key iam:PermissionsBoundary that write.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
"""

_UNKEYED: Final = {
    "role": ("UpdateAssumeRolePolicy",),
    "user": ("CreateAccessKey", "CreateLoginProfile", "UpdateLoginProfile"),
}
"""Actions without the key that can change who is an administrator."""

_PASSED: Final = {
    "lambda:CreateFunction": ("role", "lambda.amazonaws.com"),
    "ecs:RegisterTaskDefinition": ("taskRoleArn", "ecs-tasks.amazonaws.com"),
}
"""The parameter that passes a role, and the service that gets it."""

_WRITES: Final = (
    *("CreateRole", "CreateUser", "PutRolePolicy", "AttachUserPolicy"),
    *("CreatePolicyVersion", "CreateAccessKey"),
)
_MOST_ACTIONS: Final = 40


def broken_laws(scenario: Scenario, output: Json) -> Iterator[str]:
    """The laws that an output breaks, a sentence each."""
    yield from _form_faults(output)
    if output["boundary"] is None:
        return
    yield from _boundary_faults(scenario, output)
    yield from _creator_faults(scenario, output)
    yield from _deny_faults(scenario, output)
    if output["state"] == "safe":
        yield from _escapes(scenario, output)


# ---- Parts of an output


def boundary_arn(scenario: Scenario, output: Json) -> str:
    """The ARN of the new boundary: the creator's new policies compare the key with it."""
    account = account_of(output["creators"][0])
    options = scenario.options
    name = options[options.index("--name") + 1] if "--name" in options else "lpgen-boundary"
    tests = [tests for one in creator_statements(output) for tests in one.get("Condition", {}).values()]
    values = [
        str(one)
        for test in tests
        for key, found in test.items()
        if key.lower() == _KEY.lower()
        for one in as_list(found)
    ]
    ours = [one for one in values if one.startswith(f"arn:aws:iam::{account}:policy/") and one.endswith(f"/{name}")]
    return ours[0] if ours else f"arn:aws:iam::{account}:policy/{name}"


def creator_statements(output: Json) -> list[Json]:
    """The statements of the creator's new policies, and those to add."""
    documents = [document for _, document in documents_below("", output["creator_policies"])]
    return [*statements_of(documents), *output["denies"]]


def fill(asked: Any, arn: str) -> Any:
    """Requests with the boundary's ARN in place of the word `BOUNDARY`."""
    return json.loads(json.dumps(asked).replace("BOUNDARY", arn))


def _old_statements(scenario: Scenario, arns: list[str]) -> list[Json]:
    return list(statements_of([one for arn in arns for one in scenario.principals[arn].get("policies", [])]))


# ---- Laws


def _form_faults(output: Json) -> Iterator[str]:
    kinds = {reason["kind"] for reason in output["reasons"]}
    if output["state"] not in STATES or kinds - set(REASONS["boundary"]):
        yield f"no such state or reason: {output['state']}, {', '.join(sorted(kinds))}"
    if (output["boundary"] is None) != (output["state"] == "refused"):
        yield f"a {output['state']} output {'lacks' if output['boundary'] is None else 'has'} a boundary"
    if output["state"] != "safe" and not kinds:
        yield f"an output is {output['state']} without a reason"
    if output["state"] == "safe" and (against := sorted(kinds & _AGAINST)):
        yield f"a safe output has reasons against it: {', '.join(against)}"
    for change in output["creator_statements"]:
        if not {"policy", "statement", "old", "new"} <= set(change) or not isinstance(change["new"], list):
            yield "a changed statement lacks its policy, its name, the old or the new ones"


def _boundary_faults(scenario: Scenario, output: Json) -> Iterator[str]:
    statements = list(statements_of([output["boundary"]]))
    created = [arn for arn in output["created"] if arn in scenario.principals]  # others are deleted
    own = {arn: _old_statements(scenario, [arn]) for arn in created}
    for request in _probes(scenario, statements):
        if allowed(statements, request) and not any(allowed(old, request) for old in own.values()):
            yield f"the boundary allows {request.action} on {request.resource}, which no created role could do"
    for call in _done(scenario, created):
        request = request_of(call, _context(call))
        if not _is_told(output) and allowed(own[call["by"]], request) and not allowed(statements, request):
            yield f"the boundary refuses what {call['by']} did: {call['action']} on {call['resource']}"
    used = {call["action"] for call in _done(scenario, created)}
    for name in (
        "CreateRole",
        "CreateUser",
        "PutRolePolicy",
        "AttachUserPolicy",
        "CreatePolicyVersion",
        "CreateAccessKey",
    ):
        request = Request("", f"iam:{name}", f"arn:aws:iam::{scenario.accounts[0]}:role/judge", {})
        if f"iam:{name}" not in used and allowed(statements, request):
            yield f"the boundary allows iam:{name}, which no created role used"
    size = len("".join(json.dumps(output["boundary"], separators=(",", ":")).split()))
    if output["state"] == "safe" and size > SIZE:
        yield f"a safe boundary has {size} characters"


def _creator_faults(scenario: Scenario, output: Json) -> Iterator[str]:
    new, old = creator_statements(output), _old_statements(scenario, output["creators"])
    for request in _probes(scenario, new):
        if allowed(new, request) and not allowed(old, request):
            yield f"the creator gains {request.action} on {request.resource}"
    arn = boundary_arn(scenario, output)
    for call in _done(scenario, output["creators"]):
        requests = [request_of(call, {_KEY: arn} | _context(call)), *_passes(call)]
        for request in requests:
            if not _is_told(output) and allowed(old, request) and not allowed(new, request):
                yield f"the creator loses what it did: {request.action} on {request.resource}"


def _deny_faults(scenario: Scenario, output: Json) -> Iterator[str]:
    """Whether Deny statements keep the boundary on the created principals, and as it is."""
    account, arn = account_of(output["creators"][0]), boundary_arn(scenario, output)
    if any(one["Effect"] != "Deny" for one in output["denies"]):
        yield "one of `denies` isn't a Deny"
    wanted: list[tuple[str, str, dict[str, tuple[str, ...]]]] = [(name, arn, {}) for name in _VERSIONS]
    for kind in ("role", "user"):
        named = f"arn:aws:iam::{account}:{kind}/{_path(scenario)}judge"
        wanted.append((f"Delete{kind.title()}PermissionsBoundary", named, {_KEY.lower(): (arn,)}))
    for name, resource, context in wanted:
        request = Request("", f"iam:{name}", resource, context)
        if not any(one["Effect"] == "Deny" and not allowed([_ALL, one], request) for one in creator_statements(output)):
            yield f"no Deny on iam:{name} for {resource}"


def _escapes(scenario: Scenario, output: Json) -> Iterator[str]:
    """What a creator with its new policies, and a created role, could do to get out."""
    new, account = creator_statements(output), account_of(output["creators"][0])
    path = _path(scenario)
    other = f"arn:aws:iam::{account}:policy/judge-other"
    for kind, names in _KEYED.items():
        for name in (*names, f"Put{kind.title()}PermissionsBoundary"):
            for bounds in ((), (other,)):
                named = f"arn:aws:iam::{account}:{kind}/{path}judge"
                if allowed(new, Request("", f"iam:{name}", named, {_KEY.lower(): bounds} if bounds else {})):
                    yield f"safe, but the creator can call iam:{name} without the boundary"
    bound = {*output["creators"], *output["created"]}
    for found in (one for one in scenario.principals if one not in bound and _is_administrator(scenario, one)):
        kind = found.split(":")[5].split("/")[0]
        for name in (*_KEYED[kind], *_UNKEYED[kind]):
            if allowed(new, Request("", f"iam:{name}", found, {})):
                yield f"safe, but the creator can call iam:{name} on {found}"
        for statements, who in ((new, "creator"), (list(statements_of([output["boundary"]])), "boundary")):
            request = Request("", "iam:PassRole", found, {"iam:passedtoservice": ("lambda.amazonaws.com",)})
            if kind == "role" and allowed(statements, request):
                yield f"safe, but the {who} allows to pass {found}"


def _is_administrator(scenario: Scenario, arn: str) -> bool:
    return "boundary" not in scenario.principals[arn] and any(
        one["Effect"] == "Allow" and "*" in as_list(one.get("Action")) and "*" in as_list(one.get("Resource"))
        for one in _old_statements(scenario, [arn])
    )


# ---- Requests


def _done(scenario: Scenario, arns: list[str]) -> Iterator[Json]:
    return (call for call in scenario.seen_calls if call["by"] in arns and not call.get("error"))


def _is_told(output: Json) -> bool:
    return output["state"] != "safe" and any(one["kind"] == "observed-refused" for one in output["reasons"])


def _context(call: Json) -> Json:
    return {"aws:RequestedRegion": call.get("region", "us-east-1"), "aws:PrincipalArn": call["by"]}


def _passes(call: Json) -> Iterator[Request]:
    parameter, service = _PASSED.get(call["action"], ("", ""))
    if role := call.get("request", {}).get(parameter):
        yield Request(call["by"], "iam:PassRole", role, {"iam:passedtoservice": (service,)})


def _path(scenario: Scenario) -> str:
    options = scenario.options
    return options[options.index("--path") + 1].lstrip("/") if "--path" in options else ""


def _probes(scenario: Scenario, statements: list[Json]) -> Iterator[Request]:
    """Requests that the Allow statements are likely to allow: their patterns, filled in."""
    for statement in statements:
        if statement["Effect"] != "Allow":
            continue
        context = {
            key.lower(): tuple(_filled(str(one)) for one in as_list(values)[:1])
            for tests in statement.get("Condition", {}).values()
            for key, values in tests.items()
        }
        patterns = as_list(statement.get("Resource")) or ["*", *scenario.principals]
        for pattern in as_list(statement.get("Action")) or ["iam:*", "s3:*", "sts:*"]:
            for action in _actions(pattern):
                for resource in patterns:
                    yield Request("", action, _filled(resource), context)


def _actions(pattern: str) -> list[str]:
    service, _, name = pattern.partition(":")
    if service == "*":
        return ["iam:CreateRole", "iam:PassRole", "s3:GetObject", "ec2:RunInstances", "sts:AssumeRole"]
    return [f"{service}:{found}" for found in matching_actions(service, name)[:_MOST_ACTIONS]]


def _filled(pattern: str) -> str:
    return pattern if pattern == "*" else pattern.replace("*", "judge").replace("?", "j")

"""Decides requests in the world of a scenario.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bench.guardrails.requests import allowed, request_of
from bench.guardrails.scenario import is_service_linked
from bench.perimeter.evaluator import Request, applies, as_list
from bench.perimeter.scenario_files import account_of
from bench.scenario_reading import Json
from bench.tags.inputs import scp_levels
from bench.tags.scenario import CREATES, HOME, Scenario, tagged_resource

Policies = dict[str, Json]
"""A principal's policies: the documents by name, or by ARN if they are managed."""


def policies_of(scenario: Scenario, arn: str) -> Policies:
    """The policies that a principal has before the proposals."""
    found = scenario.principals[arn]
    inline = {f"p{index}": document for index, document in enumerate(found.get("policies", ()))}
    return inline | {name: scenario.managed_policies[name] for name in found.get("managed", ())}


def name_of(policies: Policies, told: str) -> str:
    """The name of the policy that an output means: its name, its ARN, or the name at the end of its ARN.

    Raises:
        KeyError: The principal has no such policy.
    """
    for name in policies:
        if told in (name, name.rpartition("/")[2]):
            return name
    raise KeyError(f"no policy {told}")


def statements_of(policies: Iterable[Json]) -> list[Json]:
    """The statements of several documents."""
    return [statement for document in policies for statement in as_list(document["Statement"])]


def is_allowed(scenario: Scenario, policies: Policies, request: Request) -> bool:
    """Whether a principal's policies allow a request, within its boundary and the SCPs."""
    boundary = scenario.principals[request.by].get("boundary")
    levels = [statements_of(level) for level in scp_levels(scenario)]
    limits = [*([statements_of([boundary])] if boundary else []), *levels]
    return all(allowed(statements, request) for statements in (statements_of(policies.values()), *limits))


def asked_request(scenario: Scenario, asked: Json) -> Request:
    """The request that a check or an output writes, with the keys that AWS gives every request."""
    tags = {f"aws:ResourceTag/{key}": value for key, value in asked.get("resource_tags", {}).items()}
    return _filled(scenario, asked, _resource_keys(asked["resource"], asked.get("resource_tags", {})) | tags)


def observed_requests(scenario: Scenario, call: Json) -> list[Request]:
    """The requests that AWS decided when it recorded a call: one, or two if it set tags while creating.

    The context of a creation has no tags of the resource: it doesn't exist yet.
    """
    arn, tags = call["resource"], call.get("tags", {})
    request_tags = {f"aws:RequestTag/{key}": value for key, value in tags.items()}
    keys = [*tags, *call.get("untag", ())]
    context: Json = request_tags | ({"aws:TagKeys": keys} if keys else {})
    if call["action"] not in CREATES:
        known = scenario.tags_of(tagged_resource(arn)) or {}
        return [_filled(scenario, {**call, "context": context}, _resource_keys(arn, known))]
    created = _created_resource(call)
    asked = [{**call, "resource": created, "context": context}]
    if tags:
        why = {"ec2:CreateAction": call["action"].partition(":")[2]} if call["action"].startswith("ec2:") else {}
        asked.append(
            {"by": call["by"], "action": CREATES[call["action"]], "resource": created, "context": context | why}
        )
    return [_filled(scenario, one, {}) for one in asked]


def _created_resource(call: Json) -> str:
    """What the request for a creation names: services that assign the id at random know none yet."""
    if call["action"] == "kms:CreateKey":
        return "*"
    arn: str = call["resource"]
    return f"{arn.rpartition('/')[0]}/*" if call["action"].startswith("ec2:") else arn


def _resource_keys(arn: str, tags: Mapping[str, str]) -> Json:
    """The condition keys with the tags of a resource: the global one, and those of some services."""
    service = (arn.split(":") + [""] * 3)[2]
    own = [service] if service in ("ec2", "secretsmanager") else []
    return {f"{prefix}:ResourceTag/{key}": value for prefix in ("aws", *own) for key, value in tags.items()}


def _filled(scenario: Scenario, asked: Json, resource_keys: Json) -> Request:
    by, given = asked["by"], asked.get("context", {})
    found = scenario.principals.get(by, {})
    service = asked["action"].partition(":")[0]
    context: Json = {
        "aws:PrincipalArn": by,
        "aws:PrincipalAccount": account_of(by),
        "aws:PrincipalType": "User" if ":user/" in by else "AssumedRole",
        "aws:PrincipalIsAWSService": "false",
        "aws:ViaAWSService": "false",
        "aws:SecureTransport": "true",
        "aws:SourceIp": "203.0.113.25",
        "aws:RequestedRegion": (asked["resource"].split(":") + [""] * 4)[3] or HOME,
        **{f"aws:PrincipalTag/{key}": value for key, value in found.get("tags", {}).items()},
        **resource_keys,
    }
    context |= {"ec2": {"ec2:Region": HOME}, "kms": {"kms:CallerAccount": account_of(by)}}.get(service, {})
    lower = {key.lower() for key in given}
    context = {key: value for key, value in context.items() if key.lower() not in lower} | given
    set_tags = [key.partition("/")[2] for key in given if key.lower().startswith("aws:requesttag/")]
    if set_tags and "aws:tagkeys" not in lower:
        context["aws:TagKeys"] = set_tags
    return request_of({**asked, "by": by}, context)


def guard_denies(guard: Json | None, request: Request) -> bool:
    """Whether an SCP refuses a request; it never restricts service-linked roles."""
    if guard is None or is_service_linked(request.by):
        return False
    return any(
        one["Effect"] == "Deny" and applies(one, request, principal=False) for one in as_list(guard["Statement"])
    )


# ---- Trust policies


def may_tag_sessions(scenario: Scenario, request: Request) -> bool:
    """Whether a role's trust policy lets a principal or an identity provider pass tags to its sessions.

    A trust policy that names the account delegates to the account's own policies. One that names the principal
    suffices within the account.
    """
    role = scenario.principals.get(request.resource)
    if role is None or "trust" not in role:
        return False
    trust = as_list(role["trust"]["Statement"])
    if request.by not in scenario.principals:
        return _effects(trust, request, federated=True) == {"Allow"}
    if _effects(trust, request, federated=False) != {"Allow"}:
        return False
    named = [one for one in trust if request.by in as_list(_named(one, "AWS"))]
    own = statements_of(policies_of(scenario, request.by).values())
    denied = any(one["Effect"] == "Deny" and applies(one, request, principal=False) for one in own)
    return not denied and (_effects(named, request, federated=False) == {"Allow"} or allowed(own, request))


def _effects(trust: list[Json], request: Request, *, federated: bool) -> set[str]:
    """The effects of the statements of a trust policy that apply; in these, `Resource` is the role itself."""
    if not federated:
        return {one["Effect"] for one in trust if applies(one, request)}
    named = [one for one in trust if request.by in as_list(_named(one, "Federated"))]
    return {one["Effect"] for one in named if applies(one, request, principal=False)}


def _named(statement: Json, kind: str) -> Any:
    principal = statement.get("Principal")
    return principal.get(kind) if isinstance(principal, dict) else None

"""Replays the calls on a resource as the requests that AWS saw, and finds those that a Deny would refuse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lpgen.core.analysis.grants.trust import NOBODYS
from lpgen.core.choices import DenyKind
from lpgen.core.globs.match import has_wildcard
from lpgen.core.iam.authorize import decide
from lpgen.core.iam.decision import AbsentKeys, PolicySet, Request, Result
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import Policy, Resource, ResourceKind
from lpgen.core.perimeter.resources import PolicyResource
from lpgen.core.perimeter.use import Call
from lpgen.core.perimeter.world import DIRECT, PerimeterWorld

_ALL: Final = policy_from_json(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}, place="a caller"
)
_SERVICE: Final = "lpgen.amazonaws.com"
_ROLE: Final = "arn:aws:iam::{account}:role/lpgen"
"""A service and a role that no policy names."""


def is_refused(deny: Policy, call: Call, world: PerimeterWorld, more: Mapping[str, str] | None = None) -> bool:
    """Whether a policy's Deny refuses a call of a caller with every permission, or may do so. `more` are further
    condition keys."""
    decided = decide(request_of_call(call, world, more or {}), PolicySet(identity=(_ALL,), resource=deny))
    return decided.result in (Result.EXPLICITLY_DENIED, Result.DEPENDS)


def request_of_call(call: Call, world: PerimeterWorld, more: Mapping[str, str]) -> Request:
    """The request of a call, with the condition keys that AWS gives.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    """
    is_known = call.caller.startswith("arn:") or not call.account
    caller = call.caller if is_known else _ROLE.format(account=call.account)
    keys: dict[str, tuple[str, ...]] = {**DIRECT, "aws:PrincipalIsAWSService": (str(call.is_of_service).lower(),)}
    if caller.startswith("arn:"):
        keys |= {"aws:PrincipalArn": (caller,), "aws:PrincipalAccount": (call.account,)}
        keys["aws:PrincipalOrgID"] = world.organization_of(call.account)
    if call.endpoint:
        known = (world.endpoints or {}).get(call.endpoint)
        keys |= {"aws:SourceVpce": (call.endpoint,), "aws:SourceVpc": (known.vpc,) if known and known.vpc else ()}
    if call.through and not call.by_service:
        keys |= {"aws:ViaAWSService": ("true",), "aws:CalledVia": (call.through,)}
    keys |= {key: (value,) for key, value in more.items()}
    kind = ResourceKind.FOLD if has_wildcard(call.resource) else ResourceKind.ARN
    return Request(caller or _SERVICE, call.action, Resource(kind, call.resource), keys, AbsentKeys.MISSING)


def has_deny(kind: DenyKind, resource: PolicyResource, world: PerimeterWorld) -> bool:
    """Whether the policy already refuses what a Deny of this kind is about: every common use by an outsider, by a role
    of the account from another network, or by a service for an outsider."""
    account = (resource.account if kind is DenyKind.NETWORK else "") or NOBODYS
    is_deputy = kind is DenyKind.CONFUSED_DEPUTY
    caller, more = ((_SERVICE, ""), {"aws:SourceAccount": NOBODYS}) if is_deputy else ((account, account), {})
    calls = (Call(*caller, action, arn) for action, arn in resource.common_uses())
    return resource.policy is not None and all(is_refused(resource.policy, call, world, more) for call in calls)

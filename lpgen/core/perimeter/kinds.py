"""The kinds of Deny: the conditions under which each refuses a request.

Each follows the examples that AWS publishes: https://github.com/aws-samples/data-perimeter-policy-examples. A request
is refused only if all its conditions hold. `IfExists` with a negated operator holds for a request without the key.
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_data-perimeters.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from lpgen.core.arns import account_in_arn, is_account_id, split_arn
from lpgen.core.choices import DenyKind
from lpgen.core.globs.match import fold_case
from lpgen.core.iam.condition_operator import operator_from_name
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import CURRENT_VERSION, Effect, Policy, Statement
from lpgen.core.perimeter.resources import PolicyResource

_SIDS: Final = {
    DenyKind.IDENTITY: "LpgenIdentityPerimeter",
    DenyKind.NETWORK: "LpgenNetworkPerimeter",
    DenyKind.CONFUSED_DEPUTY: "LpgenConfusedDeputy",
}

# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html
# https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption.html: EC2 decrypts volumes with this role.
_ROLES_OF_AWS: Final = ("role/aws-service-role/*", "role/aws:ec2-infrastructure")
"""The roles that only AWS can use, in any account."""


@dataclass(frozen=True, slots=True)
class Inside:
    """What counts as inside: organizations, accounts, principals by the patterns of their ARNs, endpoints and VPCs.

    `sources` are ARNs for which AWS services may act.
    """

    organizations: tuple[str, ...]
    accounts: tuple[str, ...]
    principals: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()
    vpcs: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


def deny(kind: DenyKind, resource: PolicyResource, inside: Inside) -> Policy:
    """The Deny as a policy of one statement."""
    row, is_network = resource.row, kind is DenyKind.NETWORK
    taken = {statement.sid for statement in resource.policy.statements} if resource.policy else set()
    sids = (f"{_SIDS[kind]}{number or ''}" for number in range(len(taken) + 1))  # a queue needs each Sid only once
    actions = (row.network_actions or row.spared) if is_network else row.actions
    statement = {
        "Sid": next(sid for sid in sids if sid not in taken),
        "Effect": Effect.DENY.value,
        "Principal": "*",
        "NotAction" if is_network and not row.network_actions else "Action": [*actions],
        "Resource": [*resource.covered],
        "Condition": _condition(kind, inside, f"arn:{split_arn(resource.arn).partition}:iam::*"),
    }
    version = (resource.policy or NEW).version
    return policy_from_json({"Version": version, "Statement": [statement]}, place=resource.arn)


def _condition(kind: DenyKind, inside: Inside, anywhere: str) -> dict[str, Any]:
    """What a request must meet to be refused. Keys without values are left out. `anywhere` is the start of ARNs of
    principals in any account.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html
    https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    """
    unequal, direct = "StringNotEqualsIfExists", {"aws:PrincipalIsAWSService": "false"}
    organizations, accounts, principals = inside.organizations, inside.accounts, inside.principals
    of_aws = (f"{anywhere}:{role}" for role in _ROLES_OF_AWS)
    conditions: dict[DenyKind, dict[str, dict[str, Any]]] = {
        DenyKind.IDENTITY: {
            unequal: {"aws:PrincipalOrgID": organizations, "aws:PrincipalAccount": accounts},
            "BoolIfExists": direct,
            "ArnNotLikeIfExists": {"aws:PrincipalArn": principals},
        },
        DenyKind.NETWORK: {
            unequal: {
                "aws:SourceVpce": inside.endpoints,
                "aws:SourceVpc": inside.vpcs,
                "aws:PrincipalAccount": accounts,
            },
            "BoolIfExists": {**direct, "aws:ViaAWSService": "false"},
            "ArnNotLikeIfExists": {"aws:PrincipalArn": (*of_aws, *principals)},
        },
        DenyKind.CONFUSED_DEPUTY: {
            unequal: {"aws:SourceOrgID": organizations, "aws:SourceAccount": accounts},
            "Null": {"aws:SourceAccount": "false"},
            "Bool": {"aws:PrincipalIsAWSService": "true"},
            "ArnNotLikeIfExists": {"aws:SourceArn": inside.sources},
        },
    }
    kept = {test: {key: value for key, value in keys.items() if value} for test, keys in conditions[kind].items()}
    return {test: keys for test, keys in kept.items() if keys}


NEW: Final = Policy(CURRENT_VERSION, ())
"""The policy of a resource that has none."""


def with_added(resource: PolicyResource, added: Iterable[Policy]) -> dict[str, Any]:
    """The document with the old statements unchanged, and the added ones after them."""
    policy = resource.policy or NEW
    head = (("Version", policy.version),) if resource.head is None else resource.head
    texts = (statement.text for document in (policy, *added) for statement in document.statements)
    return {**dict(head), "Statement": list(map(json.loads, texts))}


# ---------------------------------------------------------------- what the old policy names

_SOURCE_ARN: Final = "aws:sourcearn"
_SOURCE_ACCOUNTS: Final = frozenset({"aws:sourceaccount", "aws:sourceowner"})
_SOURCE_ORGANIZATIONS: Final = frozenset({"aws:sourceorgid", "aws:sourceorgpaths"})
_OF_CALLER: Final = frozenset({"aws:principalaccount", "aws:principalarn", "kms:calleraccount"})
_CLOUDFRONT: Final = "cloudfront"


def sources_named_in(policy: Policy | None) -> Inside:
    """The organizations and accounts for which the policy lets AWS services act.

    Accounts count in conditions, also in ARNs, and as folders in a service's resources (`AWSLogs/ACCOUNT/`). ARNs
    without an account count where their statement names no account. Records don't show which account a service acts
    for.
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-set-bucket-policy-for-multiple-accounts.html
    """
    organizations, accounts, sources = set[str](), set[str](), set[str]()
    for statement in _allows(policy):
        is_of_service = any(kind == "Service" for kind, _ in statement.principals or ())
        pairs = list(_demanded(statement))
        arns = [value for key, value in pairs if key == _SOURCE_ARN or (is_of_service and key not in _OF_CALLER)]
        folders = (part for resource in statement.resources for part in resource.split("/") if is_of_service)
        texts = (*(value for key, value in pairs if key in _SOURCE_ACCOUNTS), *map(account_in_arn, arns), *folders)
        named = set(filter(is_account_id, texts))
        places = {value.partition("/")[0] for key, value in pairs if key in _SOURCE_ORGANIZATIONS and "*" not in value}
        if not named and not places:
            fields = {value: split_arn(value) for key, value in pairs if key == _SOURCE_ARN}
            sources |= {arn for arn, found in fields.items() if not found.account and found.name.strip("*")}
        organizations |= places
        accounts |= named
    return Inside(tuple(sorted(organizations)), tuple(sorted(accounts)), sources=tuple(sorted(sources)))


def callers_named_in(policy: Policy | None) -> Inside:
    """The callers that an Allow of the policy names, as principals or in conditions: organizations, accounts, and ARNs
    of callers without an account, such as CloudFront's origin access identities.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html
    """
    pairs = [pair for statement in _allows(policy) for pair in _demanded(statement)]
    named = {value for key, value in pairs if key in _OF_CALLER}
    named |= {
        value
        for statement in _allows(policy)
        for kind, value in statement.principals or ()
        if kind == "AWS" and not statement.not_principal
    }
    accounts = {account for value in named if is_account_id(account := account_in_arn(value) or value)}
    identities = {value for value in named if split_arn(value).account == _CLOUDFRONT}
    organizations = {value for key, value in pairs if key == "aws:principalorgid" and "*" not in value}
    return Inside(tuple(sorted(organizations)), tuple(sorted(accounts)), tuple(sorted(identities)))


def _allows(policy: Policy | None) -> Iterator[Statement]:
    return (one for one in (policy or NEW).statements if one.effect is Effect.ALLOW)


def _demanded(statement: Statement) -> Iterator[tuple[str, str]]:
    """Each key, in lower case, with each value that a condition demands. Values to avoid are left out."""
    for one in statement.conditions:
        operator = operator_from_name(one.operator)
        if operator is not None and not operator.negated:
            yield from ((fold_case(one.key), value) for value in one.values)

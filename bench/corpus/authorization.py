"""What `aws iam get-account-authorization-details` prints of an account of the corpus.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from bench.corpus.crew_truth import user_credentials
from bench.corpus.policies import AWS_MANAGED, AWS_PATHS
from bench.corpus.principals import Principal
from bench.corpus.profile import stable_number
from bench.corpus.session_records import SessionBook

Json = dict[str, Any]

_OLD: Final = "2019-05-06T12:00:00+00:00"
_SERVICES: Final = {"lambda": "lambda", "ec2": "ec2", "ecs": "ecs-tasks"}


def authorization_details(
    principals: Sequence[Principal], last_used: Mapping[str, datetime], book: SessionBook
) -> Json:
    """The details of one account's principals; `last_used` by ARN. Of crews' users, also their credentials."""
    roles = [one for one in principals if not one.is_user]
    users = [one for one in principals if one.is_user]
    return {
        "UserDetailList": [_user(one) | user_credentials(one, book) for one in users],
        "GroupDetailList": [],
        "RoleDetailList": [_role(one, last_used.get(one.arn)) for one in roles],
        "Policies": [*_customer_policies(principals), *_aws_policies(principals)],
    }


def _user(principal: Principal) -> Json:
    return {
        "Path": principal.profile.path,
        "UserName": principal.profile.name,
        "UserId": principal.unique_id,
        "Arn": principal.arn,
        "CreateDate": _time(principal.created),
        "UserPolicyList": _inline(principal),
        "GroupList": [],
        "AttachedManagedPolicies": _attached(principal),
        "Tags": _tags(principal),
    }


def _role(principal: Principal, last_used: datetime | None) -> Json:
    brief = {
        "Path": principal.profile.path,
        "RoleName": principal.profile.name,
        "RoleId": principal.unique_id,
        "Arn": principal.arn,
        "CreateDate": _time(principal.created),
        "AssumeRolePolicyDocument": _trust(principal),
    }
    used = {"LastUsedDate": _time(last_used), "Region": principal.region} if last_used else {}
    boundary = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": _boundary_arn(principal)}
    limit = {"PermissionsBoundary": boundary} if principal.policies.boundary else {}
    return (
        brief
        | limit
        | {
            "InstanceProfileList": [_profile(principal, brief)] if principal.profile.caller == "ec2" else [],
            "RolePolicyList": _inline(principal),
            "AttachedManagedPolicies": _attached(principal),
            "Tags": _tags(principal),
            "RoleLastUsed": used,
        }
    )


def _tags(principal: Principal) -> list[Json]:
    tags = principal.member.tags if principal.member else {}
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _profile(principal: Principal, role: Json) -> Json:
    name = principal.profile.name
    return {
        "Path": "/",
        "InstanceProfileName": name,
        "InstanceProfileId": f"AIPA{principal.unique_id[4:]}",
        "Arn": f"arn:aws:iam::{principal.account.id}:instance-profile/{name}",
        "CreateDate": _time(principal.created),
        "Roles": [role],
    }


def _trust(principal: Principal) -> Json:
    account = principal.account.id
    trusted = principal.profile.trusted
    if principal.member and principal.member.trust:
        return {"Version": "2012-10-17", "Statement": [dict(statement) for statement in principal.member.trust]}
    match principal.profile.caller:
        case "oidc":
            provider = f"arn:aws:iam::{account}:oidc-provider/token.actions.githubusercontent.com"
            statement: Json = {"Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithWebIdentity"}
        case "sso":
            provider = f"arn:aws:iam::{account}:saml-provider/AWSSSO_0123456789abcdef_DO_NOT_DELETE"
            statement = {"Principal": {"Federated": provider}, "Action": ["sts:AssumeRoleWithSAML", "sts:TagSession"]}
        case "irsa":
            issuer = f"oidc.eks.{principal.region}.amazonaws.com/id/{stable_number(account):032X}"
            provider = f"arn:aws:iam::{account}:oidc-provider/{issuer}"
            statement = {"Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithWebIdentity"}
        case "role":
            allowed = trusted or f"arn:aws:iam::{account}:root"
            statement = {"Principal": {"AWS": allowed}, "Action": "sts:AssumeRole"}
        case "vendor":
            external = {"StringEquals": {"sts:ExternalId": principal.unique_id.lower()}}
            vendor = {"AWS": trusted or "arn:aws:iam::464622532012:root"}
            statement = {"Principal": vendor, "Action": "sts:AssumeRole", "Condition": external}
        case caller:
            service = principal.profile.service or f"{_SERVICES[caller]}.amazonaws.com"
            statement = {"Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]}


def _inline(principal: Principal) -> list[Json]:
    return [{"PolicyName": name, "PolicyDocument": body} for name, body in principal.policies.inline.items()]


def _attached(principal: Principal) -> list[Json]:
    customer = [
        {"PolicyName": name, "PolicyArn": f"arn:aws:iam::{principal.account.id}:policy/{name}"}
        for name in principal.policies.customer
    ]
    return customer + [{"PolicyName": name, "PolicyArn": _aws_arn(name)} for name in principal.policies.aws]


def _customer_policies(principals: Sequence[Principal]) -> list[Json]:
    return [
        _policy(f"arn:aws:iam::{one.account.id}:policy/{name}", body, _time(one.created), 1)
        for one in principals
        for name, body in one.policies.customer.items()
    ] + [
        _policy(_boundary_arn(principal), principal.policies.boundary, _time(principal.created), 0)
        | {"PermissionsBoundaryUsageCount": 1}
        for principal in principals
        if principal.policies.boundary
    ]


def _boundary_arn(principal: Principal) -> str:
    return f"arn:aws:iam::{principal.account.id}:policy/{principal.profile.name}-boundary"


def _aws_arn(name: str) -> str:
    return f"arn:aws:iam::aws:policy/{AWS_PATHS.get(name, name)}"


def _aws_policies(principals: Sequence[Principal]) -> list[Json]:
    attached = [name for one in principals for name in one.policies.aws]
    return [
        _policy(
            _aws_arn(name),
            {"Version": "2012-10-17", "Statement": AWS_MANAGED[name]},
            _OLD,
            attached.count(name),
        )
        for name in sorted(set(attached))
    ]


def _policy(arn: str, document: Json, created: str, attachments: int) -> Json:
    return {
        "PolicyName": arn.rpartition("/")[2],
        "PolicyId": f"ANPA{stable_number(arn):017d}",
        "Arn": arn,
        "Path": "/",
        "DefaultVersionId": "v1",
        "AttachmentCount": attachments,
        "PermissionsBoundaryUsageCount": 0,
        "IsAttachable": True,
        "CreateDate": created,
        "UpdateDate": created,
        "PolicyVersionList": [
            {"Document": document, "VersionId": "v1", "IsDefaultVersion": True, "CreateDate": created}
        ],
    }


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S+00:00")

"""The permissions that lpgen itself needs, by command, as policies.

A test proves that they allow all calls of the commands, and that each action exists.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.catalog.catalog_table import read_catalog_table
from lpgen.core.choices import Duty
from lpgen.core.model import CURRENT_VERSION, PrincipalKind
from lpgen.core.rollout.calls import POLICY_PATH, CallKind
from lpgen.core.rollout.lock import lock_arn
from lpgen.core.rollout.source import RolloutPlan

Document = dict[str, Any]


_ORGANIZATION: Final = (
    "iam:GenerateOrganizationsAccessReport",
    "iam:GetOrganizationsAccessReport",
    "organizations:DescribeOrganization",
    "organizations:DescribePolicy",
    "organizations:ListAccountsForParent",
    "organizations:ListOrganizationalUnitsForParent",
    "organizations:ListPolicies",
    "organizations:ListRoots",
    "organizations:ListTargetsForPolicy",
)
_REGIONS: Final = "ec2:DescribeRegions"
_FUNCTIONS: Final = (
    "lambda:GetFunctionConfiguration",
    "lambda:ListEventSourceMappings",
    "lambda:ListFunctions",
    "pipes:DescribePipe",
    "pipes:ListPipes",
)
_CREDENTIALS: Final = (
    "iam:GetAccessKeyLastUsed",
    "iam:GetLoginProfile",
    "iam:ListAccessKeys",
    "iam:ListInstanceProfiles",
    "iam:ListMFADevices",
)
_ENDPOINTS: Final = "ec2:DescribeVpcEndpoints"
_ACCOUNT: Final = (
    "cloudtrail:GetEventSelectors",
    "cloudtrail:GetTrail",
    "cloudtrail:GetTrailStatus",
    "cloudtrail:ListTrails",
    "iam:GenerateServiceLastAccessedDetails",
    "iam:GetAccountAuthorizationDetails",
    "iam:GetAccountSummary",
    "iam:GetServiceLastAccessedDetails",
    "iam:ListOpenIDConnectProviders",
    "iam:ListSAMLProviders",
    "s3:GetBucketLogging",
    "s3:GetBucketVersioning",
    "s3:ListAllMyBuckets",
)
_READ_PRINCIPALS: Final = {
    PrincipalKind.ROLE: ("iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"),
    PrincipalKind.USER: (
        "iam:GetUser",
        "iam:GetUserPolicy",
        "iam:ListAttachedUserPolicies",
        "iam:ListGroupsForUser",
        "iam:ListUserPolicies",
    ),
}
_ATTACH: Final = {
    PrincipalKind.ROLE: ("iam:AttachRolePolicy", "iam:DetachRolePolicy"),
    PrincipalKind.USER: ("iam:AttachUserPolicy", "iam:DetachUserPolicy"),
}
_EDIT: Final = {
    PrincipalKind.ROLE: ("iam:DeleteRolePolicy", "iam:PutRolePolicy"),
    PrincipalKind.USER: ("iam:DeleteUserPolicy", "iam:PutUserPolicy"),
}
_READ_POLICIES: Final = ("iam:GetPolicy", "iam:GetPolicyVersion", "iam:ListPolicyVersions")
_MAKE_POLICIES: Final = ("iam:CreatePolicy", "iam:DeletePolicy", "iam:ListEntitiesForPolicy", "iam:TagPolicy")
_LOCK: Final = ("iam:CreatePolicy", "iam:DeletePolicy")


_QUERIES: Final = (
    "athena:GetQueryExecution",
    "athena:GetQueryResults",
    "athena:StartQueryExecution",
    "athena:StopQueryExecution",
)
_TABLES: Final = ("glue:GetDatabase", "glue:GetPartition", "glue:GetPartitions", "glue:GetTable")
_LIST_ANSWERS: Final = ("s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads")
_KEEP_ANSWERS: Final = ("s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject")


class _Asked(msgspec.Struct, frozen=True):
    """The actions that a snapshot needs to read something."""

    actions: tuple[str, ...]


class _Schedules(msgspec.Struct, frozen=True):
    schedules: dict[str, _Asked]
    work: dict[str, _Asked]


def _asked(rows: Iterable[_Asked], *more: str) -> list[str]:
    """The actions that rows need in each Region, without the actions that every snapshot needs."""
    return sorted({_REGIONS, *more, *(action for row in rows for action in row.actions)}.difference(_ACCOUNT))


def own_policies(
    catalog: Catalog,
    *,
    bucket: str,
    role: str,
    caller: str,
    answers: str = "YOUR-ANSWERS-BUCKET",
    plan: RolloutPlan | None = None,
) -> dict[Duty, Document]:
    """The policy for each duty. They are identity policies of the caller that runs lpgen, except for member accounts.

    If `ingest` reads as another role, the caller needs ASSUME_ROLE, and the role needs the ingest policies, such as
    INGEST_S3.

    The catalog's tables have the actions to read resource policies, schedules and what runs with a role.

    `bucket` has the logs, and `answers` is the bucket for Athena's results. `role` is the name of the role that lpgen
    assumes in other accounts, or "". MEMBER_ROLE or MEMBER_ROLLOUT is attached to it, and MEMBER_TRUST is its trust
    policy. `caller` is the ARN of the role or user that runs lpgen. With a `plan`, the rollout policies name only its
    principals and policies.
    """
    partition, account = caller.split(":")[1], caller.split(":")[4]
    s3 = (
        _allow("ListLogs", ("s3:ListBucket",), f"arn:{partition}:s3:::{bucket}"),
        _allow("ReadLogs", ("s3:GetObject",), f"arn:{partition}:s3:::{bucket}/*"),
        # A trail's key is often in another account than its bucket, and its name is unknown here.
        _allow("DecryptLogs", ("kms:Decrypt",), "*", StringLike={"kms:ViaService": "s3.*.amazonaws.com*"}),
    )
    events = _allow("LookUpEvents", ("cloudtrail:LookupEvents",), "*")
    policies = read_catalog_table(catalog.source, "resource_policies", dict[str, _Asked])
    schedules = read_catalog_table(catalog.source, "schedules", _Schedules)
    compute = read_catalog_table(catalog.source, "compute", dict[str, _Asked])
    account_reads = (
        _allow("ReadAccount", _ACCOUNT, "*"),
        _allow("ReadResourcePolicies", _asked(policies.values(), _ENDPOINTS), "*"),
        _allow("ReadResourceTags", (_REGIONS, "s3:GetBucketAbac", "tag:GetResources"), "*"),
        _allow("ReadSchedules", _asked((*schedules.schedules.values(), *schedules.work.values()), *_FUNCTIONS), "*"),
        _allow("ReadCompute", _asked(compute.values(), *_CREDENTIALS), "*"),
    )
    assumed = f"arn:{partition}:iam::*:role/{role or 'YOUR-ROLE'}"
    other_accounts = (_allow("ReachOtherAccounts", ("sts:AssumeRole",), assumed),) if role else ()
    rollout = _document(*_rollout(_reach(plan) if plan else _anything(partition, account)), *other_accounts)
    return {
        Duty.INGEST_S3: _document(*s3),
        Duty.INGEST_ATHENA: _document(*_athena(partition, account, bucket=bucket, answers=answers)),
        Duty.INGEST_CLOUDTRAIL: _document(events),
        Duty.SNAPSHOT: _document(_allow("ReadOrganization", _ORGANIZATION, "*"), *account_reads, *other_accounts),
        Duty.ASSUME_ROLE: _document(_allow("AssumeRole", ("sts:AssumeRole",), assumed)),
        Duty.MEMBER_ROLE: _document(*account_reads),
        Duty.MEMBER_TRUST: _document(_trust(partition, account, caller)),
        Duty.PERIMETER: _document(_allow("ValidatePolicies", ("access-analyzer:ValidatePolicy",), "*")),
        Duty.ROLLOUT_APPLY: rollout,
        Duty.ROLLOUT_UNDO: rollout,
        Duty.ROLLOUT_WATCH: _document(*s3, events),
        Duty.MEMBER_ROLLOUT: _document(*_rollout(_reach(plan) if plan else _anything(partition, "*"))),
    }


_Arns = dict[PrincipalKind, list[str]]


@dataclass(frozen=True, slots=True)
class _Reach:
    """The principals and policies that a rollout may change: all principals by kind, and the principals whose
    attachments, inline policies or trust policies change.

    `exchanged` are the policies to attach and detach; None means any policy, because old names are unknown without a
    plan. `made` are the policies to create, and `locks` the locks of the principals.
    """

    principals: _Arns
    attachments: _Arns
    inline: _Arns
    trust: list[str]
    exchanged: list[str] | None
    made: list[str]
    locks: list[str]


def _anything(partition: str, account: str) -> _Reach:
    """Every role and user of an account, and every policy that lpgen may create in it."""
    iam = f"arn:{partition}:iam::{account}"
    everyone = {kind: [f"{iam}:{kind}/*"] for kind in PrincipalKind}
    roles = everyone[PrincipalKind.ROLE]
    return _Reach(everyone, everyone, everyone, roles, None, [f"{iam}:policy{POLICY_PATH}*"], [])


_ATTACHING: Final = frozenset({CallKind.ATTACH, CallKind.DETACH})
_EDITING: Final = frozenset({CallKind.PUT_INLINE, CallKind.DELETE_INLINE})


def _reach(plan: RolloutPlan) -> _Reach:
    """The principals that a plan changes, and the policies that it attaches and detaches."""
    calls = [call for principal in plan.principals for call in principal.calls]
    return _Reach(
        _with_calls(plan, frozenset(CallKind)),
        _with_calls(plan, _ATTACHING),
        _with_calls(plan, _EDITING),
        _with_calls(plan, frozenset({CallKind.NARROW_TRUST}))[PrincipalKind.ROLE],
        sorted({call.policy for call in calls if call.kind in _ATTACHING}),
        sorted({call.policy for call in calls if call.kind is CallKind.CREATE_POLICY}),
        sorted(
            lock_arn(principal.principal, principal.principal_id) for principal in plan.principals if principal.calls
        ),
    )


def _with_calls(plan: RolloutPlan, kinds: frozenset[CallKind]) -> _Arns:
    """The principals that have calls of these kinds."""
    found: _Arns = {kind: [] for kind in PrincipalKind}
    for principal in plan.principals:
        if any(call.kind in kinds for call in principal.calls):
            found[principal.kind].append(principal.principal)
    return found


def _rollout(reach: _Reach) -> Iterator[Document]:
    """The permissions to apply and to undo, because an apply that fails undoes itself.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#ck_PolicyARN
    """
    yield _allow("ReadLimits", ("iam:GetAccountSummary",), "*")
    yield _allow("ReadPolicies", _READ_POLICIES, "*")  # AWS managed policies too
    condition = {} if reach.exchanged is None else {"ArnEquals": {"iam:PolicyARN": reach.exchanged}}
    for kind in PrincipalKind:
        word = kind.capitalize()
        if reach.principals[kind]:
            yield _allow(f"Read{word}s", _READ_PRINCIPALS[kind], reach.principals[kind])
        if reach.attachments[kind]:
            yield _allow(f"Exchange{word}Policies", _ATTACH[kind], reach.attachments[kind], **condition)
        if reach.inline[kind]:
            yield _allow(f"Edit{word}Policies", _EDIT[kind], reach.inline[kind])
    if reach.trust:
        yield _allow("NarrowTrust", ("iam:UpdateAssumeRolePolicy",), reach.trust)
    if reach.made:
        yield _allow("MakePolicies", _MAKE_POLICIES, reach.made)
    if reach.locks:
        yield _allow("LockPrincipals", _LOCK, reach.locks)


def _athena(partition: str, account: str, *, bucket: str, answers: str) -> Iterable[Document]:
    """Athena reads tables and logs, and writes answers, with the permissions of the query's caller.

    https://docs.aws.amazon.com/athena/latest/ug/managed-policies.html#amazonathenafullaccess-managed-policy
    """
    glue, s3 = f"arn:{partition}:glue:*:{account}", f"arn:{partition}:s3:::"
    keys = ("kms:Decrypt", "kms:GenerateDataKey")
    yield _allow("RunQueries", _QUERIES, f"arn:{partition}:athena:*:{account}:workgroup/*")
    yield _allow("ReadTables", _TABLES, [f"{glue}:catalog", f"{glue}:database/*", f"{glue}:table/*/*"])
    yield _allow("ReadThroughLakeFormation", ("lakeformation:GetDataAccess",), "*")
    yield _allow("ListLogs", ("s3:GetBucketLocation", "s3:ListBucket"), f"{s3}{bucket}")
    yield _allow("ReadLogs", ("s3:GetObject",), f"{s3}{bucket}/*")
    yield _allow("ListAnswers", _LIST_ANSWERS, f"{s3}{answers}")
    yield _allow("KeepAnswers", _KEEP_ANSWERS, f"{s3}{answers}/*")
    yield _allow("UseKeys", keys, "*", StringLike={"kms:ViaService": "s3.*.amazonaws.com*"})


def _trust(partition: str, account: str, caller: str) -> Document:
    """The trust in the role's caller, as a condition. As the principal, it would break if the caller is recreated.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-roles
    """
    return {
        "Sid": "LpgenAlone",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{partition}:iam::{account}:root"},
        "Action": "sts:AssumeRole",
        "Condition": {"ArnEquals": {"aws:PrincipalArn": caller}},
    }


def _allow(sid: str, actions: Iterable[str], resource: str | list[str], **condition: Document) -> Document:
    statement = {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": resource}
    return statement | ({"Condition": condition} if condition else {})


def _document(*statements: Document) -> Document:
    return {"Version": CURRENT_VERSION, "Statement": list(statements)}

"""Roles, users, groups and managed policies, and the JSON in which IAM exports them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sample_logs.planted.world import unique_id

Json = dict[str, Any]

OLD = "2025-02-11T09:14:27+00:00"
"""The default creation date: well before the window."""


def document(*statements: Json) -> Json:
    """A policy document in the current language version."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(actions: str | list[str], resources: str | list[str], **more: Any) -> Json:
    """An `Allow` statement; `more` holds Sid and Condition."""
    return {**_sid(more), "Effect": "Allow", "Action": actions, "Resource": resources, **more}


def deny(actions: str | list[str], resources: str | list[str], **more: Any) -> Json:
    """A `Deny` statement; `more` holds Sid and Condition."""
    return {**_sid(more), "Effect": "Deny", "Action": actions, "Resource": resources, **more}


def _sid(more: Json) -> Json:
    return {"Sid": more.pop("Sid")} if "Sid" in more else {}


def trust_of(principal: Json, action: str = "sts:AssumeRole", condition: Json | None = None) -> Json:
    """A trust policy with one statement."""
    statement: Json = {"Effect": "Allow", "Principal": principal, "Action": action}
    return document(statement | ({"Condition": condition} if condition else {}))


def service_trust(*services: str) -> Json:
    """A trust policy for AWS services, such as `lambda`."""
    names = [f"{service}.amazonaws.com" for service in services]
    return trust_of({"Service": names[0] if len(names) == 1 else names})


@dataclass(frozen=True, slots=True)
class ManagedPolicy:
    """A managed policy with its version in force; `account` is `aws` for AWS-managed ones."""

    name: str
    account: str
    statements: Sequence[Json]
    created: str = OLD
    path: str = "/"
    version: str = "v1"
    exported: bool = True  # False: attached, but its document is missing from the export

    @property
    def arn(self) -> str:
        """The policy's ARN."""
        return f"arn:aws:iam::{self.account}:policy{self.path}{self.name}"

    def detail(self, attachments: int, boundaries: int) -> Json:
        """An entry of `Policies`."""
        prefix = "ANPA"
        return {
            "PolicyName": self.name,
            "PolicyId": unique_id(prefix, self.arn),
            "Arn": self.arn,
            "Path": self.path,
            "DefaultVersionId": self.version,
            "AttachmentCount": attachments,
            "PermissionsBoundaryUsageCount": boundaries,
            "IsAttachable": True,
            "CreateDate": self.created,
            "UpdateDate": self.created,
            "PolicyVersionList": [
                {
                    "Document": document(*self.statements),
                    "VersionId": self.version,
                    "IsDefaultVersion": True,
                    "CreateDate": self.created,
                }
            ],
        }


@dataclass(frozen=True, slots=True)
class Role:
    """A role as it stands at the end of the window. `generation` tells a recreated role from its predecessor."""

    name: str
    account: str
    trust: Json
    path: str = "/"
    created: str = OLD
    inline: dict[str, Json] = field(default_factory=dict)
    managed: tuple[ManagedPolicy, ...] = ()
    boundary: ManagedPolicy | None = None
    profile: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    last_used: str = ""
    last_region: str = "us-east-1"
    generation: int = 1
    duration: int = 3600

    @property
    def arn(self) -> str:
        """The role's ARN, with its path."""
        return f"arn:aws:iam::{self.account}:role{self.path}{self.name}"

    @property
    def unique_id(self) -> str:
        """The role's `AROA…` id."""
        return self.id_of(self.generation)

    def id_of(self, generation: int) -> str:
        """The `AROA…` id of one incarnation of the role."""
        return unique_id("AROA", self.arn, generation)

    @property
    def profile_arn(self) -> str:
        """The ARN of the role's instance profile."""
        return f"arn:aws:iam::{self.account}:instance-profile/{self.profile}"

    def _brief(self) -> Json:
        return {
            "Path": self.path,
            "RoleName": self.name,
            "RoleId": self.unique_id,
            "Arn": self.arn,
            "CreateDate": self.created,
            "AssumeRolePolicyDocument": self.trust,
        }

    def detail(self) -> Json:
        """An entry of `RoleDetailList`."""
        profiles = [
            {
                "Path": "/",
                "InstanceProfileName": self.profile,
                "InstanceProfileId": unique_id("AIPA", self.profile_arn),
                "Arn": self.profile_arn,
                "CreateDate": self.created,
                "Roles": [self._brief()],
            }
        ]
        found: Json = self._brief() | {
            "InstanceProfileList": profiles if self.profile else [],
            "RolePolicyList": [{"PolicyName": n, "PolicyDocument": d} for n, d in self.inline.items()],
            "AttachedManagedPolicies": [{"PolicyName": p.name, "PolicyArn": p.arn} for p in self.managed],
            "Tags": [{"Key": key, "Value": value} for key, value in self.tags.items()],
            "RoleLastUsed": {"LastUsedDate": self.last_used, "Region": self.last_region} if self.last_used else {},
        }
        if self.boundary:
            found["PermissionsBoundary"] = {
                "PermissionsBoundaryType": "Policy",
                "PermissionsBoundaryArn": self.boundary.arn,
            }
        return found


@dataclass(frozen=True, slots=True)
class Group:
    """A group of users."""

    name: str
    account: str
    inline: dict[str, Json] = field(default_factory=dict)
    managed: tuple[ManagedPolicy, ...] = ()

    @property
    def arn(self) -> str:
        """The group's ARN."""
        return f"arn:aws:iam::{self.account}:group/{self.name}"

    def detail(self) -> Json:
        """An entry of `GroupDetailList`."""
        return {
            "Path": "/",
            "GroupName": self.name,
            "GroupId": unique_id("AGPA", self.arn),
            "Arn": self.arn,
            "CreateDate": OLD,
            "GroupPolicyList": [{"PolicyName": n, "PolicyDocument": d} for n, d in self.inline.items()],
            "AttachedManagedPolicies": [{"PolicyName": p.name, "PolicyArn": p.arn} for p in self.managed],
        }


@dataclass(frozen=True, slots=True)
class User:
    """An IAM user."""

    name: str
    account: str
    groups: tuple[Group, ...] = ()
    inline: dict[str, Json] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """The user's ARN."""
        return f"arn:aws:iam::{self.account}:user/{self.name}"

    @property
    def unique_id(self) -> str:
        """The user's `AIDA…` id."""
        return unique_id("AIDA", self.arn)

    def detail(self) -> Json:
        """An entry of `UserDetailList`."""
        found: Json = {
            "Path": "/",
            "UserName": self.name,
            "UserId": self.unique_id,
            "Arn": self.arn,
            "CreateDate": OLD,
            "GroupList": [group.name for group in self.groups],
            "AttachedManagedPolicies": [],
            "Tags": [],
        }
        if self.inline:
            found["UserPolicyList"] = [{"PolicyName": n, "PolicyDocument": d} for n, d in self.inline.items()]
        return found


def authorization_details(
    account: str, roles: Sequence[Role], users: Sequence[User], unattached: Sequence[ManagedPolicy]
) -> Json:
    """What `aws iam get-account-authorization-details` prints for one account."""
    mine = [role for role in roles if role.account == account]
    people = [user for user in users if user.account == account]
    groups = {group.arn: group for user in people for group in user.groups}
    attached = [p for role in mine for p in role.managed] + [p for group in groups.values() for p in group.managed]
    boundaries = [role.boundary for role in mine if role.boundary]
    mine_too = [policy for policy in unattached if policy.account == account]
    known = {policy.arn: policy for policy in (*attached, *boundaries, *mine_too) if policy.exported}
    return {
        "UserDetailList": [user.detail() for user in people],
        "GroupDetailList": [group.detail() for group in groups.values()],
        "RoleDetailList": [role.detail() for role in sorted(mine, key=lambda role: role.arn)],
        "Policies": [
            policy.detail(attached.count(policy), boundaries.count(policy)) for _, policy in sorted(known.items())
        ],
    }

"""IAM in memory, as far as a rollout calls it: thousands of runs in seconds, each call a step that a test can disturb.

`tests/edge/rollout/test_iam_stand_in.py` compares it with moto.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

from botocore.exceptions import ClientError

from lpgen.edge.aws_session import AwsSession

ACCOUNT = "123456789012"
QUOTA = 10
"""How many policies may be attached."""


@dataclass(slots=True)
class ManagedPolicy:
    """A managed policy: its unique id, description, and versions, the default one last."""

    policy_id: str
    description: str
    versions: list[str]


@dataclass(slots=True)
class IamAccount:
    """An account with roles; nothing is late here, and no permission is missing."""

    ids: dict[str, str] = field(default_factory=dict)
    inline: dict[str, dict[str, str]] = field(default_factory=dict)
    attached: dict[str, list[str]] = field(default_factory=dict)
    policies: dict[str, ManagedPolicy] = field(default_factory=dict)
    trust: str = "{}"
    made: int = 0

    def make_role(self, name: str, inline: Mapping[str, str], managed: Mapping[str, str]) -> None:
        """A role with these policies."""
        self.made += 1
        self.ids[name] = f"AROA{self.made:017}"
        self.inline[name] = dict(inline)
        self.attached[name] = [self.make_policy("/", policy, text) for policy, text in managed.items()]

    def delete_role(self, name: str) -> None:
        """A role's end; its managed policies stay."""
        for held in (self.ids, self.inline, self.attached):
            held.pop(name, None)

    def make_policy(self, path: str, name: str, text: str, description: str = "") -> str:
        """A managed policy; its ARN.

        Raises:
            ClientError: there is one of this name.
        """
        arn = f"arn:aws:iam::{ACCOUNT}:policy{path}{name}"
        if arn in self.policies:
            raise failure("EntityAlreadyExists", 409)
        self.made += 1
        self.policies[arn] = ManagedPolicy(f"ANPA{self.made:017}", description, [text])
        return arn

    def documents(self, name: str) -> list[str]:
        """The documents that are in force for a role."""
        attached = [self.policies[arn].versions[-1] for arn in self.attached.get(name, ()) if arn in self.policies]
        return [*self.inline.get(name, {}).values(), *attached]

    # ------------------------------------------------------------ operations

    def perform(self, operation: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to an operation, named as boto3 names methods.

        Raises:
            ClientError: what AWS would answer.
        """
        role, arn = given.get("RoleName", ""), given.get("PolicyArn", "")
        if "RoleName" in given and role not in self.ids:
            raise failure("NoSuchEntity", 404)
        if "PolicyArn" in given and arn not in self.policies and operation != "detach_role_policy":
            raise failure("NoSuchEntity", 404)
        answer: dict[str, Any] = getattr(self, f"_{operation}")(role, arn, given)
        return answer

    def _get_role(self, role: str, *_: Any) -> dict[str, Any]:
        facts = {"RoleName": role, "RoleId": self.ids[role], "Path": "/", "AssumeRolePolicyDocument": self.trust}
        return {"Role": facts | {"Arn": f"arn:aws:iam::{ACCOUNT}:role/{role}"}}

    def _list_role_policies(self, role: str, *_: Any) -> dict[str, Any]:
        return {"PolicyNames": sorted(self.inline[role])}

    def _list_attached_role_policies(self, role: str, *_: Any) -> dict[str, Any]:
        return {"AttachedPolicies": [{"PolicyArn": arn} for arn in self.attached[role]]}

    def _list_policy_versions(self, _: str, arn: str, *__: Any) -> dict[str, Any]:
        return {"Versions": [{"VersionId": f"v{at}"} for at, _ in enumerate(self.policies[arn].versions, start=1)]}

    def _list_entities_for_policy(self, _: str, arn: str, *__: Any) -> dict[str, Any]:
        return {"PolicyRoles": [{"RoleName": role} for role, held in self.attached.items() if arn in held]}

    def _get_role_policy(self, role: str, _: str, given: Mapping[str, Any]) -> dict[str, Any]:
        if given["PolicyName"] not in self.inline[role]:
            raise failure("NoSuchEntity", 404)
        return {"PolicyDocument": self.inline[role][given["PolicyName"]]}

    def _get_policy(self, _: str, arn: str, *__: Any) -> dict[str, Any]:
        policy = self.policies[arn]
        facts = {"PolicyId": policy.policy_id, "DefaultVersionId": f"v{len(policy.versions)}"}
        return {"Policy": facts | ({"Description": policy.description} if policy.description else {})}

    def _get_policy_version(self, _: str, arn: str, given: Mapping[str, Any]) -> dict[str, Any]:
        return {"PolicyVersion": {"Document": self.policies[arn].versions[int(given["VersionId"][1:]) - 1]}}

    def _create_policy(self, _: str, __: str, given: Mapping[str, Any]) -> dict[str, Any]:
        self.make_policy(given["Path"], given["PolicyName"], given["PolicyDocument"], given["Description"])
        return {}

    def _delete_policy(self, _: str, arn: str, __: Any) -> dict[str, Any]:
        if any(arn in held for held in self.attached.values()) or len(self.policies[arn].versions) > 1:
            raise failure("DeleteConflict", 409)
        del self.policies[arn]
        return {}

    def _attach_role_policy(self, role: str, arn: str, _: Any) -> dict[str, Any]:
        if arn not in self.attached[role]:
            if len(self.attached[role]) >= QUOTA:
                raise failure("LimitExceeded", 409)
            self.attached[role].append(arn)
        return {}

    def _detach_role_policy(self, role: str, arn: str, _: Any) -> dict[str, Any]:
        if arn not in self.attached[role]:
            raise failure("NoSuchEntity", 404)
        self.attached[role].remove(arn)
        return {}

    def _put_role_policy(self, role: str, _: str, given: Mapping[str, Any]) -> dict[str, Any]:
        self.inline[role][given["PolicyName"]] = given["PolicyDocument"]
        return {}

    def _update_assume_role_policy(self, _: str, __: str, given: Mapping[str, Any]) -> dict[str, Any]:
        self.trust = given["PolicyDocument"]
        return {}

    def _delete_role_policy(self, role: str, _: str, given: Mapping[str, Any]) -> dict[str, Any]:
        if self.inline[role].pop(given["PolicyName"], None) is None:
            raise failure("NoSuchEntity", 404)
        return {}


def failure(code: str, status: int) -> ClientError:
    """An error as boto3 raises it."""
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "operation")


Step = Callable[[str, Callable[[], dict[str, Any]]], dict[str, Any]]
"""What becomes of an operation: its name, and what performs it and answers."""


def open_stand_in(account: IamAccount, step: Step) -> AwsSession:
    """A session whose clients are of the stand-in, and whose operations go through `step`."""
    client = _Client(account, step)
    return cast(AwsSession, SimpleNamespace(client=lambda _, *, retries=True: client))  # noqa: ARG005


@dataclass(frozen=True, slots=True)
class _Client:
    account: IamAccount
    step: Step
    meta: Any = field(default_factory=lambda: SimpleNamespace(events=SimpleNamespace(unregister=lambda *_: None)))

    def get_paginator(self, operation: str) -> Any:
        """The one page that a list has."""
        return SimpleNamespace(paginate=lambda **given: self._pages(operation, given))

    def _pages(self, operation: str, given: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        yield self.step(operation, lambda: self.account.perform(operation, given))

    def __getattr__(self, operation: str) -> Callable[..., dict[str, Any]]:
        return lambda **given: self.step(operation, lambda: self.account.perform(operation, given))

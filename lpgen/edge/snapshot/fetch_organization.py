"""Fetches an organization: its accounts, and their own and inherited SCPs and RCPs.

The management account and delegated administrators may read it.
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_delegate_policies.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lpgen.core.iam.policy import policy_from_json
from lpgen.edge.aws_session import AwsSession, aws_errors
from lpgen.errors import AwsError, PolicyError

SCP: Final = "SERVICE_CONTROL_POLICY"
RCP: Final = "RESOURCE_CONTROL_POLICY"

_Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Node:
    """A root, organizational unit or account. `path` has the ids from the root to it. Only accounts have `state`."""

    id: str
    name: str
    path: tuple[str, ...]
    is_account: bool = False
    state: str = ""


@dataclass(frozen=True, slots=True)
class Organization:
    """The tree of an organization. `policy_types` are the enabled types."""

    id: str
    management_account: str
    policy_types: frozenset[str]
    nodes: tuple[_Node, ...]

    @property
    def accounts(self) -> tuple[_Node, ...]:
        """The accounts, by id."""
        return tuple(sorted((node for node in self.nodes if node.is_account), key=lambda node: node.id))


def fetch_organization(session: AwsSession) -> Organization | None:
    """The organization of the session's account, or None if it is in none.

    Raises:
        AwsError: the organization can't be read, mostly because the account neither manages nor administers it.
    """
    client = session.client("organizations")
    try:
        with aws_errors("read the organization"):
            found = client.describe_organization()["Organization"]
    except AwsError as error:
        if error.code == "AWSOrganizationsNotInUseException":
            return None
        raise
    with aws_errors("read the accounts of the organization"):
        roots = list(_listed(client, "list_roots", "Roots"))
        nodes = tuple(node for root in roots for node in _below(client, _Node(root["Id"], root["Name"], (root["Id"],))))
    on = {
        policy_type["Type"]
        for root in roots
        for policy_type in root.get("PolicyTypes", ())
        if policy_type.get("Status") == "ENABLED"
    }
    return Organization(found["Id"], found["MasterAccountId"], frozenset(on), nodes)


def _below(client: Any, node: _Node) -> Iterator[_Node]:
    """The node and all nodes below it."""
    yield node
    for account in _listed(client, "list_accounts_for_parent", "Accounts", ParentId=node.id):
        # `State` replaces `Status`. https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html
        state = account.get("State") or account.get("Status") or ""
        yield _Node(account["Id"], account.get("Name", ""), (*node.path, account["Id"]), is_account=True, state=state)
    for unit in _listed(client, "list_organizational_units_for_parent", "OrganizationalUnits", ParentId=node.id):
        yield from _below(client, _Node(unit["Id"], unit.get("Name", ""), (*node.path, unit["Id"])))


def _listed(client: Any, operation: str, name: str, **arguments: str) -> Iterator[dict[str, Any]]:
    for page in client.get_paginator(operation).paginate(**arguments):
        yield from page.get(name, ())


def fetch_levels(
    session: AwsSession, organization: Organization, kind: str
) -> tuple[dict[str, list[list[_Document]]], list[_Document]]:
    """The SCPs or RCPs: for each account a list per level from the root to the account, and each policy's facts.

    A policy's facts are `id`, `name`, `type` and `targets`, the ids of the targets that it is attached to.

    If the type is disabled, there are no levels. The management account has none either, because neither kind restricts
    its principals and resources.
    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html

    Raises:
        AwsError: a policy or its targets can't be read, or a document breaks IAM's grammar. A level without it would
            have another meaning.
    """
    if kind not in organization.policy_types:
        return {account.id: [] for account in organization.accounts}, []
    facts: list[_Document] = []
    attached: dict[str, list[_Document]] = {}
    client = session.client("organizations")
    with aws_errors("read the organization's policies"):
        policies = _listed(client, "list_policies", "Policies", Filter=kind)
        for policy in sorted(policies, key=lambda policy: str(policy["Id"])):
            content = client.describe_policy(PolicyId=policy["Id"])["Policy"]["Content"]
            document = _document(content, policy["Name"])
            listed = _listed(client, "list_targets_for_policy", "Targets", PolicyId=policy["Id"])
            targets = sorted(str(target["TargetId"]) for target in listed)
            facts.append({"id": policy["Id"], "name": policy["Name"], "type": kind, "targets": targets})
            for target in targets:
                attached.setdefault(target, []).append(document)
    levels = {
        account.id: []
        if account.id == organization.management_account
        else [attached.get(node, []) for node in account.path]
        for account in organization.accounts
    }
    return levels, facts


def _document(content: str, name: str) -> _Document:
    try:
        policy_from_json(content, place=name)
    except PolicyError as error:
        raise AwsError(error.message, code="MalformedPolicy") from error
    decoded: _Document = json.loads(content)
    return decoded

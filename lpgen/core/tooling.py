"""Roles of AWS's and the organization's tooling: access to the account, or deployments of new resources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from lpgen.core.globs.match import glob_match
from lpgen.core.model import Principal
from lpgen.core.registry.row import Kind, Row


def _row(word: str, title: str, message: str) -> Row:
    return Row(word, title, parameters={"principal": str}, message=message, step="--include {principal}")


class Tooling(Kind):
    """The kinds of tooling, as reasons not to roll out a role. `step` is the option that overrides a reason."""

    ORGANIZATION_ACCESS = _row(
        "organization_access",
        "the organization's access role",
        "the organization's access to the account if nothing else works",
    )
    CONTROL_TOWER = _row(
        "control_tower",
        "of Control Tower",
        "a role of AWS Control Tower, which reverts changes by others or fails because of them",
    )
    STACK_SETS = _row(
        "stack_sets", "of StackSets", "a role of CloudFormation StackSets, which deploys resources that don't exist yet"
    )
    CDK_BOOTSTRAP = _row(
        "cdk_bootstrap",
        "of the CDK",
        "a role of the CDK's bootstrap stack, which deploys resources that don't exist yet",
    )


_ROLE_NAMES: Final[Mapping[Tooling, tuple[str, ...]]] = {
    # https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_access-cross-account-role.html
    Tooling.ORGANIZATION_ACCESS: ("organizationaccountaccessrole",),
    # https://docs.aws.amazon.com/controltower/latest/userguide/roles-how.html, and of the Account Factory for Terraform
    # https://docs.aws.amazon.com/controltower/latest/userguide/aft-required-roles.html
    Tooling.CONTROL_TOWER: ("awscontroltower*", "aws-controltower-*", "awsaft*"),
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-prereqs.html
    Tooling.STACK_SETS: ("awscloudformationstackset*", "stacksets-exec-*"),
    # https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html
    Tooling.CDK_BOOTSTRAP: ("cdk-*",),
}


def tooling_of(principal: Principal) -> Iterator[Tooling]:
    """The tooling that a principal belongs to, by the role names in AWS's documentation."""
    for kind, globs in _ROLE_NAMES.items():
        if any(glob_match(glob, principal.name, ignore_case=True) for glob in globs):
            yield kind

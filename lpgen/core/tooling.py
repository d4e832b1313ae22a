"""Roles of AWS's and the organization's own tooling: they are the way in, or deploy what isn't known yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from lpgen.core.globs.match import glob_match
from lpgen.core.model import Principal
from lpgen.core.registry.row import Kind, Row


def _row(word: str, title: str, message: str) -> Row:
    return Row(word, title, parameters={"principal": str}, message=message, step="--include {principal}")


class Tooling(Kind):
    """Whose tooling a role is of, as reasons not to roll it out; their `step` is the option that overrides them."""

    ORGANIZATION_ACCESS = _row(
        "organization_access",
        "the organization's way in",
        "the organization's way into the account, for when nothing else works",
    )
    CONTROL_TOWER = _row(
        "control_tower",
        "of Control Tower",
        "a role of AWS Control Tower, which repairs or fails over what others change",
    )
    STACK_SETS = _row(
        "stack_sets", "of StackSets", "a role of CloudFormation StackSets, which deploys what isn't known yet"
    )
    CDK_BOOTSTRAP = _row(
        "cdk_bootstrap", "of the CDK", "a role of the CDK's bootstrap stack, which deploys what isn't known yet"
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
    """The tooling that a principal belongs to, by the name that AWS documents for its roles."""
    for kind, globs in _ROLE_NAMES.items():
        if any(glob_match(glob, principal.name, ignore_case=True) for glob in globs):
            yield kind

"""Roles of AWS's and the organization's own tooling: they are the way in, or deploy what isn't known yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from lpgen.core.globs.match import glob_match
from lpgen.core.model import Principal
from lpgen.core.registry.refusals import RefusalKind

_TOOLING: Final[Mapping[RefusalKind, tuple[str, ...]]] = {
    # https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_access-cross-account-role.html
    RefusalKind.ORGANIZATION_ACCESS: ("organizationaccountaccessrole",),
    # https://docs.aws.amazon.com/controltower/latest/userguide/roles-how.html, and of the Account Factory for Terraform
    # https://docs.aws.amazon.com/controltower/latest/userguide/aft-required-roles.html
    RefusalKind.CONTROL_TOWER: ("awscontroltower*", "aws-controltower-*", "awsaft*"),
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-prereqs.html
    RefusalKind.STACK_SETS: ("awscloudformationstackset*", "stacksets-exec-*"),
    # https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html
    RefusalKind.CDK_BOOTSTRAP: ("cdk-*",),
}


def tooling_of(principal: Principal) -> Iterator[RefusalKind]:
    """The tooling that a principal belongs to, by the name that AWS documents for its roles."""
    for kind, globs in _TOOLING.items():
        if any(glob_match(glob, principal.name, ignore_case=True) for glob in globs):
            yield kind

"""Roles of IAM Identity Center: it makes one of each permission set in every account that the set is assigned to.

https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from lpgen.core.arns import split_arn
from lpgen.core.model import Principal, PrincipalKind

_PREFIX: Final = "AWSReservedSSO_"
_ROLE: Final = re.compile(rf"role(/aws-reserved/sso\.amazonaws\.com/(?:[^/]+/)?){_PREFIX}([^/]+)_[0-9a-f]{{16}}")


@dataclass(frozen=True, slots=True, order=True)
class PermissionSet:
    """A permission set as its roles show it; `path` holds the instance's Region, but for us-east-1."""

    path: str
    name: str


def is_of_permission_set(principal: Principal) -> bool:
    """Whether IAM Identity Center owns a role."""
    is_reserved = principal.path.startswith("/aws-reserved/") or principal.name.startswith(_PREFIX)
    return is_reserved and principal.kind is PrincipalKind.ROLE


def permission_set_of(arn: str) -> PermissionSet | None:
    """The permission set of a role, by its ARN; None for other ARNs, and where the role's name doesn't show it."""
    found = _ROLE.fullmatch(split_arn(arn).name) if _PREFIX in arn else None
    return PermissionSet(found[1], found[2]) if found else None

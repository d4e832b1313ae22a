"""An organization's units, their access reports, and resources that exist."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Final

import msgspec

from lpgen.core.arns import account_in_arn, is_account_id, split_arn
from lpgen.core.guards import Guards

_TESTING: Final = re.compile(r"(?:^|[^a-z])(?:sandbox|test|testing|dev|development)(?:$|[^a-z])", re.IGNORECASE)


_PROFILE: Final = "inference-profile/"
UNSPECIFIED: Final = "unspecified"

UnitId = Annotated[str, msgspec.Meta(pattern=r"\A(?:r-|ou-)?[a-z0-9-]{1,68}\Z")]
AccountId = Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{12}\Z")]


class Unit(msgspec.Struct, frozen=True):
    """A root, organizational unit or account, with all accounts below it."""

    id: UnitId
    accounts: tuple[AccountId, ...]
    name: str = ""


class Organization(msgspec.Struct, frozen=True):
    """An organization. `delegated` are the accounts of delegated administrators, which SCPs restrict like others."""

    organization: str
    management_account: str
    units: tuple[Unit, ...]
    delegated: tuple[str, ...] = ()

    def members(self, unit: Unit) -> tuple[str, ...]:
        """The accounts of a unit that SCPs restrict.

        https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
        """
        return tuple(sorted(set(unit.accounts) - {self.management_account}))

    def account_for_tests(self, unit: Unit) -> str:
        """An account of the unit that is for tests by its name or its unit's, or ""."""
        members = set(self.members(unit))
        smaller = [other for other in self.units if _TESTING.search(other.name) and members & {*other.accounts}]
        found = min(
            smaller, key=lambda other: (not is_account_id(other.id), len(other.accounts), other.id), default=None
        )
        return min(members & {*found.accounts}) if found else ""


class ServiceAccess(msgspec.Struct, frozen=True):
    """A service in an access report: its last request with the account, and how many used it.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessDetail.html
    """

    service: str = msgspec.field(name="ServiceNamespace")
    last: datetime | None = msgspec.field(name="LastAuthenticatedTime", default=None)
    entity: str = msgspec.field(name="EntityPath", default="")
    entities: int = msgspec.field(name="TotalAuthenticatedEntities", default=0)

    def is_used(self, management_account: str) -> bool:
        """Whether an account other than the management account may have used the service."""
        alone = self.entities == 1 and self.entity.rpartition("/")[2] == management_account
        return (self.last is not None or self.entities > 0) and not alone


def is_profile(arn: str) -> bool:
    """Whether an ARN is that of an inference profile, which runs models in other Regions too."""
    return split_arn(arn).name.startswith(_PROFILE)


def special_regions(arn: str) -> tuple[str, ...]:
    """What `aws:RequestedRegion` is besides the names of Regions if a resource is used.

    https://docs.aws.amazon.com/bedrock/latest/userguide/global-cross-region-inference.html
    """
    return (UNSPECIFIED,) if split_arn(arn).name.startswith(f"{_PROFILE}global.") else ()


AccessReports = Mapping[str, tuple[ServiceAccess, ...]]
"""The access reports by the ids of units."""


@dataclass(frozen=True, slots=True)
class ExistingResource:
    """A resource that exists, and the other Regions that it reaches, such as those of an inference profile."""

    arn: str
    regions: tuple[str, ...] = ()

    @property
    def account(self) -> str:
        """The account in its ARN, or ""."""
        return account_in_arn(self.arn)

    @property
    def region(self) -> str:
        """The Region in its ARN, or ""."""
        return split_arn(self.arn).region


@dataclass(frozen=True, slots=True)
class Organized:
    """The organization, its access reports, resources that exist (None: unknown), and the names of all Regions."""

    organization: Organization
    reports: AccessReports = field(default_factory=dict)
    inventory: tuple[ExistingResource, ...] | None = None
    regions: tuple[str, ...] = ()

    def regions_with_resources(self, unit: Unit) -> Iterator[tuple[str, str]]:
        """The Regions that resources are in or reach, each with an ARN. "*" is every Region.

        Resources without an account in their ARN may be any unit's. Stack sets of other accounts deploy with roles of
        the unit's accounts. The management account isn't restricted, so its other resources don't count.
        https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-concepts.html
        """
        members = self.organization.members(unit)
        for found in self.inventory or ():
            is_own = not found.account or found.account in members
            own = (found.region,) if is_own else ()
            if is_own or split_arn(found.arn).name.startswith("stackset/"):
                yield from ((region, found.arn) for region in (*own, *found.regions, *special_regions(found.arn)))


def attached_scps(unit: Unit, organization: Organization, guards: Guards) -> int:
    """The most SCPs attached to a level that may be the unit's: the first of a root, the last of an account."""
    levels = [guards.scps_of_account(account) for account in organization.members(unit)]
    if is_account_id(unit.id):
        own = [found[-1:] for found in levels]
    elif unit.id.startswith("r-"):
        own = [found[:1] for found in levels]
    else:
        own = [found[1:-1] or found[1:] or found for found in levels]
    return max((len(level) for some in own for level in some), default=0)

"""Regions: which ones a statement is limited to, where global services record their events, and which a log lacks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from lpgen.core.arns import OTHER_PARTITIONS, split_arn
from lpgen.core.cloudtrail.visibility import VisibilityTable
from lpgen.core.evidence import AccountCoverage, CoverageSource, Grant, LogCoverage
from lpgen.core.globs.match import has_wildcard
from lpgen.core.model import Action, Principal, Visibility

ANY_REGION: Final = ""
"""The Regions that nothing names: only a trail of all Regions records them all."""

_HOME_REGION: Final = "us-east-1"

# Services whose events are recorded in one Region of the partition. Trails record the first ones only if they include
# global service events; STS has Regional endpoints too.
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html
# https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/logging-using-cloudtrail.html
# https://docs.aws.amazon.com/organizations/latest/userguide/orgs_cloudtrail-integration.html
GLOBAL_EVENTS: Final = frozenset({"iam", "sts", "cloudfront"})
ONE_REGION: Final = frozenset({"iam", "cloudfront", "route53", "organizations"})
GLOBAL_SERVICES: Final = GLOBAL_EVENTS | ONE_REGION
"""The services that record all events, or many, in that one Region."""


# ---------------------------------------------------------------- where global services record


@lru_cache(maxsize=1024)
def home_region_of_trail(arn: str) -> str:
    """The Region in which the events of global services are recorded, in the partition of a trail's ARN."""
    partition = split_arn(arn).partition
    return next((leader for name, _, leader in OTHER_PARTITIONS if name == partition), _HOME_REGION)


def missing_home_region(coverage: AccountCoverage | None) -> str:
    """The Region in which global services record their events, in the partition of the logs, if the logs hold no record
    of it and the decision isn't left to trail settings; else ""."""
    if coverage is None or coverage.known_from is CoverageSource.TRAILS or not coverage.regions:
        return ""
    found = (leader for region in coverage.regions for _, start, leader in OTHER_PARTITIONS if region.startswith(start))
    leader = next(found, _HOME_REGION)
    return "" if leader in coverage.regions else leader


# ---------------------------------------------------------------- what statements are limited to


def granted_regions(grant: Grant) -> set[str]:
    """The Regions that a statement is limited to, by condition or by its ARNs; empty where it isn't."""
    by_condition = _regions_by_condition(grant)
    if by_condition is not None:
        return by_condition
    regions = {region for _, region in _named_regions(grant)}
    return set() if ANY_REGION in regions else regions


def _named_regions(grant: Grant) -> list[tuple[str, str]]:
    """The resources of a statement, each with the one Region that its condition or the ARN limits it to, or
    `ANY_REGION`."""
    by_condition = _regions_by_condition(grant) or ()
    only = next(iter(by_condition)) if len(by_condition) == 1 else ANY_REGION
    is_open = grant.statement.not_resource
    return [(one, only or (ANY_REGION if is_open else region_in_pattern(one))) for one in grant.statement.resources]


def _regions_by_condition(grant: Grant) -> set[str] | None:
    """The Regions that a statement's condition limits it to, empty where that leaves some open; None without one."""
    for condition in grant.statement.conditions:
        if condition.key.lower() == "aws:requestedregion" and condition.operator == "StringEquals":
            return set() if any(map(_is_open, condition.values)) else set(condition.values)
    return None


def region_in_pattern(resource: str) -> str:
    """The one Region that a resource's pattern names, else `ANY_REGION`."""
    region = resource.split(":", 4)[3] if resource.count(":") >= 3 else ANY_REGION  # the rest may be missing
    return ANY_REGION if _is_open(region) else region


def _is_open(region: str) -> bool:
    return has_wildcard(region) or "${" in region


# ---------------------------------------------------------------- what a log lacks


@dataclass(frozen=True, slots=True)
class UnreadUse:
    """The last use of a role, as IAM reports it, in another Region than the only one in the logs."""

    role: str
    region: str


def unread_uses(principals: Iterable[Principal], coverage: LogCoverage) -> Mapping[str, UnreadUse]:
    """By account, a use which shows that the logs cover only one Region while others are used.

    The last day of the logs may be incomplete and doesn't count. Accounts that only trail settings decide are left out.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_RoleLastUsed.html
    """
    found: dict[str, UnreadUse] = {}
    accounts = {one.account: one for one in coverage.accounts if one.known_from is not CoverageSource.TRAILS}
    for one in principals:
        read, region = accounts.get(one.account), one.last_used_region
        if read is None or one.last_used is None or len(read.regions) != 1 or region in ("", *read.regions):
            continue
        if read.first_day <= one.last_used.date() < read.last_day:
            found.setdefault(one.account, UnreadUse(one.arn, region))
    return found


class SilentRegions:
    """Finds the Regions without any record in an account's log, unless only settings decide what it would hold."""

    def __init__(self, coverage: Mapping[str, AccountCoverage], table: VisibilityTable) -> None:
        self._coverage, self._table = coverage, table

    def of_grant(self, action: Action, account: str, grant: Grant) -> Mapping[str, str]:
        """The resources of a statement in Regions for which the log holds no record, each with why.

        A trail of one Region records no other; only settings show that a trail records them all. A condition that
        allows several Regions names none. The result is empty where only settings decide, and for actions that leave no
        management events or leave them in one Region wherever they act.
        """
        found: dict[str, str] = {}
        for resource, region in _named_regions(grant):
            if why := self.why(action, account, region):
                found[resource] = why
        return found

    def why(self, action: Action, account: str, region: str) -> str:
        """Why use of an action in a Region would not have shown by the log, which holds no record of it; else ""."""
        is_silent = self._lacks(account, region) and self._is_regional(action)
        return f"the logs hold no record of {region}" if is_silent else ""

    def are_named(self, account: str, grants: Iterable[Grant]) -> bool:
        """Whether a statement names a Region for which the account's log holds no record, and settings don't decide."""
        return any(self._lacks(account, region) for one in grants for _, region in _named_regions(one))

    def _lacks(self, account: str, region: str) -> bool:
        covered = self._coverage.get(account)
        if region == ANY_REGION or covered is None or covered.known_from is CoverageSource.TRAILS:
            return False
        return region not in covered.regions

    def _is_regional(self, action: Action) -> bool:
        is_management = self._table.visibility(action).visibility is Visibility.MANAGEMENT
        return is_management and action.partition(":")[0] not in GLOBAL_SERVICES

"""Choose which of a role's policies are left attached: those that AWS wrote for the one service that the role trusts.

A copy of such a policy would miss the actions that AWS adds for the service, and would remove hardly anything. lpgen
leaves the policy attached if only the service works with the role and the policy doesn't let it hand out rights.
`synthesis/copies.py` chooses further policies, those whose replacement would be an equal copy.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import Final

import msgspec

from lpgen.core.analysis.decisions import applies_to_action
from lpgen.core.analysis.grants.service_policies import aws_policy_name
from lpgen.core.analysis.grants.trust import only_trusted_service
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.catalog.catalog_table import read_catalog_table
from lpgen.core.cloudtrail.rules.passing import PASS_ROLE_ACTION
from lpgen.core.evidence import Grant, PrincipalGrants
from lpgen.core.model import AccessLevel, Action, PolicyKind
from lpgen.core.replacements import Decision, LeftPolicy

_PASSED_TO: Final = "iam:passedtoservice"
_NAMED_EXACTLY: Final = frozenset({"stringequals", "stringlike"})


class _Row(msgspec.Struct, frozen=True):
    service: str
    runs_customer_code: bool
    policies: frozenset[str]
    source: str


class LeftAttached:
    """Selects the policies left attached. Each row of the table cites the page on how a service uses its role."""

    def __init__(self, catalog: Catalog) -> None:
        rows = read_catalog_table(catalog.source, "service_roles", list[_Row])
        self._policies = {row.service: row.policies for row in rows if not row.runs_customer_code}
        self._catalog = catalog

    def of(self, grants: PrincipalGrants, decisions: Iterable[Decision] = ()) -> tuple[LeftPolicy, ...]:
        """The policies of a principal that are left attached, in their order.

        A policy that grants something a person decided to drop is replaced instead.
        """
        written = self._policies.get(only_trusted_service(grants.principal), frozenset())
        drops = [decision for decision in decisions if decision.drops_for_good]
        return tuple(
            one
            for one, allows in attached_of_aws(grants)
            if aws_policy_name(one.arn) in written
            and not self._hands_out_rights(allows)
            and not _is_dropped(allows, grants.principal.arn, drops)
        )

    def _hands_out_rights(self, allows: Iterable[Grant]) -> bool:
        """Whether statements pass roles to other than known services, or manage permissions of everything."""
        return any(
            (PASS_ROLE_ACTION in one.actions and not self._passes_to_known_services(one))
            or (_is_of_everything(one) and any(map(self._manages_permissions, one.actions)))
            for one in allows
        )

    def _passes_to_known_services(self, grant: Grant) -> bool:
        return any(
            one.key.lower() == _PASSED_TO
            and one.operator.lower() in _NAMED_EXACTLY
            and {value.removesuffix(".cn") for value in one.values} <= self._policies.keys()
            for one in grant.statement.conditions
        )

    def _manages_permissions(self, action: Action) -> bool:
        return self._catalog.detail(action).level is AccessLevel.PERMISSIONS_MANAGEMENT


def attached_of_aws(grants: PrincipalGrants) -> Iterator[tuple[LeftPolicy, tuple[Grant, ...]]]:
    """The managed policies of AWS that are attached to the principal itself and whose documents are known, as they
    would be left, each with its Allows."""
    for policy in grants.principal.policies:
        if policy.kind is PolicyKind.AWS_MANAGED and policy.document is not None and not policy.group:
            allows = tuple(one for one in grants.allows if _is_of(one, (policy.arn,)) and not one.ref.group)
            yield LeftPolicy(policy.arn, policy.version, policy.document), allows


def without_left(grants: PrincipalGrants, left: Collection[LeftPolicy]) -> PrincipalGrants:
    """The grants without those of the policies in `left`: only what a replacement replaces."""
    if not left:
        return grants
    arns = {one.arn for one in left}
    policies = tuple(one for one in grants.principal.policies if one.arn not in arns)
    return replace(
        grants,
        principal=replace(grants.principal, policies=policies),
        allows=tuple(one for one in grants.allows if not _is_of(one, arns)),
        denies=tuple(one for one in grants.denies if not _is_of(one, arns)),
    )


def allows_of_left(grants: PrincipalGrants, left: Collection[LeftPolicy]) -> tuple[Grant, ...]:
    """The Allows of the policies left attached."""
    arns = {one.arn for one in left}
    return tuple(one for one in grants.allows if _is_of(one, arns))


def actions_of_left(grants: PrincipalGrants, left: Collection[LeftPolicy]) -> frozenset[Action]:
    """The actions that the policies left attached allow."""
    return frozenset[Action]().union(*(one.actions for one in allows_of_left(grants, left)))


def _is_of(grant: Grant, arns: Collection[str]) -> bool:
    """Whether a statement is one of AWS's own policies; an inline policy may be called like any of them."""
    return grant.ref.kind is PolicyKind.AWS_MANAGED and grant.ref.policy in arns


def _is_of_everything(grant: Grant) -> bool:
    """Whether a statement is about every resource, without a condition."""
    statement = grant.statement
    return not statement.conditions and (
        statement.not_resource or any(not one.strip("*") for one in statement.resources)
    )


def _is_dropped(allows: Iterable[Grant], principal: str, drops: Collection[Decision]) -> bool:
    return bool(drops) and any(
        applies_to_action(drop, principal, action) for one in allows for action in one.actions for drop in drops
    )

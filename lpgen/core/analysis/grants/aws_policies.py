"""AWS's managed policies: those that AWS wrote for the roles of its services, and those that are left attached.

lpgen leaves a policy attached if AWS wrote it for the one service that the role trusts, and if it doesn't let the
service hand out permissions. A copy of such a policy would miss the actions that AWS adds for the service, and would
remove almost nothing. `synthesis` chooses further policies, whose replacement would be an equal copy.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import Final

import msgspec

from lpgen.core.analysis.decisions import applies_to_action
from lpgen.core.analysis.grants.trust import only_trusted_service
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.catalog.catalog_table import read_catalog_table
from lpgen.core.cloudtrail.rules.passing import PASS_ROLE_ACTION
from lpgen.core.evidence import Grant, PrincipalGrants
from lpgen.core.model import AccessLevel, Action, PolicyKind
from lpgen.core.replacements import Decision, LeftPolicy

_OF_AWS: Final = ":iam::aws:policy/"
_OUTSIDE_THAT_PATH: Final = (
    # https://docs.aws.amazon.com/eks/latest/userguide/security-iam-awsmanpol.html
    "AmazonEKS",
    # https://docs.aws.amazon.com/elasticbeanstalk/latest/dg/iam-instanceprofile.html
    "AWSElasticBeanstalkManagedUpdates",
    "AWSElasticBeanstalkMulticontainerDocker",
    "AWSElasticBeanstalkWebTier",
    "AWSElasticBeanstalkWorkerTier",
    # https://docs.aws.amazon.com/aws-backup/latest/devguide/security-iam-awsmanpol.html
    "AWSBackupServiceRolePolicyFor",
    # https://docs.aws.amazon.com/codedeploy/latest/userguide/managed-policies.html
    "AWSCodeDeployRoleFor",
    # https://docs.aws.amazon.com/systems-manager/latest/userguide/security-iam-awsmanpol.html
    "AmazonSSMManaged",
)

_PASSED_TO: Final = "iam:passedtoservice"
_NAMED_EXACTLY: Final = frozenset({"stringequals", "stringlike"})


def is_aws_policy(arn: str) -> bool:
    """Whether a policy is an AWS managed policy."""
    return _OF_AWS in arn


def aws_policy_name(arn: str) -> str:
    """The path and name of an AWS managed policy, or ""."""
    return arn.partition(_OF_AWS)[2]


def is_service_policy(arn: str) -> bool:
    """Whether AWS wrote a managed policy for the role of a service or of its agent.

    AWS calls policies of the path `service-role/` service role policies:
    https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
    """
    return aws_policy_name(arn).startswith(("service-role/", *_OUTSIDE_THAT_PATH))


# ---------------------------------------------------------------- policies left attached


class _ServiceRole(msgspec.Struct, frozen=True):
    service: str
    runs_customer_code: bool
    policies: frozenset[str]
    source: str


class LeftAttached:
    """Selects the policies left attached. Each row of the table cites AWS's page about how a service uses its role."""

    def __init__(self, catalog: Catalog) -> None:
        rows = read_catalog_table(catalog.source, "service_roles", list[_ServiceRole])
        self._policies = {row.service: row.policies for row in rows if not row.runs_customer_code}
        self._catalog = catalog

    def of(self, grants: PrincipalGrants, decisions: Iterable[Decision] = ()) -> tuple[LeftPolicy, ...]:
        """The policies of a principal that are left attached, in their order.

        A policy that grants something that a decision drops is replaced instead.
        """
        written = self._policies.get(only_trusted_service(grants.principal), frozenset())
        drops = [decision for decision in decisions if decision.drops_for_good]
        return tuple(
            policy
            for policy, allows in attached_of_aws(grants)
            if aws_policy_name(policy.arn) in written
            and not self._hands_out_rights(allows)
            and not _is_dropped(allows, grants.principal.arn, drops)
        )

    def _hands_out_rights(self, allows: Iterable[Grant]) -> bool:
        """Whether statements pass roles to unknown services, or manage permissions of all resources."""
        return any(
            (PASS_ROLE_ACTION in grant.actions and not self._passes_to_known_services(grant))
            or (_is_of_everything(grant) and any(map(self._manages_permissions, grant.actions)))
            for grant in allows
        )

    def _passes_to_known_services(self, grant: Grant) -> bool:
        return any(
            condition.key.lower() == _PASSED_TO
            and condition.operator.lower() in _NAMED_EXACTLY
            and {value.removesuffix(".cn") for value in condition.values} <= self._policies.keys()
            for condition in grant.statement.conditions
        )

    def _manages_permissions(self, action: Action) -> bool:
        return self._catalog.detail(action).level is AccessLevel.PERMISSIONS_MANAGEMENT


def attached_of_aws(grants: PrincipalGrants) -> Iterator[tuple[LeftPolicy, tuple[Grant, ...]]]:
    """The AWS managed policies with known documents that are attached to the principal itself, each with its Allows."""
    for policy in grants.principal.policies:
        if policy.kind is PolicyKind.AWS_MANAGED and policy.document is not None and not policy.group:
            allows = tuple(grant for grant in grants.allows if _is_of(grant, (policy.arn,)) and not grant.ref.group)
            yield LeftPolicy(policy.arn, policy.version, policy.document), allows


def without_left(grants: PrincipalGrants, left: Collection[LeftPolicy]) -> PrincipalGrants:
    """The grants without the policies in `left`: those that a replacement replaces."""
    if not left:
        return grants
    arns = {policy.arn for policy in left}
    policies = tuple(policy for policy in grants.principal.policies if policy.arn not in arns)
    return replace(
        grants,
        principal=replace(grants.principal, policies=policies),
        allows=tuple(grant for grant in grants.allows if not _is_of(grant, arns)),
        denies=tuple(grant for grant in grants.denies if not _is_of(grant, arns)),
    )


def allows_of_left(grants: PrincipalGrants, left: Collection[LeftPolicy]) -> tuple[Grant, ...]:
    """The Allows of the policies left attached."""
    arns = {policy.arn for policy in left}
    return tuple(grant for grant in grants.allows if _is_of(grant, arns))


def actions_of_left(grants: PrincipalGrants, left: Collection[LeftPolicy]) -> frozenset[Action]:
    """The actions that the policies left attached allow."""
    return frozenset[Action]().union(*(grant.actions for grant in allows_of_left(grants, left)))


def _is_of(grant: Grant, arns: Collection[str]) -> bool:
    """Whether a statement belongs to one of these AWS managed policies. An inline policy may have the same name."""
    return grant.ref.kind is PolicyKind.AWS_MANAGED and grant.ref.policy in arns


def _is_of_everything(grant: Grant) -> bool:
    """Whether a statement covers every resource, without a condition."""
    statement = grant.statement
    return not statement.conditions and (
        statement.not_resource or any(not resource.strip("*") for resource in statement.resources)
    )


def _is_dropped(allows: Iterable[Grant], principal: str, drops: Collection[Decision]) -> bool:
    return bool(drops) and any(
        applies_to_action(drop, principal, action) for grant in allows for action in grant.actions for drop in drops
    )

"""Scanners: a principal that reads nearly everywhere is told of AWS's own policies for it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from lpgen.core.analysis.caveats.replacement import ReplacementCaveat
from lpgen.core.analysis.caveats.unpredictable import MIN_SERVICES
from lpgen.core.analysis.grants.principal_grants import grants_from_principals
from lpgen.core.findings import Proposal
from lpgen.core.model import AccessLevel, Action
from lpgen.edge.catalog.files import bundled_catalog
from tests.support.diffs import diff_usage
from tests.support.generated import generate_policies
from tests.support.worlds import allow, exactly, policy, role, usage_of, use

CATALOG = bundled_catalog()


def actions_in(services: int, level: AccessLevel, *, each: int = 1) -> list[Action]:
    """So many actions of the level in each of so many services."""
    found = (
        [action for action in CATALOG.service_actions(prefix) if CATALOG.detail(action).level is level]
        for prefix in CATALOG.prefixes()
    )
    rich = [actions[:each] for actions in found if len(actions) >= each]
    return [action for actions in rich[:services] for action in actions]


def proposal_for(actions: list[Action], quota: int = 10, *, granted: Sequence[str] = ("*",)) -> Proposal:
    principal = role(policy(allow(list(granted), "*")))
    grants = grants_from_principals([principal], CATALOG)
    options = exactly(attached_quota=quota)
    diff = diff_usage(usage_of({principal.arn: [use(action) for action in actions]}), grants, CATALOG, options)
    (replacement,) = generate_policies(diff, grants, CATALOG, options)
    return Proposal(diff.principals[0], replacement, verification=None)


@pytest.mark.parametrize(
    ("services", "writes", "is_scanner"),
    [(MIN_SERVICES, 0, True), (MIN_SERVICES, 2, True), (MIN_SERVICES, 5, False), (MIN_SERVICES - 1, 0, False)],
)
def test_proposal_names_a_policy_of_aws_for_one_that_reads_in_many_services_and_does_little_else(
    services: int, writes: int, is_scanner: bool
) -> None:
    actions = actions_in(services, AccessLevel.LIST, each=2) + actions_in(writes, AccessLevel.WRITE)
    diff = proposal_for(actions).diff
    said = diff.advice.sentence
    by_design = f": it reads in {services} services by design, as scanners do"
    compare = "compare its policies with AWS's SecurityAudit before you replace them" + by_design
    assert (said == compare) is is_scanner
    assert "disable" not in said
    assert [caveat.item for caveat in diff.assessment.caveats].count("scanner") == is_scanner


def test_a_scanner_that_loses_no_reads_is_not_doubted() -> None:
    actions = actions_in(MIN_SERVICES, AccessLevel.LIST)
    diff = proposal_for(actions, granted=actions).diff
    assert "scanner" not in {caveat.item for caveat in diff.assessment.caveats}
    assert diff.advice.sentence == "replace the policies"


def test_refusal_of_a_scanner_names_a_policy_of_aws_and_the_services_that_take_most() -> None:
    found = proposal_for(actions_in(300, AccessLevel.LIST, each=6), quota=5)
    refused = found.replacement
    assert refused is not None
    assert "SecurityAudit" in refused.refusal
    assert "several" not in refused.refusal
    assert refused.refused_for is not None
    assert refused.refused_for.kind is ReplacementCaveat.TOO_LARGE
    assert refused.refused_for.step == "attach a policy such as SecurityAudit, or drop kept actions with decisions"

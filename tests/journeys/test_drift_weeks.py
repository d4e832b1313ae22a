"""Six weeks of the sample organization: each week finds exactly what was planted in it, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from lpgen.core.choices import Severity
from lpgen.core.drift.coverage import CoverageDrift
from lpgen.core.drift.disuse import DisuseDrift
from lpgen.core.drift.findings import Drift, DriftKind
from lpgen.core.drift.policies import PolicyDrift
from lpgen.core.drift.principals import PrincipalDrift
from lpgen.core.drift.proposals import ProposalDrift
from lpgen.core.drift.wildcards import WildcardDrift
from tests.support.drift_weeks import (
    AUDITOR,
    CONTRACTOR,
    END,
    ENGINEER,
    FELL_OUT,
    FORWARDER,
    GONE,
    NEW_ACTION,
    RELEASES,
    SECURITY_TRAIL,
    STOREFRONT,
    Organization,
    grown_catalog,
    sample_logs,
)
from tests.support.ingests import ingest
from tests.support.sample_organization import SECURITY, SHOP, issuer

pytestmark = pytest.mark.slow


ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"

PLANTED: dict[int, list[tuple[DriftKind, Severity, str]]] = {
    1: [],
    2: [
        (PolicyDrift.POLICY_CHANGED, Severity.CRITICAL, RELEASES),
        (PolicyDrift.POLICY_CHANGED, Severity.CRITICAL, AUDITOR),
        (WildcardDrift.NEW_WILDCARD, Severity.HIGH, RELEASES),
    ],
    3: [
        (WildcardDrift.INHERITED, Severity.HIGH, ENGINEER),
        (WildcardDrift.INHERITED, Severity.HIGH, ADMINISTRATOR),
        (PrincipalDrift.NEW_PRINCIPAL, Severity.LOW, CONTRACTOR),
    ],
    4: [(ProposalDrift.NEW_USE, Severity.HIGH, ENGINEER), (PrincipalDrift.GONE_PRINCIPAL, Severity.INFO, GONE)],
    5: [
        (ProposalDrift.NEVER_APPLIED, Severity.MEDIUM, ENGINEER),
        (DisuseDrift.ROLE_QUIET, Severity.LOW, FORWARDER),
        (DisuseDrift.NEWLY_UNUSED, Severity.LOW, STOREFRONT),
    ],
    6: [
        (CoverageDrift.COVERAGE_LOST, Severity.CRITICAL, SECURITY),
        (CoverageDrift.COVERAGE_LOST, Severity.CRITICAL, SECURITY_TRAIL),
        (CoverageDrift.COVERAGE_LOST, Severity.MEDIUM, SHOP),
        (ProposalDrift.NEVER_APPLIED, Severity.MEDIUM, ENGINEER),
    ],
}


@pytest.fixture(scope="module")
def weeks(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Drift]:
    """The drift of each week against the baseline of the week before."""
    shop = Organization(tmp_path_factory.mktemp("weeks"))
    ingest([sample_logs()], shop.catalog, data=shop.data)
    shop.save()
    found: dict[int, Drift] = {}
    for week in PLANTED:
        shop.week = week
        _plant(shop)
        shop.advance()
        found[week] = shop.drift()
        shop.save()
    return found


def _plant(shop: Organization) -> None:
    """What happens in each week."""
    if shop.week == 1:
        shop.apply_proposals(ENGINEER)
        shop.muted.append(lambda record: issuer(record) == FORWARDER)
        shop.muted.append(
            lambda record: issuer(record) == STOREFRONT and (record["eventSource"], record["eventName"]) == FELL_OUT
        )
    elif shop.week == 2:
        shop.add_statement(AUDITOR, "helper", "s3:PutBucketPolicy")
        shop.add_statement(RELEASES, "images", "ecr:*")
    elif shop.week == 3:
        shop.catalog = grown_catalog()
        shop.copy_role(RELEASES, "contractor")
    elif shop.week == 4:
        shop.call(ENGINEER, "sqs.amazonaws.com", "ListQueues", at=shop.day - timedelta(days=1), parameters={})
        shop.remove_role(GONE)
    elif shop.week == 6:
        start = shop.day - timedelta(days=6)
        shop.call(
            "arn:aws:iam::444455556666:role/audit-reader",
            "cloudtrail.amazonaws.com",
            "StopLogging",
            at=start,
            parameters={"name": SECURITY_TRAIL},
        )
        shop.logging[SECURITY_TRAIL] = False
        shop.muted.append(
            lambda record: record["recipientAccountId"] == SECURITY and record["eventTime"] > f"{start}T06"
        )
        shop.muted.append(lambda record: record["awsRegion"] == "eu-west-1")


@pytest.mark.parametrize("week", PLANTED)
def test_each_week_finds_what_was_planted_and_nothing_else(weeks: dict[int, Drift], week: int) -> None:
    assert [(finding.kind, finding.severity, finding.subject) for finding in weeks[week].findings] == PLANTED[week]


def test_what_was_put_in_place_is_no_drift(weeks: dict[int, Drift]) -> None:
    assert len(weeks[1].applied) == 28
    assert ENGINEER not in weeks[1].applied
    assert [weeks[week].applied for week in range(2, 7)] == [()] * 5


def test_findings_name_the_planted_thing(weeks: dict[int, Drift]) -> None:
    said = {
        (week, finding.subject, finding.kind): f"{finding.message} {' '.join(finding.details)}"
        for week, drift in weeks.items()
        for finding in drift.findings
    }
    assert "gains s3:PutBucketPolicy" in said[2, AUDITOR, PolicyDrift.POLICY_CHANGED]
    assert "ecr:*" in said[2, RELEASES, WildcardDrift.NEW_WILDCARD]
    assert NEW_ACTION in said[3, ADMINISTRATOR, WildcardDrift.INHERITED]
    assert "sqs:ListQueues" in said[4, ENGINEER, ProposalDrift.NEW_USE]
    assert "planted-ListQueues" in said[4, ENGINEER, ProposalDrift.NEW_USE]
    assert END.isoformat() in said[5, ENGINEER, ProposalDrift.NEVER_APPLIED]
    assert "dynamodb:DescribeTable" in said[5, STOREFRONT, DisuseDrift.NEWLY_UNUSED]
    assert "eu-west-1" in said[6, SHOP, CoverageDrift.COVERAGE_LOST]
    assert "StopLogging" in said[6, SECURITY, CoverageDrift.COVERAGE_LOST]


def test_the_trend_grows_by_a_point_a_week_and_shows_the_applied_proposals(weeks: dict[int, Drift]) -> None:
    trend = weeks[6].trend
    assert [stamp.name for stamp in trend] == [*(f"week-{week}" for week in range(6)), "now"]
    assert trend[1].figures.granted < trend[0].figures.granted
    assert [stamp.as_of for stamp in trend] == sorted(stamp.as_of for stamp in trend)

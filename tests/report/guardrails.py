"""Guardrails of each state, for tests of pages."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from lpgen.core.guardrails.boundary import BoundaryReport
from lpgen.core.guardrails.organization import Unit
from lpgen.core.guardrails.scp import ScpKind, ScpReport, UnitGuardrails
from tests.core.graph.cases import principal, service
from tests.core.guardrails.worlds import APP, AUDIT, OU, boundary, call, proposal, quiet, report
from tests.support.worlds import ACCOUNT, allow

_CREATOR = principal("role/deployer", allow(["iam:CreateRole", "iam:UpdateAssumeRolePolicy", "iam:PassRole"]))
_WEB = principal("role/app/web", allow(["sqs:CreateQueue", "sns:*"]), trusts=service("lambda"))
_LEGACY = principal("role/app/legacy", allow("*"), trusts=service("ec2"))


@cache
def scp_report() -> ScpReport:
    """A unit with a proposal of each state."""
    calls = [quiet(ACCOUNT), call(AUDIT, "cloudtrail:StopLogging", {"name": "x"}, days=1)]
    reports = {OU: report(s3="2026-02-01T00:00:00Z", gamelift="", kms="")}
    maker = principal("role/maker", allow("iam:CreateRole"))
    found = [proposal(kind, *calls, principals=(APP, AUDIT, maker), reports=reports) for kind in ScpKind]
    refused = proposal(ScpKind.SERVICES, *calls)
    unit = Unit(OU, (ACCOUNT,), "apps")
    return ScpReport((UnitGuardrails(unit, (*found, refused)),), ("a problem in a file",))


@cache
def boundary_report() -> BoundaryReport:
    """A boundary with a path that leads out."""
    used = call(_WEB, "sqs:CreateQueue", {"queueName": "jobs"})
    topic = call(_WEB, "sns:CreateTopic", {"name": "news"})
    found = boundary(
        quiet(ACCOUNT), used, topic, principals=(_CREATOR, _WEB, _LEGACY), creator=_CREATOR, created=(_WEB,)
    )
    return replace(found, problems=("a problem in a file",))

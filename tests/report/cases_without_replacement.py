"""Principals that get no replacement, one of each class."""

from __future__ import annotations

from datetime import UTC, date, datetime

from lpgen.core.analysis.caveats.incomplete_logs import LogsCaveat
from lpgen.core.analysis.caveats.unknowns import UnknownCaveat
from lpgen.core.findings import PrincipalClass, Verdict, WildcardUse
from lpgen.core.model import ActionPattern
from lpgen.core.registry.row import Caveat
from tests.report.cases import ADMIN, SECURITY, Case, verdict


def without_replacement() -> list[Case]:
    """One principal of each class that gets no replacement."""
    unused = Case(
        "break-glass-admin",
        PrincipalClass.UNUSED,
        "ask its owner whether it is for emergencies before you disable it: if so, name it under `break-glass` in the "
        "decisions file, keep it, and set an alarm on its use",
        "ask its owner whether it is for emergencies before you disable it",
        verdicts=[
            verdict("iam:CreateUser", parents=(ADMIN,), danger="makes an identity of its own"),
            verdict("s3:GetObject", Verdict.UNOBSERVABLE, parents=(ADMIN,)),
        ],
        wildcards=[WildcardUse(ADMIN, ActionPattern("*"), not_action=False, expands_to=2, used=())],
    )
    hole = Case(
        "fulfilment-sync",
        PrincipalClass.UNSEEN,
        "first find the logs of its last use: IAM dates its last use on 2026-09-12, inside the window",
        "first find the logs of its last use",
        path="/app/",
        last_used=datetime(2026, 9, 12, 4, 0, tzinfo=UTC),
        caveats=[
            Caveat.of(
                LogsCaveat.COVERAGE_HOLE,
                service="",
                last=date(2026, 9, 12),
                region="",
                is_region_read=True,
                is_after_logs=False,
                unrecorded="",
            )
        ],
    )
    unknown = Case(
        "legacy-etl",
        PrincipalClass.GRANTS_UNKNOWN,
        "export the missing policy documents and run again",
        account=SECURITY,
        caveats=[Caveat.of(UnknownCaveat.GRANTS_UNKNOWN, policy="arn:aws:iam::444455556666:policy/etl")],
    )
    no_logs = Case(
        "auditor",
        PrincipalClass.NOT_COVERED,
        "ingest logs of its account; nothing can be said without them",
        "ingest logs of its account",
        account="777788889999",
        covered_days=0,
    )
    of_aws = Case(
        "eks-cluster",
        PrincipalClass.LEFT_TO_AWS,
        "nothing: AWS wrote its policies for a service and keeps them up to date, and all that they allow may be"
        " needed",
    )
    linked = Case(
        "AWSServiceRoleForAutoScaling",
        PrincipalClass.SERVICE_LINKED,
        "nothing: AWS owns the policies of a service-linked role",
        path="/aws-service-role/autoscaling.amazonaws.com/",
    )
    bare = Case("empty-shell", PrincipalClass.NO_GRANTS, "nothing: no policy of its own allows anything")
    return [unused, hole, unknown, no_logs, of_aws, linked, bare]

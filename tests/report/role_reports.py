"""A report of `lpgen roles` with a proposal of each kind, for tests of pages."""

from __future__ import annotations

from datetime import date
from functools import cache

from msgspec import structs

from lpgen.core.backtests import EvidenceClass
from lpgen.core.documents import RiskPart
from lpgen.core.roles.model import (
    AgainstKind,
    Curve,
    CurvePoint,
    EvidenceKind,
    Leftover,
    LeftoverKind,
    Merge,
    RoleSettings,
    RolesReport,
    SessionGroup,
    Split,
    SplitPart,
    Step,
    Target,
    UserEvidence,
    UserFinding,
    UserKey,
    UserKind,
    UserMove,
    against,
    state_of,
)
from tests.support.worlds import ACCOUNT

BEFORE = f"arn:aws:iam::{ACCOUNT}:"
KEPT = RoleSettings(path="/", boundary=f"{BEFORE}policy/boundary", tags={"team": "a"})
RISK = RiskPart(days=30, evidence=EvidenceClass.STEADY, share=0.025, needs=0.04)
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}]}


def _user(name: str, kind: UserKind, target: Target, *found: AgainstKind) -> UserMove:
    objections = tuple(against(one, detail=12) for one in found)
    return UserMove(
        user=f"{BEFORE}user/{name}",
        kind=kind,
        state=state_of(objections),
        evidence=(UserEvidence(kind=EvidenceKind.KEY, text="key AKIA1 was used on 4 days, last on 2026-02-03"),),
        keys=(UserKey(id="AKIA1", active=True, created=None, last_used=date(2026, 2, 3), days_used=4),),
        goes_to=target,
        policy=(POLICY,) if target.new else None,
        steps=(Step(text="Deactivate key AKIA1.", check="No use of key AKIA1 for 14 covered days."),),
        against=objections,
        findings=(UserFinding(kind="old-key", names=("AKIA1",)),),
        left=(),
        settings=KEPT if target.new else None,
    )


@cache
def roles_report() -> RolesReport:
    """Users of several kinds, a shared role with its curve, a role to split, and a leftover."""
    members = tuple(f"{BEFORE}role/orders-{number}" for number in (1, 2))
    merge = Merge(
        name="orders",
        kind="role",
        account=ACCOUNT,
        state="unsafe",
        members=members,
        roles_saved=1,
        over_grant=4,
        harmful=0,
        against=(against(AgainstKind.NAMED_ELSEWHERE, members),),
        policy=(POLICY,),
        left=(),
        trust={"Version": "2012-10-17", "Statement": []},
        settings=KEPT,
        risk=RISK,
    )
    points = tuple(CurvePoint(roles=roles, over_grant=8 - 4 * roles, harmful=0) for roles in (2, 1))
    curve = Curve(account=ACCOUNT, kind="role", members=members, method="exact", points=points)
    people = Target(kind="permission-set", name="Analyst", new=False, over_grant=3, text="it allows it")
    group = SessionGroup(
        kind="name", value="invoices-*", first_day=date(2026, 1, 1), last_day=date(2026, 2, 3), records=7
    )
    split = Split(
        role=f"{BEFORE}role/worker",
        state="unsafe",
        parts=tuple(
            SplitPart(
                name=f"worker-{job}",
                sessions=(structs.replace(group, value=f"{job}-*"),),
                callers=callers,
                removed=5,
                dangerous_removed=1,
                policy=(POLICY,),
            )
            for job, callers in (("invoices", ("lambda.amazonaws.com",)), ("orders", ()))
        ),
        trust={"Version": "2012-10-17", "Statement": []},
        left=(),
        settings=KEPT,
        risk=RISK,
        against=(against(AgainstKind.CALLERS_UNKNOWN, ["worker-orders"]),),
    )
    return RolesReport(
        users=(
            _user("alice", "person", people),
            _user("bot", "workload", Target(kind="role", name="bot", new=True), AgainstKind.FEW_DAYS),
            _user("old", "unused", Target(kind="question", text="Ask.")),
        ),
        merges=(merge,),
        curves=(curve,),
        splits=(split,),
        leftovers=(Leftover(kind=LeftoverKind.EMPTY_GROUP, arn=f"{BEFORE}group/empty", text="no user is a member"),),
        problems=("a problem in a file",),
    )

"""A report of `lpgen roles` with a proposal of each kind, for tests of pages."""

from __future__ import annotations

from datetime import date
from functools import cache

from lpgen.core.roles.model import (
    AgainstKind,
    Curve,
    CurvePoint,
    EvidenceKind,
    Leftover,
    LeftoverKind,
    Merge,
    MergeKind,
    Method,
    MoveState,
    RolesReport,
    Step,
    Target,
    TargetKind,
    UserEvidence,
    UserFinding,
    UserFindingKind,
    UserKey,
    UserKind,
    UserMove,
    against,
)
from tests.support.worlds import ACCOUNT

BEFORE = f"arn:aws:iam::{ACCOUNT}:"
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}]}


def _user(name: str, kind: UserKind, target: Target, *found: AgainstKind) -> UserMove:
    return UserMove(
        user=f"{BEFORE}user/{name}",
        kind=kind,
        state=MoveState.UNSAFE if found else MoveState.SAFE,
        evidence=(UserEvidence(kind=EvidenceKind.KEY, text="key AKIA1 was used on 4 days, last on 2026-02-03"),),
        keys=(UserKey(id="AKIA1", active=True, created=None, last_used=date(2026, 2, 3), days_used=4),),
        goes_to=target,
        policy=(POLICY,) if target.new else None,
        steps=(Step(text="Deactivate key AKIA1.", check="No use of key AKIA1 for 14 covered days."),),
        against=tuple(against(one, detail=12) for one in found),
        findings=(UserFinding(kind=UserFindingKind.OLD_KEY, names=("AKIA1",)),),
    )


@cache
def roles_report() -> RolesReport:
    """Users of several kinds, a shared role with its curve, and a leftover."""
    members = tuple(f"{BEFORE}role/orders-{number}" for number in (1, 2))
    merge = Merge(
        name="orders",
        kind=MergeKind.ROLE,
        account=ACCOUNT,
        state=MoveState.UNSAFE,
        members=members,
        roles_saved=1,
        over_grant=4,
        own_names=2,
        harmful=0,
        against=(against(AgainstKind.NAMED_ELSEWHERE, members),),
        policy=(POLICY,),
        left=(),
        trust={"Version": "2012-10-17", "Statement": []},
    )
    points = tuple(CurvePoint(roles=roles, over_grant=8 - 4 * roles, harmful=0) for roles in (2, 1))
    curve = Curve(account=ACCOUNT, kind=MergeKind.ROLE, members=members, method=Method.EXACT, points=points)
    people = Target(kind=TargetKind.PERMISSION_SET, name="Analyst", new=False, over_grant=3, text="it allows it")
    return RolesReport(
        users=(
            _user("alice", UserKind.PERSON, people),
            _user("bot", UserKind.WORKLOAD, Target(kind=TargetKind.ROLE, name="bot", new=True), AgainstKind.FEW_DAYS),
            _user("old", UserKind.UNUSED, Target(kind=TargetKind.QUESTION, name="", new=False, text="Ask.")),
        ),
        merges=(merge,),
        curves=(curve,),
        leftovers=(Leftover(kind=LeftoverKind.EMPTY_GROUP, arn=f"{BEFORE}group/empty", text="no user is a member"),),
        problems=("a problem in a file",),
    )

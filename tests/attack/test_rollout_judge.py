"""The judge of rollouts sees each kind of broken rule, in logs that no lpgen wrote."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pytest

from tests.support.rollout_judge import Judge, Target
from tests.support.rollout_stage import OTHER, Event, Run, Slots, State
from tests.support.rollout_worlds import allow, deny, document

OLD: Final = {"inline own": document(allow("s3:*"), deny("s3:DeleteBucket"))}
NEW: Final = {"inline new": document(allow("s3:GetObject"), deny("s3:DeleteBucket"))}
APP: Final = Target("role/app", "AROA1", OLD, NEW)
BOTH: Final = OLD | NEW


def faults(steps: Sequence[tuple[str, str, Slots]], status: int = 0) -> str:
    """What the judge finds in a log of these steps: who calls what, and what the role holds then."""
    states = [State({APP.key: slots}, {APP.key: APP.id}, {}) for slots in (OLD, *(slots for _, _, slots in steps))]
    events = [
        Event(at, run, run.partition(".")[0], operation, {"RoleName": "app"}, 200, states[at], states[at + 1])
        for at, (run, operation, _) in enumerate(steps)
    ]
    run = Run("a.apply", "a", ("apply", "--all"), (), status=status, last=len(events))
    return "; ".join(Judge([APP], events, [run]).faults())


PUT, DELETE, LIST = "PutRolePolicy", "DeleteRolePolicy", "ListRolePolicies"
APPLIED = (("a.apply", PUT, BOTH), ("a.apply", DELETE, NEW))
REMOVED = (("a.apply", PUT, BOTH), (OTHER, "remove", NEW))


@pytest.mark.parametrize(
    ("steps", "status", "found"),
    [
        (APPLIED, 0, ""),
        ((("a.apply", DELETE, {}),), 3, "takes ['s3:GetObject']"),
        ((("a.apply", DELETE, {}),), 3, "lifts the Deny"),
        ((("a.apply", PUT, OLD | {"inline new": document(allow("sqs:*"))}),), 3, "allows role/app"),
        (REMOVED, 0, ""),
        ((*REMOVED, ("a.apply", LIST, NEW), ("a.apply", DELETE, {})), 3, "takes ['s3:GetObject']"),
        ((*REMOVED, ("a.apply", PUT, BOTH)), 3, "puts back `inline own`, which other removed"),
        ((("b.apply", PUT, BOTH), ("a.apply", DELETE, OLD)), 3, "removes `inline new`, which b attached"),
        ((("a.apply", PUT, BOTH), ("b.apply", DELETE, NEW), ("a.apply", PUT, NEW | OLD)), 3, "at the same time"),
        (APPLIED[:1], 0, "exited with 0, but role/app holds new inline new, old inline own"),
        ((*APPLIED, (OTHER, "edit", {"inline new": "{}"})), 0, ""),
        (
            (APPLIED[0], (OTHER, "edit", OLD | {"inline new": "{}"}), ("a.apply", DELETE, {"inline new": "{}"})),
            0,
            "exited",
        ),
    ],
)
def test_judge_names_the_broken_rule(steps: Sequence[tuple[str, str, Slots]], status: int, found: str) -> None:
    said = faults(steps, status)
    assert found in said if found else not said

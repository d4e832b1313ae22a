"""The proofs of a rollout: from documents alone, and at every moment between two calls."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.iam.policy import policy_from_json, policy_to_json
from lpgen.core.model import PrincipalKind
from lpgen.core.rollout import proofs
from lpgen.core.rollout.calls import CallKind, IamCall
from lpgen.core.rollout.plan import NO_PEAK, PolicyText, PrincipalPlan
from lpgen.core.rollout.plan_rollout import derive_again
from lpgen.core.rollout.proofs import prove_plans, unproven
from lpgen.core.rollout.written_replacement import NewDocument
from lpgen.edge.catalog.files import bundled_catalog

ARN = "arn:aws:iam::123456789012:role/app"


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return bundled_catalog()


def text_of(*statements: dict[str, Any]) -> str:
    return policy_to_json(policy_from_json(json.dumps({"Version": "2012-10-17", "Statement": statements}), place=""))


def statement(effect: str, action: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


ALLOW, DENY = statement("Allow", "s3:*"), statement("Deny", "s3:DeleteBucket")
GET = statement("Allow", "s3:GetObject")


def planned(before: dict[str, str], *after: str) -> PrincipalPlan:
    """A plan with inline policies before, and these managed ones afterwards."""
    plan = PrincipalPlan(
        principal=ARN,
        principal_id="AROA1",
        account="123456789012",
        kind=PrincipalKind.ROLE,
        name="app",
        safe=True,
        sha256="",
        folder="app",
        before=tuple(PolicyText(name, True, text) for name, text in before.items()),
        after=(),
        calls=(),
        inverse=(),
        peak=NO_PEAK,
        refusals=(),
        notes=(),
        documents=tuple(
            NewDocument(f"policy-{number}.json", f"lpgen-app-{number}", False, text)
            for number, text in enumerate(after, start=1)
        ),
    )
    return derive_again(plan, as_of="2026-09-30", attached_quota=10)


def said(plan: PrincipalPlan, catalog: Catalog, *, hunt_size: int = 64) -> str:
    return "\n".join(unproven(prove_plans([plan], catalog, hunt_size=hunt_size)[ARN]))


@pytest.mark.parametrize(
    ("after", "found"),
    [
        ([GET, DENY], ""),
        ([GET], "every Deny is kept"),
        ([GET, DENY, statement("Deny", "s3:PutObject")], "every Deny is kept"),
        ([GET, DENY, statement("Allow", "sqs:SendMessage")], "nothing new is allowed"),
        ([statement("Allow", "s3:Get*"), DENY], "no wildcard action"),
        ([statement("Allow", "newservice:Do"), DENY], "no wildcard action"),
        ([dict(GET, Sid="a b"), DENY], "fits AWS's limits"),
    ],
)
def test_prove_plans_names_the_check_that_fails(after: list[dict[str, Any]], found: str, catalog: Catalog) -> None:
    text = said(planned({"own": text_of(ALLOW, DENY)}, text_of(*after)), catalog)
    assert found in text
    assert bool(text) is bool(found)


def test_prove_plans_finds_a_wider_condition_unproven(catalog: Catalog) -> None:
    only = {"Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}}
    plan = planned({"own": text_of(dict(ALLOW, **only))}, text_of(GET))
    assert "can't be proven" in said(plan, catalog, hunt_size=0)


def test_prove_plans_gives_up_on_policies_that_take_too_many_steps(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proofs, "PRINCIPAL_STEPS", 400)
    old = statement("Allow", "s3:GetObject", "arn:aws:*" + "*a" * 140)
    plan = planned({"own": text_of(old)}, text_of(statement("Allow", "s3:GetObject", "arn:aws:s3:::" + "a*" * 140)))
    assert "takes more than 400 steps" in said(plan, catalog)


def test_hunt_finds_what_is_newly_allowed_by_itself(catalog: Catalog) -> None:
    plan = planned({"own": text_of(GET, DENY)}, text_of(statement("Allow", "s3:PutObject"), DENY))
    assert "search for new access" in said(plan, catalog)


def moved(plan: PrincipalPlan, call: IamCall, to: int) -> PrincipalPlan:
    calls = [one for one in plan.calls if one is not call]
    calls.insert(to, call)
    return replace(plan, calls=tuple(calls))


def test_prove_plans_finds_a_deny_that_is_missing_between_two_calls(catalog: Catalog) -> None:
    plan = planned({"denies": text_of(DENY), "own": text_of(ALLOW)}, text_of(GET), text_of(DENY))
    assert said(plan, catalog) == ""
    gone = next(call for call in plan.calls if call.policy == "denies")
    assert gone.kind is CallKind.DELETE_INLINE
    for at in range(len(plan.calls)):
        attached = any(
            call.kind is CallKind.ATTACH and "app-2" in call.policy for call in moved(plan, gone, at).calls[:at]
        )
        assert ("missing between two calls" in said(moved(plan, gone, at), catalog)) is not attached, at


def test_prove_plans_finds_a_permission_that_is_missing_between_two_calls(catalog: Catalog) -> None:
    plan = planned({"own": text_of(ALLOW), "more": text_of(statement("Allow", "sqs:*"))}, text_of(GET))
    own, more = (next(call for call in plan.calls if call.policy == name) for name in ("own", "more"))
    assert "s3:GetObject" in said(moved(plan, own, 0), catalog)
    assert said(moved(plan, more, 0), catalog) == ""  # of which nothing is kept

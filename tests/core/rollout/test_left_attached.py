"""Rollouts of replacements beside a policy that stays attached: it is neither detached nor forgotten."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from lpgen.core.model import AttachedPolicy, Principal
from lpgen.core.rollout.calls import CallKind
from lpgen.core.rollout.fingerprint import policies_sha256
from lpgen.core.rollout.plan import PrincipalPlan
from lpgen.core.rollout.plan_rollout import derive_again, plan_principal
from lpgen.core.rollout.proofs import prove_plans, unproven
from lpgen.core.rollout.refusals import Exceptions, RefusalKind
from lpgen.core.rollout.written_replacement import NewDocument, WrittenPlan
from tests.core.analysis.observability.test_rare_service_needs import of_aws, trusting
from tests.support.worlds import allow, catalog, deny, policy

WIDE = {"Sid": "a" * 7000, **allow(["ec2:Describe*", "s3:Get*"])}
"""As much of AWS's own policies, more than a new policy may hold, and with wildcards."""

CONFIG = of_aws("service-role/AWS_ConfigRole", WIDE, deny("ec2:DescribeTags"))
OLD = policy(allow("sqs:*"), deny("sqs:PurgeQueue"), name="deliver")
NEW = (allow("sqs:SendMessage", Sid="New"), deny("sqs:PurgeQueue"))


def recorder(*others: AttachedPolicy) -> Principal:
    return trusting("config.amazonaws.com", CONFIG, *(others or (OLD,)))


def document(*statements: dict[str, Any]) -> NewDocument:
    text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    return NewDocument("policy-1.json", "lpgen-app-1", False, text, ("deliver",))


def planned(
    principal: Principal, *new: NewDocument, left: Sequence[str] = (CONFIG.arn,), **exceptions: Any
) -> PrincipalPlan:
    digest = policies_sha256(principal, with_boundary=False)
    written = WrittenPlan(
        principal.arn, principal.principal_id, "app", True, (), "2026-09-30", digest, new, tuple(left)
    )
    return plan_principal(written, principal, Exceptions(**exceptions))


def said(plan: PrincipalPlan, quota: int = 10) -> str:
    return "\n".join(unproven(prove_plans([plan], catalog(), attached_quota=quota)[plan.principal]))


def test_the_plan_takes_away_all_but_what_stays_and_is_proven() -> None:
    plan = planned(recorder(), document(*NEW))
    assert [call.kind for call in plan.calls] == [CallKind.CREATE_POLICY, CallKind.ATTACH, CallKind.DELETE_INLINE]
    assert CONFIG.arn not in {call.policy for call in (*plan.calls, *plan.inverse)}
    assert {text.policy for text in plan.after} == {CONFIG.arn, plan.calls[0].policy}
    assert f"{CONFIG.arn} stays attached" in plan.notes
    assert said(plan) == ""


def test_a_plan_that_forgets_it_detaches_it() -> None:
    plan = planned(recorder(), document(*NEW), left=())
    assert CallKind.DETACH in {call.kind for call in plan.calls}


def test_what_stays_takes_room_of_the_quota() -> None:
    plan = planned(recorder(), document(*NEW), attached_quota=2)
    assert plan.peak.attached == 2
    assert said(plan, quota=2) == ""
    full = planned(recorder(), document(*NEW), attached_quota=1)
    assert [call.kind for call in full.calls][:1] == [CallKind.PUT_INLINE]
    assert "2 managed policies are more than 1" in said(plan, quota=1)


def test_a_replacement_without_documents_only_takes_away() -> None:
    plan = planned(recorder(policy(allow("sqs:*"), name="deliver")))
    assert [call.kind for call in plan.calls] == [CallKind.DELETE_INLINE]
    assert said(plan) == ""
    alone = planned(recorder(), left=())
    assert {refusal.kind for refusal in alone.refusals} == {RefusalKind.NOTHING_TO_DO}


def test_what_stays_does_not_hide_what_is_wrong_with_the_documents() -> None:
    assert "nothing new is allowed" in said(planned(recorder(), document(*NEW, allow("sns:Publish"))))
    assert "every Deny is kept" in said(planned(recorder(), document(NEW[0])))


def test_a_plan_follows_from_its_own_documents_and_says_when_it_is_in_place() -> None:
    plan = planned(recorder(), document(*NEW))
    assert derive_again(plan, as_of="2026-09-30", attached_quota=10) == plan
    assert derive_again(replace(plan, left=()), as_of="2026-09-30", attached_quota=10) != plan
    done = planned(recorder(policy(*NEW, name="new")), document(*NEW))
    assert [(refusal.kind, refusal.why) for refusal in done.refusals] == [
        (RefusalKind.NOTHING_TO_DO, planned(recorder(policy(*NEW, name="new")), document(*NEW)).refusals[0].why)
    ]
    assert not done.calls
    assert not done.left


def test_the_template_of_a_role_that_is_managed_as_code_keeps_it() -> None:
    plan = planned(recorder(), document(*NEW), managed_as_code=("app",))
    (resource,) = (item for item in json.loads(plan.code)["Resources"].values() if item["Type"] == "AWS::IAM::Role")
    assert CONFIG.arn in resource["Properties"]["ManagedPolicyArns"]
    assert said(plan) == ""


def test_a_plan_for_another_document_is_refused() -> None:
    digest = policies_sha256(recorder(), with_boundary=False)
    written = WrittenPlan(
        recorder().arn, recorder().principal_id, "app", True, (), "2026-09-30", digest, (document(*NEW),), (CONFIG.arn,)
    )
    changed = trusting("config.amazonaws.com", of_aws("service-role/AWS_ConfigRole", allow("s3:Get*")), OLD)
    plan = plan_principal(written, changed, Exceptions())
    assert {refusal.kind for refusal in plan.refusals} == {RefusalKind.OTHER_POLICIES}

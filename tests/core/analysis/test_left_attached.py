"""A replacement beside a policy that stays attached: it repeats nothing of it, and both together are proven."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lpgen.core.analysis.caveats.dangerous_use import DangerCaveat
from lpgen.core.analysis.caveats.incomplete_logs import LogsCaveat
from lpgen.core.analysis.caveats.unknowns import UnknownCaveat
from lpgen.core.analysis.verify import documents_of_replacement
from lpgen.core.choices import KeepUnobservable, keep_each
from lpgen.core.evidence import Use
from lpgen.core.findings import PrincipalClass, PrincipalDiff, Proposal, Verdict
from lpgen.core.iam.authorize import decide
from lpgen.core.iam.decision import AbsentKeys, PolicySet, Request, Result
from lpgen.core.iam.policy import policy_from_json, policy_to_json, says_the_same
from lpgen.core.model import Action, AttachedPolicy, Outcome, PolicyKind, Principal, PrincipalKind
from lpgen.core.options import Options
from lpgen.core.registry.row import CaveatKind
from lpgen.core.replacements import CheckStatus, Decision, DecisionKind, LineKind, Replacement, Verification
from lpgen.report.plan import StepKind, plan_note, plan_steps
from lpgen.report.views import PrincipalView
from tests.core.analysis.observability.test_rare_service_needs import of_aws, trusting
from tests.core.analysis.test_replacement_laws import statements, uses
from tests.support.diffs import diff_usage
from tests.support.generated import generate_policies
from tests.support.law_examples import examples
from tests.support.proofs import doubts, prove
from tests.support.worlds import ACCOUNT, allow, catalog, deny, exactly, grants_of, policy, role, usage_of, use

CONFIG = "config.amazonaws.com"
NAME = "service-role/AWS_ConfigRole"
QUEUE = "arn:aws:sqs:us-east-1:111122223333:config"
DELIVERY = policy(allow("sqs:*"), name="deliver")
LEFT = "policies left attached are AWS's own and unchanged"
DROP = Decision(DecisionKind.DROP, "", "sqs:GetQueueUrl", "", "", "", "", "not ours", "ada", "")
USED = [use("ec2:DescribeInstances"), use("sqs:SendMessage", QUEUE)]


def recorder(*others: AttachedPolicy, reads: Sequence[dict[str, Any]] = (), version: str = "v67") -> Principal:
    """A role of AWS Config with AWS's policy for it and others."""
    own = replace(of_aws(NAME, *(reads or [allow(["ec2:Describe*", "s3:GetBucket*"])])), version=version)
    return trusting(CONFIG, own, *others)


def reviewed(principal: Principal, found: Sequence[Use], **options: Any) -> tuple[PrincipalDiff, Replacement | None]:
    chosen = exactly(keep_unobservable=keep_each(KeepUnobservable.NONE), **options)
    grants, usage = grants_of(principal), usage_of({principal.arn: list(found)})
    diff = diff_usage(usage, [grants], catalog(), chosen)
    made = generate_policies(diff, [grants], catalog(), chosen)
    if made:
        proven = prove(made[0], usage, [grants], chosen)
        assert made[0].refusal or (proven and proven.status is CheckStatus.PASSED), proven
    return diff.principals[0], made[0] if made else None


def replaced(principal: Principal, found: Sequence[Use], **options: Any) -> Replacement:
    _, made = reviewed(principal, found, **options)
    assert made is not None
    return made


def written(made: Replacement) -> set[str]:
    documents = [json.loads(document.text) for document in made.documents]
    listed = [one["Action"] for document in documents for one in document["Statement"] if one["Effect"] == "Allow"]
    return {action for one in listed for action in ([one] if isinstance(one, str) else one)}


# ---------------------------------------------------------------- lines


def test_the_replacement_holds_only_what_other_policies_grant() -> None:
    made = replaced(recorder(DELIVERY), USED)
    assert written(made) == {"sqs:SendMessage"}
    assert [policy.name for policy in made.left] == ["AWS_ConfigRole"]


def test_what_another_policy_grants_too_needs_no_line_where_what_stays_covers_it() -> None:
    wide = policy(allow(["ec2:DescribeInstances", "s3:GetObject", "s3:GetBucketAcl"]), allow("sqs:*"))
    found = [*USED, use("s3:GetBucketAcl", "arn:aws:s3:::data"), use("s3:GetObject", "arn:aws:s3:::data/a")]
    assert written(replaced(recorder(wide), found)) == {"s3:GetObject", "sqs:SendMessage"}


@pytest.mark.parametrize(
    "narrow",
    [
        allow("s3:GetBucketAcl", "arn:aws:s3:::logs"),
        allow("s3:GetBucketAcl", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
        allow("s3:GetBucketAcl", "arn:aws:s3:::${aws:username}"),
    ],
    ids=["other resources", "a condition", "a variable"],
)
def test_a_line_is_needed_where_what_stays_may_not_cover_it(narrow: dict[str, Any]) -> None:
    principal = recorder(policy(allow("s3:*"), allow("sqs:*")), reads=[allow("ec2:Describe*"), narrow])
    assert "s3:GetBucketAcl" in written(replaced(principal, [*USED, use("s3:GetBucketAcl", "arn:aws:s3:::data")]))


def test_denies_of_what_stays_are_not_repeated_and_those_of_others_are() -> None:
    kept = deny("ec2:DescribeTags")
    principal = recorder(policy(allow("sqs:*"), deny("sqs:PurgeQueue")), reads=[allow("ec2:Describe*"), kept])
    denied = [
        item
        for document in replaced(principal, USED).documents
        for item in json.loads(document.text)["Statement"]
        if item["Effect"] == "Deny"
    ]
    assert [one["Action"] for one in denied] == ["sqs:PurgeQueue"]


def test_an_inline_policy_called_like_the_one_that_stays_is_replaced() -> None:
    posing = policy(allow("sqs:*"), deny("sqs:PurgeQueue"), name=f"arn:aws:iam::aws:policy/{NAME}")
    made = replaced(recorder(posing), USED)
    assert written(made) == {"sqs:SendMessage"}
    assert "sqs:PurgeQueue" in made.documents[0].text


def test_nothing_is_written_where_the_others_grant_nothing_that_is_needed() -> None:
    diff, made = reviewed(recorder(policy(allow("sqs:*"))), USED[:1])
    assert made is not None
    assert (made.documents, len(made.left)) == ((), 1)
    assert (
        diff.advice.sentence == "remove all except AWS_ConfigRole: they allow nothing else that was used or attempted"
    )


# ---------------------------------------------------------------- what is said of it


def view_of(diff: PrincipalDiff, made: Replacement | None) -> PrincipalView:
    return PrincipalView(Proposal(diff, made, verification=Verification(diff.principal.arn, ())))


def test_what_stays_counts_as_kept_and_only_the_others_are_replaced() -> None:
    diff, made = reviewed(recorder(DELIVERY), USED)
    assert diff.principal_class is PrincipalClass.ACTIVE
    assert diff.advice.sentence.startswith("replace the policies except AWS_ConfigRole, which AWS keeps up to date")
    assert (diff.draft.detach.managed, diff.draft.detach.inline) == ((), ("deliver",))
    by_action = {verdict.action: verdict for verdict in diff.assessment.verdicts}
    assert by_action[Action("ec2:DescribeTags")].keep.endswith(f"policy/{NAME} stays attached")
    assert by_action[Action("ec2:DescribeInstances")].verdict is Verdict.USED
    counts = view_of(diff, made).counts
    of_config = diff.left_actions
    assert counts.kept == len(of_config) + 1
    assert counts.granted == counts.kept + counts.removed
    assert counts.kept_unseen == len(of_config) - 1


def test_its_dangers_are_listed_as_staying() -> None:
    reads = [allow("ec2:Describe*"), allow("s3:PutBucketPolicy", "arn:aws:s3:::one")]
    diff, made = reviewed(recorder(DELIVERY, reads=reads), USED)
    dangers = {verdict.action: group.stays for group in view_of(diff, made).dangers for verdict in group.verdicts}
    assert dangers[Action("s3:PutBucketPolicy")] is True


def test_the_plan_leaves_it_attached_and_counts_it() -> None:
    diff, made = reviewed(recorder(*(replace(DELIVERY, name=f"p{at}") for at in range(2))), USED)
    assert made is not None
    proposal = Proposal(diff, made, verification=None)
    assert [step.kind for step in plan_steps(proposal)] == [
        StepKind.ATTACH, StepKind.DELETE_INLINE, StepKind.DELETE_INLINE, StepKind.STAY_ATTACHED,
    ]  # fmt: skip
    assert "but the quota is 1:" in plan_note(Proposal(diff, replace(made, attached_quota=1), verification=None))


def test_the_quota_of_attached_policies_counts_it() -> None:
    made = replaced(recorder(DELIVERY), USED, attached_quota=1)
    assert [document.inline for document in made.documents] == [True]


def test_a_role_with_nothing_else_is_left_to_aws() -> None:
    diff, made = reviewed(recorder(), USED[:1])
    assert (diff.principal_class, made) == (PrincipalClass.LEFT_TO_AWS, None)
    assert view_of(diff, None).counts.removed == 0


def test_a_role_that_was_not_used_keeps_nothing_for_it() -> None:
    diff, _ = reviewed(recorder(DELIVERY), [])
    assert diff.principal_class is PrincipalClass.UNUSED
    assert diff.draft.left == ()


def test_it_does_not_make_a_role_unsafe_but_all_else_does() -> None:
    young = datetime(2026, 9, 29, tzinfo=UTC)
    tried = [use("ec2:RunInstances", outcome=Outcome.UNDETERMINED, error="Throttled")]
    risky = replace(of_aws(NAME, allow(["ec2:Describe*", "ec2:RunInstances", "ec2:Unheard"])), created=young)
    own = replace(DELIVERY, created=young)

    def kinds(principal: Principal) -> set[CaveatKind]:
        return {caveat.kind for caveat in reviewed(principal, [*USED, *tried])[0].assessment.open_caveats}

    of_policy = {LogsCaveat.YOUNG, UnknownCaveat.UNKNOWN_PATTERN, DangerCaveat.DANGEROUS_ATTEMPT}
    assert not of_policy & kinds(trusting(CONFIG, risky, DELIVERY))
    assert LogsCaveat.YOUNG in kinds(trusting(CONFIG, risky, own))
    assert of_policy - {DangerCaveat.DANGEROUS_ATTEMPT} <= kinds(trusting("lambda.amazonaws.com", risky, DELIVERY))


def test_it_is_in_place_once_both_are_attached() -> None:
    principal = recorder(DELIVERY)
    made = replaced(principal, USED)
    text = made.documents[0].text
    new = replace(DELIVERY, name="new", document=policy_from_json(text, place="new"))
    assert says_the_same(recorder(new), documents_of_replacement(made))
    assert not says_the_same(recorder(new, DELIVERY), documents_of_replacement(made))
    assert not says_the_same(trusting(CONFIG, new), documents_of_replacement(made))


# ---------------------------------------------------------------- equal copies

READER = of_aws("AmazonQueueReader", allow(["sqs:ReceiveMessage", "sqs:GetQueueUrl"], QUEUE))
READ = [use("sqs:ReceiveMessage", QUEUE), use("sqs:GetQueueUrl", QUEUE)]
SENDER = policy(allow("sns:*"), name="send")
SENT = use("sns:ListTopics")


def test_a_policy_of_aws_stays_where_its_copy_would_be_equal() -> None:
    made = replaced(role(READER, SENDER), [*READ, SENT])
    assert written(made) == {"sns:ListTopics"}
    (stays,) = made.left
    assert stays.name == "AmazonQueueReader"
    assert {(line.action, line.scope.resources, line.kind) for line in stays.lines} == {
        (use.action, (QUEUE,), LineKind.OBSERVED) for use in READ
    }
    assert all(line.evidence and line.evidence.records for line in stays.lines)


@pytest.mark.parametrize(
    ("statements", "name"),
    [
        ([allow(["sqs:ReceiveMessage", "sqs:GetQueueUrl", "sqs:SendMessage"], QUEUE)], "more actions"),
        ([allow(["sqs:ReceiveMessage", "sqs:GetQueueUrl"])], "more resources"),
        ([allow(["sqs:ReceiveMessage", "sqs:GetQueueUrl"], QUEUE), allow("sqs:NotKnown")], "an unknown action"),
        ([{**allow("sqs:*", QUEUE), "NotAction": "sqs:SendMessage", "Action": None}], "all but one action"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_a_policy_of_aws_is_replaced_where_its_copy_would_hold_less(
    statements: list[dict[str, Any]], name: str
) -> None:
    found = [{key: value for key, value in statement.items() if value} for statement in statements]
    made = replaced(role(of_aws("AmazonQueueReader", *found), SENDER), [*READ, SENT])
    assert made.left == (), name
    assert {"sqs:ReceiveMessage", "sqs:GetQueueUrl"} <= written(made)


def test_a_policy_of_aws_stays_where_other_lines_cover_each_of_its_conditions_and_denies() -> None:
    mfa = {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}
    guarded = of_aws("AmazonQueueReader", allow("sqs:ReceiveMessage", QUEUE, **mfa), deny("sqs:PurgeQueue"))
    made = replaced(role(guarded, SENDER), [READ[0], SENT])
    assert [policy.name for policy in made.left] == ["AmazonQueueReader"]
    assert "PurgeQueue" not in "".join(document.text for document in made.documents)
    own = policy(allow("sqs:ReceiveMessage", QUEUE), allow("sns:*"))
    assert written(replaced(role(guarded, own), [READ[0], SENT])) == {"sns:ListTopics", "sqs:ReceiveMessage"}


def test_a_policy_of_aws_that_only_denies_stays() -> None:
    made = replaced(role(of_aws("AWSDenyAll", deny("iam:*")), SENDER), [SENT])
    assert ([policy.name for policy in made.left], written(made)) == (["AWSDenyAll"], {"sns:ListTopics"})


def test_copies_of_other_policies_and_of_groups_and_permission_sets_are_written() -> None:
    own = replace(READER, kind=PolicyKind.CUSTOMER_MANAGED, arn=f"arn:aws:iam::{ACCOUNT}:policy/AmazonQueueReader")
    of_group = replace(READER, group="readers")
    assert replaced(role(own, SENDER), [*READ, SENT]).left == ()
    user = replace(role(of_group, SENDER, kind=PrincipalKind.USER), groups=("readers",))
    assert replaced(user, [*READ, SENT]).left == ()
    path = "/aws-reserved/sso.amazonaws.com/"
    name = "AWSReservedSSO_Readers_0123456789abcdef"
    of_set = replace(role(READER, SENDER), path=path, name=name, arn=f"arn:aws:iam::{ACCOUNT}:role{path}{name}")
    assert replaced(of_set, [*READ, SENT]).left == ()


def test_a_decision_to_drop_an_action_replaces_the_policy() -> None:
    made = replaced(role(READER, SENDER), [*READ, SENT], decisions=(DROP,))
    assert (made.left, written(made)) == ((), {"sqs:ReceiveMessage", "sns:ListTopics"})


def test_a_role_with_only_equal_copies_is_left_to_aws() -> None:
    diff, made = reviewed(role(READER), READ)
    assert (diff.principal_class, made) == (PrincipalClass.LEFT_TO_AWS, None)


def test_verification_notices_a_policy_that_stays_without_a_reason() -> None:
    principal = role(READER, SENDER)
    grants = grants_of(principal)
    for used, status in ((READ, CheckStatus.PASSED), (READ[:1], CheckStatus.FAILED)):
        made = replaced(principal, [*READ, SENT])
        proven = prove(made, usage_of({principal.arn: [*used, SENT]}), [grants], exactly())
        assert proven is not None
        assert {check.name: check.status for check in proven.checks}[LEFT] is status


# ---------------------------------------------------------------- the proof


def verified(principal: Principal, made: Replacement, **changes: Any) -> dict[str, CheckStatus]:
    grants, usage = grants_of(principal), usage_of({principal.arn: list(USED)})
    verification = prove(replace(made, **changes), usage, [grants], exactly())
    assert verification is not None
    return {check.name: check.status for check in verification.checks}


def test_verification_notices_that_what_stays_is_gone_changed_or_not_to_stay() -> None:
    principal = recorder(DELIVERY)
    made = replaced(principal, USED)
    (stays,) = made.left
    assert verified(principal, made)[LEFT] is CheckStatus.PASSED
    lost = verified(principal, made, left=())
    assert lost["everything used stays allowed"] is CheckStatus.FAILED
    assert LEFT not in lost
    changed = replace(stays, document=policy_from_json(policy_to_json(DELIVERY.document), place=""))  # type: ignore[arg-type]
    assert verified(principal, made, left=(changed,))[LEFT] is CheckStatus.FAILED
    assert (
        verified(principal, made, left=(replace(stays, arn="arn:aws:iam::aws:policy/Other"),))[LEFT]
        is CheckStatus.FAILED
    )
    shared = replace(principal, trust=None)
    assert verified(shared, made)[LEFT] is CheckStatus.FAILED


def test_verification_counts_what_stays_against_the_quota() -> None:
    principal = recorder(DELIVERY)
    made = replaced(principal, USED)
    assert verified(principal, made, attached_quota=2)["fits AWS's limits"] is CheckStatus.PASSED
    assert verified(principal, made, attached_quota=1)["fits AWS's limits"] is CheckStatus.FAILED


REQUESTED = ["s3:GetObject", "s3:PutObject", "s3:ListBucket", "sqs:SendMessage", "sns:Publish", "ec2:DescribeInstances"]


@settings(max_examples=examples(200), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(statements(), min_size=1, max_size=3),
    st.lists(statements(), min_size=1, max_size=3),
    st.lists(uses(), min_size=1, max_size=6),
    st.sampled_from([KeepUnobservable.NONE, KeepUnobservable.SIGNED]),
    st.sampled_from([CONFIG, "lambda.amazonaws.com"]),
)
def test_law_old_policies_and_what_is_held_after_agree_on_logged_use(
    of_aws_too: list[dict[str, Any]], own: list[dict[str, Any]], found: list[Use], keep: KeepUnobservable, trusted: str
) -> None:
    """What was allowed stays allowed, and what stays attached with the new documents allows nothing that was not."""
    principal = trusting(trusted, *recorder(policy(*own), reads=of_aws_too).policies)
    grants, usage = grants_of(principal), usage_of({principal.arn: found})
    options = Options(keep_unobservable=keep_each(keep), min_days=1)
    diff = diff_usage(usage, [grants], catalog(), options)
    made = generate_policies(diff, [grants], catalog(), options)
    if not made or made[0].refusal:
        return
    proven = prove(made[0], usage, [grants], options)
    assert proven is not None
    assert not any(check.status is CheckStatus.FAILED for check in doubts(proven))
    old = PolicySet(identity=tuple(policy.document for policy in principal.policies if policy.document))
    new = PolicySet(identity=documents_of_replacement(made[0]))
    for known in found:
        request = Request(principal.arn, known.action, known.resource, {}, AbsentKeys.MISSING)
        before, after = (decide(request, side, catalog=catalog()).result for side in (old, new))
        if known.outcome is not Outcome.DENIED and before is Result.ALLOWED:
            assert after is Result.ALLOWED, known
        if after is Result.ALLOWED:
            assert before is Result.ALLOWED, known


def test_a_role_without_such_a_policy_is_replaced_as_ever() -> None:
    assert replaced(role(policy(allow("sqs:*"))), USED[1:]).left == ()


def test_dangerous_use_that_only_the_policy_left_attached_allows_is_doubted_too() -> None:
    reads = [allow(["ec2:Describe*", "ec2:DeleteFlowLogs"])]
    stopped = replace(use("ec2:DeleteFlowLogs"), on=(date(2026, 9, 1),))
    work = [use("sqs:SendMessage", QUEUE, seen=f"2026-08-{day:02}T00:00:00Z") for day in range(1, 21)]
    found, made = reviewed(recorder(DELIVERY, reads=reads), [*USED, *work, stopped])
    assert made is not None
    assert "ec2:DeleteFlowLogs" not in written(made)
    doubts = [caveat for caveat in found.assessment.open_caveats if caveat.kind is DangerCaveat.UNUSUAL_USE]
    assert [doubt.parameters["action"] for doubt in doubts] == ["ec2:DeleteFlowLogs"]

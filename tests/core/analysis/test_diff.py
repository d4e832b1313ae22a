"""The diff: verdicts, what is kept without being seen, caveats and classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from lpgen.core.analysis.caveats.incomplete_logs import LogsCaveat
from lpgen.core.analysis.caveats.unknowns import UnknownCaveat
from lpgen.core.analysis.observability.implicit_checks import ImplicitPassedRoles
from lpgen.core.choices import KeepUnobservable, keep_each
from lpgen.core.cloudtrail.rules.inferences import ENDPOINT_DNS, UNREAD_REQUEST
from lpgen.core.evidence import Use
from lpgen.core.findings import PrincipalClass, PrincipalDiff, Verdict
from lpgen.core.model import AttachedPolicy, Outcome, PolicyKind, Principal, PrincipalKind
from lpgen.core.options import Options
from lpgen.core.registry.row import CaveatKind
from lpgen.core.replacements import Decision, DecisionKind, LineKind, Scope
from lpgen.core.workloads import Schedule
from lpgen.edge.catalog.files import bundled_catalog
from tests.support.diffs import diff_usage
from tests.support.worlds import (
    ACCOUNT,
    allow,
    catalog,
    days_before_end,
    deny,
    exactly,
    grants_of,
    month_by_month,
    policy,
    role,
    usage_of,
    use,
)

DATA = "arn:aws:s3:::data"
OBJECT = "arn:aws:s3:::data/a.csv"


def diff_of(
    principal: Principal,
    uses: Sequence[Use] = (),
    *,
    options: Options | None = None,
    others: dict[str, list[Use]] | None = None,
    **world: Any,
) -> PrincipalDiff:
    usage = usage_of({principal.arn: list(uses), **(others or {})}, **world)
    (found,) = diff_usage(usage, [grants_of(principal)], catalog(), options or exactly()).principals
    return found


def verdicts(found: PrincipalDiff) -> dict[str, Verdict]:
    return {verdict.action: verdict.verdict for verdict in found.assessment.verdicts}


def kept(found: PrincipalDiff) -> dict[str, set[str]]:
    lines: dict[str, set[str]] = {}
    for line in found.draft.lines:
        lines.setdefault(line.action, set()).update(line.scope.resources)
    return lines


def caveats(found: PrincipalDiff) -> set[CaveatKind]:
    return {caveat.kind for caveat in found.assessment.caveats}


def items(found: PrincipalDiff) -> set[str]:
    return {caveat.item for caveat in found.assessment.caveats}


def test_diff_tells_used_from_attempted_unused_and_ungranted() -> None:
    principal = role(policy(allow(["s3:GetObject", "s3:PutBucketTagging", "s3:GetBucketTagging"], [DATA, f"{DATA}/*"])))
    found = diff_of(
        principal,
        [
            use("s3:GetObject", OBJECT),
            use("s3:GetBucketTagging", DATA, outcome=Outcome.UNDETERMINED, error="SlowDown"),
            use("s3:DeleteBucket", DATA),
            use("s3:PutBucketTagging", DATA, outcome=Outcome.DENIED),
        ],
    )
    assert verdicts(found) == {
        "s3:GetObject": Verdict.USED,
        "s3:GetBucketTagging": Verdict.ATTEMPTED,
        "s3:DeleteBucket": Verdict.UNGRANTED,
        "s3:PutBucketTagging": Verdict.UNUSED,
    }
    assert kept(found) == {"s3:GetObject": {OBJECT}, "s3:GetBucketTagging": {DATA}}


def test_diff_never_counts_a_denied_call_as_use() -> None:
    found = diff_of(role(policy(allow("s3:GetObject"))), [use("s3:GetObject", OBJECT, outcome=Outcome.DENIED)])
    assert verdicts(found) == {"s3:GetObject": Verdict.UNUSED}
    assert found.draft.lines == ()
    assert [use.action for use in found.use.denied] == ["s3:GetObject"]


@pytest.mark.parametrize(
    ("pattern", "service_used", "keep", "stays"),
    [
        ("s3:*", False, KeepUnobservable.SIGNED, True),  # the statement names the service
        ("*", False, KeepUnobservable.SIGNED, False),  # a bare star is no reason to keep
        ("*", True, KeepUnobservable.SIGNED, True),  # the principal used the service
        ("*", False, KeepUnobservable.ALL, True),
        ("s3:*", True, KeepUnobservable.NONE, False),
    ],
)
def test_diff_keeps_what_logs_cannot_show_only_on_a_sign_of_use(
    pattern: str, service_used: bool, keep: KeepUnobservable, stays: bool
) -> None:
    uses = [use("s3:GetBucketTagging", DATA)] if service_used else [use("iam:ListRoles")]
    found = diff_of(
        role(policy(allow(pattern, "*"))), uses, options=exactly(keep_unobservable=keep_each(keep)), data_events=()
    )
    assert verdicts(found)["s3:GetObject"] is Verdict.UNOBSERVABLE
    assert ("s3:GetObject" in kept(found)) is stays


def test_diff_calls_a_data_action_unused_where_its_data_events_were_seen() -> None:
    found = diff_of(role(policy(allow("s3:*", [DATA, f"{DATA}/*"]))), [use("s3:GetObject", OBJECT)])
    assert verdicts(found)["s3:DeleteObject"] is Verdict.UNUSED


def test_diff_asks_for_data_events_in_every_region_the_principal_was_active_in() -> None:
    uses = [use("s3:GetObject", OBJECT), use("s3:GetBucketTagging", DATA, region="eu-west-1")]
    found = diff_of(role(policy(allow("s3:*", [DATA, f"{DATA}/*"]))), uses)
    assert verdicts(found)["s3:DeleteObject"] is Verdict.UNOBSERVABLE


def test_diff_keeps_one_copy_per_statement_that_may_have_granted_a_use() -> None:
    first, second = ({"Bool": {"aws:SecureTransport": "true"}}, {"Bool": {"aws:MultiFactorAuthPresent": "true"}})
    one = allow("s3:GetObject", f"{DATA}/*", Condition=first)
    other = allow("s3:GetOb?ect", "*", Condition=second)
    found = diff_of(role(policy(one, other)), [use("s3:GetObject", OBJECT)])
    assert [(line.parent.index, line.scope) for line in found.draft.lines] == [
        (0, Scope((OBJECT,))),
        (1, Scope((OBJECT,))),
    ]
    unconditional = allow("s3:GetObject", DATA + "/*")
    found = diff_of(role(policy(one, other, unconditional)), [use("s3:GetObject", OBJECT)])
    assert [line.parent.index for line in found.draft.lines] == [2]


def test_diff_leaves_out_use_that_a_deny_or_the_boundary_refuses() -> None:
    refused = diff_of(
        role(policy(allow("s3:*", "*"), deny("s3:GetObject", f"{DATA}/*"))), [use("s3:GetObject", OBJECT)]
    )
    assert [use.reason.startswith("explicitly denied") for use in refused.use.ungranted] == [True]
    limit = policy(allow("sqs:*"), name="limit")
    beyond = diff_of(role(policy(allow("s3:*", "*")), boundary=limit), [use("s3:GetObject", OBJECT)])
    assert [use.reason for use in beyond.use.ungranted] == ["outside the permissions boundary"]
    assert verdicts(beyond) == {"s3:GetObject": Verdict.UNGRANTED}


def test_diff_does_not_let_a_conditional_deny_erase_a_grant() -> None:
    condition = {"StringNotEquals": {"aws:RequestedRegion": "us-east-1"}}
    found = diff_of(
        role(policy(allow("s3:*", "*"), deny("*", "*", Condition=condition))), [use("s3:GetObject", OBJECT)]
    )
    assert verdicts(found)["s3:GetObject"] is Verdict.USED


def test_diff_keeps_the_level_of_an_unexplained_use_for_review() -> None:
    principal = role(policy(allow(["ec2:DescribeInstances", "ec2:CreateTags"])))
    found = diff_of(principal, [use("ec2:DescribeVolumes")])
    assert {line.action: line.kind for line in found.draft.lines} == {"ec2:DescribeInstances": LineKind.REVIEW}
    assert UnknownCaveat.UNEXPLAINED_USE in caveats(found)


def test_diff_needs_no_explanation_of_what_a_call_may_have_needed() -> None:
    perhaps = [use("iam:PassRole", "?", how=UNREAD_REQUEST), use("s3:PutObjectTagging", "?", how=UNREAD_REQUEST)]
    tagging = ("s3:PutObjectTagging", f"{DATA}/*")
    found = diff_of(role(policy(allow(*tagging))), perhaps)
    assert (found.use.ungranted, found.assessment.caveats, kept(found)) == ((), (), {tagging[0]: {tagging[1]}})
    read = ("ec2:DescribeVpcs", "*")
    perhaps = [use("sns:Publish", "?", how=ENDPOINT_DNS), use(*read, how=ENDPOINT_DNS)]
    found = diff_of(role(policy(allow(*read))), perhaps)
    assert (found.use.ungranted, found.assessment.caveats, kept(found)) == ((), (), {read[0]: {read[1]}})


def test_diff_explains_ungranted_use_by_a_later_policy_change() -> None:
    principal = role(policy(allow("s3:GetObject")))
    change = use("iam:DeleteRolePolicy", principal.arn, seen="2026-09-05T00:00:00Z")
    admin = f"arn:aws:iam::{ACCOUNT}:role/admin"
    found = diff_of(principal, [use("sqs:CreateQueue")], others={admin: [change]})
    assert "iam:DeleteRolePolicy on 2026-09-05" in found.use.ungranted[0].explanation
    assert UnknownCaveat.UNEXPLAINED_USE not in caveats(found)
    earlier = replace(
        change, evidence=replace(change.evidence, last_seen="2026-08-01T00:00:00Z", first_seen="2026-08-01T00:00:00Z")
    )
    assert diff_of(principal, [use("sqs:CreateQueue")], others={admin: [earlier]}).use.ungranted[0].explanation == ""


@pytest.mark.parametrize("action", ["iam:DetachGroupPolicy", "iam:DeleteGroupPolicy", "iam:PutGroupPolicy"])
def test_diff_explains_ungranted_use_by_a_later_change_of_a_users_group(action: str) -> None:
    principal = role(policy(allow("s3:GetObject")), kind=PrincipalKind.USER, name="bob", groups=("dev",))
    change = use(action, f"arn:aws:iam::{ACCOUNT}:group/teams/dev", seen="2026-09-05T00:00:00Z")
    admin = f"arn:aws:iam::{ACCOUNT}:role/admin"
    found = diff_of(principal, [use("sqs:CreateQueue")], others={admin: [change]})
    assert f"{action} on 2026-09-05" in found.use.ungranted[0].explanation
    stranger = replace(principal, groups=("ops",))
    assert diff_of(stranger, [use("sqs:CreateQueue")], others={admin: [change]}).use.ungranted[0].explanation == ""


def unmapped(principal: Principal, outcome: str = "allowed") -> dict[str, Any]:
    return {
        "reason": "unmapped",
        "principal": principal.arn,
        "event_source": "s3.amazonaws.com",
        "event_name": "GetSecretThing",
        "outcome": outcome,
        "first_seen": datetime(2026, 9, 1, tzinfo=UTC),
        "last_seen": datetime(2026, 9, 1, tzinfo=UTC),
        "example_event_id": "e1",
    }


def test_diff_proposes_to_disable_an_unused_role_but_not_one_with_a_coverage_hole() -> None:
    unused = diff_of(role(policy(allow("*"))))
    assert unused.principal_class is PrincipalClass.UNUSED
    assert "disable" in unused.advice.sentence
    assert "older than 400 days" in unused.advice.sentence
    hole = diff_of(role(policy(allow("*")), last_used=days_before_end(5)))
    assert caveats(hole) == {LogsCaveat.COVERAGE_HOLE}
    assert hole.advice.sentence.startswith("first find the logs of its last use")
    hidden = diff_of(role(policy(allow("sqs:ReceiveMessage")), last_used=days_before_end(5)))
    assert hidden.advice.sentence.startswith("first find out what it was last used for")


@pytest.mark.parametrize(
    ("days", "start", "end", "doubts"),
    [
        (401, "disable the role unless it is for emergencies: ", ", before the logs)", set()),
        (-3, "first ingest newer logs: ", ", after the end of these logs", {LogsCaveat.COVERAGE_HOLE}),
    ],
)
def test_diff_says_of_an_unused_role_when_iam_knows_of_use(
    days: int, start: str, end: str, doubts: set[CaveatKind]
) -> None:
    moment = days_before_end(days)
    found = diff_of(role(policy(allow("sqs:ListQueues")), last_used=moment))
    assert found.principal_class is (PrincipalClass.UNSEEN if doubts else PrincipalClass.UNUSED)
    assert found.advice.sentence.startswith(start)
    assert found.advice.sentence.endswith(f"IAM reports its last use on {moment.date()}{end}")
    assert caveats(found) == doubts


def test_diff_says_of_an_unused_role_that_it_tried_what_was_denied() -> None:
    tried = use("iam:ListUsers", outcome=Outcome.DENIED)
    found = diff_of(role(policy(allow("sqs:ListQueues"))), [tried])
    assert found.principal_class is PrincipalClass.UNUSED
    assert found.advice.sentence.endswith(
        f"(all its attempts were denied, the last on {tried.evidence.last_seen[:10]})"
    )


def test_diff_asks_about_a_user_whose_use_the_logs_cant_show_before_disabling_it() -> None:
    hidden = diff_of(role(policy(allow("sqs:ReceiveMessage")), kind=PrincipalKind.USER))
    assert hidden.principal_class is PrincipalClass.UNUSED
    assert hidden.advice.sentence.startswith(
        "ask its owner whether it is used, or give IAM's report with --last-accessed"
    )
    shown = role(policy(allow("sqs:ListQueues")), kind=PrincipalKind.USER)
    assert diff_of(shown).advice.sentence == (
        "ask its owner whether it is used about once a year before you disable it: the logs cover 120 days; if not,"
        " deactivate its keys and password and delete it later"
    )
    assert diff_of(shown, days=400).advice.sentence.startswith("disable the user unless it is for emergencies: ")


def test_diff_asks_about_an_unused_role_that_is_too_young_for_a_year() -> None:
    found = diff_of(role(policy(allow("sqs:ListQueues")), created=days_before_end(200)))
    assert found.principal_class is PrincipalClass.UNUSED
    assert found.advice.task == "ask its owner whether it is used about once a year before you disable it"
    assert found.advice.sentence.startswith(
        f"{found.advice.task}: the logs cover 120 days; if not, attach AWSDenyAll, "
    )


@pytest.mark.parametrize("name", ["BreakGlassAdmin", "break-glass", "emergency-access", "firefighter"])
def test_diff_asks_whether_an_unused_role_of_such_a_name_is_for_emergencies(name: str) -> None:
    found = diff_of(role(policy(allow("*")), name=name))
    assert found.principal_class is PrincipalClass.UNUSED
    assert found.advice.task == "ask its owner whether it is for emergencies before you disable it"
    assert "alarm on its use" in found.advice.sentence


def test_diff_asks_whether_audits_need_an_unused_role_that_reads_everything() -> None:
    arn = "arn:aws:iam::aws:policy/SecurityAudit"
    audit = replace(policy(allow("sqs:ListQueues")), kind=PolicyKind.AWS_MANAGED, name="SecurityAudit", arn=arn)
    found = diff_of(role(audit))
    assert found.advice.sentence == (
        "ask its owner whether audits need it before you disable it: with SecurityAudit it reads everything by design,"
        " and the logs cover 120 days"
    )


def test_diff_asks_about_an_unused_role_that_a_schedule_starts_once_a_year() -> None:
    principal = role(policy(allow("sqs:ListQueues")))
    yearly = Schedule("EventBridge rule", "closing", "rate(365 days)", True, 365, (principal.arn,))
    found = diff_of(principal, options=exactly(schedules=(yearly,)))
    assert found.principal_class is PrincipalClass.UNUSED
    assert found.advice.task == "ask the owner of its schedule before you disable it"
    assert "EventBridge rule closing" in found.advice.sentence
    accepted = exactly(schedules=(yearly,), decisions=(decision(DecisionKind.ACCEPT, item="rare-schedule closing"),))
    assert diff_of(principal, options=accepted).advice.task.startswith("disable the role")


def test_diff_asks_before_replacing_rights_to_everything_that_were_used_on_a_day() -> None:
    found = diff_of(role(policy(allow("*"))), [use("s3:GetObject", OBJECT)])
    assert found.advice.task == "ask its owner whether it is for emergencies before you replace its policies"
    assert "alarm on its use" in found.advice.sentence


def test_diff_proposes_to_remove_policies_that_allow_nothing_used() -> None:
    found = diff_of(role(policy(allow("s3:GetObject", f"{DATA}/*"))), [use("iam:ListRoles")])
    assert found.draft.lines == ()
    assert found.advice.sentence == "remove the policies: they allow nothing that was used or attempted"


def test_diff_puts_each_principal_into_its_class() -> None:
    linked = role(policy(allow("*")), path="/aws-service-role/x.amazonaws.com/")
    sso = role(policy(allow("*")), path="/aws-reserved/sso.amazonaws.com/")
    missing = AttachedPolicy(PolicyKind.CUSTOMER_MANAGED, "gone", "arn:aws:iam::1:policy/gone", "", None, None)
    seen = [use("s3:GetObject", OBJECT)]
    assert diff_of(linked, seen).principal_class is PrincipalClass.SERVICE_LINKED
    assert diff_of(sso, seen).principal_class is PrincipalClass.SSO
    assert diff_of(role(missing), seen).principal_class is PrincipalClass.GRANTS_UNKNOWN
    elsewhere = replace(role(policy(allow("*"))), account="444455556666")
    assert diff_of(elsewhere).principal_class is PrincipalClass.NOT_COVERED
    assert diff_of(role(), seen).principal_class is PrincipalClass.NO_GRANTS


def decision(kind: DecisionKind, **fields: str) -> Decision:
    blank = dict.fromkeys(("principal", "action", "resource", "item", "since", "until", "expires"), "")
    return Decision(kind, **{**blank, "reason": "because", "owner": "team", **fields})


def test_decisions_keep_within_grants_and_drop_visibly() -> None:
    principal = role(policy(allow(["s3:GetObject", "s3:PutObject"], f"{DATA}/*")))
    keep = decision(DecisionKind.KEEP, action="s3:*", resource="arn:aws:s3:::data/restore/*")
    drop = decision(DecisionKind.DROP, action="s3:GetObject", resource=f"{DATA}/a*")
    found = diff_of(principal, [use("s3:GetObject", OBJECT)], options=exactly(decisions=(keep, drop)))
    assert kept(found) == {
        "s3:GetObject": {"arn:aws:s3:::data/restore/*"},
        "s3:PutObject": {"arn:aws:s3:::data/restore/*"},
    }
    assert [(dropped.line.action, dropped.decision) for dropped in found.draft.dropped] == [("s3:GetObject", drop)]


def test_decisions_drop_use_of_a_range_of_days_only() -> None:
    principal = role(policy(allow("s3:*", [DATA, f"{DATA}/*"])))
    drop = decision(DecisionKind.DROP, action="s3:*", since="2026-09-01", until="2026-09-02")
    uses = [
        use("s3:GetBucketTagging", DATA, seen="2026-09-02T10:00:00Z"),
        use("s3:GetBucketAcl", DATA, seen="2026-09-03T10:00:00Z"),
    ]
    found = diff_of(
        principal, uses, options=exactly(decisions=(drop,), keep_unobservable=keep_each(KeepUnobservable.NONE))
    )
    assert kept(found) == {"s3:GetBucketAcl": {DATA}}
    assert [dropped.line.action for dropped in found.draft.dropped] == ["s3:GetBucketTagging"]


def test_decisions_end_with_their_expiry() -> None:
    principal = role(policy(allow("s3:GetObject", f"{DATA}/*")))
    drop = decision(DecisionKind.DROP, action="s3:GetObject", expires="2026-09-29")
    usage = usage_of({principal.arn: [use("s3:GetObject", OBJECT)]})
    found = diff_usage(usage, [grants_of(principal)], catalog(), exactly(decisions=(drop,)))
    assert found.as_of == date(2026, 9, 30)
    assert found.expired == (drop,)
    assert kept(found.principals[0]) == {"s3:GetObject": {OBJECT}}


def test_diff_finds_the_path_of_a_role_that_a_request_names() -> None:
    deployed = role(policy(allow("s3:GetObject")), name="web", path="/app/")
    admin = role(policy(allow("iam:*", f"arn:aws:iam::{ACCOUNT}:role/*")), name="admin")
    named, made = (f"arn:aws:iam::{ACCOUNT}:role/{path}" for path in ("gone", "tools/gone"))
    uses = [
        use("iam:PutRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/web"),
        use("iam:CreateRole", made),
        use("iam:DeleteRole", named),
        use("iam:DeleteRole", f"arn:aws:iam::{ACCOUNT}:role/never-seen"),
    ]
    grants = [grants_of(admin), grants_of(deployed)]
    found = diff_usage(usage_of({admin.arn: uses}), grants, catalog(), exactly()).principals[0]
    assert {action: kept(found)[action] for action in ("iam:PutRolePolicy", "iam:DeleteRole")} == {
        "iam:PutRolePolicy": {deployed.arn},
        "iam:DeleteRole": {made, f"arn:aws:iam::{ACCOUNT}:role/never-seen"},
    }


def test_diff_resolves_a_passed_instance_profile_to_its_role() -> None:
    node = role(policy(allow("s3:GetObject")), name="node")
    profile = f"arn:aws:iam::{ACCOUNT}:instance-profile/fleet"
    node = replace(node, instance_profiles=(profile,))
    launcher = role(policy(allow("iam:PassRole")), name="launcher")
    usage = usage_of({launcher.arn: [use("iam:PassRole", profile, how="pass-role")]})
    found = diff_usage(usage, [grants_of(launcher), grants_of(node)], catalog(), exactly()).principals[0]
    assert kept(found) == {"iam:PassRole": {node.arn}}
    (line,) = found.draft.lines
    assert (line.kind, line.why) == (LineKind.INFERRED, "pass-role")


def passing_world(action: str, service: str) -> tuple[Principal, Principal, Principal]:
    """A principal that may pass any role, a role that trusts the service, and one that doesn't."""
    deployer = role(policy(allow(action), allow("iam:PassRole")), name="deployer")
    trusting, other = (
        replace(
            role(policy(), name=name),
            trust=policy({"Effect": "Allow", "Principal": {"Service": trusted}, "Action": "sts:AssumeRole"}).document,
        )
        for name, trusted in (("task-a", service), ("break-glass", "lambda.amazonaws.com"))
    )
    return deployer, trusting, other


def kept_roles(world: tuple[Principal, ...], uses: list[Use], options: Options | None = None) -> set[str]:
    usage = usage_of({world[0].arn: month_by_month(uses)})
    found = diff_usage(usage, [grants_of(principal) for principal in world], catalog(), options or exactly()).principals
    return kept(next(diff for diff in found if diff.principal.arn == world[0].arn)).get("iam:PassRole", set())


def test_diff_keeps_passing_the_roles_that_a_call_hides_as_far_as_they_trust_its_service() -> None:
    world = passing_world("ec2:RunInstances", "ec2.amazonaws.com")
    instance = use("ec2:RunInstances", f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/*")
    template = use("ec2:RunInstances", f"arn:aws:ec2:us-east-1:{ACCOUNT}:launch-template/lt-0abc")
    assert kept_roles(world, [instance]) == set()
    assert kept_roles(world, [template]) == {world[1].arn}
    assert kept_roles(world, [template], exactly(keep_unobservable=keep_each(KeepUnobservable.NONE))) == set()
    passed = use("iam:PassRole", world[2].arn, how="role-parameter")
    assert kept_roles(world, [template, passed]) == {world[1].arn, world[2].arn}
    denied = use("ec2:RunInstances", template.resource.text, outcome=Outcome.DENIED)
    assert kept_roles(world, [instance, denied]) == set()


def test_diff_keeps_passing_named_roles_whose_trust_is_not_known() -> None:
    """For example because the policies of other principals weren't given."""
    _, trusting, other = passing_world("ec2:RunInstances", "ec2.amazonaws.com")
    unknown = f"arn:aws:iam::{ACCOUNT}:role/task-b"
    named = [trusting.arn, other.arn, unknown, f"arn:aws:iam::{ACCOUNT}:role/app-*"]
    deployer = role(policy(allow("ec2:RunInstances"), allow("iam:PassRole", named)), name="deployer")
    template = use("ec2:RunInstances", f"arn:aws:ec2:us-east-1:{ACCOUNT}:launch-template/lt-0abc")
    instance = use("ec2:RunInstances", f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/*")
    assert kept_roles((deployer, trusting, other), [template]) == {trusting.arn, unknown}
    assert kept_roles((deployer, trusting, other), [instance]) == set()


@pytest.mark.parametrize("action", ["ecs:CreateService", "ecs:CreateTaskSet", "ecs:RunTask", "ecs:UpdateService"])
def test_diff_keeps_passing_the_roles_of_task_definitions(action: str) -> None:
    """Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/codedeploy_IAM_role.html"""
    world = passing_world(action, "ecs-tasks.amazonaws.com")
    hidden = ImplicitPassedRoles(bundled_catalog(), world)
    passing = use(action, f"arn:aws:ecs:us-east-1:{ACCOUNT}:service/prod/web")
    assert set(hidden.roles(ACCOUNT, [passing])) == {world[1].arn}

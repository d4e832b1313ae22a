"""Laws of drift: nothing from nothing, no order, and each change gives its finding."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpgen.core.analysis.diff import counted_usages
from lpgen.core.analysis.grants import grants_from_principals
from lpgen.core.choices import Severity
from lpgen.core.drift.between import DriftOptions, accept_findings, drift_between
from lpgen.core.drift.figures import region_days_from_usage
from lpgen.core.drift.findings import Drift, DriftFinding, DriftKind
from lpgen.core.drift.states import KeptProposal, Stamp, State
from lpgen.core.grounds import Hole, Use
from lpgen.core.guards import AccountScps, Guards
from lpgen.core.model import Action, AttachedPolicy, Outcome, Policy, PolicyKind, Principal
from lpgen.core.policies.policy import policy_from_json
from lpgen.core.replacements import Decision, DecisionKind
from lpgen.core.trails import Selector, Trail
from lpgen.core.usage.log_coverage import coverage_from_usage
from tests.worlds import ACCOUNT, LAST_DAY, allow, catalog, deny, policy, role, usage_of, use

ARN = f"arn:aws:iam::{ACCOUNT}:role/app"
OPTIONS = DriftOptions(unused_days=30, apply_days=30)
TRAIL = Trail(
    f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/main",
    "main",
    ACCOUNT,
    "us-east-1",
    True,
    True,
    False,
    True,
    (Selector("Management", ()),),
)


def document(*statements: Mapping[str, object]) -> Policy:
    found = policy(*statements).document
    assert found is not None
    return found


def managed(*statements: Mapping[str, object], name: str = "shared", aws: bool = False) -> AttachedPolicy:
    kind, account = (PolicyKind.AWS_MANAGED, "aws") if aws else (PolicyKind.CUSTOMER_MANAGED, ACCOUNT)
    return AttachedPolicy(kind, name, f"arn:aws:iam::{account}:policy/{name}", "", None, document(*statements))


def seen(*actions: str, day: date = LAST_DAY) -> tuple[Use, ...]:
    return tuple(use(action, seen=f"{day.isoformat()}T12:00:00Z") for action in actions)


def proposal(*statements: Mapping[str, object], since: date | None = LAST_DAY, dangerous: int = 0) -> KeptProposal:
    return KeptProposal(ARN, (document(*statements),), since, dangerous)


def state(
    *principals: Principal,
    uses: Mapping[str, Sequence[Use]] | None = None,
    guards: Guards = Guards(),  # noqa: B008
    proposals: Sequence[KeptProposal] = (),
    trails: tuple[Trail, ...] = (),
    as_of: date = LAST_DAY,
    unknown: frozenset[str] = frozenset(),
) -> State:
    usage = usage_of(uses or {})
    grants = grants_from_principals(principals, catalog(), guards)
    return State(
        Stamp("one", as_of, "1", "2026-09-26"),
        catalog().actions() - {Action(one) for one in unknown},
        grants,
        counted_usages(usage, grants, ()),
        coverage_from_usage(usage),
        region_days_from_usage(usage),
        trails,
        {one.principal: one for one in proposals},
    )


def later(one: State, days: int = 7) -> State:
    """The same state so many days later, with records on each day."""
    last = one.stamp.as_of + timedelta(days=days)
    accounts = tuple(replace(found, last_day=last) for found in one.coverage.accounts)
    more = tuple(one.stamp.as_of + timedelta(days=at) for at in range(1, days + 1))
    return replace(
        one,
        stamp=replace(one.stamp, name="now", as_of=last),
        coverage=replace(one.coverage, accounts=accounts),
        region_days={place: (*found, *more) for place, found in one.region_days.items()},
    )


def found(before: State, after: State) -> Drift:
    return drift_between(before, after, catalog(), OPTIONS)


def kinds(before: State, after: State) -> list[tuple[DriftKind, Severity]]:
    return [(one.kind, one.severity) for one in found(before, after).findings]


APP = role(policy(allow("s3:Get*"), allow("sqs:SendMessage")))


# ---------------------------------------------------------------- policies


@pytest.mark.parametrize(
    ("now", "severity"),
    [
        (role(policy(allow("s3:Get*"), allow(["sqs:SendMessage", "iam:PutRolePolicy"]))), Severity.CRITICAL),
        (role(policy(allow("s3:Get*"), allow(["sqs:SendMessage", "sqs:DeleteMessage"]))), Severity.HIGH),
        (role(policy(allow("s3:Get*"), allow(["sqs:SendMessage", "sqs:ListQueues"]))), Severity.MEDIUM),
        (role(policy(allow("s3:Get*"), allow("sqs:SendMessage", "arn:aws:sqs:*:*:one"))), Severity.MEDIUM),
        (role(policy(allow("s3:Get*"))), Severity.LOW),
        (role(policy(allow("s3:Get*"), allow("sqs:SendMessage"), deny("sqs:*"))), Severity.LOW),
        (role(policy(allow("s3:Get*"), allow("sqs:SendMessage"), name="other")), Severity.LOW),
    ],
    ids=["dangerous", "writes", "reads", "scope", "less", "denied", "renamed"],
)
def test_a_policy_changed_outside_is_as_severe_as_what_it_gains(now: Principal, severity: Severity) -> None:
    assert kinds(state(APP), state(now)) == [(DriftKind.POLICY_CHANGED, severity)]


def test_the_same_in_another_order_is_no_change() -> None:
    shuffled = role(policy(allow("sqs:SendMessage", Sid="New"), allow("s3:Get*")))
    assert kinds(state(APP), state(shuffled)) == []


def test_a_managed_policy_is_one_finding_for_all_its_holders() -> None:
    before = [role(managed(allow("sqs:SendMessage")), name=name) for name in ("a", "b")]
    after = [role(managed(allow("sqs:*Message")), name=name) for name in ("a", "b")]
    drift = found(state(*before), state(*after))
    assert [(one.kind, one.subject, len(one.principals)) for one in drift.findings] == [
        (DriftKind.POLICY_CHANGED, f"arn:aws:iam::{ACCOUNT}:policy/shared", 2),
        (DriftKind.NEW_WILDCARD, f"arn:aws:iam::{ACCOUNT}:policy/shared", 2),
    ]


def test_what_aws_changed_is_called_so() -> None:
    before, after = (role(managed(allow(action), aws=True)) for action in ("sqs:SendMessage", "sqs:ListQueues"))
    (finding,) = found(state(before), state(after)).findings
    assert "AWS changed it" in finding.message


def trusting(account: str) -> Principal:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": account}}
    return replace(APP, trust=policy_from_json({"Version": "2012-10-17", "Statement": [statement]}, place="trust"))


def test_a_changed_trust_policy_is_high() -> None:
    assert kinds(state(trusting("111122223333")), state(trusting("999999999999"))) == [
        (DriftKind.POLICY_CHANGED, Severity.HIGH)
    ]


def test_a_boundary_that_goes_gives_what_it_held_back() -> None:
    bounded = role(policy(allow("iam:PutRolePolicy")), boundary=managed(allow("s3:*"), name="limit"))
    free = role(policy(allow("iam:PutRolePolicy")))
    assert kinds(state(bounded), state(free)) == [(DriftKind.POLICY_CHANGED, Severity.CRITICAL)]
    assert kinds(state(free), state(bounded)) == [(DriftKind.POLICY_CHANGED, Severity.LOW)]


def scps(*statements: Mapping[str, object]) -> Guards:
    return Guards(scps=(AccountScps("", ((document(*statements),),)),))


def test_looser_scps_are_found_once_for_the_account() -> None:
    people = [role(policy(allow("sqs:SendMessage")), name=name) for name in ("a", "b")]
    before, after = (state(*people, guards=scps(allow(action))) for action in ("s3:*", "*"))
    (finding,) = found(before, after).findings
    assert (finding.kind, finding.subject, finding.severity) == (DriftKind.POLICY_CHANGED, ACCOUNT, Severity.HIGH)


def test_scps_known_on_one_side_are_noted_and_not_compared() -> None:
    drift = found(state(APP), state(APP, guards=scps(allow("*"))))
    assert drift.findings == ()
    assert any("SCPs are known now alone" in note for note in drift.notes)


# ---------------------------------------------------------------- people and wildcards


def test_principals_that_came_went_or_were_made_again() -> None:
    new = role(policy(allow("iam:PutRolePolicy")), name="new")
    again = replace(APP, principal_id="AROAOTHER")
    assert kinds(state(APP), state(APP, new)) == [(DriftKind.NEW_PRINCIPAL, Severity.HIGH)]
    assert kinds(state(APP, new), state(APP)) == [(DriftKind.GONE_PRINCIPAL, Severity.INFO)]
    assert kinds(state(APP), state(again)) == [(DriftKind.NEW_PRINCIPAL, Severity.MEDIUM)]


def test_a_service_linked_role_is_for_information_alone() -> None:
    linked = role(policy(allow("*")), name="AWSServiceRoleForX", path="/aws-service-role/x.amazonaws.com/")
    assert kinds(state(APP), state(APP, linked)) == [(DriftKind.NEW_PRINCIPAL, Severity.INFO)]
    changed = replace(linked, policies=(policy(allow("s3:*")),))
    assert kinds(state(linked), state(changed)) == []


def test_a_new_wildcard_is_found_and_one_that_moved_is_not() -> None:
    wider = role(policy(allow("s3:Get*"), allow("sqs:SendMessage"), allow("iam:Put*")))
    assert (DriftKind.NEW_WILDCARD, Severity.HIGH) in kinds(state(APP), state(wider))
    moved = role(policy(allow("S3:get*"), name="a"), policy(allow("sqs:SendMessage"), name="b"))
    assert DriftKind.NEW_WILDCARD not in {kind for kind, _ in kinds(state(APP), state(moved))}


@pytest.mark.parametrize(
    ("unknown", "severity"),
    [("s3:GetObject", Severity.LOW), ("s3:PutObject", Severity.MEDIUM), ("s3:PutBucketPolicy", Severity.HIGH)],
)
def test_what_a_wildcard_inherits_is_as_severe_as_it_is(unknown: str, severity: Severity) -> None:
    star = role(policy(allow("s3:*")))
    before = state(star, unknown=frozenset({unknown}))
    assert kinds(before, state(star)) == [(DriftKind.INHERITED, severity)]
    denied = role(policy(allow("s3:*"), deny(unknown)))
    assert kinds(state(denied, unknown=frozenset({unknown})), state(denied)) == []


# ---------------------------------------------------------------- proposals and use


NARROW = proposal(allow("s3:GetBucketPolicy"), dangerous=2)


def test_putting_the_proposal_in_place_is_no_finding() -> None:
    applied = role(policy(allow("s3:GetBucketPolicy"), name="lpgen"))
    drift = found(state(APP, proposals=[NARROW]), state(applied))
    assert (drift.findings, drift.applied) == ((), (ARN,))


def test_what_was_proposed_since_the_baseline_is_no_change_either() -> None:
    newer = role(policy(allow("s3:GetBucketTagging"), name="lpgen"))
    after = state(newer, proposals=[proposal(allow("s3:GetBucketTagging"))])
    drift = found(state(APP, proposals=[NARROW]), after)
    assert (drift.findings, drift.applied) == ((), (ARN,))


def test_another_document_than_proposed_is_a_change() -> None:
    other = role(policy(allow("s3:GetBucketTagging"), name="lpgen"))
    assert kinds(state(APP, proposals=[NARROW]), state(other)) == [(DriftKind.POLICY_CHANGED, Severity.MEDIUM)]


def test_new_use_of_what_a_proposal_removes_is_found_before_it_breaks() -> None:
    before = state(APP, proposals=[NARROW])
    after = state(APP, uses={ARN: seen("sqs:SendMessage", "s3:GetBucketPolicy")})
    (finding,) = found(before, after).findings
    assert (finding.kind, finding.severity) == (DriftKind.NEW_USE, Severity.HIGH)
    assert "sqs:SendMessage" in finding.message
    assert "event-sqs:SendMessage" in finding.details[0]


@pytest.mark.parametrize("outcome", [Outcome.DENIED, Outcome.UNDETERMINED])
def test_use_that_did_not_happen_breaks_nothing(outcome: Outcome) -> None:
    tried = replace(seen("sqs:SendMessage")[0], outcome=outcome)
    assert kinds(state(APP, proposals=[NARROW]), state(APP, uses={ARN: (tried,)})) == []


def test_use_that_the_baseline_knew_is_not_new() -> None:
    uses = {ARN: seen("sqs:SendMessage")}
    assert kinds(state(APP, uses=uses, proposals=[NARROW]), later(state(APP, uses=uses), 1)) == []


def test_a_proposal_counts_as_never_applied_after_its_days_alone() -> None:
    before = state(APP, proposals=[NARROW])
    assert kinds(before, later(state(APP), 29)) == []
    assert kinds(before, later(state(APP), 30)) == [(DriftKind.NEVER_APPLIED, Severity.MEDIUM)]
    unsafe = state(APP, proposals=[replace(NARROW, waiting_since=None)])
    assert kinds(unsafe, later(state(APP), 30)) == []


def test_a_role_without_any_use_went_quiet_and_is_not_told_grant_by_grant() -> None:
    one = state(APP, uses={ARN: seen("sqs:SendMessage", "s3:GetBucketPolicy", day=LAST_DAY - timedelta(days=5))})
    assert kinds(one, later(one, 24)) == []
    assert kinds(one, later(one, 25)) == [(DriftKind.ROLE_QUIET, Severity.LOW)]
    assert kinds(later(one, 25), later(one, 26)) == []


def test_a_grant_falls_out_of_use_on_covered_days_alone() -> None:
    uses = seen("sqs:SendMessage", day=LAST_DAY - timedelta(days=10)) + seen("s3:GetBucketPolicy")
    one = state(APP, uses={ARN: uses})
    now = later(one, 20)
    (finding,) = found(one, now).findings
    assert (finding.kind, finding.details) == (
        DriftKind.NEWLY_UNUSED,
        ("sqs:SendMessage, last used on 2026-09-20",),
    )
    (account,) = now.coverage.accounts
    hole = Hole(LAST_DAY, LAST_DAY, "StopLogging; a day is lost")
    blind = replace(now, coverage=replace(now.coverage, accounts=(replace(account, holes=(hole,)),)))
    assert {one.kind for one in found(one, blind).findings} == {DriftKind.COVERAGE_LOST}


# ---------------------------------------------------------------- coverage


def test_a_trail_that_stopped_changed_or_went_is_found() -> None:
    one = state(APP, trails=(TRAIL,))
    stopped = replace(one, trails=(replace(TRAIL, logging=False),))
    narrowed = replace(one, trails=(replace(TRAIL, multi_region=False),))
    gone = replace(one, trails=(replace(TRAIL, arn=TRAIL.arn + "2"),))
    assert kinds(one, stopped) == [(DriftKind.COVERAGE_LOST, Severity.CRITICAL)]
    assert kinds(one, narrowed) == [(DriftKind.COVERAGE_LOST, Severity.HIGH)]
    assert kinds(one, gone) == [(DriftKind.COVERAGE_LOST, Severity.CRITICAL)]
    assert kinds(stopped, one) == []
    assert any("trail settings" in note for note in found(one, state(APP)).notes)


def test_an_account_without_new_records_is_lost() -> None:
    one = state(APP)
    silent = replace(one, stamp=replace(one.stamp, as_of=LAST_DAY + timedelta(days=4)))
    assert kinds(one, silent) == [(DriftKind.COVERAGE_LOST, Severity.HIGH)]
    weekend = replace(one, stamp=replace(one.stamp, as_of=LAST_DAY + timedelta(days=3)))
    assert kinds(one, weekend) == []


def test_a_region_is_lost_when_it_is_quiet_for_longer_than_ever() -> None:
    one = state(APP)
    daily = {(ACCOUNT, "eu-west-1"): tuple(LAST_DAY - timedelta(days=at) for at in range(20, -1, -1))}
    weekly = {(ACCOUNT, "eu-west-1"): tuple(LAST_DAY - timedelta(days=7 * at) for at in range(5, -1, -1))}
    for days, lost in ((daily, True), (weekly, False)):
        before = replace(one, region_days={**one.region_days, **days})
        after = later(one, 7)
        after = replace(after, region_days={**after.region_days, **days})
        assert kinds(before, after) == ([(DriftKind.COVERAGE_LOST, Severity.MEDIUM)] if lost else [])


# ---------------------------------------------------------------- laws

STATEMENTS = st.lists(
    st.sampled_from(
        (
            allow("*"),
            allow("s3:*"),
            allow(["sqs:SendMessage", "iam:Put*"]),
            allow("s3:GetObject", "arn:aws:s3:::data/*"),
            deny("iam:*"),
            {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
        )
    ),
    min_size=1,
    max_size=3,
)


@st.composite
def states(draw: st.DrawFn) -> State:
    people = []
    for name in draw(st.sets(st.sampled_from(("a", "app", "b")), min_size=1)):
        shared = [managed(*draw(STATEMENTS))] if draw(st.booleans()) else []
        one = role(policy(*draw(STATEMENTS)), *shared, name=name)
        people.append(replace(one, principal_id=draw(st.sampled_from(("AROAA", "AROAB", "")))))
    actions = draw(st.sets(st.sampled_from(("s3:GetBucketPolicy", "sqs:SendMessage", "iam:PutRolePolicy"))))
    day = LAST_DAY - timedelta(days=draw(st.integers(0, 60)))
    made = state(
        *people,
        uses={one.arn: seen(*sorted(actions), day=day) for one in people},
        proposals=[proposal(*draw(STATEMENTS), since=day)] if draw(st.booleans()) else [],
        trails=(replace(TRAIL, logging=draw(st.booleans())),) if draw(st.booleans()) else (),
        unknown=frozenset(draw(st.sets(st.sampled_from(("s3:GetObject", "iam:PutRolePolicy"))))),
    )
    return later(made, draw(st.integers(0, 40)))


@settings(max_examples=40, deadline=None)
@given(states())
def test_a_state_and_itself_have_no_drift(one: State) -> None:
    drift = found(one, one)
    assert (drift.findings, drift.applied) == ((), ())


@settings(max_examples=40, deadline=None)
@given(states(), states(), st.randoms(use_true_random=False))
def test_findings_depend_on_no_order(before: State, after: State, random: object) -> None:
    shuffle: Callable[[list[object]], None] = random.shuffle  # type: ignore[attr-defined]

    def mixed(one: State) -> State:
        grants, trails = list(one.grants), list(one.trails)
        shuffle(grants)  # type: ignore[arg-type]
        shuffle(trails)  # type: ignore[arg-type]
        return replace(one, grants=tuple(grants), trails=tuple(trails))

    straight, crooked = found(before, after), found(mixed(before), mixed(after))
    assert straight.findings == crooked.findings
    assert len({one.item for one in straight.findings}) == len(straight.findings)


# ---------------------------------------------------------------- decisions


def accepting(item: str, principal: str = "", expires: str = "") -> Decision:
    return Decision(DecisionKind.ACCEPT, principal, "", "", item, "", "", "meant so", "ops", expires)


def changed() -> Drift:
    now = role(policy(allow("s3:Get*"), allow(["sqs:SendMessage", "iam:PutRolePolicy"])))
    return found(state(APP), state(now))


def accepted(drift: Drift, *decisions: Decision) -> DriftFinding:
    (finding,) = accept_findings(drift, decisions, as_of=LAST_DAY).findings
    return finding


def test_a_decision_accepts_by_item_and_principal() -> None:
    item = changed().findings[0].item
    assert accepted(changed(), accepting(item)).accepted_by == "ops: meant so"
    assert accepted(changed(), accepting("policy-changed *", ARN)).accepted_by
    assert not accepted(changed(), accepting("policy-changed *", ARN + "x")).accepted_by
    assert not accepted(changed(), accepting("new-use *")).accepted_by


def test_an_accepted_finding_no_longer_fails() -> None:
    drift = accept_findings(changed(), [accepting("*")], as_of=LAST_DAY)
    assert not drift.reaches(Severity.INFO)
    assert changed().reaches(Severity.CRITICAL)
    assert not found(state(APP), state()).reaches(Severity.LOW)


def test_an_expired_decision_accepts_nothing_and_is_shown() -> None:
    drift = accept_findings(changed(), [accepting("*", expires="2026-09-29")], as_of=LAST_DAY)
    (finding,) = drift.findings
    assert (finding.accepted_by, finding.expired) == ("", "ops: meant so, until 2026-09-29")
    assert len(drift.expired) == 1
    assert drift.reaches(Severity.CRITICAL)


def test_an_accepted_change_does_not_hide_the_next_one() -> None:
    item = changed().findings[0].item
    worse = role(policy(allow("s3:Get*"), allow(["sqs:SendMessage", "iam:PutRolePolicy", "iam:CreateUser"])))
    assert not accepted(found(state(APP), state(worse)), accepting(item)).accepted_by


def test_notes_say_when_nothing_is_newer() -> None:
    one = state(APP)
    assert any("no record is newer" in note for note in found(one, one).notes)
    assert any("later than" in note for note in found(later(one), one).notes)

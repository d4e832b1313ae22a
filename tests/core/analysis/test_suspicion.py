"""What an intruder did with one principal's credentials teaches nothing, and nobody else: laws over small worlds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpgen.core.analysis.caveats.dangerous_use import DangerCaveat
from lpgen.core.analysis.suspicion import Suspicion, suspected_pairs
from lpgen.core.catalog.danger import Dangers
from lpgen.core.evidence import PrincipalUsage, Suspected, Use
from lpgen.core.findings import PrincipalDiff
from lpgen.core.globs.match import glob_match
from lpgen.core.model import Action, Outcome, Principal, PrincipalKind
from lpgen.core.options import Options
from lpgen.core.replacements import Decision, DecisionKind
from tests.support.diffs import diff_usage
from tests.support.law_examples import examples
from tests.support.worlds import ACCOUNT, LAST_DAY, allow, catalog, grants_of, policy, role, usage_of, use

DAYS: Final = 120
DAILY = range(0, DAYS, 3)
ENDS = (0, DAYS - 1)
KEY = "iam:CreateAccessKey"
USER = f"arn:aws:iam::{ACCOUNT}:user/{{}}".format
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{{}}".format
BUCKET = "arn:aws:s3:::{}".format
EVERYTHING = policy(allow(["ec2:*", "iam:*", "s3:*", "sns:*", "sqs:*"]))


def trusting(name: str) -> Principal:
    """A role that Lambda may assume."""
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return replace(role(EVERYTHING, name=name), trust=policy(trust).document)


VICTIM, SECOND, THIRD = trusting("victim"), trusting("second"), trusting("third")
ANN = role(EVERYTHING, name="ann", kind=PrincipalKind.USER)
ALL = (VICTIM, SECOND, THIRD, ANN)


def on(days: Sequence[int], action: str, text: str = "*", **more: Any) -> list[Use]:
    """Uses so many days before the last day of the logs."""
    return [use(action, text, seen=f"{LAST_DAY - timedelta(day)}T08:00:00Z", **more) for day in days]


WORK = [*on(DAILY, "ec2:RebootInstances"), *on(DAILY, "sqs:SendMessage", QUEUE("jobs-one"))]
LAW = settings(max_examples=examples(25))
AT_WORK = {(use.action, use.resource) for use in WORK}
WORLD: Final[Mapping[Principal, Sequence[Use]]] = {
    VICTIM: WORK,
    SECOND: [*WORK, *on(DAILY[::2], "sqs:SetQueueAttributes", QUEUE("jobs-two"))],
    THIRD: [*WORK, *on(DAILY[::3], "s3:GetObject", BUCKET("data/in/*"))],
    ANN: [*on(ENDS, "iam:ListUsers"), *on(DAILY, "s3:ListBucket", BUCKET("data"))],
}


def reviewed(
    world: Mapping[Principal, Sequence[Use]], *, options: Options | None = None, **more: Any
) -> dict[str, PrincipalDiff]:
    """The reviews of all principals of a world, by ARN."""
    usage = usage_of({principal.arn: list(uses) for principal, uses in world.items()}, days=DAYS, **more)
    found = diff_usage(usage, [grants_of(principal) for principal in world], catalog(), options or Options()).principals
    return {diff.principal.arn: diff for diff in found}


@cache
def honest() -> dict[str, PrincipalDiff]:
    """The reviews without an intruder."""
    return reviewed(WORLD)


def with_stolen(stolen: Sequence[Use]) -> dict[Principal, Sequence[Use]]:
    """The world in which an intruder did this with the credentials of the victim too."""
    return {**WORLD, VICTIM: [*WORLD[VICTIM], *stolen]}


def pairs_of(found: PrincipalDiff) -> set[tuple[str, str]]:
    """The pairs of action and resource in the lines."""
    return {(line.action, resource) for line in found.draft.lines for resource in line.scope.resources}


def suspected_of(uses: Sequence[Use], kept: Sequence[Decision] = (), late: date = date.max) -> dict[str, Suspected]:
    """The reasons for which uses of the victim are suspected, by action."""
    days: dict[Use, set[date]] = {}
    for known in uses:
        plain = replace(known, evidence=replace(known.evidence, first_seen="", last_seen=""))
        days.setdefault(plain, set()).add(date.fromisoformat(known.evidence.first_seen[:10]))
    whole = tuple(replace(use, on=tuple(sorted(seen))) for use, seen in days.items())
    usage = PrincipalUsage(VICTIM.arn, uses=whole, days=len(set().union(*days.values())))
    found = suspected_pairs(usage, Dangers(catalog()), late, (), kept)
    return {action: why for (action, _), why in found.items()}


# ---------------------------------------------------------------- what an intruder does

NAMES = ("jobs-one", "jobs-two", "jobs-x", "other", "zzz")
HARM = st.sampled_from(
    [
        *((KEY, USER(name)) for name in NAMES),
        ("iam:PutUserPolicy", USER("zzz")),
        ("iam:UpdateAssumeRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/admin"),
        ("ec2:ModifySnapshotAttribute", "arn:aws:ec2:us-east-1::snapshot/snap-1"),
        *(("s3:PutBucketPolicy", BUCKET(name)) for name in NAMES),
    ]
)
COMPANY = st.sampled_from(
    [
        ("s3:ListAllMyBuckets", "*"),
        ("sns:ListTopics", "*"),
        ("iam:ListRoles", "*"),
        *(("sqs:SendMessage", QUEUE(name)) for name in NAMES),
        *(("sqs:CreateQueue", QUEUE(name)) for name in NAMES),
        *(("s3:GetObject", BUCKET(f"{name}/*")) for name in NAMES),
    ]
)
FAILURES: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {"outcome": Outcome.UNDETERMINED, "error": "ThrottlingException"},
        {"error": "NoSuchEntity"},
        {"error": "NoSuchBucket"},
        {"outcome": Outcome.DENIED},
    ]
)


@st.composite
def thefts(draw: st.DrawFn) -> list[Use]:
    """Harm that succeeds on a day or two, with what else is done then."""
    days = draw(st.lists(st.integers(20, 100), min_size=1, max_size=2, unique=True))
    harm = draw(st.lists(HARM, min_size=1, max_size=4, unique=True))
    company = draw(st.lists(COMPANY, max_size=6, unique=True))
    found = [use for action, text in harm for use in on(days, action, text)]
    return [*found, *(use for action, text in company for use in on(days, action, text))]


@st.composite
def failed_calls(draw: st.DrawFn) -> list[Use]:
    """Harmful calls of one day, none of which succeeds."""
    (day,) = draw(st.lists(st.integers(20, 100), min_size=1, max_size=1))
    calls = draw(st.lists(st.tuples(HARM, FAILURES), min_size=1, max_size=4))
    return [use for (action, text), failure in calls for use in on((day,), action, text, **failure)]


# ---------------------------------------------------------------- laws


@LAW
@given(stolen=thefts())
def test_what_an_intruder_does_changes_no_review_of_others(stolen: list[Use]) -> None:
    lied = reviewed(with_stolen(stolen))
    for principal in (SECOND, THIRD, ANN):
        assert lied[principal.arn] == honest()[principal.arn]


@LAW
@given(stolen=failed_calls())
def test_failed_calls_of_an_intruder_change_no_review_of_others(stolen: list[Use]) -> None:
    lied = reviewed(with_stolen(stolen))
    for principal in (SECOND, THIRD, ANN):
        assert lied[principal.arn] == honest()[principal.arn]


@LAW
@given(stolen=thefts())
def test_suspected_use_makes_no_line_wider_and_adds_only_itself(stolen: list[Use]) -> None:
    before, after = (pairs_of(found[VICTIM.arn]) for found in (honest(), reviewed(with_stolen(stolen))))
    assert after - before <= {(use.action, use.resource.text) for use in stolen}


@LAW
@given(stolen=thefts())
def test_the_replacement_of_the_victim_is_never_safe(stolen: list[Use]) -> None:
    found = reviewed(with_stolen(stolen))[VICTIM.arn]
    assert DangerCaveat.UNUSUAL_USE in {caveat.kind for caveat in found.assessment.open_caveats}


@LAW
@given(stolen=failed_calls())
def test_failed_harm_is_kept_only_by_its_name_and_said(stolen: list[Use]) -> None:
    before, found = honest()[VICTIM.arn], reviewed(with_stolen(stolen))[VICTIM.arn]
    added = pairs_of(found) - pairs_of(before)
    tried = {(use.action, use.resource.text) for use in stolen if use.outcome is not Outcome.DENIED}
    assert added <= tried
    said = {
        caveat.parameters["action"]
        for caveat in found.assessment.open_caveats
        if caveat.kind is DangerCaveat.DANGEROUS_ATTEMPT
    }
    assert {action for action, _ in added} <= said


@LAW
@given(stolen=thefts(), shuffled=st.randoms(use_true_random=False))
def test_the_order_of_records_does_not_matter(stolen: list[Use], shuffled: Any) -> None:
    world = {principal: list(uses) for principal, uses in with_stolen(stolen).items()}
    found = reviewed(world)
    for uses in world.values():
        shuffled.shuffle(uses)
    assert reviewed(dict(sorted(world.items(), key=lambda pair: pair[0].name))) == found


@LAW
@given(stolen=thefts())
def test_a_decision_to_keep_everything_lifts_the_suspicion(stolen: list[Use]) -> None:
    keep = Decision(DecisionKind.KEEP, VICTIM.arn, "*", "*", "", "", "", "it was us", "me", "")
    found = reviewed(with_stolen(stolen), options=Options(decisions=(keep,)))[VICTIM.arn]
    assert not any(line.suspected for line in found.draft.lines)
    assert DangerCaveat.UNUSUAL_USE not in {caveat.kind for caveat in found.assessment.open_caveats}
    assert suspected_of([*WORK, *stolen], [keep]) == {}


def test_a_decision_to_drop_the_theft_leaves_no_trace_of_it() -> None:
    stolen = [*on((78,), KEY, USER("jobs-one")), *on((78,), "sqs:SendMessage", QUEUE("jobs-x"))]
    drops = tuple(
        Decision(DecisionKind.DROP, VICTIM.arn, use.action, use.resource.text, "", "2026-01-01", "", "stolen", "me", "")
        for use in stolen
    )
    found = reviewed(with_stolen(stolen), options=Options(decisions=drops))
    assert {arn: pairs_of(diff) for arn, diff in found.items()} == {
        arn: pairs_of(diff) for arn, diff in honest().items()
    }


# ---------------------------------------------------------------- the cases one by one


@pytest.mark.parametrize("name", ["s3:ListAllMyBuckets", "sns:ListTopics"])
def test_what_began_with_the_harm_or_shortly_before_is_its_company(name: str) -> None:
    theft = on((50,), KEY, USER("zzz"))
    for days, is_company in (((50,), True), ((60,), True), ((64,), True), ((65,), False), ((49,), False)):
        found = suspected_of([*WORK, *on(days, name), *theft])
        assert found.get(name) == (Suspected.COMPANY if is_company else None)


def test_regular_use_that_began_with_the_harm_is_no_company() -> None:
    assert "sns:ListTopics" not in suspected_of(
        [*WORK, *on(range(0, 51, 5), "sns:ListTopics"), *on((50,), KEY, USER("z"))]
    )


def test_denied_use_is_no_company() -> None:
    denied = on((50,), "sns:ListTopics", outcome=Outcome.DENIED)
    assert set(suspected_of([*WORK, *denied, *on((50,), KEY, USER("z"))])) == {KEY}


@pytest.mark.parametrize("more", [{"error": "NoSuchEntity"}, {"outcome": Outcome.DENIED}])
def test_harm_that_did_not_happen_makes_nothing_suspected(more: dict[str, Any]) -> None:
    uses = [*WORK, *on((50,), "sns:ListTopics"), *on((50,), KEY, USER("z"), **more)]
    assert suspected_of(uses) == {}


def test_a_decision_to_keep_names_the_use_that_it_lifts() -> None:
    uses = [*WORK, *on((50,), KEY, USER("a")), *on((80,), "iam:PutUserPolicy", USER("b"))]
    keep = Decision(DecisionKind.KEEP, VICTIM.arn, KEY, USER("a"), "", "", "", "it was us", "me", "")
    assert set(suspected_of(uses, [keep])) == {"iam:PutUserPolicy"}
    other = replace(keep, resource=USER("b"))
    assert set(suspected_of(uses, [other])) == {KEY, "iam:PutUserPolicy"}


def test_suspicion_covers_only_its_rows() -> None:
    found = Suspicion({VICTIM.arn: {(Action(KEY), USER("a")): Suspected.FEW_DAYS}})
    assert found.covers(VICTIM.arn, KEY, USER("a"))
    assert not found.covers(VICTIM.arn, KEY, USER("b"))
    assert not found.covers(SECOND.arn, KEY, USER("a"))


# ---------------------------------------------------------------- scopes of harm at home


def test_the_worst_harm_climbs_at_home_only_where_the_principal_keeps_coming_to_new_names() -> None:
    home, opens = on(DAILY, "sqs:ListQueues"), "sqs:AddPermission"
    at_once = [use for number in range(5) for use in on((20,), opens, QUEUE(f"jobs-{number}"))]
    often = [use for number in range(5) for use in on((20 * number + 5,), opens, QUEUE(f"jobs-{number}"))]
    for uses, is_wide in ((at_once, False), (often, True)):
        found = reviewed(with_stolen([*home, *uses]))[VICTIM.arn]
        scopes = {where for action, where in pairs_of(found) if action == opens}
        assert any(glob_match(where, QUEUE("jobs-next")) for where in scopes) is is_wide
        assert DangerCaveat.UNUSUAL_USE not in {caveat.kind for caveat in found.assessment.open_caveats}

"""A plan decides what it says, within the quotas, and takes nothing from a trail that exists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpgen.core.analysis.observability.trail_coverage import OBJECTS, Events, recording_trails, session_arns
from lpgen.core.evidence import AccountCoverage, LogCoverage
from lpgen.core.model import Action
from lpgen.core.observe.open_uses import OpenUse, OpenUses
from lpgen.core.observe.plan import MOST_TRAILS, Basis, ObservePlan, PlanChoices, plan_trails
from lpgen.core.observe.selections import MOST_VALUES, Selection
from lpgen.core.trails import FieldOperator, FieldTest, Selector, Trail

ACCOUNT = "111122223333"
OTHER = "444455556666"
QUEUE = "AWS::SQS::Queue"
NO_LOGS = LogCoverage(())
ALL_MANAGEMENT = Selector("Management", ())


def use(
    name: str, *resources: str, kind: str = QUEUE, account: str = ACCOUNT, action: str = "sqs:SendMessage"
) -> OpenUse:
    arn = f"arn:aws:iam::{account}:role/{name}"
    callers = session_arns(arn, federates=False)
    seen = Events("sqs", "Data", kind, (False,), ("sqs.amazonaws.com",), (), resources, ("",), callers)
    return OpenUse(arn, Action(action), seen)


def queue(name: str) -> str:
    return f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"


def trail(
    name: str = "main", *selectors: Selector, home: str = "us-east-1", multi: bool = True, organization: bool = False
) -> Trail:
    arn = f"arn:aws:cloudtrail:{home}:{ACCOUNT}:trail/{name}"
    recorded = selectors or (ALL_MANAGEMENT,)
    return Trail(arn, name, ACCOUNT, home, multi, True, organization, True, recorded, "logs")


def planned(
    uses: Sequence[OpenUse],
    trails: Sequence[Trail] = (),
    choices: PlanChoices = PlanChoices(bucket="logs"),  # noqa: B008
) -> ObservePlan:
    return plan_trails(OpenUses(tuple(uses)), NO_LOGS, trails, choices)


def test_a_plan_is_a_second_trail_for_data_events_only() -> None:
    (account,) = planned([use("sender", queue("orders"))], [trail(home="eu-west-1")]).accounts
    (made,) = account.trails
    assert made.is_new
    assert (made.trail.name, made.trail.home_region, made.trail.bucket) == ("lpgen-observe", "eu-west-1", "logs")
    assert {selector.category for selector in made.trail.selectors} == {"Data"}
    assert [use.principal for use in account.decides] == [f"arn:aws:iam::{ACCOUNT}:role/sender"]
    assert account.leaves_open == ()


def test_what_names_log_files_is_left_open_and_selects_nothing() -> None:
    uses = [
        use("all", "*", kind=OBJECTS),
        use("logs", "arn:aws:s3:::logs/*", kind=OBJECTS),
        use("prefix", "arn:aws:s3:::lo*", kind=OBJECTS),
        use("photos", "arn:aws:s3:::photos/*", kind=OBJECTS),
    ]
    (account,) = planned(uses).accounts
    assert {use.principal.rpartition("/")[2] for use in account.decides} == {"all", "photos"}
    assert {use.principal.rpartition("/")[2] for use, _ in account.leaves_open} == {"logs", "prefix"}
    assert all("log bucket" in why for _, why in account.leaves_open)
    assert {(one.value, one.caller) for one in account.trails[0].added} == {
        ("arn:aws:s3:::photos/", ""),
        ("", f"arn:aws:sts::{ACCOUNT}:assumed-role/all/"),
    }


def test_a_bucket_whose_name_begins_like_that_of_the_log_files_is_another_one() -> None:
    (account,) = planned([use("archive", "arn:aws:s3:::logs-archive/*", kind=OBJECTS)]).accounts
    assert account.leaves_open == ()
    assert [one.value for one in account.trails[0].added] == ["arn:aws:s3:::logs-archive/"]


def test_what_most_actions_need_comes_first_where_values_run_out() -> None:
    rare = [use(f"one-{number}", queue(f"rare-{number:04}")) for number in range(520)]
    common = [use(f"many-{number}", queue("zz-common")) for number in range(5)]
    (account,) = planned([*rare, *common]).accounts
    assert len(account.trails) == 1
    assert account.trails[0].values == MOST_VALUES
    assert set(common) <= set(account.decides)
    assert {why for _, why in account.leaves_open} == {"no trail has room for it"}
    assert len(account.decides) + len(account.leaves_open) == 525


@pytest.mark.parametrize("there", [*(pytest.param(one, marks=pytest.mark.slow) for one in (0, 3)), 4, 5])
def test_new_trails_fill_what_the_quota_of_the_region_leaves(there: int) -> None:
    known = [trail(f"t{number}") for number in range(there)]
    known += [trail("elsewhere", home="eu-west-1", multi=False)] if there else []
    uses = [use(f"one-{number}", queue(f"q-{number:05}")) for number in range(1_200)]
    (account,) = planned(uses, known).accounts
    assert len(account.trails) == (MOST_TRAILS - there if there else 1)
    assert all(trail.values <= MOST_VALUES for trail in account.trails)
    assert len({trail.trail.name for trail in account.trails}) == len(account.trails)


def test_a_trail_of_the_organization_that_is_extended_decides_for_all_accounts() -> None:
    main = trail("org", organization=True)
    uses = [use("a", queue("a")), use("b", f"arn:aws:sqs:us-east-1:{OTHER}:b", account=OTHER)]
    (account,) = planned(uses, [main], PlanChoices(trail=main.arn)).accounts
    (made,) = account.trails
    assert (made.is_new, made.trail.arn, len(account.decides)) == (False, main.arn, 2)
    assert ALL_MANAGEMENT in made.trail.selectors


def test_accounts_without_the_trail_that_is_extended_stay_open() -> None:
    main = trail("own")
    uses = [use("a", queue("a")), use("b", f"arn:aws:sqs:us-east-1:{OTHER}:b", account=OTHER)]
    here, there = planned(uses, [main], PlanChoices(trail=main.arn)).accounts
    assert (len(here.decides), len(there.decides), there.trails) == (1, 0, ())


QUEUES = st.sampled_from(["a", "ab", "b*", "*", "c?", "*-dead"])
USES = st.lists(
    st.builds(
        lambda who, names: use(who, *map(queue, sorted(names))), st.sampled_from("xyz"), st.sets(QUEUES, min_size=1)
    ),
    max_size=8,
)
OPERATORS = st.sampled_from(list(FieldOperator))
EXISTING = st.lists(
    st.builds(
        lambda kind, operator, values: Selector(
            "Data",
            tuple(
                sorted(
                    [
                        FieldTest("resources.type", FieldOperator.EQUALS, (kind,)),
                        FieldTest("resources.ARN", operator, tuple(sorted(values))),
                    ]
                )
            ),
        ),
        st.sampled_from([QUEUE, OBJECTS]),
        OPERATORS,
        st.sets(st.sampled_from([queue("a"), queue("b"), "arn:aws:s3:::x/"]), min_size=1),
    ),
    max_size=5,
)


@given(uses=USES, existing=EXISTING, extends=st.booleans(), name=QUEUES)
def test_a_plan_keeps_its_word_and_takes_nothing_away(
    uses: list[OpenUse], existing: list[Selector], extends: bool, name: str
) -> None:
    main = trail("main", ALL_MANAGEMENT, *existing)
    plan = planned(uses, [main], PlanChoices(trail=main.arn if extends else "", bucket="logs"))
    for account in plan.accounts:
        after = [trail.trail for trail in account.trails]
        if not any(trail.arn == main.arn for trail in after):
            after.append(main)
        for one in account.decides:
            assert not isinstance(recording_trails(one.events, after), str)
        probe = use("probe", queue(name)).events
        if not isinstance(recording_trails(probe, [main]), str):
            assert not isinstance(recording_trails(probe, after), str)
        management = Events("ec2", "Management", "", (True, False), ("ec2.amazonaws.com",), (), ("*",), ("",))
        assert not isinstance(recording_trails(management, after), str)


@pytest.mark.parametrize(
    ("seen", "a_day", "basis"),
    [
        ({(ACCOUNT, QUEUE): 400, (OTHER, QUEUE): 9_000}, 4 * 20.0, Basis.ACCOUNT),
        ({(OTHER, QUEUE): 400, (ACCOUNT, OBJECTS): 9_000}, 4 * 20.0, Basis.TYPE),
        ({(OTHER, OBJECTS): 200, (ACCOUNT, OBJECTS): 200}, 4 * 10.0, Basis.LOGS),
        ({}, 4 * 1_000.0, Basis.ASSUMED),
    ],
)
def test_each_type_has_a_price_from_the_most_similar_events_in_the_logs(
    seen: dict[tuple[str, str], int], a_day: float, basis: Basis
) -> None:
    covered = [
        AccountCoverage(account, date(2026, 6, 1), date(2026, 6, 10), 10, (), ("us-east-1",), 100, frozenset())
        for account in (ACCOUNT, OTHER)
    ]
    uses = OpenUses(
        (use("a", queue("a"), queue("b")), use("b", queue("c-*")), use("c", "*")),
        Counter(),
        Counter(seen),
        Counter(dict.fromkeys(seen, 2)),
    )
    (account,) = plan_trails(uses, LogCoverage(tuple(covered)), (), PlanChoices(bucket="logs")).accounts
    (estimate,) = account.estimates
    assert (estimate.kind, estimate.resources, estimate.callers, estimate.is_open) == (QUEUE, 2, 2, False)
    assert (estimate.a_day, estimate.basis) == (a_day, basis)
    assert estimate.cost(0.10) == pytest.approx(a_day * 30 / 100_000 * 0.10)


def test_a_trail_records_the_callers_of_whole_accounts_and_no_other() -> None:
    uses = [use("lists", "*"), use("sends", queue("app-*")), use("fixed", queue("orders"))]
    (account,) = planned(uses).accounts
    assert set(account.decides) == set(uses)
    starts = {f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/" for name in ("lists", "sends")}
    assert {one.caller for one in account.trails[0].added if one.caller} == starts
    other = use("other", queue("app-1"))
    assert isinstance(recording_trails(other.events, [one.trail for one in account.trails]), str)
    assert not isinstance(recording_trails(uses[2].events, [one.trail for one in account.trails]), str)


def test_a_type_that_very_many_callers_need_is_recorded_for_all() -> None:
    uses = [use(f"app-{number}", "*") for number in range(101)]
    (account,) = planned(uses).accounts
    assert len(account.decides) == 101
    assert account.trails[0].added == (Selection(QUEUE, (False,), FieldOperator.STARTS_WITH, ""),)
    objects = [use(f"app-{number}", "*", kind=OBJECTS) for number in range(101)]
    (account,) = planned(objects).accounts
    assert len(account.decides) == 101
    assert all(one.caller for one in account.trails[0].added)


def test_a_user_that_may_call_under_other_names_is_not_selected_by_caller() -> None:
    user = f"arn:aws:iam::{ACCOUNT}:user/ada"
    for federates, selected in ((False, user), (True, "")):
        events = replace(use("x", "*").events, callers=session_arns(user, federates=federates))
        (account,) = planned([OpenUse(user, Action("sqs:SendMessage"), events)]).accounts
        assert [one.caller for one in account.trails[0].added] == [selected]
        assert len(account.decides) == 1

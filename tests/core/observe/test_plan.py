"""A plan decides what it says, within the quotas, and takes nothing from a trail that exists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpgen.core.analysis.observability.trail_coverage import OBJECTS, Events, recording_trails
from lpgen.core.evidence import AccountCoverage, LogCoverage
from lpgen.core.model import Action
from lpgen.core.observe.open_uses import OpenUse, OpenUses
from lpgen.core.observe.plan import MOST_TRAILS, ObservePlan, PlanChoices, plan_trails
from lpgen.core.observe.selections import MOST_VALUES
from lpgen.core.trails import FieldOperator, FieldTest, Selector, Trail

ACCOUNT = "111122223333"
OTHER = "444455556666"
QUEUE = "AWS::SQS::Queue"
NO_LOGS = LogCoverage(())
ALL_MANAGEMENT = Selector("Management", ())


def use(
    name: str, *resources: str, kind: str = QUEUE, account: str = ACCOUNT, action: str = "sqs:SendMessage"
) -> OpenUse:
    seen = Events("sqs", "Data", kind, (False,), ("sqs.amazonaws.com",), (), resources, ("",))
    return OpenUse(f"arn:aws:iam::{account}:role/{name}", Action(action), seen)


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


def test_what_may_be_on_log_files_is_left_open_and_selects_nothing() -> None:
    uses = [
        use("all", "*", kind=OBJECTS),
        use("logs", "arn:aws:s3:::logs/*", kind=OBJECTS),
        use("prefix", "arn:aws:s3:::lo*", kind=OBJECTS),
        use("photos", "arn:aws:s3:::photos/*", kind=OBJECTS),
    ]
    (account,) = planned(uses).accounts
    assert [use.principal.rpartition("/")[2] for use in account.decides] == ["photos"]
    assert {use.principal.rpartition("/")[2] for use, _ in account.leaves_open} == {"all", "logs", "prefix"}
    assert all("log bucket" in why for _, why in account.leaves_open)
    assert [one.value for one in account.trails[0].added] == ["arn:aws:s3:::photos/"]


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


def test_estimates_rest_on_what_the_logs_hold_of_the_type() -> None:
    covered = AccountCoverage(
        ACCOUNT,
        date(2026, 6, 1),
        date(2026, 6, 10),
        10,
        (),
        ("us-east-1",),
        100,
        frozenset(),
        data_resources=frozenset({("sqs.amazonaws.com", queue("seen")), ("sqs.amazonaws.com", queue("too"))}),
    )
    uses = OpenUses(
        (use("a", queue("a"), queue("b")), use("b", queue("c-*"))), Counter(), Counter({(ACCOUNT, QUEUE): 400})
    )
    (account,) = plan_trails(uses, LogCoverage((covered,)), (), PlanChoices(bucket="logs")).accounts
    (estimate,) = account.estimates
    assert (estimate.kind, estimate.resources, estimate.is_open, estimate.a_day) == (QUEUE, 2, True, 40.0)

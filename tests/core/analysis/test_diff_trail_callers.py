"""What trails record that select or exclude callers and resources, and what a review therefore keeps."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lpgen.core.analysis.grants.principal_grants import grants_from_principals
from lpgen.core.analysis.observability.trail_coverage import Events, recording_trails, session_arns
from lpgen.core.evidence import Use
from lpgen.core.findings import Verdict
from lpgen.core.model import PrincipalKind
from lpgen.core.trails import CALLER_FIELD, RESOURCE_FIELD, FieldOperator, FieldTest, Selector, Trail
from lpgen.edge.catalog.files import bundled_catalog
from tests.core.analysis.test_diff import DATA, diff_of, verdicts
from tests.core.analysis.test_diff_blind_spots import kept_for_logs, trail_of
from tests.support.diffs import diff_usage
from tests.support.worlds import ACCOUNT, allow, exactly, policy, role, usage_of, use

OBJECTS = FieldTest("resources.type", FieldOperator.EQUALS, ("AWS::S3::Object",))
SESSIONS = f"arn:aws:sts::{ACCOUNT}:assumed-role"
APP = f"arn:aws:iam::{ACCOUNT}:role/team/app"
ADA = f"arn:aws:iam::{ACCOUNT}:user/team/ada"
OPERATORS = {operator.value: operator for operator in FieldOperator}


def trail_with(*tests: FieldTest) -> Trail:
    """A trail of all management events, and of the data events of S3 that pass some tests."""
    selectors = (Selector("Management", ()), Selector("Data", (OBJECTS, *tests)))
    return replace(trail_of(), selectors=selectors)


def by_caller(operator: str, *values: str) -> FieldTest:
    return FieldTest(CALLER_FIELD, OPERATORS[operator], values)


@pytest.mark.parametrize(
    ("principal", "operator", "value", "records"),
    [
        (APP, "StartsWith", f"{SESSIONS}/app/", True),
        (APP, "StartsWith", f"{SESSIONS}/app", True),
        (APP, "StartsWith", f"{SESSIONS}/team/app/", False),  # sessions don't have the path
        (APP, "StartsWith", f"{SESSIONS}/app/i-0", False),  # only some sessions
        (f"{APP}-2", "StartsWith", f"{SESSIONS}/app/", False),
        (f"{APP}-2", "StartsWith", f"{SESSIONS}/app", True),
        (APP.replace(ACCOUNT, "444455556666"), "StartsWith", f"{SESSIONS}/app/", False),
        (APP.replace("arn:aws:", "arn:aws-cn:"), "StartsWith", f"{SESSIONS}/app/", False),
        (APP, "Equals", APP, False),
        (APP, "Equals", f"{SESSIONS}/app/one", False),
        (APP, "EndsWith", "/one", False),
        (APP, "NotStartsWith", f"{SESSIONS}/app/", False),
        (APP, "NotStartsWith", f"{SESSIONS}/app/i-0", False),
        (APP, "NotStartsWith", f"{SESSIONS}/app-2/", True),
        (APP, "NotEquals", f"{SESSIONS}/app/one", False),
        (APP, "NotEquals", f"{SESSIONS}/other/one", True),
        (APP, "NotEndsWith", "/one", False),
        (ADA, "Equals", ADA, True),
        (ADA, "StartsWith", ADA[:-1], True),
        (ADA, "EndsWith", "/ada", True),
        (ADA, "Equals", ADA.replace("team/", ""), False),
        (ADA, "NotEquals", ADA, False),
        (ADA, "NotEndsWith", "/bob", True),
        (ADA, "StartsWith", f"{SESSIONS}/ada/", False),
    ],
)
def test_a_selector_of_callers_records_only_principals_whose_calls_all_match(
    principal: str, operator: str, value: str, *, records: bool
) -> None:
    callers = session_arns(principal, federates=False)
    events = Events("s3", "Data", "AWS::S3::Object", (True,), ("s3.amazonaws.com",), (), ("*",), ("",), callers)
    found = recording_trails(events, [trail_with(by_caller(operator, value))])
    assert isinstance(found, str) is not records
    assert isinstance(recording_trails(replace(events, callers=()), [trail_with(by_caller(operator, value))]), str)


def test_a_review_removes_only_unused_actions_of_callers_that_a_trail_selects() -> None:
    options = exactly(trails=(trail_with(by_caller("StartsWith", f"{SESSIONS}/app/")),))
    statement = policy(allow(["s3:GetObject", "s3:ListBucket"]))
    recorded = diff_of(role(statement, name="app", path="/team/"), options=options)
    assert verdicts(recorded) == {"s3:GetObject": Verdict.UNUSED, "s3:ListBucket": Verdict.UNUSED}
    for name in ("app2", "ap"):
        other = diff_of(role(statement, name=name), options=options)
        assert verdicts(other) == {"s3:GetObject": Verdict.UNOBSERVABLE, "s3:ListBucket": Verdict.UNOBSERVABLE}


@pytest.mark.parametrize("federates", [False, True])
def test_a_user_that_may_call_under_other_names_is_not_recorded_by_its_own(federates: bool) -> None:
    actions = ["s3:GetObject", *(["sts:GetFederationToken"] if federates else [])]
    user = role(policy(allow(actions)), name="ada", kind=PrincipalKind.USER)
    options = exactly(trails=(trail_with(by_caller("Equals", user.arn)),))
    every = bundled_catalog()
    (diff,) = diff_usage(usage_of({}), grants_from_principals([user], every), every, options).principals
    found = verdicts(diff)
    assert found["s3:GetObject"] is (Verdict.UNOBSERVABLE if federates else Verdict.UNUSED)


LOGS = "arn:aws:s3:::logs"
NO_LOGS = FieldTest(RESOURCE_FIELD, FieldOperator.NOT_STARTS_WITH, (f"{LOGS}/",))


@pytest.mark.parametrize("uses", [(), (use("s3:GetObject", f"{DATA}/orders/x"),)])
def test_an_excluded_log_bucket_leaves_open_only_use_of_that_bucket(uses: tuple[Use, ...]) -> None:
    reader = role(policy(allow(["s3:GetObject", "s3:ListBucket", "s3:PutObject"], "*")))
    found = kept_for_logs(diff_of(reader, list(uses), options=exactly(trails=(trail_with(NO_LOGS),))))
    assert found["s3:GetObject"] == {f"{LOGS}/*"}
    assert found["s3:ListBucket"] == {LOGS}
    assert found["s3:PutObject"] == {f"{LOGS}/*"}
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "NotResource": [f"{DATA}/*"]}
    beside = diff_of(role(policy(statement)), list(uses), options=exactly(trails=(trail_with(NO_LOGS),)))
    assert kept_for_logs(beside) == {"s3:GetObject": {f"{LOGS}/*"}}


def test_an_exclusion_does_not_narrow_what_other_tests_leave_open() -> None:
    reader = role(policy(allow("s3:GetObject", "*")))
    writes = FieldTest("readOnly", FieldOperator.EQUALS, ("false",))
    endings = FieldTest(RESOURCE_FIELD, FieldOperator.NOT_ENDS_WITH, (".log",))
    for more in (writes, endings, by_caller("StartsWith", f"{SESSIONS}/other/")):
        found = diff_of(reader, options=exactly(trails=(trail_with(NO_LOGS, more),)))
        assert kept_for_logs(found) == {"s3:GetObject": {"*"}}

"""What service last accessed means for verdicts, from reports as IAM writes them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from lpgen.core.findings import PrincipalDiff
from lpgen.core.last_accessed import AccessReport, ServiceAccess, known_on, last_accessed_by_principal, report_stem
from lpgen.core.model import Outcome, PrincipalKind
from lpgen.core.trails import FieldOperator, FieldTest, Selector
from lpgen.edge.readers.last_accessed import read_last_accessed
from tests.core.drift.drift_states import TRAIL
from tests.support.diffs import diff_usage
from tests.support.worlds import (
    ACCOUNT,
    allow,
    catalog,
    days_before_end,
    exactly,
    grants_of,
    policy,
    role,
    usage_of,
    use,
)

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[3] / "cases" / "last_accessed.json").read_text("utf-8")
)
WRITES = Selector("Management", (FieldTest("readOnly", FieldOperator.EQUALS, ("false",)),))
WRITE_ONLY = replace(TRAIL, selectors=(WRITES,))


def diff_of(case: dict[str, Any], folder: Path) -> PrincipalDiff:
    principal = role(policy(allow(case["actions"])), created=days_before_end(case.get("role_age", 2_000)))
    details = {
        "JobStatus": "COMPLETED",
        "JobType": "ACTION_LEVEL",
        "JobCreationDate": case.get("made", "2026-10-01T00:00:00Z"),
        "JobCompletionDate": case.get("made", "2026-10-01T00:00:00Z"),
        "ServicesLastAccessed": case["services"],
        "IsTruncated": False,
    }
    (folder / f"{report_stem(principal)}.json").write_text(json.dumps(details), "utf-8")
    reports, problems = read_last_accessed(folder)
    assert problems == ()
    uses = [use(one) for one in case.get("uses", ["s3:ListAllMyBuckets"])]
    uses += [use(one, outcome=Outcome.DENIED) for one in case.get("denied", [])]
    usage = usage_of({principal.arn: uses}, days=case.get("days", 120), data_events=())
    options = exactly(last_accessed=reports, trails=(WRITE_ONLY,) if case.get("write_only") else ())
    (found,) = diff_usage(usage, [grants_of(principal)], catalog(), options).principals
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]))
def test_diff_weighs_what_iam_knows_of_tries(case: dict[str, Any], tmp_path: Path) -> None:
    assert case["source"].startswith("https://docs.aws.amazon.com/")
    found = diff_of(case, tmp_path)
    verdicts = {str(verdict.action): verdict for verdict in found.assessment.verdicts}
    for action, expected in case["expected"].items():
        one = verdicts[action]
        assert one.verdict == expected["verdict"], action
        assert one.confidence == expected.get("confidence", one.confidence), action
        assert expected.get("reason", "") in one.reason, action
        keep = expected.get("keep", one.keep)
        assert (keep in one.keep) if keep else not one.keep, action
    items = {caveat.item for caveat in found.assessment.caveats if caveat.kind != "unexplained_use"} - {"seldom-used"}
    assert items == set(case["caveats"])
    for message in case.get("messages", []):
        assert any(message in caveat.message for caveat in found.assessment.caveats)


def report(stem: str, *, arn: str = "", entity: str = "", made: date = date(2026, 10, 1)) -> AccessReport:
    return AccessReport(f"{stem}.json", stem, arn, entity, made, ())


def test_last_accessed_by_principal_takes_index_folder_name_and_bare_name() -> None:
    app, other = role(name="app"), role(name="other", path="/team/")
    third = role(name="third")
    reports = [report("x", arn=third.arn), report(f"{ACCOUNT}-role-app"), report("other", entity=other.arn)]
    found, problems = last_accessed_by_principal(reports, [app, other, third])
    assert set(found) == {app.arn, other.arn, third.arn}
    assert problems == ()


def test_last_accessed_by_principal_names_what_fits_nobody_or_several() -> None:
    app, user = role(name="app"), role(name="app", kind=PrincipalKind.USER)
    reports = [report("app"), report("gone"), report(f"{ACCOUNT}-role-app", entity=user.arn)]
    found, problems = last_accessed_by_principal(reports, [app, user])
    assert found == {}
    assert [problem.partition(":")[0] for problem in problems] == [f"{ACCOUNT}-role-app.json", "app.json", "gone.json"]
    assert "several principals" in problems[1]


def test_last_accessed_by_principal_takes_the_later_of_two_reports() -> None:
    app = role(name="app")
    early, late = report("app", made=date(2026, 1, 1)), report(f"{ACCOUNT}-role-app", made=date(2026, 2, 1))
    found, _ = last_accessed_by_principal([late, early], [app])
    assert found == {app.arn: late}


def test_known_on_keeps_what_a_report_of_that_day_would_have_said() -> None:
    services = (
        ServiceAccess("s3", date(2026, 9, 20), "us-east-1", ()),
        ServiceAccess("sqs", None, "", ()),
        ServiceAccess("ec2", date(2026, 8, 1), "", (("runinstances", date(2026, 8, 1)), ("describevpcs", None))),
        ServiceAccess("iam", date(2026, 8, 1), "", (("createrole", date(2026, 9, 1)),)),
    )
    found = known_on(replace(report("app"), services=services), date(2026, 8, 15))
    assert found.made == date(2026, 8, 15)
    assert found.service("s3") is None, "it may have been tried before too"
    assert found.service("sqs") == services[1]
    assert found.service("ec2") == services[2]
    assert found.service("iam") == replace(services[3], actions=())

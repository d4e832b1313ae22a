"""What a review says of SCPs: whose cap something, and who has none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lpgen.core.guards import AccountLevels, Guards
from lpgen.core.iam.policy import policy_from_json
from lpgen.report.blocks import line
from lpgen.report.pages.inputs import guards_notes
from tests.report.reports import report_of
from tests.support.worlds import allow, deny

LEVELS = ((policy_from_json({"Version": "2012-10-17", "Statement": [allow("*")]}, place="scp"),),)


DENIES = ((policy_from_json({"Version": "2012-10-17", "Statement": [deny("iam:*")]}, place="scp"),),)
SHUT = "allows nothing, so nothing is granted there: is FullAWSAccess missing?"


def said_of_scps(*scps: AccountLevels) -> str:
    report = replace(report_of([]), guards=Guards(scps=scps))
    return "".join(span.text for span in line(next(guards_notes(report))))


@pytest.mark.parametrize(
    ("scps", "said"),
    [
        ([AccountLevels("1", ())], "SCPs: 1 account has none"),
        ([AccountLevels("1", ()), AccountLevels("2", ())], "SCPs: 2 accounts have none"),
        ([AccountLevels("1", LEVELS)], "SCPs: policies of 1 account limit the grants"),
        (
            [AccountLevels("1", ()), AccountLevels("2", LEVELS), AccountLevels("3", LEVELS)],
            "SCPs: policies of 2 accounts limit the grants; 1 account has none",
        ),
        (
            [AccountLevels("", LEVELS), AccountLevels("1", ())],
            "SCPs: 1 level for every other account limits the grants; 1 account has none",
        ),
        (
            [AccountLevels("1", (*LEVELS, *DENIES)), AccountLevels("2", LEVELS)],
            f"SCPs: policies of 2 accounts limit the grants; 1 account has a level that {SHUT}",
        ),
        (
            [AccountLevels("", DENIES)],
            f"SCPs: 1 level for every account limits the grants; all accounts have a level that {SHUT}",
        ),
    ],
)
def test_accounts_without_scps_are_not_said_to_be_capped(scps: list[AccountLevels], said: str) -> None:
    assert said_of_scps(*scps) == said

"""Who outside may assume a role: `tests/cases/outside_trust.json` has the cases."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lpgen.core.analysis.grants.trust import outside_trust, own_accounts
from lpgen.core.guards import NO_GUARDS, AccountLevels, Guards
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import Principal, PrincipalKind
from lpgen.core.snapshots import SnapshotStamp, TakenAccount
from lpgen.core.usage.log_coverage import coverage_from_usage
from tests.support.case_tables import each_case
from tests.support.worlds import usage_of

CASES = json.loads((Path(__file__).parents[3] / "cases" / "outside_trust.json").read_text(encoding="utf-8"))
OWN = frozenset({"111122223333", "444455556666"})
ARN = "arn:aws:iam::111122223333:role/app"
ROLE = Principal(ARN, "AROA1", "111122223333", PrincipalKind.ROLE, "app", "/", None, None, (), None, None, (), (), ())


def role_trusting(*statements: dict[str, Any]) -> Principal:
    """A role with this trust policy."""
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    return replace(ROLE, trust=policy_from_json(document, place="the trust policy"))


def statement(effect: str, given: dict[str, Any]) -> dict[str, Any]:
    """A statement of a trust policy, for `sts:AssumeRole` unless something else is given."""
    whole = {"Effect": effect, "Action": "sts:AssumeRole", **given}
    return {name: value for name, value in whole.items() if value is not None}


@each_case("case", CASES, ids=lambda case: str(case["name"]))
def test_outside_trust_names_who_may_assume_a_role(case: dict[str, Any]) -> None:
    denies = [statement("Deny", case["deny"])] if "deny" in case else []
    role = role_trusting(statement("Allow", case["statement"]), *denies)
    found = outside_trust([role], OWN, case.get("organization", ""))
    assert [
        [*(trust.parameters[name] for name in ("case", "who", "limits")), str(trust.severity)] for trust in found
    ] == case["found"]


def test_outside_trust_tells_the_worst_first() -> None:
    vendor = statement(
        "Allow", {"Principal": {"AWS": "999988887777"}, "Condition": {"StringEquals": {"sts:ExternalId": "abc"}}}
    )
    limited = replace(role_trusting(vendor), arn="arn:aws:iam::111122223333:role/a")
    opened = replace(role_trusting(statement("Allow", {"Principal": "*"})), arn="arn:aws:iam::111122223333:role/b")
    assert [trust.principal for trust in outside_trust([limited, ROLE, opened], OWN)] == [opened.arn, limited.arn]
    assert outside_trust([limited], OWN)[0].message == (
        "account 999988887777 (no logs or policies given) can assume it, if the conditions on sts:ExternalId are met"
    )


def test_accounts_of_any_input_are_own_ones() -> None:
    levels = Guards(scps=(AccountLevels("222222222222", ()), AccountLevels("", ())))
    rcps = Guards(rcps=(AccountLevels("333333333333", ()),))
    taken = SnapshotStamp(
        "today", datetime(2026, 9, 30, tzinfo=UTC), (TakenAccount("444444444444", "", 1, 0),), gaps=()
    )
    logs = coverage_from_usage(usage_of({}, account="555555555555"))
    assert own_accounts([ROLE], NO_GUARDS, None) == {ROLE.account}
    assert own_accounts([], NO_GUARDS, None, logs) == {"555555555555"}
    assert own_accounts([], levels, None) == {"222222222222"}
    assert own_accounts([], rcps, None) == {"333333333333"}
    assert own_accounts([], NO_GUARDS, taken) == {"444444444444"}

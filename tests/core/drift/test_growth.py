"""What wildcards gain by themselves, on a catalog whose first-seen dates the tests know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpgen.core.analysis.grants.principal_grants import grants_from_principals
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.choices import Severity
from lpgen.core.drift.wildcards import Growth, find_growth
from lpgen.core.evidence import PrincipalUsage, Use
from lpgen.core.guards import AccountLevels, Guards
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import AccessLevel, AttachedPolicy, Outcome, PolicyKind, Principal
from tests.support.worlds import allow, deny, policy, role, use

RELEASES = ("2020-01-01", "2024-01-01", "2025-06-01", "2026-02-01", "2026-08-01")
ACTIONS: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "ec2": (
        ("RunInstances", "Write", "2020-01-01"),
        ("DescribeThings", "List", "2024-01-01"),
        ("ShareThings", "Permissions management", "2025-06-01"),
        ("MakeThings", "Write", "2026-02-01"),
        ("GrantThings", "Permissions management", "2026-02-01"),
        ("ListThings", "List", "2026-08-01"),
    ),
    "s3": (
        ("GetObject", "Read", "2020-01-01"),
        ("GetNews", "Read", "2026-08-01"),
        ("TagNews", "Tagging", "2026-08-01"),
    ),
}


class _Source:
    """A catalog of two services in memory."""

    def service_prefixes(self) -> tuple[str, ...]:
        return tuple(ACTIONS)

    def read_service(self, prefix: str) -> bytes:
        actions = [
            {"name": name, "levels": [level], "resources": [], "conditions": [], "dependents": None, "first_seen": seen}
            for name, level, seen in ACTIONS[prefix]
        ]
        return msgspec.json.encode(
            {"service": prefix, "name": prefix, "actions": actions, "resources": [], "conditions": []}
        )

    def read_table(self, name: str) -> bytes:
        if name == "dangerous":
            return msgspec.json.encode(
                {"source": "here", "actions": {"ec2:MakeThings": "makes things"}, "families": [], "kinds": {}}
            )
        counts = {"services": 2, "actions": 9, "resource_types": 0, "condition_keys": 0}
        return msgspec.json.encode(
            {
                "format": 1,
                "version": "2026.09.01",
                "date": "2026-09-01",
                "oldest_release": RELEASES[0],
                "counts": counts,
                "sources": [],
            }
        )

    def has_table(self, name: str) -> bool:
        return name in ("dangerous", "manifest")


@cache
def catalog() -> Catalog:
    return Catalog(_Source())


def managed(name: str, *statements: Mapping[str, object]) -> AttachedPolicy:
    arn = f"arn:aws:iam::111122223333:policy/{name}"
    document = msgspec.json.encode({"Version": "2012-10-17", "Statement": statements})
    return AttachedPolicy(PolicyKind.CUSTOMER_MANAGED, name, arn, "", None, policy_from_json(document, place=name))


def grown(
    *principals: Principal,
    uses: Mapping[str, Iterable[Use]] | None = None,
    since: str = "2025-09-01",
    guards: Guards = Guards(),  # noqa: B008
) -> Growth:
    usages = (
        None if uses is None else {arn: PrincipalUsage(arn, (), tuple(found), (), ()) for arn, found in uses.items()}
    )
    grants = grants_from_principals(principals, catalog(), guards)
    return find_growth(grants, usages, catalog(), since=date.fromisoformat(since))


def gains(growth: Growth) -> dict[str, list[str]]:
    return {wildcard.parameters["wildcard"]: list(wildcard.parameters["new_actions"]) for wildcard in growth.wildcards}


def test_growth_has_what_came_after_the_day_and_nothing_older() -> None:
    found = grown(role(policy(allow("ec2:*"))), uses={})
    assert gains(found) == {"ec2:*": ["ec2:GrantThings", "ec2:ListThings", "ec2:MakeThings"]}
    (wildcard,) = found.wildcards
    assert (wildcard.parameters["actions_today"], wildcard.parameters["used"], found.totals.used) == (6, (), 0)
    assert "no use of these actions was recorded" in wildcard.details
    assert found.totals.levels == {
        AccessLevel.LIST: 1,
        AccessLevel.WRITE: 1,
        AccessLevel.PERMISSIONS_MANAGEMENT: 1,
    }
    assert [action.danger for action in found.actions] == ["changes permissions", "", "makes things"]


def test_a_wildcard_is_said_in_the_words_of_drift() -> None:
    app = role(policy(allow("ec2:*"), name="own"))
    (wildcard,) = grown(app).wildcards
    assert (wildcard.severity, wildcard.subject, wildcard.principals) == (Severity.HIGH, app.arn, (app.arn,))
    assert wildcard.message == (
        "the wildcard ec2:* silently gained 3 actions (1 Permissions management, 1 Write, 1 List)"
    )
    assert "gains ec2:MakeThings: makes things" in wildcard.details


def test_growth_has_use_and_says_if_nothing_is_known_of_it() -> None:
    app = role(policy(allow("ec2:*")))
    seen = [use("ec2:MakeThings"), use("ec2:GrantThings", outcome=Outcome.DENIED)]
    found = grown(app, uses={app.arn: seen})
    (wildcard,) = found.wildcards
    assert (wildcard.parameters["used"], found.totals.used) == (("ec2:MakeThings",), 1)
    assert "used ec2:MakeThings: makes things" in wildcard.details
    unknown = grown(app)
    assert unknown.totals.used is None
    assert [wildcard.parameters["used"] for wildcard in unknown.wildcards] == [None]
    assert not any("used" in detail for detail in unknown.wildcards[0].details)


def test_use_counts_only_for_the_wildcards_of_who_used_it() -> None:
    principal, other = (role(policy(allow("ec2:*")), name=name) for name in ("a", "b"))
    found = grown(principal, other, uses={principal.arn: [use("ec2:MakeThings")]})
    assert {wildcard.subject: wildcard.parameters["used"] for wildcard in found.wildcards} == {
        principal.arn: ("ec2:MakeThings",),
        other.arn: (),
    }


def test_a_shared_policy_is_one_wildcard_and_an_inline_one_is_its_owners() -> None:
    shared, owner = managed("shared", allow("ec2:*")), role(policy(allow("s3:*")), name="c")
    found = grown(role(shared, name="a"), role(shared, name="b"), owner, uses={})
    assert [
        (wildcard.parameters["wildcard"], len(wildcard.principals), wildcard.subject) for wildcard in found.wildcards
    ] == [
        ("ec2:*", 2, shared.arn),
        ("s3:*", 1, owner.arn),
    ]
    assert (sum(found.totals.levels.values()), len(found.actions)) == (8, 5)


def test_a_wildcard_in_two_statements_of_a_policy_is_one() -> None:
    found = grown(role(policy(allow("s3:*"), allow("s3:*"), name="own")))
    assert [wildcard.parameters["statements"] for wildcard in found.wildcards] == [
        ("own, statement 1", "own, statement 2")
    ]
    assert found.totals.wildcards == 1


def test_totals_count_an_action_of_a_principal_once() -> None:
    found = grown(role(policy(allow("ec2:*"), allow("ec2:Make*"))), uses={})
    assert sorted(map(len, gains(found).values())) == [1, 3]
    assert sum(found.totals.levels.values()) == 3


def test_not_action_inherits_all_that_it_does_not_name() -> None:
    statement = {"Effect": "Allow", "NotAction": ["ec2:*", "iam:*"], "Resource": "*"}
    assert gains(grown(role(policy(statement)))) == {"NotAction ec2:*, iam:*": ["s3:GetNews", "s3:TagNews"]}


@pytest.mark.parametrize(
    "guards",
    [
        Guards(boundary=policy(allow("ec2:List*"))),
        Guards(
            scps=(
                AccountLevels(
                    "",
                    (
                        (
                            policy_from_json(
                                '{"Statement":[{"Effect":"Allow","Action":"ec2:List*","Resource":"*"}]}', place="scp"
                            ),
                        ),
                    ),
                ),
            )
        ),
    ],
    ids=["boundary", "scp"],
)
def test_what_a_limit_keeps_out_is_stopped_and_not_gained(guards: Guards) -> None:
    (wildcard,) = grown(role(policy(allow("ec2:*"))), guards=guards).wildcards
    assert (wildcard.parameters["new_actions"], wildcard.parameters["stopped"]) == (("ec2:ListThings",), 2)
    assert "a Deny, a boundary or an SCP blocks 2 actions (1 Permissions management, 1 Write)" in wildcard.details


def test_denies_stop_and_gain_nothing_themselves() -> None:
    found = grown(role(policy(allow("ec2:*"), deny("ec2:*Things"), deny("s3:*"))))
    assert (found.wildcards, found.totals.wildcards, found.totals.levels) == ((), 1, {})


def test_an_action_written_out_is_no_wildcard() -> None:
    found = grown(role(policy(allow("ec2:GrantThings"))))
    assert (found.totals.wildcards, found.wildcards) == (0, ())


def test_growth_says_how_sure_the_dates_are() -> None:
    found = grown(role(policy(allow("ec2:*"))))
    assert [(action.action, action.after, action.first_seen) for action in found.actions] == [
        ("ec2:GrantThings", "2025-06-01", "2026-02-01"),
        ("ec2:ListThings", "2026-02-01", "2026-08-01"),
        ("ec2:MakeThings", "2025-06-01", "2026-02-01"),
    ]
    exact = grown(role(policy(allow("ec2:*"))), since="2025-06-01")
    assert min(action.after for action in exact.actions) == "2025-06-01"
    assert exact.totals.undated == 0


def test_actions_of_unknown_age_are_counted_apart() -> None:
    found = grown(role(policy(allow("*"))), since="2010-01-01")
    assert found.totals.undated == 2
    assert "ec2:RunInstances" not in gains(found)["*"]
    assert "ec2:DescribeThings" in gains(found)["*"]


def test_the_most_severe_comes_first_and_then_the_heaviest() -> None:
    found = grown(
        role(policy(allow("s3:*")), name="a"),
        role(policy(allow("ec2:List*")), name="b"),
        role(policy(allow("ec2:Grant*")), name="c"),
        role(policy(allow("s3:Get*")), name="d"),
        role(policy(allow("s3:Tag*")), name="e"),
    )
    assert list(gains(found)) == ["ec2:Grant*", "s3:*", "s3:Tag*", "ec2:List*", "s3:Get*"]


@settings(deadline=None)
@given(st.permutations(range(4)), st.sampled_from(("2019-01-01", *RELEASES[:4])))
def test_growth_depends_on_no_order(order: list[int], since: str) -> None:
    people = [
        role(managed("one", allow("ec2:*")), name="a"),
        role(managed("one", allow("ec2:*")), policy(allow("s3:*")), name="b"),
        role(policy(allow(["s3:G*", "ec2:*"])), name="c"),
        role(policy(allow("*"), deny("s3:*")), name="d"),
    ]
    uses = {people[0].arn: [use("ec2:MakeThings")]}
    assert grown(*(people[at] for at in order), uses=uses, since=since) == grown(*people, uses=uses, since=since)


@settings(deadline=None)
@given(st.dates(date(2018, 1, 1), date(2026, 8, 31)), st.dates(date(2018, 1, 1), date(2026, 8, 31)))
def test_a_longer_time_never_gains_less(day: date, other: date) -> None:
    longer, shorter = (grown(role(policy(allow("*"))), since=day.isoformat()) for day in sorted((day, other)))
    assert set(gains(longer).get("*", ())) >= set(gains(shorter).get("*", ()))

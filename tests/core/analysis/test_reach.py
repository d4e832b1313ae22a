"""Reach: what a principal may do to the resources of others with the actions that it uses itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpgen.core.analysis.grants.granting import granting_by_action
from lpgen.core.analysis.grants.principal_grants import grants_from_principals
from lpgen.core.analysis.reach import places_from_resources, places_from_usage, reach_of_lines
from lpgen.core.backtests import Reach
from lpgen.core.evidence import StatementRef
from lpgen.core.guards import NO_GUARDS
from lpgen.core.model import Action, Outcome, PolicyKind
from lpgen.core.replacements import Line, LineKind, Scope
from tests.support.worlds import ACCOUNT, allow, catalog, policy, role, usage_of, use

OWN, OTHERS = "arn:aws:s3:::orders/*", [f"arn:aws:s3:::other-{at}/*" for at in range(4)]
GET = Action("s3:GetObject")


def reach(granted: str | list[str], kept: str, *, not_resource: bool = False) -> Reach:
    (grants,) = grants_from_principals([role(policy(allow("s3:GetObject", granted)))], catalog(), NO_GUARDS)
    places = places_from_resources((ACCOUNT, GET, one) for one in [OWN, *OTHERS])
    parent = StatementRef("policy", PolicyKind.INLINE, "", 0, "")
    line = Line(GET, Scope((kept,), not_resource), parent, LineKind.OBSERVED, "", "", None)
    return reach_of_lines(places, ACCOUNT, [use("s3:GetObject", OWN)], granting_by_action(grants.allows), [line])


@pytest.mark.parametrize(
    ("granted", "kept", "old", "new"),
    [
        ("*", OWN, 4, 0),
        ("*", "*", 4, 4),
        ("arn:aws:s3:::other-*", "arn:aws:s3:::other-1/*", 4, 1),
        (OWN, OWN, 0, 0),
        (["arn:aws:s3:::other-0/*", "arn:aws:s3:::${aws:PrincipalTag/team}/*"], OWN, 4, 0),
    ],
    ids=["own alone", "all", "some", "none before", "a variable may be anything"],
)
def test_reach_counts_the_resources_of_others_that_policies_allow(
    granted: str | list[str], kept: str, old: int, new: int
) -> None:
    assert reach(granted, kept) == Reach(4, old, new, 4, old, new)


def test_reach_of_all_but_some_resources_leaves_these_out() -> None:
    assert reach("*", "arn:aws:s3:::other-1*", not_resource=True).new == 3


def test_reach_counts_neither_other_accounts_nor_actions_that_the_principal_does_not_use() -> None:
    (grants,) = grants_from_principals([role(policy(allow("s3:*")))], catalog(), NO_GUARDS)
    places = places_from_resources([("999988887777", GET, OTHERS[0]), (ACCOUNT, "s3:PutObject", OTHERS[1])])
    found = reach_of_lines(places, ACCOUNT, [use("s3:GetObject", OWN)], granting_by_action(grants.allows), ())
    assert found == Reach()


@given(st.lists(st.tuples(st.sampled_from("ab"), st.text(max_size=3)), max_size=40), st.randoms())
def test_places_are_the_same_in_any_order_and_few(used: list[tuple[str, str]], random: object) -> None:
    rows = [(ACCOUNT, action, resource) for action, resource in used]
    again = [*rows, *rows]
    random.shuffle(again)  # type: ignore[attr-defined]
    for action in "ab":
        found = places_from_resources(rows).of(ACCOUNT, Action(action))
        assert found == places_from_resources(again).of(ACCOUNT, Action(action))
        distinct = {resource for one, resource in used if one == action}
        assert len(found) == min(len(distinct), 8)
        assert set(found) <= distinct


def test_places_are_named_resources_of_uses_that_succeeded() -> None:
    uses = [
        use("s3:GetObject", OTHERS[0]),
        use("s3:GetObject", OTHERS[1], outcome=Outcome.DENIED),
        use("s3:GetObject", "?"),
    ]
    found = places_from_usage(usage_of({role().arn: uses}))
    assert found.of(ACCOUNT, GET) == (OTHERS[0],)

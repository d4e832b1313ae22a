"""Names for new roles and permission sets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lpgen.core.roles.names import Names
from tests.support.worlds import ACCOUNT, role

NAME = st.text("aB-", min_size=1, max_size=64)


@given(st.lists(NAME), st.lists(st.tuples(NAME, st.booleans())), st.sampled_from([("",), ("", "-new"), ("-orders",)]))
def test_no_name_is_given_twice_or_longer_than_aws_allows(
    existing: list[str], asked: list[tuple[str, bool]], endings: tuple[str, ...]
) -> None:
    names = Names([role(name=name) for name in existing])
    found = [names.take(ACCOUNT, base, endings, is_set=is_set) for base, is_set in asked]
    assert all(len(name) <= (32 if is_set else 64) for name, (_, is_set) in zip(found, asked, strict=True))
    both = [name.lower() for name in found]
    assert len({*both}) == len(both)
    assert {*both}.isdisjoint(name.lower() for name in existing)


def test_a_permission_set_of_a_role_is_taken_only_in_its_account() -> None:
    own = role(name="AWSReservedSSO_Billing_" + "1" * 16, path="/aws-reserved/sso.amazonaws.com/")
    names = Names([own])
    assert names.take(ACCOUNT, "billing", ("", "-new"), is_set=True) == "billing-new"
    assert names.take("444455556666", "billing", is_set=True) == "billing"

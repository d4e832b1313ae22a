"""The index of what grants an action answers as asking each Allow would."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lpgen.core.analysis.grants.granting import NOTHING, granting_by_action
from lpgen.core.evidence import Grant, StatementRef
from lpgen.core.model import Action, Effect, PolicyKind, Statement

ACTIONS = [Action(f"s3:Action{number}") for number in range(8)]


def grant_of(index: int, actions: frozenset[Action]) -> Grant:
    statement = Statement(index, "", Effect.ALLOW, (), False, ("*",), False, (), None, False, "")
    ref = StatementRef("own", PolicyKind.INLINE, "", index, "")
    return Grant(ref, "2012-10-17", statement, actions, ())


@given(st.lists(st.frozensets(st.sampled_from(ACTIONS)), max_size=80))
def test_granting_holds_the_allows_of_each_action_in_policy_order(granted: list[frozenset[Action]]) -> None:
    allows = [grant_of(index, actions) for index, actions in enumerate(granted)]
    found = granting_by_action(allows)
    for action in ACTIONS:
        plain = tuple(grant for grant in allows if action in grant.actions)
        assert found.get(action, NOTHING).grants == plain
        assert found.get(action, NOTHING).refs == tuple(grant.ref for grant in plain)
    assert all(granting.grants for granting in found.values())
    assert len({granting.refs for granting in found.values()}) == len(set(map(id, found.values())))

"""The index of a policy's statements answers as asking each statement would."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lpgen.core.iam import walls
from lpgen.core.iam.match_statement import action_matches
from lpgen.core.iam.walls import statements_covering
from lpgen.core.model import ActionPattern, Effect, Policy, Statement

PIECES = st.sampled_from(["*", "?", "s3", "S3", "iam", ":", "::", "Get", "getobject", "PutObject", "ſ3", "K", " ", ""])
PATTERNS = st.one_of(
    st.sampled_from(["*", "*:*", "s3:*", "S3:GetObject", "s3:Get*", "iam:PassRole", "s*:GetObject", "**", "s3"]),
    st.lists(PIECES, max_size=5).map("".join),
)
ACTIONS = st.one_of(
    st.sampled_from(["s3:getobject", "s3:putobject", "iam:passrole", "s3", "*", "s3:", ":", ""]),
    st.lists(PIECES, max_size=5).map("".join).map(str.lower),
)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    drawn = draw(st.lists(st.tuples(st.lists(PATTERNS, max_size=3), st.booleans()), max_size=6))
    return policy_of(*((patterns, negated) for patterns, negated in drawn))


def policy_of(*statements: tuple[list[str], bool]) -> Policy:
    return Policy(
        "2012-10-17",
        tuple(
            Statement(
                at, "", Effect.ALLOW, tuple(map(ActionPattern, patterns)), negated, ("*",), False, (), None, False, ""
            )
            for at, (patterns, negated) in enumerate(statements)
        ),
    )


@given(st.lists(policies(), min_size=1, max_size=4), st.lists(ACTIONS, min_size=1, max_size=8))
def test_index_finds_the_statements_that_each_say_yes(some: list[Policy], actions: list[str]) -> None:
    for action in actions:
        plain = tuple(
            (place, policy.version, statement)
            for place, policy in enumerate(some)
            for statement in policy.statements
            if action_matches(statement, action)
        )
        assert statements_covering(some, action).statements == plain


def test_index_never_takes_one_policy_for_another_at_its_place_in_memory() -> None:
    for number in range(walls._MOST_SETS + 10):
        # Each policy dies before the next is made, which may then have its id.
        name = f"s3:action{number}"
        assert len(statements_covering([policy_of(([name], False))], name).statements) == 1
    assert len(walls._known) <= walls._MOST_SETS

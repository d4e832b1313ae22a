"""Calls and their inverse: taking back is the identity, whatever was held."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lpgen.core.model import PrincipalKind
from lpgen.core.rollout.calls import CallKind, HeldPolicies, IamCall, holding_after, inverse_calls
from lpgen.core.rollout.trust_change import TRUST_POLICY

TEXTS = st.sampled_from(["{}", "{ }", '{"a":1}'])
NAMES = st.sampled_from(["a", "b", "c"])


@st.composite
def holdings_and_calls(draw: st.DrawFn) -> tuple[HeldPolicies, list[IamCall]]:
    """A holding, with calls that take all of it away after others put new things in place."""
    inline = draw(st.dictionaries(NAMES, TEXTS))
    attached = draw(st.sets(NAMES))
    fresh = draw(st.lists(st.sampled_from(["x", "y", "z"]), unique=True))
    calls: list[IamCall] = []
    for name in fresh:
        if draw(st.booleans()):
            calls.append(IamCall(CallKind.PUT_INLINE, PrincipalKind.ROLE, "r", name, draw(TEXTS)))
        else:
            calls.append(
                IamCall(CallKind.CREATE_POLICY, PrincipalKind.ROLE, "r", name, draw(TEXTS), "d", (("k", "v"),))
            )
            calls.append(IamCall(CallKind.ATTACH, PrincipalKind.ROLE, "r", name))
    calls += [IamCall(CallKind.DELETE_INLINE, PrincipalKind.ROLE, "r", name) for name in inline]
    calls += [IamCall(CallKind.DETACH, PrincipalKind.ROLE, "r", name) for name in attached]
    if draw(st.booleans()):
        calls.append(IamCall(CallKind.NARROW_TRUST, PrincipalKind.ROLE, "r", TRUST_POLICY, draw(TEXTS)))
    return HeldPolicies(tuple(sorted(inline.items())), tuple(sorted(attached)), draw(TEXTS)), calls


@given(holdings_and_calls(), st.integers(0, 20))
def test_inverse_of_any_first_calls_restores_what_was_held(
    found: tuple[HeldPolicies, list[IamCall]], made: int
) -> None:
    before, calls = found
    some = calls[:made]
    back = inverse_calls(some, before.texts)
    assert holding_after(holding_after(before, some), back) == before


def test_parameters_are_those_of_the_api() -> None:
    call = IamCall(CallKind.PUT_INLINE, PrincipalKind.USER, "ann", "own", "{}")
    assert call.operation == "PutUserPolicy"
    assert call.parameters() == {"UserName": "ann", "PolicyName": "own", "PolicyDocument": "{}"}
    narrowing = IamCall(CallKind.NARROW_TRUST, PrincipalKind.ROLE, "app", TRUST_POLICY, "{}")
    assert narrowing.operation == "UpdateAssumeRolePolicy"
    assert narrowing.parameters() == {"RoleName": "app", "PolicyDocument": "{}"}
    made = IamCall(
        CallKind.CREATE_POLICY, PrincipalKind.ROLE, "r", "arn:aws:iam::1:policy/lpgen/p", "{}", "d", (("k", "v"),)
    )
    assert made.parameters()["PolicyName"] == "p"
    assert made.parameters()["Path"] == "/lpgen/"

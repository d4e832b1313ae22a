"""Compares a principal with the state that its rollout should have produced so far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lpgen.core.rollout.calls import CallKind, HeldPolicies
from lpgen.core.rollout.state import RolloutState
from lpgen.core.rollout.trust_change import same_trust
from lpgen.edge.rollout.iam_writer import IamWriter, LivePrincipal
from lpgen.edge.rollout.run import Run, comes_true
from lpgen.errors import RolloutError, quote_input


def await_expected(principal: str, run: Run) -> None:
    """Waits until IAM shows exactly the result of the calls so far.

    Raises:
        RolloutError: IAM doesn't show it within the time that a change may take.
    """
    state = run.journal.states[principal]
    found: list[str] = []

    def is_expected() -> bool:
        found[:] = unexpected_policies(state, run.writer)
        return not found

    if not comes_true(is_expected, run):
        raise RolloutError(f"{quote_input(principal)} isn't as expected after the calls so far: {'; '.join(found)}")


def unexpected_policies(state: RolloutState, writer: IamWriter) -> list[str]:
    """How a principal differs from the result of the calls so far, in sentences.

    Raises:
        AwsError: it can't be read.
    """
    gone = why_gone(state, writer)
    if gone:
        return [gone]
    live = writer.read_principal(state.kind, state.name)
    created = {call.policy: call.document for call in state.calls if call.kind is CallKind.CREATE_POLICY}
    own = [arn for arn in created if arn in state.expected.attached]
    return [
        *differences_from(state.expected, {**state.documents, **created}, state, live),
        *(f"the policy {arn} isn't as this run created it" for arn in own if not is_as_created(arn, state, writer)),
    ]


def why_gone(state: RolloutState, writer: IamWriter) -> str:
    """Why there is no principal to restore, or ""."""
    found = writer.read_principal_id(state.kind, state.name)
    if not found:
        return f"the {state.kind} no longer exists"
    return "" if found == state.principal_id else "it was deleted and created again"


def is_as_created(arn: str, state: RolloutState, writer: IamWriter) -> bool:
    """Whether this rollout created a managed policy, which still has only its first version."""
    created = next(call for call in state.calls if call.kind is CallKind.CREATE_POLICY and call.policy == arn)
    return is_own(arn, state, writer) and writer.read_policy(arn) == created.document


def is_own(arn: str, state: RolloutState, writer: IamWriter) -> bool:
    """Whether this rollout created a managed policy. If unknown after a kill, only the name counts."""
    known = state.policy_ids.get(arn)
    return known is None or writer.read_policy_id(arn) == known


def differences_from(
    expected: HeldPolicies, documents: Mapping[str, str], state: RolloutState, live: LivePrincipal
) -> Iterator[str]:
    """How a principal differs from the policies that it should have, and from its other old facts, in sentences."""
    should, now = dict(expected.inline), dict(live.holding.inline)
    yield from lost_policies(expected, documents, live)
    own = {call.policy for call in state.calls if call.adds}
    for name in sorted(now.keys() - should.keys()):
        yield f"the inline policy {name} {'of this rollout still exists' if name in own else 'was added since'}"
    for arn in sorted(set(live.holding.attached) - set(expected.attached)):
        yield f"the policy {arn} {'of this rollout is still attached' if arn in own else 'was attached since'}"
    if live.principal.groups:  # lpgen never begins with a user in groups
        yield f"it has joined {', '.join(live.principal.groups)} since"
    if live.boundary != state.boundary:
        yield "its permissions boundary was changed since"
    if not same_trust(live.holding.trust, expected.trust):
        yield "its trust policy was changed since"


def lost_policies(expected: HeldPolicies, documents: Mapping[str, str], live: LivePrincipal) -> Iterator[str]:
    """The policies that a principal lacks or has with another document, in sentences."""
    inline, attached = dict(live.holding.inline), dict(live.documents)
    for name, text in expected.inline:
        if inline.get(name) != text:
            yield f"the inline policy {name} {'was edited since' if name in inline else 'was deleted'}"
    for arn in expected.attached:
        if arn not in attached:
            yield f"the policy {arn} is no longer attached"
        elif attached[arn] != documents.get(arn):
            yield f"the document of the attached policy {arn} was changed since"

"""How a principal differs from what its rollout should have made of it by now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lpgen.core.rollout.calls import CallKind, HeldPolicies
from lpgen.core.rollout.state import RolloutState
from lpgen.edge.rollout.iam_writer import IamWriter, LivePrincipal
from lpgen.edge.rollout.run import Run, comes_true
from lpgen.errors import RolloutError, quote_input


def await_expected(principal: str, run: Run) -> None:
    """Waits until IAM shows exactly what the calls made so far have put in place.

    Raises:
        RolloutError: it doesn't within the time that a change may take to show.
    """
    state = run.journal.states[principal]
    found: list[str] = []

    def is_expected() -> bool:
        found[:] = unexpected_policies(state, run.writer)
        return not found

    if not comes_true(is_expected, run):
        raise RolloutError(f"{quote_input(principal)} isn't what it should be by now: {'; '.join(found)}")


def unexpected_policies(state: RolloutState, writer: IamWriter) -> list[str]:
    """How a principal differs from what the calls made so far have put in place, in sentences.

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
    """Why there is no principal to put back, or ""."""
    found = writer.read_principal_id(state.kind, state.name)
    if not found:
        return f"there is no {state.kind} of this name any more"
    return "" if found == state.principal_id else "it was deleted and created again since"


def is_as_created(arn: str, state: RolloutState, writer: IamWriter) -> bool:
    """Whether a managed policy is the one that this rollout created, with the only version that it had then."""
    created = next(call for call in state.calls if call.kind is CallKind.CREATE_POLICY and call.policy == arn)
    return is_own(arn, state, writer) and writer.read_policy(arn) == created.document


def is_own(arn: str, state: RolloutState, writer: IamWriter) -> bool:
    """Whether a managed policy is the one that this rollout created. In doubt, after a kill, its name has to do."""
    known = state.policy_ids.get(arn)
    return known is None or writer.read_policy_id(arn) == known


def differences_from(
    expected: HeldPolicies, documents: Mapping[str, str], state: RolloutState, live: LivePrincipal
) -> Iterator[str]:
    """How a principal differs from the policies that it should hold, and from what it was besides, in sentences."""
    should, now = dict(expected.inline), dict(live.holding.inline)
    yield from lost_policies(expected, documents, live)
    own = {call.policy for call in state.calls if call.adds}
    for name in sorted(now.keys() - should.keys()):
        yield f"the inline policy {name} {'of this rollout is there' if name in own else 'was added since'}"
    for arn in sorted(set(live.holding.attached) - set(expected.attached)):
        yield f"the policy {arn} {'of this rollout is attached' if arn in own else 'was attached since'}"
    if live.principal.groups:  # a user in groups is never begun
        yield f"it has joined {', '.join(live.principal.groups)} since"
    if live.boundary != state.boundary:
        yield "its boundary is another since"
    if live.trust != state.trust:
        yield "its trust policy is another since"


def lost_policies(expected: HeldPolicies, documents: Mapping[str, str], live: LivePrincipal) -> Iterator[str]:
    """The policies that a principal should hold, and doesn't hold with their documents, in sentences."""
    inline, attached = dict(live.holding.inline), dict(live.documents)
    for name, text in expected.inline:
        if inline.get(name) != text:
            yield f"the inline policy {name} {'was edited since' if name in inline else 'is gone'}"
    for arn in expected.attached:
        if arn not in attached:
            yield f"the policy {arn} is no longer attached"
        elif attached[arn] != documents.get(arn):
            yield f"the attached policy {arn} has another document since"

"""The state of one principal's rollout: the allowed order of events in its journal, and the effect of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from lpgen.core.iam.policy import policy_from_json, policy_to_json
from lpgen.core.model import PrincipalKind
from lpgen.core.rollout.calls import CallKind, HeldPolicies, IamCall, holding_after, inverse_calls
from lpgen.core.rollout.fingerprint import is_named_by_content
from lpgen.core.rollout.plan import PrincipalPlan
from lpgen.errors import PolicyError, quote_input


class RolloutPhase(StrEnum):
    """The phase of a rollout. After an undo, a rollout of the principal may begin again."""

    APPLYING = "applying"
    APPLIED = "applied"
    UNDOING = "undoing"
    UNDONE = "undone"


_PHASE_AFTER: Final[Mapping[tuple[RolloutPhase, str], RolloutPhase]] = {
    (RolloutPhase.APPLYING, "about"): RolloutPhase.APPLYING,
    (RolloutPhase.APPLYING, "done"): RolloutPhase.APPLYING,
    (RolloutPhase.APPLYING, "refused"): RolloutPhase.APPLYING,
    (RolloutPhase.APPLYING, "failed"): RolloutPhase.APPLYING,
    (RolloutPhase.APPLYING, "applied"): RolloutPhase.APPLIED,
    (RolloutPhase.APPLYING, "undo"): RolloutPhase.UNDOING,
    (RolloutPhase.APPLIED, "undo"): RolloutPhase.UNDOING,
    (RolloutPhase.UNDOING, "undo"): RolloutPhase.UNDOING,
    (RolloutPhase.UNDOING, "undo_about"): RolloutPhase.UNDOING,
    (RolloutPhase.UNDOING, "undo_done"): RolloutPhase.UNDOING,
    (RolloutPhase.UNDOING, "undo_refused"): RolloutPhase.UNDOING,
    (RolloutPhase.UNDOING, "undo_failed"): RolloutPhase.UNDOING,
    (RolloutPhase.UNDOING, "undone"): RolloutPhase.UNDONE,
}
"""The phase after an event, by phase and event. Other events can't follow in a journal after `begin`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutState:
    """The known state of one principal since its rollout began.

    `before`, `documents` and `boundary` were read from IAM just before. `digests` has the digests of the new
    documents, by policy. `about` are the numbers of calls that may have been made, and `done` the numbers of calls that
    were made. `taken_back` are the policies whose inverse call was made. `detached` are the new policies that an undo
    detached or was about to detach. `policy_ids` has AWS's unique ids of the created managed policies, by ARN.
    """

    principal: str
    principal_id: str
    account: str
    kind: PrincipalKind
    name: str
    before: HeldPolicies
    documents: Mapping[str, str]
    boundary: str
    calls: tuple[IamCall, ...]
    inverse: tuple[IamCall, ...]
    digests: Mapping[str, str]
    phase: RolloutPhase = RolloutPhase.APPLYING
    about: frozenset[int] = frozenset()
    done: frozenset[int] = frozenset()
    taken_back: frozenset[str] = frozenset()
    detached: frozenset[str] = frozenset()
    policy_ids: Mapping[str, str] = field(default_factory=dict)
    applied_at: str = ""

    def after(self, event: str, facts: Mapping[str, object]) -> RolloutState | None:
        """The state after an event of the journal; None if the event can't follow."""
        phase = _PHASE_AFTER.get((self.phase, event))
        if phase is None or (event == "applied" and self.next_call < len(self.calls)):
            return None
        state = replace(self, phase=phase)
        if event in ("about", "done", "refused"):
            return self._after_call(event, facts)
        if event == "applied":
            return replace(state, applied_at=str(facts["at"]))
        detached = {(call.policy, call.operation) for call in self.inverse if call.kind is CallKind.DETACH}
        if event == "undo_about" and (facts["policy"], facts["operation"]) in detached:
            return replace(state, detached=self.detached | {str(facts["policy"])})
        if event == "undo_done":
            return replace(state, taken_back=self.taken_back | {str(facts["policy"])})
        return state

    def _after_call(self, event: str, facts: Mapping[str, object]) -> RolloutState | None:
        number = facts["call"]
        if not isinstance(number, int):
            return None
        if event == "about":
            if number != self.next_call or number == len(self.calls):
                return None
            return replace(self, about=self.about | {number})
        if number not in self.about - self.done:
            return None
        if event == "refused":
            return replace(self, about=self.about - {number})
        made = {self.calls[number].policy: str(facts["policy_id"])} if facts.get("policy_id") else {}
        return replace(self, done=self.done | {number}, policy_ids={**self.policy_ids, **made})

    def was_detached_by_others(self, arn: str) -> bool:
        """Whether this rollout attached a new policy and didn't detach it. The policy is no longer attached."""
        attached = any(self.calls[at].kind is CallKind.ATTACH and self.calls[at].policy == arn for at in self.done)
        return attached and arn not in self.detached

    @property
    def unfinished(self) -> bool:
        """Whether its rollout or its undo began and didn't end."""
        return self.phase in (RolloutPhase.APPLYING, RolloutPhase.UNDOING)

    @property
    def next_call(self) -> int:
        """The number of the first call that isn't recorded as done."""
        return next(at for at in range(len(self.calls) + 1) if at not in self.done)

    @property
    def calls_to_undo(self) -> tuple[tuple[int, IamCall], ...]:
        """The numbers of all calls that may have been made, the last one first, each with its inverse."""
        if self.phase is RolloutPhase.UNDONE:
            return ()
        inverse = self.inverse[::-1]
        return tuple((number, inverse[number]) for number in sorted(self.about, reverse=True))

    @property
    def restored_trust(self) -> str:
        """The trust policy that an undo puts in place: the old one, or the nearest one that IAM accepts."""
        restored = (call.document for call in self.inverse if call.kind is CallKind.RESTORE_TRUST)
        return next(restored, self.before.trust)

    def old_policies_at(self, number: int) -> HeldPolicies:
        """The old policies that the principal still had at the time of a call."""
        return holding_after(self.before, (call for call in self.calls[:number] if not call.adds))

    @property
    def expected(self) -> HeldPolicies:
        """The policies of the principal after the calls that are done."""
        return holding_after(self.before, (self.calls[number] for number in sorted(self.done)))


# ---------------------------------------------------------------- with the plan


def differs_from_plan(state: RolloutState, plan: PrincipalPlan) -> str:
    """The first difference between a principal's journal and its plan, or "".

    The journal has the exact old policies, and the plan has them without white space.
    """
    try:
        return next(_differences(state, plan), "")
    except PolicyError as error:
        return error.message


_ANOTHER: Final = "{who} is another principal in the plan"
_OTHER_CALLS: Final = "the calls of {who} differ from the plan"
_OTHER_INVERSE: Final = "the inverse calls of {who} differ from the plan"
_NO_INVERSE: Final = "the inverse calls of {who} don't restore its old policies"
_OTHER_TRUST: Final = "the old trust policy of {who} differs from the plan"
_OTHER_POLICIES: Final = "the old policies of {who} differ from the plan"
_OTHER_NAME: Final = "the policy {policy} has a name that doesn't match its content"


def _differences(state: RolloutState, plan: PrincipalPlan) -> Iterator[str]:
    who = quote_input(plan.principal)
    own = (state.principal_id, state.account, state.kind, state.name)
    if own != (plan.principal_id, plan.account, plan.kind, plan.name):
        yield _ANOTHER.format(who=who)
    if state.calls != plan.calls:
        yield _OTHER_CALLS.format(who=who)
    if tuple(map(_compact, state.inverse)) != tuple(map(_compact, plan.inverse)):
        yield _OTHER_INVERSE.format(who=who)
    if state.inverse != inverse_calls(state.calls, plan.texts_to_restore(state.before.texts)):
        yield _NO_INVERSE.format(who=who)
    if _texts(state) != sorted((text.policy, text.text) for text in plan.before):
        yield _OTHER_POLICIES.format(who=who)
    if plan.trust and without_space(state.before.trust) != plan.trust.before:
        yield _OTHER_TRUST.format(who=who)
    for call in state.calls:
        makes = call.kind in (CallKind.CREATE_POLICY, CallKind.PUT_INLINE)
        if makes and not is_named_by_content(call.policy, call.document, plan.principal, plan.principal_id):
            yield _OTHER_NAME.format(policy=quote_input(call.policy))


def _texts(state: RolloutState) -> list[tuple[str, str]]:
    """The old policies without white space. The text is "" for an attached policy without a document in the journal."""
    attached = {arn: state.documents.get(arn, "") for arn in state.before.attached}
    return sorted((name, without_space(text)) for name, text in (*state.before.inline, *attached.items()))


def _compact(call: IamCall) -> IamCall:
    """The call. The document of an old inline policy or trust policy that it restores is without white space."""
    restores = call.kind in (CallKind.PUT_INLINE, CallKind.RESTORE_TRUST)
    return replace(call, document=without_space(call.document)) if restores else call


def without_space(text: str) -> str:
    """A document as compact JSON. Raises PolicyError if it breaks IAM's grammar."""
    return policy_to_json(policy_from_json(text, place="journal")) if text else ""

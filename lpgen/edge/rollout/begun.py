"""The state of one principal in a journal, and whether it agrees with the plan and with itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from lpgen.core.iam.policy import policy_from_json, policy_to_json
from lpgen.core.model import PrincipalKind
from lpgen.core.rollout.calls import Call, CallKind, Holding, inverse_calls
from lpgen.core.rollout.plan import PrincipalPlan
from lpgen.core.rollout.plan_rollout import is_named_by_content
from lpgen.errors import PolicyError, quote_input


@dataclass(slots=True)
class Begun:
    """The journal's entries on one principal whose rollout was begun. `about` are the calls that may have been made.

    `before`, `documents`, `boundary` and `trust` are as read from IAM just before. `digests` are those of the documents
    to put in place, by policy.
    """

    principal: str
    principal_id: str
    account: str
    kind: PrincipalKind
    name: str
    before: Holding
    documents: dict[str, str]
    boundary: str
    trust: str
    calls: tuple[Call, ...]
    inverse: tuple[Call, ...]
    digests: dict[str, str]
    about: set[int] = field(default_factory=set)
    done: set[int] = field(default_factory=set)
    applied_at: str = ""
    undoing: bool = False
    undone: bool = False

    @property
    def unfinished(self) -> bool:
        """Whether its rollout or the undoing of it was begun and not ended."""
        return not self.undone and (self.undoing or not self.applied_at)

    @property
    def applied(self) -> bool:
        """Whether its rollout is in place, as far as lpgen knows."""
        return bool(self.applied_at) and not self.undoing

    @property
    def applying(self) -> bool:
        """Whether its calls are being made."""
        return not (self.applied_at or self.undoing or self.undone)

    @property
    def next_call(self) -> int:
        """The number of the first call that isn't known to be done."""
        return next(at for at in range(len(self.calls) + 1) if at not in self.done)

    @property
    def taking_back(self) -> tuple[Call, ...]:
        """The inverse of every call that may have been made, in order."""
        last = len(self.calls) - 1
        return tuple(call for at, call in enumerate(self.inverse) if last - at in self.about)


# ---------------------------------------------------------------- with itself


def take_event(begun: Begun, event: str, facts: Mapping[str, object]) -> bool:
    """Apply one event of a journal to the state of its principal; False where it can't come at this place."""
    number = facts.get("call")
    if begun.undone:
        return False
    match event:
        case "about":
            right = begun.applying and number == begun.next_call < len(begun.calls)
            begun.about |= {begun.next_call} if right else set()
        case "done":
            right = begun.applying and number in begun.about
            begun.done |= {one for one in begun.about if one == number}
        case "applied":
            right = begun.applying and begun.next_call == len(begun.calls)
            begun.applied_at = str(facts["at"])
        case "failed":
            right = begun.applying
        case "undo":
            begun.undoing = right = True
        case "undone":
            begun.undone = right = begun.undoing
        case _:
            right = begun.undoing and event in ("undo_about", "undo_done", "undo_failed")
    return right


# ---------------------------------------------------------------- with the plan


def differs_from_plan(begun: Begun, plan: PrincipalPlan) -> str:
    """The first difference between a principal's journal and its plan, or "".

    The journal has the old policies to the byte, the plan has them without white space.
    """
    try:
        return next(_differences(begun, plan), "")
    except PolicyError as error:
        return error.message


def _differences(begun: Begun, plan: PrincipalPlan) -> Iterator[str]:
    who = quote_input(plan.principal)
    own = (begun.principal_id, begun.account, begun.kind, begun.name)
    if own != (plan.principal_id, plan.account, plan.kind, plan.name):
        yield f"{who} is another principal in the plan"
    if begun.calls != plan.calls:
        yield f"the calls of {who} aren't those of the plan"
    if tuple(map(_compact, begun.inverse)) != tuple(map(_compact, plan.inverse)):
        yield f"the calls that take back those of {who} aren't those of the plan"
    if begun.inverse != inverse_calls(begun.calls, dict(begun.before.inline)):
        yield f"the calls that take back those of {who} don't lead to what it had"
    if _texts(begun) != sorted((one.policy, one.text) for one in plan.before):
        yield f"the policies of {who} weren't those of the plan"
    for call in begun.calls:
        makes = call.kind in (CallKind.CREATE_POLICY, CallKind.PUT_INLINE)
        if makes and not is_named_by_content(call, plan.principal, plan.principal_id):
            yield f"the policy {quote_input(call.policy)} doesn't have the name of its content"


def _texts(begun: Begun) -> list[tuple[str, str]]:
    """The old policies, without white space; an attached one that the journal has no document of has the text ""."""
    attached = {arn: begun.documents.get(arn, "") for arn in begun.before.attached}
    return sorted((name, _without_space(text)) for name, text in (*begun.before.inline, *attached.items()))


def _compact(call: Call) -> Call:
    """The call; the document of an old inline policy that it puts back without white space."""
    return replace(call, document=_without_space(call.document)) if call.kind is CallKind.PUT_INLINE else call


def _without_space(text: str) -> str:
    return policy_to_json(policy_from_json(text, place="journal")) if text else ""

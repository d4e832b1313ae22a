"""What `lpgen rollout` says to people. Every text of a policy, a name or AWS is made inert."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from lpgen.core.model import Effect, Statement
from lpgen.core.policies.policy import policy_from_json, policy_size, text_without_sid
from lpgen.core.rollout.calls import Call
from lpgen.core.rollout.outcomes import Outcome, OutcomeKind
from lpgen.core.rollout.plan import PolicyText, PrincipalPlan, Refusal, RolloutPlan
from lpgen.report.inert import terminal_text

# ---------------------------------------------------------------- a plan


def render_planned(plan: RolloutPlan) -> str:
    """How many principals are to be changed, and why the others aren't."""
    return "\n".join(_planned_lines(plan))


def _planned_lines(plan: RolloutPlan) -> Iterator[str]:
    ready = [one for one in plan.principals if one.calls]
    refused = [one for one in plan.principals if one.refusals]
    yield f"{len(ready)} to roll out with {sum(len(one.calls) for one in ready)} calls, {len(refused)} refused"
    for one in refused:
        yield from _refusal_lines(one.principal, one.refusals)
    for one in ready:
        yield from (f"  note: {terminal_text(one.principal)}: {terminal_text(note)}" for note in one.notes)


def render_refused(refused: Iterable[tuple[str, Iterable[Refusal]]]) -> str:
    """Each reason why a principal isn't rolled out, with the option that overrides it."""
    return "\n".join(line for principal, some in refused for line in _refusal_lines(principal, some))


def _refusal_lines(principal: str, refusals: Iterable[Refusal]) -> Iterator[str]:
    for one in refusals:
        override = f" ({terminal_text(one.override)} overrides it)" if one.override else ""
        yield f"  refused: {terminal_text(principal)}: {terminal_text(one.why)}{override}"


def render_changes(plans: Iterable[PrincipalPlan]) -> str:
    """What will be done to each principal: its calls in order, and its policies as a diff of statements."""
    return "\n".join(line for one in plans for line in _change_lines(one))


def _change_lines(plan: PrincipalPlan) -> Iterator[str]:
    yield f"{terminal_text(plan.principal)}{'' if plan.safe else '  NOT CALLED SAFE'}"
    for note in plan.notes:
        yield f"  note: {terminal_text(note)}"
    for number, call in enumerate(plan.calls, start=1):
        yield f"  {number:2}. {_call_text(call)}"
    yield from _diff_lines(plan.before, plan.after)
    yield ""


def _call_text(call: Call) -> str:
    size = f" ({policy_size(call.document):,} characters)" if call.document else ""
    return f"{call.operation} {terminal_text(call.policy)}{size}"


def render_undo(calls: Sequence[tuple[str, Sequence[Call]]]) -> str:
    """What undoing would do to each principal, by ARN; calls whose effect is there already are left out then."""
    lines = [
        line
        for principal, some in calls
        for line in (terminal_text(principal), *(f"  {_call_text(call)}" for call in some), "")
    ]
    return "\n".join(lines)


# ---------------------------------------------------------------- a diff of statements


def _diff_lines(before: Iterable[PolicyText], after: Iterable[PolicyText]) -> Iterator[str]:
    """Statements that go with a minus, those that come with a plus, and those that stay with neither."""
    old, new = list(_statements(before)), list(_statements(after))
    kept = {text_without_sid(one.text) for _, one in old} & {text_without_sid(one.text) for _, one in new}
    for sign, statements in (("-", old), ("+", new)):
        for policy, one in statements:
            stays = text_without_sid(one.text) in kept
            if not (stays and sign == "+"):
                yield f"  {' ' if stays else sign} {_statement_text(one)}  [{terminal_text(policy)}]"


def _statements(texts: Iterable[PolicyText]) -> Iterator[tuple[str, Statement]]:
    for one in texts:
        for statement in policy_from_json(one.text, place=one.policy).statements:
            yield one.policy, statement


def _statement_text(one: Statement) -> str:
    actions = ("all but " if one.not_action else "") + ", ".join(one.patterns)
    resources = ("all but " if one.not_resource else "") + ", ".join(one.resources)
    condition = json.loads(one.text).get("Condition")
    when = f" if {json.dumps(condition)}" if condition else ""
    effect = "Deny " if one.effect is Effect.DENY else "Allow"
    return terminal_text(f"{effect} {actions} on {resources}{when}")


# ---------------------------------------------------------------- outcomes


_ENDINGS = {
    OutcomeKind.APPLIED: "applied",
    OutcomeKind.REFUSED: "refused",
    OutcomeKind.TAKEN_BACK: "failed, and is as it was",
    OutcomeKind.STUCK: "NOT AS IT WAS: run `lpgen rollout undo` on this plan",
    OutcomeKind.NOT_REACHED: "not reached",
    OutcomeKind.UNDONE: "undone: its policies are what they were, to the byte",
    OutcomeKind.UNDONE_BUT: "undone, and others have changed it since",
}


def render_outcomes(outcomes: Iterable[Outcome]) -> str:
    """How each principal's rollout or undoing ended."""
    return "\n".join(
        f"{terminal_text(one.principal)}: {_ENDINGS[one.kind]}"
        + "".join(f"\n  {terminal_text(why)}" for why in one.why)
        for one in outcomes
    )

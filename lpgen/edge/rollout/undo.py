"""Undoes the rollout of one principal, call by call. The journal is written before and after each call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lpgen.core.rollout.calls import POLICY_PATH, CallKind, IamCall
from lpgen.core.rollout.fingerprint import is_named_by_content
from lpgen.core.rollout.plan import OutcomeKind, PrincipalPlan, RolloutOutcome
from lpgen.core.rollout.state import RolloutPhase, RolloutState
from lpgen.core.rollout.trust_change import differences_after_undo, same_trust
from lpgen.edge.rollout.compare import differences_from, is_own, lost_policies, why_gone
from lpgen.edge.rollout.iam_writer import NOT_SHOWN, IamWriter, LivePrincipal, Notes
from lpgen.edge.rollout.lock import check_lock, under_lock
from lpgen.edge.rollout.run import Run, comes_true, interrupts_deferred, look_last, outwait_late_calls, settle
from lpgen.errors import AwsError, LockLostError, RefusedCallError, RolloutError


def undo_principal(plan: PrincipalPlan, run: Run) -> RolloutOutcome:
    """Undoes every call, based on the current state of IAM, and compares the result exactly with the old state.

    Changes that others made since are kept and reported.

    Raises:
        AwsError: the lock can't be read or created, and nothing was changed.
        RolloutError: the journal can't be written.
    """

    def undo() -> RolloutOutcome:
        later = _later_policies(run.journal.states.get(plan.principal), run.writer)
        if later:
            why = f"a later rollout added {', '.join(later)}: undo that rollout first"
            return RolloutOutcome(plan.principal, OutcomeKind.REFUSED, (why,))
        return take_back(plan.principal, run)

    return under_lock(plan.principal, plan.principal_id, run, undo)


def take_back(principal: str, run: Run) -> RolloutOutcome:
    """Undoes every call of a rollout, under its lock.

    Raises:
        RolloutError: the journal can't be written.
    """
    state = run.journal.states.get(principal)
    if state is None or state.phase is RolloutPhase.UNDONE:  # a killed run left only the lock
        return RolloutOutcome(principal, OutcomeKind.UNDONE)
    outwait_late_calls(principal, run)
    try:
        why_gone(state, run.writer)
    except AwsError as error:
        return RolloutOutcome(principal, OutcomeKind.STUCK, (f"undoing failed: {error.message}",))
    run.journal.note("undo", principal)
    try:
        left = tuple(_take_back(principal, run))
        gone = why_gone(state, run.writer)
        differences, nearest = ((gone,), ()) if gone else _await_before(state, run)
    except (AwsError, LockLostError) as error:
        run.journal.note("undo_failed", principal, why=error.message)
        return RolloutOutcome(principal, OutcomeKind.STUCK, (f"undoing failed: {error.message}",))
    if left:
        run.journal.note("undo_failed", principal, why="; ".join(left))
        kind = OutcomeKind.LEFT if differences else OutcomeKind.UNDONE_IN_PART
        return RolloutOutcome(principal, kind, (*left, *differences, *nearest))
    run.journal.note("undone", principal, differences=list(differences))
    undone = OutcomeKind.UNDONE_NEAREST if nearest else OutcomeKind.UNDONE
    kind = OutcomeKind.GONE if gone else OutcomeKind.UNDONE_BUT if differences else undone
    return RolloutOutcome(principal, kind, (*differences, *nearest))


def _later_policies(state: RolloutState | None, writer: IamWriter) -> list[str]:
    """The principal's policies from lpgen that this rollout neither found nor created."""
    if state is None or state.phase is RolloutPhase.UNDONE or why_gone(state, writer):
        return []
    live = writer.read_principal(state.kind, state.name)
    known = {*(call.policy for call in state.calls), *dict(state.before.inline), *state.before.attached}
    arn, unique_id = live.principal.arn, live.principal.principal_id
    attached = [policy for policy in live.holding.attached if f":policy{POLICY_PATH}" in policy]
    inline = [name for name, text in live.holding.inline if is_named_by_content(name, text, arn, unique_id)]
    return [policy for policy in (*attached, *inline) if policy not in known]


class _KeptError(RolloutError):
    """An inverse call must not be made. The message says why, or is "" if its principal was deleted."""


def _take_back(principal: str, run: Run) -> Iterator[str]:
    """Makes the inverse of each call of this rollout, last one first, unless its effect already shows.

    Yields a sentence for each inverse call that would lose somebody else's change. If the principal was deleted, only
    the policies created for it are deleted.
    """
    put_back, settled = bool(run.journal.states[principal].taken_back), False
    kept: set[str] = set()
    for number, call in run.journal.states[principal].calls_to_undo:
        if call.policy in kept or _is_taken_back(call, number, principal, run):
            continue
        if put_back and not call.adds and not settled:
            settle(run)
            settled = True
        try:
            _undo_call(call, number, principal, run, patience_seconds=0 if kept else run.patience_seconds)
        except (_KeptError, RefusedCallError) as error:
            if error.message:
                yield error.message
                kept.add(call.policy)
            continue
        put_back = put_back or call.adds


def _is_taken_back(call: IamCall, number: int, principal: str, run: Run) -> bool:
    """Whether nothing is left to do for an inverse call.

    A reading that contradicts the journal may be older than the journal. So a policy that this run removed is always
    put back. A policy that this run added counts as removed by others only if it keeps missing.
    """
    state = run.journal.states[principal]
    if call.kind is not CallKind.DELETE_POLICY and why_gone(state, run.writer):
        return True
    if number not in state.done:
        is_trust = call.kind is CallKind.RESTORE_TRUST
        is_old = is_trust and same_trust(_trust(state, run.writer), state.before.trust)
        return is_old or run.writer.in_effect(call)
    if call.policy in state.taken_back:
        return comes_true(lambda: run.writer.in_effect(call), run) if call.adds else run.writer.in_effect(call)
    return not call.adds and not comes_true(lambda: not run.writer.in_effect(call), run)


def _undo_call(call: IamCall, number: int, principal: str, run: Run, *, patience_seconds: float) -> None:
    """Makes an inverse call, after a check before each attempt.

    Raises:
        _KeptError: the check found a reason against it.
        RefusedCallError: AWS refused it.
    """
    facts = {"policy": call.policy, "operation": call.operation}

    def look() -> None:
        state = run.journal.states[principal]
        check_lock(principal, state.principal_id, run)
        gone = why_gone(state, run.writer)
        if gone and call.kind is not CallKind.DELETE_POLICY:
            raise _KeptError("")
        if not gone and call.kind is CallKind.DELETE_POLICY and state.was_detached_by_others(call.policy):
            why = "was detached by somebody else, who may need it again: it is kept"
            raise _KeptError(f"the policy {call.policy} {why}")
        problem = _problem(call, number, state, run, patience_seconds=patience_seconds)
        if problem:
            raise _KeptError(problem)

    def about() -> None:
        look_last(look, run)
        run.journal.note("undo_about", principal, **facts)
        run.print_status(f"{principal}: {call.operation} {call.policy}")

    with interrupts_deferred(run.print_status):
        try:
            lost = run.writer.perform(call, Notes(about, lambda: run.journal.note("undo_refused", principal, **facts)))
        except AwsError as error:
            if error.code == NOT_SHOWN:  # somebody else changed it since, and the call must not be repeated
                run.journal.note("undo_done", principal, **facts, lost=True)
            raise
        run.journal.note("undo_done", principal, **facts, lost=lost)


def _problem(call: IamCall, number: int, state: RolloutState, run: Run, *, patience_seconds: float) -> str:
    """Why the inverse of a call would lose somebody else's change, or leave too few permissions; or ""."""
    if call.kind is CallKind.DELETE_POLICY:
        return _problem_of_deletion(call, state, run.writer)
    if call.kind is CallKind.DETACH and not is_own(call.policy, state, run.writer):
        return f"the policy {call.policy} isn't the policy that this run created, and stays attached"
    if call.adds:
        return _problem_of_return(call, number, state, run.writer)
    # INVARIANT: a new policy is removed only if every old policy from the time of its addition is in place. A policy
    # that somebody else removed stays removed. Then the replacement is kept.
    missing: list[str] = []
    inline: dict[str, str] = {}

    def is_whole() -> bool:
        live = run.writer.read_principal(state.kind, state.name)
        missing[:] = lost_policies(state.old_policies_at(number), state.documents, live)
        inline.clear()
        inline.update(live.holding.inline)
        return not missing

    if not comes_true(is_whole, run, patience_seconds=patience_seconds):
        return f"{'; '.join(missing)}: so {call.policy} is kept"
    edited = call.kind is CallKind.DELETE_INLINE and inline.get(call.policy, call.document) != call.document
    return f"the inline policy {call.policy} was edited since, and is kept" if edited else ""


def _problem_of_return(call: IamCall, number: int, state: RolloutState, writer: IamWriter) -> str:
    if call.kind is CallKind.RESTORE_TRUST:
        own = (state.calls[number].document, call.document, state.before.trust)
        is_own = any(same_trust(_trust(state, writer), text) for text in own) and call.policy not in state.taken_back
        return "" if is_own else "the trust policy was changed since by somebody else, and is kept"
    if call.policy in state.taken_back:
        return f"the policy {call.policy} was put back, but somebody else removed it since"
    if call.kind is CallKind.PUT_INLINE:
        now = dict(writer.read_holding(state.kind, state.name).inline)
        edited = now.get(call.policy, call.document) != call.document
        return f"the inline policy {call.policy} was edited since, and is kept" if edited else ""
    if writer.read_default_document(call.policy) != state.documents.get(call.policy):
        return f"the policy {call.policy} was deleted or changed since, and isn't put back"
    return ""


def _trust(state: RolloutState, writer: IamWriter) -> str:
    return writer.read_holding(state.kind, state.name).trust


def _problem_of_deletion(call: IamCall, state: RolloutState, writer: IamWriter) -> str:
    if not is_own(call.policy, state, writer):
        return f"the policy {call.policy} isn't the policy that this run created, and is kept"
    if writer.read_policy(call.policy) != call.document:
        return f"the policy {call.policy} has another version since, and is kept"
    users = ", ".join(writer.read_users_of_policy(call.policy))
    return f"the policy {call.policy} is attached to {users}, and is kept" if users else ""


def _await_before(state: RolloutState, run: Run) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The remaining differences from the old state, in sentences, after IAM had the time to show the last change: those
    by others, and those of the nearest trust policy that IAM accepts."""
    found: list[tuple[str, ...]] = []

    def is_as_before() -> bool:
        live = run.writer.read_principal(state.kind, state.name)
        trust = live.holding.trust
        is_nearest = same_trust(trust, state.restored_trust) and not same_trust(trust, state.before.trust)
        before = replace(state.before, trust=trust) if is_nearest else state.before
        differences = tuple(differences_from(before, state.documents, state, live))
        found[:] = differences, tuple(differences_after_undo(state.before.trust, trust)) if is_nearest else ()
        return not differences or not _may_be_late(state, live)

    comes_true(is_as_before, run)
    differences, nearest = found
    return differences, nearest


def _may_be_late(state: RolloutState, live: LivePrincipal) -> bool:
    """Whether an inverse call changes one of the differing policies."""
    touched = {call.policy for call in state.inverse}
    before, now = state.before, live.holding
    names = {name for name, _ in before.texts.items() ^ now.texts.items()} | (set(before.attached) ^ set(now.attached))
    return bool(names & touched)

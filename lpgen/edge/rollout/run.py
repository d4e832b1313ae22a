"""Applies and undoes the rollout of one principal, a call at a time, with the journal on disk before and after each."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from lpgen.core.digests import digest_of_text
from lpgen.core.registry.refusals import RefusalKind
from lpgen.core.rollout.calls import POLICY_PATH, Call, CallKind, Holding, holding_after, inverse_calls
from lpgen.core.rollout.fingerprint import policies_sha256
from lpgen.core.rollout.outcomes import Outcome, OutcomeKind
from lpgen.core.rollout.plan import PrincipalPlan, Refusal
from lpgen.core.rollout.plan_rollout import is_named_by_content, own_texts
from lpgen.core.rollout.refusals import Exceptions, refusals_of_principal
from lpgen.core.rollout.state import Phase, RolloutState
from lpgen.edge.aws_session import READ_TIMEOUT_SECONDS
from lpgen.edge.rollout.caller_chain import CallerName
from lpgen.edge.rollout.iam_writer import NOT_FOUND, READ_BACK_SECONDS, IamWriter, LivePrincipal, Quotas
from lpgen.edge.rollout.journal import Journal, Recorded
from lpgen.edge.rollout.lock import check_lock, release_lock, take_lock, why_locked
from lpgen.errors import AwsError, LockLostError, LpgenError, RefusedCallError, RolloutError, quote_input

Say = Callable[[str], None]

LATE_SECONDS: Final = float(READ_TIMEOUT_SECONDS)
"""How long after a call was sent AWS may still carry it out: as long as lpgen waits for an answer."""


@dataclass(frozen=True, slots=True)
class Run:
    """The shared objects of the rollout of any principal of an account. `say` reports each step."""

    writer: IamWriter
    journal: Journal
    settle_seconds: float
    say: Say

    @property
    def patience_seconds(self) -> float:
        """How long to wait for IAM to show a change."""
        return READ_BACK_SECONDS if self.settle_seconds else 1.0


# ---------------------------------------------------------------- before the first call


def live_refusals(
    plan: PrincipalPlan, writer: IamWriter, callers: Iterable[CallerName], *, quotas: Quotas, recorded: Recorded
) -> tuple[Refusal, ...]:
    """Why a plan isn't to be carried out, from what IAM says now; empty where nothing speaks against it.

    `quotas` count the policies of plans that come first as in use, and `recorded` is the plan's journal.

    Raises:
        AwsError: something can't be read.
    """
    if any(one.is_principal(plan.account, plan.kind, plan.name) for one in callers):
        return (Refusal.of(RefusalKind.CALLER),)
    try:
        live = writer.read_principal(plan.kind, plan.name)
    except AwsError as error:
        if error.code != NOT_FOUND:
            raise
        return (Refusal.of(RefusalKind.CHANGED, case="gone", kind=plan.kind),)
    locked = why_locked(writer, plan.principal, plan.principal_id, recorded.locks.get(plan.principal, ()))
    if locked:
        return (Refusal.of(RefusalKind.LOCKED, why=locked),)
    found = list(_refusals_to_begin(plan, live, recorded.states.get(plan.principal)))
    state = recorded.states.get(plan.principal)
    if found or (state is not None and state.unfinished):
        return tuple(found)
    return (*_refusals_of_names(plan, live, writer), *_refusals_of_quotas(plan, quotas))


def _refusals_to_begin(plan: PrincipalPlan, live: LivePrincipal, state: RolloutState | None) -> Iterator[Refusal]:
    if state is not None and state.unfinished:
        yield from _refusals_to_resume(state, live)
    elif live.principal.arn != plan.principal or policies_sha256(live.principal) != plan.sha256:
        yield Refusal.of(RefusalKind.CHANGED, case="policies")
    elif set(own_texts(live.principal)) != set(plan.before) or plan.boundary != live.boundary:
        yield Refusal.of(RefusalKind.CHANGED, case="plan")
    yield from refusals_of_principal(live.principal, Exceptions(included=(plan.principal,)), folder=plan.folder)


def _refusals_to_resume(state: RolloutState, live: LivePrincipal) -> Iterator[Refusal]:
    """A killed run is finished only where the principal is as it left it, with or without the call it was at."""
    at = state.next_call
    reachable = [holding_after(state.before, state.calls[:end]) for end in (at, at + 1)]
    same = live.principal.principal_id == state.principal_id and _rest_of(live) == (state.boundary, state.trust)
    right = same and live.holding in reachable and _is_proven_by_live(state, live)
    if state.phase is Phase.UNDOING or not right:
        yield Refusal.of(RefusalKind.JOURNAL)


def _is_proven_by_live(state: RolloutState, live: LivePrincipal) -> bool:
    """Whether the old policies are read from IAM rather than from the journal.

    INVARIANT: something is added only while all old policies are in place with the documents that the proof was from.
    """
    now = dict(live.documents)
    same = all(state.documents.get(arn) == now[arn] for arn in state.before.attached if arn in now)
    gone = _names_of(state.before) - _names_of(live.holding)
    return same and not (gone and any(call.adds for call in state.calls[state.next_call :]))


def _names_of(holding: Holding) -> set[str]:
    return {*dict(holding.inline), *holding.attached}


def _rest_of(live: LivePrincipal) -> tuple[str, str]:
    return live.boundary, live.trust


def _refusals_of_names(plan: PrincipalPlan, live: LivePrincipal, writer: IamWriter) -> Iterator[Refusal]:
    inline = dict(live.holding.inline)
    for call in plan.calls:
        created = call.kind is CallKind.CREATE_POLICY and writer.read_policy(call.policy) is not None
        if created or (call.kind is CallKind.PUT_INLINE and call.policy in inline):
            yield Refusal.of(RefusalKind.NAME_TAKEN, case="account", policy=call.policy)


def _refusals_of_quotas(plan: PrincipalPlan, quotas: Quotas) -> Iterator[Refusal]:
    """The limits of versions are never met, since no call makes a version of a policy that is there."""
    created = 1 + sum(call.kind is CallKind.CREATE_POLICY for call in plan.calls)  # one is the lock
    for needed, allowed, what, advice in (
        (plan.peak.attached, quotas.attached, "attached policies at once", _PLAN_AGAIN.format(quotas.attached)),
        (plan.peak.inline_characters, quotas.inline_characters, "characters of inline policies", ""),
        (plan.peak.largest_policy, quotas.policy_characters, "characters in one policy", ""),
        (quotas.policies_in_use + created, quotas.policies, "customer managed policies in the account", ""),
    ):
        if needed > allowed:
            yield Refusal.of(RefusalKind.QUOTA, needed=needed, what=what, allowed=allowed, advice=advice)


_PLAN_AGAIN: Final = ": plan again with --attached-quota {}, or raise the quota"


# ---------------------------------------------------------------- under the lock


def apply_principal(plan: PrincipalPlan, run: Run) -> Outcome:
    """Carries a plan out, or finishes what a killed run began; after an error the principal is put back as it was.

    Raises:
        AwsError, RolloutError: nothing was changed, or the journal can't be written.
    """
    return _locked(plan.principal, plan.principal_id, run, lambda: _apply(plan, run))


def undo_principal(plan: PrincipalPlan, run: Run) -> Outcome:
    """Takes back every call that was made, by what IAM has now, and compares the outcome with what was, to the byte.

    Leaves what others have changed since as it is, and says so.

    Raises:
        AwsError: the lock can't be read or created, and nothing was changed.
        RolloutError: the journal can't be written.
    """

    def undo() -> Outcome:
        later = _later_policies(run.journal.states.get(plan.principal), run.writer)
        if later:
            why = f"a later rollout put {', '.join(later)} in place: undo that one first"
            return Outcome(plan.principal, OutcomeKind.REFUSED, (why,))
        return _undo(plan.principal, run)

    return _locked(plan.principal, plan.principal_id, run, undo)


def _locked(principal: str, principal_id: str, run: Run, change: Callable[[], Outcome]) -> Outcome:
    """The outcome of a change that only one run makes at a time.

    The lock stays if the journal says that the change wasn't ended: the same journal then goes on under it.
    """
    try:
        refused = take_lock(run.writer, run.journal, principal, principal_id)
        if refused:
            return Outcome(principal, OutcomeKind.REFUSED, (refused,))
        outcome = change()
    except BaseException:
        state = run.journal.states.get(principal)
        if state is None or not state.unfinished:
            release_lock(run.writer, run.journal, principal, principal_id)
        raise
    left = release_lock(run.writer, run.journal, principal, principal_id)
    return replace(outcome, why=(*outcome.why, left)) if left else outcome


def _check_lock(state: RolloutState, run: Run) -> None:
    check_lock(run.writer, run.journal, state.principal, state.principal_id, patience=run.patience_seconds)


# ---------------------------------------------------------------- apply


def _apply(plan: PrincipalPlan, run: Run) -> Outcome:
    state = run.journal.states.get(plan.principal)
    if state is not None and state.phase is Phase.APPLIED:  # by a run that was killed before it released the lock
        return Outcome(plan.principal, OutcomeKind.APPLIED, ("it was already",))
    live = run.writer.read_principal(plan.kind, plan.name)
    refusals = tuple(_refusals_to_begin(plan, live, state))
    if refusals:
        return Outcome(plan.principal, OutcomeKind.REFUSED, tuple(refusal.why for refusal in refusals))
    if state is None or not state.unfinished:
        run.journal.begin(live, plan.calls, inverse_calls(plan.calls, dict(live.holding.inline)))
    try:
        _make_calls(plan.principal, run)
        _await_expected(plan.principal, run)
    except LockLostError as error:
        run.journal.note("failed", plan.principal, why=error.message)
        return Outcome(plan.principal, OutcomeKind.STUCK, (f"{error.message}: nothing more was changed",))
    except (AwsError, RolloutError, KeyboardInterrupt) as error:
        why = error.message if isinstance(error, LpgenError) else "interrupted"
        run.journal.note("failed", plan.principal, why=why)
        run.say(f"{plan.principal}: {why}; taking back")
        undone = _undo(plan.principal, run)
        if isinstance(error, KeyboardInterrupt):
            raise
        kind = _AFTER_FAILURE.get(undone.kind, OutcomeKind.STUCK)
        return Outcome(plan.principal, kind, (why, *undone.why))
    run.journal.note("applied", plan.principal)
    return Outcome(plan.principal, OutcomeKind.APPLIED)


_AFTER_FAILURE: Final = {OutcomeKind.UNDONE: OutcomeKind.TAKEN_BACK, OutcomeKind.GONE: OutcomeKind.GONE}


def _make_calls(principal: str, run: Run) -> None:
    state = run.journal.states[principal]
    outwait_late_call(state, run)
    for number in sorted(state.about - state.done):  # what a killed run may have made
        if run.writer.in_effect(state.calls[number]):
            _note_done(state, number, run)
    settled = False
    for number, call in enumerate(state.calls):
        state = run.journal.states[principal]
        if number in state.done:
            continue
        if not call.adds and not settled:
            _await_expected(principal, run)
            time.sleep(run.settle_seconds)
        settled = not call.adds
        _check_before(call, state, run)
        run.journal.note("about", principal, call=number)
        run.say(f"{principal}: {call.operation} {call.policy}")
        with _interrupts_deferred(run.say):
            try:
                run.writer.perform(call)
            except RefusedCallError:
                run.journal.note("refused", principal, call=number)
                raise
            _note_done(state, number, run)


def _note_done(state: RolloutState, number: int, run: Run) -> None:
    call = state.calls[number]
    created = {"policy_id": run.writer.read_policy_id(call.policy)} if call.kind is CallKind.CREATE_POLICY else {}
    run.journal.note("done", state.principal, call=number, **created)


@contextmanager
def _interrupts_deferred(say: Say) -> Iterator[None]:
    """Lets a call that was sent be answered before an interrupt counts: nobody knows what an abandoned call does."""

    def defer(number: int, _: object) -> None:
        came.append(number)
        say("interrupted; waiting for AWS to answer the call under way")

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    usual = signal.signal(signal.SIGINT, defer)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)
        if came:
            signal.raise_signal(signal.SIGINT)


def outwait_late_call(state: RolloutState, run: Run) -> None:
    """Waits until a call that a kill or a lost connection left in doubt can't be carried out any more."""
    if state.in_doubt_since and run.settle_seconds:
        passed = (datetime.now(UTC) - datetime.fromisoformat(state.in_doubt_since)).total_seconds()
        left = min(LATE_SECONDS - passed, LATE_SECONDS)
        if left > 0:
            run.say(f"{state.principal}: waiting {left:.0f} s, since AWS may still carry out an earlier call")
            time.sleep(left)


def _check_before(call: Call, state: RolloutState, run: Run) -> None:
    """Checks that a call changes what it was planned to change, in the moment before it is made.

    Raises:
        RolloutError: it doesn't.
    """
    _check_lock(state, run)
    # INVARIANT: the document put in place is the one whose digest was on disk before the first call.
    if call.document and digest_of_text(call.document) != state.digests[call.policy]:
        raise RolloutError(f"the document of {quote_input(call.policy)} isn't the one that the journal was begun with")
    if not call.adds:  # what stays must be whole, down to the versions of the new policies
        _await_expected(state.principal, run)
    elif not _comes_true(lambda: run.writer.read_holding(state.kind, state.name) == state.expected, run):
        raise RolloutError(f"the policies of {quote_input(state.principal)} aren't what they should be by now")
    if call.kind is CallKind.ATTACH and not _is_as_created(call.policy, state, run.writer):
        raise RolloutError(f"the policy {quote_input(call.policy)} isn't the one that this run created")


def _is_as_created(arn: str, state: RolloutState, writer: IamWriter) -> bool:
    """Whether a managed policy is the one that this rollout created, with the only version that it had then."""
    created = next(call for call in state.calls if call.kind is CallKind.CREATE_POLICY and call.policy == arn)
    return _is_own(arn, state, writer) and writer.read_policy(arn) == created.document


def _is_own(arn: str, state: RolloutState, writer: IamWriter) -> bool:
    """Whether a managed policy is the one that this rollout created. In doubt, after a kill, its name has to do."""
    known = state.policy_ids.get(arn)
    return known is None or writer.read_policy_id(arn) == known


def _await_expected(principal: str, run: Run) -> None:
    """Waits until IAM shows exactly what the calls made so far have put in place.

    Raises:
        RolloutError: it doesn't within the time that a change may take to show.
    """
    state = run.journal.states[principal]
    found: list[str] = []

    def is_expected() -> bool:
        found[:] = unexpected_policies(state, run.writer)
        return not found

    if not _comes_true(is_expected, run):
        raise RolloutError(f"{quote_input(principal)} isn't what it should be by now: {'; '.join(found)}")


def unexpected_policies(state: RolloutState, writer: IamWriter) -> list[str]:
    """How a principal differs from what the calls made so far have put in place, in sentences.

    Raises:
        AwsError: it can't be read.
    """
    gone = _why_gone(state, writer)
    if gone:
        return [gone]
    live = writer.read_principal(state.kind, state.name)
    created = {call.policy: call.document for call in state.calls if call.kind is CallKind.CREATE_POLICY}
    own = [arn for arn in created if arn in state.expected.attached]
    return [
        *_differences(state.expected, {**state.documents, **created}, state, live),
        *(f"the policy {arn} isn't as this run created it" for arn in own if not _is_as_created(arn, state, writer)),
    ]


def _comes_true(check: Callable[[], bool], run: Run, *, patience_seconds: float | None = None) -> bool:
    """Whether something is so by the time that IAM needs to show a change."""
    patience = run.patience_seconds if patience_seconds is None else patience_seconds
    until = time.monotonic() + patience
    said = patience <= _SILENCE_SECONDS
    while not check():
        if time.monotonic() > until:
            return False
        if not said and until - time.monotonic() < patience - _SILENCE_SECONDS:
            run.say(f"waiting up to {patience:.0f} s for IAM to show the changes")
            said = True
        time.sleep(0.5)
    return True


_SILENCE_SECONDS: Final = 2.0
"""How long to wait without a word."""


# ---------------------------------------------------------------- undo


def _undo(principal: str, run: Run) -> Outcome:
    state = run.journal.states.get(principal)
    if state is None or state.phase is Phase.UNDONE:  # a run was killed that had only the lock left
        return Outcome(principal, OutcomeKind.UNDONE)
    try:
        gone = _why_gone(state, run.writer)
    except AwsError as error:
        return Outcome(principal, OutcomeKind.STUCK, (f"undoing failed: {error.message}",))
    run.journal.note("undo", principal)
    try:
        left = tuple(_take_back(principal, run, gone=bool(gone)))
        differences = (gone,) if gone else tuple(_await_before(state, run))
    except (AwsError, LockLostError) as error:
        run.journal.note("undo_failed", principal, why=error.message)
        return Outcome(principal, OutcomeKind.STUCK, (f"undoing failed: {error.message}",))
    if left:
        run.journal.note("undo_failed", principal, why="; ".join(left))
        kind = OutcomeKind.LEFT if differences else OutcomeKind.UNDONE_IN_PART
        return Outcome(principal, kind, (*left, *differences))
    run.journal.note("undone", principal, differences=list(differences))
    kind = OutcomeKind.GONE if gone else OutcomeKind.UNDONE_BUT if differences else OutcomeKind.UNDONE
    return Outcome(principal, kind, differences)


def _why_gone(state: RolloutState, writer: IamWriter) -> str:
    """Why there is no principal to put back, or ""."""
    found = writer.read_principal_id(state.kind, state.name)
    if not found:
        return f"there is no {state.kind} of this name any more"
    return "" if found == state.principal_id else "it was deleted and created again since"


def _later_policies(state: RolloutState | None, writer: IamWriter) -> list[str]:
    """The policies made by lpgen that a principal holds now, and that this rollout neither found nor made."""
    if state is None or state.phase is Phase.UNDONE or _why_gone(state, writer):
        return []
    live = writer.read_principal(state.kind, state.name)
    known = {*(call.policy for call in state.calls), *_names_of(state.before)}
    arn, unique_id = live.principal.arn, live.principal.principal_id
    attached = [policy for policy in live.holding.attached if f":policy{POLICY_PATH}" in policy]
    inline = [name for name, text in live.holding.inline if is_named_by_content(name, text, arn, unique_id)]
    return [policy for policy in (*attached, *inline) if policy not in known]


def _take_back(principal: str, run: Run, *, gone: bool) -> Iterator[str]:
    """Makes the inverse of each call that this rollout made, the last one first, where its effect is missing.

    Yields a sentence for each that can't be made without losing what somebody else made. Of a principal that is gone
    only the policies that were created for it are left to delete.
    """
    outwait_late_call(run.journal.states[principal], run)
    put_back = settled = False
    kept: set[str] = set()
    for number, call in run.journal.states[principal].calls_to_undo:
        state = run.journal.states[principal]
        if (gone and call.kind is not CallKind.DELETE_POLICY) or call.policy in kept or run.writer.in_effect(call):
            continue
        if put_back and not call.adds and not settled:
            time.sleep(run.settle_seconds)
            settled = True
        if not gone and call.kind is CallKind.DELETE_POLICY and state.was_detached_by_others(call.policy):
            problem = f"the policy {call.policy} was detached by somebody else, who may need it again: it stays"
        else:
            problem = _problem(call, number, state, run, patience_seconds=0 if kept else run.patience_seconds)
        if not problem:
            _check_lock(state, run)
            run.journal.note("undo_about", principal, policy=call.policy, operation=call.operation)
            run.say(f"{principal}: {call.operation} {call.policy}")
            try:
                run.writer.perform(call)
            except RefusedCallError as error:
                problem = error.message
        if problem:
            yield problem
            kept.add(call.policy)
            continue
        run.journal.note("undo_done", principal, policy=call.policy, operation=call.operation)
        put_back = put_back or call.adds


def _problem(call: Call, number: int, state: RolloutState, run: Run, *, patience_seconds: float) -> str:
    """Why the inverse of a call would lose what somebody else has made, or leave less than what stays; or ""."""
    if call.kind is CallKind.DELETE_POLICY:
        return _problem_of_deletion(call, state, run.writer)
    if call.kind is CallKind.DETACH and not _is_own(call.policy, state, run.writer):
        return f"the policy {call.policy} isn't the one that this run created, and stays attached"
    if call.adds:
        return _problem_of_return(call, state, run.writer)
    # INVARIANT: a new policy is removed only while every old policy is there that was there when it was added. What
    # somebody else has removed stays removed, and then the replacement stays.
    missing: list[str] = []
    inline: dict[str, str] = {}

    def is_whole() -> bool:
        live = run.writer.read_principal(state.kind, state.name)
        missing[:] = _lost(state.old_policies_at(number), state.documents, live)
        inline.clear()
        inline.update(live.holding.inline)
        return not missing

    if not _comes_true(is_whole, run, patience_seconds=patience_seconds):
        return f"{'; '.join(missing)}: so {call.policy} stays"
    edited = call.kind is CallKind.DELETE_INLINE and inline.get(call.policy, call.document) != call.document
    return f"the inline policy {call.policy} was edited since, and is left as it is" if edited else ""


def _problem_of_return(call: Call, state: RolloutState, writer: IamWriter) -> str:
    if call.policy in state.taken_back:
        return f"the policy {call.policy} was put back, and somebody else has removed it since"
    if call.kind is CallKind.PUT_INLINE:
        now = dict(writer.read_holding(state.kind, state.name).inline)
        edited = now.get(call.policy, call.document) != call.document
        return f"the inline policy {call.policy} was edited since, and is left as it is" if edited else ""
    if writer.read_default_document(call.policy) != state.documents.get(call.policy):
        return f"the policy {call.policy} is gone or has another document since, and isn't put back"
    return ""


def _problem_of_deletion(call: Call, state: RolloutState, writer: IamWriter) -> str:
    if not _is_own(call.policy, state, writer):
        return f"the policy {call.policy} isn't the one that this run created, and is left as it is"
    if writer.read_policy(call.policy) != call.document:
        return f"the policy {call.policy} has another version since, and is left as it is"
    users = ", ".join(writer.read_users_of_policy(call.policy))
    return f"the policy {call.policy} is attached to {users}, and is left as it is" if users else ""


def _await_before(state: RolloutState, run: Run) -> list[str]:
    """The remaining differences from before, in sentences, once IAM had the time to show the last change."""
    found: list[str] = []

    def is_as_before() -> bool:
        live = run.writer.read_principal(state.kind, state.name)
        found[:] = _differences(state.before, state.documents, state, live)
        return not found or not _may_be_late(state, live)

    _comes_true(is_as_before, run)
    return found


def _may_be_late(state: RolloutState, live: LivePrincipal) -> bool:
    """Whether what differs is something that an inverse call was to change."""
    touched = {call.policy for call in state.inverse}
    before, now = state.before, live.holding
    names = {one[0] for one in set(before.inline) ^ set(now.inline)} | (set(before.attached) ^ set(now.attached))
    return bool(names & touched)


# ---------------------------------------------------------------- differences


def _differences(
    expected: Holding, documents: Mapping[str, str], state: RolloutState, live: LivePrincipal
) -> Iterator[str]:
    """How a principal differs from the policies that it should hold, and from what it was besides, in sentences."""
    should, now = dict(expected.inline), dict(live.holding.inline)
    yield from _lost(expected, documents, live)
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


def _lost(expected: Holding, documents: Mapping[str, str], live: LivePrincipal) -> Iterator[str]:
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

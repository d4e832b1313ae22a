"""Applies and undoes the rollout of one principal, a call at a time, with the journal on disk before and after each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from lpgen.core.digests import digest_of_text
from lpgen.core.registry.refusals import RefusalKind
from lpgen.core.rollout.calls import Call, CallKind, Holding, holding_after, inverse_calls
from lpgen.core.rollout.fingerprint import policies_sha256
from lpgen.core.rollout.outcomes import Outcome, OutcomeKind
from lpgen.core.rollout.plan import PrincipalPlan, Refusal
from lpgen.core.rollout.plan_rollout import own_texts
from lpgen.core.rollout.refusals import Exceptions, refusals_of_principal
from lpgen.edge.rollout.begun import Begun
from lpgen.edge.rollout.caller_chain import CallerName
from lpgen.edge.rollout.iam_writer import NOT_FOUND, READ_BACK_SECONDS, IamWriter, LivePrincipal, Quotas
from lpgen.edge.rollout.journal import Journal
from lpgen.errors import AwsError, LpgenError, RolloutError, quote_input

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Run:
    """The shared objects of the rollout of any principal of an account. `say` reports each step."""

    writer: IamWriter
    journal: Journal
    settle_seconds: float
    say: Say


# ---------------------------------------------------------------- before the first call


def live_refusals(
    plan: PrincipalPlan, writer: IamWriter, callers: Iterable[CallerName], *, quotas: Quotas, begun: Begun | None
) -> tuple[Refusal, ...]:
    """Why a plan isn't to be carried out, from what IAM says now; empty where nothing speaks against it.

    `quotas` count the policies of plans that come first as in use.

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
    if begun is not None and begun.unfinished:
        return tuple(_refusals_to_resume(begun, live, plan))
    found = list(_refusals_of_live(plan, live))
    return tuple(found or [*_refusals_of_names(plan, live, writer), *_refusals_of_quotas(plan, quotas)])


def _refusals_of_live(plan: PrincipalPlan, live: LivePrincipal) -> Iterator[Refusal]:
    if live.principal.arn != plan.principal or policies_sha256(live.principal) != plan.sha256:
        yield Refusal.of(RefusalKind.CHANGED, case="policies")
    elif set(own_texts(live.principal)) != set(plan.before) or plan.boundary != live.boundary:
        yield Refusal.of(RefusalKind.CHANGED, case="plan")
    yield from _refusals_of_kind(plan, live)


def _refusals_of_kind(plan: PrincipalPlan, live: LivePrincipal) -> Iterator[Refusal]:
    yield from refusals_of_principal(live.principal, Exceptions(included=(plan.principal,)), folder=plan.folder)


def _refusals_to_resume(begun: Begun, live: LivePrincipal, plan: PrincipalPlan) -> Iterator[Refusal]:
    """A killed run is finished only where the principal is as it left it, with or without the call it was at."""
    at = begun.next_call
    reachable = [holding_after(begun.before, begun.calls[:end]) for end in (at, at + 1)]
    same = live.principal.principal_id == begun.principal_id and _rest_of(live) == _rest_before(begun)
    if begun.undoing or not same or live.holding not in reachable or not _is_proven_by_live(begun, live):
        yield Refusal.of(RefusalKind.JOURNAL)
    yield from _refusals_of_kind(plan, live)


def _is_proven_by_live(begun: Begun, live: LivePrincipal) -> bool:
    """Whether the old policies are read from IAM rather than from the journal.

    INVARIANT: something is added only while all old policies are in place with the documents that the proof was from.
    """
    now = dict(live.documents)
    same = all(begun.documents.get(arn) == now[arn] for arn in begun.before.attached if arn in now)
    gone = _names_of(begun.before) - _names_of(live.holding)
    return same and not (gone and any(call.adds for call in begun.calls[begun.next_call :]))


def _names_of(holding: Holding) -> set[str]:
    return {*dict(holding.inline), *holding.attached}


def _rest_of(live: LivePrincipal) -> tuple[str, str]:
    return live.boundary, live.trust


def _rest_before(begun: Begun) -> tuple[str, str]:
    return begun.boundary, begun.trust


def _refusals_of_names(plan: PrincipalPlan, live: LivePrincipal, writer: IamWriter) -> Iterator[Refusal]:
    inline = dict(live.holding.inline)
    for call in plan.calls:
        created = call.kind is CallKind.CREATE_POLICY and writer.read_policy(call.policy) is not None
        if created or (call.kind is CallKind.PUT_INLINE and call.policy in inline):
            yield Refusal.of(RefusalKind.NAME_TAKEN, case="account", policy=call.policy)


def _refusals_of_quotas(plan: PrincipalPlan, quotas: Quotas) -> Iterator[Refusal]:
    """The limits of versions are never met, since no call makes a version of a policy that is there."""
    created = sum(call.kind is CallKind.CREATE_POLICY for call in plan.calls)
    for needed, allowed, what, advice in (
        (plan.peak.attached, quotas.attached, "attached policies at once", _PLAN_AGAIN.format(quotas.attached)),
        (plan.peak.inline_characters, quotas.inline_characters, "characters of inline policies", ""),
        (plan.peak.largest_policy, quotas.policy_characters, "characters in one policy", ""),
        (quotas.policies_in_use + created, quotas.policies, "customer managed policies in the account", ""),
    ):
        if needed > allowed:
            yield Refusal.of(RefusalKind.QUOTA, needed=needed, what=what, allowed=allowed, advice=advice)


_PLAN_AGAIN: Final = ": plan again with --attached-quota {}, or raise the quota"


# ---------------------------------------------------------------- apply


def apply_principal(plan: PrincipalPlan, run: Run) -> Outcome:
    """Carries a plan out, or finishes what a killed run began; after an error the principal is put back as it was.

    Raises:
        AwsError, RolloutError: nothing was changed, or the journal can't be written.
    """
    begun = run.journal.begun.get(plan.principal)
    if begun is None or not begun.unfinished:
        live = run.writer.read_principal(plan.kind, plan.name)
        refusals = tuple(_refusals_of_live(plan, live))
        if refusals:
            return Outcome(plan.principal, OutcomeKind.REFUSED, tuple(one.why for one in refusals))
        begun = run.journal.begin(live, plan.calls, inverse_calls(plan.calls, dict(live.holding.inline)))
    try:
        _make_calls(begun, run)
        _check_applied(begun, run)
    except (AwsError, RolloutError, KeyboardInterrupt) as error:
        why = error.message if isinstance(error, LpgenError) else "interrupted"
        run.journal.note("failed", plan.principal, why=why)
        run.say(f"{plan.principal}: {why}; taking back")
        undone = undo_principal(begun, run)
        if isinstance(error, KeyboardInterrupt):
            raise
        kind = OutcomeKind.TAKEN_BACK if undone.kind is OutcomeKind.UNDONE else OutcomeKind.STUCK
        return Outcome(plan.principal, kind, (why, *undone.why))
    run.journal.note("applied", plan.principal)
    return Outcome(plan.principal, OutcomeKind.APPLIED)


def _make_calls(begun: Begun, run: Run) -> None:
    settled = False
    for number in sorted(begun.about - begun.done):  # what a killed run may have made
        if run.writer.in_effect(begun.calls[number]):
            run.journal.note("done", begun.principal, call=number)
    for number, call in enumerate(begun.calls):
        if number in begun.done:
            continue
        if not call.adds and not settled:
            _check_all_new(begun, run)
            time.sleep(run.settle_seconds)
            settled = True
        _check_document(begun, call)
        run.journal.note("about", begun.principal, call=number)
        run.say(f"{begun.principal}: {call.operation} {call.policy}")
        run.writer.perform(call)
        run.journal.note("done", begun.principal, call=number)


def _check_document(begun: Begun, call: Call) -> None:
    """INVARIANT: the document put in place is the one whose digest was on disk before the first call."""
    if call.document and digest_of_text(call.document) != begun.digests[call.policy]:
        raise RolloutError(f"the document of {quote_input(call.policy)} isn't the one that the journal was begun with")


def _check_all_new(begun: Begun, run: Run) -> None:
    """Read back that everything added so far is in place, before anything is removed."""
    _await_holding(begun, holding_after(begun.before, (begun.calls[at] for at in sorted(begun.done))), run)


def _check_applied(begun: Begun, run: Run) -> None:
    _await_holding(begun, holding_after(begun.before, begun.calls), run)
    live = run.writer.read_principal(begun.kind, begun.name)
    if _rest_of(live) != _rest_before(begun):
        raise RolloutError(f"the boundary or trust of {quote_input(begun.principal)} was changed meanwhile")


def _await_holding(begun: Begun, expected: Holding, run: Run) -> None:
    """Wait until IAM shows the expected policies.

    Raises:
        RolloutError: it doesn't within the time that a change may take to show.
    """
    until = time.monotonic() + (READ_BACK_SECONDS if run.settle_seconds else 2.0)
    while run.writer.read_holding(begun.kind, begun.name) != expected:
        if time.monotonic() > until:
            raise RolloutError(f"the policies of {quote_input(begun.principal)} aren't what they should be by now")
        time.sleep(0.5)


# ---------------------------------------------------------------- undo


def undo_principal(begun: Begun, run: Run) -> Outcome:
    """Takes back every call that was made, by what IAM has now, and compares the outcome with what was, to the byte.

    Leaves what others have changed since as it is, and says so.

    Raises:
        RolloutError: the journal can't be written.
    """
    try:
        live = run.writer.read_principal(begun.kind, begun.name)
        if live.principal.principal_id != begun.principal_id:
            return Outcome(begun.principal, OutcomeKind.REFUSED, ("it was deleted and created again since",))
        run.journal.note("undo", begun.principal)
        left = tuple(_take_back(begun, live, run))
        differences = tuple(_await_before(begun, run))
    except AwsError as error:
        run.journal.note("undo_failed", begun.principal, why=error.message)
        return Outcome(begun.principal, OutcomeKind.STUCK, (f"undoing failed: {error.message}",))
    if left:
        run.journal.note("undo_failed", begun.principal, why="; ".join(left))
        kind = OutcomeKind.LEFT if differences else OutcomeKind.UNDONE_IN_PART
        return Outcome(begun.principal, kind, (*left, *differences))
    run.journal.note("undone", begun.principal, differences=list(differences))
    kind = OutcomeKind.UNDONE_BUT if differences else OutcomeKind.UNDONE
    return Outcome(begun.principal, kind, differences)


def _take_back(begun: Begun, live: LivePrincipal, run: Run) -> Iterator[str]:
    """Makes the calls that are needed; a sentence for each that can't be without losing what somebody else made."""
    put_back = settled = False
    for call in begun.taking_back:
        if run.writer.in_effect(call):
            continue
        conflict = _conflict(call, live, run.writer)
        if conflict:
            yield conflict
            if call.adds:
                return  # INVARIANT: a new policy is removed only once the one it replaced is back.
            continue
        if put_back and not call.adds and not settled:
            time.sleep(run.settle_seconds)
            settled = True
        run.journal.note("undo_about", begun.principal, policy=call.policy, operation=call.operation)
        run.say(f"{begun.principal}: {call.operation} {call.policy}")
        run.writer.perform(call)
        run.journal.note("undo_done", begun.principal, policy=call.policy, operation=call.operation)
        put_back = put_back or call.adds


def _conflict(call: Call, live: LivePrincipal, writer: IamWriter) -> str:
    """Why a call of an undo would lose what somebody else has made, or ""."""
    inline = dict(live.holding.inline)
    changed = call.kind is CallKind.DELETE_INLINE and inline.get(call.policy, call.document) != call.document
    if changed or (call.kind is CallKind.PUT_INLINE and inline.get(call.policy, call.document) != call.document):
        return f"the inline policy {call.policy} was edited since, and is left as it is"
    if call.kind is CallKind.DELETE_POLICY:
        if writer.read_policy(call.policy) != call.document:
            return f"the policy {call.policy} has another version since, and is left as it is"
        users = ", ".join(writer.read_users_of_policy(call.policy))
        if users:
            return f"the policy {call.policy} is attached to {users}, and is left as it is"
    return ""


def _await_before(begun: Begun, run: Run) -> list[str]:
    """The remaining differences from before, in sentences, once IAM had the time to show the last change."""
    until = time.monotonic() + (READ_BACK_SECONDS if run.settle_seconds else 0.5)
    while True:
        live = run.writer.read_principal(begun.kind, begun.name)
        found = list(_differences(begun, live))
        if not found or time.monotonic() > until or not _may_be_late(begun, live):
            return found
        time.sleep(0.5)


def _may_be_late(begun: Begun, live: LivePrincipal) -> bool:
    """Whether what differs is something that an inverse call was to change."""
    touched = {call.policy for call in begun.inverse}
    before, now = begun.before, live.holding
    names = {one[0] for one in set(before.inline) ^ set(now.inline)} | (set(before.attached) ^ set(now.attached))
    return bool(names & touched)


def _differences(begun: Begun, live: LivePrincipal) -> Iterator[str]:
    before, now = dict(begun.before.inline), dict(live.holding.inline)
    for name in sorted(before.keys() | now.keys()):
        if before.get(name) != now.get(name):
            yield f"the inline policy {name} {_change(name in before, name in now)}"
    was, has = set(begun.before.attached), set(live.holding.attached)
    for arn in sorted(was ^ has):
        yield f"the policy {arn} {'is no longer attached' if arn in was else 'was attached since'}"
    documents = dict(live.documents)
    for arn in sorted(was & has):
        if begun.documents.get(arn) != documents.get(arn):
            yield f"the attached policy {arn} has another document since"
    if live.boundary != begun.boundary:
        yield "its boundary is another since"
    if live.trust != begun.trust:
        yield "its trust policy is another since"


def _change(was: bool, is_now: bool) -> str:
    return "was edited since" if was and is_now else "is gone" if was else "was added since"

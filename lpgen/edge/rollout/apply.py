"""Applies the rollout of one principal, call by call. The journal is written before and after each call."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from lpgen.core.digests import digest_of_text
from lpgen.core.iam.policy import policy_size
from lpgen.core.model import PrincipalKind
from lpgen.core.rollout.calls import CallKind, HeldPolicies, IamCall, holding_after, inverse_calls
from lpgen.core.rollout.fingerprint import policies_sha256
from lpgen.core.rollout.plan import OutcomeKind, PrincipalPlan, RolloutOutcome
from lpgen.core.rollout.plan_rollout import own_texts
from lpgen.core.rollout.refusals import Exceptions, Refusal, RefusalKind, refusals_of_principal
from lpgen.core.rollout.state import RolloutPhase, RolloutState, without_space
from lpgen.edge.aws_session import AwsSession
from lpgen.edge.rollout.compare import await_expected, is_as_created, why_gone
from lpgen.edge.rollout.iam_writer import NOT_FOUND, IamWriter, LivePrincipal, Notes, Quotas
from lpgen.edge.rollout.journal import Recorded
from lpgen.edge.rollout.lock import check_lock, under_lock, why_locked
from lpgen.edge.rollout.run import Run, comes_true, interrupts_deferred, look_last, settle
from lpgen.edge.rollout.undo import take_back
from lpgen.errors import AwsError, LockLostError, LpgenError, RolloutError, quote_input

# ---------------------------------------------------------------- before the first call


def live_refusals(
    plan: PrincipalPlan, writer: IamWriter, callers: Iterable[CallerName], *, quotas: Quotas, recorded: Recorded
) -> tuple[Refusal, ...]:
    """Why a plan must not be applied, from the current state of IAM. Empty if nothing prevents it.

    `quotas` count the policies of earlier plans as in use, and `recorded` is the plan's journal.

    Raises:
        AwsError: something can't be read.
    """
    if any(caller.is_principal(plan.account, plan.kind, plan.name) for caller in callers):
        return (Refusal.of(RefusalKind.CALLER),)
    try:
        live = writer.read_principal(plan.kind, plan.name)
    except AwsError as error:
        if error.code != NOT_FOUND:
            raise
        return (Refusal.of(RefusalKind.CHANGED, case="gone", kind=plan.kind),)
    locked = why_locked(writer, plan.principal, plan.principal_id, recorded.numbers.get(plan.principal, ()))
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
    elif (set(own_texts(live.principal)), live.boundary) != (set(plan.before), plan.boundary) or (
        plan.trust is not None and plan.trust.before != without_space(live.holding.trust)
    ):
        yield Refusal.of(RefusalKind.CHANGED, case="plan")
    yield from refusals_of_principal(live.principal, Exceptions(included=(plan.principal,)), folder=plan.folder)


def _refusals_to_resume(state: RolloutState, live: LivePrincipal) -> Iterator[Refusal]:
    """A killed run is resumed only if the principal is as the run left it, with or without its last call."""
    at = state.next_call
    reachable = [holding_after(state.before, state.calls[:end]) for end in (at, at + 1)]
    same = (live.principal.principal_id, live.boundary) == (state.principal_id, state.boundary)
    right = same and any(map(live.holding.agrees_with, reachable)) and _is_proven_by_live(state, live)
    if state.phase is RolloutPhase.UNDOING or not right:
        yield Refusal.of(RefusalKind.JOURNAL)


def _is_proven_by_live(state: RolloutState, live: LivePrincipal) -> bool:
    """Whether the old policies come from IAM rather than from the journal.

    INVARIANT: policies are added only while all old policies are in place with the documents that were proven.
    """
    now = dict(live.documents)
    same = all(state.documents.get(arn) == now[arn] for arn in state.before.attached if arn in now)
    gone = _names_of(state.before) - _names_of(live.holding)
    return same and not (gone and any(call.adds for call in state.calls[state.next_call :]))


def _names_of(holding: HeldPolicies) -> set[str]:
    return {*dict(holding.inline), *holding.attached}


def _refusals_of_names(plan: PrincipalPlan, live: LivePrincipal, writer: IamWriter) -> Iterator[Refusal]:
    inline = dict(live.holding.inline)
    for call in plan.calls:
        created = call.kind is CallKind.CREATE_POLICY and writer.read_policy(call.policy) is not None
        if created or (call.kind is CallKind.PUT_INLINE and call.policy in inline):
            yield Refusal.of(RefusalKind.NAME_TAKEN, case="account", policy=call.policy)


def _refusals_of_quotas(plan: PrincipalPlan, quotas: Quotas) -> Iterator[Refusal]:
    """The exceeded quotas. Versions never exceed one, because no call creates a version of an existing policy."""
    trust = policy_size(plan.trust.policies[1]) if plan.trust else 0
    created = 1 + sum(call.kind is CallKind.CREATE_POLICY for call in plan.calls)  # one is the lock
    for needed, allowed, what, advice in (
        (plan.peak.attached, quotas.attached, "attached policies at once", _PLAN_AGAIN.format(quotas.attached)),
        (plan.peak.inline_characters, quotas.inline_characters, "characters of inline policies", ""),
        (plan.peak.largest_policy, quotas.policy_characters, "characters in one policy", ""),
        (trust, quotas.trust_characters, "characters in a trust policy", ""),
        (quotas.policies_in_use + created, quotas.policies, "customer managed policies in the account", ""),
    ):
        if needed > allowed:
            yield Refusal.of(RefusalKind.QUOTA, needed=needed, what=what, allowed=allowed, advice=advice)


_PLAN_AGAIN: Final = ": plan again with --attached-quota {}, or raise the quota"


# ---------------------------------------------------------------- apply


def apply_principal(plan: PrincipalPlan, run: Run) -> RolloutOutcome:
    """Applies a plan, or resumes a killed run. After an error, the principal's old state is restored.

    Raises:
        AwsError, RolloutError: nothing was changed, or the journal can't be written.
    """
    return under_lock(plan.principal, plan.principal_id, run, lambda: _apply(plan, run))


def _apply(plan: PrincipalPlan, run: Run) -> RolloutOutcome:
    state = run.journal.states.get(plan.principal)
    if state is not None and state.phase is RolloutPhase.APPLIED:  # the run was killed before it released the lock
        return RolloutOutcome(plan.principal, OutcomeKind.APPLIED, ("it was already",))
    live = run.writer.read_principal(plan.kind, plan.name)
    refusals = tuple(_refusals_to_begin(plan, live, state))
    if refusals:
        return RolloutOutcome(plan.principal, OutcomeKind.REFUSED, tuple(refusal.why for refusal in refusals))
    if state is None or not state.unfinished:
        run.journal.begin(live, plan.calls, inverse_calls(plan.calls, plan.texts_to_restore(live.holding.texts)))
    try:
        _make_calls(plan.principal, run)
        await_expected(plan.principal, run)
    except LockLostError as error:
        run.journal.note("failed", plan.principal, why=error.message)
        return RolloutOutcome(plan.principal, OutcomeKind.STUCK, (f"{error.message}: nothing else was changed",))
    except (AwsError, RolloutError, KeyboardInterrupt) as error:
        why = error.message if isinstance(error, LpgenError) else "interrupted"
        run.journal.note("failed", plan.principal, why=why)
        run.print_status(f"{plan.principal}: {why}; restoring the old policies")
        undone = take_back(plan.principal, run)
        if isinstance(error, KeyboardInterrupt):
            for problem in undone.why:
                run.print_status(f"{plan.principal}: {problem}")
            raise
        kind = _AFTER_FAILURE.get(undone.kind, OutcomeKind.STUCK)
        return RolloutOutcome(plan.principal, kind, (why, *undone.why))
    run.journal.note("applied", plan.principal)
    return RolloutOutcome(plan.principal, OutcomeKind.APPLIED)


_AFTER_FAILURE: Final = {
    OutcomeKind.UNDONE: OutcomeKind.TAKEN_BACK,
    OutcomeKind.UNDONE_NEAREST: OutcomeKind.TAKEN_BACK,
    OutcomeKind.GONE: OutcomeKind.GONE,
}


def _make_calls(principal: str, run: Run) -> None:
    state = run.journal.states[principal]
    for number in sorted(state.about - state.done):  # calls that a killed run may have made
        if run.writer.in_effect(state.calls[number]):
            _note_done(state, number, run)
    settled = False
    for number, call in enumerate(state.calls):
        if number in run.journal.states[principal].done:
            continue
        if not call.adds and not settled:
            await_expected(principal, run)
            settle(run)
        settled = not call.adds
        _make_call(number, principal, run)


def _make_call(number: int, principal: str, run: Run) -> None:
    state = run.journal.states[principal]
    call = state.calls[number]

    def about() -> None:
        look_last(lambda: _check_before(call, state, run), run)
        run.journal.note("about", principal, call=number)
        run.print_status(f"{principal}: {call.operation} {call.policy}")

    with interrupts_deferred(run.print_status):
        lost = run.writer.perform(call, Notes(about, lambda: run.journal.note("refused", principal, call=number)))
        _note_done(state, number, run, lost=lost)


def _note_done(state: RolloutState, number: int, run: Run, *, lost: bool = False) -> None:
    call = state.calls[number]
    created = {"policy_id": run.writer.read_policy_id(call.policy)} if call.kind is CallKind.CREATE_POLICY else {}
    run.journal.note("done", state.principal, call=number, lost=lost, **created)


def _check_before(call: IamCall, state: RolloutState, run: Run) -> None:
    """Checks, right before a call is made, that it changes what was planned.

    Raises:
        RolloutError: it doesn't.
    """
    check_lock(state.principal, state.principal_id, run)
    # INVARIANT: the document put in place has the digest that was on disk before the first call.
    if call.document and digest_of_text(call.document) != state.digests[call.policy]:
        raise RolloutError(f"the document of {quote_input(call.policy)} isn't the document that the journal began with")
    if call.kind is CallKind.ATTACH and not is_as_created(call.policy, state, run.writer):
        raise RolloutError(f"the policy {quote_input(call.policy)} isn't the policy that this run created")
    if not call.adds:  # all kept policies must be complete, including the versions of the new ones
        await_expected(state.principal, run)
    elif why_gone(state, run.writer) or not comes_true(
        lambda: run.writer.read_holding(state.kind, state.name).agrees_with(state.expected), run
    ):
        raise RolloutError(f"the policies of {quote_input(state.principal)} aren't as expected after the calls so far")


# ---------------------------------------------------------------- lpgen's own credentials


@dataclass(frozen=True, slots=True)
class CallerName:
    """A principal as named in a caller's ARN. The ARN of a session has the role's name without its path."""

    account: str
    kind: PrincipalKind
    name: str

    def is_principal(self, account: str, kind: PrincipalKind, name: str) -> bool:
        """Whether it is this principal. To IAM, names that differ only in case are the same."""
        return (self.account, self.kind, self.name.lower()) == (account, kind, name.lower())


_CALLER: Final = re.compile(r"arn:[^:]+:(?:sts|iam)::([0-9]{12}):(assumed-role|role|user)/(.+)", re.DOTALL)


def _caller_from_arn(arn: str) -> CallerName | None:
    """The principal of a caller's ARN. None for the root user and federated users.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns
    """
    found = _CALLER.fullmatch(arn)
    if found is None:
        return None
    account, kind, rest = found.groups()
    if kind == "assumed-role":
        return CallerName(account, PrincipalKind.ROLE, rest.partition("/")[0])
    return CallerName(account, PrincipalKind(kind), rest.rpartition("/")[2])


def caller_chain(session: AwsSession) -> tuple[CallerName, ...]:
    """The caller, and the roles that its profile assumes on the way, if the configuration names them.

    https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-role.html

    Raises:
        AwsError: there are no valid credentials.
    """
    arns = [session.caller().arn, *_configured_roles(session)]
    found = [_caller_from_arn(arn) for arn in arns]
    return tuple(dict.fromkeys(name for name in found if name is not None))


def _configured_roles(session: AwsSession) -> Iterator[str]:
    core: Any = session.boto._session
    profiles = core.full_config.get("profiles", {})
    name, seen = session.boto.profile_name, set[str]()
    while name in profiles and name not in seen:
        seen.add(name)
        profile = profiles[name]
        if "role_arn" in profile:
            yield profile["role_arn"]
        name = profile.get("source_profile", "")

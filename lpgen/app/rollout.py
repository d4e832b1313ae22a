"""The spine of `lpgen rollout` after the plan: apply and undo in AWS, watch from the data folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.model import PrincipalKind
from lpgen.core.principal_names import hint_of_name, names_of_principal
from lpgen.core.rollout.calls import CallKind
from lpgen.core.rollout.denials import PoliciesSince
from lpgen.core.rollout.lock import lock_arn
from lpgen.core.rollout.plan import OutcomeKind, PrincipalPlan, RolloutOutcome
from lpgen.core.rollout.proofs import prove_plans, unproven
from lpgen.core.rollout.refusals import Refusal, RefusalKind
from lpgen.core.rollout.source import RolloutPlan
from lpgen.core.rollout.state import RolloutPhase
from lpgen.core.rollout.trust_change import same_trust
from lpgen.core.rollout.watch import Watched, watch_rollout
from lpgen.core.snapshots import NO_SNAPSHOT
from lpgen.core.usage.foreign_callers import arns_of_ids, name_foreign_callers
from lpgen.edge.aws_session import AwsSession
from lpgen.edge.data_folder.snapshot_folder import find_snapshot, open_snapshot
from lpgen.edge.data_folder.usage_files import read_usage
from lpgen.edge.readers.iam_snapshot import read_snapshot
from lpgen.edge.rollout.apply import CallerName, apply_principal, caller_chain, live_refusals
from lpgen.edge.rollout.compare import unexpected_policies
from lpgen.edge.rollout.iam_writer import IamWriter, Quotas
from lpgen.edge.rollout.journal import Journal, Recorded, read_journal
from lpgen.edge.rollout.run import Run
from lpgen.edge.rollout.undo import undo_principal
from lpgen.edge.signatures import is_signature_of, read_public_key
from lpgen.errors import AwsError, InvocationError, RolloutError, TamperingError, quote_input

_PrintStatus = Callable[[str], None]


def chosen_principals(plan: RolloutPlan, names: Iterable[str] | None) -> tuple[str, ...]:
    """The ARNs of the named principals of a plan, or of all, in the plan's order.

    A name is never a glob, because this changes IAM.

    Raises:
        InvocationError: a name matches no principal, or several.
    """
    known = tuple(planned.principal for planned in plan.principals)
    if not names:
        return known
    chosen: set[str] = set()
    for name in names:
        found = [arn for arn in known if name in names_of_principal(arn)]
        if len(found) != 1:
            what = f"matches {len(found) or 'no'} {'principals' if found else 'principal'} of the plan"
            hint = "give an ARN" if found else hint_of_name(name, known, otherwise=_names_of(known))
            raise InvocationError(f"{quote_input(name)} {what}", hint=hint)
        chosen.update(found)
    return tuple(arn for arn in known if arn in chosen)


def _names_of(known: Sequence[str]) -> str:
    """A hint with the first few names to choose from."""
    names = [arn.rpartition("/")[2] for arn in known]
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f"give a name or an ARN: {', '.join(names[:5])}{more}" if names else "the plan has no principals"


# ---------------------------------------------------------------- accounts


@dataclass(slots=True)
class Accounts:
    """The reachable accounts: the caller's own, or any account where the role can be assumed."""

    session: AwsSession
    role: str = ""
    _writers: dict[str, IamWriter] = field(default_factory=dict)
    _callers: dict[str, tuple[CallerName, ...]] = field(default_factory=dict)
    _quotas: dict[tuple[str, PrincipalKind], Quotas] = field(default_factory=dict)

    def reach(self, account: str) -> str:
        """Prepares an account's writer, and returns why the account can't be reached, or "".

        Raises:
            AwsError: there are no valid credentials, or the role can't be assumed.
        """
        if account in self._writers:
            return ""
        session, chain = self.session, caller_chain(self.session)
        if self.role:
            partition = session.caller().partition
            session = session.assume_role(f"arn:{partition}:iam::{account}:role/{self.role}")
            chain = (*chain, *caller_chain(session))
        caller = session.caller()
        if caller.account != account:
            return f"it is in account {account}, but the credentials are for {caller.account}: add --assume-role"
        self._writers[account] = IamWriter(session)
        self._callers[account] = chain
        return ""

    def writer(self, account: str) -> IamWriter:
        """The writer of an account that was reached."""
        return self._writers[account]

    def callers(self, account: str) -> tuple[CallerName, ...]:
        """The owners of the credentials used in an account that was reached: the caller, and each assumed role."""
        return self._callers[account]

    def quotas(self, plan: PrincipalPlan) -> Quotas:
        """The quotas for a principal. Policies that earlier plans create count as in use."""
        key = plan.account, plan.kind
        if key not in self._quotas:
            self._quotas[key] = self.writer(plan.account).read_quotas(plan.kind)
        return self._quotas[key]

    def reserve(self, plan: PrincipalPlan) -> None:
        """Counts the policies that a plan creates as in use."""
        made = sum(call.kind is CallKind.CREATE_POLICY for call in plan.calls)
        for key, quotas in self._quotas.items():
            if key[0] == plan.account:
                self._quotas[key] = replace(quotas, policies_in_use=quotas.policies_in_use + made)


# ---------------------------------------------------------------- apply


@dataclass(frozen=True, slots=True)
class Checked:
    """A chosen plan after all checks that are possible before the first call."""

    plan: PrincipalPlan
    refusals: tuple[Refusal, ...]
    done: bool = False


def check_signature(plan: RolloutPlan, path: Path, public_key: Path) -> None:
    """Refuse a plan that the owner of a key hasn't signed.

    Raises:
        TamperingError: no valid signature covers its documents.
    """
    if not is_signature_of(plan.source.signature, plan.source.digests.root, read_public_key(public_key)):
        raise TamperingError(
            f"no signature of `{public_key}` covers the documents of `{path}`",
            hint="sign the output with `lpgen generate --sign KEY`, and plan with --require-signature PUBLIC-KEY",
        )


def check_rollout(
    plan: RolloutPlan, chosen: Iterable[str], recorded: Recorded, accounts: Accounts, catalog: Catalog
) -> tuple[Checked, ...]:
    """The plans of the chosen principals, proven and compared with the current state of IAM. Changes nothing.

    Raises:
        AwsError: something can't be read.
    """
    plans = {planned.principal: planned for planned in plan.principals}
    proofs = prove_plans((plans[arn] for arn in chosen), catalog, attached_quota=plan.attached_quota)
    return tuple(_check(plans[arn], tuple(unproven(proofs.get(arn, ()))), recorded, accounts) for arn in chosen)


def _check(plan: PrincipalPlan, unproven: Sequence[str], recorded: Recorded, accounts: Accounts) -> Checked:
    state = recorded.states.get(plan.principal)
    applied = state is not None and state.phase is RolloutPhase.APPLIED
    if plan.refusals and not applied:
        return Checked(plan, plan.refusals)
    if unproven and not applied:
        return Checked(plan, tuple(Refusal.of(RefusalKind.NOT_PROVEN, why=why) for why in unproven))
    unreached = accounts.reach(plan.account)
    if unreached:
        return Checked(plan, (Refusal.of(RefusalKind.OTHER_ACCOUNT, why=unreached),))
    writer, callers = accounts.writer(plan.account), accounts.callers(plan.account)
    if state is not None and applied:
        why = "; ".join(unexpected_policies(state, writer))
        return Checked(plan, (Refusal.of(RefusalKind.CHANGED, case="applied", why=why),) if why else (), done=not why)
    refusals = live_refusals(plan, writer, callers, quotas=accounts.quotas(plan), recorded=recorded)
    if not refusals:
        accounts.reserve(plan)
    return Checked(plan, refusals)


def apply_rollout(
    plan_file: Path,
    plan: RolloutPlan,
    checked: Iterable[Checked],
    accounts: Accounts,
    *,
    settle_seconds: float,
    print_status: _PrintStatus,
) -> Iterator[RolloutOutcome]:
    """Carry out the checked plans, one principal after the other, and stop after the first failure.

    Raises:
        LpgenError: the journal can't be written.
        KeyboardInterrupt: it was interrupted; each principal has its outcome by then.
    """
    found = tuple(checked)
    yield from (_refused(check) for check in found if check.refusals)
    ready = {check.plan.principal: check for check in found if not check.refusals}
    if not ready:
        return  # without a journal, because a journal would keep the plan from being made again
    with Journal(plan_file, plan) as journal:

        def apply(arn: str) -> RolloutOutcome:
            if ready[arn].done and not journal.locks.get(arn):
                return RolloutOutcome(arn, OutcomeKind.APPLIED, ("it was already",))
            own = ready[arn].plan
            return apply_principal(own, Run(accounts.writer(own.account), journal, settle_seconds, print_status))

        yield from _outcomes(ready, journal, apply, applies=True)


def _refused(checked: Checked) -> RolloutOutcome:
    why = (
        f"{refusal.why} ({refusal.override} overrides it)" if refusal.override else refusal.why
        for refusal in checked.refusals
    )
    return RolloutOutcome(checked.plan.principal, OutcomeKind.REFUSED, tuple(why))


def _outcomes(
    principals: Iterable[str], journal: Journal, change: Callable[[str], RolloutOutcome], *, applies: bool
) -> Iterator[RolloutOutcome]:
    """The outcome of a change of each principal, until an apply fails, the journal fails, or the user interrupts."""
    stops, interrupt = False, None
    for arn in principals:
        if stops:
            yield RolloutOutcome(arn, OutcomeKind.NOT_REACHED)
            continue
        try:
            outcome = change(arn)
        except (AwsError, RolloutError) as error:
            outcome = _broken_off(arn, journal, error.message, applies=applies)
            stops = isinstance(error, RolloutError)  # the journal can't be written
        except KeyboardInterrupt as error:
            interrupt, outcome = error, _broken_off(arn, journal, "interrupted", applies=applies)
        fails = outcome.kind not in (OutcomeKind.APPLIED, OutcomeKind.GONE)
        stops = stops or interrupt is not None or (applies and fails)
        yield outcome
    if interrupt:
        raise interrupt


def _broken_off(principal: str, journal: Journal, why: str, *, applies: bool) -> RolloutOutcome:
    """The outcome for a principal whose change was broken off, according to the journal."""
    state = journal.states.get(principal)
    kind = OutcomeKind.STUCK if state and state.phase is not RolloutPhase.UNDONE else OutcomeKind.TAKEN_BACK
    if state and state.phase is RolloutPhase.APPLIED and applies:
        kind = OutcomeKind.APPLIED
    lock = ("its lock may remain: `lpgen rollout undo` on this plan removes it",)
    return RolloutOutcome(principal, kind, (why, *(lock if journal.locks.get(principal) else ())))


# ---------------------------------------------------------------- undo


def undo_rollout(
    plan_file: Path,
    plan: RolloutPlan,
    principals: Iterable[str],
    accounts: Accounts,
    *,
    settle_seconds: float,
    print_status: _PrintStatus,
) -> Iterator[RolloutOutcome]:
    """Restore the principals' earlier policies, in the given order. Continues after a failure.

    Raises:
        LpgenError: the journal can't be written.
        KeyboardInterrupt: it was interrupted; each principal has its outcome by then.
    """
    plans = {planned.principal: planned for planned in plan.principals}
    with Journal(plan_file, plan) as journal:

        def undo(arn: str) -> RolloutOutcome:
            account = plans[arn].account
            unreached = accounts.reach(account)
            if unreached:
                return RolloutOutcome(arn, OutcomeKind.REFUSED, (unreached,))
            return undo_principal(plans[arn], Run(accounts.writer(account), journal, settle_seconds, print_status))

        yield from _outcomes(principals, journal, undo, applies=False)


def find_unrecorded(
    plan: RolloutPlan, principals: Iterable[str], recorded: Recorded, accounts: Accounts
) -> dict[str, tuple[str, ...]]:
    """The plan's policies that principals have but the journal doesn't record, by principal.

    This happens if the journal, or its end, was lost.

    Raises:
        AwsError: an account can't be reached, or a principal can't be read.
    """
    found: dict[str, tuple[str, ...]] = {}
    for planned in plan.plans_of(principals):
        if planned.principal in recorded.to_undo or not planned.calls or accounts.reach(planned.account):
            continue
        writer = accounts.writer(planned.account)
        if writer.read_principal_id(planned.kind, planned.name) == planned.principal_id:
            holding = writer.read_holding(planned.kind, planned.name)
            held = {*dict(holding.inline), *holding.attached}
            added = {call.policy for call in planned.calls if call.adds} & held
            narrowing = (call for call in planned.calls if call.kind is CallKind.NARROW_TRUST)
            narrowed = {call.policy for call in narrowing if same_trust(holding.trust, call.document)}
            own = tuple(sorted(added | narrowed))
            found.update({planned.principal: own} if own else {})
    return found


# ---------------------------------------------------------------- locks


def find_locks(plan: RolloutPlan, principals: Iterable[str], accounts: Accounts) -> tuple[tuple[str, str], ...]:
    """The existing locks of a plan's principals, created by any run: principal and description.

    Raises:
        AwsError: an account can't be reached, or a lock can't be read.
        InvocationError: the credentials are for another account.
    """
    found = []
    for planned in plan.plans_of(principals):
        unreached = accounts.reach(planned.account)
        if unreached:
            raise InvocationError(f"{quote_input(planned.principal)} can't be reached: {unreached}")
        lock = lock_arn(planned.principal, planned.principal_id)
        description = accounts.writer(planned.account).read_lock(lock)
        if description is not None:
            found.append((planned.principal, description))
    return tuple(found)


def remove_locks(plan_file: Path, plan: RolloutPlan, principals: Iterable[str], accounts: Accounts) -> None:
    """Remove the locks of a plan's principals, unless a run of this plan file is active.

    Raises:
        AwsError: a lock can't be deleted.
        RolloutError: a run uses the journal.
    """
    with Journal(plan_file, plan):
        for planned in plan.plans_of(principals):
            lock = lock_arn(planned.principal, planned.principal_id)
            accounts.writer(planned.account).delete_lock(lock)


# ---------------------------------------------------------------- watch


def watch(plan: RolloutPlan, plan_file: Path, data: Path, catalog: Catalog, *, snapshot: str = "") -> list[Watched]:
    """The events in the data folder since the rollout of each principal that was rolled out.

    The newest snapshot, or the named one, shows which policies were restored.

    Raises:
        LpgenError: the journal or the data folder can't be read, or the snapshot doesn't exist.
    """
    states = read_journal(plan_file, plan).states
    applied = {arn: state.applied_at for arn, state in states.items() if state.phase is RolloutPhase.APPLIED}
    if not applied:
        raise InvocationError("no principal of this plan is applied", hint="run `lpgen rollout apply` first")
    usage = name_foreign_callers(
        read_usage(data), arns_of_ids((planned.principal, planned.principal_id) for planned in plan.principals)
    )
    return watch_rollout(applied, plan.principals, usage, catalog, policies_since(data, snapshot))


def policies_since(data: Path, snapshot: str) -> PoliciesSince | None:
    """The policies in the newest snapshot of a data folder, or in the named one. None without a snapshot."""
    folder = None if snapshot == NO_SNAPSHOT else find_snapshot(data, snapshot)
    if folder is None:
        return None
    taken = open_snapshot(folder)
    principals = read_snapshot(taken.policies).principals
    return PoliciesSince(
        taken.stamp.name,
        taken.stamp.taken,
        {
            (principal.arn, principal.principal_id): documents
            for principal in principals
            for documents in [tuple(policy.document for policy in principal.policies if policy.document)]
            if len(documents) == len(principal.policies)
        },
        {(principal.arn, principal.principal_id): principal.trust for principal in principals if principal.trust},
    )

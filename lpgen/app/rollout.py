"""The spine of `lpgen rollout` after the plan: apply and undo in AWS, watch from the data folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.model import PrincipalKind
from lpgen.core.principal_names import hint_of_name, names_of_principal
from lpgen.core.registry.refusals import RefusalKind
from lpgen.core.rollout.calls import CallKind
from lpgen.core.rollout.outcomes import Outcome, OutcomeKind
from lpgen.core.rollout.plan import PrincipalPlan, Refusal
from lpgen.core.rollout.proofs import prove_plans, unproven
from lpgen.core.rollout.source import RolloutPlan
from lpgen.core.rollout.watch import PoliciesSince, Watched, watch_rollout
from lpgen.core.snapshots import NO_SNAPSHOT
from lpgen.core.usage.foreign_callers import name_foreign_callers
from lpgen.edge.aws_session import AwsSession
from lpgen.edge.data_folder.snapshot_folder import find_snapshot, open_snapshot
from lpgen.edge.data_folder.usage_files import read_usage
from lpgen.edge.readers.iam_snapshot import read_snapshot
from lpgen.edge.rollout.begun import Begun
from lpgen.edge.rollout.caller_chain import CallerName, caller_chain
from lpgen.edge.rollout.iam_writer import IamWriter, Quotas
from lpgen.edge.rollout.journal import Journal, read_journal
from lpgen.edge.rollout.run import Run, apply_principal, live_refusals, undo_principal
from lpgen.edge.signatures import is_signature_of, read_public_key
from lpgen.errors import InvocationError, TamperingError, quote_input

Say = Callable[[str], None]


def chosen_principals(names: Iterable[str], known: Sequence[str]) -> tuple[str, ...]:
    """The ARNs of the principals that are named, in the order of `known`; globs aren't taken, since this changes IAM.

    Raises:
        InvocationError: a name is that of no principal, or of several.
    """
    chosen: set[str] = set()
    for name in names:
        found = [arn for arn in known if name in names_of_principal(arn)]
        if len(found) != 1:
            what = f"names {len(found) or 'no'} {'principals' if found else 'principal'} of the plan"
            hint = "give an ARN" if found else hint_of_name(name, known, otherwise=_names_of(known))
            raise InvocationError(f"{quote_input(name)} {what}", hint=hint)
        chosen.update(found)
    return tuple(arn for arn in known if arn in chosen)


def _names_of(known: Sequence[str]) -> str:
    """A hint with the first few names to choose from."""
    names = [arn.rpartition("/")[2] for arn in known]
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f"give a name or an ARN, of {', '.join(names[:5])}{more}" if names else "nothing of it can be rolled out"


# ---------------------------------------------------------------- accounts


@dataclass(slots=True)
class Accounts:
    """The accounts that can be reached: the caller's own, or any in which a role can be assumed."""

    session: AwsSession
    role: str = ""
    _writers: dict[str, IamWriter] = field(default_factory=dict)
    _callers: dict[str, tuple[CallerName, ...]] = field(default_factory=dict)
    _quotas: dict[tuple[str, PrincipalKind], Quotas] = field(default_factory=dict)

    def reach(self, account: str) -> str:
        """Makes an account's writer ready; why it can't be reached, or "".

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
            return f"it is in account {account}, and the credentials are those of {caller.account}: give --assume-role"
        self._writers[account] = IamWriter(session)
        self._callers[account] = chain
        return ""

    def writer(self, account: str) -> IamWriter:
        """The writer of an account that was reached."""
        return self._writers[account]

    def callers(self, account: str) -> tuple[CallerName, ...]:
        """The owners of the credentials used in an account that was reached: the caller, and the roles on the way."""
        return self._callers[account]

    def quotas(self, plan: PrincipalPlan) -> Quotas:
        """The quotas that count for a principal; policies that earlier plans make are in use."""
        key = plan.account, plan.kind
        if key not in self._quotas:
            self._quotas[key] = self.writer(plan.account).read_quotas(plan.kind)
        return self._quotas[key]

    def reserve(self, plan: PrincipalPlan) -> None:
        """Counts the policies that a plan makes as in use."""
        made = sum(call.kind is CallKind.CREATE_POLICY for call in plan.calls)
        for key, quotas in self._quotas.items():
            if key[0] == plan.account:
                self._quotas[key] = replace(quotas, policies_in_use=quotas.policies_in_use + made)


# ---------------------------------------------------------------- apply


@dataclass(frozen=True, slots=True)
class Checked:
    """A chosen plan after everything was checked that can be before the first call."""

    plan: PrincipalPlan
    refusals: tuple[Refusal, ...]
    done: bool = False


def check_signature(plan: RolloutPlan, path: Path, public_key: Path) -> None:
    """Refuse a plan that the owner of a key hasn't signed.

    Raises:
        TamperingError: no valid signature covers its documents.
    """
    if not is_signature_of(plan.source.signature, plan.source.digests.root, read_public_key(public_key)):
        raise TamperingError(f"no signature of `{public_key}` covers the documents of `{path}`", hint=_SIGN)


_SIGN = "sign the output with `lpgen generate --sign KEY`, and plan with --require-signature PUBLIC-KEY"


def check_rollout(
    plan: RolloutPlan, chosen: Iterable[str], begun: dict[str, Begun], accounts: Accounts, catalog: Catalog
) -> tuple[Checked, ...]:
    """Proves the plans of the chosen principals, and compares them with what IAM says now. Changes nothing.

    Raises:
        AwsError: something can't be read.
    """
    plans = {one.principal: one for one in plan.principals}
    proofs = prove_plans((plans[arn] for arn in chosen), catalog, attached_quota=plan.attached_quota)
    return tuple(_check(plans[arn], tuple(unproven(proofs.get(arn, ()))), begun.get(arn), accounts) for arn in chosen)


def _check(plan: PrincipalPlan, unproven: Sequence[str], begun: Begun | None, accounts: Accounts) -> Checked:
    if begun is not None and begun.applied:
        return Checked(plan, (), done=True)
    if plan.refusals:
        return Checked(plan, plan.refusals)
    if unproven:
        return Checked(plan, tuple(Refusal.of(RefusalKind.NOT_PROVEN, why=why) for why in unproven))
    unreached = accounts.reach(plan.account)
    if unreached:
        return Checked(plan, (Refusal.of(RefusalKind.OTHER_ACCOUNT, why=unreached),))
    writer, callers = accounts.writer(plan.account), accounts.callers(plan.account)
    refusals = live_refusals(plan, writer, callers, quotas=accounts.quotas(plan), begun=begun)
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
    say: Say,
) -> tuple[Outcome, ...]:
    """Carries the checked plans out, one principal after the other, and stops after the first that fails.

    Raises:
        LpgenError: the journal can't be written, or AWS can't be read before a principal's first call.
    """
    found = tuple(checked)
    outcomes = [_refused(one) for one in found if one.refusals]
    if len(outcomes) == len(found):
        return tuple(outcomes)  # without a journal, which would keep the plan from being made again
    failed = False
    with Journal(plan_file, plan) as journal:
        for one in found:
            arn, account = one.plan.principal, one.plan.account
            if one.refusals:
                continue
            if failed:
                outcomes.append(Outcome(arn, OutcomeKind.NOT_REACHED))
            elif one.done:
                outcomes.append(Outcome(arn, OutcomeKind.APPLIED, ("it was already",)))
            else:
                run = Run(accounts.writer(account), journal, settle_seconds, say)
                outcomes.append(apply_principal(one.plan, run))
                failed = outcomes[-1].kind is not OutcomeKind.APPLIED
    return tuple(outcomes)


def _refused(one: Checked) -> Outcome:
    why = tuple(f"{refusal.why}{_override(refusal)}" for refusal in one.refusals)
    return Outcome(one.plan.principal, OutcomeKind.REFUSED, why)


def _override(refusal: Refusal) -> str:
    return f" ({refusal.override} overrides it)" if refusal.override else ""


# ---------------------------------------------------------------- undo


def rollouts_begun(plan_file: Path, plan: RolloutPlan) -> tuple[Begun, ...]:
    """The principals whose rollout was begun, those that are undone too, the last one first.

    Raises:
        RolloutError: the journal can't be read.
        TamperingError: the journal says what lpgen wouldn't have written.
    """
    return tuple(reversed(read_journal(plan_file, plan).values()))


def undo_rollout(
    plan_file: Path,
    plan: RolloutPlan,
    principals: Iterable[str],
    accounts: Accounts,
    *,
    settle_seconds: float,
    say: Say,
) -> tuple[Outcome, ...]:
    """Restore the principals' earlier policies, in the order given; continue after one that can't be restored.

    Raises:
        LpgenError: the journal can't be written, or an account can't be reached.
    """
    outcomes: list[Outcome] = []
    with Journal(plan_file, plan) as journal:
        for arn in principals:
            begun = journal.begun[arn]
            unreached = accounts.reach(begun.account)
            if unreached:
                outcomes.append(Outcome(arn, OutcomeKind.REFUSED, (unreached,)))
                continue
            run = Run(accounts.writer(begun.account), journal, settle_seconds, say)
            outcomes.append(undo_principal(begun, run))
    return tuple(outcomes)


# ---------------------------------------------------------------- watch


def watch(plan: RolloutPlan, plan_file: Path, data: Path, catalog: Catalog, *, snapshot: str = "") -> list[Watched]:
    """The events in the data folder since the rollout of each principal that was rolled out.

    Its newest snapshot, or the one named, shows which policies were restored.

    Raises:
        LpgenError: the journal or the data folder can't be read, or the snapshot isn't there.
    """
    applied = {arn: one.applied_at for arn, one in read_journal(plan_file, plan).items() if one.applied}
    if not applied:
        raise InvocationError("nothing of this plan is applied", hint="run `lpgen rollout apply` first")
    usage = name_foreign_callers(read_usage(data), {one.principal_id: one.principal for one in plan.principals})
    return watch_rollout(applied, plan.principals, usage, catalog, policies_since(data, snapshot))


def policies_since(data: Path, snapshot: str) -> PoliciesSince | None:
    """The policies in the newest snapshot of a data folder, or in the one named; None where there is none."""
    folder = None if snapshot == NO_SNAPSHOT else find_snapshot(data, snapshot)
    if folder is None:
        return None
    taken = open_snapshot(folder)
    return PoliciesSince(
        taken.stamp.name,
        taken.stamp.taken,
        {
            (one.arn, one.principal_id): documents
            for one in read_snapshot(taken.policies).principals
            for documents in [tuple(policy.document for policy in one.policies if policy.document)]
            if len(documents) == len(one.policies)
        },
    )

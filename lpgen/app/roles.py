"""From a review to roles: what replaces users, which roles to merge or to split, and what nobody uses."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from msgspec import structs

from lpgen.app.inputs import AnalysisInputs
from lpgen.app.review import Review, current_decisions, open_review, refuse_empty_choice
from lpgen.app.savings import account_names
from lpgen.core.choices import RolesPart
from lpgen.core.model import Principal, PrincipalKind, SnapshotProblemKind
from lpgen.core.principal_names import is_named
from lpgen.core.roles.candidates import Reviewed, likeness_of, reviewed_from, sets_in_several_accounts
from lpgen.core.roles.leftovers import AccountInventory, leftovers_of
from lpgen.core.roles.merges import Making, curve_of, merge_of, weigh_all
from lpgen.core.roles.model import Curve, Merge, RolesReport, Split, UserKind, UserMove
from lpgen.core.roles.names import Names
from lpgen.core.roles.sessions import requests_by_role, sessions_from_usage
from lpgen.core.roles.signs import signs_from_usage
from lpgen.core.roles.splits import RoleInSessions, splits_of
from lpgen.core.roles.targets import Targets
from lpgen.core.roles.users import UserFacts, move_of_user, shared_move
from lpgen.core.snapshots import Subject
from lpgen.core.usage.assumptions import assumptions_from_usage
from lpgen.core.usage.tables import Usage
from lpgen.edge.collector import collector_paused
from lpgen.edge.data_folder.usage_files import read_current_usage
from lpgen.edge.readers.credentials import IamExtras, read_iam_extras
from lpgen.edge.readers.iam_snapshot import SnapshotStore, open_snapshot
from lpgen.edge.readers.identity_providers import read_identity_providers
from lpgen.edge.readers.snapshot_files import read_passwords
from lpgen.edge.replacement_files import write_new_folder
from lpgen.report.iac.roles import files_of_roles

_WHOLE: Final = (Subject.ACCOUNT, Subject.POLICIES)


def roles(inputs: AnalysisInputs, parts: Collection[RolesPart] = tuple(RolesPart)) -> RolesReport:
    """The proposals for all principals, shown for those that the options choose.

    Raises:
        LpgenError: the data folder or a policy file can't be read, or the options choose no principal.
    """
    pattern, inputs = inputs.options.principal, replace(inputs, options=replace(inputs.options, principal=""))
    store = open_snapshot(inputs.policies)
    principals = tuple(map(store.read, store.arns()))
    refuse_empty_choice(principals, pattern)
    files = (*inputs.files.credentials, *inputs.policies)
    extras = read_iam_extras(files, read_passwords(inputs.files.login_profiles))
    report = RolesReport(
        parts=tuple(part for part in RolesPart if part in parts),
        problems=tuple(f"{one.place}: {one.message}" for one in store.problems),
    )
    if RolesPart.LEFTOVERS in parts:
        found = leftovers_of(_inventory(inputs, store, principals, extras))
        report = structs.replace(report, leftovers=tuple(one for one in found if is_named(one.arn, pattern)))
    if {*parts} <= {RolesPart.LEFTOVERS}:
        return report
    with collector_paused():
        return _with_reviewed(report, inputs, extras, pattern)


def _with_reviewed(report: RolesReport, inputs: AnalysisInputs, extras: IamExtras, pattern: str) -> RolesReport:
    """The report with users, merges and splits."""
    review = open_review(inputs)
    reviewed = sorted(_reviewed(review), key=lambda one: one.principal.arn)
    usage = read_current_usage(inputs.data, stored=True)[1]
    facts = _user_facts(inputs, review, reviewed, extras, usage)
    making = _making(inputs, review, reviewed)
    moves = _moves(inputs, review, reviewed, facts, making)
    # Users who go to what exists need no shared role.
    kinds = {move.user: move.kind for move in moves if move.goes_to.new or move.goes_to.kind == "question"}
    merges, curves = _merges(inputs, review, reviewed, kinds, making)
    shared = {arn: merge for merge in merges for arn in merge.members}
    needs = {one.principal.arn: one.need for one in reviewed}
    moves = [shared_move(move, shared[move.user], needs) if move.user in shared else move for move in moves]
    # New names would depend on the parts that the user asks for if lpgen made only these.
    splits, parts = _splits(review, reviewed, usage, pattern, making), report.parts
    return structs.replace(
        report,
        users=tuple(move for move in moves if is_named(move.user, pattern)) if RolesPart.USERS in parts else (),
        merges=tuple(one for one in merges if _is_about(one, pattern)) if RolesPart.MERGES in parts else (),
        curves=tuple(one for one in curves if _is_about(one, pattern)) if RolesPart.MERGES in parts else (),
        splits=splits if RolesPart.SPLITS in parts else (),
    )


def _is_about(found: Merge | Curve, pattern: str) -> bool:
    return any(is_named(arn, pattern) for arn in found.members)


def _reviewed(review: Review) -> Iterator[Reviewed]:
    """Every principal with its review, its grants, its use and its need."""
    for batch in review.batches:
        for found in review.reviewer.propose_recorded(batch):
            yield reviewed_from(*found)


def _user_facts(
    inputs: AnalysisInputs, review: Review, reviewed: list[Reviewed], extras: IamExtras, usage: Usage
) -> list[UserFacts]:
    users = {one.principal.arn: one for one in reviewed if one.principal.kind is PrincipalKind.USER}
    signs = signs_from_usage(usage, users) if users else {}
    coverage, least = review.reviewer.ground.coverage, inputs.options.min_days
    return [UserFacts(one, signs[arn], extras.credentials_of(arn), coverage, least) for arn, one in users.items()]


def _moves(
    inputs: AnalysisInputs, review: Review, reviewed: list[Reviewed], users: list[UserFacts], making: Making
) -> list[UserMove]:
    """What should replace each of the users."""
    providers = read_identity_providers(inputs.files.identity_providers)
    known = frozenset(providers.arns) if providers else frozenset()
    targets = Targets(reviewed, known, review.reviewer.ground.judge.finder.dangers, making.names)
    return [move_of_user(user, targets) for user in users]


def _merges(
    inputs: AnalysisInputs, review: Review, reviewed: list[Reviewed], kinds: Mapping[str, UserKind], making: Making
) -> tuple[list[Merge], list[Curve]]:
    """The proposals, and the curves of all candidates. A role that could share one in its account is in no proposal for
    several accounts."""
    dangers = review.reviewer.ground.judge.finder.dangers
    accounts, by_arn = account_names(inputs.options), {one.principal.arn: one for one in reviewed}
    several = sets_in_several_accounts(one.principal for one in reviewed)
    alike = {arn: found for arn, one in by_arn.items() if (found := likeness_of(one, accounts, kinds, several))}
    merges, curves = [], []
    for weighed in weigh_all(alike, by_arn.__getitem__, dangers):
        merges += [merge_of(weighed, bits, members, making) for bits, members in weighed.shared()]
        curves += [curve_of(weighed)] if weighed.group.alike.account else []
    return sorted(merges, key=lambda merge: merge.members), curves


def _making(inputs: AnalysisInputs, review: Review, reviewed: list[Reviewed]) -> Making:
    options = replace(inputs.options, guards=review.report.guards)
    ground = review.reviewer.ground
    decisions, names = current_decisions(ground.coverage, options), Names(one.principal for one in reviewed)
    return Making(inputs.catalog, options, decisions, ground.scopes, names)


def _splits(review: Review, reviewed: list[Reviewed], usage: Usage, pattern: str, making: Making) -> tuple[Split, ...]:
    """The proposals for the roles that a pattern matches."""
    roles = [
        one for one in reviewed if one.principal.kind is PrincipalKind.ROLE and is_named(one.principal.arn, pattern)
    ]
    reviewer, principals = review.reviewer, [one.principal for one in roles]
    use = sessions_from_usage(usage, principals, reviewer.counter.names.full_arn)
    requests = requests_by_role(principals, assumptions_from_usage(usage))
    days = {covered.account: sorted(covered.days) for covered in reviewer.ground.coverage.accounts}
    found = (
        RoleInSessions(one, use[arn], requests[arn], days.get(one.principal.account, ()))
        for one in roles
        for arn in (one.principal.arn,)
    )
    return tuple(splits_of(found, reviewer.ground.judge.finder.dangers, making))


def _inventory(
    inputs: AnalysisInputs, store: SnapshotStore, principals: tuple[Principal, ...], extras: IamExtras
) -> AccountInventory:
    """What the policy files hold. An account isn't complete if a page or a part of it is missing."""
    cut = {problem.place for problem in store.problems if problem.kind is SnapshotProblemKind.TRUNCATED}
    snapshot = inputs.options.snapshot
    cut |= {gap.account for gap in snapshot.gaps if gap.subject in _WHOLE} if snapshot else set()
    providers = read_identity_providers(inputs.files.identity_providers)
    return AccountInventory(
        principals,
        store.groups(),
        store.customer_policies(),
        extras.profiles,
        frozenset() if "unknown account" in cut else frozenset(one.account for one in principals) - cut,
        providers.lack if providers else lambda _arn: False,
    )


def write_roles(report: RolesReport, folder: Path) -> None:
    """Writes the policies of new and shared roles, with evidence, to a new or empty folder.

    Raises:
        OutputError: the folder has files, or can't be written.
    """
    write_new_folder(folder, files_of_roles(report))

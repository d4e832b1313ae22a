"""Permission sets: one replacement for the roles that IAM Identity Center creates for a set, one per account.

A permission set has one inline policy, which its roles in all accounts get. So all roles keep what one of them needs:
each role's replacement also has the lines of the others, narrowed from its own equal statements, and is proven against
its own policies. If the roles have different policies, no single document can be proven for all, and a caveat says so.
https://docs.aws.amazon.com/singlesignon/latest/userguide/permissionsetsconcept.html
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from lpgen.core.analysis.caveats.permission_sets import (
    accounts_text,
    caveats_of_other_roles,
    caveats_of_set,
    own_caveats,
)
from lpgen.core.analysis.decisions import with_acceptance
from lpgen.core.analysis.synthesis.covering import merge_lines
from lpgen.core.analysis.synthesis.statements import fold_to_grant, service_of
from lpgen.core.arns import split_arn
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.evidence import PrincipalGrants, StatementRef
from lpgen.core.findings import GENERATED_CLASSES, PrincipalClass, PrincipalDiff, Proposal
from lpgen.core.iam.limits import ROLE_INLINE_LIMIT
from lpgen.core.iam.policy import policy_to_json
from lpgen.core.identity_center import PermissionSet, permission_set_of
from lpgen.core.model import Action, PolicyKind, Principal
from lpgen.core.options import is_chosen
from lpgen.core.registry.row import Caveat
from lpgen.core.replacements import UNSEEN_KINDS, Decision, Line, LineKind, Scope

_SHARING_CLASSES: Final = GENERATED_CLASSES | {PrincipalClass.UNUSED, PrincipalClass.UNSEEN}
"""An unused role also has lines if it may have acted without records."""

_StatementKey = tuple[PolicyKind, str, int]
"""The key of a statement in all roles of a set: its policy without the account, and its number."""

_LineKey = tuple[Action, Scope, _StatementKey]


def units_of_review(principals: Iterable[Principal], pattern: str) -> list[tuple[Principal, ...]]:
    """The principals that a pattern chooses, each separately or with all roles of its permission set, in order."""
    units: dict[object, list[Principal]] = defaultdict(list)
    for principal in principals:
        units[permission_set_of(principal.arn) or principal.arn].append(principal)
    return [tuple(unit) for unit in units.values() if any(is_chosen(principal, pattern) for principal in unit)]


def share_lines(
    diffs: Sequence[PrincipalDiff],
    grants: Iterable[PrincipalGrants],
    unknown_principals: Iterable[str],
    decisions: Sequence[Decision],
    catalog: Catalog,
    *,
    listed: Collection[str],
) -> tuple[PrincipalDiff, ...]:
    """The diffs, with the lines of the other roles of the permission set.

    `grants` are the grants of the same principals, `listed` the accounts of all principals in the policies, and
    `unknown_principals` the ARNs of principals with use that the policies don't have. An unknown role of a set in one
    of these accounts was created for another assignment, with another suffix. The needs of an unknown role in another
    account aren't known. A caveat names each.
    """
    by_arn = {grant.principal.arn: grant for grant in grants}
    former = _by_set_and_account(unknown_principals)
    unlisted = {of: sorted(found.keys() - set(listed)) for of, found in former.items()}
    found = {diff.principal.arn: diff for diff in diffs}
    for of, members in _sets(diffs).items():
        known = [member for member in members if not by_arn[member.principal.arn].missing]
        accounts: dict[object, list[str]] = defaultdict(list)
        for diff in known:
            accounts[_policies(diff.principal)].append(diff.principal.account)
        shared = _Shared(of, known, by_arn, catalog) if len(accounts) == 1 and len(known) > 1 else None
        for member in members:
            arn = member.principal.arn
            generated = member.principal_class in GENERATED_CLASSES
            own = shared.with_lines(member) if shared and generated else member
            earlier = former.get(of, {}).get(member.principal.account, ())
            caveats = caveats_of_set(accounts.values(), unlisted.get(of, ()), earlier)
            found[arn] = _with_caveats(own, with_acceptance(caveats, decisions, principal=arn))
    return tuple(found[diff.principal.arn] for diff in diffs)


def hold_sets_together(proposals: Sequence[Proposal]) -> tuple[Proposal, ...]:
    """The proposals. None is called safe while another role of its permission set isn't.

    A person accepts the reason for the other role; it can't be accepted for this role.
    """
    found = {proposal.diff.principal.arn: proposal for proposal in proposals}
    for members in _sets([proposal.diff for proposal in proposals]).values():
        open_caveats = {member.principal.arn: own_caveats(found[member.principal.arn].caveats) for member in members}
        for member in members:
            arn = member.principal.arn
            others = caveats_of_other_roles(
                (mate.principal, open_caveats[mate.principal.arn]) for mate in members if mate is not member
            )
            found[arn] = replace(found[arn], diff=_with_caveats(member, others))
    return tuple(found[proposal.diff.principal.arn] for proposal in proposals)


def _sets(diffs: Iterable[PrincipalDiff]) -> dict[PermissionSet, list[PrincipalDiff]]:
    """The permission sets with their roles."""
    found: dict[PermissionSet, list[PrincipalDiff]] = defaultdict(list)
    for diff in diffs:
        of = permission_set_of(diff.principal.arn)
        if of is not None:
            found[of].append(diff)
    return found


# ---------------------------------------------------------------- lines


_PROPOSAL: Final = (
    "put the replacement into the permission set {name}: it is the same for its roles in {accounts}, and the set"
    " changes all of them"
)


class _Shared:
    """The lines that the roles of a permission set with equal policies need."""

    def __init__(
        self,
        of: PermissionSet,
        members: Sequence[PrincipalDiff],
        grants: Mapping[str, PrincipalGrants],
        catalog: Catalog,
    ) -> None:
        self._grants, self._catalog = grants, catalog
        sharing = [member for member in members if member.principal_class in _SHARING_CLASSES]
        self._too_large = _too_large(line for diff in sharing for line in diff.draft.lines)
        needed: dict[_LineKey, dict[str, Line]] = defaultdict(dict)
        for diff in sharing:
            for line in self._fitting(diff):
                if not line.suspected:
                    needed[_line_key(line)].setdefault(diff.principal.account, line)
        self._needed = {
            key: (_shared_kind(lines.values()), _why(lines), min(line.rule for line in lines.values()))
            for key, lines in needed.items()
        }
        accounts = sorted({member.principal.account for member in members})
        self._proposal = _PROPOSAL.format(name=of.name, accounts=accounts_text(accounts))

    def _fitting(self, diff: PrincipalDiff) -> tuple[Line, ...]:
        """The lines of one role.

        Lines of services that don't fit together with those of the other roles are widened to the old statements.
        """
        parents = {grant.ref: grant for grant in self._grants[diff.principal.arn].allows}
        lines = diff.draft.lines
        for service in self._too_large:
            lines = fold_to_grant(lines, parents, service=service, catalog=self._catalog)
        return lines

    def with_lines(self, diff: PrincipalDiff) -> PrincipalDiff:
        """The diff of one role with the lines of the other roles, each with the accounts that need it."""
        grants, found = self._grants[diff.principal.arn], self._fitting(diff)
        own = {_line_key(line) for line in found}
        refs = {_statement_key(grant.ref): grant.ref for grant in grants.allows}
        others = [
            Line(action, scope, refs[statement], kind, why, rule, None)
            for (action, scope, statement), (kind, why, rule) in self._needed.items()
            if kind is LineKind.SHARED or (action, scope, statement) not in own
        ]
        lines = merge_lines([*found, *others], grants.allows)
        staying = {(line.action, line.scope) for line in lines}
        dropped = tuple(
            dropped for dropped in diff.draft.dropped if (dropped.line.action, dropped.line.scope) not in staying
        )
        advice = replace(diff.advice, sentence=self._proposal) if lines else diff.advice
        return replace(diff, draft=replace(diff.draft, lines=lines, dropped=dropped), advice=advice)


def _shared_kind(lines: Collection[Line]) -> LineKind:
    """The kind of a line that other roles have.

    Statements are the same for all roles, including those without recorded use.
    """
    return LineKind.KEPT if all(line.kind in UNSEEN_KINDS for line in lines) else LineKind.SHARED


def _too_large(lines: Iterable[Line]) -> tuple[str, ...]:
    """The services whose resources exceed the size of a permission set's one policy, the limit of a role's inline
    policies.

    lpgen widens these services here, before each of hundreds of roles gets the names of all others.
    """
    names: dict[str, set[str]] = defaultdict(set)
    for line in lines:
        names[service_of(line.action)].update(line.scope.resources)
    return tuple(sorted(service for service, found in names.items() if sum(map(len, found)) > ROLE_INLINE_LIMIT))


_IN_OTHER_ACCOUNTS: Final = "{kind} in {accounts}, where the permission set also has a role"


def _why(lines: Mapping[str, Line]) -> str:
    """The accounts that need the lines, and the original reason."""
    kinds = sorted({line.kind for line in lines.values()}, key=list(LineKind).index)
    return _IN_OTHER_ACCOUNTS.format(kind=kinds[0], accounts=accounts_text(sorted(lines)))


def _line_key(line: Line) -> _LineKey:
    return line.action, line.scope, _statement_key(line.parent)


def _statement_key(ref: StatementRef) -> _StatementKey:
    return ref.kind, _name(ref.kind, ref.policy), ref.index


def _name(kind: PolicyKind, policy: str) -> str:
    """A policy's name without the account of a customer managed policy."""
    return policy if kind is PolicyKind.INLINE else split_arn(policy).name or policy


def _policies(principal: Principal) -> object:
    return frozenset(
        (
            policy.kind,
            _name(policy.kind, policy.arn or policy.name),
            policy.document and policy_to_json(policy.document),
        )
        for policy in principal.policies
    )


# ---------------------------------------------------------------- caveats


def _by_set_and_account(unknown_principals: Iterable[str]) -> Mapping[PermissionSet, Mapping[str, list[str]]]:
    """The names of roles among the unknown principals, by permission set and account."""
    found: dict[PermissionSet, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for arn in unknown_principals:
        of = permission_set_of(arn)
        if of is not None:
            found[of][split_arn(arn).account].append(arn.rpartition("/")[2])
    return found


def _with_caveats(diff: PrincipalDiff, caveats: Iterable[Caveat]) -> PrincipalDiff:
    found = diff.assessment
    return replace(diff, assessment=replace(found, caveats=(*found.caveats, *caveats)))

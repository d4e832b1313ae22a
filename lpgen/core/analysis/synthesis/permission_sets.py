"""Permission sets: one replacement for the roles that IAM Identity Center makes of a set, an account each.

A permission set has one inline policy, which its roles in all accounts get. So what one of them needs all of them keep:
each role's replacement holds the lines of the others too, narrowed from its own equal statements, and is proven against
its own policies. Where the roles hold different policies no one document can be proven for all, and that is said.
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
"""An unused role has lines too where it may have acted unseen by the logs."""

_StatementKey = tuple[PolicyKind, str, int]
"""A statement as all roles of a set have it: its policy without the account, and its number."""

_LineKey = tuple[Action, Scope, _StatementKey]


def units_of_review(principals: Iterable[Principal], pattern: str) -> list[tuple[Principal, ...]]:
    """The principals that a pattern chooses, each by itself or with all roles of its permission set, in order."""
    units: dict[object, list[Principal]] = defaultdict(list)
    for one in principals:
        units[permission_set_of(one.arn) or one.arn].append(one)
    return [tuple(unit) for unit in units.values() if any(is_chosen(one, pattern) for one in unit)]


def share_lines(
    diffs: Sequence[PrincipalDiff],
    grants: Iterable[PrincipalGrants],
    unknown_principals: Iterable[str],
    decisions: Sequence[Decision],
    catalog: Catalog,
    *,
    listed: Collection[str],
) -> tuple[PrincipalDiff, ...]:
    """The diffs, in which the roles of one permission set have each other's lines.

    `grants` are those of the same principals, `listed` the accounts of all principals that the policies have, and
    `unknown_principals` the ARNs of principals with use that they don't have. An unknown role of a set in one of these
    accounts was made for another assignment, under another suffix. The needs of an unknown role in an account that
    wasn't supplied aren't known either. A caveat names both.
    """
    by_arn = {one.principal.arn: one for one in grants}
    former = _by_set_and_account(unknown_principals)
    unlisted = {of: sorted(found.keys() - set(listed)) for of, found in former.items()}
    found = {one.principal.arn: one for one in diffs}
    for of, members in _sets(diffs).items():
        known = [one for one in members if not by_arn[one.principal.arn].missing]
        accounts: dict[object, list[str]] = defaultdict(list)
        for one in known:
            accounts[_policies(one.principal)].append(one.principal.account)
        shared = _Shared(of, known, by_arn, catalog) if len(accounts) == 1 and len(known) > 1 else None
        for one in members:
            arn = one.principal.arn
            generated = one.principal_class in GENERATED_CLASSES
            own = shared.with_lines(one) if shared and generated else one
            earlier = former.get(of, {}).get(one.principal.account, ())
            caveats = caveats_of_set(accounts.values(), unlisted.get(of, ()), earlier)
            found[arn] = _with_caveats(own, with_acceptance(caveats, decisions, principal=arn))
    return tuple(found[one.principal.arn] for one in diffs)


def hold_sets_together(proposals: Sequence[Proposal]) -> tuple[Proposal, ...]:
    """The proposals; none is called safe while that of another role of its permission set isn't.

    A person accepts the reason at that other role; it can't be accepted at this one.
    """
    found = {one.diff.principal.arn: one for one in proposals}
    for members in _sets([one.diff for one in proposals]).values():
        open_caveats = {one.principal.arn: own_caveats(found[one.principal.arn].caveats) for one in members}
        for one in members:
            arn = one.principal.arn
            others = caveats_of_other_roles(
                (mate.principal, open_caveats[mate.principal.arn]) for mate in members if mate is not one
            )
            found[arn] = replace(found[arn], diff=_with_caveats(one, others))
    return tuple(found[one.diff.principal.arn] for one in proposals)


def _sets(diffs: Iterable[PrincipalDiff]) -> dict[PermissionSet, list[PrincipalDiff]]:
    """The permission sets with their roles."""
    found: dict[PermissionSet, list[PrincipalDiff]] = defaultdict(list)
    for one in diffs:
        of = permission_set_of(one.principal.arn)
        if of is not None:
            found[of].append(one)
    return found


# ---------------------------------------------------------------- lines


_PROPOSAL: Final = (
    "put the replacement into the permission set {name}: it is the same for its roles in {accounts}, all of which that"
    " changes"
)
_NEEDED_IN: Final = "{kind} in {accounts}, where the permission set has a role too"


class _Shared:
    """The lines that the roles of a permission set need, whose policies are the same."""

    def __init__(
        self,
        of: PermissionSet,
        members: Sequence[PrincipalDiff],
        grants: Mapping[str, PrincipalGrants],
        catalog: Catalog,
    ) -> None:
        self._grants, self._catalog = grants, catalog
        sharing = [one for one in members if one.principal_class in _SHARING_CLASSES]
        self._too_large = _too_large(line for one in sharing for line in one.draft.lines)
        needed: dict[_LineKey, dict[str, Line]] = defaultdict(dict)
        for one in sharing:
            for line in self._fitting(one):
                if not line.suspected:
                    needed[_line_key(line)].setdefault(one.principal.account, line)
        self._needed = {
            key: (_shared_kind(lines.values()), _why(lines), min(one.rule for one in lines.values()))
            for key, lines in needed.items()
        }
        accounts = sorted({one.principal.account for one in members})
        self._proposal = _PROPOSAL.format(name=of.name, accounts=accounts_text(accounts))

    def _fitting(self, diff: PrincipalDiff) -> tuple[Line, ...]:
        """The lines of one role, those of services that fit nowhere with the others' widened to the old statements."""
        parents = {grant.ref: grant for grant in self._grants[diff.principal.arn].allows}
        lines = diff.draft.lines
        for service in self._too_large:
            lines = fold_to_grant(lines, parents, service=service, catalog=self._catalog)
        return lines

    def with_lines(self, diff: PrincipalDiff) -> PrincipalDiff:
        """The diff of one role with the lines of the others too, each with where it is needed."""
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
        dropped = tuple(one for one in diff.draft.dropped if (one.line.action, one.line.scope) not in staying)
        advice = replace(diff.advice, sentence=self._proposal) if lines else diff.advice
        return replace(diff, draft=replace(diff.draft, lines=lines, dropped=dropped), advice=advice)


def _shared_kind(lines: Collection[Line]) -> LineKind:
    """The kind of a line that other roles have: statements are the same for all, those without recorded use too."""
    return LineKind.KEPT if all(line.kind in UNSEEN_KINDS for line in lines) else LineKind.SHARED


def _too_large(lines: Iterable[Line]) -> tuple[str, ...]:
    """The services whose resources by themselves are larger than a permission set's one policy may be.

    The limit is that of a role's inline policies. These services are widened here, before each of hundreds of roles
    gets the names of all others.
    """
    names: dict[str, set[str]] = defaultdict(set)
    for line in lines:
        names[service_of(line.action)].update(line.scope.resources)
    return tuple(sorted(service for service, found in names.items() if sum(map(len, found)) > ROLE_INLINE_LIMIT))


def _why(lines: Mapping[str, Line]) -> str:
    """The accounts where lines are needed, and why in the first place."""
    kinds = sorted({line.kind for line in lines.values()}, key=list(LineKind).index)
    return _NEEDED_IN.format(kind=kinds[0], accounts=accounts_text(sorted(lines)))


def _line_key(line: Line) -> _LineKey:
    return line.action, line.scope, _statement_key(line.parent)


def _statement_key(ref: StatementRef) -> _StatementKey:
    return ref.kind, _name(ref.kind, ref.policy), ref.index


def _name(kind: PolicyKind, policy: str) -> str:
    """A policy's name without the account that a customer managed one is in."""
    return policy if kind is PolicyKind.INLINE else split_arn(policy).name or policy


def _policies(principal: Principal) -> object:
    return frozenset(
        (one.kind, _name(one.kind, one.arn or one.name), one.document and policy_to_json(one.document))
        for one in principal.policies
    )


# ---------------------------------------------------------------- caveats


def _by_set_and_account(unknown_principals: Iterable[str]) -> Mapping[PermissionSet, Mapping[str, list[str]]]:
    """The names of the roles among the unknown_principals, by their permission set and account."""
    found: dict[PermissionSet, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for arn in unknown_principals:
        of = permission_set_of(arn)
        if of is not None:
            found[of][split_arn(arn).account].append(arn.rpartition("/")[2])
    return found


def _with_caveats(diff: PrincipalDiff, caveats: Iterable[Caveat]) -> PrincipalDiff:
    found = diff.assessment
    return replace(diff, assessment=replace(found, caveats=(*found.caveats, *caveats)))

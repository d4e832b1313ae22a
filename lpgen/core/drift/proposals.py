"""Drift from proposals: calls that a proposal would deny now, and safe proposals that were never put in place."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from lpgen.core.analysis.grants.granting import granting_by_action
from lpgen.core.analysis.grants.principal_grants import grants_from_principals
from lpgen.core.analysis.scopes.scopes import exact_scopes
from lpgen.core.analysis.synthesis.lines import lines_from_uses
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.choices import Severity
from lpgen.core.drift.findings import DriftFinding, DriftKind, fingerprint
from lpgen.core.drift.members import Pair, same_policies
from lpgen.core.drift.states import KeptProposal, State
from lpgen.core.evidence import PrincipalGrants, Use
from lpgen.core.model import NO_RESOURCE, UNKNOWN_RESOURCE, Action, AttachedPolicy, Outcome, PolicyKind, Resource
from lpgen.core.registry.row import Row

_MORE_RESOURCES: Final = "and on {more:,} more"
_NOT_REMOVED: Final = "it would remove {grants} without recorded use"
_MOST_USES: Final = 5


class ProposalDrift(DriftKind):
    """Drift from proposals."""

    NEW_USE = Row(
        "new-use",
        "An action was used that the proposal leaves out.",
        parameters={"action": str, "uses": str},
        message="{action} was used, and the proposal would deny it",
        step="generate the replacement again before you put it in place",
        item="new-use {subject} {action} {uses}",
        help="If you put the proposal in place as it is, it breaks this call.",
        severity=Severity.HIGH,
    )
    NEVER_APPLIED = Row(
        "never-applied",
        "A safe replacement was never put in place.",
        parameters={"since": str},
        message="a safe replacement has been available since {since} but was never put in place",
        step="put it in place: `lpgen generate`, then `lpgen rollout plan` and `apply`",
        item="never-applied {subject} {since}",
        severity=Severity.LOW,
        score="3.0",
    )


@dataclass(frozen=True, slots=True)
class NewUse:
    """A finding that still lacks the ties for resources that are new to all principals."""

    finding: DriftFinding
    resources: tuple[Resource, ...]

    def tied_by(self, novelty: Novelty) -> DriftFinding:
        """The finding with these ties."""
        return replace(self.finding, ties=(*self.finding.ties, *novelty.of(self.resources)))


def find_new_use(pairs: Iterable[Pair], catalog: Catalog) -> Iterator[NewUse]:
    """A finding for each action that a proposal leaves out and that was used now under the old policies."""
    for pair in pairs:
        proposal = pair.then.proposal
        if proposal is None or pair.is_in_place:
            continue
        known = {_key(use) for use in pair.then.usage.uses}
        fresh = [use for use in pair.now.usage.uses if use.outcome is Outcome.ALLOWED and _key(use) not in known]
        if not fresh:
            continue
        refused = _ungranted(_proposed(pair.after, proposal, catalog), fresh, catalog)
        unexplained = {_key(use) for use in _ungranted(pair.after, refused, catalog)}
        yield from _new_uses(pair.arn, [use for use in refused if _key(use) not in unexplained])


def _new_uses(arn: str, refused: Sequence[Use]) -> Iterator[NewUse]:
    by_action: dict[Action, list[Use]] = defaultdict(list)
    for use in refused:
        by_action[use.action].append(use)
    for action, uses in by_action.items():
        ordered = sorted(uses, key=lambda use: (use.evidence.first_seen, use.resource))
        shown = tuple(
            f"on {use.resource.text}, {use.evidence.first_seen} (example {use.evidence.example_event_id})"
            for use in ordered[:_MOST_USES]
        )
        more = len(ordered) - len(shown)
        finding = DriftFinding(
            ProposalDrift.NEW_USE,
            {"action": action, "uses": fingerprint(use.resource.text for use in ordered)},
            severity=Severity.HIGH,
            subject=arn,
            principals=(arn,),
            details=(*shown, *([_MORE_RESOURCES.format(more=more)] if more else [])),
            ties=(f"{action} on {', '.join(sorted({use.resource.text for use in uses}))}",),
        )
        yield NewUse(finding, tuple(use.resource for use in ordered))


def _key(use: Use) -> tuple[object, ...]:
    return use.action, use.resource


def _proposed(grants: PrincipalGrants, proposal: KeptProposal, catalog: Catalog) -> PrincipalGrants:
    """The grants of a principal with its proposal in place. Limits are the same before and after."""
    policies = tuple(
        AttachedPolicy(PolicyKind.INLINE, f"proposal {number}", "", "", None, document)
        for number, document in enumerate(proposal.documents, start=1)
    )
    principal = replace(grants.principal, policies=policies, groups=(), boundary=None)
    (found,) = grants_from_principals([principal], catalog)
    return found


def _ungranted(grants: PrincipalGrants, uses: Sequence[Use], catalog: Catalog) -> list[Use]:
    granting = granting_by_action(grants.allows)
    return [use for use, _ in lines_from_uses(grants, uses, granting=granting, scopes=exact_scopes(catalog)).ungranted]


# ---------------------------------------------------------------- what is new to the whole organization

_ARN_FIELDS: Final = 5
"""The fields before the part of an ARN that names the resource."""
_SHORTEST: Final = 3
_TOKEN: Final = re.compile(r"[^\W_]+")


class Novelty:
    """The resources, and the words of their names, that the use of an earlier state doesn't have."""

    def __init__(self, asked: Iterable[Resource]) -> None:
        self.resources = set(asked)
        self.words = {word for resource in self.resources for word in _words(resource)}
        self.discard({NO_RESOURCE, UNKNOWN_RESOURCE})

    def discard(self, known: Iterable[Resource]) -> None:
        """Remove resources of the earlier state."""
        for resource in known:
            self.resources.discard(resource)
            self.words.difference_update(_words(resource))

    def keep(self, other: Novelty) -> None:
        """Keep only what is also new to another part of the earlier state."""
        self.resources &= other.resources
        self.words &= other.words

    def of(self, resources: Iterable[Resource]) -> Iterator[str]:
        """The new resources, and the new words of their names, such as the name of an application."""
        for resource in resources:
            if resource in self.resources:
                yield resource.text
                yield from (f"resources named {word}" for word in _words(resource) if word in self.words)


def _words(resource: Resource) -> Iterator[str]:
    """The words in the name of a resource. Texts with digits, such as ids and dates, are left out."""
    for token in _TOKEN.findall(resource.text.split(":", _ARN_FIELDS)[-1]):
        if len(token) >= _SHORTEST and token.isalpha():
            yield token.lower()


# ---------------------------------------------------------------- waiting


def find_never_applied(
    before: State, after: State, pairs: Iterable[Pair], *, apply_days: int
) -> Iterator[DriftFinding]:
    """A finding for each safe proposal that has waited too long for its principal to be changed."""
    if after.stamp.as_of <= before.stamp.as_of:
        return
    for pair in pairs:
        proposal = pair.then.proposal
        since = proposal.waiting_since if proposal else None
        if proposal is None or since is None or (after.stamp.as_of - since).days < apply_days:
            continue
        if pair.is_in_place or not same_policies(pair.before.principal, pair.after.principal):
            continue
        grants = "1 dangerous grant" if proposal.dangerous == 1 else f"{proposal.dangerous:,} dangerous grants"
        removed = _NOT_REMOVED.format(grants=grants)
        yield DriftFinding(
            ProposalDrift.NEVER_APPLIED,
            {"since": since.isoformat()},
            severity=Severity.MEDIUM if proposal.dangerous else Severity.LOW,
            subject=pair.arn,
            principals=(pair.arn,),
            details=(removed,) if proposal.dangerous else (),
            ties=(f"proposed on {since.isoformat()}",),
        )

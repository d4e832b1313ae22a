"""Verdicts: used, attempted, unused, unobservable or ungranted, for every action of a principal, with why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lpgen.core.actions.catalog import Catalog
from lpgen.core.analysis.danger import Dangers
from lpgen.core.analysis.observability import Observability
from lpgen.core.findings import (
    ActionVerdict,
    Confidence,
    Evidence,
    Grant,
    Line,
    LineKind,
    PrincipalGrants,
    PrincipalUsage,
    UngrantedUse,
    Verdict,
)
from lpgen.core.model import Action
from lpgen.core.options import KeepUnobservable
from lpgen.core.usage.principal_usage import merge_evidence

_RANK = {Verdict.USED: 2, Verdict.ATTEMPTED: 1, Verdict.UNGRANTED: 0}

_Seen = dict[Action, tuple[Verdict, Evidence]]


@dataclass(frozen=True, slots=True)
class Judge:
    """Gives the verdicts. `min_days` is how many covered days make the removal of an unused action sure."""

    catalog: Catalog
    dangers: Dangers
    observability: Observability
    keep: KeepUnobservable
    min_days: int

    def verdicts(
        self,
        grants: PrincipalGrants,
        usage: PrincipalUsage,
        *,
        lines: Sequence[Line],
        ungranted: Sequence[UngrantedUse],
        sure: bool,
    ) -> tuple[ActionVerdict, ...]:
        """A verdict for each action that was granted or used, sorted.

        `lines` are those of the principal's uses. `sure` says that enough days are covered for this principal.
        """
        seen = _seen_actions(lines, ungranted)
        services = used_services(lines)
        return tuple(
            self._seen_verdict(action, grants, *seen[action])
            if action in seen
            else self._unseen_verdict(action, grants, regions=usage.regions, services=services, sure=sure)
            for action in sorted(grants.granted | seen.keys())
        )

    def _seen_verdict(
        self, action: Action, grants: PrincipalGrants, verdict: Verdict, evidence: Evidence
    ) -> ActionVerdict:
        reason = {
            Verdict.USED: "used",
            Verdict.ATTEMPTED: "tried, but no record says whether it was allowed",
            Verdict.UNGRANTED: "used, but no current policy grants it",
        }[verdict]
        keep = "" if verdict is Verdict.UNGRANTED else reason
        return ActionVerdict(
            action,
            self.catalog.detail(action).level,
            verdict,
            reason,
            keep,
            Confidence.HIGH,
            self.dangers.sentence(action),
            tuple(grant.ref for grant in _granting(grants, action)),
            evidence,
        )

    def _unseen_verdict(
        self,
        action: Action,
        grants: PrincipalGrants,
        *,
        regions: tuple[str, ...],
        services: frozenset[str],
        sure: bool,
    ) -> ActionVerdict:
        granting = _granting(grants, action)
        blind = self.observability.blind_spot(action, grants.principal.account, regions)
        keep = self._keep_reason(action, granting, services) if blind else ""
        unsure = Confidence.MEDIUM if blind else Confidence.HIGH
        return ActionVerdict(
            action,
            self.catalog.detail(action).level,
            Verdict.UNOBSERVABLE if blind else Verdict.UNUSED,
            blind or "no record, and its use would have shown",
            keep,
            unsure if sure else Confidence.LOW,
            self.dangers.sentence(action),
            tuple(grant.ref for grant in granting),
            None,
        )

    def _keep_reason(self, action: Action, granting: Iterable[Grant], services: frozenset[str]) -> str:
        if self.keep is KeepUnobservable.NONE:
            return ""
        sign = self.observability.sign_of_use(action, granting, services)
        return sign or ("--keep-unobservable all" if self.keep is KeepUnobservable.ALL else "")


def used_services(lines: Iterable[Line]) -> frozenset[str]:
    """The prefixes of the services that a principal called itself, by the lines of its uses.

    What was only inferred is left out: passing a role to ECS is no sign of administering IAM.
    """
    own = (line.action for line in lines if line.kind is not LineKind.INFERRED)
    return frozenset(action.partition(":")[0] for action in own)


def _seen_actions(lines: Iterable[Line], ungranted: Iterable[UngrantedUse]) -> _Seen:
    seen: _Seen = {}
    for line in lines:
        if line.evidence is not None:
            tried = line.kind is LineKind.ATTEMPTED
            _note(seen, line.action, Verdict.ATTEMPTED if tried else Verdict.USED, line.evidence)
    for one in ungranted:
        _note(seen, one.use.action, Verdict.UNGRANTED, one.use.evidence)
    return seen


def _note(seen: _Seen, action: Action, verdict: Verdict, evidence: Evidence) -> None:
    known = seen.get(action)
    if known is None or _RANK[verdict] > _RANK[known[0]]:
        seen[action] = (verdict, evidence)
    elif verdict is known[0]:
        seen[action] = (verdict, merge_evidence(known[1], evidence))


def _granting(grants: PrincipalGrants, action: Action) -> tuple[Grant, ...]:
    return tuple(grant for grant in grants.allows if action in grant.actions)

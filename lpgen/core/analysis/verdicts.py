"""Verdicts: used, attempted, unused, unobservable or ungranted, for every action of a principal, with why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from lpgen.core.actions.catalog import Catalog
from lpgen.core.analysis.danger import Dangers
from lpgen.core.analysis.hidden_roles import PASS_ROLE, HiddenRoles
from lpgen.core.analysis.observability import Observability
from lpgen.core.findings import ActionVerdict, Confidence, UngrantedUse, Verdict
from lpgen.core.grounds import Evidence, Grant, PrincipalGrants, PrincipalUsage
from lpgen.core.last_accessed import LastAccessed
from lpgen.core.model import Action
from lpgen.core.options import KeepUnobservable
from lpgen.core.replacements import Line, LineKind
from lpgen.core.usage.principal_usage import merge_evidence

_RANK = {Verdict.USED: 2, Verdict.ATTEMPTED: 1, Verdict.UNGRANTED: 0}

_Seen = dict[Action, tuple[Verdict, Evidence]]


class Doubt(StrEnum):
    """What makes every removal of a principal unsure."""

    NONE = "none"
    LOGS = "logs"  # too few covered days, or a hole in them
    YOUNG = "young"  # the principal, or a policy of its, is too young to have been used in full


@dataclass(frozen=True, slots=True)
class _Ground:
    """What the verdicts on a principal's unseen actions rest on."""

    regions: tuple[str, ...]
    services: frozenset[str]
    doubt: Doubt
    accessed: LastAccessed | None
    passes_hidden_roles: str


@dataclass(frozen=True, slots=True)
class Judge:
    """Gives the verdicts. `min_days` is how many covered days make the removal of an unused action sure."""

    catalog: Catalog
    dangers: Dangers
    observability: Observability
    hidden_roles: HiddenRoles
    keep: KeepUnobservable
    min_days: int

    def verdicts(
        self,
        grants: PrincipalGrants,
        usage: PrincipalUsage,
        *,
        lines: Sequence[Line],
        ungranted: Sequence[UngrantedUse],
        doubt: Doubt,
        accessed: LastAccessed | None,
    ) -> tuple[ActionVerdict, ...]:
        """A verdict for each action that was granted or used, sorted.

        `lines` are those of the principal's uses, `accessed` is what IAM knows of its tries, None where that wasn't
        given.
        """
        seen = _seen_actions(lines, ungranted)
        hidden = next(iter(self.hidden_roles.roles(grants.principal.account, usage.uses).values()), "")
        ground = _Ground(usage.regions, used_services(lines), doubt, accessed, hidden)
        return tuple(
            self._seen_verdict(action, grants, *seen[action])
            if action in seen
            else self._unseen_verdict(action, grants, ground)
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

    def _unseen_verdict(self, action: Action, grants: PrincipalGrants, ground: _Ground) -> ActionVerdict:
        granting = _granting(grants, action)
        blind = self.observability.blind_spot(action, grants.principal.account, ground.regions, granting)
        keep = self._keep_reason(action, granting, ground) if blind else ""
        if action == PASS_ROLE and ground.passes_hidden_roles:
            blind = ground.passes_hidden_roles
            keep = "" if self.keep is KeepUnobservable.NONE else "kept on the roles that trust the service"
        untried = ""
        if ground.accessed is not None and not keep:
            untried = ground.accessed.never(action, self.observability.visibility(action))
        reason = blind or "no record, and its use would have shown"
        return ActionVerdict(
            action,
            self.catalog.detail(action).level,
            Verdict.UNOBSERVABLE if blind else Verdict.UNUSED,
            f"{reason}; {untried}" if untried else reason,
            keep,
            _confidence(ground.doubt, blind=bool(blind), untried=bool(untried)),
            self.dangers.sentence(action),
            tuple(grant.ref for grant in granting),
            None,
        )

    def _keep_reason(self, action: Action, granting: Iterable[Grant], ground: _Ground) -> str:
        if self.keep is KeepUnobservable.NONE:
            return ""
        sign = self.observability.sign_of_use(action, granting, ground.services, ground.accessed)
        return sign or ("--keep-unobservable all" if self.keep is KeepUnobservable.ALL else "")


def _confidence(doubt: Doubt, *, blind: bool, untried: bool) -> Confidence:
    """How sure the removal of an action without seen use is.

    That IAM knows of no try stands in for days of logs, not for days in which the action could have been used.
    """
    if untried and doubt is not Doubt.YOUNG:
        return Confidence.HIGH
    if doubt is not Doubt.NONE:
        return Confidence.LOW
    return Confidence.MEDIUM if blind else Confidence.HIGH


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

"""Verdicts: used, attempted, unused, unobservable or ungranted, for every action of a principal, with why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from lpgen.core.actions.catalog import Catalog
from lpgen.core.analysis.granted.granting import NOTHING, Granting
from lpgen.core.analysis.judged.danger import Dangers
from lpgen.core.analysis.judged.hidden_roles import PASS_ROLE, HiddenRoles
from lpgen.core.analysis.judged.needed_actions import KEPT_FOR_CALLS, needed_actions, why_needed
from lpgen.core.analysis.judged.service_demands import Demand, ServiceDemands
from lpgen.core.analysis.judged.unseen_use import UnseenUse
from lpgen.core.analysis.recorded.observability import Observability
from lpgen.core.analysis.recorded.signs_of_use import sign_of_use
from lpgen.core.choices import KeepUnobservable
from lpgen.core.findings import ActionFact, Confidence, Judgement, UngrantedUse, Verdict, Verdicts
from lpgen.core.grounds import Evidence, PrincipalGrants, PrincipalUsage
from lpgen.core.last_accessed import LastAccessed
from lpgen.core.model import Action
from lpgen.core.replacements import Line, LineKind
from lpgen.core.usage.principal_usage import merge_evidence

_RANK = {Verdict.USED: 2, Verdict.ATTEMPTED: 1, Verdict.UNGRANTED: 0}

_UNUSED = "no record, and its use would have shown"

_Seen = dict[Action, tuple[Verdict, Evidence]]


class Doubt(StrEnum):
    """What makes every removal of a principal unsure."""

    NONE = "none"
    LOGS = "logs"  # too few covered days, or a hole in them
    YOUNG = "young"  # the principal, or a policy of its, is too young to have been used in full


@dataclass(frozen=True, slots=True)
class _Ground:
    """What the verdicts on a principal's unseen actions rest on.

    `blind_spots` are None where they turn on what grants the action; those found so far are in `by_trace`, by the
    records that the action leaves. `signs` are those found so far, by service. `unused` and `others` are the judgements
    so far, by what they were made of. `names_silent_regions` says that a statement grants something in a Region of
    which the log holds no record.
    """

    account: str
    regions: tuple[str, ...]
    blind_spots: Mapping[Action, str] | None
    resting_on_log: frozenset[Action]
    services: frozenset[str]
    copied: frozenset[str]
    doubt: Doubt
    accessed: LastAccessed | None
    unseen: UnseenUse
    names_silent_regions: bool
    signs: dict[tuple[str, Granting], str] = field(default_factory=dict)
    by_trace: dict[tuple[int, Granting], str] = field(default_factory=dict)
    unused: dict[tuple[Granting, bool], Judgement] = field(default_factory=dict)
    others: dict[tuple[Granting, str, str, str, bool], Judgement] = field(default_factory=dict)


class ActionFacts(dict[Action, ActionFact]):
    """The facts of each action, found when first asked for."""

    def __init__(self, catalog: Catalog) -> None:
        super().__init__()
        self._catalog, self._dangers = catalog, Dangers(catalog)

    def __reduce__(self) -> tuple[type[ActionFacts], tuple[Catalog]]:
        return ActionFacts, (self._catalog,)

    def __missing__(self, action: Action) -> ActionFact:
        found = self[action] = ActionFact(self._catalog.detail(action).level, self._dangers.sentence(action))
        return found


@dataclass(frozen=True, slots=True)
class Judge:
    """Gives the verdicts. `min_days` is how many covered days make the removal of an unused action sure."""

    catalog: Catalog
    facts: ActionFacts
    observability: Observability
    hidden_roles: HiddenRoles
    demands: ServiceDemands
    keep: KeepUnobservable
    min_days: int

    def unseen_use(self, grants: PrincipalGrants, usage: PrincipalUsage, lines: Sequence[Line]) -> UnseenUse:
        """What a principal may have used without a record of its own; `lines` are those of its uses."""
        return UnseenUse(
            self.hidden_roles.roles(grants.principal.account, usage.uses),
            needed_actions(usage.uses, grants.allows, self.catalog),
            self.demands.of(grants, {line.action for line in lines}),
        )

    def verdicts(
        self,
        grants: PrincipalGrants,
        usage: PrincipalUsage,
        *,
        granting: Mapping[Action, Granting],
        lines: Sequence[Line],
        ungranted: Sequence[UngrantedUse],
        doubt: Doubt,
        accessed: LastAccessed | None,
        unseen: UnseenUse,
    ) -> Verdicts:
        """A verdict for each action that was granted or used, sorted.

        `granting` is the index of the principal's Allows, `lines` are those of its uses, `accessed` is what IAM knows
        of its tries, None where that wasn't given, `unseen` is what it may have used unseen.
        """
        seen = _seen_actions(lines, ungranted)
        account = grants.principal.account
        blind_spots = self.observability.blind_spots(account, usage.regions)
        resting = self.observability.resting_on_log(account)
        silent = blind_spots is not None and self.observability.silent.are_named(account, grants.allows)
        used, copied = used_services(lines), frozenset(usage.copied)
        ground = _Ground(account, usage.regions, blind_spots, resting, used, copied, doubt, accessed, unseen, silent)
        judged = (
            (action, _judge_seen(granting.get(action, NOTHING), *seen[action]))
            if action in seen
            else (action, self._judge_unseen(action, granting.get(action, NOTHING), ground))
            for action in sorted(grants.granted() | seen.keys())
        )
        return Verdicts(judged, self.facts)

    def _judge_unseen(self, action: Action, granting: Granting, ground: _Ground) -> Judgement:
        spots = ground.blind_spots
        blind = self._blind_spot(action, granting, ground) if spots is None else spots[action]
        inferred = action in ground.resting_on_log
        if not blind and (inferred or ground.names_silent_regions):
            blind = self._unrecorded(action, granting, ground)
        demand = ground.unseen.demands.get(action) if not blind else None
        if demand is not None:
            blind = demand.why
        is_needed = action in ground.unseen.needed
        if not (blind or is_needed) and ground.accessed is None and action != PASS_ROLE:  # nearly all of them
            found = ground.unused.get((granting, inferred))
            if found is None:
                sure = _confidence(ground.doubt, blind=inferred, untried=False)
                found = Judgement(Verdict.UNUSED, _UNUSED, "", sure, granting.refs, None)
                ground.unused[granting, inferred] = found
            return found
        keep = self._keep_reason(action, granting, ground, demand) if blind else ""
        if action == PASS_ROLE and ground.unseen.hidden:
            blind = next(iter(ground.unseen.hidden.values()))
            keep = "" if self.keep is KeepUnobservable.NONE else "kept on the roles that trust the service"
        if is_needed and not keep and not self._is_untried(action, ground):
            blind = why_needed(ground.unseen.needed[action])
            keep = "" if self.keep is KeepUnobservable.NONE else KEPT_FOR_CALLS
        untried = ""
        if ground.accessed is not None and not keep:
            untried = ground.accessed.never(action, self.observability.visibility(action))
        key = (granting, blind, keep, untried, inferred)
        found = ground.others.get(key)
        if found is None:
            reason = blind or _UNUSED
            found = ground.others[key] = Judgement(
                Verdict.UNOBSERVABLE if blind else Verdict.UNUSED,
                f"{reason}; {untried}" if untried else reason,
                keep,
                _confidence(ground.doubt, blind=bool(blind) or inferred, untried=bool(untried)),
                granting.refs,
                None,
            )
        return found

    def _is_untried(self, action: Action, ground: _Ground) -> bool:
        """Whether IAM, which counts each check, knows of none."""
        accessed = ground.accessed
        return accessed is not None and bool(accessed.never(action, self.observability.visibility(action)))

    def _blind_spot(self, action: Action, granting: Granting, ground: _Ground) -> str:
        key = (self.observability.trace(action), granting)
        if key not in ground.by_trace:
            found = self.observability.blind_spot(action, ground.account, ground.regions, granting.grants)
            ground.by_trace[key] = found
        return ground.by_trace[key]

    def _unrecorded(self, action: Action, granting: Granting, ground: _Ground) -> str:
        """Why use of an action would not have shown on some resource that it is granted on, or ""."""
        found = (self.observability.unrecorded(action, ground.account, grant) for grant in granting.grants)
        return next((why for one in found for why in one.values()), "")

    def _keep_reason(self, action: Action, granting: Granting, ground: _Ground, demand: Demand | None) -> str:
        if self.keep is KeepUnobservable.NONE:
            return ""
        sign = (demand.sign if demand else "") or self._sign_of_use(action, granting, ground)
        return sign or ("--keep-unobservable all" if self.keep is KeepUnobservable.ALL else "")

    def _sign_of_use(self, action: Action, granting: Granting, ground: _Ground) -> str:
        """The sign of use of an action; what IAM knows is of single actions, all else is of services."""
        table, services, copied = self.observability.table, ground.services, ground.copied
        if ground.accessed is not None:
            return sign_of_use(action, granting.grants, services, copied, ground.accessed, table=table)
        key = (action.partition(":")[0], granting)
        if key not in ground.signs:
            ground.signs[key] = sign_of_use(action, granting.grants, services, copied, table=table)
        return ground.signs[key]


def _judge_seen(granting: Granting, verdict: Verdict, evidence: Evidence) -> Judgement:
    reason = {
        Verdict.USED: "used",
        Verdict.ATTEMPTED: "tried, but no record says whether it was allowed",
        Verdict.UNGRANTED: "used, but no current policy grants it",
    }[verdict]
    keep = "" if verdict is Verdict.UNGRANTED else reason
    return Judgement(verdict, reason, keep, Confidence.HIGH, granting.refs, evidence)


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

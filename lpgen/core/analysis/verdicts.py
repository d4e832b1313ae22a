"""The verdict on each action of a principal: from its use, and from what the logs may have missed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Final

from lpgen.core.analysis.grants.granting import NOTHING, Granting
from lpgen.core.analysis.observability.missed_use import MissedUse, MissReason
from lpgen.core.analysis.observability.missed_use_finder import MissedUseFinder, MissedUses
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.catalog.danger import Dangers
from lpgen.core.choices import KeepByKind
from lpgen.core.evidence import Evidence
from lpgen.core.findings import ActionFact, Confidence, Judgement, UngrantedUse, Verdict, Verdicts
from lpgen.core.model import Action
from lpgen.core.registry.row import Doubt
from lpgen.core.replacements import Line, LineKind
from lpgen.core.usage.principal_usage import merge_evidence

_RANK: Final = {Verdict.USED: 2, Verdict.ATTEMPTED: 1, Verdict.UNGRANTED: 0}

_REGARDLESS: Final = (MissReason.EVENT_SOURCE, MissReason.PEER_USE)

_UNUSED: Final = "no record, and the logs would have shown its use"
_STAYS: Final = "AWS's policy {policy} stays attached"
_SEEN: Final = {
    Verdict.USED: "used",
    Verdict.ATTEMPTED: "attempted, but no record shows whether it was allowed",
    Verdict.UNGRANTED: "used, but no current policy grants it",
}


def _keeps_none(_: Action) -> str:
    return ""


SeenActions = dict[Action, tuple[Verdict, Evidence]]


@dataclass(frozen=True, slots=True)
class _PrincipalContext:
    """The inputs of the verdicts on a principal's unseen actions. `left` are the policies left attached.

    `keeps` says why an action without a sign of use is kept, or "". `unused` and `others` have the judgements so far,
    by their inputs.
    """

    missed: MissedUses
    doubt: Doubt
    left: Collection[str]
    keeps: Callable[[Action], str]
    unused: dict[tuple[Granting, bool], Judgement] = field(default_factory=dict)
    others: dict[tuple[object, ...], Judgement] = field(default_factory=dict)


class ActionFacts(dict[Action, ActionFact]):
    """The facts about each action, found on first request."""

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
    """Gives the verdicts. After `min_days` covered days, the removal of an unused action is certain."""

    facts: ActionFacts
    finder: MissedUseFinder
    keep: KeepByKind
    min_days: int

    def verdicts(
        self,
        missed: MissedUses,
        seen: SeenActions,
        doubt: Doubt,
        left: Collection[str] = (),
        keeps: Callable[[Action], str] = _keeps_none,
    ) -> Verdicts:
        """A verdict for each granted or used action, sorted; `left` are the ARNs of policies left attached.

        `keeps` says why an action without a sign of use is kept, or "".
        """
        observed, context = missed.observed, _PrincipalContext(missed, doubt, left, keeps)
        granting = observed.granting
        judged = [
            (action, _judge_seen(granting.get(action, NOTHING), *seen[action]))
            if action in seen
            else (action, self._judge_unseen(action, granting.get(action, NOTHING), context))
            for action in sorted(observed.granted | seen.keys())
        ]
        return Verdicts(judged, self.facts)

    def _judge_unseen(self, action: Action, granting: Granting, context: _PrincipalContext) -> Judgement:
        missed = context.missed
        rests_on_log = action in missed.unrecorded.resting_on_log
        found = missed.of(action)
        if not found and missed.observed.accessed is None:  # nearly all of them
            unused = context.unused.get((granting, rests_on_log))
            if unused is None:
                sure = _confidence(context.doubt, blind=rests_on_log, untried=False)
                unused = Judgement(
                    Verdict.UNUSED,
                    _UNUSED,
                    keep=_left_sign(granting, context.left),
                    confidence=sure,
                    grants=granting.refs,
                    evidence=None,
                )
                context.unused[granting, rests_on_log] = unused
            return unused
        decisive = missed.decide(found, self.keep)
        kept = decisive.kept if decisive else ""
        keep = kept or self._other_sign(missed, found) or _left_sign(granting, context.left) or context.keeps(action)
        blind = decisive.missed.why if decisive else ""
        untried = "" if keep else missed.never_tried(action)
        fact = decisive.fact if decisive else None
        key = (granting, blind, keep, untried, rests_on_log, fact)
        judgement = context.others.get(key)
        if judgement is None:
            reason = blind or _UNUSED
            judgement = context.others[key] = Judgement(
                Verdict.UNOBSERVABLE if blind else Verdict.UNUSED,
                f"{reason}; {untried}" if untried else reason,
                keep=keep,
                confidence=_confidence(context.doubt, blind=bool(blind) or rests_on_log, untried=bool(untried)),
                grants=granting.refs,
                evidence=None,
                unobservable=fact,
            )
        return judgement

    def _other_sign(self, missed: MissedUses, found: Iterable[MissedUse]) -> str:
        """The event source or the peers whose use keeps an action regardless of what logs could show, or ""."""
        others = (use for use in found if use.reason in _REGARDLESS and use.grants)
        return next((use.sign for use in others if missed.is_wanted(use, self.keep)), "")


def _left_sign(granting: Granting, left: Collection[str]) -> str:
    """The policy left attached that keeps an action, or ""."""
    policy = next((ref.policy for ref in granting.refs if ref.policy in left), "")
    return _STAYS.format(policy=policy) if policy else ""


def _judge_seen(granting: Granting, verdict: Verdict, evidence: Evidence) -> Judgement:
    reason = _SEEN[verdict]
    keep = "" if verdict is Verdict.UNGRANTED else reason
    return Judgement(verdict, reason, keep=keep, confidence=Confidence.HIGH, grants=granting.refs, evidence=evidence)


def _confidence(doubt: Doubt, *, blind: bool, untried: bool) -> Confidence:
    """The confidence in the removal of an action without seen use.

    If IAM reports no attempt, missing days of logs don't matter. But if the principal or policy is young, the action
    may not have been needed yet.
    """
    if untried and doubt is not Doubt.YOUNG:
        return Confidence.HIGH
    if doubt is not Doubt.NONE:
        return Confidence.LOW
    return Confidence.MEDIUM if blind else Confidence.HIGH


def seen_actions(lines: Iterable[Line], ungranted: Iterable[UngrantedUse]) -> SeenActions:
    """The verdict and the evidence of each action that records show as used or attempted."""
    seen: SeenActions = {}
    for line in lines:
        if line.evidence is not None:
            tried = line.kind is LineKind.ATTEMPTED
            _note(seen, line.action, Verdict.ATTEMPTED if tried else Verdict.USED, line.evidence)
    for found in ungranted:
        _note(seen, found.use.action, Verdict.UNGRANTED, found.use.evidence)
    return seen


def _note(seen: SeenActions, action: Action, verdict: Verdict, evidence: Evidence) -> None:
    known = seen.get(action)
    if known is None or _RANK[verdict] > _RANK[known[0]]:
        seen[action] = (verdict, evidence)
    elif verdict is known[0]:
        seen[action] = (verdict, merge_evidence(known[1], evidence))

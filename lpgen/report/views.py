"""The details of one principal in a report: facts from its proposal, and groups of findings."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import cached_property, lru_cache
from typing import Any, Final

import msgspec

from lpgen.core.analysis.observability.rare_needs import LostInverse, lost_inverses
from lpgen.core.backtests import NO_REACH
from lpgen.core.evidence import Evidence, Use
from lpgen.core.findings import (
    UNSEEN,
    ActionVerdict,
    Confidence,
    OpenWay,
    PrincipalDiff,
    Proposal,
    Verdict,
    Verdicts,
)
from lpgen.core.iam.match_resource import PatternIndex
from lpgen.core.model import AccessLevel, Action, DenialKind
from lpgen.core.registry.row import Caveat, CaveatKind
from lpgen.core.replacements import AppliedRule, CheckStatus, Line, LineKind, ReplacementStatement, Scope
from lpgen.core.usage.principal_usage import merge_evidence
from lpgen.report.summary import NO_COUNTS, Counts, PrincipalSummary, field_of_choice


@dataclass(frozen=True, slots=True)
class LevelCount:
    """The number of granted actions of one service and access level, and how many were used or attempted."""

    granted: int = 0
    seen: int = 0

    def __add__(self, other: LevelCount) -> LevelCount:
        return LevelCount(self.granted + other.granted, self.seen + other.seen)


Matrix = Mapping[str, Mapping[AccessLevel, LevelCount]]
"""Granted vs. used: by service, sorted, and by access level. Empty levels are left out."""

_SEEN: Final = frozenset({Verdict.USED, Verdict.ATTEMPTED})
USED_KINDS: Final = (LineKind.OBSERVED, LineKind.INFERRED)


class PrincipalView:
    """One principal's proposal with facts derived from it. Each fact is computed once, when it is needed."""

    def __init__(self, proposal: Proposal) -> None:
        self.proposal: Final = proposal

    @property
    def diff(self) -> PrincipalDiff:
        """The comparison that the proposal is based on."""
        return self.proposal.diff

    @cached_property
    def summary(self) -> PrincipalSummary:
        """The summary of the principal, without details."""
        proposal, diff, replacement = self.proposal, self.diff, self.proposal.replacement
        verification = proposal.verification
        return PrincipalSummary(
            principal=replace(diff.principal, policies=(), boundary=None, trust=None, instance_profiles=()),
            principal_class=diff.principal_class,
            advice=proposal.advice,
            task=diff.advice.task,
            counts=self.counts,
            caveats=tuple(map(_shared, proposal.caveats)),
            accepted=tuple(_shared(caveat) for caveat in diff.assessment.caveats if caveat.accepted_by),
            risk=diff.draft.risk,
            is_replaced=replacement is not None,
            refusal=replacement.refusal if replacement else "",
            in_place=proposal.in_place,
            safe=proposal.safe,
            failed=verification is not None and verification.status is CheckStatus.FAILED,
            left=tuple(policy.arn for policy in replacement.left) if replacement else (),
            has_decided=bool(self.decided or diff.draft.dropped),
            recreated=diff.use.recreated,
            becoming=replace(proposal.becoming, ways=()) if proposal.becoming else None,
            rests_on=diff.draft.rests_on,
            tracked_days=diff.draft.tracked_days,
            days_to_logs=diff.draft.days_to_logs,
        )

    @cached_property
    def has_documents(self) -> bool:
        """Whether a replacement was made and not refused."""
        return has_documents(self.proposal)

    @cached_property
    def counts(self) -> Counts:
        """The numbers of its actions."""
        verdicts, staying = self.diff.assessment.verdicts, self.staying
        by_verdict = verdicts.by_verdict()
        dangerous = [verdict.action for verdict in verdicts.dangerous_unseen()]
        granted, removed = by_verdict.total() - by_verdict[Verdict.UNGRANTED], sum(self.confidence.values())
        reach = asdict(self.diff.draft.reach if self.has_documents else NO_REACH)
        return msgspec.structs.replace(
            NO_COUNTS,
            granted=granted,
            used=by_verdict[Verdict.USED],
            attempted=by_verdict[Verdict.ATTEMPTED],
            unused=by_verdict[Verdict.UNUSED],
            unobservable=by_verdict[Verdict.UNOBSERVABLE],
            ungranted=by_verdict[Verdict.UNGRANTED],
            kept=granted - removed if self.has_documents else 0,
            kept_unseen=sum(
                judgement.verdict in UNSEEN and action in staying for action, judgement in verdicts.judged()
            ),
            removed=removed,
            dangerous=sum(action not in staying for action in dangerous) if self.has_documents else 0,
            dangerous_unused=len(dangerous),
            **{f"reach_{name}": number for name, number in reach.items()},
            **{field_of_choice(choice, kind): number for (kind, choice), number in verdicts.by_kind().items()},
        )

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """The lines in the replacement's documents, each once, sorted. Empty without a replacement."""
        documents = self.proposal.replacement.documents if self.has_documents and self.proposal.replacement else ()
        found = {line for document in documents for statement in document.statements for line in statement.lines}
        return tuple(sorted(found, key=lambda line: (line.action, line.scope, line.parent, line.kind, line.why)))

    @cached_property
    def left(self) -> frozenset[Action]:
        """The actions granted by policies left attached in addition to the replacement."""
        return self.diff.left_actions if self.has_documents else frozenset()

    @cached_property
    def staying(self) -> frozenset[Action]:
        """The actions in the replacement or in policies left attached."""
        return self.left.union(line.action for line in self.lines)

    @cached_property
    def confidence(self) -> Mapping[Confidence, int]:
        """The number of removed actions, by confidence, in order. All are 0 without a replacement."""
        judged = self.diff.assessment.verdicts.judged() if self.has_documents else ()
        removed = Counter([judgement for action, judgement in judged if action not in self.staying])
        found = dict.fromkeys(Confidence, 0)
        for judgement, count in removed.items():
            if judgement.verdict is not Verdict.UNGRANTED:
                found[judgement.confidence] += count
        return found

    @cached_property
    def matrix(self) -> Matrix:
        """Granted vs. used, by service and access level."""
        return _matrix_from_verdicts(self.diff.assessment.verdicts)

    @cached_property
    def dangers(self) -> tuple[DangerGroup, ...]:
        """The dangerous grants without recorded use, removed ones first."""
        return _danger_groups(self.diff.assessment.verdicts, self.staying)

    @cached_property
    def ways(self) -> tuple[OpenWay, ...]:
        """The combinations of permissions that gain the rights of others. Administrative rights have none."""
        return self.proposal.becoming.ways if self.proposal.becoming else ()

    @cached_property
    def single_dangers(self) -> tuple[DangerGroup, ...]:
        """The dangerous grants without recorded use that are in no combination."""
        combined = {action for way in self.ways for action in way.actions}
        return _danger_groups(self.diff.assessment.verdicts, self.staying, combined)

    @cached_property
    def lost_undoings(self) -> tuple[LostInverse, ...]:
        """Used actions that the principal could no longer undo. Empty if nothing changes."""
        if not self.has_documents or self.proposal.in_place:
            return ()
        return lost_inverses(self.diff.assessment.verdicts, self.staying)

    @cached_property
    def denied(self) -> tuple[DeniedGroup, ...]:
        """The denied attempts, by wall and action."""
        return _denied_groups(self.diff.use.denied)

    @cached_property
    def kept(self) -> tuple[KeptGroup, ...]:
        """Actions kept only because the logs can't show their use."""
        return _kept_groups(self.lines, LineKind.KEPT)

    @cached_property
    def for_review(self) -> tuple[KeptGroup, ...]:
        """Actions kept because an unexplained use may be a mapping error."""
        return _kept_groups(self.lines, LineKind.REVIEW)

    @cached_property
    def decided(self) -> tuple[KeptGroup, ...]:
        """Actions kept by a decision."""
        return _kept_groups(self.lines, LineKind.DECIDED)

    @cached_property
    def shared(self) -> tuple[KeptGroup, ...]:
        """Actions kept because a role of the same permission set needs them in another account."""
        return _kept_groups(self.lines, LineKind.SHARED)

    @cached_property
    def kinds(self) -> Mapping[LineKind, frozenset[Action]]:
        """The actions of the replacement, each once, by the reason for keeping them."""
        return _actions_by_kind(self.lines)

    @cached_property
    def rules(self) -> tuple[_RuleGroup, ...]:
        """The applied scoping rules."""
        return _rule_groups(self.proposal.replacement.rules) if self.proposal.replacement else ()


def _shared(caveat: Caveat) -> Caveat:
    """The caveat, as one object for all principals that share it, such as users of one policy."""
    return _shared_caveat(caveat.kind, tuple(caveat.parameters.items()), caveat.accepted_by)


@lru_cache(maxsize=1024)
def _shared_caveat(kind: CaveatKind, parameters: tuple[tuple[str, Any], ...], accepted_by: str) -> Caveat:
    return Caveat(kind, dict(parameters), accepted_by)


# ---------------------------------------------------------------- counts


def has_documents(proposal: Proposal) -> bool:
    """Whether a replacement was made and not refused."""
    return proposal.replacement is not None and not proposal.replacement.refusal


def _matrix_from_verdicts(verdicts: Verdicts) -> Matrix:
    """Granted vs. used, by service and access level."""
    granted, seen = Counter[tuple[str, AccessLevel]](), Counter[tuple[str, AccessLevel]]()
    for action, judgement in verdicts.judged():
        if judgement.verdict is not Verdict.UNGRANTED:
            cell = _cell(action, verdicts.facts[action].level)
            granted[cell] += 1
            if judgement.verdict in _SEEN:
                seen[cell] += 1
    found: dict[str, dict[AccessLevel, LevelCount]] = defaultdict(dict)
    for service, level in granted:
        found[service][level] = LevelCount(granted[service, level], seen[service, level])
    return {service: found[service] for service in sorted(found)}


@lru_cache(maxsize=1 << 16)
def _cell(action: Action, level: AccessLevel) -> tuple[str, AccessLevel]:
    """The matrix cell of an action: its service and access level."""
    return action.partition(":")[0], level


def sum_matrix(matrix: Matrix) -> dict[AccessLevel, LevelCount]:
    """The sums over all services, for every level in order."""
    return {
        level: sum((row.get(level, LevelCount()) for row in matrix.values()), LevelCount()) for level in AccessLevel
    }


def sorted_levels(row: Mapping[AccessLevel, LevelCount]) -> list[AccessLevel]:
    """The access levels of a row, from List to Permissions management."""
    return [level for level in AccessLevel if level in row]


# ---------------------------------------------------------------- groups


_FIRST_SERVICES: Final = ("iam", "sts", "organizations", "ec2", "kms")
"""The services whose actions grant permissions, in the order in which their dangers are shown."""


@dataclass(frozen=True, slots=True)
class DangerGroup:
    """Dangerous grants without recorded use that allow the same harm. `stays` means that they aren't removed."""

    danger: str
    observable: bool
    stays: bool
    verdicts: tuple[ActionVerdict, ...]


@dataclass(frozen=True, slots=True)
class DeniedGroup:
    """Denied attempts of one action by one wall. `resources`, `regions` and `days` are distinct and sorted."""

    wall: DenialKind
    action: Action
    resources: tuple[str, ...]
    regions: tuple[str, ...]
    evidence: Evidence
    days: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class KeptGroup:
    """Actions of one service that are kept for one reason without recorded use."""

    service: str
    why: str
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class _RuleGroup:
    """A scoping rule, with what it adds to the scopes and the patterns that it wrote."""

    rule: str
    adds: str
    tightens: str
    records: int
    patterns: tuple[str, ...]


def _danger_groups(
    verdicts: Verdicts, staying: frozenset[Action], combined: Collection[Action] = ()
) -> tuple[DangerGroup, ...]:
    """The dangerous grants without recorded use, except combined ones. Removed ones come before kept ones.

    Within these, a specific danger comes before a general one, and services whose actions grant permissions come first.
    """
    found: dict[tuple[bool, bool, str], list[ActionVerdict]] = defaultdict(list)
    for verdict in verdicts.dangerous_unseen():
        if verdict.action in combined:
            continue
        found[verdict.action in staying, verdict.verdict is Verdict.UNUSED, verdict.danger].append(verdict)
    groups = (
        DangerGroup(danger, observable, stays, tuple(sorted(members, key=lambda member: member.action)))
        for (stays, observable, danger), members in found.items()
    )
    return tuple(sorted(groups, key=_danger_order))


def _danger_order(group: DangerGroup) -> tuple[bool, bool, int, int, str]:
    action = group.verdicts[0].action
    service = action.partition(":")[0]
    rank = _FIRST_SERVICES.index(service) if service in _FIRST_SERVICES else len(_FIRST_SERVICES)
    return group.stays, not group.observable, len(group.verdicts), rank, action


def _denied_groups(denied: Iterable[Use]) -> tuple[DeniedGroup, ...]:
    """Denied attempts by wall and action, sorted."""
    found: dict[tuple[DenialKind, Action], list[Use]] = defaultdict(list)
    for use in denied:
        found[use.denial_kind, use.action].append(use)
    return tuple(_denied_group(*key, found[key]) for key in sorted(found))


def _kept_groups(lines: Iterable[Line], kind: LineKind) -> tuple[KeptGroup, ...]:
    """The actions of lines of one kind by service and reason, sorted. An action gets its first reason."""
    reasons: dict[Action, str] = {}
    for line in lines:
        if line.kind is kind:
            reasons[line.action] = min(reasons.get(line.action, line.why), line.why)
    found: dict[tuple[str, str], list[Action]] = defaultdict(list)
    for action, why in sorted(reasons.items()):
        found[action.partition(":")[0], why].append(action)
    return tuple(KeptGroup(*key, tuple(found[key])) for key in sorted(found))


def _rule_groups(rules: Iterable[AppliedRule]) -> tuple[_RuleGroup, ...]:
    """The applied scoping rules, each with its patterns."""
    found: dict[tuple[str, str, str], list[AppliedRule]] = defaultdict(list)
    for rule in rules:
        found[rule.rule, rule.adds, rule.tightens].append(rule)
    return tuple(
        _RuleGroup(
            *words, sum(member.records for member in members), tuple(sorted(member.pattern for member in members))
        )
        for words, members in sorted(found.items())
    )


def _actions_by_kind(lines: Iterable[Line]) -> dict[LineKind, frozenset[Action]]:
    """The actions of the replacement, each once, by the first kind of its lines. Empty kinds are left out.

    An action that was used on one resource, and is kept on others because the logs can't show use, counts as used.
    """
    kinds: dict[Action, set[LineKind]] = defaultdict(set)
    for line in lines:
        kinds[line.action].add(line.kind)
    found: dict[LineKind, set[Action]] = {kind: set() for kind in LineKind}
    for action, seen in kinds.items():
        found[next(kind for kind in LineKind if kind in seen)].add(action)
    return {kind: frozenset(actions) for kind, actions in found.items() if actions}


def _denied_group(wall: DenialKind, action: Action, uses: list[Use]) -> DeniedGroup:
    evidence = uses[0].evidence
    for use in uses[1:]:
        evidence = merge_evidence(evidence, use.evidence)
    resources = tuple(sorted({use.resource.text for use in uses}))
    regions = tuple(sorted({region for use in uses for region in use.regions}))
    days = tuple(sorted({day for use in uses for day in use.on}))
    return DeniedGroup(wall, action, resources, regions, evidence, days)


# ---------------------------------------------------------------- lines


def explained_lines(statement: ReplacementStatement) -> Iterable[tuple[str, Scope, list[Line]]]:
    """Each action and scope of a statement with the lines that explain it, sorted.

    Large statements are split, so a line's scope is cut to the part that this statement covers. A line without such a
    part belongs to another statement, unless nothing else explains the action. A line may be narrower than the scope if
    the statement replaced a redundant one.
    """
    found: dict[tuple[str, Scope], list[Line]] = defaultdict(list)
    for line in statement.lines:
        found[line.action, _scope_within(line.scope, statement.scope)].append(line)
    explained = {action for action, scope in found if scope.resources}
    for (action, scope), lines in sorted(found.items()):
        if scope.resources:
            yield action, scope, lines
        elif action not in explained:
            yield action, statement.scope, lines


def _scope_within(scope: Scope, whole: Scope) -> Scope:
    if scope.not_resource or whole.not_resource:
        return scope
    index = PatternIndex(whole.resources)
    return Scope(
        tuple(
            resource for resource in scope.resources if resource in whole.resources or any(index.containing(resource))
        )
    )

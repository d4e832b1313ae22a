"""Findings of one principal in groups: a reader sees a handful of rows, not thousands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from lpgen.core.evidence import Evidence, Use
from lpgen.core.findings import ActionVerdict, Verdict, Verdicts
from lpgen.core.model import Action, DenialKind
from lpgen.core.replacements import AppliedRule, Line, LineKind
from lpgen.core.usage.principal_usage import merge_evidence

_FIRST_SERVICES: Final = ("iam", "sts", "organizations", "ec2", "kms")
"""The services whose actions hand out rights, in the order in which their dangers are shown."""


@dataclass(frozen=True, slots=True)
class DangerGroup:
    """Dangerous grants without seen use, by what they let a holder do; `stays` says they aren't removed."""

    danger: str
    observable: bool
    stays: bool
    verdicts: tuple[ActionVerdict, ...]


@dataclass(frozen=True, slots=True)
class DeniedGroup:
    """Denied attempts of one action by one wall. `resources`, `regions` and `days` are distinct, sorted."""

    wall: DenialKind
    action: Action
    resources: tuple[str, ...]
    regions: tuple[str, ...]
    evidence: Evidence
    days: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class KeptGroup:
    """Actions of one service that are kept for one reason though no use was seen."""

    service: str
    why: str
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """A scoping rule with its addition to the scopes and every pattern it wrote."""

    rule: str
    adds: str
    tightens: str
    records: int
    patterns: tuple[str, ...]


def danger_groups(verdicts: Verdicts, staying: frozenset[Action]) -> tuple[DangerGroup, ...]:
    """The dangerous grants without seen use, removed ones before kept ones.

    Within these, a danger of its own comes before a general one, and the services that hand out rights come first.
    """
    found: dict[tuple[bool, bool, str], list[ActionVerdict]] = defaultdict(list)
    for one in verdicts.dangerous_unseen():
        found[one.action in staying, one.verdict is Verdict.UNUSED, one.danger].append(one)
    groups = (
        DangerGroup(danger, observable, stays, tuple(sorted(members, key=lambda one: one.action)))
        for (stays, observable, danger), members in found.items()
    )
    return tuple(sorted(groups, key=_danger_order))


def _danger_order(one: DangerGroup) -> tuple[bool, bool, int, int, str]:
    action = one.verdicts[0].action
    service = action.partition(":")[0]
    rank = _FIRST_SERVICES.index(service) if service in _FIRST_SERVICES else len(_FIRST_SERVICES)
    return one.stays, not one.observable, len(one.verdicts), rank, action


def denied_groups(denied: Iterable[Use]) -> tuple[DeniedGroup, ...]:
    """Denied attempts by wall and action, sorted."""
    found: dict[tuple[DenialKind, Action], list[Use]] = defaultdict(list)
    for use in denied:
        found[use.denial_kind, use.action].append(use)
    return tuple(_denied_group(*key, found[key]) for key in sorted(found))


def kept_groups(lines: Iterable[Line], kind: LineKind) -> tuple[KeptGroup, ...]:
    """The replacement's lines of one kind by service and reason, sorted; an action has the first of its reasons."""
    reasons: dict[Action, str] = {}
    for line in lines:
        if line.kind is kind:
            reasons[line.action] = min(reasons.get(line.action, line.why), line.why)
    found: dict[tuple[str, str], list[Action]] = defaultdict(list)
    for action, why in sorted(reasons.items()):
        found[action.partition(":")[0], why].append(action)
    return tuple(KeptGroup(*key, tuple(found[key])) for key in sorted(found))


def rule_groups(rules: Iterable[AppliedRule]) -> tuple[RuleGroup, ...]:
    """The scoping rules that were applied, each with its patterns."""
    found: dict[tuple[str, str, str], list[AppliedRule]] = defaultdict(list)
    for one in rules:
        found[one.rule, one.adds, one.tightens].append(one)
    return tuple(
        RuleGroup(*words, sum(one.records for one in members), tuple(sorted(one.pattern for one in members)))
        for words, members in sorted(found.items())
    )


def actions_by_kind(lines: Iterable[Line]) -> dict[LineKind, frozenset[Action]]:
    """The actions of the replacement, each once: by the first kind of its lines, without the empty kinds, in order.

    An action that was used on one resource and is kept on others too, as the logs can't show, counts as used.
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

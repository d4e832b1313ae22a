"""Dangerous use, and the caveats for what of it is suspected."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from functools import reduce

from lpgen.core.analysis.decisions import applies_to_action
from lpgen.core.catalog.danger import Dangers
from lpgen.core.evidence import PrincipalUsage, Suspected, Use
from lpgen.core.findings import DangerousUse
from lpgen.core.globs.match import glob_match
from lpgen.core.model import Action, Outcome
from lpgen.core.registry.caveats import Caveat, CaveatKind
from lpgen.core.replacements import Decision, Line
from lpgen.core.usage.principal_usage import merge_evidence


def dangerous_uses(usage: PrincipalUsage, dangers: Dangers) -> tuple[DangerousUse, ...]:
    """The dangerous actions that a principal used, sorted."""
    found: dict[Action, DangerousUse] = {}
    for use in usage.uses:
        if use.outcome is Outcome.ALLOWED and dangers.is_dangerous(use.action):
            known = found.get(use.action)
            on = tuple(sorted({*use.on, *known.on})) if known else use.on
            evidence = merge_evidence(use.evidence, known.evidence) if known else use.evidence
            found[use.action] = DangerousUse(use.action, dangers.harm(use.action), on=on, evidence=evidence)
    return tuple(found[action] for action in sorted(found))


def unusual_use_caveats(
    usage: PrincipalUsage,
    lines: Iterable[Line],
    dangers: Dangers,
    decisions: Iterable[Decision],
    held: Collection[Action] = (),
) -> Iterable[Caveat]:
    """A caveat for each action whose suspected harm the replacement's lines allow, or a policy left attached, which
    allows the actions `held`.

    Only a decision to keep or drop the action counts: a pattern that accepts other caveats must not accept an
    intruder's use.
    """
    drops = [decision for decision in decisions if decision.drops_for_good]
    kept: dict[Action, list[Line]] = defaultdict(list)
    for line in lines:
        kept[line.action].append(line)
    found: dict[Action, list[Use]] = defaultdict(list)
    for use in usage.uses:
        is_harm = use.suspected not in (Suspected.NO, Suspected.COMPANY) and use.is_done
        if is_harm and _is_kept(use, kept[use.action], usage.principal, drops, is_held=use.action in held):
            found[use.action].append(use)
    for action in sorted(found, key=lambda action: (dangers.rank(action), action)):
        yield _caveat(action, dangers, found[action])


def _is_kept(use: Use, lines: Sequence[Line], principal: str, drops: Iterable[Decision], *, is_held: bool) -> bool:
    """Whether lines allow a use, or an attached policy; where a decision drops its resource, lines on others remain."""
    resource = use.resource.text
    named = (drop for drop in drops if applies_to_action(drop, principal, use.action))
    if any(glob_match(drop.resource or "*", resource) for drop in named):
        return any(glob_match(pattern, resource) for line in lines for pattern in line.scope.resources)
    return is_held or bool(lines)


def _caveat(action: Action, dangers: Dangers, uses: Sequence[Use]) -> Caveat:
    evidence = reduce(merge_evidence, (use.evidence for use in uses))
    days = {day for use in uses for day in use.on}
    return Caveat.of(
        CaveatKind.UNUSUAL_USE,
        action=action,
        harm=dangers.harm(action),
        rank=dangers.rank(action),
        resource=evidence.example_resource,
        first=min(days),
        last=max(days),
        days=len(days),
        records=evidence.records,
        example=evidence.example_event_id,
        case=min(use.suspected for use in uses),
    )

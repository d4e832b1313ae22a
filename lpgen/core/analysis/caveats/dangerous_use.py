"""Caveats about dangerous actions: unusual use, and attempts that keep them in a replacement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import reduce

from lpgen.core.analysis.caveats.inputs import CaveatInputs
from lpgen.core.analysis.decisions import applies_to_action
from lpgen.core.catalog.danger import Dangers
from lpgen.core.choices import Severity
from lpgen.core.evidence import PrincipalUsage, Suspected, Use
from lpgen.core.findings import DangerousUse
from lpgen.core.globs.match import glob_match
from lpgen.core.model import Action, Outcome
from lpgen.core.registry.row import Caveat, CaveatKind, Remedy, Row
from lpgen.core.replacements import Decision, Line
from lpgen.core.usage.principal_usage import merge_evidence


def _unusual_use_message(
    *,
    action: str,
    harm: str,
    resource: str,
    first: date,
    last: date,
    days: int,
    records: int,
    example: str,
    case: str,
    **_: object,
) -> str:
    """When a dangerous action was used, and why that is unusual."""
    when = f"used only {f'on {first}' if days == 1 else f'on {days} days from {first} to {last}'}"
    if case == "after-denials":
        when = f"used on {first}, right after other actions were denied"
    elif case == "burst":
        when = f"used on {first}, together with other harmful actions that were new on that day"
    elif case == "late":
        when = f"first used on {first}, in the last days of the logs"
    seen = f"{records:,} {'record' if records == 1 else 'records'}, example {example or 'without an id'}"
    return f"{action} {harm}, and was {when}, on {resource} ({seen})"


class DangerCaveat(CaveatKind):
    """Reasons why dangerous actions aren't safe."""

    UNUSUAL_USE = Row(
        "unusual_use",
        "A dangerous action was used in an unusual way.",
        parameters={
            "action": str,
            "harm": str,
            "rank": int,
            "resource": str,
            "first": date,
            "last": date,
            "days": int,
            "records": int,
            "example": str,
            "case": str,
        },
        message=_unusual_use_message,
        step="ask the owner whether the team used {action}: if so, keep it with a decision; if not, drop those days"
        " with a decision and treat the credentials as stolen",
        item="unusual {action}",
        acceptable=False,
        help="Stolen credentials are used in this way: only within a week, or only in the last tenth of the logs, "
        "where the principal regularly changes nothing else; right after denied calls; or together with other "
        "harmful actions that were new on that day. The replacement allows the action. lpgen learns nothing else "
        "from its use.",
        to_do="ask the owner. If the team used it, keep it with a decision. If not, treat the credentials as stolen "
        "and drop those days with a decision, which `lpgen review --write-decisions` drafts.",
        source="https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-types-iam.html",
        severity=Severity.HIGH,
        precision="medium",
        remedy=Remedy.LOOK,
    )
    DANGEROUS_ATTEMPT = Row(
        "dangerous_attempt",
        "A dangerous action is kept only because of attempts.",
        parameters={"action": str, "danger": str},
        message="{action} {danger}, and is kept because of attempts, though no record shows that one was allowed",
        step="drop the action with a decision, or accept this if it is needed",
        item="attempted {action}",
        help="The calls were throttled, malformed or failed inside AWS.",
    )


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


def find_unusual_use(inputs: CaveatInputs) -> Iterator[Caveat]:
    """A caveat for each action with suspected use that the replacement or a policy left attached allows.

    Only a decision to keep or drop the action settles it: a pattern that accepts other caveats must not accept an
    intruder's use.
    """
    dangers = inputs.finder.dangers
    drops = [decision for decision in inputs.ground.decisions if decision.drops_for_good]
    kept: dict[Action, list[Line]] = defaultdict(list)
    for line in inputs.context.lines:
        kept[line.action].append(line)
    found: dict[Action, list[Use]] = defaultdict(list)
    for use in inputs.records.usage.uses:
        is_harm = use.suspected not in (Suspected.NO, Suspected.COMPANY) and use.is_done
        is_left = use.action in inputs.left
        if is_harm and _is_kept(use, kept[use.action], inputs.records.usage.principal, drops, is_left=is_left):
            found[use.action].append(use)
    for action in sorted(found, key=lambda action: (dangers.rank(action), action)):
        yield _unusual_use(action, dangers, found[action])


def _is_kept(use: Use, lines: Sequence[Line], principal: str, drops: Iterable[Decision], *, is_left: bool) -> bool:
    """Whether lines or an attached policy allow a use.

    If a decision drops its resource, only lines on that resource count.
    """
    resource = use.resource.text
    named = (drop for drop in drops if applies_to_action(drop, principal, use.action))
    if any(glob_match(drop.resource or "*", resource) for drop in named):
        return any(glob_match(pattern, resource) for line in lines for pattern in line.scope.resources)
    return is_left or bool(lines)


def _unusual_use(action: Action, dangers: Dangers, uses: Sequence[Use]) -> Caveat:
    evidence = reduce(merge_evidence, (use.evidence for use in uses))
    days = {day for use in uses for day in use.on}
    return Caveat.of(
        DangerCaveat.UNUSUAL_USE,
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


def find_attempts(inputs: CaveatInputs) -> Iterator[Caveat]:
    """A caveat for each dangerous action that lines keep only because of attempts: anyone can make a call that
    fails."""
    dangers = inputs.finder.dangers
    tried = {use.action for use in inputs.records.usage.uses if use.outcome is not Outcome.DENIED}
    tried -= {use.action for use in inputs.records.usage.uses if use.is_done}
    for action in sorted(tried & inputs.kept):
        if dangers.is_dangerous(action):
            yield Caveat.of(DangerCaveat.DANGEROUS_ATTEMPT, action=action, danger=dangers.harm(action))

"""Verdicts as rows of JSON: millions of them in the review of a large organization, most of them alike."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from functools import lru_cache

from lpgen.core.evidence import StatementRef
from lpgen.core.findings import ActionVerdict, Judgement, Verdicts
from lpgen.core.model import AccessLevel, Action
from lpgen.report.json.facts import facts_of_evidence
from lpgen.report.json.layout import Row, Written


def facts_of_verdict(one: ActionVerdict, staying: Collection[Action], at: Mapping[StatementRef, int]) -> Row:
    """The verdict on one action; `at` numbers the statements."""
    return Row(
        action=one.action,
        level=one.level,
        verdict=one.verdict,
        reason=one.reason,
        keep=one.keep,
        in_replacement=one.action in staying,
        confidence=one.confidence,
        danger=one.danger,
        granted_by=[at[ref] for ref in one.grants],
        evidence=facts_of_evidence(one.evidence) if one.evidence else None,
    )


def written_verdicts(verdicts: Verdicts, staying: Collection[Action], at: Mapping[StatementRef, int]) -> Written:
    """The rows of one principal's verdicts, as text; `staying` are the actions in its replacement.

    The row of a removed action is assembled from the action's own part and the part of all that are judged alike.
    """
    parts: dict[Judgement, tuple[str, str]] = {}
    rows = Written()
    for action, judgement in verdicts.judged():
        if judgement.keep or judgement.evidence or action in staying:
            rows.append(json.dumps(facts_of_verdict(verdicts.verdict_on(action, judgement), staying, at)))
            continue
        part = parts.get(judgement)
        if part is None:
            part = parts[judgement] = _written_judgement(judgement, at)
        named, danger = _written_action(action, *verdicts.facts[action])
        rows.append(f"{{{named}, {part[0]}, {danger}, {part[1]}}}")
    return rows


@lru_cache(maxsize=1 << 16)
def _written_action(action: Action, level: AccessLevel, danger: str) -> tuple[str, str]:
    return _members(action=action, level=level), _members(danger=danger)


def _written_judgement(one: Judgement, at: Mapping[StatementRef, int]) -> tuple[str, str]:
    why = _members(verdict=one.verdict, reason=one.reason, keep="", in_replacement=False, confidence=one.confidence)
    return why, _members(granted_by=[at[ref] for ref in one.grants], evidence=None)


def _members(**fields: object) -> str:
    """The members of a JSON object, without its braces."""
    return json.dumps(fields)[1:-1]

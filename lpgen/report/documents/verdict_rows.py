"""Verdicts as JSON rows. A review of a large organization has millions of them, most of them similar."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Annotated

from lpgen.core.documents import Count, RowPart, means
from lpgen.core.evidence import StatementRef
from lpgen.core.findings import ActionVerdict, Confidence, Judgement, Verdict, Verdicts
from lpgen.core.model import AccessLevel, Action
from lpgen.report.documents.layout import row_text, written_rows
from lpgen.report.documents.parts import ActionName, EvidencePart


class VerdictPart(RowPart, kw_only=True):
    """The verdict on an action."""

    action: ActionName
    level: Annotated[AccessLevel, means("Its access level.")]
    verdict: Annotated[Verdict, means("The verdict.")]
    reason: Annotated[str, means("The reason.")]
    keep: Annotated[str, means('Why an action without recorded use is kept. "": it isn\'t kept for such a reason.')]
    in_replacement: Annotated[bool, means("Whether the replacement has it.")]
    confidence: Annotated[Confidence, means("The confidence of a removal.")]
    danger: Annotated[str, means('What a holder could do with it. "": nothing dangerous.')]
    granted_by: Annotated[tuple[Count, ...], means("The numbers of the `statements` that grant it, from 0.")]
    evidence: Annotated[EvidencePart | None, means("The recorded use or attempt; null: none.")]


def part_from_verdict(
    verdict: ActionVerdict, staying: Collection[Action], at: Mapping[StatementRef, int]
) -> VerdictPart:
    """The verdict on one action. `at` has the number of each statement."""
    granted_by = [at[ref] for ref in verdict.grants]
    return VerdictPart.from_attributes(verdict, in_replacement=verdict.action in staying, granted_by=granted_by)


def written_verdicts(
    verdicts: Verdicts, staying: Collection[Action], at: Mapping[StatementRef, int]
) -> tuple[VerdictPart, ...]:
    """The rows of one principal's verdicts as text. `staying` are the actions in its replacement.

    The row of a removed action is assembled from a text for the action and a text that equal judgements share.
    """
    parts: dict[Judgement, tuple[str, str]] = {}
    rows: list[str] = []
    for action, judgement in verdicts.judged():
        if judgement.keep or judgement.evidence or action in staying:
            rows.append(row_text(part_from_verdict(verdicts.verdict_on(action, judgement), staying, at)))
            continue
        part = parts.get(judgement)
        if part is None:
            part = parts[judgement] = _written_judgement(judgement, at)
        named, danger = _written_action(action, *verdicts.facts[action])
        rows.append(f"{{{named}, {part[0]}, {danger}, {part[1]}}}")
    return written_rows(rows, VerdictPart)


@lru_cache(maxsize=1 << 16)
def _written_action(action: Action, level: AccessLevel, danger: str) -> tuple[str, str]:
    return _members(action=action, level=level), _members(danger=danger)


def _written_judgement(judged: Judgement, at: Mapping[StatementRef, int]) -> tuple[str, str]:
    why = {"verdict": judged.verdict, "reason": judged.reason, "keep": "", "in_replacement": False}
    granted_by = [at[ref] for ref in judged.grants]
    return _members(**why, confidence=judged.confidence), _members(granted_by=granted_by, evidence=None)


def _members(**fields: object) -> str:
    """The members of a JSON object, without its braces."""
    return json.dumps(fields)[1:-1]

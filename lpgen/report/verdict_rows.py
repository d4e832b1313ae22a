"""Verdicts as rows of JSON: millions of them in the review of a large organization, most of them alike."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache

from lpgen.core.findings import ActionVerdict, Confidence, Verdict
from lpgen.core.grounds import StatementRef
from lpgen.core.model import AccessLevel, Action
from lpgen.report.facts import facts_of_evidence
from lpgen.report.json_layout import Row, Written


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


def written_verdicts(
    verdicts: Iterable[ActionVerdict], staying: Collection[Action], at: Mapping[StatementRef, int]
) -> Written:
    """The rows of one principal's verdicts, as text; `staying` are the actions in its replacement."""
    numbers: dict[int, str] = {}
    rows = Written()
    for one in verdicts:
        if one.keep or one.evidence or one.action in staying:
            rows.append(json.dumps(facts_of_verdict(one, staying, at)))
            continue
        granted = numbers.get(id(one.grants))
        if granted is None:
            granted = numbers[id(one.grants)] = json.dumps([at[ref] for ref in one.grants])
        head = _head(one.action, one.level, one.verdict, one.reason, one.confidence, one.danger)
        rows.append(f'{head}{granted}, "evidence": null}}')
    return rows


@lru_cache(maxsize=1 << 16)
def _head(
    action: Action, level: AccessLevel, verdict: Verdict, reason: str, confidence: Confidence, danger: str
) -> str:
    """The row of an action that goes, up to its statements."""
    row = Row(
        action=action,
        level=level,
        verdict=verdict,
        reason=reason,
        keep="",
        in_replacement=False,
        confidence=confidence,
        danger=danger,
    )
    return json.dumps(row).removesuffix("}") + ', "granted_by": '

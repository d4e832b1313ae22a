"""Verdicts for tests, which may each differ in everything."""

from __future__ import annotations

from collections.abc import Iterable

from lpgen.core.findings import ActionFact, ActionVerdict, Judgement, Verdicts


def verdicts_from(verdicts: Iterable[ActionVerdict]) -> Verdicts:
    """These verdicts, with distinct actions."""
    listed = tuple(verdicts)
    judged = [
        (
            verdict.action,
            Judgement(
                verdict.verdict,
                verdict.reason,
                keep=verdict.keep,
                confidence=verdict.confidence,
                grants=verdict.grants,
                evidence=verdict.evidence,
            ),
        )
        for verdict in listed
    ]
    return Verdicts(judged, {verdict.action: ActionFact(verdict.level, verdict.danger) for verdict in listed})

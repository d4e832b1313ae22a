"""Every verdict of a principal as data: by the outcome of the action and why, and no action left out."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from lpgen.core.findings import ActionVerdict, Confidence, Verdict
from lpgen.core.model import Action
from lpgen.report.documents.layout import Json
from lpgen.report.escaping import terminal_text
from lpgen.report.html.shared import Shared
from lpgen.report.views import PrincipalView

REMOVED, KEPT, GRANTED, UNGRANTED = "removed", "kept", "granted", "ungranted"

_OUTCOMES: Final = (REMOVED, KEPT, GRANTED, UNGRANTED)

_WHY: Final = {
    (REMOVED, Verdict.UNUSED): "Use would have left a record, and there is none.",
    (REMOVED, Verdict.UNOBSERVABLE): "The logs can't show use, and nothing hints at any.",
    (KEPT, Verdict.USED): "Seen in use.",
    (KEPT, Verdict.ATTEMPTED): "Tried, and no record says whether it was allowed.",
    (KEPT, Verdict.UNOBSERVABLE): "The logs can't show use, and there is a sign of it.",
    (KEPT, Verdict.UNUSED): "No record of use, and kept all the same.",
    (REMOVED, Verdict.USED): "Seen in use, and left out by a decision.",
    (REMOVED, Verdict.ATTEMPTED): "Tried, and left out by a decision.",
    (GRANTED, Verdict.USED): "Seen in use.",
    (GRANTED, Verdict.ATTEMPTED): "Tried, and no record says whether it was allowed.",
    (GRANTED, Verdict.UNUSED): "Use would have left a record, and there is none.",
    (GRANTED, Verdict.UNOBSERVABLE): "The logs can't show use.",
    (UNGRANTED, Verdict.UNGRANTED): "Used without a grant: reported, and not added.",
}

_Key = tuple[str, Verdict, Confidence | None]
_RowKey = tuple[str, str, str]


def data_of_verdicts(view: PrincipalView, shared: Shared) -> list[Json]:
    """The groups of verdicts, removed ones first; each has rows of service, reason, danger and numbers of actions.

    Reasons and dangers are indexes into the shared texts; -1 means no danger.
    """
    groups: dict[_Key, dict[_RowKey, list[Action]]] = defaultdict(lambda: defaultdict(list))
    for one in view.diff.verdicts:
        outcome = outcome_of(one, view)
        reason = one.reason if outcome != KEPT or one.keep in ("", one.reason) else f"{one.reason}; {one.keep}"
        service = one.action.partition(":")[0]
        key = outcome, one.verdict, one.confidence if outcome == REMOVED else None
        groups[key][service, reason, one.danger].append(one.action)
    return [
        {
            "outcome": outcome,
            "verdict": verdict,
            "confidence": confidence or "",
            "why": _WHY.get((outcome, verdict), ""),
            "count": sum(map(len, groups[outcome, verdict, confidence].values())),
            "rows": [
                [
                    terminal_text(service),
                    shared.texts.place(terminal_text(reason)),
                    shared.texts.place(terminal_text(danger)) if danger else -1,
                    shared.ranges(actions),
                ]
                for (service, reason, danger), actions in sorted(groups[outcome, verdict, confidence].items())
            ],
        }
        for outcome, verdict, confidence in sorted(groups, key=_group_order)
    ]


def outcome_of(one: ActionVerdict, view: PrincipalView) -> str:
    """The outcome of an action."""
    if one.verdict is Verdict.UNGRANTED:
        return UNGRANTED
    if not view.has_documents:
        return GRANTED
    return KEPT if one.action in view.staying else REMOVED


def _group_order(key: _Key) -> tuple[int, int, int]:
    outcome, verdict, confidence = key
    order = (Verdict.UNUSED, Verdict.UNOBSERVABLE, Verdict.USED, Verdict.ATTEMPTED, Verdict.UNGRANTED)
    return _OUTCOMES.index(outcome), order.index(verdict), list(Confidence).index(confidence) if confidence else 0

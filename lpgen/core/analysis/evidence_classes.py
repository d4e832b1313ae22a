"""The evidence classes of replacements, and how often replacements of each class deny something in the next days.

Like an actuarial table: a replacement's class follows from a few facts about the principal's past, and its risk is the
share of the replacements of this class that denied something in `bench.corpus`, with one vote for each kind of
principal. `python -m bench.forecast` measures the shares.
"""

from __future__ import annotations

from typing import Final

from lpgen.core.backtests import EvidenceClass, PastDenials, Risk

_FEW_DAYS: Final = 30
"""A principal that was active on fewer days may have work that the logs don't show yet."""

_SHORT_PAST: Final = 90
"""Logs of fewer covered days may miss quarterly work."""

_REPEATED: Final = 2
"""Denials in this many windows recur."""

_NEXT_DAYS: Final = 30

_RISKS: Final = {
    EvidenceClass.STEADY: (0.025, 0.042),
    EvidenceClass.FEW_DAYS: (0.014, 0.034),
    EvidenceClass.SHORT_PAST: (0.083, 0.163),
    EvidenceClass.ONE_NEED: (0.183, 0.347),
    EvidenceClass.NEW_NEEDS: (0.024, 0.046),
    EvidenceClass.SHORT_NEW_NEEDS: (0.137, 0.334),
    EvidenceClass.DOUBTED: (0.034, 0.076),
}
"""The share of replacements that deny something in the next days, and the mean number of needs that they deny.

`python -m bench.forecast fit --weight 4` prints them: from 4,324 replacements of the tuned half, in five corpora and 39
cuts.
"""


def class_of_past(past: PastDenials, covered_days: int) -> EvidenceClass:
    """The class of a replacement without other open caveats. The first one that applies counts."""
    is_short = covered_days < _SHORT_PAST
    if past.denied_last or past.denied_windows >= _REPEATED:
        return EvidenceClass.SHORT_NEW_NEEDS if is_short else EvidenceClass.NEW_NEEDS
    if past.active_days >= _FEW_DAYS:
        return EvidenceClass.STEADY
    if past.used <= 1:
        return EvidenceClass.ONE_NEED
    return EvidenceClass.SHORT_PAST if is_short else EvidenceClass.FEW_DAYS


def risk_of_class(evidence: EvidenceClass) -> Risk:
    """The risk of the replacements of a class."""
    return Risk(evidence, *_RISKS[evidence], _NEXT_DAYS)


def with_doubts(risk: Risk) -> Risk:
    """The risk of a replacement with other open caveats, which is at least that of its class."""
    return max(risk, risk_of_class(EvidenceClass.DOUBTED), key=lambda found: found.share)

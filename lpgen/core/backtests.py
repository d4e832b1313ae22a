"""The types of a backtest: the later use that replacements made from past days would have denied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from lpgen.core.evidence import AccountCoverage
from lpgen.core.model import Action


class DenialCause(StrEnum):
    """Why a replacement denies a later use."""

    NEW_ACTION = "new-action"  # it lacks the action
    NEW_RESOURCE = "new-resource"  # it has the action, but not on this resource
    NEW_NAME = "new-name"  # it has the action, and the call creates the resource that it names


class EvidenceClass(StrEnum):
    """What a principal's past says about its replacement. Principals of a class have similar risks."""

    STEADY = "steady"  # active on many days, and no recent or repeated denial in a backtest
    FEW_DAYS = "few-days"  # active on few days
    SHORT_PAST = "short-past"  # active on few days of short logs
    ONE_NEED = "one-need"  # active on few days, with one action on one resource
    NEW_NEEDS = "new-needs"  # a recent or repeated denial in a backtest
    SHORT_NEW_NEEDS = "short-new-needs"  # the same in short logs
    DOUBTED = "doubted"  # other caveats are open


class Alternative(StrEnum):
    """Simpler policies to compare a replacement with, the narrowest first."""

    EXACT = "exact-resources"  # each used action on its used resources
    ACTIONS = "seen-actions"  # each used action on `*`
    SERVICES = "seen-services"  # `service:*` on `*` for each used service
    UNTOUCHED = "old-policies"


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """The days to learn on and the days to judge on, including the first and last of each."""

    learn_first: date
    learn_last: date
    judge_last: date

    @property
    def judge_first(self) -> date:
        """The day after the last one to learn on."""
        return self.learn_last + timedelta(days=1)

    @property
    def learn_days(self) -> int:
        """The number of days to learn on."""
        return (self.learn_last - self.learn_first).days + 1

    @property
    def judge_days(self) -> int:
        """The number of days to judge on."""
        return (self.judge_last - self.learn_last).days


NEXT: Final = timedelta(30)
"""The days on which a proposal made from earlier days is judged."""


def earlier_ends(covered: AccountCoverage | None) -> list[date]:
    """The last days from which to make earlier proposals: 90, 60 and 30 days ago, each if the logs cover 30 days
    before."""
    days = [covered.last_day - number * NEXT for number in (3, 2, 1)] if covered else []
    return [day for day in days if covered and day - covered.first_day + timedelta(1) >= NEXT]


@dataclass(frozen=True, slots=True)
class DeniedNeed:
    """An action on a resource that the replacements of this many `windows` would have denied.

    `records` counts the records on their days, each once; the cause is from the first window.
    """

    action: Action
    resource: str
    cause: DenialCause
    records: int
    first_day: date
    example_event_id: str
    windows: int


@dataclass(frozen=True, slots=True)
class Reach:
    """The number of other principals' resources on which principals may use the actions that they use on their own.

    `places` counts pairs of an action and a resource that others of the account use with it. `old` and `new` count
    those that the old policies and the replacements allow. The `pinned` counts are only for data, secrets, keys and
    roles.
    """

    places: int = 0
    old: int = 0
    new: int = 0
    pinned_places: int = 0
    pinned_old: int = 0
    pinned_new: int = 0

    def __add__(self, other: Reach) -> Reach:
        return Reach(*map(sum, zip(astuple(self), astuple(other), strict=True)))


NO_REACH: Final = Reach()


@dataclass(frozen=True, slots=True)
class AlternativeResult:
    """The needs of one principal that a simpler policy would have denied, each once, and the average share of its
    granted actions that the policy would have removed. `reach` counts the places of others that the last policy
    allows."""

    denied_needs: int
    removed_share: float
    reach: int


@dataclass(frozen=True, slots=True)
class JudgedWindow:
    """The effect of one principal's replacement in one window. `safe` says whether it was called safe."""

    window: Window
    safe: bool
    denied_needs: int
    denied_records: int
    removed: int
    dangerous_removed: int


@dataclass(frozen=True, slots=True)
class Risk:
    """The class of a replacement's evidence, and what replacements of this class deny in the next `days`.

    `share` is the share of them that deny anything, `needs` the mean number of needs that they deny.
    """

    evidence: EvidenceClass
    share: float
    needs: float
    days: int

    @property
    def text(self) -> str:
        """The risk and the class as a clause."""
        number = round(100 * self.share)
        deny = _DENY.get(number, _DENY_SEVERAL).format(number=number)
        return _RISK.format(deny=deny, days=self.days, reason=_REASONS[self.evidence])


_RISK: Final = "of 100 replacements like this one, {deny} something within {days} days: {reason}"
_DENY: Final = {0: "fewer than 1 denies", 1: "about 1 denies"}
_DENY_SEVERAL: Final = "about {number} deny"
_RECENTLY: Final = (
    "it recently or repeatedly needed something that replacements made from earlier days would have denied"
)
_REASONS: Final = {
    EvidenceClass.STEADY: "it was active on 30 days or more, and needed nothing recently that replacements made from"
    " earlier days would have denied",
    EvidenceClass.FEW_DAYS: "it was active on fewer than 30 days, but did several things",
    EvidenceClass.SHORT_PAST: "it was active on fewer than 30 days, and the logs cover fewer than 90 days",
    EvidenceClass.ONE_NEED: "it was active on fewer than 30 days, and did only one thing",
    EvidenceClass.NEW_NEEDS: _RECENTLY,
    EvidenceClass.SHORT_NEW_NEEDS: f"{_RECENTLY}, and the logs cover fewer than 90 days",
    EvidenceClass.DOUBTED: "there are other reasons not to call it safe",
}


@dataclass(frozen=True, slots=True)
class PastDenials:
    """What replacements made from earlier days would have denied to one principal on the days after them.

    `windows` is the number of windows with a replacement, `days` their total number of days to judge on, and `needs`
    the number of denied needs. `denied_windows` is the number of windows with a denial, and `denied_last` says whether
    the last one has any. `example` is the need that most of them deny. `active_days` is the number of all days with
    use, and `used` the number of all needs. Today's replacement allows all of these: it learned from them.
    """

    windows: int
    days: int
    needs: int
    denied_windows: int
    denied_last: bool
    example: DeniedNeed | None
    active_days: int
    used: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """The risk of a replacement without other open caveats; None if the logs are too short for a backtest.

    `limit` is the highest risk of a safe replacement; None means no backtest.
    """

    limit: float | None
    past: PastDenials | None = None
    risk: Risk | None = None


@dataclass(frozen=True, slots=True)
class PrincipalBacktest:
    """The backtest of one principal. `windows` are the windows in which it gets a replacement.

    `granted` counts the actions that its policies grant, `dangerous` the dangerous ones among them. `curve` has the
    results for other numbers of days to learn on, judged in the last window. `reach` is the reach of the last
    replacement.
    """

    principal: str
    granted: int
    dangerous: int
    windows: tuple[JudgedWindow, ...]
    curve: tuple[JudgedWindow, ...]
    denied: tuple[DeniedNeed, ...]
    alternatives: Mapping[Alternative, AlternativeResult]
    reach: Reach = NO_REACH

    @property
    def safe_windows(self) -> int:
        """The number of windows in which the replacement was called safe."""
        return sum(window.safe for window in self.windows)

    @property
    def denied_though_safe(self) -> bool:
        """Whether a replacement that was called safe would have denied something."""
        return any(window.safe and window.denied_needs for window in self.windows)

    @property
    def removed_share(self) -> float:
        """The average share of the granted actions that the replacements remove."""
        return average(window.removed / self.granted for window in self.windows if self.granted)


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """The result for this many days to learn on, judged in the last window."""

    days: int
    replacements: int
    denied_principals: int
    denied_needs: int
    safe: int
    denied_though_safe: int


@dataclass(frozen=True, slots=True)
class AlternativeTotals:
    """The effect of a simpler policy on all principals with a replacement.

    Each need of a principal counts once. `removed_share` is the average over all pairs of principal and window. `reach`
    counts the places of others that the last policies allow.
    """

    alternative: Alternative
    denied_needs: int
    denied_principals: int
    removed_share: float
    reach: int


@dataclass(frozen=True, slots=True)
class BacktestTotals:
    """Sums over all principals with a replacement in any window. `pairs` counts pairs of principal and window.

    `denied_needs` counts each need of a principal once, `denied_records` each record once. `removed_share` and
    `dangerous_removed_share` are averages over the pairs.
    """

    replacements: int
    denied_principals: int
    safe: int
    denied_though_safe: int
    pairs: int
    safe_pairs: int
    denied_safe_pairs: int
    denied_needs: int
    denied_records: int
    causes: Mapping[DenialCause, int]
    removed_share: float
    dangerous_removed_share: float
    reach: Reach


@dataclass(frozen=True, slots=True)
class Backtest:
    """A whole backtest, its principals sorted by ARN. `unjudged` counts principals that never get a replacement."""

    catalog_version: str
    catalog_date: str
    windows: tuple[Window, ...]
    totals: BacktestTotals
    alternatives: tuple[AlternativeTotals, ...]
    curve: tuple[CurvePoint, ...]
    principals: tuple[PrincipalBacktest, ...]
    unjudged: int
    problems: tuple[str, ...]


def average(shares: Iterable[float]) -> float:
    """The average, or 0 if there are no shares."""
    found = tuple(shares)
    return sum(found) / len(found) if found else 0.0

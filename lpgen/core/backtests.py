"""The types of a backtest: the later use that replacements made from past days would have denied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from lpgen.core.model import Action


class DenialCause(StrEnum):
    """Why a replacement denies a later use."""

    NEW_ACTION = "new-action"  # it lacks the action
    NEW_RESOURCE = "new-resource"  # it has the action, but not on this resource
    NEW_NAME = "new-name"  # it has the action, and the call creates the resource that it names


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
class ExpectedDenials:
    """The denied needs to expect in the next `days`, with the 90 % interval."""

    days: int
    mean: float
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class PastDenials:
    """The denials that replacements made from earlier days would have caused for one principal.

    `windows` is the number of windows with a replacement, `days` their total number of days to judge on, and `needs`
    their total number of denied needs. `example` is the need that most of them deny.
    """

    windows: int
    days: int
    needs: int
    example: DeniedNeed | None


@dataclass(frozen=True, slots=True)
class Forecast:
    """The denials expected of a replacement in the next days; None if the logs are too short for a backtest.

    `limit` is the most denials of a safe replacement; None means no backtest.
    """

    limit: float | None
    past: PastDenials | None = None
    expected: ExpectedDenials | None = None


@dataclass(frozen=True, slots=True)
class PrincipalBacktest:
    """The backtest of one principal. `windows` are the windows in which it gets a replacement.

    `granted` counts the actions that its policies grant, `dangerous` the dangerous ones among them. `curve` has the
    results for other numbers of days to learn on, judged in the last window. `reach` is the reach of the last
    replacement. `expected` is None without a window.
    """

    principal: str
    granted: int
    dangerous: int
    windows: tuple[JudgedWindow, ...]
    curve: tuple[JudgedWindow, ...]
    denied: tuple[DeniedNeed, ...]
    alternatives: Mapping[Alternative, AlternativeResult]
    reach: Reach = NO_REACH
    expected: ExpectedDenials | None = None

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
    expected: ExpectedDenials


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

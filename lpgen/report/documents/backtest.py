"""A backtest as JSON, schema `lpgen.backtest/1`."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final

import msgspec

from lpgen.core.backtests import Alternative, Backtest, DenialCause
from lpgen.core.documents import Count, Part, RowPart, means
from lpgen.report.documents.layout import lay_out
from lpgen.report.documents.parts import ActionName, Arn, ExpectedPart, Texts, every

_DIGITS: Final = 4


class _RoundedPart(Part, kw_only=True):
    """An object whose shares and means are rounded."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            if isinstance(value := getattr(self, name), float):
                msgspec.structs.force_setattr(self, name, round(value, _DIGITS))


_Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
_Windows = Annotated[Count, means("How many windows.")]
_DeniedNeeds = Annotated[Count, means("Denied needs, each need of a principal once.")]
_DeniedPrincipals = Annotated[Count, means("How many principals would have been denied something.")]
_DeniedThoughSafe = Annotated[Count, means("How many of those called safe would have been denied something.")]
_RemovedShare = Annotated[_Share, means("The average share of the granted actions that is removed.")]


class WindowPart(RowPart, kw_only=True):
    """Days to learn on, and the days after them to judge on."""

    learn_first: Annotated[date, means("The first day to learn on.")]
    learn_last: Annotated[date, means("The last day to learn on.")]
    judge_last: Annotated[date, means("The last day to judge on.")]


class JudgedPart(RowPart, kw_only=True):
    """What a replacement would have done in a window."""

    window: Annotated[WindowPart, means("The window.")]
    safe: Annotated[bool, means("Whether the replacement was called safe.")]
    denied_needs: _DeniedNeeds
    denied_records: Annotated[Count, means("Records of denied needs.")]
    removed: Annotated[Count, means("Granted actions that it removes.")]
    dangerous_removed: Annotated[Count, means("Dangerous ones of these.")]


class DeniedNeedPart(RowPart, kw_only=True):
    """An action on a resource that replacements would have denied."""

    action: ActionName
    resource: Annotated[str, means("The resource.")]
    cause: Annotated[DenialCause, means("Why it would have been denied.")]
    records: Annotated[Count, means("How many records show it, each once.")]
    first_day: Annotated[date, means("The first day of these.")]
    example_event_id: Annotated[str, means("The id of the earliest of these.")]
    windows: Annotated[Count, means("In how many windows it would have been denied.")]


class ReachPart(RowPart, kw_only=True):
    """How many places of others are allowed: pairs of an action and a resource that others of the account use."""

    places: Annotated[Count, means("How many places there are.")]
    old: Annotated[Count, means("How many the old policies allow.")]
    new: Annotated[Count, means("How many the last replacement allows.")]
    pinned_places: Annotated[Count, means("How many places there are of data, secrets, keys and roles.")]
    pinned_old: Annotated[Count, means("How many of the pinned ones the old policies allow.")]
    pinned_new: Annotated[Count, means("How many of the pinned ones the last replacement allows.")]


class SimplerPart(_RoundedPart, RowPart, kw_only=True):
    """What a simpler policy would have done for one principal."""

    denied_needs: _DeniedNeeds
    removed_share: _RemovedShare
    reach: Annotated[Count, means("The places of others that the last one allows.")]


class RoundedExpectedPart(ExpectedPart, _RoundedPart, kw_only=True):
    """The denied needs to expect."""


class BacktestedPart(Part, kw_only=True):
    """The backtest of one principal."""

    principal: Arn
    granted: Annotated[Count, means("Actions that its policies grant.")]
    dangerous: Annotated[Count, means("Dangerous ones of these.")]
    windows: Annotated[tuple[JudgedPart, ...], means("The windows in which it gets a replacement.")]
    curve: Annotated[tuple[JudgedPart, ...], means("Other numbers of days to learn on, judged in the last window.")]
    denied: Annotated[tuple[DeniedNeedPart, ...], means("The needs that would have been denied.")]
    alternatives: Annotated[dict[Alternative, SimplerPart], every(Alternative), means("What simpler policies do.")]
    reach: Annotated[ReachPart, means("The places of others that its policies allow.")]
    expected: Annotated[RoundedExpectedPart | None, means("Denials to expect; null: it has no window.")]


class CurvePart(RowPart, kw_only=True):
    """The result of a number of days to learn on, judged in the last window."""

    days: Annotated[Count, means("How many days.")]
    replacements: Annotated[Count, means("How many principals get a replacement.")]
    denied_principals: _DeniedPrincipals
    denied_needs: _DeniedNeeds
    safe: Annotated[Count, means("How many replacements are called safe.")]
    denied_though_safe: _DeniedThoughSafe


class AlternativePart(_RoundedPart, RowPart, kw_only=True):
    """What a simpler policy from the same days would have done for all principals."""

    alternative: Annotated[Alternative, means("The simpler policy.")]
    denied_needs: _DeniedNeeds
    denied_principals: _DeniedPrincipals
    removed_share: _RemovedShare
    reach: Annotated[Count, means("The places of others that the last ones allow.")]


class BacktestTotalsPart(_RoundedPart, kw_only=True):
    """Sums over the principals with a replacement in any window. A pair is one of principal and window."""

    replacements: Annotated[Count, means("How many principals there are.")]
    denied_principals: _DeniedPrincipals
    safe: Annotated[Count, means("How many were called safe in any window.")]
    denied_though_safe: _DeniedThoughSafe
    pairs: Annotated[Count, means("How many pairs there are.")]
    safe_pairs: Annotated[Count, means("How many pairs were called safe.")]
    denied_safe_pairs: Annotated[Count, means("How many of these would have been denied something.")]
    denied_needs: _DeniedNeeds
    denied_records: Annotated[Count, means("Records of denied needs, each once.")]
    causes: Annotated[dict[DenialCause, Count], every(DenialCause), means("The denied needs, by cause.")]
    removed_share: _RemovedShare
    dangerous_removed_share: Annotated[_Share, means("The average share of the dangerous ones that is removed.")]
    reach: Annotated[ReachPart, means("The places of others that their policies allow.")]
    expected: Annotated[RoundedExpectedPart, means("Denials to expect.")]


class BacktestDocument(Part, kw_only=True, tag_field="schema", tag="lpgen.backtest/1"):
    """What `lpgen backtest --format json` prints."""

    catalog_version: Annotated[str, means("The version of the action catalog.")]
    catalog_date: Annotated[str, means("The date of the action catalog.")]
    windows: Annotated[tuple[WindowPart, ...], means("The windows.")]
    totals: Annotated[BacktestTotalsPart, means("Sums over the principals with a replacement in any window.")]
    alternatives: Annotated[tuple[AlternativePart, ...], means("What simpler policies would have done.")]
    curve: Annotated[tuple[CurvePart, ...], means("The results of other numbers of days to learn on.")]
    principals: Annotated[tuple[BacktestedPart, ...], means("Those with a replacement in any window, by ARN.")]
    unjudged: Annotated[Count, means("How many others there are.")]
    problems: Annotated[Texts, means("Gaps of the files given.")]


def backtest_json(found: Backtest) -> str:
    """The backtest as JSON text."""
    return lay_out(BacktestDocument.from_attributes(found))

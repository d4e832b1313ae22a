"""A backtest as JSON, schema `lpgen.backtest/1`."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final

import msgspec

from lpgen.core.backtests import Alternative, Backtest, DenialCause
from lpgen.core.documents import Count, Part, RowPart, means
from lpgen.report.documents.layout import lay_out
from lpgen.report.documents.parts import ActionName, Arn, Share, Texts, every

_DIGITS: Final = 4


class _RoundedPart(Part, kw_only=True):
    """An object with rounded shares and means."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            if isinstance(value := getattr(self, name), float):
                msgspec.structs.force_setattr(self, name, round(value, _DIGITS))


_Windows = Annotated[Count, means("Number of windows.")]
_DeniedNeeds = Annotated[Count, means("Denied needs. Each need of a principal counts once.")]
_DeniedPrincipals = Annotated[Count, means("Number of principals with a denied need.")]
_DeniedThoughSafe = Annotated[Count, means("Number of safe ones with a denied need.")]
_RemovedShare = Annotated[Share, means("The average share of the granted actions that is removed.")]


class WindowPart(RowPart, kw_only=True):
    """Days to learn from, and the following days to test on."""

    learn_first: Annotated[date, means("The first day to learn from.")]
    learn_last: Annotated[date, means("The last day to learn from.")]
    judge_last: Annotated[date, means("The last day to test on.")]


class JudgedPart(RowPart, kw_only=True):
    """The result of a replacement in a window."""

    window: Annotated[WindowPart, means("The window.")]
    safe: Annotated[bool, means("Whether the replacement was called safe.")]
    denied_needs: _DeniedNeeds
    denied_records: Annotated[Count, means("Records of denied needs.")]
    removed: Annotated[Count, means("Granted actions that it removes.")]
    dangerous_removed: Annotated[Count, means("Number of these that are dangerous.")]


class DeniedNeedPart(RowPart, kw_only=True):
    """An action on a resource that replacements would have denied."""

    action: ActionName
    resource: Annotated[str, means("The resource.")]
    cause: Annotated[DenialCause, means("Why it would have been denied.")]
    records: Annotated[Count, means("Number of records that show it, each counted once.")]
    first_day: Annotated[date, means("The day of the earliest record.")]
    example_event_id: Annotated[str, means("The ID of the earliest record.")]
    windows: Annotated[Count, means("Number of windows in which it would have been denied.")]


class ReachPart(RowPart, kw_only=True):
    """The allowed places of others: pairs of an action and a resource that other principals of the account use."""

    places: Annotated[Count, means("Number of places.")]
    old: Annotated[Count, means("Number of places that the old policies allow.")]
    new: Annotated[Count, means("Number of places that the last replacement allows.")]
    pinned_places: Annotated[Count, means("Number of places whose resource is data, a secret, a key or a role.")]
    pinned_old: Annotated[Count, means("Number of these pinned places that the old policies allow.")]
    pinned_new: Annotated[Count, means("Number of these pinned places that the last replacement allows.")]


class SimplerPart(_RoundedPart, RowPart, kw_only=True):
    """The result of a simpler policy for one principal."""

    denied_needs: _DeniedNeeds
    removed_share: _RemovedShare
    reach: Annotated[Count, means("The places of others that the last such policy allows.")]


class BacktestedPart(Part, kw_only=True):
    """The backtest of one principal."""

    principal: Arn
    granted: Annotated[Count, means("Actions that its policies grant.")]
    dangerous: Annotated[Count, means("Number of these that are dangerous.")]
    windows: Annotated[tuple[JudgedPart, ...], means("The windows in which it gets a replacement.")]
    curve: Annotated[
        tuple[JudgedPart, ...], means("Results for other numbers of days to learn from, tested in the last window.")
    ]
    denied: Annotated[tuple[DeniedNeedPart, ...], means("The needs that would have been denied.")]
    alternatives: Annotated[dict[Alternative, SimplerPart], every(Alternative), means("Results of simpler policies.")]
    reach: Annotated[ReachPart, means("The places of others that its policies allow.")]


class CurvePart(RowPart, kw_only=True):
    """The result for a number of days to learn from, tested in the last window."""

    days: Annotated[Count, means("Number of days.")]
    replacements: Annotated[Count, means("Number of principals that get a replacement.")]
    denied_principals: _DeniedPrincipals
    denied_needs: _DeniedNeeds
    safe: Annotated[Count, means("Number of replacements that are called safe.")]
    denied_though_safe: _DeniedThoughSafe


class AlternativePart(_RoundedPart, RowPart, kw_only=True):
    """The result of a simpler policy from the same days for all principals."""

    alternative: Annotated[Alternative, means("The simpler policy.")]
    denied_needs: _DeniedNeeds
    denied_principals: _DeniedPrincipals
    removed_share: _RemovedShare
    reach: Annotated[Count, means("The places of others that the last such policies allow.")]


class BacktestTotalsPart(_RoundedPart, kw_only=True):
    """Sums over the principals with a replacement in any window. A pair is a principal and a window."""

    replacements: Annotated[Count, means("Number of principals.")]
    denied_principals: _DeniedPrincipals
    safe: Annotated[Count, means("Number of principals whose replacement was called safe in any window.")]
    denied_though_safe: _DeniedThoughSafe
    pairs: Annotated[Count, means("Number of pairs.")]
    safe_pairs: Annotated[Count, means("Number of pairs that were called safe.")]
    denied_safe_pairs: Annotated[Count, means("Number of these pairs with a denied need.")]
    denied_needs: _DeniedNeeds
    denied_records: Annotated[Count, means("Records of denied needs, each counted once.")]
    causes: Annotated[dict[DenialCause, Count], every(DenialCause), means("The denied needs, by cause.")]
    removed_share: _RemovedShare
    dangerous_removed_share: Annotated[Share, means("The average share of the dangerous actions that is removed.")]
    reach: Annotated[ReachPart, means("The places of others that their policies allow.")]


class BacktestDocument(Part, kw_only=True, tag_field="schema", tag="lpgen.backtest/1"):
    """What `lpgen backtest --format json` prints."""

    catalog_version: Annotated[str, means("The version of the action catalog.")]
    catalog_date: Annotated[str, means("The date of the action catalog.")]
    windows: Annotated[tuple[WindowPart, ...], means("The windows.")]
    totals: Annotated[BacktestTotalsPart, means("Sums over the principals with a replacement in any window.")]
    alternatives: Annotated[tuple[AlternativePart, ...], means("The results of simpler policies.")]
    curve: Annotated[tuple[CurvePart, ...], means("The results for other numbers of days to learn from.")]
    principals: Annotated[tuple[BacktestedPart, ...], means("The principals with a replacement in any window, by ARN.")]
    unjudged: Annotated[Count, means("Number of other principals.")]
    problems: Annotated[Texts, means("Problems in the input files.")]


def backtest_json(found: Backtest) -> str:
    """The backtest as JSON text."""
    return lay_out(BacktestDocument.from_attributes(found))

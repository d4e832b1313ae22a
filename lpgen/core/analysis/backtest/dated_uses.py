"""The uses of each principal by day, and the uses that a replacement would deny.

Only uses that the old policies allow are judged. As in the replay of a review, `decide` decides each use in its
recorded context. A replacement must cover a fold as a whole.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from lpgen.core.analysis.counted_use import UseCounter
from lpgen.core.analysis.grants.applicable_policies import policies_met, recorded_request
from lpgen.core.analysis.scopes.named_resources import is_creation_of
from lpgen.core.backtests import DenialCause
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.evidence import Evidence, Use
from lpgen.core.guards import Guards
from lpgen.core.iam.authorize import decide
from lpgen.core.iam.decision import PolicySet, Request, Result
from lpgen.core.model import OBSERVED, Action, DenialKind, Outcome, Policy, Principal, Resource, ResourceKind
from lpgen.core.usage.columns import column_values
from lpgen.core.usage.principal_usage import recorded_context
from lpgen.core.usage.tables import Usage

_COLUMNS: Final = (
    *("principal", "principal_id", "action", "resource_kind", "resource", "region", "vpc_endpoint"),
    *("context", "outcome", "day", "records", "example_event_id", "example_resource"),
)


@dataclass(frozen=True, slots=True)
class DatedUse:
    """Calls with the same IAM request and context, with their number and an example event per day."""

    use: Use
    days: tuple[date, ...]
    records: tuple[int, ...]
    event_ids: tuple[str, ...]

    def places(self, first: date, last: date) -> range:
        """The indexes of the days from the first to the last."""
        return range(bisect_left(self.days, first), bisect_right(self.days, last))


def dated_uses_from_usage(usage: Usage, counter: UseCounter) -> dict[str, list[DatedUse]]:
    """The uses of each principal by ARN that weren't denied, dropped by a decision or suspected, and have its current
    id."""
    believed = counter.belief_test
    found: dict[str, dict[tuple[str, ...], dict[date, _Day]]] = defaultdict(lambda: defaultdict(dict))
    for row in zip(*(column_values(usage.table.column(name)) for name in _COLUMNS), strict=True):
        principal, principal_id, action = row[:3]
        outcome, day, records, event_id, example = row[8:]
        if outcome == Outcome.DENIED or day is None:
            continue
        if not believed(principal, principal_id, action, row[4], example, day):
            continue
        days = found[principal][row[2:8]]
        known = days.get(day)
        days[day] = (known[0] + records, *known[1:]) if known else (records, event_id, example)
    return {
        principal: [_dated_use(key, days, counter) for key, days in uses.items()] for principal, uses in found.items()
    }


_Day = tuple[int, str, str]  # records, an event id, and the resource of that event


def _dated_use(key: tuple[str, ...], days: dict[date, _Day], counter: UseCounter) -> DatedUse:
    action, kind, text, *context = key
    listed = tuple(sorted(days))
    _, event_id, example = days[listed[0]]
    records, event_ids, _ = zip(*(days[day] for day in listed), strict=True)
    use = Use(
        Action(action),
        Resource(ResourceKind(kind), text),
        Outcome.ALLOWED,
        OBSERVED,
        DenialKind.NONE,
        "",
        (recorded_context(*context),),
        Evidence(0, "", "", event_id, example),
    )
    return DatedUse(counter.names.resolve(use), listed, records, event_ids)


# ---------------------------------------------------------------- denied uses

_DENIED: Final = (Result.EXPLICITLY_DENIED, Result.IMPLICITLY_DENIED)
_UNREAD: Final = (ResourceKind.UNKNOWN, ResourceKind.OVERFLOW)


@dataclass(frozen=True, slots=True)
class AllowedUse:
    """A use that the old policies allow, with its request and the policies that apply to it."""

    dated: DatedUse
    request: Request
    old: PolicySet
    before: Result


def allowed_uses(
    principal: Principal, uses: Iterable[DatedUse], catalog: Catalog, guards: Guards
) -> tuple[AllowedUse, ...]:
    """The uses that the old policies allow, or may allow depending on keys that the records don't show."""
    found = (_decided(principal, use, catalog, guards) for use in uses)
    return tuple(use for use in found if use.before not in _DENIED)


def _decided(principal: Principal, dated: DatedUse, catalog: Catalog, guards: Guards) -> AllowedUse:
    """The use as decided by the old policies.

    A fold is decided as a whole. If the old policies allow only a part of it, its example is decided.
    """
    whole = _on_resource(principal, dated, dated.use.resource, catalog, guards)
    example = dated.use.replayed_resource
    if dated.use.resource.kind is ResourceKind.FOLD and whole.before is not Result.ALLOWED and example is not None:
        return _on_resource(principal, dated, example, catalog, guards)
    return whole


def _on_resource(
    principal: Principal, dated: DatedUse, resource: Resource, catalog: Catalog, guards: Guards
) -> AllowedUse:
    old = policies_met(principal, resource.text, guards)
    request = recorded_request(principal, dated.use.action, resource, dated.use.contexts[0], guards)
    return AllowedUse(dated, request, old, decide(request, old, catalog=catalog).result)


def denied_uses(
    uses: Sequence[AllowedUse], written: tuple[Policy, ...], catalog: Catalog, *, first: date, last: date
) -> Iterator[AllowedUse]:
    """The uses between two days that the written policies would deny if they replaced the old ones.

    Use that the old policies certainly allow must remain certainly allowed, unless its resource couldn't be read.
    """
    for use in uses:
        if not use.dated.places(first, last):
            continue
        after = decide(use.request, replace(use.old, identity=written), catalog=catalog).result
        unsure = after is Result.DEPENDS and (use.before is Result.DEPENDS or use.dated.use.resource.kind in _UNREAD)
        if after is not Result.ALLOWED and not unsure:
            yield use


def cause_of_denial(use: AllowedUse, kept: Collection[Action]) -> DenialCause:
    """Why a replacement that keeps these actions denies a use."""
    if use.dated.use.action not in kept:
        return DenialCause.NEW_ACTION
    return DenialCause.NEW_NAME if is_creation_of(use.dated.use) else DenialCause.NEW_RESOURCE

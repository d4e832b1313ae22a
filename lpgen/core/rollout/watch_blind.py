"""What the logs since a rollout can't show: until when they reach, and which removed actions' denials stay unseen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import pyarrow.compute as pc

from lpgen.core.actions.catalog import Catalog
from lpgen.core.analysis.observability.recorded_calls import BOTH_SIDES, RecordedCalls
from lpgen.core.events.visibility import ActionVisibility, visibility_from_catalog
from lpgen.core.grounds import SIDE_WORDS
from lpgen.core.model import Action, Category, Visibility
from lpgen.core.usage.coverage import stated_sides
from lpgen.core.usage.tables import Usage

_EXAMPLES: Final = 3


@dataclass(frozen=True, slots=True)
class UnseenActions:
    """Removed actions of a service whose denials the logs can't show, with why, and a few by name."""

    service: str
    count: int
    examples: tuple[str, ...]
    why: str


def logs_until(usage: Usage, account: str, since: datetime) -> str:
    """The last day of an account's logs, "" where they end before a moment."""
    days = [day for day, *_ in _coverage_rows(usage, account, since.date())]
    if not days or (max(days) == since.date() and not _reach(usage, account, since)):
        return ""
    return max(days).isoformat()


def _reach(usage: Usage, account: str, since: datetime) -> bool:
    """Whether any record of the account is as new; coverage knows days alone."""
    for table, owner in ((usage.table, "recipient_account"), (usage.skips, "account")):
        last = pc.max(table.filter(pc.equal(table.column(owner), account)).column("last_seen")).as_py()
        if last is not None and last >= since:
            return True
    return False


def unseen_actions(
    removed: Iterable[Action], account: str, since: date, usage: Usage, catalog: Catalog
) -> Iterator[UnseenActions]:
    """The removed actions whose denials an account's logs since a day can't show, by service and why."""
    seen = _sides_by_source(usage, account, since)
    table, calls = visibility_from_catalog(catalog), RecordedCalls(catalog.source)
    by_service: dict[tuple[str, str], list[str]] = defaultdict(list)
    for action in sorted(removed):
        entry = table.visibility(action)
        why = "CloudTrail records no call of them"
        if entry.visibility is not Visibility.NEVER:
            sides = calls.sides(action, catalog.detail(action).level)
            why = _why_unseen(entry, sides, seen)
        if why:
            by_service[action.partition(":")[0], why].append(action)
    for (service, why), actions in sorted(by_service.items(), key=lambda item: (item[0][1][0] != "t", item[0])):
        yield UnseenActions(service, len(actions), tuple(actions[:_EXAMPLES]), why)


def _coverage_rows(usage: Usage, account: str, since: date) -> Iterator[tuple[date, str, str, tuple[bool, ...]]]:
    """Day, category, event source and stated sides of an account's rows of coverage since a day."""
    names = ("account", "day", "category", "event_source", "read_only", "writing")
    columns = (usage.coverage.column(name).to_pylist() for name in names)
    for owner, day, category, source, read_only, writing in zip(*columns, strict=True):
        if owner == account and day is not None and day >= since:
            yield day, category, source, stated_sides(read_only, writing)


def _sides_by_source(usage: Usage, account: str, since: date) -> Mapping[str, frozenset[bool]]:
    """What `readOnly` the data events have that the account's logs hold since the rollout, by event source.

    Management events are under "". What doesn't say it counts as both where nothing does.
    """
    found: dict[str, set[bool]] = defaultdict(set)
    for _, category, source, sides in _coverage_rows(usage, account, since):
        if category in (Category.DATA, Category.MANAGEMENT):
            found[source if category == Category.DATA else ""].update(sides)
    return {source: frozenset(sides or BOTH_SIDES) for source, sides in found.items()}


def _why_unseen(entry: ActionVisibility, sides: Sequence[bool], seen: Mapping[str, frozenset[bool]]) -> str:
    """Why the logs hold no event since the rollout such as an action leaves, "" where they may."""
    if entry.visibility is Visibility.DATA:
        found = [seen[one] for one in entry.event_sources if one in seen]
        what, names = "data events", f" of {' or '.join(entry.event_sources)}"
        if not found:
            return f"they leave {what}, and the logs hold none{names} since the rollout"
    elif entry.visibility is Visibility.MANAGEMENT and "" in seen:
        found, what, names = [seen[""]], "events", ""
    else:
        return ""
    if frozenset().union(*found).intersection(sides):
        return ""
    return f"they leave {SIDE_WORDS[sides[0]]} {what}, and the logs hold none{names} since the rollout"

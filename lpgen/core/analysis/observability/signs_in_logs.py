"""Signs in the logs besides counted use: copies and summaries of calls, and reads that AWS says leave no record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Final

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.cloudtrail.caller import names_of
from lpgen.core.cloudtrail.operation_rows import EventSources
from lpgen.core.cloudtrail.visibility import visibility_from_catalog
from lpgen.core.model import OBSERVED, READ_LEVELS, Action, Category, Outcome, SkipReason, Visibility
from lpgen.core.usage.columns import distinct_rows
from lpgen.core.usage.tables import Usage

_COPIES: Final = frozenset({SkipReason.NETWORK_COPY, SkipReason.AGGREGATED})
"""Records of calls through a VPC endpoint, and data events that a trail aggregates."""

ShownReads = Mapping[str, Mapping[Action, date]]
"""The first day on which the log of an account has a record of each such action."""

NO_SHOWN_READS: Final[ShownReads] = {}


def copied_services_from_usage(usage: Usage, catalog: Catalog) -> Mapping[str, frozenset[str]]:
    """The prefixes of the services that each principal called according to copies and summaries, by `named_principal`.

    A copy has neither parameters nor the response, and a summary doesn't relate callers to resources. Both are signs of
    use but don't count as use. A copied call that the endpoint's policy denied never reached the service.
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-network-events-with-cloudtrail.html
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/aggregating-data-events.html
    """
    sources = EventSources.from_catalog(catalog.source)
    found: dict[str, set[str]] = defaultdict(set)
    names = ("principal", "event_source", "reason", "outcome")
    for principal, source, reason, outcome in distinct_rows(usage.skips, names):
        if principal and reason in _COPIES and outcome != Outcome.DENIED:
            found[principal].update(sources.resolve(source).prefixes)
    return {principal: frozenset(prefixes) for principal, prefixes in found.items()}


def copied_services(arns: Iterable[str], copied: Mapping[str, frozenset[str]]) -> dict[str, tuple[str, ...]]:
    """The services of each principal that has any, by its ARN, sorted."""
    found = {arn: frozenset().union(*(copied.get(name, ()) for name in names_of(arn))) for arn in arns}
    return {arn: tuple(sorted(services)) for arn, services in found.items() if services}


def shown_reads_from_usage(usage: Usage, catalog: Catalog) -> ShownReads:
    """The reads that leave no record according to AWS but have records in the logs, by account.

    If one is missing from the log, that is evidence. One record shows only that some such calls are recorded, perhaps
    those of one client or one day. So at least two principals must have made such calls, with records on five days.

    AWS starts to record calls before its pages say so, and only the log shows it. Writes may also use another protocol
    that leaves no record. For example, mail is also sent over SMTP.
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-document-history.html
    """
    table, found = visibility_from_catalog(catalog), defaultdict[tuple[str, Action], set[tuple[str, date]]](set)
    actions = filter(None, (catalog.canonical(name) for (name,) in distinct_rows(usage.table, ("action",))))
    reads = {action for action in actions if catalog.detail(action).level in READ_LEVELS}
    never = {action for action in reads if table.visibility(action).visibility is Visibility.NEVER}
    names = ("recipient_account", "action", "how", "category", "outcome", "principal", "day")
    for account, name, how, category, outcome, *seen in distinct_rows(usage.table, names) if never else ():
        is_call = how == OBSERVED and category == Category.MANAGEMENT and outcome != Outcome.DENIED
        if name in never and is_call and None not in seen:
            found[account, Action(name)].add((seen[0], seen[1]))
    shown = defaultdict[str, dict[Action, date]](dict)
    for (account, action), records in found.items():
        days = {day for _, day in records}
        if len({principal for principal, _ in records}) >= _FEWEST_CALLERS and len(days) >= _FEWEST_DAYS:
            shown[account][action] = min(days)
    return dict(shown)


_FEWEST_CALLERS: Final = 2
_FEWEST_DAYS: Final = 5
"""How many principals and days must have records of a read before its silence counts."""


_NO_CALLS: Final = frozenset({SkipReason.OUT_OF_WINDOW, SkipReason.SERVICE_CALLER})


def seen_services_from_usage(usage: Usage, catalog: Catalog) -> Mapping[str, Collection[str]]:
    """The prefixes of the services that each principal called according to any record within the window.

    Denied calls, calls that need no permission and unmapped calls count, because IAM counts them as attempts.
    """
    sources = EventSources.from_catalog(catalog.source)
    found: dict[str, set[str]] = defaultdict(set)
    names = ("principal", "event_source", "action")
    for principal, source, action in set(zip(*(usage.table.column(name).to_pylist() for name in names), strict=True)):
        found[principal] |= {action.partition(":")[0], *sources.resolve(source).prefixes}
    names = ("principal", "event_source", "reason")
    for principal, source, reason in set(zip(*(usage.skips.column(name).to_pylist() for name in names), strict=True)):
        if principal and reason not in _NO_CALLS:
            found[principal] |= set(sources.resolve(source).prefixes)
    return found

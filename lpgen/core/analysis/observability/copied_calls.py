"""Calls that appear in the logs only as a copy or a summary.

A trail may record only the calls that pass a VPC endpoint, and may sum up data events.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.cloudtrail.caller import names_of
from lpgen.core.cloudtrail.operation_rows import EventSources
from lpgen.core.model import Outcome, SkipReason
from lpgen.core.usage.tables import Usage

_COLUMNS: Final = ("principal", "event_source", "reason", "outcome")
_REASONS: Final = frozenset({SkipReason.NETWORK_COPY, SkipReason.AGGREGATED})


def copied_services_from_usage(usage: Usage, catalog: Catalog) -> Mapping[str, frozenset[str]]:
    """The prefixes of the services that each principal called according to copies and summaries of calls, by
    `named_principal`.

    A copy has neither parameters nor the answer of the service, and a summary keeps callers and resources apart. Both
    are signs of use but don't count as use. A copied call that the endpoint's policy refused never reached the service.
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-network-events-with-cloudtrail.html
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/aggregating-data-events.html
    """
    sources = EventSources.from_catalog(catalog.source)
    found: dict[str, set[str]] = defaultdict(set)
    columns = (usage.skips.column(name).to_pylist() for name in _COLUMNS)
    for principal, source, reason, outcome in set(zip(*columns, strict=True)):
        if principal and reason in _REASONS and outcome != Outcome.DENIED:
            found[principal].update(sources.resolve(source).prefixes)
    return {principal: frozenset(prefixes) for principal, prefixes in found.items()}


def copied_services(principal: str, copied: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    """The services of one principal, sorted."""
    return tuple(sorted(frozenset().union(*(copied.get(name, ()) for name in names_of(principal)))))

"""Calls of which the logs hold a copy: a trail may record what goes through a VPC endpoint and nothing else of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from lpgen.core.actions.catalog import Catalog
from lpgen.core.events.event_names import EventSources
from lpgen.core.model import Outcome, SkipReason
from lpgen.core.usage.tables import Usage

_COLUMNS: Final = ("principal", "event_source", "reason", "outcome")


def copied_services_from_usage(usage: Usage, catalog: Catalog) -> Mapping[str, tuple[str, ...]]:
    """The prefixes of the services that copies of calls show each principal to have called, sorted.

    A copy has neither parameters nor the answer of the service, so that it is a sign of use and no use. One that the
    endpoint's policy refused never reached the service.
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-network-events-with-cloudtrail.html
    """
    sources = EventSources.from_json(catalog.source.read_table("event_sources"))
    found: dict[str, set[str]] = defaultdict(set)
    columns = (usage.skips.column(name).to_pylist() for name in _COLUMNS)
    for principal, source, reason, outcome in set(zip(*columns, strict=True)):
        if principal and reason == SkipReason.NETWORK_COPY and outcome != Outcome.DENIED:
            found[principal].update(sources.resolve(source).prefixes)
    return {principal: tuple(sorted(prefixes)) for principal, prefixes in found.items()}

"""The records of an action: event names, event sources, read or write side, and the Region of global services."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from functools import lru_cache
from typing import Final

from lpgen.core.arns import OTHER_PARTITIONS, split_arn
from lpgen.core.catalog.catalog_table import CatalogSource, read_catalog_table
from lpgen.core.cloudtrail.operation_rows import Binding, Operations, read_event_sources
from lpgen.core.cloudtrail.rules.call import EVERY_READ
from lpgen.core.model import READ_LEVELS, AccessLevel, Action

_SUFFIX: Final = ".amazonaws.com"
READ_NAMES: Final = ("Get", "List", "Describe", "Head", "BatchGet", "Search", "Lookup", "Query", "Scan", "Select")

# CloudTrail marks these as read events though IAM calls them Write.
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-management-events-with-cloudtrail.html
# https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-express-log-files.html
# https://docs.aws.amazon.com/payment-cryptography/latest/userguide/monitoring-cloudtrail.html
_READ_SERVICES: Final = frozenset({"kms", "payment-cryptography", "s3express", "sts"})

BOTH_SIDES: Final = (True, False)

# Services whose events are recorded in one Region of the partition. Trails record the first group only if they include
# global service events. STS also has Regional endpoints.
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html
# https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/logging-using-cloudtrail.html
# https://docs.aws.amazon.com/organizations/latest/userguide/orgs_cloudtrail-integration.html
GLOBAL_EVENTS: Final = frozenset({"iam", "sts", "cloudfront"})
ONE_REGION: Final = frozenset({"iam", "cloudfront", "route53", "organizations"})
GLOBAL_SERVICES: Final = GLOBAL_EVENTS | ONE_REGION
"""The services that record all or many events in that Region."""

HOME_REGION: Final = "us-east-1"
"""That Region in the partition `aws`. `OTHER_PARTITIONS` has the Regions of the other partitions."""


class RecordedCalls:
    """Event names and sources by action, read from the catalog's operation tables on first request."""

    def __init__(self, source: CatalogSource) -> None:
        self._source = source
        self._operations = Operations(source)
        self._sources: dict[str, frozenset[str]] | None = None
        self._names: dict[str, dict[str, set[str]]] = {}
        self._ruled: dict[str, frozenset[str]] = {}
        self._ruled_writes: frozenset[str] | None = None
        self._sides: dict[Action, tuple[bool, ...]] = {}

    def event_sources(self, service: str) -> frozenset[str]:
        """The event sources that may record an action of a service."""
        if self._sources is None:
            rows = read_event_sources(self._source)
            found: dict[str, set[str]] = defaultdict(set)
            for event_source, row in rows.items():
                for prefix in row.prefixes:
                    found[prefix].add(event_source)
            self._sources = {prefix: frozenset(sources) for prefix, sources in found.items()}
        return self._sources.get(service, frozenset()) | {service + _SUFFIX}

    def event_names(self, action: Action) -> frozenset[str]:
        """Every event name that may record an action. No other name does, but some of these may not.

        A rule reads the actions of a call from its parameters, so every call with a rule may need any action.
        """
        service, _, own = action.partition(":")
        if service not in self._names:
            self._names[service] = self._names_of(service)
        return frozenset(self._names[service].get(action.casefold(), set()) | self._ruled_names(service) | {own})

    def sides(self, action: Action, level: AccessLevel) -> tuple[bool, ...]:
        """The `readOnly` values of the events that may record an action."""
        found = self._sides.get(action)
        if found is None:
            sources = self.event_sources(action.partition(":")[0])
            if self._ruled_writes is None:
                self._ruled_writes = read_catalog_table(self._source, "ruled_writes", frozenset[str])
            by_writes = not sources.isdisjoint(self._ruled_writes)
            found = self._sides[action] = read_only_sides(action, level, by_writes=by_writes)
        return found

    def alternatives(self, action: Action, types: Collection[str]) -> frozenset[str]:
        """The resource types that the parameters of a call may name instead of one of some types."""
        found: set[str] = set()
        for event_source in self.event_sources(action.partition(":")[0]):
            for name, row in self._operations.table(event_source).values():
                if action in row.actions or (not row.actions and name == action.partition(":")[2]):
                    read = {resource_type: _parameters(binding) for resource_type, binding in row.resources.items()}
                    taken = [read[resource_type] for resource_type in types if resource_type in read]
                    found |= {resource_type for resource_type, parameters in read.items() if parameters in taken}
        return frozenset(found)

    def _ruled_names(self, service: str) -> frozenset[str]:
        """The event names of a service's calls that have a rule or a completion."""
        if service not in self._ruled:
            from lpgen.core.cloudtrail.rules import tables  # imports many modules, which only trail settings need

            sources = self.event_sources(service)
            calls = [call for table in (*tables.RULE_TABLES, *tables.COMPLETION_TABLES) for call in table]
            names = {name for source, name in calls if source in sources}
            if EVERY_READ in names:
                rows = (row for source in sources for row in self._operations.table(source).values())
                names |= {name for name, row in rows if row.is_read_by_code}
            self._ruled[service] = frozenset(names)
        return self._ruled[service]

    def _names_of(self, service: str) -> dict[str, set[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for event_source in sorted(self.event_sources(service)):
            for name, row in self._operations.table(event_source).values():
                for action in (*(row.actions or (f"{service}:{name}",)), *row.also, *row.objects):
                    found[action.casefold()].add(name)
        return found


def _parameters(binding: Binding) -> set[str]:
    """The parameters that a binding reads."""
    parts = binding if isinstance(binding, list) else [binding]
    paths = (path for part in parts for path in (part.values() if isinstance(part, dict) else (part,)))
    return {name.rpartition(":")[2] for path in paths for name in path.split("|")} - {"*"}


def read_only_sides(action: Action, level: AccessLevel, *, by_writes: bool) -> tuple[bool, ...]:
    """The `readOnly` values of an action's events: one value if level and name agree, else both.

    An event is read-only if the call changes nothing, and IAM's access level doesn't always agree. `by_writes` means
    that a writing call may also need the action, as a copy reads its source.
    """
    service, _, name = action.partition(":")
    reads = name.startswith(READ_NAMES)
    if level in READ_LEVELS:
        return (True,) if reads and not by_writes else BOTH_SIDES
    return BOTH_SIDES if reads or service in _READ_SERVICES else (False,)


@lru_cache(maxsize=1024)
def home_region_of_trail(arn: str) -> str:
    """The Region in which the events of global services are recorded, in the partition of a trail's ARN."""
    partition = split_arn(arn).partition
    return next((home for name, _, home in OTHER_PARTITIONS if name == partition), HOME_REGION)

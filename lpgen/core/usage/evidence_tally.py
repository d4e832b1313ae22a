"""Counts evidence that differs from record to record, and therefore isn't part of a cached contribution: requests for
sessions of roles, networks, and tags."""

from __future__ import annotations

from typing import Any, Final

from lpgen.core.cloudtrail.assumption import assumption_from_record
from lpgen.core.cloudtrail.origin import family_of_agent, network_from_start
from lpgen.core.cloudtrail.records import ACCESS_LOG, RawRecord
from lpgen.core.cloudtrail.request_tags import tags_from_record
from lpgen.core.model import Outcome
from lpgen.core.usage.contribution import Contribution
from lpgen.core.usage.mapping_cache import KnownCaller
from lpgen.core.usage.overflow import ANY, NETWORK_LIMIT

MAX_SOURCES: Final = 128
"""How many source addresses of an origin to hold before they are folded."""


class Origins:
    """Where a caller called from on a day, through one VPC endpoint and with one program: the number of records by
    source address, and by kind and network if they are folded."""

    __slots__ = ("agent", "networks", "sources")

    def __init__(self, agent: str | None) -> None:
        self.agent = agent
        self.sources: dict[str | None, int] = {}
        self.networks: dict[str, dict[str, int]] = {}


EvidenceRows = dict[tuple[str, ...], list[Any]]
"""Rows by key: the first time, the last time, the number of records, and the event id of the first."""

_ALLOWED: Final = Outcome.ALLOWED._value_


def add_evidence(rows: EvidenceRows, key: tuple[str, ...], records: int, first: tuple[str, str], last: str) -> None:
    """Count records in a row. `first` has the time and event id of the first record."""
    row = rows.get(key)
    if row is None:
        rows[key] = [first[0], last, records, first[1]]
        return
    if first[0] <= row[0] and first < (row[0], row[3]):
        row[0], row[3] = first
    if last > row[1]:
        row[1] = last
    row[2] += records


class EvidenceTally:
    """A running count of evidence."""

    def __init__(self) -> None:
        self.assumptions: EvidenceRows = {}
        self.tags: EvidenceRows = {}
        self._origins: dict[tuple[str, str, str | None, str | None], Origins] = {}
        self._places: dict[str, tuple[str, str]] = {}

    def origins_of(self, caller: KnownCaller, day: str, record: RawRecord) -> Origins:
        """Where a caller called from on a day, in the same way as in this record. Access logs name no VPC endpoint, so
        their calls count for none."""
        if record.eventCategory == ACCESS_LOG:
            return Origins(record.userAgent)
        key = (caller.name, day, record.vpcEndpointId, record.userAgent)
        found = self._origins.get(key)
        if found is None:
            found = self._origins[key] = Origins(record.userAgent)
        return found

    def add(self, record: RawRecord, caller: KnownCaller, contribution: Contribution, moment: str) -> None:
        """Count a record that asks for a session of a role or sets tags."""
        found, first = contribution, (moment, record.eventID or "")
        if found.method is not None:
            day = moment[:10]
            key = assumption_from_record(record, caller.caller, method=found.method, outcome=found.outcome, day=day)
            add_evidence(self.assumptions, key, 1, first, moment)
        if found.sets_tags and found.outcome == _ALLOWED:
            for tag, value in dict(tags_from_record(record)).items():
                key = (caller.name, found.account, found.event_source, found.event_name, tag, value)
                add_evidence(self.tags, key, 1, first, moment)

    def fold_sources(self, origins: Origins) -> None:
        """Count the source addresses as networks instead, which bounds memory."""
        groups = origins.networks
        for source, records in origins.sources.items():
            start, dot, _ = (source or "").rpartition(".")
            start = start if dot else source or ""
            network, kind = self._places.get(start) or self._places.setdefault(start, network_from_start(start))
            networks = groups.get(kind)
            if networks is None:
                networks = groups[kind] = {}
            _add_network(networks, network, records)
        origins.sources.clear()

    def networks(self) -> dict[tuple[str, ...], list[int]]:
        """The rows of networks, those of too many networks already as overflow."""
        groups: dict[tuple[str, ...], dict[str, int]] = {}
        for (name, day, endpoint, agent), origins in self._origins.items():
            self.fold_sources(origins)
            family = family_of_agent(agent or "")._value_
            for kind, networks in origins.networks.items():
                group = groups.setdefault((name, day, kind, endpoint or "", family), {})
                for network, records in networks.items():
                    _add_network(group, network, records)
        return {
            (name, day, network, kind, endpoint, family): [records]
            for (name, day, kind, endpoint, family), networks in groups.items()
            for network, records in networks.items()
        }


def _add_network(networks: dict[str, int], network: str, records: int) -> None:
    """Count records of a network. Too many networks become one."""
    if ANY in networks:
        network = ANY
    networks[network] = networks.get(network, 0) + records
    if len(networks) > NETWORK_LIMIT:
        total = sum(networks.values())
        networks.clear()
        networks[ANY] = total

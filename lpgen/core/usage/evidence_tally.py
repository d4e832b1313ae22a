"""Counts evidence that differs from record to record, and therefore isn't part of a cached contribution: requests for
sessions of roles, networks, tags, and how users call."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from lpgen.core.arns import ARN_FIELDS
from lpgen.core.cloudtrail.assumption import (
    MAX_TEXT_LENGTH,
    assumption_from_record,
    fold_session_name,
    issued_session,
    linkable_key,
)
from lpgen.core.cloudtrail.origin import family_of_agent, network_from_start, program_of_agent
from lpgen.core.cloudtrail.records import ACCESS_LOG, RawRecord, UserIdentity, decode_additional
from lpgen.core.cloudtrail.request_tags import tags_from_record
from lpgen.core.model import Outcome
from lpgen.core.usage.contribution import Contribution
from lpgen.core.usage.mapping_cache import KnownCaller
from lpgen.core.usage.overflow import ANY, NETWORK_LIMIT
from lpgen.core.usage.session_links import SignKind

MAX_SOURCES: Final = 128
"""How many source addresses of an origin to hold before they are folded."""

_NO_SESSION: Final = (SignKind.UNKNOWN._value_, "")
_ROLE_SESSION: Final = ":assumed-role/"


def without_any(text: str) -> str:
    """A resource or a group of sessions as in the table of signs: "" in place of `*`, which marks an overflow there."""
    return "" if text == ANY else text


@lru_cache(maxsize=16_384)
def session_group(arn: str | None, source: str | None, resource: str | None, key: str = "") -> tuple[str, str]:
    """The group of a role's session: a kind of sign and a text.

    It is the source identity, or else the resource that got the credentials, or else the session name, the last part of
    the session's ARN. In names, `*` replaces what differs from session to session. With the key of a web identity's
    session, it is the key and the name.
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
    """
    if source:
        kind, text = SignKind.SOURCE_IDENTITY, source
    elif resource:
        *place, name = resource.split(":", ARN_FIELDS - 1)
        kind, text = SignKind.RESOURCE, ":".join((*place, fold_session_name(name)))
    else:
        kind, text = SignKind.NAME, fold_session_name(arn.rpartition("/")[2]) if arn and _ROLE_SESSION in arn else ""
        if not text:
            return _NO_SESSION
        if key and " " not in text:
            return SignKind.KEY._value_, f"{key} {without_any(text[:MAX_TEXT_LENGTH])}"
    return kind._value_, without_any(text[:MAX_TEXT_LENGTH])


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
_UNAUTHENTICATED: Final = Outcome.UNAUTHENTICATED._value_
_SIGN_IN: Final = "ConsoleLogin"
_LONG_TERM: Final = "AKIA"
_KEY_LENGTH: Final = 128
"""The maximum length of the id of a key.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKey.html
"""


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
        self._signs: EvidenceRows = {}
        self._sessions: dict[tuple[Contribution, KnownCaller, tuple[str, str]], list[Any]] = {}
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
            if issued := issued_session(record, key):
                role, subject, session_key = issued
                add_evidence(self._signs, (role, "", subject, SignKind.ISSUED._value_, session_key), 1, first, moment)
        if found.sets_tags and found.outcome == _ALLOWED:
            for tag, value in dict(tags_from_record(record)).items():
                key = (caller.name, found.account, found.event_source, found.event_name, tag, value)
                add_evidence(self.tags, key, 1, first, moment)

    def add_signs(self, record: RawRecord, user: str, contribution: Contribution, moment: str) -> None:
        """Count a record of a user: the key, network and program of a call, or a sign-in.

        https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html
        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-prefixes
        """
        if contribution.outcome == _UNAUTHENTICATED:
            return
        if contribution.event_name == _SIGN_IN:
            if record.errorMessage is None and record.errorCode is None:
                more = decode_additional(bytes(record.additionalEventData))
                mfa = "yes" if isinstance(more, dict) and more.get("MFAUsed") == "Yes" else "no"
                self._add_sign(user, "", SignKind.SIGN_IN, moment[:10], moment)
                self._add_sign(user, "", SignKind.MFA, mfa, moment)
            return
        identity = record.userIdentity
        key = (identity.accessKeyId if identity else None) or ""
        key = key[:_KEY_LENGTH] if key.startswith(_LONG_TERM) else ""
        start, dot, _ = (record.sourceIPAddress or "").rpartition(".")
        network, _ = network_from_start(start if dot else record.sourceIPAddress or "")
        self._add_sign(user, key, SignKind.DAY, moment[:10], moment)
        self._add_sign(user, key, SignKind.NETWORK, network, moment)
        self._add_sign(user, key, SignKind.PROGRAM, program_of_agent(record.userAgent or ""), moment)

    def _add_sign(self, user: str, key: str, kind: SignKind, detail: str, moment: str) -> None:
        add_evidence(self._signs, (user, "", key, kind._value_, detail), 1, (moment, ""), moment)

    def add_session(
        self, identity: UserIdentity | None, caller: KnownCaller, contribution: Contribution, moment: str
    ) -> None:
        """Count a role's call for the group of its session."""
        session = _NO_SESSION
        if identity is not None:
            context, scope = identity.sessionContext, identity.inScopeOf
            web = context.webIdFederationData if context else None
            provider = web.get("federatedProvider") if isinstance(web, dict) else None
            key = linkable_key(identity.accessKeyId, provider) if provider else ""
            session = session_group(
                identity.arn, context and context.sourceIdentity, scope and scope.credentialsIssuedTo, key
            )
        counted = (contribution, caller, session)
        row = self._sessions.get(counted)
        if row is None:
            self._sessions[counted] = [moment, moment, 1]
            return
        if moment < row[0]:
            row[0] = moment
        elif moment > row[1]:
            row[1] = moment
        row[2] += 1

    def signs(self) -> dict[tuple[str, ...], list[Any]]:
        """The rows of signs: of sessions one for all calls, and one for each action and resource."""
        rows = {key: [*row] for key, row in self._signs.items()}
        for (found, known, (kind, group)), (first, last, records) in self._sessions.items():
            role = known.caller.principal or known.caller.principal_id
            for action, resource in {("", ""), *((key[3], without_any(key[4])) for key, _ in found.rows)}:
                add_evidence(rows, (role, action, resource, kind, group), records, (first, ""), last)
        return {key: row[:3] for key, row in rows.items()}

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

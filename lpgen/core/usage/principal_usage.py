"""The use of each principal over all days, with evidence, from the usage table."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import lru_cache
from typing import Final

from lpgen.core.cloudtrail.kms_context import PROTECTED
from lpgen.core.cloudtrail.rules.inferences import ACCESS_LOG_LINE
from lpgen.core.evidence import Evidence, IdUse, PrincipalUsage, RecordedContext, UnmappedEvent, Use
from lpgen.core.model import (
    UNKNOWN_RESOURCE,
    Action,
    DenialKind,
    Outcome,
    Principal,
    Resource,
    ResourceKind,
    SkipReason,
)
from lpgen.core.packed_texts import PackedMapping, pack_mapping
from lpgen.core.usage.columns import column_values, table_parts, table_rows
from lpgen.core.usage.tables import Usage

RowTest = Callable[[str, str, str, str, str], bool]
"""Whether a row counts, from its principal, principal id, action, example resource and ISO day."""

BeliefTest = Callable[[str, str, str, str, str, date | None], bool]
"""Whether a row counts and isn't suspected, from its principal, principal id, action, resource, example resource and
day."""

_COLUMNS: Final = (
    "principal",
    "principal_id",
    "action",
    "resource_kind",
    "resource",
    "outcome",
    "how",
    "denial_kind",
    "error_code",
    "region",
    "vpc_endpoint",
    "context",
    "day",
    "first_seen",
    "last_seen",
    "records",
    "example_event_id",
    "example_resource",
)

_PROTECTED: Final = f'"{PROTECTED}"'

_UseKey = tuple[str, str, str, str, str, str, str]
_ContextKey = tuple[str, ...]  # Region, VPC endpoint, and condition values as JSON text


@dataclass(slots=True)
class _Rows:
    """What the rows of one principal show: each use with its contexts and days, and actions and records by id."""

    uses: dict[_UseKey, tuple[Evidence, set[_ContextKey], set[date | None]]] = field(default_factory=dict)
    actions: dict[str, set[Action]] = field(default_factory=lambda: defaultdict(set))
    records: Counter[str] = field(default_factory=Counter)
    days: set[date] = field(default_factory=set)
    protected: set[tuple[str, Action]] = field(default_factory=set)


def principal_usages_from_usage(usage: Usage, *, row_counts: RowTest | None = None) -> dict[str, PrincipalUsage]:
    """The use of each principal by ARN, without rows that `row_counts` rejects.

    The result also includes principals whose only successful record is unknown to the event map, and roles that
    only a service's records show as assumed.
    """
    by_principal: dict[str, _Rows] = defaultdict(_Rows)
    known_days: dict[date | None, date | None] = {}  # one object per day: each row has its own
    for row in table_rows(usage.table, _COLUMNS):
        principal, principal_id, action, kind, text, outcome, how, denial, error, *context, day = row[:13]
        values, day = row[13:], known_days.setdefault(day, day)
        found = by_principal[principal]
        found.records[principal_id] += values[2]
        if outcome != Outcome.DENIED:
            found.actions[principal_id].add(action)
        if row_counts is not None and not row_counts(principal, principal_id, action, values[4], str(day)):
            continue
        if outcome != Outcome.DENIED and day is not None:
            found.days.add(day)
        if outcome != Outcome.DENIED and _PROTECTED in context[2]:
            found.protected.update((item, action) for item in json.loads(context[2])[PROTECTED])
        evidence = Evidence(values[2], _iso(values[0]), _iso(values[1]), values[3], values[4])
        key = (action, kind, text, outcome, how, denial, error)
        known = found.uses.get(key)
        if known is None:
            found.uses[key] = (evidence, {tuple(context)}, {day})
        else:
            known[1].add(tuple(context))
            known[2].add(day)
            found.uses[key] = (merge_evidence(known[0], evidence), known[1], known[2])
    unmapped, assumed = _unmapped_events(usage), _assumed_roles(usage)
    return {
        principal: _principal_usage(
            principal,
            by_principal.get(principal, _Rows()),
            unmapped.get(principal, ()),
            tuple(sorted(assumed.get(principal, {}).items())),
        )
        for principal in sorted({*by_principal, *unmapped, *assumed})
    }


def merge_evidence(evidence: Evidence, other: Evidence) -> Evidence:
    """The evidence for both: the sum of counts, the first and last times, and the earliest example."""
    first = min(evidence, other, key=lambda evidence: (evidence.first_seen, evidence.example_event_id))
    return Evidence(
        evidence.records + other.records,
        first.first_seen,
        max(evidence.last_seen, other.last_seen),
        first.example_event_id,
        first.example_resource,
    )


def iam_names_from_usage(usage: Usage, principals: Iterable[Principal], row_counts: RowTest) -> IamNames:
    """The names for `IamNames.resolved`, from all rows that count."""
    seen = {
        resource
        for part in table_parts(usage.table, _NAMING)
        if (with_path := frozenset(filter(_has_iam_path, column_values(part.column("resource")))))
        for kind, resource, principal, unique, action, example, day in table_rows(part, _NAMING)
        if resource in with_path
        and kind == ResourceKind.ARN
        and row_counts(principal, unique, action, example, str(day))
    }
    listed = tuple(principals)
    roles = sorted((profile, principal.arn) for principal in listed for profile in principal.instance_profiles)
    # The snapshot's current ARN takes precedence over the ARN in a record of an earlier role or user of that name.
    by_name = {name_arn(arn): arn for arn in (*sorted(seen), *sorted(principal.arn for principal in listed))}
    return IamNames(
        pack_mapping({name: arn for name, arn in by_name.items() if arn != name}),
        pack_mapping({name_arn(profile): role for profile, role in roles}),
    )


_NAMING: Final = ("resource_kind", "resource", "principal", "principal_id", "action", "example_resource", "day")


def _has_iam_path(arn: str) -> bool:
    """Whether an ARN names a role, user or instance profile with a path."""
    return arn.count("/") > 1 and _IAM_ENTITY.match(arn) is not None


@dataclass(frozen=True, slots=True, eq=False)
class IamNames:
    """Full ARNs of roles, users and instance profiles by their unique parts: partition, account, type and name."""

    _arns: PackedMapping
    _roles: PackedMapping

    def resolved(self, usage: PrincipalUsage) -> PrincipalUsage:
        """The usage with full ARNs where they are known."""
        return replace(usage, uses=tuple(map(self.resolve, usage.uses)))

    def resolve(self, use: Use) -> Use:
        """The use with a full ARN if it is known."""
        if use.resource.kind is not ResourceKind.ARN:
            return use
        text = self.full_arn(use.action, use.resource.text)
        if text == use.resource.text:
            return use
        resource = Resource(ResourceKind.ARN, text) if text != UNKNOWN_RESOURCE.text else UNKNOWN_RESOURCE
        return replace(use, resource=resource, evidence=replace(use.evidence, example_resource=text))

    def full_arn(self, action: str, resource: str) -> str:
        """The full ARN of a role, user or instance profile, if it is known, and other resources as they are.

        If the action passes an instance profile: the ARN of the role in it, or `*` if that isn't known.
        https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-ec2_instance-profiles.html
        """
        if not _IAM_ENTITY.match(resource):
            return resource
        if action == _PASS_ROLE and ":instance-profile/" in resource:
            return self._roles.get(name_arn(resource)) or UNKNOWN_RESOURCE.text
        known = self._arns.get(resource) if resource.count("/") == 1 else None
        return known or resource


_PASS_ROLE: Final = "iam:PassRole"
_IAM_ENTITY: Final = re.compile(r"arn:[^:]+:iam::[^:]*:(?:role|user|instance-profile)/")


def name_arn(arn: str) -> str:
    """An IAM ARN without its path. Names are unique within an account, even with different paths."""
    head, slash, tail = arn.partition("/")
    return head + slash + tail.rpartition("/")[2]


def _principal_usage(
    principal: str, rows: _Rows, unmapped: tuple[UnmappedEvent, ...], assumed: tuple[tuple[str, str], ...]
) -> PrincipalUsage:
    by_id = tuple(
        IdUse(principal_id, tuple(sorted(rows.actions[principal_id])), records)
        for principal_id, records in sorted(rows.records.items())
        if principal_id
    )
    uses = tuple(
        Use(
            Action(action),
            Resource(ResourceKind(kind), text),
            Outcome(outcome),
            how,
            DenialKind(denial),
            error,
            tuple(sorted({recorded_context(*context) for context in contexts})),
            evidence,
            tuple(sorted(filter(None, seen_on))),
        )
        for (action, kind, text, outcome, how, denial, error), (evidence, contexts, seen_on) in sorted(
            rows.uses.items(), key=lambda item: item[0]
        )
    )
    return PrincipalUsage(
        principal,
        tuple(identity.principal_id for identity in by_id),
        uses,
        unmapped,
        tuple(sorted({region for use in uses for region in use.regions if region or use.how != ACCESS_LOG_LINE})),
        by_id=by_id,
        days=len(rows.days),
        protected=tuple(sorted(rows.protected)),
        assumed=assumed,
    )


@lru_cache(maxsize=4096)
def recorded_context(region: str, vpc_endpoint: str, values: str) -> RecordedContext:
    """The context with its condition keys only. Other facts from records of KMS have names without a colon."""
    pairs = sorted((key, tuple(found)) for key, found in json.loads(values or "{}").items() if ":" in key)
    return RecordedContext(region, vpc_endpoint, tuple(pairs))


_UNREAD: Final = (SkipReason.BAD_RECORD, SkipReason.UNKNOWN_VERSION, SkipReason.NO_TIME, SkipReason.FUTURE)
"""Why a record can't count as use although the call may have been allowed."""


def unmapped_callers(usage: Usage) -> Collection[str]:
    """The principals with records that can't count as use."""
    return _unmapped_events(usage).keys()


def _unmapped_events(usage: Usage) -> dict[str, tuple[UnmappedEvent, ...]]:
    columns = (
        "reason",
        "principal",
        "event_source",
        "event_name",
        "outcome",
        "records",
        "first_seen",
        "last_seen",
        "example_event_id",
    )
    found: dict[str, dict[tuple[str, str, str], Evidence]] = defaultdict(dict)
    for reason, principal, source, name, outcome, records, first, last, event_id in table_rows(usage.skips, columns):
        if reason == SkipReason.CROSS_ACCOUNT_CALLER:
            reason = SkipReason.UNMAPPED  # other calls from another account have no named caller
        lost = reason in _UNREAD and outcome != Outcome.DENIED
        if not principal or not (lost or (reason == SkipReason.UNMAPPED and outcome == Outcome.ALLOWED)):
            continue
        evidence = Evidence(records, _iso(first), _iso(last), event_id, "")
        known = found[principal].get((source, name, reason))
        found[principal][source, name, reason] = merge_evidence(known, evidence) if known else evidence
    return {
        principal: tuple(
            UnmappedEvent(source, name, evidence, SkipReason(reason))
            for (source, name, reason), evidence in sorted(events.items())
        )
        for principal, events in found.items()
    }


def _assumed_roles(usage: Usage) -> Mapping[str, Mapping[str, str]]:
    """The AWS services that assumed each role, each with the last day."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    names = ("reason", "principal", "outcome", "detail", "last_seen")
    for reason, role, outcome, service, last in table_rows(usage.skips, names):
        if role and reason == SkipReason.SERVICE_CALLER and outcome == Outcome.ALLOWED:
            found[role][service] = max(found[role].get(service, ""), _iso(last)[:10])
    return found


def _iso(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.replace(tzinfo=None).isoformat(timespec='seconds')}Z"

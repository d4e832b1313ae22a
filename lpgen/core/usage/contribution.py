"""A record's contribution to the usage tables: its category, its rows, and their condition values.

It doesn't depend on the record's time and event id.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec

from lpgen.core.cloudtrail.assumption import assumption_method
from lpgen.core.cloudtrail.caller import is_of_account, named_principal
from lpgen.core.cloudtrail.event_map import RecordMapper, mapping_or_failure, skip_from_record
from lpgen.core.cloudtrail.outcome import ErrorCodes
from lpgen.core.cloudtrail.records import ACCESS_LOG, Record
from lpgen.core.cloudtrail.request_tags import tag_keys_from_record
from lpgen.core.cloudtrail.rules.inferences import ACCESS_LOG_LINE
from lpgen.core.model import (
    OBSERVED,
    AssumptionMethod,
    Caller,
    CallerKind,
    Category,
    MappedAction,
    MappingStatus,
    Outcome,
    OutcomeDetail,
    RecordMapping,
    SkipReason,
)
from lpgen.core.usage.unbounded_names import Folds

# ---------------------------------------------------------------- the category

NO_CATEGORY: Final = ""
"""For insights and aggregates, which hold no call by a principal."""

_BY_CATEGORY: Final = {
    "Management": Category.MANAGEMENT.value,
    "Data": Category.DATA.value,
    "NetworkActivity": Category.NETWORK_ACTIVITY.value,
    ACCESS_LOG: Category.ACCESS_LOG.value,
}

_BY_TYPE: Final = {
    "AwsVpceEvent": Category.NETWORK_ACTIVITY.value,
    "AwsCloudTrailInsight": NO_CATEGORY,
    "AwsAggregatedEvent": NO_CATEGORY,
}


def category_from_record(record: Record) -> str:
    """The value of a record's `Category`, or `NO_CATEGORY`.

    Records before version 1.07 have no `eventCategory`, and before 1.06 no `managementEvent`. A record with neither is
    a management event.
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
    """
    if record.eventCategory:
        return _BY_CATEGORY.get(record.eventCategory, NO_CATEGORY)
    if record.eventType in _BY_TYPE:
        return _BY_TYPE[record.eventType]
    return Category.DATA.value if record.managementEvent is False else Category.MANAGEMENT.value


# ---------------------------------------------------------------- condition values

_TAG_KEYS: Final = "aws:TagKeys"
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-tagkeys"""

_MAX_VALUES: Final = 50  # the most tags that AWS allows on a resource
_MAX_VALUE_LENGTH: Final = 512

_Context = tuple[tuple[str, str], ...]


@lru_cache(maxsize=65536)
def _context_text(context: _Context, tag_keys: tuple[str, ...]) -> str:
    """A JSON object from condition key to a sorted list of its values; `{}` without any.

    Keeps the first `_MAX_VALUES` values of each key in sort order, without values longer than `_MAX_VALUE_LENGTH`.
    """
    values: dict[str, set[str]] = {}
    for key, value in (*context, *((_TAG_KEYS, tag) for tag in tag_keys)):
        if len(value) <= _MAX_VALUE_LENGTH:
            values.setdefault(key, set()).add(value)
    return msgspec.json.encode({key: sorted(values[key])[:_MAX_VALUES] for key in sorted(values)}).decode()


# ---------------------------------------------------------------- the contribution

MAX_TEXT_LENGTH: Final = 256
"""Error codes, details and names in skips are cut to this many characters."""

RowKey = tuple[str, str, str, str, str, str, str, str, str, str, str, str, bool, str, str]
"""The key columns of `USAGE_SCHEMA` after the day, in its order."""

_NOT_MAPPED: Final = RecordMapping(MappingStatus.UNMAPPED)
_ASSUMES: Final = ("sts.amazonaws.com", "AssumeRole")
_HAS_ROWS: Final = (CallerKind.ROLE, CallerKind.USER, CallerKind.CROSS_ACCOUNT_ID)
_OWN_ROWS: Final = (None, SkipReason.DENIED, SkipReason.UNDETERMINED)
_REFUSED: Final = (Outcome.DENIED, Outcome.UNAUTHENTICATED)
_OF_SESSIONS: Final = (None, SkipReason.NO_PERMISSION)
"""What sessions of roles do: use, and calls that need no permission."""

_FOREIGN_CALLERS: Final = (SkipReason.SERVICE_CALLER, SkipReason.CROSS_ACCOUNT_CALLER, SkipReason.ANONYMOUS_CALLER)
"""Skips of calls by AWS services, other accounts and anonymous callers."""


@dataclass(frozen=True, slots=True, eq=False)
class Contribution:
    """Why a record isn't usage (None if it is), with a detail, and the table rows that count it.

    `rows` are usage rows: the key after the day, and the resources that fold to that row, sorted. They count as usage
    if it `gives_usage`, and as use of a resource by somebody else if it `is_foreign`. A call by a role or user of
    another account does both. It has no rows if it `hides_use`: the event map doesn't know the call. `assumed` is the
    role that an AWS service assumed; `detail` is then the service. `method` is set if the record asks for a session of
    a role, and `sets_tags` if it sets tags of a resource. Such records have evidence of their own, and so have calls
    `by_role`: calls by a role that weren't refused.
    """

    skip: SkipReason | None
    detail: str
    outcome: str
    account: str
    region: str
    category: str
    event_source: str
    event_name: str
    read_only: bool | None
    hides_use: bool
    rows: tuple[tuple[RowKey, tuple[str, ...]], ...]
    assumed: str = ""
    gives_usage: bool = False
    is_foreign: bool = False
    method: AssumptionMethod | None = None
    sets_tags: bool = False
    by_role: bool = False


def contribution_from_record(record: Record, caller: Caller, event_map: RecordMapper) -> Contribution:
    """A record's contribution to the tables, assuming that its time, event id and names let it count.

    The result depends only on the caller's kind and on whether a service acts for it.
    """
    facts = event_map.catalog.facts
    outcome = facts(ErrorCodes).outcome_from_record(record)
    mapping, detail = mapping_or_failure(record, event_map) if caller.kind in _HAS_ROWS else (_NOT_MAPPED, "")
    skip = _skip_from_mapping(record, caller, outcome, mapping)
    is_foreign = skip in _FOREIGN_CALLERS
    if is_foreign and caller.kind not in _HAS_ROWS:
        mapping, _ = mapping_or_failure(record, event_map)
    assumed = _assumed_role(record) if skip is SkipReason.SERVICE_CALLER else ""
    category = category_from_record(record)
    is_copy = skip is SkipReason.NETWORK_COPY
    method = None if is_copy else assumption_method(record.eventSource, record.eventName)
    has_rows = skip is None or is_foreign
    tags = tag_keys_from_record(record) if has_rows and caller.kind in _HAS_ROWS else ()
    return Contribution(
        skip=skip,
        detail=_service_name(record) if assumed else detail,
        outcome=outcome.outcome._value_,
        account=record.recipientAccountId or "",
        region=record.awsRegion or "",
        category=category,
        event_source=record.eventSource,
        event_name=record.eventName,
        read_only=record.readOnly,
        hides_use=skip is SkipReason.CROSS_ACCOUNT_CALLER
        and caller.kind is CallerKind.CROSS_ACCOUNT_ID
        and mapping.status is MappingStatus.UNMAPPED,
        rows=_rows(_Use(record, caller, outcome, tags), mapping.actions, facts(Folds)) if has_rows else (),
        assumed=assumed,
        gives_usage=caller.kind in _HAS_ROWS,
        is_foreign=is_foreign,
        method=method,
        sets_tags=skip is None and method is None and bool(tags),
        by_role=skip in _OF_SESSIONS and caller.kind is CallerKind.ROLE and outcome.outcome not in _REFUSED,
    )


def _assumed_role(record: Record) -> str:
    """The role that an AWS service asks STS for, or "". Roles of other accounts don't count: their logs hold the call.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html#cloudtrail-integration_role-trust-behavior
    """
    request = record.requestParameters
    if (record.eventSource, record.eventName) != _ASSUMES or not isinstance(request, dict):
        return ""
    role = request.get("roleArn")
    found = named_principal(role) if isinstance(role, str) else ""
    return found if is_of_account(found, record.recipientAccountId) else ""


def _service_name(record: Record) -> str:
    return (record.userIdentity.invokedBy if record.userIdentity else None) or ""


def _skip_from_mapping(
    record: Record, caller: Caller, outcome: OutcomeDetail, mapping: RecordMapping
) -> SkipReason | None:
    """Why a record has no usage row, or None if it has one. Denied and undetermined calls have one."""
    skip = skip_from_record(record, caller, outcome, mapping)
    if skip not in _OWN_ROWS:
        return skip
    return None if mapping.actions else SkipReason.NO_PERMISSION


class _Use(NamedTuple):
    """The facts of a record that all its rows share. `tags` are the keys of the tags that it sets."""

    record: Record
    caller: Caller
    outcome: OutcomeDetail
    tags: tuple[str, ...]


def _rows(use: _Use, actions: tuple[MappedAction, ...], folds: Folds) -> tuple[tuple[RowKey, tuple[str, ...]], ...]:
    """Rows with their resources. Keys hold the text of enum members, because hashing a member runs Python code."""
    rows: dict[RowKey, set[str]] = {}
    record, caller, outcome = use.record, use.caller, use.outcome
    identity = record.userIdentity
    invoked_by = (identity.invokedBy if identity else None) or ""
    category = category_from_record(record)
    is_line = category == Category.ACCESS_LOG
    for mapped in actions:
        how = ACCESS_LOG_LINE if is_line and mapped.how == OBSERVED else mapped.how
        context = _context_text(mapped.context, use.tags)
        for resource in mapped.resources:
            folded = folds.fold(resource)
            key = (
                record.eventSource,
                record.eventName,
                category,
                mapped.action,
                folded.text,
                folded.kind._value_,
                outcome.outcome._value_,
                outcome.error_code[:MAX_TEXT_LENGTH],
                outcome.denial_kind._value_,
                outcome.denied_by[:MAX_TEXT_LENGTH],
                how,
                invoked_by,
                caller.service_session,
                record.vpcEndpointId or "",
                context,
            )
            rows.setdefault(key, set()).add(resource.text)
    return tuple((key, tuple(sorted(resources))) for key, resources in rows.items())

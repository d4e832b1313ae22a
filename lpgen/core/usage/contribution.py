"""A record's contribution to the usage tables, whatever its time and event id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lpgen.core.cloudtrail.caller import is_of_account, named_principal
from lpgen.core.cloudtrail.event_map import RecordMapper, mapping_or_failure, skip_from_record
from lpgen.core.cloudtrail.outcome import ErrorCodes
from lpgen.core.cloudtrail.records import Record
from lpgen.core.model import (
    Caller,
    CallerKind,
    MappedAction,
    MappingStatus,
    OutcomeDetail,
    RecordMapping,
    SkipReason,
)
from lpgen.core.usage.context import context_text, tag_keys_from_record
from lpgen.core.usage.coverage import category_from_record
from lpgen.core.usage.fold import Folds

MAX_TEXT_LENGTH: Final = 256
"""Error codes, details and names in skips are cut to this many characters."""

RowKey = tuple[str, str, str, str, str, str, str, str, str, str, str, str, bool, str, str]
"""The key columns of `USAGE_SCHEMA` after the day, in its order."""

_NOT_MAPPED: Final = RecordMapping(MappingStatus.UNMAPPED)
_ASSUMES: Final = ("sts.amazonaws.com", "AssumeRole")
_HAS_ROWS: Final = (CallerKind.ROLE, CallerKind.USER, CallerKind.CROSS_ACCOUNT_ID)
_GIVE_ROWS: Final = (None, SkipReason.CROSS_ACCOUNT_CALLER)
_OWN_ROWS: Final = (None, SkipReason.DENIED, SkipReason.UNDETERMINED)


@dataclass(frozen=True, slots=True, eq=False)
class Contribution:
    """Why a record is no usage (None where it is), with a detail, and the rows of the tables that it counts in.

    `rows` are usage rows: the key after the day, and the resources that fold to that row, sorted. A call from another
    account has some too, though it is no usage here; where it `hides_use`, since the event map doesn't know it, it has
    none. `assumed` is the role that an AWS service assumed, and then `detail` the service.
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


def contribution_from_record(record: Record, caller: Caller, event_map: RecordMapper) -> Contribution:
    """A record's contribution to the tables, if its time, event id and names allow it to count at all.

    Of the caller only its kind matters, and whether a service acts for it.
    """
    facts = event_map.catalog.facts
    outcome = facts(ErrorCodes).outcome_from_record(record)
    mapping, detail = mapping_or_failure(record, event_map) if caller.kind in _HAS_ROWS else (_NOT_MAPPED, "")
    skip = _skip_from_mapping(record, caller, outcome, mapping)
    assumed = _assumed_role(record) if skip is SkipReason.SERVICE_CALLER else ""
    category = category_from_record(record)
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
        rows=_rows(record, caller, outcome, mapping.actions, facts(Folds)) if skip in _GIVE_ROWS else (),
        assumed=assumed,
    )


def _assumed_role(record: Record) -> str:
    """The role that an AWS service asks STS for, or "". One of another account is none: its own log holds the call.

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
    """Why a record gives no usage row, or None where it gives one, denied and undetermined calls included."""
    skip = skip_from_record(record, caller, outcome, mapping)
    if skip not in _OWN_ROWS:
        return skip
    return None if mapping.actions else SkipReason.NO_PERMISSION


def _rows(
    record: Record, caller: Caller, outcome: OutcomeDetail, actions: tuple[MappedAction, ...], folds: Folds
) -> tuple[tuple[RowKey, tuple[str, ...]], ...]:
    """Rows with their resources. Keys hold the enums' text: hashing a member runs Python code."""
    rows: dict[RowKey, set[str]] = {}
    identity = record.userIdentity
    invoked_by = (identity.invokedBy if identity else None) or ""
    category, tags = category_from_record(record), tag_keys_from_record(record)
    for mapped in actions:
        context = context_text(mapped.context, tags)
        for resource in mapped.resources:
            folded = folds.fold(resource)
            behind = (
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
                mapped.how,
                invoked_by,
                caller.service_session,
                record.vpcEndpointId or "",
                context,
            )
            rows.setdefault(behind, set()).add(resource.text)
    return tuple((behind, tuple(sorted(resources))) for behind, resources in rows.items())

"""Calls that only another account's log shows, assigned to their callers.

The log of the account that owns a resource holds the calls that roles and users of other accounts make to it, with the
caller's unique id but not its ARN. The caller's own log holds these calls too if they are management events. It holds
data events only if one of its trails selects this resource of another account.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import compress
from typing import Any, Final

import pyarrow as pa

from lpgen.core.arns import account_in_arn, split_arn
from lpgen.core.cloudtrail.caller import account_of_named_role, id_of_named_role
from lpgen.core.model import Category, Outcome, Principal
from lpgen.core.usage.columns import TableParts, column_values, distinct_rows, flag_column, table_rows, text_column
from lpgen.core.usage.table_merge import merge_tables
from lpgen.core.usage.tables import EMPTY_USAGE, SKIPS_SHAPE, USAGE_SHAPE, Usage

_CALL: Final = (
    "principal",
    "principal_id",
    "day",
    "event_source",
    "event_name",
    "action",
    "resource_kind",
    "resource",
    "outcome",
)
"""The columns in which the logs of both accounts agree on a call."""

_Id = tuple[str, str]
"""A unique id, and the account that it belongs to according to the record."""

_OF_DATA: Final = (Category.DATA, Category.ACCESS_LOG)


def name_foreign_callers(usage: Usage, arns: Mapping[str, str], *, callers: Iterable[str] | None = None) -> Usage:
    """The usage with the ARN of each caller that the tables know only by an id, without the rows of unknown ids.

    `callers` are the callers in the usage table, if known. The ARN of an id comes from `arns`, which has the principals
    of the policies, otherwise from the records of the caller's own account. A call that these records show too is left
    out, because both accounts' logs hold the same call. In the skips, a call that the event map doesn't know also
    counts for its caller if the log is of the caller's own account.
    """
    if _are_arns(_callers(usage.table) if callers is None else callers) and _are_arns(_callers(usage.skips)):
        return usage
    table = usage.table if isinstance(usage.table, pa.Table) else usage.table.whole()
    is_own = [_is_arn(value) for value in column_values(table.column("principal"))]
    own = _only(table, is_own)
    known = _recorded_arns(own) | {(unique_id, split_arn(arn).account): arn for unique_id, arn in arns.items()}
    callers = [known.get(principal_id, "") for principal_id in _ids(table, "principal_id")]
    is_foreign = [bool(arn) and not is_theirs for arn, is_theirs in zip(callers, is_own, strict=True)]
    foreign, skips = _only(table, is_foreign), _name_skipped(usage.skips, known)
    if foreign.num_rows == 0:
        return replace(usage, table=own, skips=skips)
    foreign_arns = list(compress(callers, is_foreign))
    named = _without_role_names(_with_principals(foreign, foreign_arns))
    copies = _calls_of(own, frozenset(foreign_arns))
    is_new = [call not in copies for call in table_rows(named, _CALL)]
    return replace(usage, table=merge_tables([own, _only(named, is_new)], USAGE_SHAPE), skips=skips)


def divide_by_log(
    usage: Usage, arns: Mapping[str, str], *, callers: Iterable[str] | None = None
) -> tuple[Usage, Usage]:
    """The usage from the logs of the callers' own accounts, and the usage that counts from other accounts' logs. Both
    have named callers.

    A person who writes another account's log can make it name any caller, so it isn't evidence against a caller. A
    call counts only if it is a data event (the caller's own log holds all other events), if it was allowed, and if the
    resource belongs to the account whose log it is. The ARN of a bucket names no account, so any account may own it,
    unless the caller's own log holds data events of the bucket: AWS would have delivered the caller's copy there.
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html#shared-event-ID
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html#cloudtrail-object-level-crossaccount
    """
    named = name_foreign_callers(usage, arns, callers=callers)
    if named is usage:
        return usage, EMPTY_USAGE
    rows = list(table_rows(named.table, ("account", "recipient_account", "category", "outcome", "resource")))
    is_own = [log in ("", account) for account, log, *_ in rows]
    shown = {(row[0], _bucket(row[4])) for row in rows if row[:3] == (row[0], row[0], Category.DATA)}

    def counts(account: str, log: str, category: str, outcome: str, resource: str) -> bool:
        if log in ("", account) or category not in _OF_DATA or outcome != Outcome.ALLOWED or not _is_arn(resource):
            return False
        owner = split_arn(resource).account
        return owner == log or not (owner or (account, _bucket(resource)) in shown)

    elsewhere = _only(named.table, [counts(*row) for row in rows])
    return replace(named, table=_only(named.table, is_own)), replace(EMPTY_USAGE, table=elsewhere)


def _bucket(arn: str) -> str:
    """The bucket of an object; for other ARNs the part before the first slash."""
    return arn.partition("/")[0]


def arns_by_id(principals: Iterable[Principal]) -> dict[str, str]:
    """The ARNs of principals by their unique ids and, for roles, also by `id_of_named_role`."""
    return arns_of_ids((principal.arn, principal.principal_id) for principal in principals)


def arns_of_ids(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """As `arns_by_id`, from pairs of ARN and unique id. A name that several roles have, as if one was deleted, is
    unknown."""
    found: dict[str, set[str]] = defaultdict(set)
    for arn, unique_id in pairs:
        kind, _, name = arn.rpartition(":")[2].partition("/")
        named = id_of_named_role(account_in_arn(arn), name.rpartition("/")[2]) if kind == "role" else ""
        for key in filter(None, (unique_id, named)):
            found[key].add(arn)
    return {key: min(arns) for key, arns in found.items() if len(arns) == 1 or not account_of_named_role(key)}


def _name_skipped(skips: pa.Table, known: Mapping[_Id, str]) -> pa.Table:
    """The skips with the ARN of each caller that they know only by an id, or "" if the caller's own account's log
    doesn't name it."""
    callers = [
        principal[0] if _is_arn(principal[0]) else known.get(principal, "") for principal in _ids(skips, "principal")
    ]
    return merge_tables([_with_principals(skips, callers)], SKIPS_SHAPE)


def _with_principals(table: pa.Table, callers: Sequence[str]) -> pa.Table:
    at = table.schema.get_field_index("principal")
    return table.set_column(at, table.schema.field(at).with_type(pa.string()), text_column(callers))


def _without_role_names(table: pa.Table) -> pa.Table:
    """The table with "" in place of `id_of_named_role`: the real id isn't known."""
    at = table.schema.get_field_index("principal_id")
    ids = ["" if account_of_named_role(value) else value for value in column_values(table.column(at))]
    return table.set_column(at, table.schema.field(at).with_type(pa.string()), text_column(ids))


def _callers(table: pa.Table | TableParts) -> Iterator[str]:
    return (row for (row,) in distinct_rows(table, ("principal",)))


def _are_arns(callers: Iterable[str]) -> bool:
    """Whether all callers are ARNs, except callers that a table doesn't distinguish."""
    return all(not caller or _is_arn(caller) for caller in callers)


def _is_arn(principal: str) -> bool:
    return principal.startswith("arn:")


def _only(table: pa.Table, flags: Sequence[bool]) -> pa.Table:
    return table.filter(flag_column(flags))


def _ids(table: pa.Table, name: str) -> Iterator[_Id]:
    """The caller's id or ARN in a column for each row, with the account."""
    rows = table_rows(table, (name, "account"))
    return ((unique_id, account_of_named_role(unique_id) or account) for unique_id, account in rows)


def _recorded_arns(own: pa.Table) -> dict[_Id, str]:
    """The ARN that records show for each id."""
    pairs = set(zip(_ids(own, "principal_id"), column_values(own.column("principal")), strict=True))
    return {unique_id: arn for unique_id, arn in sorted(pairs) if unique_id[0]}


def _calls_of(table: pa.Table, principals: Collection[str]) -> frozenset[tuple[Any, ...]]:
    is_theirs = [value in principals for value in column_values(table.column("principal"))]
    return frozenset(table_rows(_only(table, is_theirs), _CALL))

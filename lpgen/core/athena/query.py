"""The query that groups a table's records: by day and by everything that the event map and the usage table look at.

The records of a group differ in nothing that counts, so the mapping of one is that of all. Values that differ from call
to call and decide nothing are left out or made equal: the names of sessions, tokens, times (`EVER_CHANGING`), and
answers of services whose answers no rule reads (`UNREAD_ANSWERS`). Tests hold both lists to the rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from lpgen.core.athena.hive_types import HiveType
from lpgen.core.athena.partitions import Partitions, conditions_on_partitions
from lpgen.core.athena.sql_text import identifier, literal
from lpgen.core.athena.table import AthenaTable
from lpgen.core.cloudtrail.caller import SERVICE_SESSION_NAMES
from lpgen.core.usage.log_layout import LATE_DAYS

_PLAIN_COLUMNS: Final = (
    "eventsource",
    "eventname",
    "eventtype",
    "eventcategory",
    "managementevent",
    "readonly",
    "awsregion",
    "recipientaccountid",
    "errorcode",
    "errormessage",
    "vpcendpointid",
)

_SOURCE_IDENTITY: Final = "sessionContext.sourceIdentity"
IDENTITY_FIELDS: Final = (
    "type",
    "principalId",
    "arn",
    "accountId",
    "invokedBy",
    _SOURCE_IDENTITY,
    "sessionContext.sessionIssuer.type",
    "sessionContext.sessionIssuer.principalId",
    "sessionContext.sessionIssuer.arn",
    "sessionContext.sessionIssuer.accountId",
)

IDENTITY_COLUMNS: Final = tuple(f"identity_{path.replace('.', '_').lower()}" for path in IDENTITY_FIELDS)
"""Their names in the answer."""

UNREAD_ANSWERS: Final = (
    "kms.amazonaws.com",
    "s3.amazonaws.com",
    "sns.amazonaws.com",
    "sqs.amazonaws.com",
    "sts.amazonaws.com",
)
"""Sources of many calls whose response elements differ each time, and hold credentials or keys in part."""

READ_BESIDE: Final = ("codecommit.amazonaws.com",)
"""Sources whose `additionalEventData` a rule reads; elsewhere it holds counts of bytes and the like."""

EVER_CHANGING: Final = (
    "nextToken", "NextToken", "paginationToken", "continuation-token", "clientToken", "ClientToken",
    "clientRequestToken", "ClientRequestToken", "idempotencyToken", "creationToken", "callerReference",
    "startTime", "StartTime", "endTime", "EndTime", "startDate", "endDate", "roleSessionName",
    "queryExecutionId", "queryId", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Signature",
)  # fmt: skip
"""Request parameters that differ from call to call and don't affect what the call needs."""

VERSION: Final = "eventversion"
"""The column of which only the major number counts."""

COUNT, FIRST, LAST = "group_records", "group_first", "group_last"
RESOURCES, REQUEST, RESPONSE, BESIDE = "resources", "requestparameters", "responseelements", "additionaleventdata"


@dataclass(frozen=True, slots=True)
class DaySpan:
    """Days of events, both included."""

    first: date
    last: date

    @property
    def days(self) -> tuple[date, ...]:
        """Each of them."""
        return tuple(self.first + timedelta(number) for number in range((self.last - self.first).days + 1))


@dataclass(frozen=True, slots=True)
class Query:
    """A query and the form of its answer: columns by name, all as text, one row a group."""

    sql: str
    columns: tuple[str, ...]
    spans: tuple[DaySpan, ...]

    @property
    def days(self) -> tuple[date, ...]:
        """The days of events that it asks for."""
        return tuple(day for span in self.spans for day in span.days)


def build_query(
    table: AthenaTable,
    partitions: Partitions,
    spans: Sequence[DaySpan],
    *,
    accounts: Sequence[str],
    regions: Sequence[str],
    contexts: Iterable[str],
) -> Query:
    """The query for the records of some days, accounts and Regions (none: all). `spans` are in order and not empty.
    `contexts` are the keys of encryption contexts that name resources.

    Raises:
        IngestError: queries of the table must name accounts or Regions, and none are given.
    """
    keys = dict(_keys(table, contexts))
    moment, event = identifier("eventtime"), identifier("eventid")
    conditions = [
        *conditions_on_partitions(
            table,
            partitions,
            first=spans[0].first,
            last=spans[-1].last + timedelta(LATE_DAYS),
            accounts=accounts,
            regions=regions,
        ),
        *_conditions_on_columns(partitions, accounts, regions),
        _in_spans(moment, spans),
    ]
    shown = [f"{expression} AS {name}" for name, expression in keys.items()]
    shown += [
        f"count(*) AS {COUNT}",
        f"min(concat({moment}, ' ', coalesce({event}, ''))) AS {FIRST}",
        f"max({moment}) AS {LAST}",
    ]
    grouped = ", ".join([f"substr({moment}, 1, 10)", *map(str, range(1, len(keys) + 1))])
    sql = "\n".join(
        (
            "SELECT",
            ",\n".join(f"  {one}" for one in shown),
            f"FROM {identifier(table.name.database)}.{identifier(table.name.table)}",
            "WHERE " + "\n  AND ".join(conditions),
            f"GROUP BY {grouped}",
        )
    )
    return Query(sql, (*keys, COUNT, FIRST, LAST), tuple(spans))


def describe_lacks(table: AthenaTable, partitions: Partitions) -> tuple[str, ...]:
    """The limits of the table, as sentences for people."""
    lacks = []
    if "eventcategory" not in table.columns and "managementevent" not in table.columns:
        lacks.append("the table has no column `eventcategory`: data events count as management events")
    if not _identity_part(table, _SOURCE_IDENTITY):
        lacks.append("the table has no source identities of sessions: that roles hand them on shows in answers alone")
    if not _plain(table, "vpcendpointid"):
        lacks.append("the table has no column `vpcendpointid`: conditions on VPC endpoints go unproven")
    if not _plain(table, "readonly"):
        lacks.append(
            "the table has no column `readonly`: tags that a call only asks for count as tags that it sets, and nothing"
            " tells whether its trail records reads and writes"
        )
    if any(not key.projection for key in table.keys):
        lacks.append("partitions of the table are added one by one: records of those not yet added stay unseen")
    if not partitions.tell_days:
        lacks.append("no partition of the table tells the day: each query reads all of it")
    return tuple(lacks)


def _keys(table: AthenaTable, contexts: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The expressions to group by, with the names of their columns in the answer, without columns the table lacks."""
    for name in _PLAIN_COLUMNS:
        expression = _plain(table, name)
        if expression:
            yield name, expression
    version = _plain(table, VERSION)
    if version:
        yield VERSION, f"split_part({version}, '.', 1)"
    for name, path in zip(IDENTITY_COLUMNS, IDENTITY_FIELDS, strict=True):
        expression = _identity(table, path)
        if expression:
            yield name, expression
    yield REQUEST, _calm_request(contexts)
    yield RESPONSE, _read_response()
    yield BESIDE, f"CASE WHEN {_source_in(READ_BESIDE)} THEN {identifier(BESIDE)} END"
    yield RESOURCES, _resources(table.columns[RESOURCES])


def _plain(table: AthenaTable, name: str) -> str:
    """A column as text, or "" where there is none that may be."""
    kind = table.columns.get(name)
    if kind is None or kind.name in ("struct", "array", "map", "unknown"):
        return ""
    return identifier(name) if kind.is_text else f"CAST({identifier(name)} AS varchar)"


def _identity(table: AthenaTable, path: str) -> str:
    """A part of `useridentity`, which is a struct, or in some tables its JSON; "" where the struct lacks it."""
    whole = _identity_part(table, path)
    if not whole:
        return _source_identity() if path == _SOURCE_IDENTITY else ""
    if path == "principalId":
        names = "|".join(SERVICE_SESSION_NAMES)
        return f"regexp_extract({whole}, {literal(f'^[^:]*(:({names}))?')})"
    if path == "arn":
        kind = _identity_part(table, "type") or "''"
        return f"CASE WHEN {kind} IN ('IAMUser', 'Role') THEN {whole} ELSE regexp_extract({whole}, '^arn:[^:]*:') END"
    return whole


def _identity_part(table: AthenaTable, path: str) -> str:
    kind, place = table.columns["useridentity"], identifier("useridentity")
    if kind.is_text:
        return f"json_extract_scalar({place}, {literal('$.' + path)})"
    for name in path.split("."):
        found = kind.field(name)
        if found is None:
            return ""
        place, kind = f"{place}.{identifier(found[0])}", found[1]
    return place if kind.is_text else ""


def _source_identity() -> str:
    """The source identity that STS answers with when a role hands on its own.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html#API_AssumeRole_ResponseElements
    """
    answer, source = identifier(RESPONSE), identifier("eventsource")
    test = f"{source} = 'sts.amazonaws.com' AND {answer} LIKE '{{%'"
    return f"CASE WHEN {test} THEN json_extract_scalar({answer}, '$.sourceIdentity') END"


def _calm_request(contexts: Iterable[str]) -> str:
    """The request parameters, with one text for the values of all that is ever changing."""
    text = r'"[^"\\]*(?:\\.[^"\\]*)*"'
    flat = rf'\{{[^{{}}"]*(?:{text}[^{{}}"]*)*\}}'
    pattern = rf'"({"|".join((*EVER_CHANGING, "encryptionContext"))})":\s*(?:{text}|-?[0-9][0-9.eE+-]*|{flat})'
    # The parameters that name a resource are kept in a list, where the first pattern doesn't find them; of an object
    # only the bucket.
    value = r'"(arn:[^":]*:s3:::[^/"]*|[^"]*)[^"]*"'
    named = rf'"encryptionContext":\s*\{{[^{{}}]*?"({"|".join(contexts)})":\s*{value}[^{{}}]*\}}'
    kept = f"regexp_replace({identifier(REQUEST)}, {literal(named)}, {literal(_DATA)})"
    return f"regexp_replace({kept}, {literal(pattern)}, {literal(_CALM)})"


_CALM: Final = '"$1":"*"'
_DATA: Final = '"encryptionContext":[{"$1":"$2"}]'


def _read_response() -> str:
    """The response elements where a rule may read them, or where they may hold an error."""
    column = identifier(RESPONSE)
    return f"""CASE WHEN NOT {_source_in(UNREAD_ANSWERS)} OR {column} LIKE '%"error%' THEN {column} END"""


def _source_in(sources: Sequence[str]) -> str:
    return f"{identifier('eventsource')} IN ({', '.join(map(literal, sources))})"


def _resources(kind: HiveType) -> str:
    """The resources as JSON: lists of ARN and type, or as they are where the column holds text.

    Lists and not objects, since engines differ in what a struct becomes.
    """
    if kind.item is None:
        return identifier(RESOURCES)
    named = (kind.item.field("arn"), kind.item.field("type"))
    fields = ", ".join(f"one.{identifier(field[0])}" for field in named if field)
    return f"json_format(CAST(transform({identifier(RESOURCES)}, one -> ARRAY[{fields}]) AS json))"


def _conditions_on_columns(partitions: Partitions, accounts: Sequence[str], regions: Sequence[str]) -> Iterator[str]:
    """The conditions on accounts and Regions that no partition key covers."""
    for key, column, values in (
        (partitions.account, "recipientaccountid", accounts),
        (partitions.region, "awsregion", regions),
    ):
        if values and key is None:
            yield f"{identifier(column)} IN ({', '.join(map(literal, values))})"


def _in_spans(moment: str, spans: Sequence[DaySpan]) -> str:
    """Whether an event is of the days; bare days sort before all their moments, however these are spelled."""
    ends = [(span.first.isoformat(), (span.last + timedelta(1)).isoformat()) for span in spans]
    tests = [f"{moment} >= {literal(first)} AND {moment} < {literal(end)}" for first, end in ends]
    return tests[0] if len(tests) == 1 else "(" + " OR ".join(f"({test})" for test in tests) + ")"

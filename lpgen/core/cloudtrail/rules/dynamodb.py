"""DynamoDB calls: tables and their indexes, streams and backups; transactions by item; PartiQL by verb.

Sources: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html (transactions),
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-iam.html (PartiQL) and
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/understanding-ddb-log-entries.html (what is logged).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, groupby

from lpgen.core.arns import split_arn
from lpgen.core.cloudtrail.records import Json
from lpgen.core.cloudtrail.rules.call import Call, RuleTable, texts_at, values_at
from lpgen.core.cloudtrail.rules.inferences import (
    RESOURCE_POLICY_ON_CREATE,
    TABLE_EXPORT,
    TABLE_IMPORT,
    TABLE_REPLICA,
    TABLE_RESTORE,
)
from lpgen.core.cloudtrail.rules.resources import exact, fold, is_arn_of, listed_arns, mapped, read_arns, tag_new
from lpgen.core.cloudtrail.rules.types import ReaderTable, ReaderType
from lpgen.core.model import MappedAction, Resource

_SOURCE = "dynamodb.amazonaws.com"


def _read_tables(call: Call) -> Iterator[Resource]:
    """The tables that the record lists, or else those that the call names."""
    return map(exact, _list_tables(call) or dict.fromkeys(_name_tables(call)))


def _read_scope(call: Call) -> Iterator[Resource]:
    """The index that a query or scan names, or else the table. A call on an index is authorized only on the index.

    Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/using-identity-based-policies.html
    """
    index = call.text("indexName")
    for table in _read_tables(call):
        yield exact(f"{table.text}/index/{index}") if index else table


def _read_streams(call: Call) -> Iterator[Resource]:
    """The stream of a call. A shard iterator starts with the ARN of its stream."""
    arns = (call.text("streamArn"), call.text("shardIterator").partition("|")[0])
    return map(exact, dict.fromkeys(arn for arn in arns if is_arn_of(arn, "dynamodb")))


def _list_tables(call: Call) -> tuple[str, ...]:
    return tuple(arn for arn in listed_arns(call, "dynamodb") if _is_table(arn))


def _is_table(arn: str) -> bool:
    kind, _, name = split_arn(arn).name.partition("/")
    return kind == "table" and "/" not in name


def _name_tables(call: Call) -> Iterator[str]:
    """The ARNs of the tables that the request names, or that the response describes."""
    names = [*call.texts("tableName"), *_batch_tables(call)]
    if not names:
        description = next(iter(values_at(call.response, ("tableDescription",))), {})
        names = [*texts_at(description, ("tableArn",))] or [*texts_at(description, ("tableName",))]
    return (arn for arn in (_table_arn(call, name) for name in names) if arn)


def _batch_tables(call: Call) -> Iterator[str]:
    """The tables of a batch: the keys of its request items, or the table of each item if they are logged as a list."""
    for items in values_at(call.request, ("requestItems",)):
        if isinstance(items, dict) and not any(True for _ in texts_at(items, ("tableName",))):
            yield from items
        else:
            yield from texts_at(items, ("tableName",))


def _table_arn(call: Call, name: str) -> str:
    """The ARN of the table with this name or ARN, or "" if it isn't a table's ARN."""
    if name.startswith("arn:"):
        return name if is_arn_of(name, "dynamodb") and _is_table(name) else ""
    return call.arn("dynamodb", f"table/{name}")


# ---------------------------------------------------------------- transactions and PartiQL

_ITEM_ACTIONS = {
    "put": "dynamodb:PutItem",
    "update": "dynamodb:UpdateItem",
    "delete": "dynamodb:DeleteItem",
    "conditioncheck": "dynamodb:ConditionCheckItem",
    "get": "dynamodb:GetItem",
}

_VERB_ACTIONS = {
    "SELECT": "dynamodb:PartiQLSelect",
    "EXISTS": "dynamodb:PartiQLSelect",
    "INSERT": "dynamodb:PartiQLInsert",
    "UPDATE": "dynamodb:PartiQLUpdate",
    "DELETE": "dynamodb:PartiQLDelete",
}


def _map_transaction(call: Call) -> tuple[MappedAction, ...] | None:
    """TransactWriteItems and TransactGetItems: each item's own action on its table."""
    return _merge(
        (action, _listed_table(call, table))
        for item in (*values_at(call.request, ("requestItems",)), *values_at(call.request, ("transactItems",)))
        if isinstance(item, dict)
        for action, table in _item_needs(call, item)
    )


def _item_needs(call: Call, item: Json) -> Iterator[tuple[str, str]]:
    """The actions and tables of a transaction item, as CloudTrail logs it or as the API takes it."""
    default = "get" if call.operation == "TransactGetItems" else ""
    operation = next(texts_at(item, ("operation",)), default).lower()
    tables = [*texts_at(item, ("tableName",))]
    if operation in _ITEM_ACTIONS and tables:
        yield from ((_ITEM_ACTIONS[operation], table) for table in tables)
        return
    for name, action in _ITEM_ACTIONS.items():
        key = "conditionCheck" if name == "conditioncheck" else name
        yield from ((action, table) for table in texts_at(item, (key, "tableName")))


def _map_partiql(call: Call) -> tuple[MappedAction, ...] | None:
    """ExecuteStatement, BatchExecuteStatement and ExecuteTransaction: each statement's action on its table or index."""
    paths = (
        ("statement",),
        ("requestItems", "statement"),
        ("statements", "statement"),
        ("transactStatements", "statement"),
    )
    statements = [text for path in paths for text in call.texts(*path)]
    needs = [need for text in statements if (need := _statement_need(call, text))]
    return _merge(needs) if len(needs) == len(statements) else None


def _statement_need(call: Call, statement: str) -> tuple[str, str] | None:
    """The action and the ARN that a PartiQL statement needs, or None if it can't be parsed.

    Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.html
    """
    words = statement.replace("(", " ( ").split()
    verb = words[0].upper() if words else ""
    before = {"SELECT": "FROM", "EXISTS": "FROM", "INSERT": "INTO", "UPDATE": "UPDATE", "DELETE": "FROM"}.get(verb)
    at = next((index for index, word in enumerate(words[:-1]) if word.upper() == before), None)
    if at is None:
        return None
    table, _, index = words[at + 1].rstrip(";)").replace('"', "").partition(".")
    arn = _listed_table(call, table)
    return _VERB_ACTIONS[verb], f"{arn}/index/{index}" if index else arn


def _listed_table(call: Call, table: str) -> str:
    """The ARN of a named table as the record lists it, or else in the call's account and Region."""
    own = _table_arn(call, table)
    name = own.rpartition("/")[2]
    return next((arn for arn in _list_tables(call) if arn.endswith(f":table/{name}")), own)


def _merge(needs: Iterable[tuple[str, str]]) -> tuple[MappedAction, ...] | None:
    """One mapped action for all ARNs of each action, or None if there are none."""
    grouped = groupby(sorted({(action, arn) for action, arn in needs if arn}), key=lambda need: need[0])
    return tuple(mapped(action, (exact(arn) for _, arn in group)) for action, group in grouped) or None


# ---------------------------------------------------------------- tables created, restored, exported, imported

_DATA_ACTIONS = ("BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan", "UpdateItem")


def _map_create_table(call: Call) -> tuple[MappedAction, ...]:
    """CreateTable, with the actions for the tags and the resource policy that it sets."""
    tables = tuple(_read_tables(call))
    own, tags = mapped("dynamodb:CreateTable", tables), tag_new(call, "dynamodb:TagResource", tables)
    if not call.has("resourcePolicy"):
        return (own, *tags)
    return (own, *tags, mapped("dynamodb:PutResourcePolicy", tables, how=RESOURCE_POLICY_ON_CREATE))


def _map_update_table(call: Call) -> tuple[MappedAction, ...]:
    """UpdateTable, with the actions for creating or deleting a replica in the replica's Region.

    Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/gt_IAM.html
    """
    tables = tuple(_read_tables(call))
    made = tuple(_read_replicas(call, tables, "create"))
    deleted = tuple(_read_replicas(call, tables, "delete"))
    making = ("CreateTable", "CreateTableReplica", *_DATA_ACTIONS) if made else ()
    deleting = ("DeleteTable", "DeleteTableReplica") if deleted else ()
    return (
        mapped("dynamodb:UpdateTable", tables),
        *(mapped(f"dynamodb:{action}", made, how=TABLE_REPLICA) for action in making),
        *(mapped(f"dynamodb:{action}", deleted, how=TABLE_REPLICA) for action in deleting),
    )


def _read_replicas(call: Call, tables: tuple[Resource, ...], change: str) -> Iterator[Resource]:
    for region in call.texts("replicaUpdates", change, "regionName"):
        for table in tables:
            arn, partition, service, _, rest = table.text.split(":", 4)
            yield exact(":".join((arn, partition, service, region, rest)))


def _map_restore(call: Call) -> tuple[MappedAction, ...]:
    """A restore also needs to read and write the new table.

    Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/backuprestore_IAM.html
    """
    target = tuple(exact(call.arn("dynamodb", f"table/{name}")) for name in call.texts("targetTableName"))
    origin = (read_arns(call, "dynamodb", path) for path in ("backupArn", "sourceTableArn"))
    named = (exact(arn) for name in call.texts("sourceTableName") if (arn := _table_arn(call, name)))
    return (
        mapped(f"dynamodb:{call.operation}", (*chain(*origin), *named, *target)),
        *(mapped(f"dynamodb:{action}", target, how=TABLE_RESTORE) for action in _DATA_ACTIONS),
    )


def _map_export(call: Call) -> tuple[MappedAction, ...]:
    """An export writes to the bucket with the caller's permissions.

    Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport_Requesting.html
    """
    own = mapped("dynamodb:ExportTableToPointInTime", read_arns(call, "dynamodb", "tableArn"))
    bucket = call.text("s3Bucket")
    if not bucket:
        return (own,)
    prefix = call.text("s3Prefix").strip("/")
    objects = fold(call.arn("s3", f"{bucket}/{prefix}" if prefix else bucket, region=False, account=False), "/*")
    writes = ("s3:AbortMultipartUpload", "s3:PutObject", "s3:PutObjectAcl")
    return (own, *(mapped(action, (objects,), how=TABLE_EXPORT) for action in writes))


def _map_import(call: Call) -> tuple[MappedAction, ...]:
    """An import reads the bucket with the caller's permissions.

    Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataImport.Requesting.html
    """
    name = call.text("tableCreationParameters", "tableName")
    own = mapped("dynamodb:ImportTable", (exact(call.arn("dynamodb", f"table/{name}")),) if name else ())
    bucket = call.text("s3BucketSource", "s3Bucket")
    if not bucket:
        return (own,)
    arn = call.arn("s3", bucket, region=False, account=False)
    prefix = call.text("s3BucketSource", "s3KeyPrefix")
    return (
        own,
        mapped("s3:GetObject", (fold(f"{arn}/{prefix}", "*"),), how=TABLE_IMPORT),
        mapped("s3:ListBucket", (exact(arn),), how=TABLE_IMPORT),
    )


RULES: RuleTable = {
    (_SOURCE, "TransactWriteItems"): _map_transaction,
    (_SOURCE, "TransactGetItems"): _map_transaction,
    (_SOURCE, "ExecuteStatement"): _map_partiql,
    (_SOURCE, "BatchExecuteStatement"): _map_partiql,
    (_SOURCE, "ExecuteTransaction"): _map_partiql,
    (_SOURCE, "CreateTable"): _map_create_table,
    (_SOURCE, "UpdateTable"): _map_update_table,
    (_SOURCE, "RestoreTableFromBackup"): _map_restore,
    (_SOURCE, "RestoreTableToPointInTime"): _map_restore,
    (_SOURCE, "ExportTableToPointInTime"): _map_export,
    (_SOURCE, "ImportTable"): _map_import,
}

READERS: ReaderTable = {
    _SOURCE: {
        "table": ReaderType(_read_tables),
        "scope": ReaderType(_read_scope),
        "stream": ReaderType(_read_streams),
    }
}

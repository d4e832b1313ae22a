"""A table's definition from the Glue Data Catalog, where Athena keeps it.

Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetTable.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lpgen.core.athena.table import AthenaTable, TableName, is_projected, table_from_definition
from lpgen.edge.athena.errors import request_errors
from lpgen.edge.aws_session import AwsSession
from lpgen.errors import IngestError

SAMPLES: Final = 100
"""How many registered partitions are looked at, to see how their keys spell days."""


def fetch_table(session: AwsSession, name: TableName) -> AthenaTable:
    """The table of a name; a link of Lake Formation is followed to its target table.

    Raises:
        AwsError: Glue can't be asked, or there is no such table.
        IngestError: it holds no CloudTrail records.
    """
    place = {"DatabaseName": name.database, "Name": name.table}
    definition = _ask(session, name, "get_table", **place)["Table"]
    target = definition.get("TargetTable")
    if target:
        place = {key: target[key] for key in ("CatalogId", "DatabaseName", "Name") if target.get(key)}
        definition = _ask(session, name, "get_table", **place)["Table"]
    partitions: list[list[str]] = []
    if definition.get("PartitionKeys") and not is_projected(definition):
        place["TableName"] = place.pop("Name")
        answer = _ask(session, name, "get_partitions", **place, MaxResults=SAMPLES, ExcludeColumnSchema=True)
        partitions = [list(one["Values"]) for one in answer.get("Partitions", ())]
        if not partitions:
            raise IngestError(
                f"`{name}` has no partitions, so that it shows no records",
                hint="add them with ALTER TABLE ADD PARTITION, or use partition projection",
            )
    return table_from_definition(name, definition, partitions)


def _ask(session: AwsSession, name: TableName, operation: str, **options: Any) -> Mapping[str, Any]:
    client = session.client("glue")
    with request_errors(f"read the definition of `{name}`"):
        answer: Mapping[str, Any] = getattr(client, operation)(**options)
    return answer

"""Which tables in Athena an ingest takes, what it asks of them, and which it refuses."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import boto3
import pytest

from lpgen.core.athena.days import DaySpan, RecordScope
from lpgen.errors import AwsError, IngestError
from tests.support.athena_ingests import fails_on, records_of, tables, world
from tests.support.athena_server import Json
from tests.support.athena_tables import ORGANIZED, definition
from tests.support.aws_servers import ACCESS_KEY, REGION, SECRET_KEY, Server
from tests.support.log_samples import record_json
from tests.support.sample_organization import SECURITY, SHOP

pytestmark = pytest.mark.usefixtures("server_keys")


def test_ingest_asks_for_the_accounts_and_regions_that_are_wanted(moto: Server, tmp_path: Path) -> None:
    """By partition where there is one, else by column."""
    found = [
        record_json(number, recipientAccountId=account, awsRegion=region)
        for number, (account, region) in enumerate(
            [(SHOP, "us-east-1"), (SHOP, "eu-west-1"), (SECURITY, "us-east-1"), (SECURITY, "eu-west-1")]
        )
    ]
    days = DaySpan(date(2024, 3, 1), date(2024, 3, 4))
    for number, table in enumerate((ORGANIZED, definition())):
        with world(moto, table, found) as through:
            data = tmp_path / str(number)
            assert through.take(data, days, RecordScope((SHOP,), ("eu-west-1",))).records == 1
            assert [(row["account"], row["region"]) for row in tables(data)["coverage"]] == [(SHOP, "eu-west-1")]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"TableType": "VIRTUAL_VIEW"}, "is a view"),
        (
            {"StorageDescriptor": {"Columns": [{"Name": "a", "Type": "string"}]}},
            "it has no column `eventsource`, `eventname`, ",
        ),
    ],
)
def test_ingest_refuses_what_is_no_cloudtrail_table(moto: Server, tmp_path: Path, changes: Json, message: str) -> None:
    with world(moto, {**definition(), **changes, "PartitionKeys": []}, []) as found:
        session = boto3.Session(aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY, region_name=REGION)
        table = {**definition(), **changes, "Name": found.name.table}
        glue = session.client("glue", endpoint_url=moto.url)
        glue.update_table(DatabaseName=found.name.database, TableInput=table)
        with pytest.raises(IngestError, match=message):
            found.take(tmp_path / "data")
        assert found.athena.queries == []


def test_ingest_says_that_a_table_may_want_accounts(moto: Server, tmp_path: Path) -> None:
    """In Athena's words, since only Athena knows which keys of a table each query must name."""
    with world(moto, ORGANIZED, records_of([1])) as found:
        why = "CONSTRAINT_VIOLATION: For the injected projected partition column account, the WHERE clause must contain"
        found.athena.fail = fails_on(date(2024, 3, 1), why)
        with pytest.raises(AwsError, match="projected partition column account") as caught:
            found.take(tmp_path / "data")
    assert caught.value.hint.endswith("if it needs accounts or Regions, give --account and --region")

"""What an ingest from Athena commits is what one of the same records in files does."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from lpgen.core.athena.query import DaySpan
from tests.support.athena_ingests import World, march_world, records_of, tables, tables_from_records, world
from tests.support.athena_tables import ORGANIZED, PROJECTED
from tests.support.aws_servers import REGION, Server
from tests.support.log_samples import record_json
from tests.support.sample_organization import SECURITY, SHOP, records

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("server_keys")]
march = pytest.fixture(march_world)


def test_ingest_of_sample_logs_through_athena_equals_that_of_the_files(moto: Server, tmp_path: Path) -> None:
    """On the command line, from an organization's table that must be told accounts."""
    unique = [*{record["eventID"]: record for record in records()}.values()]
    arguments = ("--since", "2026-06-03", "--until", "2026-09-30", "--account", SHOP, "--account", SECURITY)
    with world(moto, ORGANIZED, unique) as found:
        options = (*arguments, "--output-location", found.output, "--data", tmp_path / "data")
        first = found.run(found.address, *options)
        assert first.returncode == 0, first.stderr
        assert len(found.athena.queries) == 4
        again = found.run(found.address, *options)
        assert (again.returncode, len(found.athena.queries)) == (0, 4), again.stderr
    assert tables(tmp_path / "data") == tables_from_records(tmp_path, unique)
    assert first.stderr.startswith("120 new days with 6,976 records, 6,363 of them usage\n")
    assert again.stderr.startswith("0 new days with 0 records, 0 of them usage\n120 days were known already\n")
    assert "note: Athena scanned 4,000 bytes" in first.stderr


def test_ingest_reads_what_athena_keeps_itself_page_by_page(march: World, tmp_path: Path) -> None:
    march.athena.managed = True
    result = march.take(tmp_path / "data", output="")
    assert (result.days_read, result.records) == (28, 56)
    assert tables(tmp_path / "data") == tables_from_records(tmp_path, records_of(range(56)))
    assert march.athena.calls.count("AmazonAthena.GetQueryResults") == 9


def test_ingest_reads_what_was_queued_in_moto(moto: Server, tmp_path: Path) -> None:
    """moto's own Athena takes the calls as they are, and gives back the answer that a query on DuckDB gave."""
    import json
    import urllib.request

    found = records_of(range(5))
    days = DaySpan(date(2024, 3, 1), date(2024, 3, 5))
    with world(moto, PROJECTED, found) as through:
        through.take(tmp_path / "first", days)
        (query,) = through.athena.queries
        rows = [{"Data": [{"VarCharValue": cell or ""} for cell in row]} for row in query.rows]
        queued = {"account_id": "123456789012", "region": REGION, "results": [{"rows": rows, "column_info": []}]}
        request = urllib.request.Request(
            f"{moto.url}/moto-api/static/athena/query-results", json.dumps(queued).encode(), method="POST"
        )
        urllib.request.urlopen(request).close()
        result = through.take(tmp_path / "data", days, url=moto.url, output="")
    assert (result.days_read, result.records) == (5, 5)
    assert tables(tmp_path / "data") == tables(tmp_path / "first")


def test_ingest_takes_what_callers_may_write(moto: Server, tmp_path: Path) -> None:
    """Quotes, line breaks, separators and 100,000 characters in requests come through Athena's CSV unharmed."""
    found = [
        record_json(0, requestParameters={"bucketName": "b", "key": 'it\'s "so",\r\n\u2028\x00é😀\\'}),
        record_json(1, requestParameters={"bucketName": "b", "key": "k" * 200_000}),
        record_json(2, errorCode="AccessDenied", errorMessage='say "no",\nplease'),
    ]
    with world(moto, PROJECTED, found) as through:
        assert through.take(tmp_path / "data").records == 3
    assert tables(tmp_path / "data") == tables_from_records(tmp_path, found)

"""Days from Athena: each is asked for once and counts once, whatever was ingested before."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from lpgen.app.ingest import ingest
from lpgen.core.athena.days import Wanted
from lpgen.core.athena.query import DaySpan
from lpgen.errors import IngestError
from tests.support.athena_ingests import World, march_world, records_of, tables, tables_from_records, world
from tests.support.athena_tables import PROJECTED, definition
from tests.support.aws_servers import Server
from tests.support.log_samples import log_bytes, record_json
from tests.support.s3_buckets import CATALOG, write_folder
from tests.support.sample_organization import SECURITY, SHOP

pytestmark = pytest.mark.usefixtures("server_keys")
march = pytest.fixture(march_world)


def test_ingest_asks_only_for_days_that_are_not_known(march: World, tmp_path: Path) -> None:
    march.take(tmp_path / "data", DaySpan(date(2024, 3, 5), date(2024, 3, 6)))
    result = march.take(tmp_path / "data")
    assert (result.days_read, result.days_known, result.records) == (26, 2, 52)
    asked = [query.sql for query in march.athena.queries]
    assert "BETWEEN '2024/03/01' AND '2024/03/07'" in asked[1]
    assert "BETWEEN '2024/03/07' AND '2024/03/31'" in asked[2]
    assert tables(tmp_path / "data") == tables_from_records(tmp_path, records_of(range(56)))


def test_ingest_asks_a_table_without_days_once_for_all_its_gaps(moto: Server, tmp_path: Path) -> None:
    with world(moto, definition(), records_of(range(28))) as found:
        found.take(tmp_path / "data", DaySpan(date(2024, 3, 5), date(2024, 3, 6)))
        assert found.take(tmp_path / "data").days_read == 26
        assert len(found.athena.queries) == 2
    assert tables(tmp_path / "data") == tables_from_records(tmp_path, records_of(range(28)))


def test_ingest_refuses_days_of_which_it_has_a_part(march: World, tmp_path: Path) -> None:
    some = Wanted(("111122223333",))
    march.take(tmp_path / "data", wanted=some)
    before = tables(tmp_path / "data")
    with pytest.raises(IngestError, match=r"of 2024-03-01 were ingested as .*\?accounts=111122223333`"):
        march.take(tmp_path / "data")
    assert march.take(tmp_path / "data", wanted=some).days_known == 28
    assert march.take(tmp_path / "data", wanted=Wanted(("111122223333",), ("us-east-1",))).days_known == 28
    assert march.take(tmp_path / "data", wanted=Wanted(("444455556666",))).records == 0
    assert tables(tmp_path / "data") == before


def test_ingest_knows_a_table_by_its_location_too(moto: Server, tmp_path: Path) -> None:
    """Another table of the same objects is refused, and so is one of a wider location; one of other accounts isn't."""
    with world(moto, PROJECTED, records_of(range(28))) as one:
        one.take(tmp_path / "data", wanted=Wanted((SHOP,)))
    for table in (PROJECTED, definition()):
        with world(moto, table, records_of(range(28))) as other, pytest.raises(IngestError, match="would count twice"):
            other.take(tmp_path / "data")
    with world(moto, definition(), [record_json(1, recipientAccountId=SECURITY)]) as other:
        assert other.take(tmp_path / "data", wanted=Wanted((SECURITY,))).records == 1


def test_ingest_refuses_to_mix_groups_and_records(march: World, tmp_path: Path) -> None:
    logs = write_folder(tmp_path / "logs", {"a.json.gz": log_bytes(records_of([1]))})
    march.take(tmp_path / "athena")
    with pytest.raises(IngestError, match="holds days that Athena counted"):
        ingest([logs], CATALOG, data=tmp_path / "athena")
    ingest([logs], CATALOG, data=tmp_path / "files")
    with pytest.raises(IngestError, match="holds logs that were read directly"):
        march.take(tmp_path / "files")


def test_ingest_asks_again_for_days_without_a_record(moto: Server, tmp_path: Path) -> None:
    """Their partitions may be missing as yet."""
    with world(moto, PROJECTED, records_of(range(3))) as found:
        result = found.take(tmp_path / "data")
        assert result.days_read == 3
        note = f"`{found.name}` holds no record of 25 days, from 2024-03-04 to 2024-03-28; a later run asks again"
        assert note in result.notes
        again = found.take(tmp_path / "data")
        assert (again.days_known, again.days_read) == (3, 0)
        assert [query.sql for query in found.athena.queries][-1].count("'2024-03-04'") == 1

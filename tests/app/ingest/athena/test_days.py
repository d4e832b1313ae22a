"""Days from Athena: each is asked for once and counts once, whatever was ingested before."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from lpgen.core.athena.days import DaySpan, RecordScope
from lpgen.errors import IngestError
from tests.support.athena_ingests import World, march_world, records_of, tables, tables_from_records, world
from tests.support.athena_tables import PROJECTED, definition
from tests.support.aws_servers import Server
from tests.support.ingests import ingest
from tests.support.log_samples import log_bytes, record_json
from tests.support.s3_buckets import CATALOG, write_folder
from tests.support.sample_organization import SECURITY, SHOP

pytestmark = pytest.mark.usefixtures("server_keys")
march = pytest.fixture(march_world)


def test_ingest_asks_only_for_days_that_are_not_known(march: World, tmp_path: Path) -> None:
    march.take(tmp_path / "data", DaySpan(date(2024, 3, 5), date(2024, 3, 6)))
    result = march.take(tmp_path / "data")
    assert (result.days_read, result.days_known, result.records) == (26, 2, 52)
    asked = [query.sql.split('"timestamp" IN (\'')[1][:10] for query in march.athena.queries]
    assert asked[:3] == ["2024/03/05", "2024/03/06", "2024/03/01"]
    assert len(set(asked)) == len(asked) == 28
    assert tables(tmp_path / "data") == tables_from_records(tmp_path, records_of(range(56)))


@pytest.mark.slow
def test_ingest_leaves_days_whose_records_may_still_come(moto: Server, tmp_path: Path) -> None:
    """A day of delivery can be read when it is over, a day of events when the next one is over too."""
    began = datetime(2024, 3, 9, 12, tzinfo=UTC)
    for table, last, why in (
        (PROJECTED, "2024-03-08", "today isn't over"),
        (definition(), "2024-03-07", "records may still arrive late"),
    ):
        with world(moto, table, records_of(range(56))) as found:
            result = found.take(tmp_path / last, began=began)
            assert result.days_read == int(last[-2:])
            assert f"{why}: days of `{found.name}` after {last} are left for a later run" in result.notes
            assert not any("are left" in note for note in found.take(tmp_path / last).notes)
            today = found.run(found.address, "--since", "0d", "--data", tmp_path / "none")
            assert today.returncode == 2
            assert "haven't all arrived yet" in today.stderr


@pytest.mark.slow
def test_ingest_refuses_days_of_which_it_has_a_part(march: World, tmp_path: Path) -> None:
    some = RecordScope(("111122223333",))
    march.take(tmp_path / "data", wanted=some)
    before = tables(tmp_path / "data")
    with pytest.raises(IngestError, match=r"of 2024-03-01 were ingested as .*\?accounts=111122223333`"):
        march.take(tmp_path / "data")
    assert march.take(tmp_path / "data", wanted=some).days_known == 28
    assert march.take(tmp_path / "data", wanted=RecordScope(("111122223333",), ("us-east-1",))).days_known == 28
    assert march.take(tmp_path / "data", wanted=RecordScope(("444455556666",))).records == 0
    assert tables(tmp_path / "data") == before


@pytest.mark.slow
def test_ingest_knows_a_table_by_its_location_too(moto: Server, tmp_path: Path) -> None:
    """Another table of the same objects is refused, and so is one of a wider location; one of other accounts isn't."""
    with world(moto, PROJECTED, records_of(range(28))) as one:
        one.take(tmp_path / "data", wanted=RecordScope((SHOP,)))
    for table in (PROJECTED, definition()):
        with world(moto, table, records_of(range(28))) as other, pytest.raises(IngestError, match="would count twice"):
            other.take(tmp_path / "data")
    with world(moto, definition(), [record_json(1, recipientAccountId=SECURITY)]) as other:
        assert other.take(tmp_path / "data", wanted=RecordScope((SECURITY,))).records == 1


def test_ingest_refuses_to_mix_files_and_days_from_athena(march: World, tmp_path: Path) -> None:
    logs = write_folder(tmp_path / "logs", {"a.json.gz": log_bytes(records_of([1]))})
    march.take(tmp_path / "athena")
    with pytest.raises(IngestError, match="holds days that were read through Athena"):
        ingest([logs], CATALOG, data=tmp_path / "athena")
    ingest([logs], CATALOG, data=tmp_path / "files")
    with pytest.raises(IngestError, match="holds logs that were read directly"):
        march.take(tmp_path / "files")


def test_ingest_asks_again_for_days_without_a_record(moto: Server, tmp_path: Path) -> None:
    """Their partitions may be missing as yet."""
    with world(moto, PROJECTED, records_of(range(3))) as found:
        result = found.take(tmp_path / "data")
        assert result.days_read == 3
        note = f"`{found.name}` has no record of 25 days, from 2024-03-04 to 2024-03-28; a later run tries again"
        assert note in result.notes
        again = found.take(tmp_path / "data")
        assert (again.days_known, again.days_read) == (3, 0)
        assert len(found.athena.queries) == 28 + 25

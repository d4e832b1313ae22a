"""A ledger whose rows were changed is damaged, however small the change."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpgen.core.usage.event_time import ALL_TIME
from lpgen.edge.data_folder.ledger import LedgerFile, LedgerObject, open_ledger
from lpgen.edge.data_folder.ledger_connection import LEDGER_FILE
from lpgen.edge.data_folder.ledger_integrity import find_ledger_faults, is_as_written, sum_ledger
from lpgen.errors import DamageError
from tests.support.law_examples import examples

_CHANGES = (
    "UPDATE files SET sha256 = replace(sha256, '1', '2')",
    "UPDATE files SET path = path || '~'",
    "UPDATE files SET records = records + 1",
    "UPDATE objects SET etag = 'other'",
    "UPDATE objects SET name = name || '~'",
    "DELETE FROM files",
    "DELETE FROM objects",
    "UPDATE digest SET rows = replace(rows, '1', '2')",
)


def test_a_changed_row_is_damage_that_every_ingest_and_check_finds(tmp_path: Path) -> None:
    for number, change in enumerate(_CHANGES):
        data = tmp_path / str(number)
        with open_ledger(data) as ledger:
            ledger.add([_file(1)], [_object("s3://b/1", 1)])
            ledger.commit("")
        assert list(find_ledger_faults(data)) == ["it has files, but names no tables"]
        with sqlite3.connect(data / LEDGER_FILE) as connection:
            connection.execute(change)
        connection.close()
        assert "its list of files doesn't match its digest" in list(find_ledger_faults(data)), change
        with pytest.raises(DamageError, match="doesn't match its digest"), open_ledger(data):
            pass


@settings(deadline=None, max_examples=examples(25))
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 4), st.integers(1, 4)), min_size=1, max_size=12))
def test_the_digest_is_that_of_the_rows_whatever_was_added_replaced_and_forgotten(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[bool, int, int]]
) -> None:
    data = tmp_path_factory.mktemp("ledger")
    for adds, number, name in steps:
        with open_ledger(data) as ledger:
            if adds:
                known = ledger.file(_file(number).sha256) is not None
                ledger.add([] if known else [_file(number)], [_object(f"s3://b/{name}", number)])
            else:
                ledger.forget(_file(number))
            ledger.commit("")
    with open_ledger(data) as ledger:
        assert is_as_written(ledger._connection, sum_ledger(ledger._connection))


def _file(number: int) -> LedgerFile:
    return LedgerFile(f"{number:064}", f"/logs/{number}.json", number, 1, 1, 0, "", (ALL_TIME,), 0)


def _object(name: str, number: int) -> LedgerObject:
    return LedgerObject(name, number, f"etag-{number}", f"{number:064}")

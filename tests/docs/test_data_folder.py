"""`docs/data-folder.md` names the versions, columns and reasons that lpgen writes, all of them and in their order."""

from __future__ import annotations

import re

import pytest

from lpgen.core.model import SkipReason
from lpgen.core.usage.tables import SCHEMA_VERSION, TABLES
from tests.support.documents import ROOT

PAGE = (ROOT / "docs" / "data-folder.md").read_text(encoding="utf-8")


def section_of(title: str) -> str:
    return PAGE.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def test_page_is_of_the_version_that_is_written() -> None:
    assert re.findall(r"describes schema version (\d+)", PAGE) == [str(SCHEMA_VERSION)]


@pytest.mark.parametrize("table", TABLES)
def test_page_has_every_column(table: str) -> None:
    if f"\n## {table}.parquet\n" in PAGE:
        rows = re.findall(r"^\| (`.*?) \|", section_of(f"{table}.parquet"), re.M)
    else:
        rows = re.findall(rf"^\| `{table}` \| (`.*?) \|", section_of("Reserved tables"), re.M)
    assert [name for row in rows for name in re.findall(r"`(\w+)`", row)] == TABLES[table].schema.names


def test_page_has_every_reason_of_a_skip() -> None:
    (row,) = re.findall(r"^\| `reason` .*$", section_of("skips.parquet"), re.M)
    only_of_map = {SkipReason.DENIED, SkipReason.UNDETERMINED}
    assert re.findall(r"`(\w+)`", row)[1:] == [reason.value for reason in SkipReason if reason not in only_of_map]

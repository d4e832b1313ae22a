"""The table of verdicts: a row per verdict, columns as documented, and cells that no spreadsheet runs."""

from __future__ import annotations

import contextlib
import csv
import io
import re
from collections import Counter
from itertools import cycle
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lpgen.core.findings import Report
from lpgen.report.render import WHOLE_REVIEW
from lpgen.report.tables import VERDICT_SCHEMA, verdict_csv, verdict_parquet
from tests.report.golden import check_golden
from tests.report.hostile import CORPUS, poison
from tests.report.reports import organization, report_of
from tests.support.documents import FORMATS_PAGE, check_block, read_block
from tests.support.law_examples import examples


def read_table(report: Report) -> pa.Table:
    return pq.read_table(io.BytesIO(b"".join(verdict_parquet(report))))


def read_cells(report: Report) -> list[dict[str, str]]:
    """The rows of the CSV, with their cells taken back as the document says."""
    text = "".join(verdict_csv(report))
    return [{key: restored(cell) for key, cell in row.items()} for row in csv.DictReader(io.StringIO(text))]


def restored(cell: str) -> str:
    return re.sub(
        r"\\(\\|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})",
        lambda found: "\\" if found[1] == "\\" else chr(int(found[1][1:], 16)),
        cell.removeprefix("'"),
    )


def test_verdict_csv_prints_the_golden_table() -> None:
    check_golden("verdicts.csv", "".join(verdict_csv(organization())))


def test_verdicts_are_the_same_bytes_twice_in_the_formats_that_there_are() -> None:
    for form in ("csv", "parquet"):
        made, again = (b"".join(WHOLE_REVIEW.write_bytes(organization(), form)) for _ in range(2))
        assert made == again
    with pytest.raises(ValueError, match="xlsx"):
        WHOLE_REVIEW.write_bytes(organization(), "xlsx")


def test_verdict_table_has_a_row_for_every_verdict() -> None:
    report = organization()
    expected = Counter(
        (proposal.diff.principal.arn, v.action, v.verdict)
        for proposal in report.proposals
        for v in proposal.diff.assessment.verdicts
    )
    table = read_table(report)
    rows = table.to_pylist()
    assert Counter((row["principal"], row["action"], row["verdict"]) for row in rows) == expected
    keys = [(row["principal"], row["action"]) for row in rows]
    assert keys == sorted(keys)
    assert table.schema.equals(VERDICT_SCHEMA, check_metadata=True)
    assert [{**row} for row in read_cells(report)] == [as_cells(row) for row in rows]


def as_cells(row: dict[str, Any]) -> dict[str, str]:
    """A row of the parquet file as the CSV should have it."""
    cells = {}
    for key, value in row.items():
        if isinstance(value, bool):
            cells[key] = "true" if value else "false"
        elif hasattr(value, "isoformat"):
            cells[key] = value.isoformat().replace("+00:00", "Z")
        else:
            cells[key] = "" if value is None else str(value)
    return cells


def test_verdict_table_says_of_a_used_action_when_and_how_often() -> None:
    frame = read_table(organization()).to_pandas()
    (row,) = frame[(frame["action"] == "dynamodb:GetItem") & frame["principal"].str.endswith("storefront-api")].to_dict(
        "records"
    )
    assert (row["verdict"], row["records"], row["in_replacement"]) == ("used", 5211, True)
    assert row["first_seen"] == pd.Timestamp("2026-06-03T06:12:09Z")
    assert row["granted_by"] == "data, statement 2 (Orders)"
    unused = frame[(frame["action"] == "iam:CreateUser") & frame["principal"].str.endswith("break-glass-admin")].iloc[0]
    assert (unused["records"], unused["danger"]) == (0, "makes an identity of its own")
    assert pd.isna(unused["first_seen"])
    assert unused["in_replacement"] is None  # it has no replacement


def test_verdict_table_of_nothing_has_its_columns() -> None:
    assert read_table(report_of([])).schema.equals(VERDICT_SCHEMA, check_metadata=True)
    assert "".join(verdict_csv(report_of([]))) == ",".join(VERDICT_SCHEMA.names) + "\n"


# ---------------------------------------------------------------- cells

FORMULAS = [
    "=cmd|' /C calc'!A0",
    "+1",
    "-1",
    "@SUM(1)",
    "＝1",
    "'x",
    "''",
    "\t=1",
    "\r=1",
    "\n=1",
    '=HYPERLINK("x")',
    "\\x41",
]
hostile = st.sampled_from([*CORPUS, *FORMULAS]) | st.text(max_size=20)


@given(st.lists(hostile, min_size=1, max_size=7))
@settings(max_examples=examples(10), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_verdict_csv_runs_nothing_and_loses_nothing(texts: list[str]) -> None:
    found = cycle(texts)
    report: Report = poison(organization(), lambda _text: next(found))
    text = "".join(verdict_csv(report))
    assert all(line.isprintable() for line in text.split("\n"))
    rows = list(csv.reader(io.StringIO(text)))
    assert not any(
        cell.startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r")) for row in rows for cell in row
    )
    assert len(rows) - 1 == sum(len(proposal.diff.assessment.verdicts) for proposal in report.proposals)
    assert read_cells(report) == [as_cells(row) for row in read_table(report).to_pylist()]


# ---------------------------------------------------------------- the document


def test_document_names_every_column() -> None:
    rows = [
        f"| `{field.name}` | {field.type} | {'may be null' if field.nullable else ''} |" for field in VERDICT_SCHEMA
    ]
    check_block(FORMATS_PAGE, "columns", "\n".join(["| column | type | |", "|---|---|---|", *rows]))


def test_document_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "verdicts.parquet").write_bytes(b"".join(verdict_parquet(organization())))
    monkeypatch.chdir(tmp_path)
    code = read_block(FORMATS_PAGE, "example").removeprefix("```python\n").removesuffix("\n```")
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(compile(code, "docs/formats.md", "exec"), {})
    assert "iam " in out.getvalue()
    assert "2026-09-30 22:40:51+00:00" in out.getvalue()

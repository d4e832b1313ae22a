"""The condition on a table's partitions lets through those of the days, and as few others as its keys allow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

import duckdb
import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st

from lpgen.core.athena.day_format import DayFormat, format_from_pattern, format_from_samples
from lpgen.core.athena.partitions import conditions_on_partitions, partitions_from_table
from lpgen.core.athena.table import AthenaTable, TableName, table_from_definition
from lpgen.errors import IngestError
from tests.support.athena_tables import ORGANIZED, PROJECTED, REGISTERED, Json, definition
from tests.support.law_examples import examples

NAME = TableName("logs", "trail")
EPOCH = date(2023, 11, 1)
DAYS = [EPOCH + timedelta(number) for number in range(500)]


@dataclass(frozen=True)
class Scheme:
    """Partition keys with their types, how they spell a day, and the projection's properties."""

    keys: dict[str, str]
    spell: Callable[[date], Sequence[str]]
    parameters: dict[str, str]
    exact: bool = True

    @property
    def definition(self) -> Json:
        enabled = {"projection.enabled": "true"} if self.parameters else {}
        return definition(keys=tuple(self.keys.items()), parameters={**enabled, **self.parameters})

    @property
    def table(self) -> AthenaTable:
        samples = [] if self.parameters else [self.spell(day) for day in DAYS[::50]]
        return table_from_definition(NAME, self.definition, samples)


def spelled(*formats: str) -> Callable[[date], Sequence[str]]:
    return lambda day: [day.strftime(one).removeprefix("-") for one in formats]


def plain(day: date) -> Sequence[str]:
    return [str(day.year), str(day.month), str(day.day)]


YMD = {"year": "string", "month": "string", "day": "string"}
PADDED = {
    f"projection.{key}.{name}": value
    for key, values in {"year": "2000,2100", "month": "1,12", "day": "1,31"}.items()
    for name, value in (("type", "integer"), ("range", values), ("digits", "2"))
}
SCHEMES = {
    "projected slashes": Scheme(
        {"timestamp": "string"},
        spelled("%Y/%m/%d"),
        {"projection.timestamp.type": "date", "projection.timestamp.format": "yyyy/MM/dd"},
    ),
    "projected, days first": Scheme(
        {"dt": "string"}, spelled("%d-%m-%Y"), {"projection.dt.type": "date", "projection.dt.format": "dd-MM-yyyy"}
    ),
    "projected hours": Scheme(
        {"d": "string"}, spelled("%Y/%m/%d/13"), {"projection.d.type": "DATE", "projection.d.format": "yyyy/MM/dd/HH"}
    ),
    "projected months": Scheme(
        {"m": "string"}, spelled("%Y/%m"), {"projection.m.type": "date", "projection.m.format": "yyyy/MM"}, exact=False
    ),
    "projected integers": Scheme(YMD, spelled("%Y", "%m", "%d"), PADDED),
    "projected integers without zeros": Scheme(
        YMD, plain, {key: value for key, value in PADDED.items() if "digits" not in key}
    ),
    "projected parts": Scheme(
        YMD,
        spelled("%Y", "%m", "%d"),
        {
            f"projection.{key}.{name}": value
            for key, pattern in {"year": "yyyy", "month": "MM", "day": "dd"}.items()
            for name, value in (("type", "date"), ("format", pattern))
        },
    ),
    "registered parts": Scheme(YMD, spelled("%Y", "%m", "%d"), {}),
    "registered parts without zeros": Scheme(YMD, plain, {}),
    "registered numbers": Scheme({"year": "int", "month": "int", "day": "int"}, plain, {}),
    "registered year alone": Scheme({"year": "string"}, spelled("%Y"), {}, exact=False),
    "registered days": Scheme({"date": "string"}, spelled("%Y-%m-%d"), {}),
    "registered digits": Scheme({"ingest": "string"}, spelled("%Y%m%d"), {}),
    "registered numbers of days": Scheme({"day": "bigint"}, spelled("%Y%m%d"), {}),
    "a true date": Scheme({"day": "date"}, spelled("%Y-%m-%d"), {}),
}


@cache
def partitions(name: str) -> duckdb.DuckDBPyConnection:
    """A database with the partitions of all days, as a scheme spells them."""
    scheme = SCHEMES[name]
    connection = duckdb.connect()
    types = ", ".join(f'"{key}" {"VARCHAR" if kind == "string" else kind}' for key, kind in scheme.keys.items())
    connection.execute(f"CREATE TABLE partitions (delivered DATE, {types})")
    marks = ", ".join("?" * (len(scheme.keys) + 1))
    connection.executemany(f"INSERT INTO partitions VALUES ({marks})", [[day, *scheme.spell(day)] for day in DAYS])
    return connection


def passing(name: str, conditions: Sequence[str]) -> set[date]:
    """The days whose partition DuckDB lets through."""
    (sql,) = sqlglot.transpile(
        f"SELECT delivered FROM partitions WHERE {' AND '.join(conditions)}", read="athena", write="duckdb"
    )
    return {row[0] for row in partitions(name).execute(sql).fetchall()}


@pytest.mark.parametrize("name", SCHEMES)
@settings(max_examples=examples(12), deadline=None)
@given(first=st.integers(0, 440), length=st.integers(0, 59))
def test_conditions_let_the_days_through(name: str, first: int, length: int) -> None:
    scheme = SCHEMES[name]
    found = partitions_from_table(scheme.table)
    assert found.tell_days
    wanted = DAYS[first : first + length + 1]
    conditions = conditions_on_partitions(
        scheme.table, found, first=wanted[0], last=wanted[-1], accounts=(), regions=()
    )
    passed = passing(name, list(conditions))
    assert passed == set(wanted) if scheme.exact else passed >= set(wanted)
    assert passed < set(DAYS)


@pytest.mark.parametrize(
    ("keys", "samples"),
    [
        ([("batch", "string")], [["a"]]),
        ([("when", "string")], [["2024-01-01"], ["later"]]),
        ([("day", "timestamp")], [["2024-01-01 00:00:00"]]),
        ([("month", "string"), ("day", "string")], [["01", "02"]]),
        ([("number", "string")], [["20249901"]]),
        ([], []),
    ],
)
def test_keys_that_tell_no_days_give_no_condition(keys: list[tuple[str, str]], samples: list[list[str]]) -> None:
    table = table_from_definition(NAME, definition(keys=keys), samples)
    found = partitions_from_table(table)
    assert not found.tell_days
    assert not list(conditions_on_partitions(table, found, first=EPOCH, last=EPOCH, accounts=("1",), regions=("r",)))


def conditions(table: Json, samples: Sequence[Sequence[str]] = (), **options: Any) -> list[str]:
    found = table_from_definition(NAME, table, samples)
    chosen = {"accounts": (), "regions": (), **options}
    return list(conditions_on_partitions(found, partitions_from_table(found), first=EPOCH, last=EPOCH, **chosen))


def test_accounts_and_regions_are_told_by_place_or_name() -> None:
    strange = {
        **ORGANIZED["Parameters"],
        "storage.location.template": "s3://b/AWSLogs/${who}/CloudTrail/${where}/${day}",
        "projection.who.type": "enum",
        "projection.where.type": "enum",
    }
    table = definition(keys=(("who", "string"), ("where", "string"), ("day", "string")), parameters=strange)
    for one, names in (
        (table, ("who", "where")),
        (ORGANIZED, ("account", "region")),
        (REGISTERED, ("account", "region")),
    ):
        samples = [["111122223333", "eu-west-1", "2023", "11", "01"]]
        found = conditions(
            one, samples if one is REGISTERED else (), accounts=("111122223333",), regions=("eu-west-1",)
        )
        assert found[:2] == [f"\"{names[0]}\" IN ('111122223333')", f"\"{names[1]}\" IN ('eu-west-1')"]


def test_account_keys_of_numbers_are_compared_as_numbers() -> None:
    table = definition(keys=(("account", "bigint"),))
    assert conditions(table, [["111122223333"]], accounts=("012345678901",)) == ['"account" IN (12345678901)']


def test_injected_keys_must_be_named() -> None:
    with pytest.raises(IngestError, match="wants each query to name its partition key `account`"):
        conditions(ORGANIZED)
    unknown = {"projection.enabled": "true", "projection.tenant.type": "injected"}
    with pytest.raises(IngestError, match="`tenant`, and nothing says what it holds"):
        conditions(definition(keys=(("tenant", "string"),), parameters=unknown))


def test_names_and_values_of_a_table_never_end_a_text_in_sql() -> None:
    """Whoever may change a table in Glue can't make lpgen run other SQL."""
    evil = 'd"; DROP TABLE x; --'
    table = definition(
        keys=((evil, "string"),),
        parameters={
            "projection.enabled": "true",
            f"projection.{evil}.type": "date",
            f"projection.{evil}.format": "yyyy''' OR 1=1 --'",
        },
    )
    (found,) = conditions(table) or [""]
    assert found.startswith('"d""; drop table x; --" ') or found == ""
    (parsed,) = sqlglot.parse(f"SELECT 1 FROM t WHERE {found or '1=1'}", read="athena")
    assert parsed is not None
    assert not list(parsed.find_all(sqlglot.exp.Or))


def test_format_from_pattern_takes_years_to_seconds_alone() -> None:
    assert format_from_pattern("yyyy/MM/dd") == DayFormat("yyyy/MM/dd")
    assert format_from_pattern("yyyy-MM-dd'T'HH:mm:ss") is not None
    for pattern in ("", "yy/MM/dd", "yyyy/MMM/dd", "yyyy/DDD", "EEE", "yyyy'"):
        assert format_from_pattern(pattern) is None, pattern


def test_format_from_samples_takes_days_that_there_are() -> None:
    assert format_from_samples(["2024-02-29", "2023-12-31"]) == DayFormat("yyyy-MM-dd")
    assert format_from_samples(["2024/02/29/07"]) == DayFormat("yyyy/MM/dd/HH")
    assert format_from_samples(["202402"]) == DayFormat("yyyyMM")
    for samples in ([], ["2023-02-29"], ["2024-02-29", "2024/02/29"], ["111122223333"], ["us-east-1"]):
        assert format_from_samples(samples) is None, samples


def test_the_documented_table_is_asked_for_whole_days() -> None:
    assert conditions(PROJECTED) == ["\"timestamp\" BETWEEN '2023/11/01' AND '2023/11/01'"]

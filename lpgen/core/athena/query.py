"""The query for the records of a day: the columns of `FIELDS` as text, a row per record.

Sources: https://docs.aws.amazon.com/athena/latest/ug/select.html,
https://docs.aws.amazon.com/athena/latest/ug/converting-native-data-types-to-json.html,
https://docs.aws.amazon.com/athena/latest/ug/reserved-words.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from lpgen.core.athena.days import RecordScope, TablePlan
from lpgen.core.athena.table import FIELDS, AthenaTable


def columns_of_answer(table: AthenaTable) -> tuple[str, ...]:
    """The columns of a query's answer."""
    return tuple(column for column in FIELDS if column in table.columns)


def build_query(plan: TablePlan, day: date) -> str:
    """The query for the records of a day that are wanted."""
    table = plan.table
    shown = ",\n".join(f"  {_as_text(table, column)}" for column in columns_of_answer(table))
    source = f"{_identifier(table.name.database)}.{_identifier(table.name.table)}"
    return f"SELECT\n{shown}\nFROM {source}\nWHERE " + "\n  AND ".join(_conditions(table, day, plan.wanted))


def _as_text(table: AthenaTable, column: str) -> str:
    name = _identifier(column)
    return name if table.is_text(column) else f"json_format(CAST({name} AS json)) AS {name}"


def _conditions(table: AthenaTable, day: date, wanted: RecordScope) -> Iterator[str]:
    """Conditions on partitions where there are such, else on the time of the event; bare days sort before all their
    moments, however these are spelled."""
    for key, form in table.day_keys.items():
        text = day.strftime(form)
        yield _is_one_of(key, (text, text.lstrip("0")))  # people also add month 3 as `3`
    for key, column, values in (
        ("account", "recipientaccountid", wanted.accounts),
        ("region", "awsregion", wanted.regions),
    ):
        if values:
            yield _is_one_of(key if key in table.keys else column, values)
    if not table.day_keys:
        yield f'"eventtime" >= {_literal(str(day))} AND "eventtime" < {_literal(str(day + timedelta(1)))}'


def _is_one_of(column: str, values: Iterable[str]) -> str:
    return f"{_identifier(column)} IN ({', '.join(map(_literal, dict.fromkeys(values)))})"


def _identifier(name: str) -> str:
    """The name of a table or column, quoted: it is one name whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    """A text, quoted: nothing in it ends it. Backslashes mean nothing special."""
    return "'" + text.replace("'", "''") + "'"

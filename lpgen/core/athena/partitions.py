"""Which partitions of a table may hold the records of some days, accounts and Regions, as conditions in SQL.

The content of a key follows from its projection, from values of registered partitions, from its place in the layout of
CloudTrail's files, or last from its name. A key of unknown content gets no condition, and more is read than needed.
Partitions of days are taken for those of delivery, as in CloudTrail's own folders, and spelled as the samples are.
Sources: https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html,
https://docs.aws.amazon.com/athena/latest/ug/create-cloudtrail-table-partition-projection.html,
https://docs.aws.amazon.com/athena/latest/ug/create-cloudtrail-table-org-wide-trail.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from lpgen.core.athena.day_format import DayFormat, format_from_pattern, format_from_samples
from lpgen.core.athena.sql_text import identifier, literal
from lpgen.core.athena.table import AthenaTable, PartitionKey
from lpgen.errors import IngestError

_PARTS: Final = {
    "yyyy": frozenset({"year", "yyyy", "yr", "y"}),
    "MM": frozenset({"month", "mm", "mon", "mo", "m"}),
    "dd": frozenset({"day", "dd", "dy", "d"}),
}
_REGIONS: Final = frozenset({"region", "awsregion", "aws_region", "regionname", "region_name"})
_ACCOUNTS: Final = frozenset(
    {"account", "accountid", "account_id", "awsaccount", "aws_account", "awsaccountid", "aws_account_id", "acct"}
)


@dataclass(frozen=True, slots=True)
class DayKey:
    """A key that holds the day of delivery or a part of it."""

    key: PartitionKey
    format: DayFormat

    @property
    def is_whole(self) -> bool:
        """Whether the key by itself holds at least year and month, in texts that sort as days do."""
        return self.key.type.is_text and self.format.is_sortable and {"y", "M"} <= self.format.letters

    def spellings(self, day: date) -> tuple[str, ...]:
        """How the key may spell a day."""
        text = self.format.render(day)
        plain = str(int(text)) if text.isdecimal() and len(text) < 3 else text
        if self.key.type.is_integer:
            return (str(int(text)),)
        if self.key.projection.get("type") == "integer":
            return (plain.zfill(int(self.key.projection.get("digits") or 1)),)
        return tuple(sorted({text, plain}))


@dataclass(frozen=True, slots=True)
class Partitions:
    """The partition keys of a table whose content is known."""

    days: tuple[DayKey, ...] = ()
    region: PartitionKey | None = None
    account: PartitionKey | None = None

    @property
    def tell_days(self) -> bool:
        """Whether a query for some days leaves the rest of the table unread."""
        return any("y" in day.format.letters for day in self.days)


def partitions_from_table(table: AthenaTable) -> Partitions:
    """The partition keys of a table whose content is known.

    Raises:
        IngestError: a key must be named in each query, and its content isn't known.
    """
    days = tuple(found for key in table.keys if (found := _day_key(key)) is not None)
    others = [key for key in table.keys if all(key is not day.key for day in days)]
    by_place = _keys_by_place(table.template)
    region = next((key for key in others if by_place.get(key.name) == "region" or key.name in _REGIONS), None)
    account = next((key for key in others if by_place.get(key.name) == "account" or key.name in _ACCOUNTS), None)
    for key in others:
        if key.is_injected and key is not region and key is not account:
            raise IngestError(
                f"`{table.name}` wants queries to name its partition key `{key.name}`, and nothing says what it holds",
                hint="name a table that is partitioned by account, Region or day",
            )
    return Partitions(days, region, account)


def conditions_on_partitions(
    table: AthenaTable,
    partitions: Partitions,
    *,
    first: date,
    last: date,
    accounts: Sequence[str],
    regions: Sequence[str],
) -> Iterator[str]:
    """The conditions, each of which must hold; `first` and `last` are days of delivery, both included.

    Raises:
        IngestError: queries of the table must name accounts or Regions, and none are given.
    """
    for key, values, option in (
        (partitions.account, accounts, "--account"),
        (partitions.region, regions, "--region"),
    ):
        if key is not None and values:
            yield _is_one_of(key, values)
        elif key is not None and key.is_injected:
            raise IngestError(
                f"`{table.name}` wants each query to name its partition key `{key.name}`",
                hint=f"give {option}; it repeats",
            )
    if partitions.tell_days:
        yield from _conditions_on_days(partitions.days, first, last)


def _conditions_on_days(keys: tuple[DayKey, ...], first: date, last: date) -> Iterator[str]:
    whole = next((one for one in keys if one.is_whole), None)
    if whole is not None:
        low, high = whole.format.render(first), whole.format.render(last, latest=True)
        yield f"{identifier(whole.key.name)} BETWEEN {literal(low)} AND {literal(high)}"
        return
    days = [first + timedelta(number) for number in range((last - first).days + 1)]
    for one in keys:
        yield _is_one_of(one.key, dict.fromkeys(text for day in days for text in one.spellings(day)))
    if len(keys) > 1:
        yield _exact_days(keys, days)


def _exact_days(keys: tuple[DayKey, ...], days: list[date]) -> str:
    """Year, month and day together: each month with its own days, since months by themselves allow too many."""
    finest = next((one for one in keys if "d" in one.format.letters), keys[-1])
    groups: dict[tuple[tuple[str, ...], ...], list[date]] = {}
    for day in days:
        groups.setdefault(tuple(one.spellings(day) for one in keys if one is not finest), []).append(day)
    parts = []
    for group in groups.values():
        tests = [
            _is_one_of(
                one.key,
                dict.fromkeys(text for day in (group if one is finest else group[:1]) for text in one.spellings(day)),
            )
            for one in keys
        ]
        parts.append(" AND ".join(tests))
    return "(" + " OR ".join(f"({part})" for part in parts) + ")"


def _is_one_of(key: PartitionKey, values: Iterable[str]) -> str:
    if key.type.is_integer:
        shown = [str(int(value)) for value in values]
    else:
        shown = [f"DATE {literal(value)}" if key.type.name == "date" else literal(value) for value in values]
    return f"{identifier(key.name)} IN ({', '.join(shown)})"


def _day_key(key: PartitionKey) -> DayKey | None:
    if key.type.name == "date":
        return DayKey(key, DayFormat("yyyy-MM-dd"))
    if not key.type.is_text and not key.type.is_integer:
        return None
    if key.projection.get("type") == "date":
        found = format_from_pattern(key.projection.get("format", ""))
    elif key.projection.get("type") == "enum":
        found = format_from_samples(key.projection.get("values", "").split(","))
    else:
        found = format_from_samples(key.samples)
    if found is None and not key.is_injected:
        pattern = next((pattern for pattern, names in _PARTS.items() if key.name in names), "")
        found = DayFormat(pattern) if pattern else None
    if found is None or not found.letters & set("yMd"):
        return None
    return DayKey(key, found) if not key.type.is_integer or found.is_digits else None


def _keys_by_place(template: str) -> dict[str, str]:
    """The content of keys by their place in the names of CloudTrail's files: `…/ACCOUNT/CloudTrail/REGION/…`."""
    parts = template.split("/")
    found = {}
    for before, part, behind in zip(parts, parts[1:], parts[2:], strict=False):
        if part == "CloudTrail":
            found.update(
                {
                    place.lower()[2:-1]: what
                    for place, what in ((before, "account"), (behind, "region"))
                    if place.startswith("${")
                }
            )
    return found

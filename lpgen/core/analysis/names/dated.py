"""Names that hold the date of their use, as `events_2026_07` and the folder `logs/2026/`: the next month's or year's is
another, though the logs of some months hold too few of them for a family.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from lpgen.core.analysis.names.shapes import HANDS_OUT_RIGHTS, split_tail
from lpgen.core.arns import split_arn
from lpgen.core.grounds import Use
from lpgen.core.model import Outcome, ResourceKind

FOLLOWING: Final = 3
"""So many dates that were used one after another show that later ones follow, however late each is used."""

_MONTH: Final = "0[1-9]|1[0-2]"
_DAY: Final = "0[1-9]|[12][0-9]|3[01]"
_TIME: Final = r"(?:[-_T:.]?[0-9]{2}[-_:.]?[0-9]{2}(?:[-_:.]?[0-9]{2})?Z?(?![0-9]))?"
# What may stand between a year and a month: partitions of Hive have their names in it, as in `year=2026/month=7`.
_BETWEEN: Final = r"(?:[-_.]|/(?:[A-Za-z_]+=)?)"
_DATE: Final = re.compile(
    rf"""(?<![0-9])(?P<year>20[0-9]{{2}})
    (?: (?P<month>{_MONTH})(?:(?P<day>{_DAY}){_TIME})?(?![0-9])
      | {_BETWEEN}(?P<month_apart>{_MONTH}|[1-9])(?![0-9])(?:{_BETWEEN}(?P<day_apart>{_DAY}|[1-9])(?![0-9]){_TIME})?
      | [-_]?(?P<part>[QWqw])[0-9]{{1,2}}(?![0-9])
      | (?P<alone>(?![0-9A-Za-z]))
    )""",
    re.VERBOSE,
)
_DIGIT: Final = re.compile("[0-9]")
_UNPADDED: Final = re.compile(r"(?<![0-9?])[0-9](?![0-9?])")
_ONE_DAY: Final = timedelta(days=1)  # the names are often those of another time zone


@dataclass(frozen=True, slots=True)
class _Dated:
    """A name with the date that it holds, and the day on which it was first used."""

    text: str
    when: tuple[int, int, int]  # 0 for a month or day that the name leaves open
    first_used: date

    def is_of_its_use(self) -> bool:
        """Whether the name is that of the day, month or year in which it was first used."""
        near = (self.first_used - _ONE_DAY, self.first_used, self.first_used + _ONE_DAY)
        return any(
            all(want in (0, has) for want, has in zip(self.when, day.timetuple()[:3], strict=True)) for day in near
        )


def dated_patterns(uses: Iterable[Use]) -> dict[str, str]:
    """The pattern for each ARN, or folder of objects, whose name holds a date that goes on: its dates as wildcards."""
    groups: dict[str, list[_Dated]] = defaultdict(list)
    for text, day in _first_days(uses).items():
        for shape, when in _masked(text):
            groups[shape].append(_Dated(text, when, day))
    return {one.text: shape for shape, names in groups.items() if _go_on(names) for one in names}


def _first_days(uses: Iterable[Use]) -> Mapping[str, date]:
    days: dict[str, str] = {}
    for use in uses:
        is_named = use.resource.kind in (ResourceKind.ARN, ResourceKind.FOLD)
        if is_named and use.outcome is not Outcome.DENIED:
            day = use.evidence.first_seen[:10]
            days[use.resource.text] = min(day, days.get(use.resource.text, day))
    return {text: date.fromisoformat(day) for text, day in days.items()}


def _masked(text: str) -> Iterator[tuple[str, tuple[int, int, int]]]:
    """The text with its dates as wildcards, and the first date; nothing where it holds none."""
    arn, tail = split_tail(text)
    fields = split_arn(arn)
    if fields.service in HANDS_OUT_RIGHTS or "?" in arn or "$" in arn:
        return
    found = [one for one in _DATE.finditer(fields.name) if not _is_part_of_name(one, is_bucket=fields.service == "s3")]
    if found:
        shape = fields.name
        for one in reversed(found):
            shape = shape[: one.start()] + _wildcards(one.group()) + shape[one.end() :]
        first = found[0].groupdict(default="0")
        month, day = int(first["month"]) or int(first["month_apart"]), int(first["day"]) or int(first["day_apart"])
        yield arn.removesuffix(fields.name) + shape + tail, (int(first["year"]), month, day)


def _is_part_of_name(found: re.Match[str], *, is_bucket: bool) -> bool:
    """Whether a year that stands alone is more likely part of a word or of a bucket's name than a date."""
    before = found.string[: found.start()]
    return found["alone"] is not None and (before[-1:].isalnum() or (is_bucket and "/" not in before))


def _wildcards(when: str) -> str:
    """A date with `?` for each digit, and `*` for what counts on without leading zeros."""
    return _DIGIT.sub("?", _UNPADDED.sub("*", when))


def _go_on(names: Iterable[_Dated]) -> bool:
    """Whether one name is that of its use, or later dates were used later."""
    in_order = sorted(names, key=lambda one: (one.when, one.first_used))
    days = [one.first_used for one in in_order]
    follow = len(set(days)) >= FOLLOWING and days == sorted(days)
    return follow or any(one.is_of_its_use() for one in in_order)

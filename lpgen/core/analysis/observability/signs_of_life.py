"""Signs that a principal is in use though no record shows what it did, and what records of such use there can be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from lpgen.core.choices import UnobservableKind
from lpgen.core.cloudtrail.visibility import VisibilityTable
from lpgen.core.evidence import AccountCoverage, PrincipalUsage
from lpgen.core.last_accessed import TRACKED_DAYS, LastAccessed
from lpgen.core.model import Principal, Visibility
from lpgen.core.replacements import Line, LineKind

_MOST_SERVICES: Final = 3


@dataclass(frozen=True, slots=True, order=True)
class SignOfLife:
    """What shows use, as a clause, and the day of the last use. A service may have assumed the role."""

    is_by_service: bool
    day: date
    text: str


def sign_of_life(
    principal: Principal,
    usage: PrincipalUsage,
    coverage: AccountCoverage | None,
    accessed: LastAccessed | None,
    *,
    as_of: date,
    elsewhere: Iterable[Line] = (),
) -> SignOfLife | None:
    """The strongest sign that a principal was in use in the days that IAM looks back, None where there is none.

    `elsewhere` are lines for uses that only another account's log shows.
    IAM dates attempts too, so a date within the logs is no sign where they show that attempts were denied.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_RoleLastUsed.html
    """
    is_explained = coverage if usage.uses else None
    found = (
        sign
        for sign in (*_signs(principal, usage, accessed), *map(_sign_of_line, elsewhere))
        if sign.is_by_service or (as_of - sign.day).days <= TRACKED_DAYS
        if sign.is_by_service or not (is_explained and is_explained.first_day <= sign.day <= is_explained.last_day)
    )
    return max(found, default=None)


def _signs(principal: Principal, usage: PrincipalUsage, accessed: LastAccessed | None) -> Iterator[SignOfLife]:
    for service, last in usage.assumed:
        yield SignOfLife(True, date.fromisoformat(last), f"{service} assumed it, last on {last}")
    if principal.last_used is not None:
        day = principal.last_used.date()
        yield SignOfLife(False, day, f"IAM dates its last use on {day}")
    for one in accessed.report.services if accessed else ():
        if one.last is not None:
            yield SignOfLife(False, one.last, f"IAM dates its last attempt to use {one.service} to {one.last}")


def _sign_of_line(line: Line) -> SignOfLife:
    last = line.evidence.last_seen[:10] if line.evidence else ""
    return SignOfLife(False, date.fromisoformat(last), f"another account's log shows {line.action} on {last}")


def unrecorded_text(lines: Iterable[Line], table: VisibilityTable) -> str:
    """What records use of the actions that are kept without a record, by service and with AWS's page, or ""."""
    found: dict[str, tuple[bool, str]] = {}
    for line in lines:
        entry, service = table.visibility(line.action), line.action.partition(":")[0]
        if line.kind is not LineKind.KEPT or entry.visibility is Visibility.MANAGEMENT:
            continue
        is_unknown = entry.kind is UnobservableKind.UNCLASSIFIED
        said = "no page of AWS says what records it" if is_unknown else f"{entry.reason} ({entry.source})"
        found[service] = min(found.get(service, (True, "~")), (is_unknown, said))
    texts = [f"{service}: {said}" for service, (_, said) in sorted(found.items())]
    more = [f"and {len(texts) - _MOST_SERVICES} more services"] if len(texts) > _MOST_SERVICES else []
    return "; ".join([*texts[:_MOST_SERVICES], *more])

"""Collects the parts that a snapshot couldn't read, and summarizes them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from lpgen.core.snapshots import Gap, Subject
from lpgen.errors import AwsError, LpgenError

_SHOWN_PLACES: Final = 3


@dataclass(frozen=True, slots=True, order=True)
class _Miss:
    """Something that couldn't be read. Misses that differ only in `where` and `reason` are reported together."""

    account: str
    subject: Subject
    what: str
    code: str
    where: str
    reason: str


@dataclass(slots=True)
class GapList:
    """The parts that couldn't be read so far. Safe to share between threads."""

    _misses: list[_Miss] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, account: str, subject: Subject, error: LpgenError | str, *, what: str = "", where: str = "") -> None:
        """Adds a gap. `what` may be a service, and `where` a Region or a resource."""
        code = error.code if isinstance(error, AwsError) else type(error).__name__
        reason = error if isinstance(error, str) else error.message
        with self._lock:
            self._misses.append(_Miss(account, subject, what, code, where, reason))

    @contextmanager
    def catch(self, account: str, subject: Subject, *, what: str = "", where: str = "") -> Iterator[None]:
        """Turns an error of AWS into a gap, and continues."""
        try:
            yield
        except AwsError as error:
            self.add(account, subject, error, what=what, where=where)

    def gaps(self) -> tuple[Gap, ...]:
        """The gaps, sorted. Failures of the same kind in several places are one gap, with the first reason."""
        groups: dict[tuple[str, Subject, str, str], list[_Miss]] = {}
        for miss in sorted(self._misses):
            groups.setdefault((miss.account, miss.subject, miss.what, miss.code), []).append(miss)
        return tuple(
            sorted(
                Gap(account, subject, _place(what, [miss.where for miss in misses if miss.where]), misses[0].reason)
                for (account, subject, what, _), misses in groups.items()
            )
        )


def _place(what: str, wheres: list[str]) -> str:
    shown = list(dict.fromkeys(wheres))
    more = len(shown) - _SHOWN_PLACES
    text = ", ".join(shown[:_SHOWN_PLACES]) + (f" and {more} more" if more > 0 else "")
    return " in ".join(part for part in (what, text) if part)

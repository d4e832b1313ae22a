"""How many requests to have under way at a time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

MOST_UNDER_WAY: Final = 256
_FEWEST: Final = 8
_FASTER: Final = 1.1


@dataclass(slots=True)
class Pace:
    """The smallest number that makes answers come as fast as they can.

    By Little's law as many requests are under way as come a second times the seconds that each takes. Where the way to
    S3 is long, twice the requests bring twice the answers a second; where the link, the server or this process is busy,
    they only wait longer. So a round is as many answers as were under way. After each in which the reader had to wait,
    the number doubles for as long as that makes answers come faster, and then halves until they come slower. It also
    halves where S3 throttles or fails.
    """

    under_way: int = _FEWEST
    _before: int = 0
    _rate_before: float = 0.0
    _grows: bool = True
    _answers: int = 0
    _since: float = 0.0
    _has_waited: bool = False

    def begin(self) -> None:
        """Begins a round."""
        self._answers, self._since, self._has_waited = 0, time.monotonic(), False

    def note_wait(self) -> None:
        """Notes that the reader had nothing to do."""
        self._has_waited = True

    def note_answer(self) -> None:
        """Notes an answer, with which a round may end."""
        self._answers += 1
        if self._answers < self.under_way:
            return
        if self._has_waited:
            self._change(self._answers / max(time.monotonic() - self._since, 1e-9))
        self.begin()

    def note_trouble(self) -> None:
        """Notes that S3 throttled or failed."""
        self.under_way = self._before = max(self.under_way // 2, _FEWEST)
        self._rate_before = 0.0
        self._grows = True
        self.begin()

    def _change(self, rate: float) -> None:
        needed = self._rate_before * (_FASTER if self.under_way > self._before else 1 / _FASTER)
        if rate <= needed:
            self._grows = not self._grows
        if self.under_way == _FEWEST:
            self._grows = True
        self._before, self._rate_before = self.under_way, rate
        wanted = self.under_way * 2 if self._grows else self.under_way // 2
        self.under_way = min(max(wanted, _FEWEST), MOST_UNDER_WAY)

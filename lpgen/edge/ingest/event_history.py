"""Reads records from CloudTrail's event history, which every account has without a trail.

`LookupEvents` returns the management events of one account and Region for at most 90 days. It answers two requests a
second. Source: https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from lpgen.core.usage.event_time import TimeWindow
from lpgen.edge.aws_session import AwsSession, aws_errors
from lpgen.edge.object_store import StoredObject
from lpgen.edge.objects.s3_errors import Needs, explain_s3_error
from lpgen.errors import AwsError, InvocationError

_SCHEME: Final = "cloudtrail://"
_PAGE_SIZE: Final = 50
_HISTORY_DAYS: Final = 90
SECONDS_BETWEEN_CALLS: Final = 0.55
"""A little more than AWS requires, because requests don't arrive as evenly as they are sent."""

_NOTES: Final = (
    "the event history holds management events only: no data events, such as reads of objects in S3",
    f"it goes back {_HISTORY_DAYS} days at most, and may lack the last minutes",
    "it covers only the account of the credentials, in these Regions: {regions}",
)


@dataclass(frozen=True, slots=True)
class HistoryEvent:
    """One event: its identity in the ledger, and its record as JSON."""

    source: StoredObject
    record: bytes


@dataclass(frozen=True, slots=True)
class EventHistory:
    """The event history of the session's account, in some Regions. `wait` is called between two calls."""

    session: AwsSession
    regions: tuple[str, ...]
    window: TimeWindow
    wait: Callable[[float], None] = time.sleep

    def notes(self) -> tuple[str, ...]:
        """The limits of this source."""
        return tuple(note.format(regions=", ".join(self.regions)) for note in _NOTES)

    def pages(self) -> Iterator[list[HistoryEvent]]:
        """All events of the window, page by page and Region by Region, newest first.

        Raises:
            AwsError: the caller lacks the permission to look up events, or CloudTrail doesn't answer.
        """
        for region in self.regions:
            client = self._client(region)
            token = ""
            last = float("-inf")
            while True:
                self.wait(max(0.0, last + SECONDS_BETWEEN_CALLS - time.monotonic()))
                last = time.monotonic()
                answer = self._look_up(client, region, token)
                yield [
                    _event_from_answer(event, region)
                    for event in answer.get("Events", ())
                    if event.get("CloudTrailEvent")
                ]
                token = str(answer.get("NextToken") or "")
                if not token:
                    break

    def _client(self, region: str) -> Any:
        with _explained(region):
            partition = self.session.boto.get_partition_for_region(region)
            return self.session.known_client("cloudtrail", region, partition)

    def _look_up(self, client: Any, region: str, token: str) -> dict[str, Any]:
        """One page. boto3's client waits and retries if CloudTrail throttles."""
        options = {"MaxResults": _PAGE_SIZE, **_times_from_window(self.window)}
        if token:
            options["NextToken"] = token
        with _explained(region):
            return dict(client.lookup_events(**options))


@contextmanager
def _explained(region: str) -> Iterator[None]:
    """Turns an error into one that names the required permission."""
    try:
        with aws_errors(f"look up the events of {region}"):
            yield
    except AwsError as error:
        raise explain_s3_error(error, Needs("cloudtrail:LookupEvents on *", pays=True)) from error


def open_event_history(session: AwsSession, regions: tuple[str, ...], window: TimeWindow) -> EventHistory:
    """The event history of some Regions, or of the session's Region if none is named.

    Raises:
        InvocationError: no Region is named or configured.
    """
    chosen = regions or tuple(filter(None, (session.boto.region_name,)))
    if not chosen:
        raise InvocationError(f"`{_SCHEME}` needs a Region", hint="name one or more with --region")
    return EventHistory(session, chosen, window)


def _times_from_window(window: TimeWindow) -> dict[str, datetime]:
    """The times for CloudTrail. It includes both ends, to the second. The window excludes its end."""
    times = {}
    if window.since:
        times["StartTime"] = datetime.fromisoformat(window.since).replace(tzinfo=UTC)
    if window.until:
        end = datetime.fromisoformat(window.until).replace(tzinfo=UTC)
        times["EndTime"] = (end - timedelta(milliseconds=1)).replace(microsecond=0)
    return times


def _event_from_answer(event: dict[str, Any], region: str) -> HistoryEvent:
    """The event of an answer. Its name in the ledger has its unique id, so no event counts twice."""
    record = event["CloudTrailEvent"].encode("utf-8", "surrogatepass")
    identity = str(event.get("EventId") or hashlib.sha256(record).hexdigest())
    return HistoryEvent(StoredObject(f"{_SCHEME}{region}/{identity}", 0, identity), record)

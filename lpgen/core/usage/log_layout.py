"""The layout of a trail's log files in a bucket, and the parts of a bucket that an ingest must list.

`[PREFIX/]AWSLogs/[O-ID/]ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/FILE.json.gz`, with the date of delivery.
Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html
Names are whole addresses, `s3://BUCKET/KEY`. Names of folders end in a slash.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum, auto
from typing import Final

from lpgen.core.cloudtrail.access_logs import place_from_path
from lpgen.core.usage.event_time import ALL_TIME, LOG_FILE, TimeWindow
from lpgen.errors import InvocationError, quote_input

_LATE_DAYS: Final = 3
"""How many days after the end of the window to look for files. CloudTrail delivers within minutes on average but
guarantees no time, so a file may arrive in the folder of a later day than its events."""

SCHEME: Final = "s3://"
LOG_SUFFIXES: Final = (".json", ".gz")

_BUCKET: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}", re.ASCII)
_ORGANIZATION: Final = re.compile(r"o-[a-z0-9]{10,32}", re.ASCII)
_ACCOUNT: Final = re.compile(r"\d{12}", re.ASCII)
_REGION: Final = re.compile(r"[a-z]{2,4}(?:-[a-z]+){1,3}-\d{1,2}", re.ASCII)
_IN_THAT_OF: Final = " in that of "
_FOLDER: Final = re.compile(r"(?<![^/])AWSLogs/(?:o-[a-z0-9]{10,32}/)?(\d{12})(?=/)", re.ASCII)

# Data Firehose writes `STREAM-VERSION-TIME-UUID`, and a suffix only if its stream sets one.
# https://docs.aws.amazon.com/firehose/latest/dev/s3-object-name.html
_FIREHOSE: Final = re.compile(r"-\d{4}(?:-\d\d){5}-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_FIREHOSE_LENGTH: Final = 57

# S3 server access logs: the day is that of the delivery or of the requests.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerLogs.html#server-log-keyname-format
_ACCESS_LOG: Final = re.compile(r"(\d{4}-\d\d-\d\d)(?:-\d\d){3}-[0-9A-Z]{16}", re.ASCII)
_ACCESS_LOG_LENGTH: Final = 36

_TRAIL_FOLDER: Final = "CloudTrail"
_OTHER_TRAIL_FOLDERS: Final = frozenset({"CloudTrail-Digest", "CloudTrail-Insight"})
"""CloudTrail's folders without records of calls: hashes of log files, and reports about rates of calls."""


@dataclass(frozen=True, slots=True)
class LogScope:
    """The logs to read. An empty set means all accounts or all Regions."""

    accounts: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    window: TimeWindow = ALL_TIME

    def united(self, other: LogScope) -> LogScope:
        """Both scopes together, without an end. An open set in either scope stays open."""
        return LogScope(
            self.accounts | other.accounts if self.accounts and other.accounts else frozenset(),
            self.regions | other.regions if self.regions and other.regions else frozenset(),
            TimeWindow(min(self.window.since, other.window.since)),
        )

    def has_account(self, account: str) -> bool:
        """Whether to read the logs of an account."""
        return not self.accounts or account in self.accounts

    def has_region(self, region: str) -> bool:
        """Whether to read the logs of a Region."""
        return not self.regions or region in self.regions


ALL_LOGS: Final = LogScope()


class Visit(Enum):
    """What to do with a folder."""

    SEARCH = auto()
    """It may contain `AWSLogs/` at any depth."""

    DESCEND = auto()
    """Continue with its folders."""

    LIST = auto()
    """It holds the days of one account and Region: list the names in a span."""

    PRUNE = auto()
    """It belongs to an account or Region outside the scope."""

    LEAVE = auto()
    """It holds something else."""


@dataclass(frozen=True, slots=True)
class FileSpan:
    """The names after `after` and before `before` in byte order; "" leaves an end open.

    The end of a day is its folder's name with `0` instead of the slash, because `0` sorts after the slash.
    """

    after: str = ""
    before: str = ""


NO_SPAN: Final = FileSpan()
"""All names."""


def address_from_text(text: str) -> str:
    """The address `s3://BUCKET[/KEY]` as written, with a slash after a bucket without a key.

    Raises:
        InvocationError: the text isn't such an address.
    """
    bucket, slash, key = text.removeprefix(SCHEME).partition("/")
    if not text.startswith(SCHEME) or not _BUCKET.fullmatch(bucket) or key.startswith("/"):
        raise InvocationError(f"{quote_input(text)} is not a valid S3 address", hint="write `s3://BUCKET/PREFIX`")
    return f"{SCHEME}{bucket}{slash or '/'}{key}"


def split_address(name: str) -> tuple[str, str]:
    """The bucket and the key of a name."""
    bucket, _, key = name.removeprefix(SCHEME).partition("/")
    return bucket, key


def is_log_name(name: str) -> bool:
    """Whether to read a file of a folder or bucket, by its name."""
    is_by_firehose = _FIREHOSE.fullmatch(name[-_FIREHOSE_LENGTH:]) is not None
    return is_by_firehose or name.endswith(LOG_SUFFIXES) or _day_of_access_log(name) != ""


def _day_of_access_log(name: str) -> str:
    found = _ACCESS_LOG.fullmatch(name[-_ACCESS_LOG_LENGTH:])
    return found[1] if found else ""


def is_logs_root(folder: str) -> bool:
    """Whether a folder is an `AWSLogs/`."""
    return split_address(folder)[1].split("/")[-2:-1] == ["AWSLogs"]


def visit_from_folder(folder: str, scope: LogScope) -> Visit:
    """What to do with a folder, by its name only."""
    parts = _parts_below_root(folder)
    if parts is None:
        return Visit.SEARCH
    if not parts:
        return Visit.DESCEND
    if not _ACCOUNT.fullmatch(parts[0]):
        return Visit.LEAVE
    if not scope.has_account(parts[0]):
        return Visit.PRUNE
    if len(parts) == 1:
        return Visit.DESCEND
    if not parts[1].startswith(_TRAIL_FOLDER) or parts[1] in _OTHER_TRAIL_FOLDERS:
        return Visit.LEAVE
    if len(parts) == 2:
        return Visit.DESCEND
    return Visit.LIST if scope.has_region(parts[2]) else Visit.PRUNE


def owners_from_name(name: str) -> frozenset[str]:
    """The account and the Region whose logs a folder or file holds, if its name shows them."""
    parts = _parts_below_root(name)
    if parts and _ACCOUNT.fullmatch(parts[0]):
        return frozenset((parts[0], *parts[2:3])) if parts[1:2] == (_TRAIL_FOLDER,) else frozenset(parts[:1])
    found = LOG_FILE.fullmatch(name.rpartition("/")[2])
    place = place_from_path(name)
    return frozenset(found.group(1, 3) if found else filter(None, (place.account, place.region)))


def account_from_path(path: str) -> str:
    """The account whose folder below `AWSLogs/` holds a file; "" if the path names none.

    AWS stores a record under the account that received it, its `recipientAccountId`, also for organization trails. If
    a path has several `AWSLogs/`, CloudTrail wrote the last one. The others are part of a prefix, which the creator of
    a trail chooses. If the prefix has folders of other accounts, the result names them too. It then isn't an account,
    so nothing in the file counts. Otherwise a person who can write to one account's folder could create a folder of
    another account in it.
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/creating-trail-organization.html
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
    """
    found = _FOLDER.findall(path.replace("\\", "/"))
    return _IN_THAT_OF.join(dict.fromkeys(reversed(found)))


def label_from_folder(folder: str) -> str:
    """The label of a folder that isn't read: its part of an account's logs, or its own name."""
    parts = _parts_below_root(folder) or ()
    return parts[1] if len(parts) > 1 else split_address(folder)[1].rstrip("/").rpartition("/")[2]


def span_from_folder(folder: str, scope: LogScope) -> FileSpan:
    """The names below a Region's folder, or below one of its days, that may hold records of the window.

    The names sort by day. The span starts with the window's first day, because delivery follows the event.
    """
    parts = _parts_below_root(folder)
    if not parts or len(parts) < 3 or not _REGION.fullmatch(parts[2]):
        return NO_SPAN
    region = folder.removesuffix("/".join((*parts[3:], ""))) if len(parts) > 3 else folder
    after = region + _eve_path(date.fromisoformat(scope.window.since[:10])) if scope.window.since else ""
    before = region + _day_path(_last_delivery(scope.window)) + "0" if scope.window.until else ""
    return FileSpan(after, before)


def is_file_wanted(name: str, scope: LogScope) -> bool:
    """Whether to read a file outside the layout: yes, unless its name shows that it is outside the scope."""
    found = LOG_FILE.fullmatch(name.rpartition("/")[2])
    delivered = found[4] if found else _day_of_access_log(name).replace("-", "")
    since = scope.window.since[:10].replace("-", "")
    end = _day_path(_last_delivery(scope.window)).replace("/", "") if scope.window.until else delivered
    if found is None:
        place = place_from_path(name)
        is_place_wanted = not place.account or (scope.has_account(place.account) and scope.has_region(place.region))
        return is_place_wanted and (since <= delivered <= end or not delivered)
    account, kind, region, day = found.group(1, 2, 3, 4)
    in_scope = scope.has_account(account) and scope.has_region(region)
    return in_scope and kind not in _OTHER_TRAIL_FOLDERS and since <= day <= end


def _parts_below_root(folder: str) -> tuple[str, ...] | None:
    """The parts below `AWSLogs/` without the organization's, or None if the path has no `AWSLogs`."""
    parts = split_address(folder)[1].split("/")[:-1]
    if "AWSLogs" not in parts:
        return None
    below = parts[parts.index("AWSLogs") + 1 :]
    return tuple(below[1:] if below and _ORGANIZATION.fullmatch(below[0]) else below)


def _last_delivery(window: TimeWindow) -> date:
    """The last day on which to look for records of the window."""
    day = date.fromisoformat(window.until[:10])
    late = _LATE_DAYS - 1 if window.until[10:] == "T00:00:00" else _LATE_DAYS
    return day + timedelta(min(late, (date.max - day).days))


def _eve_path(day: date) -> str:
    """A name that sorts after all names of the day before, and before all names of the day.

    The name of the day's own folder would work in S3, but some servers then leave out its contents.
    """
    return f"{day.year:04}/{day.month:02}/{day.day - 1:02}0"


def _day_path(day: date) -> str:
    return f"{day.year:04}/{day.month:02}/{day.day:02}"

"""How trails lay out their log files in a bucket, and which parts of it an ingest must list.

`[PREFIX/]AWSLogs/[O-ID/]ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/FILE.json.gz`, where the date is that of delivery.
Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html
Names are whole addresses, `s3://BUCKET/KEY`; those of folders end in a slash.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum, auto
from typing import Final

from lpgen.core.usage.event_time import ALL_TIME, LOG_FILE, TimeWindow
from lpgen.errors import InvocationError, quote_input

_LATE_DAYS: Final = 3
"""How many days after the end of the window files are still looked for. CloudTrail delivers within minutes on average,
and promises no time: a file may come, and be filed, days after its events."""

SCHEME: Final = "s3://"
LOG_SUFFIXES: Final = (".json", ".gz")

_BUCKET: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}", re.ASCII)
_ORGANIZATION: Final = re.compile(r"o-[a-z0-9]{10,32}", re.ASCII)
_ACCOUNT: Final = re.compile(r"\d{12}", re.ASCII)
_REGION: Final = re.compile(r"[a-z]{2,4}(?:-[a-z]+){1,3}-\d{1,2}", re.ASCII)
_FOLDER: Final = re.compile(r"(?<![^/])AWSLogs/(?:o-[a-z0-9]{10,32}/)?(\d{12})(?=/)", re.ASCII)

# Data Firehose writes `STREAM-VERSION-TIME-UUID`, and a suffix only if its stream sets one.
# https://docs.aws.amazon.com/firehose/latest/dev/s3-object-name.html
_FIREHOSE: Final = re.compile(r"-\d{4}(?:-\d\d){5}-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_FIREHOSE_LENGTH: Final = 57

_TRAIL_FOLDER: Final = "CloudTrail"
_OTHER_TRAIL_FOLDERS: Final = frozenset({"CloudTrail-Digest", "CloudTrail-Insight"})
"""Folders of CloudTrail's that hold no records of calls: hashes of log files, and reports about rates of calls."""


@dataclass(frozen=True, slots=True)
class LogScope:
    """Which logs are wanted; an empty set leaves accounts or Regions open."""

    accounts: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    window: TimeWindow = ALL_TIME

    def united(self, other: LogScope) -> LogScope:
        """Both together, without an end: what is open in either is open."""
        return LogScope(
            self.accounts | other.accounts if self.accounts and other.accounts else frozenset(),
            self.regions | other.regions if self.regions and other.regions else frozenset(),
            TimeWindow(min(self.window.since, other.window.since)),
        )

    def has_account(self, account: str) -> bool:
        """Whether the logs of an account are wanted."""
        return not self.accounts or account in self.accounts

    def has_region(self, region: str) -> bool:
        """Whether the logs of a Region are wanted."""
        return not self.regions or region in self.regions


ALL_LOGS: Final = LogScope()


class Visit(Enum):
    """What to do with a folder."""

    SEARCH = auto()
    """It may hold `AWSLogs/` somewhere below."""

    DESCEND = auto()
    """Continue with its folders."""

    LIST = auto()
    """It holds the days of one account and Region: list all names between two."""

    PRUNE = auto()
    """It belongs to an account or Region that isn't wanted."""

    LEAVE = auto()
    """It holds something else."""


@dataclass(frozen=True, slots=True)
class FileSpan:
    """Names after `after` and before `before`, as bytes sort; "" leaves an end open.

    The end of a day is its folder's name with a `0`, which sorts after the slash.
    """

    after: str = ""
    before: str = ""


NO_SPAN: Final = FileSpan()
"""All names."""


def address_from_text(text: str) -> str:
    """An address `s3://BUCKET[/KEY]` as it was written, with a slash after a bare bucket.

    Raises:
        InvocationError: the text is no such address.
    """
    bucket, slash, key = text.removeprefix(SCHEME).partition("/")
    if not text.startswith(SCHEME) or not _BUCKET.fullmatch(bucket) or key.startswith("/"):
        raise InvocationError(f"{quote_input(text)} is no address in S3", hint="write `s3://BUCKET/PREFIX`")
    return f"{SCHEME}{bucket}{slash or '/'}{key}"


def split_address(name: str) -> tuple[str, str]:
    """The bucket and the key of a name."""
    bucket, _, key = name.removeprefix(SCHEME).partition("/")
    return bucket, key


def is_log_name(name: str) -> bool:
    """Whether a file of a folder or bucket is looked into, by its name."""
    return name.endswith(LOG_SUFFIXES) or _FIREHOSE.fullmatch(name[-_FIREHOSE_LENGTH:]) is not None


def is_logs_root(folder: str) -> bool:
    """Whether a folder is an `AWSLogs/`."""
    return split_address(folder)[1].split("/")[-2:-1] == ["AWSLogs"]


def visit_from_folder(folder: str, scope: LogScope) -> Visit:
    """The visit that a folder needs, by its name only."""
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
    """The account and the Region whose logs a folder or a file holds, as far as its name says."""
    parts = _parts_below_root(name)
    if parts and _ACCOUNT.fullmatch(parts[0]):
        return frozenset((parts[0], *parts[2:3])) if parts[1:2] == (_TRAIL_FOLDER,) else frozenset(parts[:1])
    found = LOG_FILE.fullmatch(name.rpartition("/")[2])
    return frozenset(found.group(1, 3)) if found else frozenset()


def account_from_path(path: str) -> str:
    """The account in whose folder below `AWSLogs/` a file lies, "" if the path names none.

    AWS files a record under the account that received it, its `recipientAccountId`, also in organization trails. Of
    several `AWSLogs/` the last is the one that CloudTrail writes: the rest is a prefix, which whoever makes a trail
    chooses. If the prefix has folders of other accounts, the result names them too, and is no account, so nothing in
    the file counts. Otherwise whoever may write into one account's folder could make another account's in it.
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/creating-trail-organization.html
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
    """
    found = _FOLDER.findall(path.replace("\\", "/"))
    return " in that of ".join(dict.fromkeys(reversed(found)))


def label_from_folder(folder: str) -> str:
    """The label of a folder that isn't read: the part of an account's logs it is, or its own name."""
    parts = _parts_below_root(folder) or ()
    return parts[1] if len(parts) > 1 else split_address(folder)[1].rstrip("/").rpartition("/")[2]


def span_from_folder(folder: str, scope: LogScope) -> FileSpan:
    """The names below a Region's folder, or below one of its days, that may hold records of the window.

    The names sort by day. The first wanted are of the window's first day, since nothing is delivered before it happens.
    """
    parts = _parts_below_root(folder)
    if not parts or len(parts) < 3 or not _REGION.fullmatch(parts[2]):
        return NO_SPAN
    region = folder.removesuffix("/".join((*parts[3:], ""))) if len(parts) > 3 else folder
    after = region + _eve_path(date.fromisoformat(scope.window.since[:10])) if scope.window.since else ""
    before = region + _day_path(_last_delivery(scope.window)) + "0" if scope.window.until else ""
    return FileSpan(after, before)


def is_file_wanted(name: str, scope: LogScope) -> bool:
    """Whether a file outside of the layout is wanted: all are whose names don't say whose they are."""
    found = LOG_FILE.fullmatch(name.rpartition("/")[2])
    if found is None:
        return True
    account, kind, region, day = found.group(1, 2, 3, 4)
    since = scope.window.since[:10].replace("-", "")
    end = _day_path(_last_delivery(scope.window)).replace("/", "") if scope.window.until else day
    in_scope = scope.has_account(account) and scope.has_region(region)
    return in_scope and kind not in _OTHER_TRAIL_FOLDERS and since <= day <= end


def _parts_below_root(folder: str) -> tuple[str, ...] | None:
    """The parts below `AWSLogs/` without the organization's, or None where no part has that name."""
    parts = split_address(folder)[1].split("/")[:-1]
    if "AWSLogs" not in parts:
        return None
    below = parts[parts.index("AWSLogs") + 1 :]
    return tuple(below[1:] if below and _ORGANIZATION.fullmatch(below[0]) else below)


def _last_delivery(window: TimeWindow) -> date:
    """The last day on which records of the window are looked for."""
    day = date.fromisoformat(window.until[:10])
    late = _LATE_DAYS - 1 if window.until[10:] == "T00:00:00" else _LATE_DAYS
    return day + timedelta(min(late, (date.max - day).days))


def _eve_path(day: date) -> str:
    """A name that sorts after those of the day before and before those of the day.

    The day's own folder would do in S3, but some servers then leave out its contents.
    """
    return f"{day.year:04}/{day.month:02}/{day.day - 1:02}0"


def _day_path(day: date) -> str:
    return f"{day.year:04}/{day.month:02}/{day.day:02}"

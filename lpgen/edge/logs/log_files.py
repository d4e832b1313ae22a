"""Finds log files in the named files and folders, in a stable order, and finds the sample logs."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from lpgen.core.usage.ingest_result import FileProblem
from lpgen.core.usage.log_layout import LOG_SUFFIXES, is_log_name
from lpgen.edge.object_store import chunk_items
from lpgen.errors import DataError, InvocationError, quote_input

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)


@dataclass(frozen=True, slots=True)
class LogFile:
    """A file to read. `expected` is its SHA-256 when it was found, or "" if not computed.

    `copies` are other paths with the same bytes. If the file is in the wrong account's folder, a copy may be in the
    right one.
    """

    path: str
    size: int
    expected: str = ""
    copies: tuple[str, ...] = ()


@dataclass(slots=True)
class _Found:
    """The result of a walk: files to read, files that can't be opened, and the number of files with other names."""

    files: list[LogFile] = field(default_factory=list)
    failures: list[FileProblem] = field(default_factory=list)
    ignored: int = 0


def find_log_files(paths: Iterable[Path]) -> _Found:
    """Every log file at or below the paths. Links are followed, and each file is listed once.

    A path without log files is a failure, like one that can't be opened: it is probably the wrong folder.
    """
    found = _Found()
    seen: set[tuple[int, int]] = set()
    for path in paths:
        if not _visit(str(path), found, seen):
            found.failures.append(FileProblem(path_text(str(path)), f"it holds no file {' or '.join(LOG_SUFFIXES)}"))
    return found


def _visit(start: str, found: _Found, seen: set[tuple[int, int]]) -> bool:
    """Adds the files at or below a path. Returns whether there is a log file or a folder that was already walked."""
    has_any = False
    pending = [(start, True)]
    while pending:
        path, is_named = pending.pop()
        try:
            status = os.stat(path)
            identity = (status.st_dev, status.st_ino)
            if stat.S_ISDIR(status.st_mode):
                has_any |= identity in seen
                if identity not in seen:
                    seen.add(identity)
                    names = sorted(os.listdir(path), reverse=True)
                    pending += [(os.path.join(path, name), False) for name in names]
            elif not is_named and not is_log_name(path):
                found.ignored += 1
            elif not stat.S_ISREG(status.st_mode):
                has_any = True
                found.failures.append(FileProblem(path_text(path), "not a regular file"))
            else:
                has_any = True
                if identity not in seen:
                    seen.add(identity)
                    found.files.append(LogFile(path, status.st_size))
        except OSError as error:
            if not is_named and not is_log_name(path) and os.path.islink(path):
                found.ignored += 1
            else:
                has_any = True
                why = why_not_opened(error)
                if isinstance(error, FileNotFoundError) and _BUCKET.fullmatch(path):
                    why += f"; if it is a bucket, write `s3://{path}`"
                found.failures.append(FileProblem(path_text(path), why))
    return has_any


def path_text(path: str) -> str:
    """A path as text that can be stored and printed. Bytes that aren't UTF-8 become `\\xNN`."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def why_not_opened(error: OSError) -> str:
    """The system's reason, in lpgen's style."""
    return (error.strerror or str(error)).lower()


def chunk_files(files: Sequence[LogFile], *, target_bytes: int, target_files: int) -> Iterator[tuple[LogFile, ...]]:
    """The files in chunks of about equal size.

    Large files come first, each in its own chunk, so none is left for the end. The others follow by path, because
    neighbors usually belong to one account, Region and day and share most of their rows.
    """
    in_order = sorted(files, key=lambda file: (-file.size if file.size > target_bytes else 0, file.path))
    return chunk_items(in_order, target_bytes=target_bytes, target_files=target_files)


# ---------------------------------------------------------------- paths that people name


# https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
_OTHER_ADDRESSES: Final = tuple(
    re.compile(pattern, re.ASCII)
    for pattern in (
        r"arn:[a-z-]+:s3:::([^/]+)/?(.*)",
        r"s3:/?([^/].*?)(?:/(.*))?",
        r"https?://s3[.-][^/]*amazonaws\.com(?:\.cn)?/([^/?]+)/?([^?]*).*",
        r"https?://([^/]+?)\.s3[.-][^/]*amazonaws\.com(?:\.cn)?/?([^?]*).*",
    )
)
_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|arn:", re.ASCII)
_SOURCES: Final = "name files, folders, `s3://BUCKET/PREFIX`, `athena://DATABASE.TABLE` or `cloudtrail://`"


def path_from_name(name: str) -> Path:
    """The path that the user names.

    Raises:
        InvocationError: there is no such path, and it looks like another kind of address.
    """
    path = Path(name)
    if path.exists():
        return path
    if found := next(filter(None, (pattern.fullmatch(name) for pattern in _OTHER_ADDRESSES)), None):
        address = f"s3://{found[1]}/{found[2] or ''}"
        raise InvocationError(f"{quote_input(name)} is not a path", hint=f"write {quote_input(address)}")
    if _URL.match(name):
        raise InvocationError(f"lpgen reads no logs from {quote_input(name)}", hint=_SOURCES)
    return path


# ---------------------------------------------------------------- the sample organization


_PACKAGE = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class _SampleLogs:
    """The sample organization's logs and its authorization details, as folders, and the file of its compute."""

    logs: Path
    policies: Path
    compute: Path


def bundled_sample_logs(package: Path = _PACKAGE) -> _SampleLogs:
    """The sample logs that come with lpgen.

    Raises:
        DataError: they are in neither place. The installation is damaged.
    """
    for folder in (package / "_sample_logs", package.parent / "sample_logs"):
        if (folder / "AWSLogs").is_dir():
            return _SampleLogs(folder / "AWSLogs", folder / "authorization-details", folder / "compute.json")
    raise DataError(f"the sample logs are missing from `{package}`", hint="install lpgen again")

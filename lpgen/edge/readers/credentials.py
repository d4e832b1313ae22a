"""Reads what IAM reports about users' keys and passwords, and about instance profiles.

Authorization details have none of it. Snapshots have files of their own. Files of authorization details may also hold
the outputs of other calls of IAM, and a folder may hold credential reports.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAccessKeys.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListInstanceProfiles.html
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

import msgspec

from lpgen.core.arns import account_in_arn
from lpgen.core.roles.model import UserKey
from lpgen.core.roles.signs import Credentials
from lpgen.edge.files import read_file
from lpgen.edge.logs.inflate import is_gzip
from lpgen.edge.logs.json_documents import plain_text
from lpgen.edge.readers.iam_pages import find_files, time_from_iam
from lpgen.errors import SnapshotError

_MARKS: Final = (b"AccessKey", b"MFADevices", b"InstanceProfiles")
_KEYS: Final = ("access_key_1", "access_key_2")


class _Key(msgspec.Struct, rename="pascal", frozen=True):
    access_key_id: str
    status: str = ""
    create_date: str | float | None = None
    last_used: dict[str, Any] | None = msgspec.field(name="AccessKeyLastUsed", default=None)


class _User(msgspec.Struct, rename="pascal", frozen=True):
    arn: str
    keys: tuple[_Key, ...] | None = msgspec.field(name="AccessKeys", default=None)
    devices: tuple[Any, ...] | None = msgspec.field(name="MFADevices", default=None)


class _Profile(msgspec.Struct, rename="pascal", frozen=True):
    arn: str
    roles: tuple[dict[str, Any], ...] = ()


class _Page(msgspec.Struct, frozen=True):
    users: tuple[_User, ...] = msgspec.field(name="UserDetailList", default=())
    profiles: tuple[_Profile, ...] = msgspec.field(name="InstanceProfiles", default=())


@dataclass(slots=True)
class IamExtras:
    """The credentials of users by ARN, the users with a console password by account, and the ARNs of the roles in
    instance profiles by the profile's ARN."""

    passwords: Mapping[str, frozenset[str]]
    credentials: dict[str, Credentials] = field(default_factory=dict)
    profiles: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def credentials_of(self, arn: str) -> Credentials:
        """The credentials of a user. The list of passwords of its account, if any, is complete."""
        found, listed = self.credentials.get(arn, Credentials()), self.passwords.get(account_in_arn(arn))
        return found if listed is None else replace(found, password=bool(found.password) or arn in listed)


def read_iam_extras(paths: Sequence[Path], passwords: Mapping[str, frozenset[str]]) -> IamExtras:
    """What the files say, and credential reports in folders. A later file outweighs an earlier one about the same user.

    Raises:
        SnapshotError: a file can't be read.
    """
    found = IamExtras(passwords)
    for file in (file for path in paths for file, _ in find_files((path,))):
        data = read_file(file, SnapshotError)
        text = plain_text(gzip.decompress(data) if is_gzip(data) else data)
        if any(mark in text for mark in _MARKS):
            _add_pages(found, text)
    for path in paths:
        for report in sorted(path.rglob("*.csv")) if path.is_dir() else ():
            _add_report(found, read_file(report, SnapshotError).decode(errors="replace"))
    return found


def _add_pages(found: IamExtras, text: bytes) -> None:
    try:
        pages = msgspec.json.decode(text, type=list[_Page] if text.lstrip().startswith(b"[") else _Page)
    except (msgspec.DecodeError, RecursionError):
        return  # the reader of authorization details reports it
    for page in pages if isinstance(pages, list) else [pages]:
        for user in page.users:
            known = found.credentials.get(user.arn, Credentials())
            mfa = known.mfa if user.devices is None else bool(user.devices)
            keys = known.keys if user.keys is None else tuple(map(_key_of_list, user.keys))
            found.credentials[user.arn] = replace(known, mfa=mfa, keys=keys)
        for profile in page.profiles:
            found.profiles[profile.arn] = tuple(str(role.get("Arn", "")) for role in profile.roles)


def _key_of_list(key: _Key) -> UserKey:
    return UserKey(
        id=key.access_key_id,
        active=key.status == "Active" if key.status else None,
        created=_day(key.create_date),
        last_used=_day((key.last_used or {}).get("LastUsedDate")),
    )


def _add_report(found: IamExtras, text: str) -> None:
    for row in csv.DictReader(io.StringIO(text)):
        arn = row.get("arn") or ""
        if ":user/" in arn:
            known = found.credentials.get(arn, Credentials())
            keys = known.keys or tuple(_keys_of_report(row))
            mfa = _flag(row.get("mfa_active"))
            found.credentials[arn] = Credentials(_flag(row.get("password_enabled")), mfa, keys)


def _keys_of_report(row: Mapping[str, str]) -> Iterator[UserKey]:
    for name in _KEYS:
        if created := _day(row.get(f"{name}_last_rotated")):
            used, active = _day(row.get(f"{name}_last_used_date")), _flag(row.get(f"{name}_active"))
            yield UserKey(id=name, active=active, created=created, last_used=used)


def _flag(text: str | None) -> bool | None:
    return {"true": True, "false": False}.get((text or "").lower())


def _day(written: Any) -> date | None:
    moment = time_from_iam(written if isinstance(written, str | int | float) else None)
    return moment.date() if moment else None

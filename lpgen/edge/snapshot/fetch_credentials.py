"""Fetches users' access keys with their last use, their MFA devices, and the instance profiles of an account.

A credential report would take one call instead of up to four per user. But it has no ids of keys, so it can't be
compared with logs, and it may be four hours old.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final

from lpgen.core.snapshots import Subject
from lpgen.edge.aws_session import AwsSession, CallerIdentity, aws_errors
from lpgen.edge.snapshot.answers import answer_pages
from lpgen.edge.snapshot.gap_list import GapList
from lpgen.errors import AwsError

_WORKERS: Final = 8

_Object = dict[str, Any]


def fetch_credentials(
    session: AwsSession, caller: CallerIdentity, users: Iterable[Mapping[str, Any]], gaps: GapList
) -> _Object:
    """The users with their keys and devices, and the instance profiles with the ARNs of their roles, as `lpgen roles`
    reads them next to authorization details.

    What can't be read of one user is left out for all users of the account, with a gap.
    """
    account, iam = caller.account, session.client("iam")
    found = [{name: user[name] for name in ("Arn", "UserName")} for user in users]
    found.sort(key=lambda user: str(user["Arn"]))
    document: _Object = {"UserDetailList": found}
    asked: tuple[tuple[str, str, Callable[[Any, str], list[_Object]]], ...] = (
        ("access keys", "AccessKeys", _keys_of),
        ("MFA devices", "MFADevices", _devices_of),
    )
    for words, name, ask in asked:
        with gaps.catch(account, Subject.CREDENTIALS, what=words), ThreadPoolExecutor(_WORKERS) as pool:
            every = list(pool.map(partial(_ask, ask, iam), (user["UserName"] for user in found)))
            for user, answer in zip(found, every, strict=True):
                user.update({} if answer is None else {name: answer})
    with gaps.catch(account, Subject.INSTANCE_PROFILES), aws_errors("list instance profiles"):
        profiles = [one for page in answer_pages(iam, "list_instance_profiles", {}) for one in page["InstanceProfiles"]]
        document["InstanceProfiles"] = [
            {"Arn": one["Arn"], "Roles": [{"Arn": role["Arn"]} for role in one["Roles"]]} for one in profiles
        ]
    return document


def _ask(ask: Callable[[Any, str], list[_Object]], iam: Any, user: str) -> list[_Object] | None:
    """What a call lists of a user, or None if the user was deleted.

    Raises:
        AwsError: it can't be read.
    """
    try:
        with aws_errors("read the credentials of users"):
            return ask(iam, user)
    except AwsError as error:
        if error.code == "NoSuchEntity":
            return None
        raise


def _keys_of(iam: Any, user: str) -> list[_Object]:
    """The keys of a user. A key without a last use would look unused, so both are needed.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAccessKeys.html
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html
    """
    pages = answer_pages(iam, "list_access_keys", {"UserName": user})
    return [
        {**key, "AccessKeyLastUsed": iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])["AccessKeyLastUsed"]}
        for page in pages
        for key in page["AccessKeyMetadata"]
    ]


def _devices_of(iam: Any, user: str) -> list[_Object]:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListMFADevices.html"""
    pages = answer_pages(iam, "list_mfa_devices", {"UserName": user})
    return [device for page in pages for device in page["MFADevices"]]

"""The truth about crews, `roles.json`, and what IAM lists of their users' credentials.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAccessKeys.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from bench.corpus.principals import DrawnCrew, Principal
from bench.corpus.session_records import SessionBook, access_key

Json = dict[str, Any]

_KEYS: Final = 2
_HEADER: Final = (
    *("user", "arn", "user_creation_time", "password_enabled", "password_last_used", "password_last_changed"),
    *("password_next_rotation", "mfa_active"),
    *(
        f"access_key_{number}_{column}"
        for number in (1, 2)
        for column in ("active", "last_rotated", "last_used_date", "last_used_region", "last_used_service")
    ),
    *("cert_1_active", "cert_1_last_rotated", "cert_2_active", "cert_2_last_rotated"),
)


def crew_truth(drawn: DrawnCrew, book: SessionBook) -> Json:
    """The entry of `roles.json`: the kind and half of a crew, and by ARN what is right about its members."""
    arns = {label: one.arn for label, one in drawn.principals.items()}
    splits = [
        {"role": arns[member.label], "jobs": [_job(book, arns[member.label], job.name) for job in member.jobs]}
        for member in drawn.crew.members
        if member.should_split
    ]
    users = [
        {
            "user": arns[member.label],
            "kind": member.user.kind,
            "goals": member.user.goals,
            "existing": arns[member.user.existing] if member.user.existing else "",
        }
        for member in drawn.crew.members
        if member.user
    ]
    roles = [member for member in drawn.crew.members if not member.user]
    return {
        "kind": drawn.kind,
        "half": drawn.half,
        "members": sorted(arns.values()),
        "merges": [sorted(arns[label] for label in merge) for merge in drawn.crew.merges],
        "apart": [
            {
                "ones": sorted(arns[label] for label in apart.ones),
                "others": sorted(arns[label] for label in apart.others),
                "why": apart.why,
            }
            for apart in drawn.crew.apart
        ],
        "splits": splits,
        "whole": sorted(arns[member.label] for member in roles if not member.should_split),
        "users": users,
    }


def _job(book: SessionBook, arn: str, job: str) -> Json:
    seen = book.seen[arn, job]
    return {
        "job": job,
        "names": sorted(seen.names),
        "source_identities": sorted(seen.source_identities),
        "functions": sorted(seen.functions),
        "subjects": sorted(seen.subjects),
    }


def user_credentials(principal: Principal, book: SessionBook) -> Json:
    """What `aws iam list-access-keys`, `get-access-key-last-used` and `list-mfa-devices` print of a crew's user."""
    user = principal.member.user if principal.member else None
    if not user:
        return {}
    keys = []
    for number in range(1, user.keys + 1):
        key: Json = {
            "UserName": principal.profile.name,
            "AccessKeyId": access_key(principal, number),
            "Status": "Active",
            "CreateDate": _time(principal.created),
        }
        if use := book.key_uses.get((principal.arn, number)):
            last = {"LastUsedDate": _time(use.moment), "ServiceName": use.service, "Region": use.region}
            key["AccessKeyLastUsed"] = last
        else:
            key["AccessKeyLastUsed"] = {"ServiceName": "N/A", "Region": "N/A"}
        keys.append(key)
    device = {
        "UserName": principal.profile.name,
        "SerialNumber": f"arn:aws:iam::{principal.account.id}:mfa/{principal.profile.name}",
        "EnableDate": _time(principal.created),
    }
    return {"AccessKeys": keys, "MFADevices": [device] if user.has_mfa else []}


def credential_report(principals: Iterable[Principal], book: SessionBook) -> str:
    """The credential report of an account's users, as CSV."""
    rows = [_report_row(one, book) for one in principals if one.member and one.member.user]
    lines = [_HEADER, *([row[column] for column in _HEADER] for row in rows)]
    return "".join(f"{','.join(line)}\n" for line in lines)


def _report_row(principal: Principal, book: SessionBook) -> Mapping[str, str]:
    user = principal.member.user if principal.member else None
    if not user:
        raise ValueError(principal.arn)
    created = _time(principal.created)
    row = dict.fromkeys(_HEADER, "N/A")
    row |= {"user": principal.profile.name, "arn": principal.arn, "user_creation_time": created}
    row |= {"password_enabled": "true" if user.has_password else "false"}
    row |= {"mfa_active": "true" if user.has_mfa else "false", "cert_1_active": "false", "cert_2_active": "false"}
    if user.has_password:
        last = book.signed_in.get(principal.arn)
        row |= {"password_last_used": _time(last) if last else "no_information", "password_last_changed": created}
    for number in range(1, _KEYS + 1):
        column = f"access_key_{number}_"
        row[f"{column}active"] = "true" if number <= user.keys else "false"
        if number <= user.keys:
            row[f"{column}last_rotated"] = created
        if use := book.key_uses.get((principal.arn, number)):
            row |= {f"{column}last_used_date": _time(use.moment), f"{column}last_used_region": use.region}
            row[f"{column}last_used_service"] = use.service
    return row


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S+00:00")

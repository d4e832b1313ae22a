"""The names of files and folders of principals and permission sets."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from typing import Final

from lpgen.core.identity_center import PermissionSet
from lpgen.core.model import Principal

TRUST_FILE: Final = "trust-policy.json"
"""The file of a narrowed trust policy, in the folder of its role."""

_LONGEST: Final = 120
_DIGITS: Final = 12


def folder_of_principal(principal: Principal) -> str:
    """The folder of a principal: account, kind and name, which are unique in IAM and have no slashes."""
    account, name = principal.account or "no-account", principal.name or "_"
    whole = f"{plain_name(account)}-{principal.kind}-{plain_name(name)}"
    if whole == f"{account}-{principal.kind}-{principal.name}" and len(whole) <= _LONGEST:
        return whole
    # No valid IAM name gets here. Other names in a file get a folder of their own too.
    return _with_tail(whole, principal.arn)


def folder_of_account(principal: Principal) -> str:
    """The folder of a principal's account."""
    return plain_name(principal.account or "no-account")


def file_of_left_policy(arn: str, sha256: str) -> str:
    """The path of a policy that stays attached, below an output folder. It has a digest, which differs by version."""
    name = arn.rpartition("/")[2]
    return f"attached/{plain_name(f'{name[:_LONGEST]}-{sha256[:_DIGITS]}')}.json"


def files_of_sets(sets: Iterable[PermissionSet]) -> dict[PermissionSet, str]:
    """The file names of permission sets without extension: the names of the sets.

    Sets of two instances of Identity Center may share a name, and some file systems don't distinguish case. Such a
    name, and a name with unsafe characters, gets a suffix that identifies the set.
    """
    wanted = {permission_set: plain_name(permission_set.name) for permission_set in sets}
    same = Counter(name.lower() for name in wanted.values())
    return {
        permission_set: name
        if name == permission_set.name and same[name.lower()] == 1 and len(name) <= _LONGEST
        else _with_tail(name, f"{permission_set.path} {permission_set.name}")
        for permission_set, name in wanted.items()
    }


def _with_tail(name: str, whole: str) -> str:
    return f"{name[:_LONGEST]}-{hashlib.sha256(whole.encode(errors='surrogatepass')).hexdigest()[:_DIGITS]}"


def plain_name(text: str) -> str:
    """The text with `_` for each character that isn't safe in file names on all systems."""
    return "".join(char if char.isascii() and (char.isalnum() or char in "_+=,.@-") else "_" for char in text)

"""How principals and permission sets are called where the names of files and folders are made of it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from typing import Final

from lpgen.core.identity_center import PermissionSet
from lpgen.core.model import Principal

_LONGEST: Final = 120
_DIGITS: Final = 12


def folder_of_principal(principal: Principal) -> str:
    """The folder of a principal: account, kind and name, which IAM keeps unique and free of slashes."""
    account, name = principal.account or "no-account", principal.name or "_"
    whole = f"{plain_name(account)}-{principal.kind}-{plain_name(name)}"
    if whole == f"{account}-{principal.kind}-{principal.name}" and len(whole) <= _LONGEST:
        return whole
    # No name that IAM takes comes here; what else a file holds gets a folder of its own all the same.
    return _with_tail(whole, principal.arn)


def folder_of_account(principal: Principal) -> str:
    """The folder of a principal's account."""
    return plain_name(principal.account or "no-account")


def file_of_left_policy(arn: str, sha256: str) -> str:
    """The path below an output folder of a policy left attached: its name, and a digest for each version."""
    name = arn.rpartition("/")[2]
    return f"attached/{plain_name(f'{name[:_LONGEST]}-{sha256[:_DIGITS]}')}.json"


def files_of_sets(sets: Iterable[PermissionSet]) -> dict[PermissionSet, str]:
    """The names of the files of permission sets, without ending: the names of the sets.

    Sets of two instances of Identity Center may have one name, and some file systems don't distinguish upper from lower
    case: such a name, and one that isn't safe in a file's name, gets a suffix that distinguishes the set from all
    others.
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
    """The text with `_` for each character that isn't safe in the name of a file everywhere."""
    return "".join(char if char.isascii() and (char.isalnum() or char in "_+=,.@-") else "_" for char in text)

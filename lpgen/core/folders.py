"""How a principal is called where the names of files and folders are made of it."""

from __future__ import annotations

import hashlib
from typing import Final

from lpgen.core.model import Principal

_LONGEST: Final = 120


def folder_of_principal(principal: Principal) -> str:
    """The folder of a principal: account, kind and name, which IAM keeps unique and free of slashes."""
    account, name = principal.account or "no-account", principal.name or "_"
    whole = f"{plain_name(account)}-{principal.kind}-{plain_name(name)}"
    if whole == f"{account}-{principal.kind}-{principal.name}" and len(whole) <= _LONGEST:
        return whole
    # No name that IAM takes comes here; what else a file holds gets a folder of its own all the same.
    arn = principal.arn.encode(errors="surrogatepass")
    return f"{whole[:_LONGEST]}-{hashlib.sha256(arn).hexdigest()[:12]}"


def folder_of_account(principal: Principal) -> str:
    """The folder of a principal's account."""
    return plain_name(principal.account or "no-account")


def plain_name(text: str) -> str:
    """The text with `_` for each character that isn't safe in the name of a file everywhere."""
    return "".join(one if one.isascii() and (one.isalnum() or one in "_+=,.@-") else "_" for one in text)

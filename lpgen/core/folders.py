"""How a principal is called where the names of files and folders are made of it."""

from __future__ import annotations

import hashlib
from typing import Final

from lpgen.core.model import Principal

_LONGEST: Final = 120


def folder_of_principal(principal: Principal) -> str:
    """The folder of a principal: account, kind and name, which IAM keeps unique and free of slashes."""
    name = "".join(one if one.isascii() and (one.isalnum() or one in "_+=,.@-") else "_" for one in principal.name)
    whole = f"{principal.account or 'no-account'}-{principal.kind}-{name or '_'}"
    if name == principal.name and len(whole) <= _LONGEST:
        return whole
    # No name that IAM takes comes here; what else a file holds gets a folder of its own all the same.
    return f"{whole[:_LONGEST]}-{hashlib.sha256(principal.arn.encode()).hexdigest()[:12]}"

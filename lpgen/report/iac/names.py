"""The names of principals in code: of their files, and of their blocks in Terraform.

A name depends only on its principal, never on the others that are written: Terraform destroys and creates anew what
comes under another name. So a name that another principal could want as well gets a hash at its end, in every run.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from lpgen.core.model import Principal, PrincipalKind

_WORD: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z0-9]+")
_OTHERS_LABEL: Final = re.compile(r"user_.*|(?:.*_)?(?:[0-9a-f]{8}|part\d+)")
_OTHERS_FILE: Final = re.compile(r"versions|user-.*", re.IGNORECASE)
_SPECIAL_FILE: Final = re.compile(
    r"\..*|(?:.*_)?override|(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?|.*-[0-9a-f]{8}", re.IGNORECASE
)
"""What Terraform reads as something else or not at all, Windows can't hold, or ends like a hash.

https://developer.hashicorp.com/terraform/language/files/override and
https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file
"""


def label_of_principal(principal: Principal) -> str:
    """The label of a principal's blocks in snake case, unique within its account.

    It is plain only for names such as `storefront-api`: `storefront_api` and `StorefrontApi` would have it too.
    """
    words = _WORD.findall(principal.name)
    label = "_".join(words).lower()
    is_role = principal.kind is PrincipalKind.ROLE
    plain = label.replace("_", "-") == principal.name and label[:1].isalpha()
    if not is_role or not label[:1].isalpha():
        label = f"{principal.kind}_{label}".rstrip("_")
    own = label if is_role else label.removeprefix("user_")
    return label if plain and not _OTHERS_LABEL.fullmatch(own) else f"{label}_{_hash_of(principal)}"


def label_of_set(name: str) -> str:
    """The label of a permission set's documents in snake case, plain only for names such as `DeveloperAccess`."""
    words = _WORD.findall(name)
    label = "_".join(["permission_set", *words]).lower()
    plain = "".join(map(str.capitalize, words)) == name and not _OTHERS_LABEL.fullmatch(label)
    return label if plain else f"{label}_{_hash(name)}"


def file_of_principal(principal: Principal) -> str:
    """The name of a principal's file without its ending, unique within its account: its own name where possible.

    IAM takes no two roles whose names differ only in case, so file systems that ignore it keep their files apart.
    """
    name, is_role = principal.name, principal.kind is PrincipalKind.ROLE
    file = name if is_role else f"{principal.kind}-{name}"
    if not _SPECIAL_FILE.fullmatch(file) and not (is_role and _OTHERS_FILE.fullmatch(file)):
        return file
    return f"{re.sub(r'^[.]', '_', file)}-{_hash_of(principal)}"


def _hash_of(principal: Principal) -> str:
    return _hash(f"{principal.kind}/{principal.name}")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:8]

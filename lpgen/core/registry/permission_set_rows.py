"""Why the replacement of a permission set isn't called safe: rows of the caveats that its roles have in common."""

from __future__ import annotations

from typing import Final

from lpgen.core.choices import Severity
from lpgen.core.registry import caveat_words as words
from lpgen.core.registry.row import Remedy, Row

_PERMISSION_SETS: Final = "https://docs.aws.amazon.com/singlesignon/latest/userguide/permissionsetsconcept.html"

PERMISSION_SET: Final = Row(
    "permission_set",
    "The roles of a permission set differ, or the policies of some weren't given.",
    parameters={"case": str, "groups": tuple, "accounts": tuple},
    message={"uneven-permission-set": words.uneven_permission_set, "unlisted-role": words.unlisted_role},
    step={
        "uneven-permission-set": "provision the permission set into all its accounts, then take a new snapshot; change"
        " a customer managed policy that differs on purpose in its own account",
        "unlisted-role": "add the policies of these accounts, such as by a snapshot of all of them",
    },
    item="{case}",
    remedy=Remedy.SNAPSHOT,
    help="A permission set changes its roles in all accounts, so a replacement must be proven for all of them.",
    to_do="provision the set into all its accounts and take a new snapshot of all of them.",
    source=_PERMISSION_SETS,
)

OTHER_ACCOUNT: Final = Row(
    "other_account",
    "Another role of the permission set isn't safe to change yet.",
    parameters={"accounts": tuple, "kind": str, "first": str, "others": int},
    message=words.other_account,
    step="clear up the same in the permission set's other accounts, or accept it there",
    item="other-account {kind}",
    acceptable=False,
    remedy=Remedy.LOOK,
    help="A permission set changes its roles in all accounts.",
    source=_PERMISSION_SETS,
    severity=Severity.LOW,
)

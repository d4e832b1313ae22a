"""Why the replacement of a permission set isn't called safe: rows of the caveats that its roles have in common."""

from __future__ import annotations

from typing import Final

from lpgen.core.choices import Severity
from lpgen.core.registry import caveat_words as words
from lpgen.core.registry.row import Remedy, Row

_PERMISSION_SETS: Final = "https://docs.aws.amazon.com/singlesignon/latest/userguide/permissionsetsconcept.html"

PERMISSION_SET: Final = Row(
    "permission_set",
    "Roles of the permission set hold other policies, or policies that weren't given.",
    parameters={"case": str, "groups": tuple, "accounts": tuple},
    message={"uneven-permission-set": words.uneven_permission_set, "unlisted-role": words.unlisted_role},
    step={
        "uneven-permission-set": "provision the permission set into all its accounts, then take a new snapshot; a "
        "customer managed policy that differs on purpose is changed in its own account",
        "unlisted-role": "give the policies of these accounts too, such as by a snapshot of all of them",
    },
    item="{case}",
    remedy=Remedy.SNAPSHOT,
    help="What is put into a permission set changes its roles in all accounts. None can be proven for roles that "
    "differ, and what roles without policies need is not in the replacement.",
    to_do="provision the set into all its accounts and take a new snapshot of all of them. A customer managed policy "
    "that differs on purpose is changed in its own account.",
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
    help="What is put into a permission set changes its roles in all accounts.",
    to_do="clear up what is told of the role in the other account, or accept it there.",
    source=_PERMISSION_SETS,
    severity=Severity.LOW,
)

"""Why the replacement of a permission set isn't called safe: rows of the caveats that its roles have in common."""

from __future__ import annotations

from typing import Final

from lpgen.core.choices import Severity
from lpgen.core.registry import caveat_words as words
from lpgen.core.registry.row import Row

_PERMISSION_SETS: Final = "https://docs.aws.amazon.com/singlesignon/latest/userguide/permissionsetsconcept.html"

UNEVEN_PERMISSION_SET: Final = Row(
    "uneven_permission_set",
    "The roles of one permission set hold different policies.",
    parameters={"groups": tuple},
    message=words.uneven_permission_set,
    step="provision the permission set into all its accounts, then take a new snapshot; a customer managed policy "
    "that differs on purpose is changed in its own account",
    help="A permission set has one inline policy for all its accounts, and none can be proven for roles that differ.",
    to_do="provision the set into all its accounts and take a new snapshot. A customer managed policy that differs "
    "on purpose is changed in its own account.",
    source=_PERMISSION_SETS,
)

UNLISTED_ROLE: Final = Row(
    "unlisted_role",
    "The logs show roles of the permission set in accounts without policies.",
    parameters={"accounts": tuple},
    message=words.unlisted_role,
    step="give the policies of these accounts too, such as by a snapshot of all of them",
    help="What is put into a permission set changes its roles in all accounts, and what these need is not in the "
    "replacement.",
    source=_PERMISSION_SETS,
)

OTHER_ACCOUNT: Final = Row(
    "other_account",
    "Another role of the permission set isn't safe to change yet.",
    parameters={"accounts": tuple, "kind": str, "first": str, "others": int},
    message=words.other_account,
    step="clear up the same in the permission set's other accounts, or accept it there",
    item=lambda *, kind, **_: f"other-account {kind.replace('_', '-')}",
    acceptable=False,
    help="What is put into a permission set changes its roles in all accounts.",
    to_do="clear up what is told of the role in the other account, or accept it there.",
    source=_PERMISSION_SETS,
    severity=Severity.LOW,
)

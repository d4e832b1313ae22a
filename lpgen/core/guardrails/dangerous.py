"""A Deny of dangerous actions, except for the few principals that used them."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final

from lpgen.core.arns import split_arn
from lpgen.core.guardrails.scp import Kept, Parts, UnitDraft, except_for, kept_because, uses_by_name
from lpgen.core.identity_center import permission_set_of
from lpgen.core.model import Visibility

_FEW: Final = 3
"""At most so many principals of different names are excepted for one action."""

_SID: Final = "LpgenDangerousActions"
_MANY: Final = "more than a few principals used it"
_UNNAMED: Final = "root users, or callers that the logs don't name, used it"
_DENIED: Final = "an SCP of today denies it"
_USED: Final = "used"


def dangerous_actions(draft: UnitDraft) -> Parts:
    """The actions of the table whose use the logs would show, and that at most a few named principals used.

    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_examples_general.html
    """
    catalog, observability = draft.world.who.catalog, draft.world.who.observability
    users: dict[str, set[str]] = defaultdict(set)
    for call in draft.calls:
        users[call.action].add(call.principal)
    used = uses_by_name(draft.calls, lambda call: (call.action,))
    kept: dict[str, Kept] = {}
    groups: dict[frozenset[str], list[str]] = defaultdict(list)
    for name in draft.facts.dangerous:
        action = catalog.canonical(name)
        if action is None or observability.visibility(action) is not Visibility.MANAGEMENT:
            continue
        callers = users.get(action, set())
        patterns = frozenset(map(_pattern, callers))
        if any(not _is_named(caller) for caller in callers):
            kept[action] = kept_because(action, _UNNAMED, used[action])
        elif len({split_arn(pattern).name for pattern in patterns}) > _FEW:
            kept[action] = kept_because(action, _MANY, used[action])
        elif not callers and draft.denied_today(action):
            kept[action] = kept_because(action, _DENIED)
        else:
            groups[patterns].append(action)
    statements: list[dict[str, Any]] = []
    exceptions = {one.principal: one for one in draft.outside}
    for number, patterns in enumerate(sorted(groups, key=lambda found: (len(found), sorted(found))), start=1):
        new = draft.excepted(dict.fromkeys(patterns - exceptions.keys(), _USED))
        exceptions |= {one.principal: one for one in new}
        condition = except_for((*patterns, *(found.principal for found in draft.outside)))
        sid = f"{_SID}{number if number > 1 else ''}"
        more = {"Condition": condition} if condition else {}
        statements.append({"Sid": sid, "Effect": "Deny", "Action": sorted(groups[patterns]), "Resource": "*", **more})
    denies = tuple(sorted(action for actions in groups.values() for action in actions))
    rows = tuple(kept[name] for name in sorted(kept))
    already = any(found.why == _DENIED for found in rows)
    return Parts(
        denies, rows, tuple(statements), tuple(exceptions[name] for name in sorted(exceptions)), already=already
    )


def _is_named(arn: str) -> bool:
    return split_arn(arn).name.startswith(("role/", "user/"))


def _pattern(arn: str) -> str:
    """The ARN of a principal, or for a role of IAM Identity Center the pattern of its permission set's roles.

    A role gets a new suffix if its permission set is assigned again.
    https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html
    """
    if permission_set_of(arn) is None:
        return arn
    partition, (name, _, _) = split_arn(arn).partition, split_arn(arn).name.rpartition("_")
    return f"arn:{partition}:iam::*:{name}_*"

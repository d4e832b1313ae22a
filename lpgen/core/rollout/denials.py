"""The denials since a rollout, and the removed statements that would have allowed the calls."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple

import pyarrow.compute as pc

from lpgen.core.globs.match import as_glob, fold_case
from lpgen.core.iam.match_resource import intersect_resources, resource_contains, resource_match, resources_intersect
from lpgen.core.iam.match_statement import action_matches
from lpgen.core.iam.policy import policy_from_json, statement_depends_on_version
from lpgen.core.model import DenialKind, Effect, Outcome, Policy, ResourceKind, Statement
from lpgen.core.rollout.plan import PolicyText, PrincipalPlan
from lpgen.core.usage.columns import table_rows
from lpgen.core.usage.tables import Usage


@dataclass(frozen=True, slots=True)
class _LostLine:
    """A removed statement that allowed a denied call, and the statement to restore, which is never wider."""

    policy: str
    statement: int
    sid: str
    restore: str


@dataclass(frozen=True, slots=True)
class Denial:
    """A denial since the rollout. `lost` is empty if no removed statement allowed the call; `why` then has the reason.

    If `straddles`, `records` may include some from before the rollout, because records of one day and kind are counted
    together. `restored` says that policies read after the last denial allow the call again.
    """

    action: str
    resource: str
    kind: DenialKind
    records: int
    straddles: bool
    last_seen: str
    example_event_id: str
    before_too: bool
    lost: tuple[_LostLine, ...]
    restored: bool
    why: str


@dataclass(frozen=True, slots=True)
class PoliciesSince:
    """The policies in a snapshot: its name, its time, and the documents by a principal's ARN and id.

    It has only principals with all documents, because a missing document may deny a call that others allow. `trusts`
    are the trust policies of roles.
    """

    name: str
    taken: datetime
    documents: Mapping[tuple[str, str], tuple[Policy, ...]]
    trusts: Mapping[tuple[str, str], Policy] = field(default_factory=dict)


_COLUMNS: Final = (
    "action", "resource_kind", "resource", "denial_kind", "first_seen", "last_seen", "records", "example_event_id",
)  # fmt: skip


class _Call(NamedTuple):
    """An action on a resource of a kind."""

    action: str
    kind: ResourceKind
    resource: str


@dataclass(slots=True)
class _Seen:
    """The rows of one denial since the rollout, and whether there are earlier ones."""

    rows: list[tuple[datetime, datetime, int, str]]
    before: bool = False


def denials_since(plan: PrincipalPlan, since: datetime, usage: Usage, now: PoliciesSince | None) -> Iterator[Denial]:
    """The denials of a principal since its rollout. `now` has the current policies."""
    found: dict[tuple[_Call, DenialKind], _Seen] = defaultdict(lambda: _Seen([]))
    table = usage.table
    is_denied = pc.equal(table.column("outcome"), Outcome.DENIED.value)
    rows = table.filter(pc.and_(pc.equal(table.column("principal"), plan.principal), is_denied))
    for action, kind, resource, denial, first, last, records, event in table_rows(rows, _COLUMNS):
        seen = found[_Call(action, ResourceKind(kind), resource), DenialKind(denial)]
        if first is not None and last >= since:
            seen.rows.append((first, last, records, event))
        seen.before = seen.before or first is None or first < since
    before, after = list(_policies(plan.before)), [policy for _, policy in _policies(plan.after)]
    today = now.documents.get((plan.principal, plan.principal_id), ()) if now else ()
    for (call, denial), seen in sorted(found.items()):
        if not seen.rows:
            continue
        own = denial not in _OTHER_WALLS
        removed = list(_lost_lines(call, before, after)) if own else []
        lost = tuple(
            _LostLine(text.policy, statement.index + 1, statement.sid, _restored(statement, policy, call))
            for text, policy, statement in removed
        )
        allows = _statements((policy for _, policy in before), Effect.ALLOW)
        kept = own and not lost and any(_allows(statement, policy, call) for policy, statement in allows)
        last = max(row[1] for row in seen.rows)
        # Any of the removed statements may have allowed it, under its own conditions.
        again = bool(removed) and all(_stays(statement, policy, call, today) for _, policy, statement in removed)
        restored = now is not None and now.taken > last and again and not _denies(call, today)
        yield Denial(
            call.action,
            call.resource if call.kind is not ResourceKind.UNKNOWN else "",
            denial,
            sum(row[2] for row in seen.rows),
            any(row[0] < since for row in seen.rows),
            last.strftime("%Y-%m-%dT%H:%M:%SZ"),
            max(seen.rows)[3],
            seen.before,
            lost,
            restored,
            _why(denial, kept=kept, lost=bool(lost)),
        )


def _why(denial: DenialKind, *, kept: bool, lost: bool) -> str:
    return _OTHER_WALLS.get(denial) or (_KEPT if kept else "" if lost else _NEVER_ALLOWED)


_KEPT: Final = "the new policies allow it, but something else denies it, such as a condition, a boundary or an SCP"
_NEVER_ALLOWED: Final = "the old policies didn't allow it either"
_OTHER_WALLS: Final[Mapping[DenialKind, str]] = {
    DenialKind.RESOURCE: "the resource's policy denies it",
    DenialKind.BOUNDARY: "the permissions boundary denies it",
    DenialKind.SCP: "an SCP denies it",
    DenialKind.RCP: "an RCP denies it",
    DenialKind.SESSION: "the session policy denies it",
    DenialKind.VPC_ENDPOINT: "the VPC endpoint policy denies it",
    DenialKind.EXPLICIT: "an explicit Deny denies it: the replacement keeps every old Deny and adds none",
}
"""The reasons for denials that don't come from a principal's own policies, by the kind in the error message."""

_Named = tuple[PolicyText, Policy]


def _policies(texts: Sequence[PolicyText]) -> Iterator[_Named]:
    for text in texts:
        yield text, policy_from_json(text.text, place=text.policy)


def _statements(policies: Iterable[Policy], effect: Effect) -> Iterator[tuple[Policy, Statement]]:
    for policy in policies:
        yield from ((policy, statement) for statement in policy.statements if statement.effect is effect)


def _lost_lines(
    call: _Call, before: Iterable[_Named], after: Sequence[Policy]
) -> Iterator[tuple[PolicyText, Policy, Statement]]:
    """The old statements that may have allowed a call, unless a new statement covers it without further conditions."""
    for text, policy in before:
        for _, statement in _statements([policy], Effect.ALLOW):
            if _allows(statement, policy, call) and not _stays(statement, policy, call, after):
                yield text, policy, statement


def _stays(old: Statement, former: Policy, call: _Call, after: Iterable[Policy]) -> bool:
    """Whether a policy certainly allows a call in all cases in which an old statement of the policy `former` did."""
    return any(
        (not statement.conditions or _same_conditions(statement, policy, old, former))
        and (_surely_allows(statement, policy, call) or _carries(statement, old, policy, call))
        for policy, statement in _statements(after, Effect.ALLOW)
    )


def _same_conditions(new: Statement, policy: Policy, old: Statement, former: Policy) -> bool:
    turns_on_version = statement_depends_on_version(new) or statement_depends_on_version(old)
    return new.conditions == old.conditions and (policy.version == former.version or not turns_on_version)


def _denies(call: _Call, policies: Iterable[Policy]) -> bool:
    """Whether a Deny without conditions may cover a call."""
    return any(
        not statement.conditions and _allows(statement, policy, call)
        for policy, statement in _statements(policies, Effect.DENY)
    )


def _carries(new: Statement, old: Statement, policy: Policy, call: _Call) -> bool:
    """Whether a new statement has a call's action, and literally all resources of the old one that may match."""
    if new.not_resource != old.not_resource or not action_matches(new, fold_case(call.action)):
        return False
    if old.not_resource:
        return set(new.resources) == set(old.resources)
    known = call.kind in (ResourceKind.ARN, ResourceKind.FOLD)
    met = {pattern for pattern in old.resources if not known or _within(pattern, policy.version, call)}
    return met <= set(new.resources)


def _allows(statement: Statement, policy: Policy, call: _Call) -> bool:
    """Whether a statement may cover a call, apart from its conditions. True if that is unknown."""
    if not action_matches(statement, fold_case(call.action)):
        return False
    patterns = [as_glob(pattern, policy.version) for pattern in statement.resources]
    if call.kind not in (ResourceKind.ARN, ResourceKind.FOLD):
        return True
    if statement.not_resource:
        return not any(resource_contains(pattern, call.resource) for pattern in patterns)
    matches = resource_match if call.kind is ResourceKind.ARN else resources_intersect
    return any(matches(pattern, call.resource) for pattern in patterns)


def _surely_allows(statement: Statement, policy: Policy, call: _Call) -> bool:
    """Whether a statement certainly covers a call, apart from its conditions. Patterns with variables don't count."""
    if not action_matches(statement, fold_case(call.action)):
        return False
    if statement.not_resource:
        return call.kind is ResourceKind.ARN and _allows(statement, policy, call)
    fixed = [pattern for pattern in statement.resources if as_glob(pattern, policy.version) == pattern]
    if call.kind is ResourceKind.ARN:
        return any(resource_match(pattern, call.resource) for pattern in fixed)
    whole = call.resource if call.kind is ResourceKind.FOLD else "*"
    return any(resource_contains(pattern, whole) for pattern in fixed)


def _restored(statement: Statement, policy: Policy, call: _Call) -> str:
    """The statement reduced to one action and, if known, one resource, with its conditions."""
    written: dict[str, Any] = json.loads(statement.text)
    name = "NotResource" if statement.not_resource else "Resource"
    fields: dict[str, Any] = {"Effect": "Allow", "Action": call.action, name: written[name]}
    if not statement.not_resource and call.kind in (ResourceKind.ARN, ResourceKind.FOLD):
        narrow = {_within(pattern, policy.version, call) for pattern in statement.resources} - {""}
        found = sorted(narrow) or written[name]
        fields[name] = found[0] if len(found) == 1 else found
    if "Condition" in written:
        fields["Condition"] = written["Condition"]
    return json.dumps(fields)


def _within(pattern: str, version: str, call: _Call) -> str:
    """The part of the resource that an old pattern covers, or "". A pattern with variables is returned unchanged."""
    glob = as_glob(pattern, version)
    if call.kind is ResourceKind.ARN:
        if not resource_match(glob, call.resource):
            return ""
        return call.resource if glob == pattern else pattern
    if not resources_intersect(glob, call.resource):
        return ""
    return (intersect_resources(pattern, call.resource) if glob == pattern else None) or pattern

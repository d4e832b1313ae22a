"""Wildcards that are new, and what the old ones gained because AWS added actions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from lpgen.core.analysis.grants.granting import each_wildcard
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.drift.findings import DriftFinding, fingerprint
from lpgen.core.drift.gains import Gains
from lpgen.core.evidence import Grant, PrincipalGrants, PrincipalUsage, StatementRef
from lpgen.core.model import Action, ActionPattern, Outcome
from lpgen.core.registry.drift import DriftKind


@dataclass(slots=True)
class Wildcard:
    """A wildcard of one policy, in whichever of its statements, with the principals that got something by it.

    `subject` is the managed policy's ARN, the principal whose inline policy it is, or the group and its policy. `text`
    is the wildcard as the statements write it. It matches the actions `matched`, and `added` are those of them that AWS
    added. `got` are the actions that any holder got by it: all that a new wildcard grants, else added ones. `used` are
    those of them that the holder was seen to use; None: use is unknown.
    """

    subject: str
    text: str
    is_new: bool
    matched: frozenset[Action]
    added: frozenset[Action]
    statements: set[StatementRef]
    holders: set[str]
    got: set[Action]
    used: set[Action] | None

    def finding(self, gains: Gains) -> DriftFinding:
        """The finding that it is new, or that it gained actions."""
        kind = DriftKind.NEW_WILDCARD if self.is_new else DriftKind.INHERITED
        counted, got = gains.counted(self.got), tuple(sorted(self.got))
        statements, stopped = tuple(sorted(map(str, self.statements))), self.added - self.got
        if self.is_new:
            parameters: dict[str, object] = {"granted": counted}
            details, tie = gains.details(gains.dangerous(got), "grants"), self.text
        else:
            parameters = {"gained": counted, "actions": fingerprint(got), "new_actions": got}
            details, tie = gains.details(got, "gains"), ", ".join(got)
        return DriftFinding(
            kind,
            {
                "wildcard": self.text,
                **parameters,
                "statements": statements,
                "actions_today": len(self.matched),
                "used": None if self.used is None else tuple(sorted(self.used)),
                "stopped": len(stopped),
            },
            severity=gains.severity(self.got, kind),
            subject=self.subject,
            principals=tuple(sorted(self.holders)),
            details=(
                *(f"in {statement}" for statement in statements),
                *details,
                *gains.details(self.used or (), "used"),
                *(["none of the actions was seen used"] if self.used == set() else []),
                *([f"a Deny, a boundary or an SCP keeps out {gains.counted(stopped)}"] if stopped else []),
            ),
            ties=(tie,),
        )


@dataclass(slots=True)
class Wildcards:
    """Wildcards of several principals, each policy's once."""

    found: dict[tuple[bool, str, str], Wildcard] = field(default_factory=dict)

    def add(self, wildcards: Iterable[Wildcard]) -> None:
        """Takes in wildcards of some principals."""
        for wildcard in wildcards:
            known = self.found.setdefault((wildcard.is_new, wildcard.subject, wildcard.text), wildcard)
            known.statements |= wildcard.statements
            known.holders |= wildcard.holders
            known.got |= wildcard.got
            if known.used is not None:
                known.used.update(wildcard.used or ())


def find_wildcards(
    before: PrincipalGrants,
    after: PrincipalGrants,
    added: frozenset[Action],
    catalog: Catalog,
    *,
    usage: PrincipalUsage | None,
) -> Iterator[Wildcard]:
    """Each wildcard in an Allow of a principal, with what the principal got by it since an earlier moment.

    `added` are the actions that the catalog gained since. A wildcard that the principal had before, in whichever of its
    policies, isn't new. `usage` is the principal's; None: use is unknown.
    """
    seen = None if usage is None else {use.action for use in usage.uses if use.outcome is Outcome.ALLOWED}
    granted = after.granted()
    old = {_text(grant, pattern).lower() for grant, pattern, _ in each_wildcard(before.allows, catalog)}
    for grant, pattern, actions in each_wildcard(after.allows, catalog):
        text = _text(grant, pattern)
        is_new = text.lower() not in old
        came = actions & added
        got = (actions if is_new else came) & granted
        holders = {after.principal.arn} if is_new or got else set()
        used = None if seen is None else seen & got
        subject = _subject(after, grant)
        yield Wildcard(subject, text, is_new, actions, came, {grant.ref}, holders, set(got), used)


def _text(grant: Grant, pattern: ActionPattern) -> str:
    return f"NotAction {pattern}" if grant.statement.not_action else pattern


def _subject(grants: PrincipalGrants, grant: Grant) -> str:
    ref = grant.ref
    if ref.policy.startswith("arn:"):
        return ref.policy
    return f"group {ref.group}, {ref.policy}" if ref.group else grants.principal.arn

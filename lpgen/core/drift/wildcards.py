"""Wildcards that are new, and what the old ones gained because AWS added actions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from lpgen.core.analysis.grants.wildcards import each_wildcard
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.drift.findings import DriftFinding, fingerprint
from lpgen.core.drift.gains import Gains
from lpgen.core.evidence import Grant, PrincipalGrants, StatementRef
from lpgen.core.model import Action, ActionPattern
from lpgen.core.registry.drift import DriftKind


@dataclass(slots=True)
class Wildcard:
    """A wildcard of one policy, in whichever of its statements, with the principals that got something by it.

    `subject` is the managed policy's ARN, the principal whose inline policy it is, or the group and its policy. `text`
    is the wildcard as the statements write it. It matches `actions_today` actions, and `added` are those of them that
    AWS added. `got` are the actions that any holder got by it: all that a new wildcard grants, else added ones.
    """

    subject: str
    text: str
    is_new: bool
    actions_today: int
    added: frozenset[Action]
    statements: set[StatementRef]
    holders: set[str]
    got: set[Action]

    def finding(self, gains: Gains) -> DriftFinding:
        """The finding that it is new, or that it gained actions."""
        kind = DriftKind.NEW_WILDCARD if self.is_new else DriftKind.INHERITED
        counted = gains.counted(self.got)
        if self.is_new:
            parameters = {"wildcard": self.text, "granted": counted}
            details, tie = gains.details(gains.dangerous(self.got), "grants"), self.text
        else:
            parameters = {"wildcard": self.text, "gained": counted, "actions": fingerprint(self.got)}
            details, tie = gains.details(self.got, "gains"), ", ".join(sorted(self.got))
        return DriftFinding(
            kind,
            parameters,
            severity=gains.severity(self.got, kind),
            subject=self.subject,
            principals=tuple(sorted(self.holders)),
            details=(*(f"in {place}" for place in sorted(map(str, self.statements))), *details),
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


def find_wildcards(
    before: PrincipalGrants, after: PrincipalGrants, added: frozenset[Action], catalog: Catalog
) -> Iterator[Wildcard]:
    """Each wildcard in an Allow of a principal, with what the principal got by it since an earlier moment.

    `added` are the actions that the catalog gained since. A wildcard that the principal had before, in whichever of its
    policies, isn't new.
    """
    granted = after.granted()
    old = {_text(grant, pattern).lower() for grant, pattern, _ in each_wildcard(before.allows, catalog)}
    for grant, pattern, actions in each_wildcard(after.allows, catalog):
        text = _text(grant, pattern)
        is_new = text.lower() not in old
        came = actions & added
        got = (actions if is_new else came) & granted
        holders = {after.principal.arn} if is_new or got else set()
        yield Wildcard(_subject(after, grant), text, is_new, len(actions), came, {grant.ref}, holders, set(got))


def _text(grant: Grant, pattern: ActionPattern) -> str:
    return f"NotAction {pattern}" if grant.statement.not_action else pattern


def _subject(grants: PrincipalGrants, grant: Grant) -> str:
    ref = grant.ref
    if ref.policy.startswith("arn:"):
        return ref.policy
    return f"group {ref.group}, {ref.policy}" if ref.group else grants.principal.arn

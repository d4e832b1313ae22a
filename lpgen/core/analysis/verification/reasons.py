"""Reasons: each pair of action and resource, and each AWS managed policy left attached, must have a reason.

Use is a reason. For lines without use, the evidence file gives a reason, which verification reads as a claim.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Final

from lpgen.core.analysis.decisions import applies_to_action
from lpgen.core.analysis.grants.aws_policies import LeftAttached, attached_of_aws
from lpgen.core.analysis.verification.documents import CheckNotes, NewAllow, left_allows
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.evidence import PrincipalGrants, PrincipalUsage, Use
from lpgen.core.globs.match import as_glob, glob_match
from lpgen.core.iam.match_resource import resource_match, resources_intersect
from lpgen.core.model import Action, Outcome, ResourceKind
from lpgen.core.replacements import WHOLE_STATEMENT_RULES, Check, Decision, LeftPolicy, LineKind, Replacement

_STATED_KINDS: Final = frozenset({LineKind.KEPT, LineKind.REVIEW, LineKind.DECIDED, LineKind.SHARED})


def is_stated(kind: str, rule: str) -> bool:
    """Whether a line needs no use, only its stated reason."""
    return kind in _STATED_KINDS or rule in WHOLE_STATEMENT_RULES


def stated_pairs(replacement: Replacement) -> Iterable[tuple[str, str]]:
    """The pairs of action and resource pattern in a replacement that need no use, only their stated reason."""
    statements = (statement for document in replacement.documents for statement in document.statements)
    lines = (*(statement.lines for statement in statements), *(policy.lines for policy in replacement.left))
    for line in chain.from_iterable(lines):
        if is_stated(line.kind, line.rule):
            yield from ((line.action, resource) for resource in line.scope.resources)


class Claims:
    """The claims about one principal's replacement: reasons for lines, and the use that decisions drop."""

    def __init__(
        self, principal: str, stated: Iterable[tuple[str, str]] = (), decisions: Sequence[Decision] = ()
    ) -> None:
        self._principal = principal
        self._stated = frozenset(stated)
        self._drops = tuple(decision for decision in decisions if decision.drops_for_good)

    def justify(self, action: Action, resource: str) -> bool:
        """Whether a reason is stated for an action on a resource pattern as it is written."""
        return (action, resource) in self._stated

    def is_dropped(self, action: Action, resource: str) -> bool:
        """Whether a decision leaves this use out of the replacement."""
        return any(
            applies_to_action(drop, self._principal, action) and glob_match(drop.resource or "*", resource)
            for drop in self._drops
        )


_ALL_HAVE_REASONS: Final = "every pair of action and resource has a reason"
_NO_REASON: Final = "{place} allows {action} on {resource} without use and without a reason"


def check_pairs_have_reasons(
    news: Iterable[NewAllow], usage: PrincipalUsage, catalog: Catalog, *, claims: Claims
) -> Check:
    """The check that each pair of action and resource in a new Allow has a use, an attempt or a stated reason."""
    found = CheckNotes(_ALL_HAVE_REASONS)
    uses: dict[Action, list[Use]] = {}
    for use in usage.uses:
        if use.outcome is not Outcome.DENIED:
            uses.setdefault(use.action, []).append(use)
    named = {(use.action, use.resource.text) for of_action in uses.values() for use in of_action}
    for new in news:
        for action in sorted(new.actions):
            for resource in new.statement.resources:
                if not new.statement.not_resource and not catalog.takes_resource(action, resource):
                    continue
                found.examined += 1
                used = (action, resource) in named or any(_touches(new, resource, use) for use in uses.get(action, ()))
                if not used and not claims.justify(action, resource):
                    found.failed.append(_NO_REASON.format(place=new.place, action=action, resource=resource))
    return found.check()


def _touches(new: NewAllow, resource: str, use: Use) -> bool:
    if new.statement.not_resource or use.resource.kind in (ResourceKind.UNKNOWN, ResourceKind.OVERFLOW):
        return True
    glob = as_glob(resource, new.version)
    if use.resource.kind is ResourceKind.FOLD:
        return resources_intersect(glob, use.resource.text)
    return resource_match(glob, use.resource.text)


_LEFT: Final = "policies left attached are AWS's own and unchanged"
_CHANGED: Final = "{policy} has another document now, of version {version}"


def check_left(
    left: Iterable[LeftPolicy], grants: PrincipalGrants, usage: PrincipalUsage, catalog: Catalog, *, claims: Claims
) -> Check:
    """The check that each policy left attached may be left, and that its document is unchanged.

    It may be left if AWS wrote it for the one service that the role trusts, or if all that it allows has a reason.
    """
    found = CheckNotes(_LEFT)
    attached = {policy.arn: policy for policy, _ in attached_of_aws(grants)}
    of_service = {policy.arn for policy in LeftAttached(catalog).of(grants)}
    for policy in left:
        found.examined += 1
        known = attached.get(policy.arn)
        if known is None:
            found.failed.append(f"{policy.arn} isn't attached")
        elif known.sha256 != policy.sha256:
            found.failed.append(_CHANGED.format(policy=policy.arn, version=known.version or "unknown"))
        elif policy.arn not in of_service:
            pairs = check_pairs_have_reasons(left_allows(grants, (policy,)), usage, catalog, claims=claims)
            found.failed += pairs.findings
    return found.check()

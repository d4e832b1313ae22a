"""The check that no pair of action and resource is there by accident."""

from __future__ import annotations

from collections.abc import Iterable

from lpgen.core.analysis.verification.claims import Claims
from lpgen.core.analysis.verification.written import CheckNotes, NewAllow
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.evidence import PrincipalUsage, Use
from lpgen.core.globs.match import as_glob
from lpgen.core.iam.match_resource import resource_match, resources_intersect
from lpgen.core.model import Action, Outcome, ResourceKind
from lpgen.core.replacements import Check


def check_pairs_have_reasons(
    news: Iterable[NewAllow], usage: PrincipalUsage, catalog: Catalog, *, claims: Claims
) -> Check:
    """Each pair of action and resource that a new Allow grants has a use, an attempt or a stated reason of its own."""
    found = CheckNotes("every pair of action and resource has a reason")
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
                used = (action, resource) in named or any(_touches(new, resource, one) for one in uses.get(action, ()))
                if not used and not claims.justify(action, resource):
                    found.failed.append(f"{new.place} allows {action} on {resource} without use and without a reason")
    return found.check()


def _touches(new: NewAllow, resource: str, use: Use) -> bool:
    if new.statement.not_resource or use.resource.kind in (ResourceKind.UNKNOWN, ResourceKind.OVERFLOW):
        return True
    glob = as_glob(resource, new.version)
    if use.resource.kind is ResourceKind.FOLD:
        return resources_intersect(glob, use.resource.text)
    return resource_match(glob, use.resource.text)

"""Names of missing resources: no evidence for a scope, though the call for them was allowed.

A program that looks before it creates needs the action, but a caller can make up any name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.catalog.danger import Dangers
from lpgen.core.cloudtrail.outcome import ErrorCodes
from lpgen.core.evidence import Grant, PrincipalGrants, PrincipalUsage, Use
from lpgen.core.globs.match import as_glob
from lpgen.core.iam.match_resource import resource_match, resources_intersect
from lpgen.core.model import OBSERVED, UNKNOWN_RESOURCE, Action, Outcome, ResourceKind
from lpgen.core.usage.principal_usage import merge_evidence

_NAMED = (ResourceKind.ARN, ResourceKind.FOLD, ResourceKind.OVERFLOW)


def names_nothing(use: Use, catalog: Catalog) -> bool:
    """Whether a use was an allowed call for something that wasn't there."""
    is_allowed = use.outcome is Outcome.ALLOWED and use.how == OBSERVED
    return is_allowed and catalog.facts(ErrorCodes).says_missing(use.error_code)


def without_missing_names(usage: PrincipalUsage, grants: PrincipalGrants, dangers: Dangers) -> PrincipalUsage:
    """The usage without the names that never existed.

    A name that another allowed use shows, such as its creation, exists. If each statement that allows the call also
    allowed the action on an existing name, the call adds nothing. Otherwise its resource becomes unknown, and the
    statement keeps its own scope; that of a dangerous action, which anybody could widen so, is the name itself.
    """
    catalog = dangers.catalog
    allowed = (use for use in usage.uses if use.outcome is Outcome.ALLOWED)
    real = {use.resource.text for use in allowed if not names_nothing(use, catalog)}
    missing = [use for use in usage.uses if _is_missing(use, real, catalog)]
    if not missing:
        return usage
    kept = [use for use in usage.uses if not _is_missing(use, real, catalog)]
    known: Mapping[Action, list[Use]] = defaultdict(list)
    for use in kept:
        known[use.action].append(use)
    opened: dict[tuple[Action, str], Use] = {}
    for use in missing:
        met = [one for one in grants.allows if use.action in one.actions and _meets(one, use)]
        if not met or (dangers.is_dangerous(use.action) and not all(_is_known(one, known[use.action]) for one in met)):
            kept.append(use)  # what nothing allows has to be explained
        elif not all(_is_known(one, known[use.action]) for one in met):
            key = (use.action, use.error_code)
            opened[key] = _merged(opened[key], use) if key in opened else replace(use, resource=UNKNOWN_RESOURCE)
    return replace(usage, uses=(*kept, *opened.values()))


def _is_missing(use: Use, real: Iterable[str], catalog: Catalog) -> bool:
    return use.resource.kind in _NAMED and use.resource.text not in real and names_nothing(use, catalog)


def _is_known(grant: Grant, uses: Sequence[Use]) -> bool:
    """Whether a statement allowed the action on something that was there."""
    return any(use.outcome is not Outcome.DENIED and _meets(grant, use) for use in uses)


def _meets(grant: Grant, use: Use) -> bool:
    """Whether the resources of a statement may allow a use."""
    if grant.statement.not_resource or use.resource.kind not in (ResourceKind.ARN, ResourceKind.FOLD):
        return True
    meets = resource_match if use.resource.kind is ResourceKind.ARN else resources_intersect
    return any(meets(as_glob(one, grant.version), use.resource.text) for one in grant.statement.resources)


def _merged(one: Use, other: Use) -> Use:
    contexts = tuple(sorted({*one.contexts, *other.contexts}))
    return replace(one, contexts=contexts, evidence=merge_evidence(one.evidence, other.evidence))

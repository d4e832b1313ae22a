"""The check that replays each use through the decision core, before and after."""

from __future__ import annotations

from collections.abc import Iterable

from lpgen.core.actions.catalog import Catalog
from lpgen.core.analysis.checks.written import CheckNotes, WrittenDocument
from lpgen.core.analysis.claims import Claims
from lpgen.core.grounds import PrincipalGrants, PrincipalUsage, Use
from lpgen.core.model import Outcome, Resource, ResourceKind
from lpgen.core.policies.authorize import decide
from lpgen.core.policies.decision import Request, Result
from lpgen.core.policies.policy_set import PolicySet
from lpgen.core.replacements import Check


def check_replay(
    documents: Iterable[WrittenDocument],
    grants: PrincipalGrants,
    usage: PrincipalUsage,
    catalog: Catalog,
    *,
    claims: Claims,
) -> Check:
    """Each use, and the example it was seen on, decided under the old policies and under the new ones.

    What was allowed must stay allowed. What depends on something the record doesn't show must not end as a denial. Use
    that the old policies deny says nothing about the replacement, and a resource that wasn't read can't be replayed:
    what its statement covers is compared by the check of use.
    """
    found = CheckNotes("replay: what was allowed is allowed")
    limit = grants.principal.boundary.document if grants.principal.boundary else None
    boundary = () if limit is None else (limit,)
    held = tuple(policy.document for policy in grants.principal.policies if policy.document is not None)
    old = PolicySet(identity=held, boundary=boundary)
    new = PolicySet(identity=tuple(document.policy for document in documents), boundary=boundary)
    for use in usage.uses:
        if use.outcome is Outcome.DENIED or claims.is_dropped(use.action, use.evidence.example_resource):
            continue
        for resource in _resources(use):
            request = Request(grants.principal.arn, use.action, resource)
            before = decide(request, old, catalog=catalog).result
            if before not in (Result.ALLOWED, Result.DEPENDS):
                continue
            found.examined += 1
            after = decide(request, new, catalog=catalog).result
            if after is not before and after is not Result.ALLOWED:
                found.failed.append(
                    f"{use.action} on {resource.text} was {before}, and would be {after}"
                    f" (example {use.evidence.example_event_id})"
                )
    return found.check()


def _resources(use: Use) -> Iterable[Resource]:
    example = use.evidence.example_resource
    if use.resource.kind in (ResourceKind.UNKNOWN, ResourceKind.OVERFLOW):
        return
    if use.resource.kind is ResourceKind.FOLD and example.startswith("arn:") and example != use.resource.text:
        yield Resource(ResourceKind.ARN, example)
    else:
        yield use.resource

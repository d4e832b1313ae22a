"""Actions that AWS checks within a call to another of the same service: no record of their own shows that.

The service authorization reference lists them as dependent actions of the one that is called. Those of other services
are called with the caller's rights, which CloudTrail records. Tags on creation are read off the request.
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from lpgen.core.analysis.grants.granting import action_is_named_in
from lpgen.core.analysis.observability.missed_use import MissedUse, MissReason, ObservedUse
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.evidence import Grant, Use
from lpgen.core.model import UNKNOWN_RESOURCE, AccessLevel, Action, Outcome, Resource, ResourceKind

_APART: Final = (AccessLevel.TAGGING, AccessLevel.PERMISSIONS_MANAGEMENT)
"""Rights aren't granted on the basis of a list: it names `kms:PutKeyPolicy` for anyone who creates a key."""


# Their needs depend on their parameters, and the event map reads them off there.
_READ_OFF_THE_REQUEST: Final = frozenset(
    {
        "cloudformation:DescribeStacks",
        "cloudfront:CreateDistribution",
        "fsx:DeleteFileSystem",
        "imagebuilder:CreateContainerRecipe",
        "imagebuilder:CreateImage",
        "imagebuilder:CreateImagePipeline",
        "imagebuilder:CreateImageRecipe",
        "imagebuilder:DistributeImage",
        "imagebuilder:ImportDiskImage",
        "imagebuilder:UpdateImagePipeline",
        "lambda:CreateFunction",
        "rds:DeleteDBInstance",
        "rds:StopDBInstance",
        "states:CreateStateMachine",
        "states:TestState",
        "states:UpdateStateMachine",
    }
)

# Both are asked for; which record a call of a function URL leaves, AWS doesn't say.
# https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
_INVOKE_URL: Final = Action("lambda:InvokeFunctionUrl")
_INVOKE: Final = Action("lambda:InvokeFunction")


def dependent_actions(observed: ObservedUse, catalog: Catalog) -> Iterator[MissedUse]:
    """The granted actions that are checked within calls, on what these name where they take it, else on anything."""
    uses, patterns = observed.usage.believed, observed.lines.patterns.by_text
    for action, callers in callers_by_dependent(uses, observed.grants.allows, catalog).items():
        if grants := observed.grants_of(action):
            named = {use.resource for use in uses if use.action in callers}
            wider = {patterns[one.text].resource if one.text in patterns else one for one in named}
            scope = tuple(sorted(wider)) if _are_all_named(action, named, catalog) else (UNKNOWN_RESOURCE,)
            why = f"{callers[0]} needs it too, where no record of its own shows that"
            yield MissedUse(action, MissReason.DEPENDENT_ACTION, why, "kept for that", grants, scope)


def callers_by_dependent(
    uses: Iterable[Use], allows: Iterable[Grant], catalog: Catalog
) -> Mapping[Action, tuple[Action, ...]]:
    """The actions that are checked within used or attempted actions, each with these.

    Calls of function URLs leave no record: actions within them are included where one of the Allows names them.
    """
    found: dict[Action, set[Action]] = {}
    if any(_INVOKE_URL in grant.actions and action_is_named_in(grant, _INVOKE) for grant in allows):
        found[_INVOKE] = {_INVOKE_URL}
    for action in {use.action for use in uses if use.outcome is not Outcome.DENIED}:
        for needed in _dependents(action, catalog):
            found.setdefault(needed, set()).add(action)
    return {needed: tuple(sorted(callers)) for needed, callers in sorted(found.items())}


def _are_all_named(action: Action, named: Collection[Resource], catalog: Catalog) -> bool:
    """Whether the calls name every resource that the action is checked on: it requires no other type."""
    if not all(one.kind in (ResourceKind.ARN, ResourceKind.FOLD) for one in named):
        return False
    types = {catalog.resource_type(action, one.text) for one in named}
    required = {one.type for one in catalog.detail(action).resources if one.required is not False}
    return "" not in types and required <= types


def _dependents(action: Action, catalog: Catalog) -> Iterator[Action]:
    service = action.partition(":")[0]
    for listed in () if action in _READ_OFF_THE_REQUEST else catalog.detail(action).dependents or ():
        needed = catalog.canonical(listed) if listed.partition(":")[0] == service and listed != action else None
        if needed and catalog.detail(needed).level not in _APART:
            yield needed

"""Caveats about the lines of a replacement: unseen use that they leave out, required resources, too many resources."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import Final

from lpgen.core.analysis.caveats.inputs import CaveatInputs
from lpgen.core.analysis.decisions import applies_to_action
from lpgen.core.analysis.grants.granting import grants_everything, services_of_wildcards
from lpgen.core.analysis.grants.principal_grants import BOUNDARY
from lpgen.core.analysis.grants.scope import whole_scope
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.model import Action, ResourceKind, Visibility
from lpgen.core.registry.row import IAM_GUIDE, Caveat, CaveatKind, Remedy, Row, name_some

_MOST_TYPES: Final = 5
"""No call names resources of more types at once. Where the reference requires more, each call names one of them."""


def _unseen_under_star_message(*, actions: int, services: Sequence[str]) -> str:
    """How many actions go though the logs could not have shown their use, and of which services."""
    return (
        f"a bare `*` or `NotAction` grants {actions:,} removed {'action' if actions == 1 else 'actions'} whose use the"
        f" logs can't show ({name_some(services)}), so they may be in use"
    )


def _unseen_named_message(*, actions: int, services: Sequence[str]) -> str:
    """How many actions of which named services go though the logs could not have shown their use."""
    return (
        f"its policies name {name_some(services)}, and the replacement removes {actions:,}"
        f" {'action' if actions == 1 else 'actions'} of {'this service' if len(services) == 1 else 'these services'}"
        " whose use the logs can't show"
    )


class LineCaveat(CaveatKind):
    """What isn't safe about the lines of a replacement, and about what they leave out."""

    REQUIRED_TYPE = Row(
        "required_type",
        "The replacement may lack a resource that AWS requires for a used action.",
        parameters={"action": str, "type": str},
        message="AWS's reference requires a {type} for {action}, and only the old policies allow one, so later calls"
        " may be denied",
        step="keep {action} on the {type} by a decision, or accept this if its calls don't need one",
        item="required-type {action} {type}",
        help="The records name none. The event map may have missed a parameter.",
        to_do="keep the action on that resource by a decision.",
        source="https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html",
        precision="medium",
    )
    UNSEEN_UNDER_STAR = Row(
        "unseen_under_star",
        "Actions under a bare wildcard are removed though the logs can't show whether they are used.",
        parameters={"actions": int, "services": tuple},
        message=_unseen_under_star_message,
        step="run `lpgen snapshot` to add service last accessed data, or keep what is needed and accept this",
        source=f"{IAM_GUIDE}/access_policies_last-accessed.html",
        remedy=Remedy.SNAPSHOT,
    )
    UNSEEN_NAMED = Row(
        "unseen_named",
        "Actions of services that the policies name are removed though the logs can't show whether they are used.",
        parameters={"actions": int, "services": tuple},
        message=_unseen_named_message,
        step="run `lpgen snapshot` to add service last accessed data, ingest data events of these services, or keep or"
        " drop the actions by decisions",
        acceptable=False,
        help="Neither the logs nor service last accessed show whether they are in use.",
        source=f"{IAM_GUIDE}/access_policies_last-accessed.html",
        remedy=Remedy.SNAPSHOT,
    )
    TOO_MANY_RESOURCES = Row(
        "too_many_resources",
        "An action was used on more resources than lpgen can list.",
        parameters={"action": str},
        message="{action} was used on more resources than lpgen can list, and is kept on all that the policies allow",
        step="narrow the old policy by hand to a prefix that the resources share, or accept this",
        item="too-many-resources {action}",
    )


def _find_overflows(inputs: CaveatInputs) -> Iterator[Caveat]:
    """A caveat for each action on more resources than ingest tells apart, which therefore keeps its old scope.

    An action without a line that policies left attached grant keeps whatever they allow.
    """
    held = inputs.left - inputs.kept
    uses = (use for use in inputs.usage.uses if use.resource.kind is ResourceKind.OVERFLOW)
    for action in sorted({use.action for use in uses} - held):
        yield Caveat.of(LineCaveat.TOO_MANY_RESOURCES, action=action)


def _find_unseen(inputs: CaveatInputs) -> Iterator[Caveat]:
    """A caveat each for the removed actions whose use the logs can't show and that a statement grants as a group: the
    data planes of services that the principal's policies or its boundary name, and all that a statement grants without
    naming a service.

    The latter is no sign for or against any service. IAM's record of attempts would be. What a person decided to drop
    isn't doubted.
    """
    grants, missed, finder = inputs.grants, inputs.missed, inputs.finder
    staying = inputs.left | inputs.kept
    if not staying:
        return
    boundary = (grant for limit in grants.limits if limit.name == BOUNDARY for grant in (*limit.allows, *limit.denies))
    named = frozenset().union(*map(services_of_wildcards, (*grants.allows, *grants.denies, *boundary)))
    broad = frozenset().union(*(grant.actions for grant in grants.allows if grants_everything(grant)))
    drops = [decision for decision in inputs.ground.decisions if decision.drops_for_good]
    found: dict[CaveatKind, list[Action]] = {LineCaveat.UNSEEN_NAMED: [], LineCaveat.UNSEEN_UNDER_STAR: []}
    for action in missed.open_of(inputs.granted - staying):
        statements = missed.observed.grants_of(action)
        if any(applies_to_action(drop, grants.principal.arn, action) for drop in drops) or not any(
            whole_scope(statement, action, catalog=finder.catalog) for statement in statements
        ):
            continue
        is_of_data_plane = finder.observability.visibility(action) is Visibility.DATA
        if is_of_data_plane and action.partition(":")[0] in named:
            found[LineCaveat.UNSEEN_NAMED].append(action)
        elif action in broad:
            found[LineCaveat.UNSEEN_UNDER_STAR].append(action)
    for kind, actions in found.items():
        if actions:
            services = tuple(sorted({action.partition(":")[0] for action in actions}))
            yield Caveat.of(kind, actions=len(actions), services=services)


def find_required_types(inputs: CaveatInputs) -> Iterator[Caveat]:
    """A caveat for each used action and each type that AWS's reference requires and that may have been missed: one that
    the old policies allow and that no line of the action names.

    The event map says what a call needs by its parameters, the reference what a policy must name, by resource type.
    Types that one parameter may name are alternatives, and so are those whose ARNs share a noun, such as the listeners
    of two kinds of load balancers.
    https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
    """
    catalog, calls = inputs.catalog, inputs.finder.observability.calls
    named: dict[Action, set[str]] = defaultdict(set)
    for line in inputs.lines:
        named[line.action].update(_resources(line.scope.resources, not_resource=line.scope.not_resource))
    for action in sorted(inputs.seen.keys() & named.keys()):
        required = {resource.type for resource in catalog.detail(action).resources if resource.required}
        found = {one for one in required if _is_named(catalog, action, one, named[action])}
        if not 1 < len(required) <= _MOST_TYPES or required == found:
            continue
        statements = [grant.statement for grant in inputs.missed.observed.grants_of(action)]
        granted = {
            name
            for statement in statements
            for name in _resources(statement.resources, not_resource=statement.not_resource)
        }
        nouns = {_noun(catalog, action, one) for one in found}
        for missing in sorted(required - found - calls.alternatives(action, found)):
            if _noun(catalog, action, missing) not in nouns and _is_named(catalog, action, missing, granted):
                yield Caveat.of(LineCaveat.REQUIRED_TYPE, action=action, type=missing)


def _resources(resources: tuple[str, ...], *, not_resource: bool) -> tuple[str, ...]:
    return ("*",) if not_resource else resources


def _is_named(catalog: Catalog, action: Action, resource_type: str, resources: Collection[str]) -> bool:
    return any(resource == "*" or catalog.can_name_type(action, resource_type, resource) for resource in resources)


def _noun(catalog: Catalog, action: Action, resource_type: str) -> str:
    """The word that the ARNs of a type have before the first name."""
    formats = catalog.arn_formats(action.partition(":")[0], resource_type)
    return next(
        (arn_format.split(":", 5)[-1].partition("/")[0].partition(":")[0] for arn_format in formats), resource_type
    )


WIDE_AND_UNSEEN: Final = (_find_overflows, _find_unseen)
"""The detectors of lines that are too wide, and of unseen use that they leave out."""

"""Checks each used action for a resource of every type that AWS's reference requires, against the event map's mistakes.

The event map says what a call needs by its parameters. The reference says by resource type what a policy must name. A
type that the reference requires, that the old policies allow and that no line of the action names may have been missed.
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from lpgen.core.analysis.grants.granting import NOTHING, Granting
from lpgen.core.analysis.observability.recorded_calls import RecordedCalls
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.model import Action
from lpgen.core.registry.caveats import Caveat, CaveatKind
from lpgen.core.replacements import Line

_MOST_TYPES: Final = 5
"""No call names resources of more types at once. Where the reference requires more, each call names one of them."""


def required_type_caveats(
    used: Iterable[Action],
    lines: Iterable[Line],
    granting: Mapping[Action, Granting],
    catalog: Catalog,
    calls: RecordedCalls,
) -> Iterator[Caveat]:
    """A caveat for each used action and each type that may have been missed.

    Types that one parameter may name are alternatives, and so are those whose ARNs share a noun, such as the listeners
    of two kinds of load balancers.
    """
    named: dict[Action, set[str]] = defaultdict(set)
    for line in lines:
        named[line.action].update(_resources(line.scope.resources, not_resource=line.scope.not_resource))
    for action in sorted(set(used) & named.keys()):
        required = {one.type for one in catalog.detail(action).resources if one.required}
        found = {one for one in required if _is_named(catalog, action, one, named[action])}
        if not 1 < len(required) <= _MOST_TYPES or required == found:
            continue
        statements = [grant.statement for grant in granting.get(action, NOTHING).grants]
        granted = {name for one in statements for name in _resources(one.resources, not_resource=one.not_resource)}
        nouns = {_noun(catalog, action, one) for one in found}
        for missing in sorted(required - found - calls.alternatives(action, found)):
            if _noun(catalog, action, missing) not in nouns and _is_named(catalog, action, missing, granted):
                yield Caveat.of(CaveatKind.REQUIRED_TYPE, action=action, type=missing)


def _resources(resources: tuple[str, ...], *, not_resource: bool) -> tuple[str, ...]:
    return ("*",) if not_resource else resources


def _is_named(catalog: Catalog, action: Action, resource_type: str, resources: Collection[str]) -> bool:
    return any(one == "*" or catalog.can_name_type(action, resource_type, one) for one in resources)


def _noun(catalog: Catalog, action: Action, resource_type: str) -> str:
    """The word that the ARNs of a type have before the first name."""
    formats = catalog.arn_formats(action.partition(":")[0], resource_type)
    return next((one.split(":", 5)[-1].partition("/")[0].partition(":")[0] for one in formats), resource_type)

"""Signs of use of one resource: calls of KMS that were made for its data, though no data event shows the use.

They support only that resource. The lack of such a call is never a sign against use.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

from lpgen.core.analysis.grants.scope import narrow_scope
from lpgen.core.analysis.observability.missed_use import MissedUse, MissReason, ObservedUse
from lpgen.core.arns import split_arn
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.cloudtrail.kms_context import Sides, keys_by_service
from lpgen.core.model import READ_LEVELS, Action, Resource, ResourceKind


class ResourceSigns:
    """The resources for whose data a principal's calls of KMS were made, by service, with what these show."""

    def __init__(self, observed: ObservedUse, catalog: Catalog) -> None:
        self._observed, self._catalog, self._keys = observed, catalog, catalog.facts(keys_by_service)
        found: dict[str, list[tuple[str, Sides]]] = defaultdict(list)
        for arn, action in observed.usage.protected:
            service = split_arn(arn).service
            found[service].append((arn, self._keys[service].sides_shown(action)))
        self._named = dict(found)

    @property
    def services(self) -> frozenset[str]:
        """The services that have any such sign."""
        return frozenset(self._named)

    def sides(self, service: str) -> Iterator[Sides]:
        """The read and write sides of a service's data that the calls show."""
        return (sides for _, sides in self._named.get(service, ()))

    def missed_use(self, action: Action, why_on: Callable[[str], str]) -> MissedUse | None:
        """The use of an action on these resources, as far as it would have left no record; None where it isn't granted
        on any.

        `why_on` says why of one resource, or "".
        """
        service, reads = action.partition(":")[0], self._catalog.detail(action).level in READ_LEVELS
        if service not in self._named or not self._keys[service].is_needed(action):
            return None
        found = {
            resource: (why, f"a call of KMS names {arn}")
            for arn, sides in self._named[service]
            if (sides.reads if reads else sides.writes)
            for resource in self._resources_of(action, arn)
            if (why := why_on(resource.text))
        }
        grants = tuple(
            grant
            for grant in self._observed.grants_of(action)
            if any(narrow_scope(grant, action, one, catalog=self._catalog) for one in found)
        )
        if not grants:
            return None
        why, sign = next(iter(found.values()))
        return MissedUse(action, MissReason.UNRECORDED, why, sign, grants, tuple(found))

    def _resources_of(self, action: Action, arn: str) -> Iterator[Resource]:
        """The resource and its contents, as far as the action takes them."""
        own, inner = (self._catalog.resource_type(action, one) for one in (arn, f"{arn}/*"))
        if own:
            yield Resource(ResourceKind.ARN, arn)
        if inner not in ("", own):
            yield Resource(ResourceKind.FOLD, f"{arn}/*")

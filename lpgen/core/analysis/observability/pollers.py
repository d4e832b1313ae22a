"""The actions that Lambda and EventBridge Pipes need of a role to read an event source.

A snapshot has the event source mappings and pipes. Both read queues and streams with a role, mostly by data events,
which few trails record, and ask for some actions only during setup. So a source in use needs these actions, whatever
the logs show. The reverse isn't true: any program may read a queue, so a source that nothing polls says nothing.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-permissions.html
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from lpgen.core.analysis.grants.aws_policies import is_service_policy
from lpgen.core.analysis.grants.trust import only_trusted_service
from lpgen.core.analysis.observability.missed_use import MissedUse, MissReason, ObservedUse
from lpgen.core.arns import split_arn
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.catalog.catalog_table import CatalogSource, read_optional_table
from lpgen.core.model import UNKNOWN_RESOURCE, Action, Principal, Resource, ResourceKind
from lpgen.core.options import Options
from lpgen.core.snapshots import Subject
from lpgen.core.workloads import PollerUse

_SERVICES: Final = frozenset({"lambda.amazonaws.com", "pipes.amazonaws.com"})
_SUBJECTS: Final = (Subject.SCHEDULES, Subject.FUNCTIONS, Subject.EVENT_SOURCES)
"""What is read together. A Region that one of them lacks may lack event source mappings."""

_NEEDS: Final = "the {kind} of {poller} needs it for {resource}"
_CONSUMER: Final = "/consumer/"


class _PollerRow(msgspec.Struct, frozen=True):
    part: str
    service: str
    actions: tuple[Action, ...]


def _needs(source: CatalogSource) -> dict[tuple[str, str], tuple[Action, ...]]:
    """The actions by the part that a resource plays and its service. Each row of the table cites its page."""
    rows = read_optional_table(source, "pollers", list[_PollerRow], [])
    return {(row.part, row.service): row.actions for row in rows}


@dataclass(frozen=True, slots=True)
class Pollers:
    """What polls event sources with each role. In the accounts `unread`, or all if None, something may be missing."""

    by_role: Mapping[str, tuple[PollerUse, ...]]
    unread: frozenset[str] | None = None

    def missed_uses(self, observed: ObservedUse, catalog: Catalog) -> Iterator[MissedUse]:
        """The granted actions that what polls with a role needs, on the resources that it names.

        A mapping or pipe that is off needs nothing.
        """
        for use in self.by_role.get(observed.grants.principal.arn, ()):
            for action in _actions(use, catalog) if use.enabled else ():
                why = _NEEDS.format(kind=use.kind, poller=use.poller, resource=use.resource)
                if grants := observed.grants_of(action):
                    resources = _resources(action, use.resource, catalog)
                    yield MissedUse(action, MissReason.EVENT_SOURCE, why, why, grants, resources)

    def limited(self, rare: Iterable[MissedUse], principal: Principal, catalog: Catalog) -> Iterator[MissedUse]:
        """Rare needs of services: those of polling only on the sources, if all pollers of a role are known.

        The logs would show other use of such an action, and only services that poll may assume the role. Mappings that
        are off count, because the service asks again before they run. AWS's policies for service roles keep their
        scope.
        """
        found: dict[Action, set[Resource]] = defaultdict(set)
        is_complete = self.unread is not None and principal.account not in self.unread
        is_for_services = only_trusted_service(principal) in _SERVICES
        for use in self.by_role.get(principal.arn, ()) if is_complete and is_for_services else ():
            for action in _actions(use, catalog):
                found[action].update(_resources(action, use.resource, catalog))
        for missed in rare:
            on = found.get(missed.action)
            is_of_aws = any(is_service_policy(grant.ref.policy) for grant in missed.grants)
            yield missed._replace(resources=tuple(sorted(on))) if on and not is_of_aws else missed


NO_POLLERS: Final = Pollers({})


def pollers_from_options(options: Options) -> Pollers:
    """What polls with each role. The list of an account without a gap is complete if all Regions were read."""
    found: dict[str, list[PollerUse]] = defaultdict(list)
    for use in options.event_sources:
        found[use.role].append(use)
    snapshot = options.snapshot
    is_whole = snapshot is not None and not snapshot.regions
    gaps = snapshot.gaps if snapshot else ()
    unread = frozenset(gap.account for gap in gaps if gap.subject in _SUBJECTS)
    return Pollers({role: tuple(uses) for role, uses in found.items()}, unread if is_whole else None)


def _actions(use: PollerUse, catalog: Catalog) -> tuple[Action, ...]:
    return catalog.facts(_needs).get((use.part, split_arn(use.resource).service), ())


def _resources(action: Action, arn: str, catalog: Catalog) -> tuple[Resource, ...]:
    """The resource, its contents or, for a consumer, also its stream, as the action takes them; else any resource.

    https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-create.html#services-kinesis-eventsourcemapping
    """
    if catalog.takes_no_resource(action):
        return (UNKNOWN_RESOURCE,)
    service = action.partition(":")[0]
    owners = {owner: catalog.resource_type(action, owner) for owner in (arn, arn.partition(_CONSUMER)[0])}
    exact = tuple(
        Resource(ResourceKind.ARN, owner)
        for owner, taken in owners.items()
        if taken and taken == catalog.type_in_service(service, owner)
    )
    inner = f"{arn}/*"
    if not exact and catalog.resource_type(action, inner):
        return (Resource(ResourceKind.FOLD, inner),)
    return exact or (UNKNOWN_RESOURCE,)

"""Which later uses of one principal a replacement would have denied, and why.

Only uses that the old policies allow are judged. As in the replay of a review, the decision core decides each use in
the context that its records show. A replacement must cover a fold as a whole.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from lpgen.core.analysis.backtest.dated_uses import DatedUse
from lpgen.core.analysis.grants.applicable_policies import known_context, policies_met, replayed_resource, request_of
from lpgen.core.analysis.scopes.named_resources import is_creation_of
from lpgen.core.backtests import DenialCause
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.guards import Guards
from lpgen.core.iam.authorize import decide
from lpgen.core.iam.decision import Request, Result
from lpgen.core.iam.policy_set import PolicySet
from lpgen.core.model import Action, Policy, Principal, Resource, ResourceKind

_DENIED = (Result.EXPLICITLY_DENIED, Result.IMPLICITLY_DENIED)
_UNREAD = (ResourceKind.UNKNOWN, ResourceKind.OVERFLOW)


@dataclass(frozen=True, slots=True)
class AllowedUse:
    """A use that the old policies allow, with the request that it is decided by and the policies that this meets."""

    dated: DatedUse
    request: Request
    old: PolicySet
    before: Result


def allowed_uses(
    principal: Principal, uses: Iterable[DatedUse], catalog: Catalog, guards: Guards
) -> tuple[AllowedUse, ...]:
    """The uses that the old policies allow, or may allow, depending on keys that the records don't show."""
    found = (_decided(principal, one, catalog, guards) for one in uses)
    return tuple(one for one in found if one.before not in _DENIED)


def _decided(principal: Principal, dated: DatedUse, catalog: Catalog, guards: Guards) -> AllowedUse:
    """The use as decided by the old policies.

    A fold is decided as a whole. Where the old policies allow only a part of it, its example is decided.
    """
    whole = _on_resource(principal, dated, dated.use.resource, catalog, guards)
    example = replayed_resource(dated.use)
    if dated.use.resource.kind is ResourceKind.FOLD and whole.before is not Result.ALLOWED and example is not None:
        return _on_resource(principal, dated, example, catalog, guards)
    return whole


def _on_resource(
    principal: Principal, dated: DatedUse, resource: Resource, catalog: Catalog, guards: Guards
) -> AllowedUse:
    old = policies_met(principal, resource.text, guards)
    context = known_context(principal, resource, dated.context)
    request = request_of(principal, dated.use.action, resource, context=context, guards=guards)
    return AllowedUse(dated, request, old, decide(request, old, catalog=catalog).result)


def denied_uses(
    uses: Sequence[AllowedUse], written: tuple[Policy, ...], catalog: Catalog, *, first: date, last: date
) -> Iterator[AllowedUse]:
    """The uses between two days that the written policies would deny if they replaced the old ones.

    Use that the old policies certainly allow must remain certainly allowed, unless its resource couldn't be read.
    """
    for one in uses:
        if not one.dated.places(first, last):
            continue
        after = decide(one.request, replace(one.old, identity=written), catalog=catalog).result
        unsure = after is Result.DEPENDS and (one.before is Result.DEPENDS or one.dated.use.resource.kind in _UNREAD)
        if after is not Result.ALLOWED and not unsure:
            yield one


def cause_of_denial(use: AllowedUse, kept: Collection[Action]) -> DenialCause:
    """Why a replacement that keeps these actions denies a use."""
    if use.dated.use.action not in kept:
        return DenialCause.NEW_ACTION
    return DenialCause.NEW_NAME if is_creation_of(use.dated.use) else DenialCause.NEW_RESOURCE

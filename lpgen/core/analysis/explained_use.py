"""A principal's uses against its grants: the lines that they need, and what explains those that no policy grants."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from lpgen.core.analysis.grants.applicable_policies import (
    decisions_on_use,
    policies_met,
    replayed_resource,
    resource_policy_explanation,
)
from lpgen.core.analysis.grants.recorded_changes import KeyGrants, PolicyChanges
from lpgen.core.analysis.scopes.scopes import NamedScopes
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.cloudtrail.rules.inferences import MAY_BE_NEEDED
from lpgen.core.evidence import PrincipalGrants, Use
from lpgen.core.findings import UngrantedUse
from lpgen.core.guards import Guards
from lpgen.core.iam.decision import Layer, Result
from lpgen.core.model import Outcome, Principal, Resource
from lpgen.core.replacements import Line

_CONTRADICTED: Final = "the policies and guards given deny it{where}, so they aren't those that applied"


@dataclass(frozen=True, slots=True)
class Explanations:
    """The facts that may explain a use that no policy of the principal grants."""

    key_grants: KeyGrants
    changes: PolicyChanges
    guards: Guards

    def of_uses(self, principal: Principal, ungranted: Iterable[tuple[Use, str]]) -> tuple[UngrantedUse, ...]:
        """The ungranted uses, which come with why they are ungranted, each with its explanation or ""."""
        return tuple(
            UngrantedUse(use, reason, explanation=self._of_use(principal, use, reason)) for use, reason in ungranted
        )

    def contradicted(self, grants: PrincipalGrants, uses: Iterable[Use], catalog: Catalog) -> Iterator[UngrantedUse]:
        """The allowed uses that the policies and guards given deny in a context that records show, each with its
        explanation or "": they aren't those that applied."""
        principal = grants.principal
        is_limited = grants.denies or grants.limits or any(grant.statement.conditions for grant in grants.allows)
        for use in uses:
            resource = replayed_resource(use)
            if resource is None or use.outcome is not Outcome.ALLOWED or use.how in MAY_BE_NEEDED:
                continue
            if is_limited or self.guards.policy_of(resource.text):
                region = _denied_region(principal, use, resource, self.guards, catalog)
                if region is not None:
                    where = f" in {region}" if region else ""
                    reason = _CONTRADICTED.format(where=where)
                    yield UngrantedUse(use, reason, explanation=self._of_use(principal, use, reason))

    def _of_use(self, principal: Principal, use: Use, reason: str) -> str:
        # A KMS grant doesn't override a Deny or a boundary, so it explains only a missing Allow.
        return (
            (self.key_grants.explanation(principal, use) if reason == NO_ALLOW else "")
            or self.changes.explanation(principal, use)
            or resource_policy_explanation(principal, use, self.guards)
        )


def _denied_region(principal: Principal, use: Use, resource: Resource, guards: Guards, catalog: Catalog) -> str | None:
    """The Region of a context in which a use is surely denied; None where there is none.

    The missing Allow of a resource's own policy is no sign: a role's trust may have been narrowed since.
    """
    held = policies_met(principal, resource.text, guards)
    for region, found in decisions_on_use(principal, use, resource, held, guards, catalog=catalog):
        is_stopped = any(stop.layer is not Layer.RESOURCE for stop in found.stops)
        if found.result is Result.EXPLICITLY_DENIED or (found.result is Result.IMPLICITLY_DENIED and is_stopped):
            return region
    return None


NO_ALLOW: Final = "no Allow matches the action and resource"
"""Why a use is ungranted that nothing refuses."""


@dataclass(frozen=True, slots=True)
class UseLines:
    """The lines that a principal's uses need, the uses that no grant explains, and the wider scopes of names."""

    lines: tuple[Line, ...]
    ungranted: tuple[tuple[Use, str], ...]
    patterns: NamedScopes

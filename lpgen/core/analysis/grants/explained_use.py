"""Uses that no policy of the principal grants, each with what explains it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lpgen.core.analysis.grants.applicable_policies import resource_policy_explanation
from lpgen.core.analysis.grants.key_grants import KeyGrants
from lpgen.core.analysis.grants.policy_changes import PolicyChanges
from lpgen.core.analysis.synthesis.lines import NO_ALLOW
from lpgen.core.evidence import Use
from lpgen.core.findings import UngrantedUse
from lpgen.core.guards import Guards
from lpgen.core.model import Principal


@dataclass(frozen=True, slots=True)
class Explanations:
    """The facts that may explain a use that no policy of the principal grants."""

    key_grants: KeyGrants
    changes: PolicyChanges
    guards: Guards

    def of_uses(self, principal: Principal, ungranted: Iterable[tuple[Use, str]]) -> tuple[UngrantedUse, ...]:
        """The ungranted uses, which come with why they are ungranted, each with its explanation or ""."""
        return tuple(UngrantedUse(use, reason, self._of_use(principal, use, reason)) for use, reason in ungranted)

    def _of_use(self, principal: Principal, use: Use, reason: str) -> str:
        # A KMS grant doesn't override a Deny or a boundary, so it explains only a missing Allow.
        return (
            (self.key_grants.explanation(principal, use) if reason == NO_ALLOW else "")
            or self.changes.explanation(principal, use)
            or resource_policy_explanation(principal, use, self.guards)
        )

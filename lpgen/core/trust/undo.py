"""What can be put back in place of a narrowed trust policy: the old one, or the nearest one that IAM accepts."""

from __future__ import annotations

from typing import Final

from lpgen.core.iam.policy import policy_from_statements
from lpgen.core.model import Effect, Policy
from lpgen.core.trust.conditions import demanded_values
from lpgen.core.trust.issuers import issuer_of
from lpgen.core.trust.lines import TrustLine, deleted_principals, trust_lines
from lpgen.core.trust.narrow import NarrowedLine, Treatment, policy_from_lines

_DELETED: Final = "IAM refuses a policy with the id of the deleted principal {principal}"
_DEMANDS: Final = "IAM refuses a policy for {provider} without a condition on the subject"


def why_no_undo(old: Policy) -> str:
    """Why IAM wouldn't take the old policy back, or ""."""
    for principal in deleted_principals(old):
        return _DELETED.format(principal=principal)
    for line in trust_lines(old):
        if lacks_demanded(line):
            return _DEMANDS.format(provider=line.host)
    return ""


def lacks_demanded(line: TrustLine) -> bool:
    """Whether IAM would refuse a line at the next update, because it has no condition on a demanded claim.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc_secure-by-default.html
    """
    issuer = issuer_of(line.value) if line.is_web_identity and line.assumes else None
    if issuer is None or not issuer.demanded:
        return False
    keys = (claim if ":" in claim else f"{line.host}:{claim}" for claim in issuer.demanded)
    return not any(value.strip("*?") for key in keys for value in demanded_values(line.statement.conditions, key))


def nearest_policy(old: Policy, new: Policy) -> Policy:
    """The old policy, with the narrowed lines in place of the lines that IAM refuses.

    It allows everything that the narrowed policy allows and, apart from GitHub's added subjects, nothing that the old
    one doesn't. Nobody can be a deleted principal again, so a line without narrowed lines loses no caller.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-roles
    """
    allows = (statement for statement in new.statements if statement.effect is Effect.ALLOW)
    both = policy_from_statements((*old.statements, *allows), version=old.version)
    lines = trust_lines(both)
    own = tuple(line for line in lines if line.statement.index < len(old.statements))
    refused = frozenset(line for line in own if line.is_deleted or lacks_demanded(line))
    replaced = frozenset((line.kind, line.value) for line in refused)
    stays = {*own, *(line for line in lines if (line.kind, line.value) in replaced)} - refused
    return policy_from_lines(
        both,
        [
            NarrowedLine(line, Treatment.KEPT if line in stays else Treatment.DROPPED, line.statement.conditions, ())
            for line in lines
        ],
        place="undo",
    )

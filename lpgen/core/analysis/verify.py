"""Verification: an independent check of a written replacement, from only its JSON, the old policies and the usage.

It shares no decision with generation. It reads and expands the written documents again, and proves each claim by the
containment of patterns and the structure of conditions. It names everything that it can't prove.
"""

from __future__ import annotations

from collections.abc import Sequence

from lpgen.core.analysis.grants.aws_policies import without_left
from lpgen.core.analysis.verification.containment import check_use_is_covered, check_within_grants
from lpgen.core.analysis.verification.decided_requests import HUNT_SIZE, check_hunt, check_replay
from lpgen.core.analysis.verification.documents import (
    COMPARABLE,
    WrittenDocument,
    check_actions,
    check_denies,
    check_limits,
    left_allows,
    new_allows,
)
from lpgen.core.analysis.verification.reasons import Claims, check_left, check_pairs_have_reasons, stated_pairs
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.evidence import PrincipalGrants, PrincipalUsage
from lpgen.core.globs.step_budget import PRINCIPAL_STEPS, StepsUsedUpError, step_budget
from lpgen.core.guards import NO_GUARDS, Guards
from lpgen.core.iam.limits import ATTACHED_POLICIES_LIMIT
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import Policy
from lpgen.core.replacements import Check, CheckStatus, Decision, LeftPolicy, Replacement, Verification


def verify_generated(
    replacement: Replacement,
    grants: PrincipalGrants,
    usage: PrincipalUsage,
    catalog: Catalog,
    *,
    decisions: Sequence[Decision],
    guards: Guards = NO_GUARDS,
) -> Verification | None:
    """The checks on a replacement that isn't written yet, by its JSON; None if it was refused."""
    if replacement.refusal:
        return None
    documents = tuple(
        WrittenDocument(name, document.inline, policy_from_json(document.text, place=name))
        for number, document in enumerate(replacement.documents, start=1)
        for name in (f"policy-{number}.json",)
    )
    return verify_replacement(
        documents,
        grants,
        usage,
        catalog,
        claims=Claims(grants.principal.arn, stated_pairs(replacement), decisions),
        guards=guards,
        attached_quota=replacement.attached_quota,
        left=replacement.left,
    )


def documents_of_replacement(replacement: Replacement) -> tuple[Policy, ...]:
    """The policies of a principal with its replacement, including policies left attached; none if it was refused."""
    written = (policy_from_json(document.text, place=document.name) for document in replacement.documents)
    return (*written, *(policy.document for policy in replacement.left))


def verify_replacement(
    documents: Sequence[WrittenDocument],
    grants: PrincipalGrants,
    usage: PrincipalUsage,
    catalog: Catalog,
    *,
    claims: Claims,
    guards: Guards = NO_GUARDS,
    hunt_size: int = HUNT_SIZE,
    attached_quota: int = ATTACHED_POLICIES_LIMIT,
    left: Sequence[LeftPolicy] = (),
) -> Verification:
    """The checks on one principal's written documents.

    `usage` is the principal's counted use. `claims` are the reasons in the evidence file for lines without use, and the
    uses that decisions drop. A claim justifies that a line exists, never that it is allowed. `guards` are the policies
    other than the principal's own that apply to its requests. `attached_quota` is how many managed policies it may
    have. `left` are its policies left attached. If the policies take too many steps to compare, nothing is proven.
    """
    try:
        with step_budget(PRINCIPAL_STEPS):
            news = new_allows(documents, catalog)
            held = (*news, *left_allows(grants, left))
            whole = (*documents, *(WrittenDocument(policy.arn, False, policy.document) for policy in left))
            checks = (
                check_actions(documents, catalog),
                check_use_is_covered(held, grants, usage, catalog, claims=claims),
                check_replay(whole, grants, usage, catalog, claims=claims, guards=guards),
                check_within_grants(news, grants),
                check_hunt(whole, news, grants, catalog, size=hunt_size),
                check_pairs_have_reasons(news, usage, catalog, claims=claims),
                check_denies(documents, without_left(grants, left)),
                check_limits(documents, grants.principal.kind, attached_quota=attached_quota, left=len(left)),
                *([check_left(left, grants, usage, catalog, claims=claims)] if left else []),
            )
    except StepsUsedUpError as error:
        checks = (Check(COMPARABLE, CheckStatus.UNPROVEN, 0, (error.message,)),)
    return Verification(grants.principal.arn, checks)

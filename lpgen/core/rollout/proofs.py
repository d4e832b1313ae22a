"""Proves the new policies of a rollout from the old and new documents only, without logs or evidence.

Both `plan` and `apply` use these proofs, because neither trusts that a file is as lpgen wrote it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from lpgen.core.analysis.grants.principal_grants import grants_from_principals
from lpgen.core.analysis.verification.containment import check_within_grants
from lpgen.core.analysis.verification.decided_requests import check_hunt
from lpgen.core.analysis.verification.documents import (
    COMPARABLE,
    CheckNotes,
    NewAllow,
    WrittenDocument,
    check_actions,
    check_denies,
    check_limits,
    new_allows,
)
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.evidence import PrincipalGrants
from lpgen.core.globs.step_budget import PRINCIPAL_STEPS, StepsUsedUpError, step_budget
from lpgen.core.iam.limits import ATTACHED_POLICIES_LIMIT
from lpgen.core.iam.policy import policy_from_json, policy_size
from lpgen.core.model import Policy, Principal
from lpgen.core.replacements import Check, CheckStatus
from lpgen.core.rollout.calls import CallKind, IamCall
from lpgen.core.rollout.plan import PolicyText, PrincipalPlan
from lpgen.core.rollout.plan_rollout import principal_before
from lpgen.core.rollout.trust_change import TRUST_POLICY, TrustChange, added_subjects
from lpgen.core.trust.evidence import TrustEvidence
from lpgen.core.trust.proof import disprove
from lpgen.core.trust.undo import why_no_undo

_NO_GAP: Final = "nothing is missing between two calls"
_FAILS: Final = "the check `{name}` fails: {finding}{more}"
_UNPROVEN: Final = "the check `{name}` can't be proven: {finding}{more}"
PROOF_HUNT_SIZE: Final = 128
"""How many requests the search for new access tries for each principal of a rollout."""


def prove_plans(
    plans: Iterable[PrincipalPlan],
    catalog: Catalog,
    *,
    attached_quota: int = ATTACHED_POLICIES_LIMIT,
    hunt_size: int = PROOF_HUNT_SIZE,
) -> dict[str, tuple[Check, ...]]:
    """The checks on each plan that changes something, by the principal's ARN.

    They prove that nothing new is allowed, that every Deny is kept, that no permission that the principal keeps is
    missing between two calls, that each Allow names actions of the catalog, and that AWS accepts the documents.
    `attached_quota` is how many managed policies a principal may have. If a comparison takes too many steps, nothing is
    proven.

    Raises:
        PolicyError: a document breaks IAM's grammar.
    """
    proven = {plan.principal: plan for plan in plans if plan.calls or plan.documents or plan.trust}
    return {
        grants.principal.arn: _checks(
            proven[grants.principal.arn], grants, catalog, attached_quota=attached_quota, hunt_size=hunt_size
        )
        for grants in grants_from_principals(map(principal_before, proven.values()), catalog)
    }


def unproven(checks: Iterable[Check]) -> Iterator[str]:
    """A sentence for each check that fails or can't prove its claim."""
    for check in checks:
        if check.status is not CheckStatus.PASSED:
            more = f", and {len(check.findings) - 1} more" if len(check.findings) > 1 else ""
            says = _FAILS if check.status is CheckStatus.FAILED else _UNPROVEN
            yield says.format(name=check.name, finding=check.findings[0], more=more)


def _checks(
    plan: PrincipalPlan, grants: PrincipalGrants, catalog: Catalog, *, attached_quota: int, hunt_size: int
) -> tuple[Check, ...]:
    try:
        with step_budget(PRINCIPAL_STEPS):
            return _check_all(plan, grants, catalog, attached_quota=attached_quota, hunt_size=hunt_size)
    except StepsUsedUpError as error:
        return (CheckNotes(COMPARABLE, unproven=[error.message]).check(),)


def _check_all(
    plan: PrincipalPlan, grants: PrincipalGrants, catalog: Catalog, *, attached_quota: int, hunt_size: int
) -> tuple[Check, ...]:
    trust = tuple(_check_trusts(plan, grants.principal))
    if plan.is_trust_only and all(call.kind is CallKind.NARROW_TRUST for call in plan.calls):
        return trust  # the policies stay as they are
    whole = tuple(map(_written, plan.after or _for_others(plan)))
    documents = tuple(document for document in whole if document.file not in plan.left)
    news = new_allows(documents, catalog)
    return (
        check_actions(documents, catalog),
        check_within_grants(news, grants),
        check_denies(whole, grants),
        _check_moments(plan.calls, whole, grants, catalog),
        check_limits(documents, plan.kind, attached_quota=attached_quota, left=len(plan.left)),
        check_hunt(whole, news, grants, catalog, size=hunt_size),
        *trust,
    )


def _check_trusts(plan: PrincipalPlan, role: Principal) -> Iterator[Check]:
    if plan.trust:
        yield check_trust(role, plan.trust.policies[1])
        if plan.trust.nearest:
            yield _check_nearest(role, plan.trust)


_NEAREST_CHECK: Final = "an undo keeps the narrowed trust, and allows nothing new"


def _check_nearest(role: Principal, change: TrustChange) -> Check:
    """The check that IAM accepts the policy that an undo puts in place, and that it lies between the narrowed trust
    policy and the old one. So it allows each recorded assumption, because the narrowed one does."""
    nearest, new = policy_from_json(change.nearest, place=TRUST_POLICY), change.policies[1]
    within = check_trust(role, nearest)
    lost = disprove(nearest, new, role, (), added=added_subjects(nearest, new))
    failed = [why for why in (lost, why_no_undo(nearest)) if why]
    return CheckNotes(_NEAREST_CHECK, 1, [*within.findings, *failed]).check()


_TRUST_CHECK: Final = "the trust policy allows nothing new"
_UNKNOWN_TRUST: Final = "the old trust policy isn't known"
_LONG_TRUST: Final = "it has {size:,} characters, and AWS allows {most:,}"


def check_trust(role: Principal, new: Policy, evidence: TrustEvidence | None = None) -> Check:
    """The check that a narrowed trust policy allows only what the role's own one allows.

    With `evidence`, it must also allow each recorded assumption and fit into the account's quota, and its ids of GitHub
    must be known. A rollout asks IAM for the quota.
    """
    found = CheckNotes(_TRUST_CHECK, examined=1)
    if role.trust is None:
        found.unproven.append(_UNKNOWN_TRUST)
        return found.check()
    added = added_subjects(role.trust, new, evidence.ids if evidence else None)
    why = disprove(role.trust, new, role, evidence.successes(role) if evidence else (), added=added)
    if why:
        found.failed.append(why)
    size = policy_size(new)
    if evidence and size > evidence.quota(role):
        found.failed.append(_LONG_TRUST.format(size=size, most=evidence.quota(role)))
    return found.check()


def _for_others(plan: PrincipalPlan) -> Iterator[PolicyText]:
    """The policies after other people put the documents in place, for permission sets and templates."""
    yield from (PolicyText(document.file, document.inline, document.text) for document in plan.documents)
    yield from (text for text in plan.before if text.policy in plan.left)


def _written(text: PolicyText) -> WrittenDocument:
    return WrittenDocument(text.policy, text.inline, policy_from_json(text.text, place=text.policy))


# ---------------------------------------------------------------- between two calls


def _check_moments(
    calls: Sequence[IamCall], documents: Sequence[WrittenDocument], grants: PrincipalGrants, catalog: Catalog
) -> Check:
    """The check that after each removal, every Deny is in place, and old or new policies grant all kept permissions.

    INVARIANT: the check reads the order of the calls themselves, so an edited order can't open a gap.
    """
    found = CheckNotes(_NO_GAP)
    held = {policy.arn or policy.name: policy.document for policy in grants.principal.policies}
    new = {document.file: document for document in documents}
    for call in calls:
        if call.kind in (CallKind.ATTACH, CallKind.PUT_INLINE):
            held[call.policy] = new[call.policy].policy if call.policy in new else None
        elif call.kind in (CallKind.DETACH, CallKind.DELETE_INLINE):
            held.pop(call.policy, None)
            found.examined += 1
            now = [WrittenDocument(name, False, policy) for name, policy in held.items() if policy is not None]
            coming = [document for name, document in new.items() if name not in held]
            with step_budget(PRINCIPAL_STEPS):  # one budget per removal, because there may be many
                checks = (
                    check_denies(now, grants),
                    check_within_grants(_single_actions(coming, catalog), _still_held(grants, held.keys())),
                )
            for check in checks:
                (found.failed if check.status is CheckStatus.FAILED else found.unproven).extend(
                    f"without {call.policy}: {finding}" for finding in check.findings
                )
    return found.check()


def _single_actions(documents: Sequence[WrittenDocument], catalog: Catalog) -> Iterator[NewAllow]:
    """The Allows of documents, one per action, because different old policies may still grant them."""
    for new in new_allows(documents, catalog):
        yield from (replace(new, actions=frozenset((action,))) for action in sorted(new.actions))


def _still_held(grants: PrincipalGrants, held: Iterable[str]) -> PrincipalGrants:
    names = frozenset(held)
    return replace(grants, allows=tuple(grant for grant in grants.allows if grant.ref.policy in names))

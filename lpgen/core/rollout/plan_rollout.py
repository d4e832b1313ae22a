"""Computes the calls that put a written replacement in place of the old policies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from lpgen.core.iam.limits import ROLE_INLINE_LIMIT, USER_INLINE_LIMIT
from lpgen.core.iam.policy import policy_from_json, policy_size, policy_to_json, says_the_same
from lpgen.core.identity_center import permission_set_policy
from lpgen.core.model import AttachedPolicy, Effect, Policy, PolicyKind, Principal, PrincipalKind
from lpgen.core.rollout.calls import POLICY_PATH, CallKind, IamCall, inverse_calls
from lpgen.core.rollout.fingerprint import name_by_content, policies_sha256
from lpgen.core.rollout.order import NewPolicy, OldPolicy, Order, QuotaHeadroom, Step, order_steps
from lpgen.core.rollout.plan import NO_PEAK, Peak, PolicyText, PrincipalPlan
from lpgen.core.rollout.refusals import (
    Exceptions,
    Refusal,
    RefusalKind,
    named_by,
    refusals_of_principal,
    refusals_of_written,
)
from lpgen.core.rollout.trust_change import TRUST_POLICY, TrustChange, notes_of_change
from lpgen.core.rollout.written_replacement import WrittenPlan, stack_resources
from lpgen.core.trust.undo import nearest_policy, why_no_undo

_DETACHED: Final = "detached, but not deleted: {policies}"
_ONLY_TRUST: Final = "only the trust policy changes, because there is no replacement for the policies"
_BOUNDARY_STAYS: Final = "the boundary {name} stays"
_DESCRIPTION: Final = "What the {kind} {name} uses of its policies, by lpgen from logs until {as_of}"
_IN_PLACE: Final = Refusal.of(RefusalKind.NOTHING_TO_DO, case="in-place")


def plan_principal(written: WrittenPlan, principal: Principal | None, exceptions: Exceptions) -> PrincipalPlan:
    """The plan for one principal. `principal` comes from the given policies; None if they lack it."""
    if principal is None:
        return _unknown(written)
    if _is_in_place(written, principal) and _needed_change(written, principal) is None:
        return _plan(written, principal, refusals=(_IN_PLACE,))
    refusals = (
        *refusals_of_principal(principal, exceptions, folder=written.folder),
        *refusals_of_written(written, principal, exceptions),
    )
    if refusals:
        return _plan(written, principal, refusals=refusals)
    must_restore = not named_by(principal, exceptions.no_exact_undo)
    return _replace_policies(written, principal, exceptions.attached_quota, must_restore=must_restore)


def _is_in_place(written: WrittenPlan, principal: Principal) -> bool:
    return written.is_trust_only or says_the_same(principal, _held_after(written, principal))


def _trust_change(written: WrittenPlan, principal: Principal) -> TrustChange | None:
    if not written.trust or principal.trust is None:
        return None
    change = TrustChange(policy_to_json(principal.trust), written.trust)
    old, new = change.policies
    return replace(change, nearest=policy_to_json(nearest_policy(old, new))) if why_no_undo(old) else change


def _needed_change(written: WrittenPlan, principal: Principal) -> TrustChange | None:
    """The change of a trust policy that isn't in place yet."""
    change = _trust_change(written, principal)
    return change if change is not None and change.is_needed else None


def _held_after(written: WrittenPlan, principal: Principal) -> Iterable[Policy]:
    """The policies of a principal with the replacement."""
    yield from (policy_from_json(document.text, place=document.file) for document in written.documents)
    yield from (
        policy.document for policy in principal.policies if policy.arn in written.left and policy.document is not None
    )


def refuse(plan: PrincipalPlan, refusals: Iterable[Refusal]) -> PrincipalPlan:
    """The plan with further refusals. If there are any, nothing of it is put in place."""
    found = tuple(refusals)
    if not found:
        return plan
    return replace(
        plan,
        refusals=(*plan.refusals, *found),
        after=(),
        calls=(),
        inverse=(),
        peak=NO_PEAK,
        notes=(),
        documents=(),
        permission_set="",
        code="",
        left=(),
        trust=None,
    )


def derive_again(plan: PrincipalPlan, *, as_of: str, attached_quota: int) -> PrincipalPlan:
    """The plan that follows from another plan's policies and documents. Both are equal unless somebody edited it.

    Raises:
        PolicyError: a document breaks IAM's grammar.
    """
    trust = plan.trust.after if plan.trust else ""
    written = WrittenPlan(
        plan.principal, plan.principal_id, plan.folder, plan.safe, (), as_of, "", plan.documents, plan.left, trust
    )
    derived = _replace_policies(written, principal_before(plan), attached_quota, must_restore=False)
    return replace(derived, sha256=plan.sha256)


def principal_before(plan: PrincipalPlan) -> Principal:
    """The principal in a plan, with only the facts in the plan and its earlier policies.

    Raises:
        PolicyError: a document breaks IAM's grammar.
    """
    boundary = AttachedPolicy(PolicyKind.CUSTOMER_MANAGED, plan.boundary, plan.boundary, "", None, None)
    return Principal(
        arn=plan.principal,
        principal_id=plan.principal_id,
        account=plan.account,
        kind=plan.kind,
        name=plan.name,
        path="/",
        policies=tuple(map(_attached, plan.before)),
        boundary=boundary if plan.boundary else None,
        trust=policy_from_json(plan.trust.before, place=TRUST_POLICY) if plan.trust else None,
    )


def _attached(text: PolicyText) -> AttachedPolicy:
    arn = "" if text.inline else text.policy
    of_aws = arn.split(":")[4:5] == ["aws"]
    kind = PolicyKind.AWS_MANAGED if of_aws else PolicyKind.CUSTOMER_MANAGED if arn else PolicyKind.INLINE
    document = policy_from_json(text.text, place=text.policy)
    return AttachedPolicy(kind, text.policy.rpartition("/")[2] if arn else text.policy, arn, "", None, document)


def _replace_policies(
    written: WrittenPlan, principal: Principal, attached_quota: int, *, must_restore: bool
) -> PrincipalPlan:
    new = tuple(_new_policies(written, principal))
    own = [policy for policy in principal.policies if not policy.group]
    kept, taken = _policies_that_stay(new, own)
    if taken:
        return _plan(written, principal, refusals=(Refusal.of(RefusalKind.NAME_TAKEN, case="own", policy=taken[0]),))
    kept.update(written.left)
    change = _needed_change(written, principal)
    if change is not None and must_restore and (why := why_no_undo(change.policies[0])):
        return _plan(written, principal, refusals=(Refusal.of(RefusalKind.NO_UNDO, why=why),))
    if _is_in_place(written, principal):
        new, own = (), []
    order = order_steps(
        (policy for policy, call in new if call.policy not in kept),
        (_old_policy(policy, written) for policy in own if (policy.arn or policy.name) not in kept),
        _room(principal, own, kept, attached_quota),
    )
    if isinstance(order, str):
        return _plan(written, principal, refusals=(Refusal.of(RefusalKind.NO_SPACE, case="order", why=order),))
    if not order.steps and change is None:
        return _plan(written, principal, refusals=(_IN_PLACE,))
    return _planned(written, principal, order, change)


def _room(principal: Principal, own: Iterable[AttachedPolicy], kept: set[str], attached_quota: int) -> QuotaHeadroom:
    """The part of the quotas that the remaining policies leave."""
    staying = [policy for policy in own if (policy.arn or policy.name) in kept]
    inline = ROLE_INLINE_LIMIT if principal.kind is PrincipalKind.ROLE else USER_INLINE_LIMIT
    return QuotaHeadroom(
        attached_quota - sum(policy.kind is not PolicyKind.INLINE for policy in staying),
        inline - sum(policy_size(policy.document or "") for policy in staying if policy.kind is PolicyKind.INLINE),
    )


def _policies_that_stay(
    new: Iterable[tuple[NewPolicy, IamCall]], own: Iterable[AttachedPolicy]
) -> tuple[set[str], list[str]]:
    """The new policies that are already in place, and the names that already have another document."""
    held = {policy.arn or policy.name: policy.document for policy in own}
    wanted = {call.policy: policy_from_json(policy.text, place=policy.file) for policy, call in new}
    both = sorted(held.keys() & wanted.keys())
    same = {name for name in both if (found := held[name]) and policy_to_json(found) == policy_to_json(wanted[name])}
    return same, [name for name in both if name not in same]


def _unknown(written: WrittenPlan) -> PrincipalPlan:
    fields = written.principal.split(":", 5)
    kind = PrincipalKind.USER if fields[-1].startswith("user/") else PrincipalKind.ROLE
    return PrincipalPlan(
        principal=written.principal,
        principal_id=written.principal_id,
        account=fields[4] if len(fields) == 6 else "",
        kind=kind,
        name=written.principal.rpartition("/")[2],
        safe=written.safe,
        sha256="",
        folder=written.folder,
        refusals=(Refusal.of(RefusalKind.NOT_IN_POLICIES),),
    )


# ---------------------------------------------------------------- calls


def _planned(written: WrittenPlan, principal: Principal, order: Order, change: TrustChange | None) -> PrincipalPlan:
    calls = _calls(order.steps, written, principal)
    if change is not None:
        calls += (IamCall(CallKind.NARROW_TRUST, principal.kind, principal.name, TRUST_POLICY, change.after),)
    own = {policy.arn for policy in principal.policies if policy.kind is PolicyKind.CUSTOMER_MANAGED}
    detached = [call.policy for call in calls if call.kind is CallKind.DETACH and call.policy in own]
    notes = [
        order.note,
        _ONLY_TRUST if written.is_trust_only else "",
        _DETACHED.format(policies=", ".join(detached)) if detached else "",
        _BOUNDARY_STAYS.format(name=_name_of_boundary(principal)) if principal.boundary else "",
        *(f"{arn} stays attached" for arn in written.left),
        *(notes_of_change(principal.name, change) if change is not None else ()),
    ]
    peak = replace(order.peak, attached=order.peak.attached + len(written.left))
    return _plan(written, principal, calls, peak, notes=tuple(filter(None, notes)))


def _plan(
    written: WrittenPlan,
    principal: Principal,
    calls: tuple[IamCall, ...] = (),
    peak: Peak = NO_PEAK,
    *,
    refusals: tuple[Refusal, ...] = (),
    notes: tuple[str, ...] = (),
) -> PrincipalPlan:
    before = tuple(own_texts(principal))
    trust = _trust_change(written, principal)
    # Other people put a replacement in place only if there is no other refusal.
    kinds = {refusal.kind for refusal in refusals}
    of_set = kinds == {RefusalKind.SSO} and not written.is_trust_only
    as_code = kinds == {RefusalKind.MANAGED_AS_CODE}
    is_proposed = bool(calls) or of_set or as_code
    return PrincipalPlan(
        principal=principal.arn,
        principal_id=principal.principal_id,
        account=principal.account,
        kind=principal.kind,
        name=principal.name,
        safe=written.safe,
        sha256=policies_sha256(principal),
        folder=written.folder,
        before=before,
        after=tuple(texts_after(before, calls)) if calls else (),
        calls=calls,
        inverse=inverse_calls(calls, replaced_texts(before, trust)),
        peak=peak,
        refusals=refusals,
        notes=notes,
        boundary=_name_of_boundary(principal),
        documents=written.documents if is_proposed else (),
        permission_set=permission_set_policy(document.text for document in written.documents) if of_set else "",
        code=stack_resources(written.documents, principal, written.left, trust=written.trust) if as_code else "",
        left=written.left if is_proposed else (),
        trust=trust if is_proposed else None,
    )


def _name_of_boundary(principal: Principal) -> str:
    return (principal.boundary.arn or principal.boundary.name) if principal.boundary else ""


def own_texts(principal: Principal) -> Iterable[PolicyText]:
    """The documents of a principal's own policies, if known."""
    for policy in principal.policies:
        if not policy.group and policy.document is not None:
            inline = policy.kind is PolicyKind.INLINE
            yield PolicyText(policy.name if inline else policy.arn, inline, policy_to_json(policy.document))


def replaced_texts(before: Iterable[PolicyText], trust: TrustChange | None) -> dict[str, str]:
    """The texts that the inverse calls put back, by name: inline policies, and the trust policy if it changes."""
    return {text.policy: text.text for text in before if text.inline} | (
        {TRUST_POLICY: trust.restored} if trust else {}
    )


def texts_after(before: Iterable[PolicyText], calls: Iterable[IamCall]) -> Iterable[PolicyText]:
    """The unchanged policies, and the new documents."""
    changed = {call.policy for call in calls}
    yield from (text for text in before if text.policy not in changed)
    for call in calls:
        if call.kind in (CallKind.CREATE_POLICY, CallKind.PUT_INLINE):
            yield PolicyText(call.policy, call.kind is CallKind.PUT_INLINE, call.document)


def _calls(steps: Iterable[Step], written: WrittenPlan, principal: Principal) -> tuple[IamCall, ...]:
    """The calls in order. All policies are created before the first is attached or put, so a document that IAM rejects
    changes no principal."""
    made: list[IamCall] = []
    others: list[IamCall] = []
    for step in steps:
        if isinstance(step, NewPolicy):
            call = _call_for_new(step, written, principal)
            if call.kind is CallKind.CREATE_POLICY:
                made.append(call)
                others.append(IamCall(CallKind.ATTACH, principal.kind, principal.name, call.policy))
            else:
                others.append(call)
        else:
            kind = CallKind.DELETE_INLINE if step.inline else CallKind.DETACH
            others.append(IamCall(kind, principal.kind, principal.name, step.policy))
    return (*made, *others)


def _new_policies(written: WrittenPlan, principal: Principal) -> Iterable[tuple[NewPolicy, IamCall]]:
    for document in written.documents:
        file, text = document.file, document.text
        denies = _denies(policy_from_json(text, place=file))
        policy = NewPolicy(file, document.inline, text, policy_size(text), denies)
        yield policy, _call_for_new(policy, written, principal)


def _call_for_new(policy: NewPolicy, written: WrittenPlan, principal: Principal) -> IamCall:
    document = next(document for document in written.documents if document.file == policy.file)
    name = name_by_content(document.name, document.text, principal=principal.arn, principal_id=principal.principal_id)
    if policy.inline:
        return IamCall(CallKind.PUT_INLINE, principal.kind, principal.name, name, policy.text)
    partition = principal.arn.split(":", 2)[1]
    return IamCall(
        CallKind.CREATE_POLICY,
        principal.kind,
        principal.name,
        f"arn:{partition}:iam::{principal.account}:policy{POLICY_PATH}{name}",
        policy.text,
        _DESCRIPTION.format(kind=principal.kind, name=principal.name, as_of=written.as_of),
        (("lpgen:principal-id", principal.principal_id), ("lpgen:as-of", written.as_of)),
    )


def _old_policy(policy: AttachedPolicy, written: WrittenPlan) -> OldPolicy:
    name, inline = policy.arn or policy.name, policy.kind is PolicyKind.INLINE
    document = policy.document or policy_from_json('{"Statement": []}', place=name)
    narrowed_by = frozenset(document.file for document in written.documents if name in document.narrows)
    return OldPolicy(name, inline, policy_size(document), _denies(document), narrowed_by)


def _denies(policy: Policy) -> bool:
    return any(statement.effect is Effect.DENY for statement in policy.statements)

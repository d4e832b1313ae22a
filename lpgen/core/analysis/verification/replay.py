"""The check that replays each use through the decision core, before and after."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from lpgen.core.analysis.grants.applicable_policies import known_context, policies_met, replayed_resource, request_of
from lpgen.core.analysis.verification.claims import Claims
from lpgen.core.analysis.verification.written import CheckNotes, WrittenDocument
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.evidence import PrincipalGrants, PrincipalUsage, StatementRef
from lpgen.core.guards import Guards
from lpgen.core.iam.authorize import decide
from lpgen.core.iam.decision import AuthorizationDecision, Layer, PolicySet, Request, Result
from lpgen.core.model import Effect, Outcome, Principal
from lpgen.core.replacements import Check

_MAY_PASS: Final = (Result.ALLOWED, Result.DEPENDS)


def check_replay(
    documents: Iterable[WrittenDocument],
    grants: PrincipalGrants,
    usage: PrincipalUsage,
    catalog: Catalog,
    *,
    claims: Claims,
    guards: Guards,
) -> Check:
    """The check that replays each use, in each context that its records show, under the old and the new policies.

    Allowed use must remain allowed. Where the result depends on keys that the records don't show, it must still depend
    on the same keys; otherwise it is unproven. Use that the old policies deny says nothing about the replacement; where
    the guards or a Deny given deny all use that the principal's own Allows grant, nothing is compared, and the check
    fails. A resource that wasn't read can't be replayed: the check of use compares its statement instead.
    """
    found = CheckNotes("replay: what was allowed is allowed")
    principal = grants.principal
    written = tuple(document.policy for document in documents)
    denied = ""
    for use in usage.uses:
        resource = replayed_resource(use)
        if use.outcome is Outcome.DENIED or resource is None:
            continue
        if claims.is_dropped(use.action, use.evidence.example_resource):
            continue
        old = policies_met(principal, resource.text, guards)
        new = policies_met(principal, resource.text, guards, identity=written)
        for seen in use.contexts:
            context = known_context(principal, resource, seen)
            request = request_of(principal, use.action, resource, context=context, guards=guards)
            before = decide(request, old, catalog=catalog)
            what = f"{use.action} on {resource.text}"
            if before.result not in _MAY_PASS:
                if not denied and use.outcome is Outcome.ALLOWED and _is_granted(request, old, catalog):
                    denied = what
                continue
            found.examined += 1
            after = decide(request, new, catalog=catalog)
            example = f"(example {use.evidence.example_event_id})"
            if after.result is not Result.ALLOWED and after.result is not before.result:
                found.failed.append(
                    f"{what} was {before.result}{_line_lost(before, principal)}, and would be {after.result} {example}"
                )
            elif after.result is Result.DEPENDS and after.depends_on != before.depends_on:
                keys = ", ".join(sorted(set(before.depends_on) ^ set(after.depends_on)))
                found.unproven.append(f"{what} depends on {keys} in another way than before {example}")
    if denied and not found.examined:
        found.failed.append(f"nothing was compared: the policies given deny all recorded use, such as {denied}")
    return found.check()


def _is_granted(request: Request, held: PolicySet, catalog: Catalog) -> bool:
    """Whether an Allow of the principal's own policies may grant a request, whatever denies it."""
    allows = tuple(
        replace(policy, statements=tuple(one for one in policy.statements if one.effect is Effect.ALLOW))
        for policy in held.identity
    )
    return decide(request, PolicySet(identity=allows), catalog=catalog).result in _MAY_PASS


def _line_lost(before: AuthorizationDecision, principal: Principal) -> str:
    """Which old statement allowed a request, for people."""
    held = [policy for policy in principal.policies if policy.document is not None]
    for reason in before.reasons:
        if reason.layer is Layer.IDENTITY and reason.effect is Effect.ALLOW:
            policy = held[reason.policy]
            ref = StatementRef(policy.arn or policy.name, policy.kind, policy.group, reason.statement, reason.sid)
            return f" by {ref}"
    return ""

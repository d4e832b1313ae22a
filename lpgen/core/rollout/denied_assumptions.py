"""The denied requests for sessions of a role since its trust policy was narrowed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from lpgen.core.model import AssumptionMethod, Outcome, Policy, Principal
from lpgen.core.rollout.calls import CallKind
from lpgen.core.rollout.denials import PoliciesSince
from lpgen.core.rollout.plan import PrincipalPlan
from lpgen.core.rollout.plan_rollout import principal_before
from lpgen.core.trust.evidence import by_role
from lpgen.core.trust.lines import lines_for, request_key, trust_lines
from lpgen.core.trust.proof import keeps
from lpgen.core.trust.roles import Caller, callers_of
from lpgen.core.usage.assumptions import OVERFLOW, Assumption, assumptions_from_usage
from lpgen.core.usage.tables import Usage


@dataclass(frozen=True, slots=True)
class DeniedAssumption:
    """Denied requests of one caller since the rollout. `lost` says that the narrowed trust policy may have caused them.

    If `straddles`, the records may include some from before the rollout, because records of one day and kind are
    counted together. `restored` says that a trust policy read on a later day allows the request again. `names_role` is
    false if the records don't name the role.
    """

    caller: Caller
    straddles: bool
    before_too: bool
    lost: bool
    restored: bool
    names_role: bool
    why: str


_LOST: Final = "the narrowed trust policy doesn't allow it, and the old one did, or may have"
_KEPT: Final = "the narrowed trust policy allows it as the old one did, so something else denies it"
_NEVER_ALLOWED: Final = "the old trust policy didn't allow it either"
_METHODS: Final = (AssumptionMethod.ASSUME_ROLE, AssumptionMethod.SAML, AssumptionMethod.WEB_IDENTITY)


def denied_assumptions(
    plan: PrincipalPlan, since: datetime, usage: Usage, now: PoliciesSince | None
) -> Iterator[DeniedAssumption]:
    """The denied requests for sessions of a role since its rollout, if this narrowed the trust policy."""
    if plan.trust is None or not any(call.kind is CallKind.NARROW_TRUST for call in plan.calls):
        return
    role, (old, new) = principal_before(plan), plan.trust.policies
    table = usage.assumptions.filter(pc.equal(usage.assumptions.column("outcome"), Outcome.DENIED.value))
    moment = pa.scalar(since, table.schema.field("last_seen").type)
    later = _by_request(role, replace(usage, assumptions=table.filter(pc.greater_equal(table["last_seen"], moment))))
    earlier = _by_request(role, replace(usage, assumptions=table.filter(pc.less(table["first_seen"], moment))))
    today = now.trusts.get((plan.principal, plan.principal_id)) if now else None
    for (names_role, key), uses in sorted(later.items()):
        is_lost, why = _judge(uses[0], old, new, role)
        again = is_lost and today is not None and not _judge(uses[0], old, today, role)[0]
        before = earlier.get((names_role, key), ())
        for caller in callers_of(uses) if is_lost or names_role else ():
            restored = again and now is not None and now.taken.date() > caller.last_day
            straddles = not {*before}.isdisjoint(uses)
            yield DeniedAssumption(caller, straddles, bool(before), is_lost, restored, names_role, why)


def _by_request(role: Principal, usage: Usage) -> dict[tuple[bool, tuple[str, ...]], list[Assumption]]:
    """The requests for sessions of a role or, in its account, of a role that the record doesn't name, by what a trust
    policy can test. A refusal may be only in the log of the caller's account."""
    named = by_role(assumptions_from_usage(usage), [role], from_all=True)
    found: dict[tuple[bool, tuple[str, ...]], list[Assumption]] = defaultdict(list)
    for use in (*named.get(role.arn, ()), *named.get("", ())):
        if use.method in _METHODS and (use.role or use.account == role.account):
            found[bool(use.role), request_key(use)].append(use)
    return found


def _judge(use: Assumption, old: Policy, new: Policy, role: Principal) -> tuple[bool, str]:
    """Whether a policy may deny a request that the old one allowed, and why it was denied."""
    before = trust_lines(old)
    if use.caller_kind == OVERFLOW:  # the caller isn't known
        return True, _LOST
    if not lines_for(use, before, role):
        return False, _NEVER_ALLOWED
    return (False, _KEPT) if keeps(use, before, trust_lines(new), role) else (True, _LOST)

"""A Deny of services that no account of a unit used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lpgen.core.guardrails.organization import ServiceAccess
from lpgen.core.guardrails.reasons import ReasonKind, reason
from lpgen.core.guardrails.scp import Kept, Parts, UnitDraft, uses_by_name
from lpgen.core.model import Visibility

_NEEDED: Final = "accounts need it to be managed, watched and paid for"
_REPORTED: Final = "the access report has a date"
_ENDED: Final = "the catalog knows no action of it"
_UNRECORDED: Final = "CloudTrail doesn't record its calls"
_DENIED: Final = "an SCP of today denies it"
_SID: Final = "LpgenUnusedServices"


def unused_services(draft: UnitDraft) -> Parts:
    """The services that the unit's access report lists without a date, and that no call in the logs used.

    The report lists the services that the SCPs of the unit allow, each with the last request in the tracking period.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed-view-data-orgs.html
    """
    report = draft.world.organized.reports.get(draft.unit.id)
    if report is None:
        return Parts(reasons=(reason(ReasonKind.NO_ACCESS_REPORT, (draft.unit.id,)),))
    used = uses_by_name(draft.calls, lambda call: call.services)
    rows = {row.service: row for row in report}
    kept = {name: found for name, found in used.items() if name not in rows}
    kept |= {name: found for name, row in rows.items() if (found := _kept(name, row, used, draft))}
    denies = tuple(sorted(rows.keys() - kept.keys()))
    statements = {"Sid": _SID, "Effect": "Deny", "Action": [f"{name}:*" for name in denies], "Resource": "*"}
    already = any(found.why == _DENIED for found in kept.values())
    return Parts(denies, tuple(kept[name] for name in sorted(kept)), (statements,), already=already)


def _kept(name: str, row: ServiceAccess, used: dict[str, Kept], draft: UnitDraft) -> Kept | None:
    """Why a service isn't denied, or None."""
    found = used.get(name)
    why = next(_whys(name, row, draft), found.why if found else "")
    if not why:
        return None
    days = (found.last_used if found else None, row.last.date() if row.last else None)
    accounts = found.accounts if found else ()
    return Kept(name=name, why=why, last_used=max(filter(None, days), default=None), accounts=accounts)


def _whys(name: str, row: ServiceAccess, draft: UnitDraft) -> Iterator[str]:
    catalog, observability = draft.world.who.catalog, draft.world.who.observability
    actions = catalog.service_actions(name)
    if name in draft.facts.never_denied:
        yield _NEEDED
    elif row.is_used(draft.world.organized.organization.management_account):
        yield _REPORTED
    elif not actions:
        yield _ENDED
    elif not any(observability.visibility(action) is Visibility.MANAGEMENT for action in actions):
        yield _UNRECORDED
    elif all(draft.denied_today(action) for action in actions):
        yield _DENIED

"""Caveats about principals whose past use doesn't predict their next use.

- A mistake in the policies of tooling locks people out, and tooling deploys resources that don't exist yet.
- CloudFormation changes and deletes with its role what templates say, and the next template says something else.
  https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html
- People with nearly full access do something different each time.
- A principal that reads in nearly all services and does little else is a scanner. So is another account with a policy
  that AWS wrote for auditors. The next release of a scanner reads more, so AWS maintains policies for scanners.
  https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_job-functions.html
- A principal that makes backups restores them after a loss.
- Resources of the same name in several Regions are mostly replicas for a failover.
- A few active days don't show what people and deployments need: a workload repeats its calls, but a person or a
  deployment does something different each time.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from datetime import date
from itertools import islice, pairwise
from typing import Final

from lpgen.core.analysis.caveats.inputs import CaveatInputs, SnapshotResources
from lpgen.core.analysis.grants.aws_policies import aws_policy_name
from lpgen.core.analysis.grants.granting import grants_everything, regions_in
from lpgen.core.analysis.grants.trust import is_assumed_by_people, trusted_accounts, trusted_services
from lpgen.core.analysis.scopes.prefixes import is_whole_type, stem_of
from lpgen.core.analysis.scopes.scopes import ScopeFinder
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.catalog.danger import OF_APPLICATIONS
from lpgen.core.cloudtrail.visibility import VisibilityTable
from lpgen.core.evidence import PrincipalGrants, PrincipalUsage
from lpgen.core.globs.match import as_glob, has_wildcard
from lpgen.core.iam.match_resource import resource_contains, resources_intersect
from lpgen.core.identity_center import is_of_permission_set
from lpgen.core.model import (
    CURRENT_VERSION,
    OBSERVED,
    READ_LEVELS,
    Action,
    Outcome,
    Principal,
    PrincipalKind,
    Visibility,
)
from lpgen.core.registry.row import IAM_GUIDE, Caveat, CaveatKind, Row
from lpgen.core.replacements import Line, LineKind
from lpgen.core.tooling import tooling_of

_FOR_AUDITORS: Final = frozenset({"ReadOnlyAccess", "SecurityAudit", "job-function/ViewOnlyAccess"})
_BACKS_UP: Final = re.compile(r"(?:Create|Start|Copy)\w*(?:Backup|Snapshot)")
_RESTORES: Final = re.compile(r"(?:Create|Restore)\w*From\w*(?:Backup|Snapshot)|StartRestore")

MIN_SERVICES: Final = 20
"""The fewest services that a scanner reads. Applications rarely reach ten."""

_MAX_OTHER_SHARE: Final = 0.05
"""The largest share of a scanner's actions that may do more than list and read, such as assuming roles."""

AUDIT_POLICY: Final = "SecurityAudit"

_ENOUGH_DAYS: Final = 5
"""This many active days show what a person or a deployment role needs."""

_EMERGENCY_DAYS: Final = 2
"""The most active days of a principal for emergencies, or of one that has just been set up."""

_LEAST_GAP: Final = 7
_UNEVEN: Final = 4
"""How many days the gaps of a regular job may differ, because months and weekends differ."""

_CHANGES: Final = (
    *("Add", "Associate", "Attach", "Authorize", "Change", "Create", "Delete", "Deregister", "Detach", "Disable"),
    *("Disassociate", "Enable", "Modify", "Publish", "Put", "Register", "Remove", "Replace", "Restore", "Revoke"),
    *("Set", "Tag", "Untag", "Update"),
)
"""The verbs of operations that change how something is set up. Others, such as `Start`, run it."""

_WHY_DAYS_COUNT: Final = {
    "people": "people use it for something different each time",
    "control-plane": "it mostly changes how things are set up, and each change differs",
}

_AUDITOR: Final = "account {account} reads with {policy}"
_LOST_RESTORE: Final = "{backup}, and could no longer do {restore}"

BY_DESIGN: Final = "it reads in {services} services by design, as scanners do"
"""Why a policy of AWS suits a scanner."""


def _seldom_used_message(*, days: int, what: str, **_: object) -> str:
    """The few days on which a principal was active, and why that matters."""
    why = _WHY_DAYS_COUNT.get(what, "it may do nearly everything, so it may be for emergencies")
    return f"the logs show it active on only {days} {'day' if days == 1 else 'days'}, and {why}"


class UnpredictableCaveat(CaveatKind):
    """Reasons why past use doesn't show what a principal needs next."""

    UNPREDICTABLE = Row(
        "unpredictable",
        "Past use doesn't show what the principal needs next.",
        parameters={"case": str, "what": str, "services": int, "days": int},
        message={
            "tooling": "it is {what}, so `lpgen rollout` leaves it unchanged",
            "scanner": "it reads in {services} services and does little else, as scanners do, and the replacement"
            " removes what its next checks read",
            "seldom-used": _seldom_used_message,
            "administrator": "it gives people nearly full access, and each time they do something different,"
            " which the replacement would deny",
            "stacks": "{what} deploys stacks with it, and their templates decide what it changes and deletes next",
            "auditor": "{what}, as scanners do, and the replacement removes what its next release reads",
            "restore": "it uses {what}, which a restore needs",
            "failover": "its policies also allow {what}, which has the same name as a resource that it used in another"
            " Region, and the replacement would deny that after a failover",
            "break-glass": "the decisions file names it for emergencies (`{what}`), which need more than the logs show",
        },
        step={
            "tooling": "leave its policies as they are, or accept this",
            "scanner": "compare its policies with AWS's SecurityAudit and attach that instead, or accept this",
            "seldom-used": "ask its owner what it is for: name it under `break-glass` in the decisions file if it is"
            " for emergencies, otherwise wait for more active days or accept this",
            "break-glass": "keep it for emergencies, and set an alarm on its use",
            "administrator": "give people roles for their tasks, name access for emergencies under `break-glass` in the"
            " decisions file, or accept this",
            "stacks": "add decisions to keep what its stacks may need, including deletions, or accept this",
            "auditor": "leave AWS's policy for audits attached, or accept this",
            "restore": "keep the actions for a restore with decisions, or accept this",
            "failover": "keep the actions on that resource with decisions, or accept this",
        },
        item="{case}",
        help="It is tooling, where a mistake locks people out; or it reads in nearly all services, as scanners do; or "
        "people, deployments or emergencies need something different each time.",
        to_do="leave the policies of tooling and of access for emergencies as they are. To change tooling anyway, "
        "accept this and name it with `lpgen rollout plan --include`. Compare scanners with AWS's SecurityAudit.",
        source=f"{IAM_GUIDE}/access_policies_job-functions.html",
    )


def find_tooling(inputs: CaveatInputs) -> Iterator[Caveat]:
    """A caveat for a role of AWS's or the organization's tooling."""
    for kind in tooling_of(inputs.grants.principal):
        yield Caveat.of(UnpredictableCaveat.UNPREDICTABLE, case="tooling", what=kind.row.message)


def find_break_glass(inputs: CaveatInputs) -> Iterator[Caveat]:
    """A caveat for a principal that a decision says is for emergencies."""
    if name := inputs.context.break_glass:
        yield Caveat.of(UnpredictableCaveat.UNPREDICTABLE, case="break-glass", what=name)


# ---------------------------------------------------------------- principals that the trust policy names


def find_next_callers(inputs: CaveatInputs) -> Iterator[Caveat]:
    """A caveat for each kind of caller whose next use differs: administrators, stacks and auditors."""
    principal = inputs.grants.principal
    if not inputs.context.lines or inputs.granted <= inputs.kept:
        return
    if _is_used_by_people(principal) and any(map(grants_everything, inputs.grants.allows)):
        yield Caveat.of(UnpredictableCaveat.UNPREDICTABLE, case="administrator", what="")
    if "cloudformation.amazonaws.com" in trusted_services(principal):
        yield Caveat.of(UnpredictableCaveat.UNPREDICTABLE, case="stacks", what="CloudFormation")
    policies = policies_for_audits(principal)
    others = sorted(trusted_accounts(principal) - {principal.account})
    if policies and others:
        what = _AUDITOR.format(account=others[0], policy=policies[0])
        yield Caveat.of(UnpredictableCaveat.UNPREDICTABLE, case="auditor", what=what)


def policies_for_audits(principal: Principal) -> list[str]:
    """The names of the principal's policies that AWS wrote for auditors, sorted."""
    return sorted(policy.name for policy in principal.policies if aws_policy_name(policy.arn) in _FOR_AUDITORS)


def _is_used_by_people(principal: Principal) -> bool:
    """Whether people use a principal: a user, a role of IAM Identity Center, or a role that people may assume."""
    is_theirs = principal.kind is PrincipalKind.USER or is_of_permission_set(principal)
    return is_theirs or is_assumed_by_people(principal)


# ---------------------------------------------------------------- scanners


def find_scanners(inputs: CaveatInputs) -> Iterator[Caveat]:
    """A caveat for a scanner, if its replacement removes an action that lists or reads."""
    services = scanned_services(inputs.missed.observed.lines.lines, inputs.catalog)
    if services:
        removed = inputs.granted - inputs.kept
        if any(inputs.catalog.detail(action).level in READ_LEVELS for action in removed):
            yield Caveat.of(UnpredictableCaveat.UNPREDICTABLE, case="scanner", services=services)


def scanned_services(lines: Iterable[Line], catalog: Catalog) -> int:
    """In how many services the lines show a principal to read as a scanner does; 0 if it isn't a scanner."""
    actions = {line.action for line in lines if line.kind is LineKind.OBSERVED}
    reads = {action for action in actions if catalog.detail(action).level in READ_LEVELS}
    services = {action.partition(":")[0] for action in reads}
    does_more = len(actions) - len(reads) > _MAX_OTHER_SHARE * len(actions)
    return 0 if does_more or len(services) < MIN_SERVICES else len(services)


# ---------------------------------------------------------------- after a loss


def find_restores(inputs: CaveatInputs) -> Iterator[Caveat]:
    """A caveat for a principal that makes backups, if its replacement removes an action that restores them."""
    for action in sorted({line.action for line in inputs.context.lines if line.kind is LineKind.OBSERVED}):
        service, _, operation = action.partition(":")
        if _BACKS_UP.match(operation):
            removed = (other.partition(":") for other in inputs.granted - inputs.kept)
            lost = [name for prefix, _, name in removed if prefix == service and _RESTORES.match(name)]
            if lost:
                shortest = min(lost, key=lambda name: (len(name), name))
                what = _LOST_RESTORE.format(backup=action, restore=f"{service}:{shortest}")
                yield Caveat.of(UnpredictableCaveat.UNPREDICTABLE, case="restore", what=what)
                return


def find_replicas(inputs: CaveatInputs) -> Iterator[Caveat]:
    """A caveat for the first replica of a used resource in another Region, if its replacement lacks it."""
    regions = inputs.context.coverage.regions if inputs.context.coverage else ()
    lost = _lost_replicas(inputs.grants, inputs.context.lines, inputs.ground.scopes, inputs.ground.snapshot, regions)
    for replica in islice(lost, 1):
        yield Caveat.of(UnpredictableCaveat.UNPREDICTABLE, case="failover", what=replica)


def _lost_replicas(
    grants: PrincipalGrants,
    lines: Collection[Line],
    scopes: ScopeFinder,
    snapshot: SnapshotResources,
    regions: Collection[str],
) -> Iterator[str]:
    """The granted replicas of used resources that are in no line.

    A replica has the ARN of a used resource except for the Region, and the logs, the snapshot or the policies name it.

    `scopes` has the resources that the logs name, in these Regions.
    """
    named = tuple(pattern for grant in grants.allows for pattern in grant.statement.resources)
    known = {*regions, *snapshot.regions, *(region for pattern in named for region in regions_in(pattern))}
    kept: dict[Action, set[str]] = defaultdict(set)
    for line in lines:
        kept[line.action].update(() if line.scope.not_resource else line.scope.resources)

    def is_lost(action: Action, replica: str, region: str) -> bool:
        is_named = any(region in pattern and _meets(pattern, replica) for pattern in named)
        return (
            (is_named or _is_known(scopes, snapshot, action, replica))
            and not any(resource_contains(scope, replica) for scope in kept[action])
            and any(
                _meets(pattern, replica)
                for grant in grants.allows
                if action in grant.actions and not grant.statement.not_resource
                for pattern in grant.statement.resources
            )
        )

    return (
        replica
        for line in lines
        if line.kind is LineKind.OBSERVED and not line.scope.not_resource
        for resource in line.scope.resources
        for replica, region in _namesakes(resource, known)
        if is_lost(line.action, replica, region)
    )


def _namesakes(resource: str, regions: Collection[str]) -> Iterable[tuple[str, str]]:
    """The ARN that the resource would have in each other Region, with the Region."""
    for region in sorted(set(regions_in(resource))):
        yield from ((resource.replace(region, other), other) for other in sorted({*regions} - {region}))


def _meets(pattern: str, resource: str) -> bool:
    return resources_intersect(as_glob(pattern, CURRENT_VERSION), resource)


def _is_known(scopes: ScopeFinder, snapshot: SnapshotResources, action: Action, resource: str) -> bool:
    """Whether the logs or the snapshot name a resource, or for a fold a resource below its prefix."""
    stem = stem_of(resource)
    if stem.rstrip("/:") in snapshot.arns:
        return True
    if stem == resource:
        return resource in scopes.population
    is_named = not has_wildcard(stem) and not is_whole_type(resource, action, scopes.catalog)
    return is_named and scopes.population.count(stem) > 0


# ---------------------------------------------------------------- few active days


def days_at_work(usages: Iterable[PrincipalUsage]) -> frozenset[date]:
    """The days on which any of these principals used or attempted something."""
    uses = (use for usage in usages for use in usage.uses if use.outcome is not Outcome.DENIED)
    return frozenset(day for use in uses for day in use.on)


def find_few_days(inputs: CaveatInputs) -> Iterator[Caveat]:
    """A caveat for a principal that was active on too few days; the days of all roles of its permission set count.

    Nearly full access may be for emergencies: a job that runs so rarely rarely has it. A scheduled job does the same
    each time.
    """
    days = inputs.records.days
    if not inputs.records.usage.days or len(days) >= min(_ENOUGH_DAYS, inputs.ground.judge.min_days):
        return
    what = ""
    if len(days) <= _EMERGENCY_DAYS and any(map(grants_everything, inputs.grants.allows)):
        what = "everything"
    elif not inputs.ground.schedules.get(inputs.grants.principal.arn, ()) and not _is_by_clock(days):
        if _is_used_by_people(inputs.grants.principal):
            what = "people"
        elif _is_of_control_plane(inputs.records.usage, inputs.finder.observability.table, inputs.catalog):
            what = "control-plane"
    if what:
        yield Caveat.of(UnpredictableCaveat.UNPREDICTABLE, case="seldom-used", days=len(days), what=what)


def _is_by_clock(days: Iterable[date]) -> bool:
    """Whether the days are as regular as the runs of a monthly or quarterly job."""
    gaps = [(later - earlier).days for earlier, later in pairwise(sorted(days))]
    return len(gaps) > 1 and min(gaps) >= _LEAST_GAP and max(gaps) - min(gaps) <= _UNEVEN


def _is_of_control_plane(usage: PrincipalUsage, table: VisibilityTable, catalog: Catalog) -> bool:
    """Whether at least half of the actions that a principal used change how something is set up."""
    actions = {use.action for use in usage.uses if use.outcome is Outcome.ALLOWED and use.how == OBSERVED}
    changes = sum(_changes_set_up(action, table, catalog) for action in actions)
    return changes > 0 and changes * 2 >= len(actions)


def _changes_set_up(action: Action, table: VisibilityTable, catalog: Catalog) -> bool:
    service, _, name = action.partition(":")
    is_write = catalog.detail(action).level not in READ_LEVELS and name.startswith(_CHANGES)
    is_managed = table.visibility(action).visibility is Visibility.MANAGEMENT
    return is_write and is_managed and service not in OF_APPLICATIONS

"""Caveats: why a replacement is not called safe, and who accepted what."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, timedelta

from lpgen.core.analysis.decisions import applies_to_action, break_glass_name, with_acceptance
from lpgen.core.analysis.grants.granting import action_is_named_in, services_of_wildcards
from lpgen.core.analysis.grants.principal_grants import BOUNDARY
from lpgen.core.analysis.grants.scope import granted_regions, whole_scope
from lpgen.core.analysis.observability.log_blind_spots import missing_home_region
from lpgen.core.analysis.observability.missed_use_finder import MissedUseFinder, MissedUses
from lpgen.core.analysis.observability.signs_of_use import UnreadUse
from lpgen.core.catalog.danger import Dangers
from lpgen.core.catalog.patterns import EVERYTHING
from lpgen.core.cloudtrail.rules.inferences import EDGE_FUNCTION
from lpgen.core.evidence import AccountCoverage, Grant, PrincipalGrants, PrincipalUsage, Use
from lpgen.core.findings import UngrantedUse
from lpgen.core.model import Action, AttachedPolicy, Outcome, Principal, ResourceKind, Visibility
from lpgen.core.registry.caveats import Caveat, CaveatKind
from lpgen.core.replacements import Decision, Line
from lpgen.core.tooling import tooling_of
from lpgen.core.workloads import Schedule


def caveats_of_principal(
    grants: PrincipalGrants,
    usage: PrincipalUsage,
    ungranted: Iterable[UngrantedUse],
    others: Iterable[Caveat] = (),
    *,
    coverage: AccountCoverage | None,
    unread: UnreadUse | None,
    unrecorded: str,
    min_days: int,
    as_of: date,
    decisions: Sequence[Decision],
) -> tuple[Caveat, ...]:
    """Every reason why this principal's replacement isn't called safe, each with who accepted it.

    `others` are those that days at work, schedules, service last accessed and the backtest show, `unread` what shows
    the logs to be of one Region, `unrecorded` says which of its use leaves no record.
    """
    principal = grants.principal
    found = [
        *(Caveat.of(CaveatKind.UNPREDICTABLE, case="tooling", what=kind.row.message) for kind in tooling_of(principal)),
        *_break_glass(principal, decisions),
        *_unknown_grants(grants),
        *_unmapped(usage),
        *_unexplained(ungranted),
        *_recreated(principal, usage),
        *_short_evidence(principal, coverage, min_days=min_days, as_of=as_of),
        *_coverage_hole(principal, usage, coverage, unrecorded),
        *_other_regions(grants, coverage, unread),
        *others,
    ]
    return with_acceptance(found, decisions, principal=principal.arn)


def _break_glass(principal: Principal, decisions: Iterable[Decision]) -> Iterable[Caveat]:
    if name := break_glass_name(decisions, principal.arn):
        yield Caveat.of(CaveatKind.UNPREDICTABLE, case="break-glass", what=name)


def _unknown_grants(grants: PrincipalGrants) -> Iterable[Caveat]:
    for name in grants.missing:
        yield Caveat.of(CaveatKind.GRANTS_UNKNOWN, policy=name)
    for grant in grants.allows:
        for pattern in grant.unknown_patterns:
            yield Caveat.of(CaveatKind.UNKNOWN_PATTERN, case="new", pattern=pattern, statement=str(grant.ref))


def starred_name_caveats(
    grants: PrincipalGrants, granted: frozenset[Action], usage: PrincipalUsage, finder: MissedUseFinder
) -> Iterable[Caveat]:
    """A caveat for each action that AWS asks to grant with a wildcard after its name, which no replacement holds, where
    the principal lets functions be copied to the edge or a policy names the action.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-edge-permissions.html
    """
    at_edge = any(use.how == EDGE_FUNCTION for use in usage.uses)
    starred = filter(None, map(finder.catalog.canonical, finder.observability.table.without_users))
    for action in sorted(granted.intersection(starred)):
        if at_edge or any(action in one.actions and action_is_named_in(one, action) for one in grants.allows):
            yield Caveat.of(CaveatKind.UNKNOWN_PATTERN, case="star", pattern=f"{action}*")


def _unmapped(usage: PrincipalUsage) -> Iterable[Caveat]:
    for event in usage.unmapped:
        yield Caveat.of(
            CaveatKind.UNMAPPED_EVENT,
            records=event.evidence.records,
            call=" ".join(filter(None, (event.event_source, event.event_name))),
            reason=event.reason,
            example=event.evidence.example_event_id,
            event=event.item,
        )


def _unexplained(ungranted: Iterable[UngrantedUse]) -> Iterable[Caveat]:
    for use in ungranted:
        if not use.explanation:
            yield Caveat.of(
                CaveatKind.UNEXPLAINED_USE, action=use.use.action, resource=use.use.resource.text, reason=use.reason
            )


def _recreated(principal: Principal, usage: PrincipalUsage) -> Iterable[Caveat]:
    if earlier := usage.of_earlier(principal):
        own = {action for one in usage.by_id if one not in earlier for action in one.actions}
        yield Caveat.of(
            CaveatKind.RECREATED,
            former=tuple(one.principal_id for one in earlier),
            kind=principal.kind,
            principal_id=principal.principal_id,
            only=tuple(sorted({action for one in earlier for action in one.actions} - own)),
        )


def _short_evidence(
    principal: Principal, coverage: AccountCoverage | None, *, min_days: int, as_of: date
) -> Iterable[Caveat]:
    yield from _too_few_days(principal.account, coverage, min_days)
    for age in _youth(principal.created, coverage, as_of, min_days):
        yield Caveat.of(CaveatKind.YOUNG, case="young-principal", kind=principal.kind, **age)
    for policy in _unique_policies(principal):
        for age in _youth(policy.created, coverage, as_of, min_days):
            yield Caveat.of(CaveatKind.YOUNG, case="young-policy", policy=policy.arn or policy.name, **age)


def _too_few_days(account: str, coverage: AccountCoverage | None, min_days: int) -> Iterable[Caveat]:
    """A caveat where the logs cover too few days, for want of records or since some days show too little."""
    covered = coverage.covered_days if coverage else 0
    thin = sum((one.last - one.first).days + 1 for one in coverage.thin) if coverage else 0
    if covered + thin < min_days:
        yield Caveat.of(CaveatKind.SHORT_COVERAGE, days=covered, min_days=min_days, account=account)
    elif covered < min_days:
        yield Caveat.of(CaveatKind.INCOMPLETE_LOGS, case="thin-days", days=covered, min_days=min_days, thin=thin)
    if coverage and coverage.lacks_files:
        yield Caveat.of(CaveatKind.INCOMPLETE_LOGS, case="missing-files")


def rare_schedule_caveats(schedules: Iterable[Schedule], coverage: AccountCoverage | None) -> Iterable[Caveat]:
    """A caveat for each schedule of a role that the logs are too short to have shown twice."""
    covered = coverage.covered_days if coverage else 0
    for one in schedules:
        days = one.longest_days or 0
        if not days or covered < 2 * days:
            words = {"source": one.source, "schedule": one.name, "expression": one.expression}
            yield Caveat.of(CaveatKind.RARE_SCHEDULE, **words, days=days, covered=covered, needed=2 * days)


def _youth(
    created: datetime | None, coverage: AccountCoverage | None, as_of: date, min_days: int
) -> Iterable[dict[str, int | date]]:
    """How old something too young is, and until when it is that: the days that the logs miss don't count."""
    if created is None:
        return
    days = (as_of - created.date()).days
    counted = min(coverage.age(created.date(), as_of), days) if coverage else days
    if counted < min_days:
        until = as_of + timedelta(min(min_days - counted, (date.max - as_of).days))
        yield {"days": days, "counted": counted, "min_days": min_days, "until": until}


def _coverage_hole(
    principal: Principal, usage: PrincipalUsage, coverage: AccountCoverage | None, unrecorded: str
) -> Iterable[Caveat]:
    if principal.last_used is None or coverage is None:
        return
    region = principal.last_used_region
    is_after_logs = principal.last_used.date() > coverage.last_day
    is_region_read = not region or region in coverage.regions
    is_unread = _is_inside(principal.last_used, coverage) and not is_region_read
    is_unseen = is_after_logs and not (usage.uses or usage.unmapped or usage.copied)
    if is_unread or is_unseen or _has_unseen_use(principal, usage, coverage):
        yield Caveat.of(
            CaveatKind.COVERAGE_HOLE,
            service="",
            last=principal.last_used.date(),
            region=region,
            is_region_read=is_region_read,
            is_after_logs=is_after_logs,
            unrecorded="" if is_unread or is_after_logs else unrecorded,
        )


def grants_everything(grant: Grant) -> bool:
    """Whether a statement names no service."""
    return grant.statement.not_action or any(one in EVERYTHING for one in grant.statement.patterns)


def _other_regions(
    grants: PrincipalGrants, coverage: AccountCoverage | None, unread: UnreadUse | None
) -> Iterable[Caveat]:
    """Logs without a record of the Region that global services record in are hardly those of all Regions, and those of
    one Region are surely not where a role was used in another.

    That matters but where every statement is limited to Regions that they hold records of.
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html#cloudtrail-concepts-global-service-events
    """
    if coverage is None or all(_is_within(granted_regions(one), coverage.regions) for one in grants.allows):
        return
    leader = missing_home_region(coverage)
    is_others = unread is not None and unread.role != grants.principal.arn  # a role's own use is reported as a hole
    if leader or is_others:
        yield Caveat.of(
            CaveatKind.INCOMPLETE_LOGS,
            case="other-regions",
            regions=coverage.regions,
            leader=leader,
            role=unread.role.rpartition("/")[2] if unread else "",
            region=unread.region if unread else "",
        )


def _is_within(granted: Collection[str], known: Collection[str]) -> bool:
    return bool(granted) and set(granted) <= set(known)


def _has_unseen_use(principal: Principal, usage: PrincipalUsage, coverage: AccountCoverage | None) -> bool:
    """Whether IAM dates a role's last use inside the window though the logs hold no record of the role."""
    if principal.last_used is None or usage.uses or usage.unmapped or usage.copied:
        return False
    return _is_inside(principal.last_used, coverage)


def _is_inside(moment: datetime, coverage: AccountCoverage | None) -> bool:
    """Whether a moment is within the days of an account's logs."""
    return coverage is not None and coverage.first_day <= moment.date() <= coverage.last_day


def _unique_policies(principal: Principal) -> Iterable[AttachedPolicy]:
    return {(policy.arn or policy.name, policy.group): policy for policy in principal.policies}.values()


def attempt_caveats(uses: Iterable[Use], lines: Iterable[Line], dangers: Dangers) -> Iterable[Caveat]:
    """A caveat for each dangerous action that lines keep only because it was attempted: anybody may make a call that
    fails."""
    tried = {use.action for use in uses if use.outcome is not Outcome.DENIED}
    tried -= {use.action for use in uses if use.is_done}
    for action in sorted(tried & {line.action for line in lines}):
        if dangers.is_dangerous(action):
            yield Caveat.of(CaveatKind.DANGEROUS_ATTEMPT, action=action, danger=dangers.harm(action))


def unseen_caveats(
    grants: PrincipalGrants,
    missed: MissedUses,
    removed: frozenset[Action],
    decisions: Iterable[Decision],
    finder: MissedUseFinder,
) -> Iterable[Caveat]:
    """A caveat each for the removed actions whose use the logs can't show and that a statement grants as a group: the
    data planes of services that the principal's policies or its boundary name, and all that a statement grants without
    naming a service.

    The latter is no sign for or against any service. IAM's record of attempts would be. What a person decided to drop
    isn't doubted.
    """
    boundary = (one for limit in grants.limits if limit.name == BOUNDARY for one in (*limit.allows, *limit.denies))
    named = frozenset().union(*map(services_of_wildcards, (*grants.allows, *grants.denies, *boundary)))
    broad = frozenset().union(*(one.actions for one in grants.allows if grants_everything(one)))
    drops = [decision for decision in decisions if decision.drops_for_good]
    found: dict[CaveatKind, list[Action]] = {CaveatKind.UNSEEN_NAMED: [], CaveatKind.UNSEEN_UNDER_STAR: []}
    for action in missed.open_of(removed):
        statements = missed.observed.grants_of(action)
        if any(applies_to_action(one, grants.principal.arn, action) for one in drops) or not any(
            whole_scope(one, action, catalog=finder.catalog) for one in statements
        ):
            continue
        is_of_data_plane = finder.observability.visibility(action) is Visibility.DATA
        if is_of_data_plane and action.partition(":")[0] in named:
            found[CaveatKind.UNSEEN_NAMED].append(action)
        elif action in broad:
            found[CaveatKind.UNSEEN_UNDER_STAR].append(action)
    for kind, actions in found.items():
        if actions:
            services = tuple(sorted({action.partition(":")[0] for action in actions}))
            yield Caveat.of(kind, actions=len(actions), services=services)


def overflow_caveats(uses: Iterable[Use]) -> Iterable[Caveat]:
    """A caveat for each action on more resources than ingest tells apart, which therefore keeps its old scope."""
    for action in sorted({use.action for use in uses if use.resource.kind is ResourceKind.OVERFLOW}):
        yield Caveat.of(CaveatKind.TOO_MANY_RESOURCES, action=action)

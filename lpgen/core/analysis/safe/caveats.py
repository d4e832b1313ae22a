"""Caveats: why a replacement is not called safe, and who accepted what."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from lpgen.core.actions.patterns import EVERYTHING
from lpgen.core.analysis.granted.granting import names_from
from lpgen.core.analysis.observability.regions import UnreadUse, granted_regions, missing_leader
from lpgen.core.analysis.safe.decisions import with_acceptance
from lpgen.core.events.rules.inferences import EDGE_FUNCTION
from lpgen.core.findings import UNSEEN_LAST_USE, ActionVerdict, Caveat, CaveatKind, UngrantedUse, Verdict
from lpgen.core.grounds import AccountCoverage, Grant, PrincipalGrants, PrincipalUsage
from lpgen.core.model import Action, AttachedPolicy, Principal, ResourceKind, SkipReason
from lpgen.core.replacements import Decision, Line

_GRANTED_WITH_STAR = frozenset({Action("lambda:DisableReplication"), Action("lambda:EnableReplication")})

SELDOM_DAYS = 2
"""On so many days at most a principal is at work that is there for emergencies, or at its first steps."""

NEVER_USED_DAYS = 400
"""IAM reports a role's last use for 400 days back, so a role older than that without one was not used since.
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html"""


def caveats_of_principal(
    grants: PrincipalGrants,
    usage: PrincipalUsage,
    ungranted: Iterable[UngrantedUse],
    access_holes: Iterable[Caveat] = (),
    *,
    coverage: AccountCoverage | None,
    unread: UnreadUse | None,
    min_days: int,
    as_of: date,
    decisions: Sequence[Decision],
) -> tuple[Caveat, ...]:
    """Every reason why this principal's replacement isn't called safe, each with who accepted it.

    `access_holes` are those that service last accessed shows, `unread` what shows the logs to be of one Region.
    """
    principal = grants.principal
    found = [
        *_unknown_grants(grants),
        *_unmapped(usage),
        *_unexplained(ungranted),
        *_recreated(principal, usage),
        *_short_evidence(principal, coverage, min_days=min_days, as_of=as_of),
        *_coverage_hole(principal, usage, coverage),
        *_seldom_used(grants, usage, min_days=min_days),
        *_other_regions(grants, coverage, unread),
        *access_holes,
    ]
    return with_acceptance(found, decisions, principal=principal.arn)


def _unknown_grants(grants: PrincipalGrants) -> Iterable[Caveat]:
    for name in grants.missing:
        yield Caveat(
            CaveatKind.GRANTS_UNKNOWN, f"the snapshot lacks the document of {name}", f"missing-document {name}"
        )
    for grant in grants.allows:
        for pattern in grant.unknown_patterns:
            yield Caveat(
                CaveatKind.UNKNOWN_PATTERN,
                f"the catalog has no action for `{pattern}` in {grant.ref}; the replacement leaves it out",
                f"unknown-pattern {pattern}",
            )


def starred_name_caveats(grants: PrincipalGrants, usage: PrincipalUsage, lines: Iterable[Line]) -> Iterable[Caveat]:
    """A caveat for each action that AWS asks to grant with a star behind its name, which no replacement holds, where
    the principal lets functions be copied to the edge or a policy names the action.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-edge-permissions.html
    """
    at_edge = any(use.how == EDGE_FUNCTION for use in usage.uses)
    for action in sorted({line.action for line in lines} & _GRANTED_WITH_STAR):
        if at_edge or any(action in one.actions and names_from(one, action) for one in grants.allows):
            yield Caveat(
                CaveatKind.UNKNOWN_PATTERN,
                f"AWS asks to grant `{action}*` with the star behind the name, which the replacement doesn't hold",
                f"unknown-pattern {action}*",
            )


def _unmapped(usage: PrincipalUsage) -> Iterable[Caveat]:
    for event in usage.unmapped:
        call = " ".join(filter(None, (event.event_source, event.event_name))) or "calls without a name"
        noun = "record" if event.evidence.records == 1 else "records"
        what = f"successful {call} can't be mapped to an action"
        if event.reason in _WHY_UNREAD:
            what = f"{noun} of {call} {_WHY_UNREAD[event.reason]}"
        message = f"{event.evidence.records} {what} (example {event.evidence.example_event_id or 'without an id'})"
        yield Caveat(CaveatKind.UNMAPPED_EVENT, message, event.item)


_WHY_UNREAD: Final = {
    SkipReason.BAD_RECORD: "can't be read",
    SkipReason.UNKNOWN_VERSION: "with an event version that lpgen doesn't know",
    SkipReason.NO_TIME: "without a time",
    SkipReason.FUTURE: "with a time later than the log itself",
}


def _unexplained(ungranted: Iterable[UngrantedUse]) -> Iterable[Caveat]:
    for use in ungranted:
        if not use.explanation:
            yield Caveat(
                CaveatKind.UNEXPLAINED_USE,
                f"{use.use.action} on {use.use.resource.text} was allowed, but {use.reason}",
                f"unexplained {use.use.action}",
            )


_MOST_NAMED: Final = 5


def _recreated(principal: Principal, usage: PrincipalUsage) -> Iterable[Caveat]:
    others = sorted(set(usage.principal_ids) - {principal.principal_id})
    if others and principal.principal_id:
        by_id = dict(usage.by_id)
        only = sorted(
            {one for other in others for one in by_id.get(other, ())} - {*by_id.get(principal.principal_id, ())}
        )
        more = f" and {len(only) - _MOST_NAMED:,} more" if len(only) > _MOST_NAMED else ""
        used = f"; only that one used {', '.join(only[:_MOST_NAMED])}{more}" if only else ""
        yield Caveat(
            CaveatKind.RECREATED,
            f"the logs also hold records of {', '.join(others)}, an earlier {principal.kind} of this name, which do not"
            f" count for {principal.principal_id}{used}",
            "recreated",
        )


def _short_evidence(
    principal: Principal, coverage: AccountCoverage | None, *, min_days: int, as_of: date
) -> Iterable[Caveat]:
    yield from _too_few_days(coverage, min_days)
    age = _age(principal.created, coverage, as_of)
    if age is not None and age.counted < min_days:
        yield Caveat(
            CaveatKind.YOUNG_PRINCIPAL,
            f"the {principal.kind} was created {_before_end(age)}, fewer than {min_days}",
            "young-principal",
            until=_days_later(as_of, min_days - age.counted),
        )
    for policy in _unique_policies(principal):
        age = _age(policy.created, coverage, as_of)
        if age is not None and age.counted < min_days:
            days = f"{max(age.days, 0)} days old{_as_covered(age)}"
            yield Caveat(
                CaveatKind.YOUNG_POLICY,
                f"the version of {policy.arn or policy.name} in force is {days}, fewer than {min_days}",
                f"young-policy {policy.arn or policy.name}",
                until=_days_later(as_of, min_days - age.counted),
            )


def _too_few_days(coverage: AccountCoverage | None, min_days: int) -> Iterable[Caveat]:
    """A caveat where the logs cover too few days, for want of records or since some days show too little."""
    covered = coverage.covered_days if coverage else 0
    thin = sum((one.last - one.first).days + 1 for one in coverage.thin) if coverage else 0
    if covered + thin < min_days:
        yield Caveat(
            CaveatKind.SHORT_COVERAGE, f"the logs cover {covered} days, fewer than {min_days}", "short-coverage"
        )
    elif covered < min_days:
        yield Caveat(
            CaveatKind.THIN_DAYS,
            f"the logs cover {covered} days, fewer than {min_days}: on {thin} others they hold too few callers and"
            " services to be complete",
            "thin-days",
        )
    if coverage and coverage.lacks_files:
        yield Caveat(
            CaveatKind.MISSING_FILES,
            "the calls that AWS makes by a clock come at random, as if most log files of each day were missing",
            "missing-files",
        )


@dataclass(frozen=True, slots=True)
class _Age:
    """How old something is in days, and how many of them count: those that the logs miss don't."""

    days: int
    counted: int


def _before_end(age: _Age) -> str:
    if age.days < 0:
        return "after the end of the logs, so on 0 days of them"
    return f"{age.days} days before the end of the logs{_as_covered(age)}"


def _as_covered(age: _Age) -> str:
    return f", which cover {age.counted} of them" if 0 <= age.counted < age.days else ""


def _days_later(day: date, days: int) -> date:
    return day + timedelta(min(days, (date.max - day).days))


def _coverage_hole(principal: Principal, usage: PrincipalUsage, coverage: AccountCoverage | None) -> Iterable[Caveat]:
    if principal.last_used is None or coverage is None:
        return
    if principal.last_used.date() > coverage.last_day and not (usage.uses or usage.unmapped or usage.copied):
        said = f"IAM says the role was last used on {principal.last_used.date()}, after the end of the logs"
        yield Caveat(CaveatKind.COVERAGE_HOLE, said, UNSEEN_LAST_USE)
    if not _is_inside(principal.last_used, coverage):
        return
    region = principal.last_used_region
    unread = region if region and region not in coverage.regions else ""
    if unread or has_unseen_use(principal, usage, coverage):
        where = f" in {unread}, a Region of which no log was read" if unread else ", but the logs hold no record of it"
        said = f"IAM says the role was last used on {principal.last_used.date()}{where}"
        yield Caveat(CaveatKind.COVERAGE_HOLE, said, UNSEEN_LAST_USE)


def _seldom_used(grants: PrincipalGrants, usage: PrincipalUsage, *, min_days: int) -> Iterable[Caveat]:
    """Rights for emergencies are used on a day a year, for what no other day shows; those of a job that runs so seldom
    are seldom everything."""
    if 0 < usage.days <= min(SELDOM_DAYS, min_days - 1) and any(_grants_everything(one) for one in grants.allows):
        days = "1 day" if usage.days == 1 else f"{usage.days} days"
        yield Caveat(
            CaveatKind.SELDOM_USED,
            f"it may do nearly everything, and the logs show it at work on {days} alone, as they would of access for"
            " emergencies",
            "seldom-used",
        )


def _grants_everything(grant: Grant) -> bool:
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
    leader = missing_leader(coverage)
    why = f" and none of {leader}, as those of all Regions would" if leader else ""
    if not why and unread and unread.role != grants.principal.arn:  # a role's own last use is told as a hole
        why = f", though IAM says that {unread.role.rpartition('/')[2]} was last used in {unread.region}"
    if why:
        yield Caveat(
            CaveatKind.OTHER_REGIONS,
            f"the logs hold records of {', '.join(coverage.regions)} alone{why}: use in other Regions would not have"
            " shown",
            "other-regions",
        )


def _is_within(granted: Collection[str], known: Collection[str]) -> bool:
    return bool(granted) and set(granted) <= set(known)


def has_unseen_use(principal: Principal, usage: PrincipalUsage, coverage: AccountCoverage | None) -> bool:
    """Whether IAM dates a role's last use inside the window though the logs hold no record of the role."""
    if principal.last_used is None or usage.uses or usage.unmapped or usage.copied:
        return False
    return _is_inside(principal.last_used, coverage)


def _is_inside(moment: datetime, coverage: AccountCoverage | None) -> bool:
    """Whether a moment lies in the days of an account's logs."""
    return coverage is not None and coverage.first_day <= moment.date() <= coverage.last_day


def _unique_policies(principal: Principal) -> Iterable[AttachedPolicy]:
    return {(policy.arn or policy.name, policy.group): policy for policy in principal.policies}.values()


def _age(moment: datetime | None, coverage: AccountCoverage | None, as_of: date) -> _Age | None:
    if moment is None:
        return None
    days = (as_of - moment.date()).days
    return _Age(days, min(coverage.age(moment.date(), as_of), days) if coverage else days)


def attempt_caveats(verdicts: Iterable[ActionVerdict]) -> Iterable[Caveat]:
    """A caveat for each dangerous action that stays only because it was tried: anybody may fail to call it."""
    for one in verdicts:
        if one.verdict is Verdict.ATTEMPTED and one.danger:
            yield Caveat(
                CaveatKind.DANGEROUS_ATTEMPT,
                f"{one.action} {one.danger}, and stays since it was tried, though nobody knows whether it was allowed",
                f"attempted {one.action}",
            )


def overflow_caveats(usage: PrincipalUsage) -> Iterable[Caveat]:
    """A caveat for each action that was done to more resources than are told apart, so its old scope stays."""
    for action in sorted({use.action for use in usage.uses if use.resource.kind is ResourceKind.OVERFLOW}):
        yield Caveat(
            CaveatKind.TOO_MANY_RESOURCES,
            f"{action} was done to more resources than lpgen tells apart, and stays on all that the old policies say",
            f"too-many-resources {action}",
        )

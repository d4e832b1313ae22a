"""The review of one principal: from its grants and its recorded use to verdicts and the lines worth keeping.

Read `_review` from top to bottom: each step is in the folder of its name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from lpgen.core.analysis.caveats.caveats import caveats_of_principal, rare_schedule_caveats
from lpgen.core.analysis.caveats.decided_lines import decide_lines, decided_lines
from lpgen.core.analysis.caveats.doubt import doubt_from_caveats
from lpgen.core.analysis.caveats.few_days import few_days_caveats
from lpgen.core.analysis.caveats.line_caveats import caveats_of_lines
from lpgen.core.analysis.caveats.principal_class import classify_principal, detachment, proposal_for, was_active
from lpgen.core.analysis.caveats.unpredictable import SnapshotResources, unpredictable_caveats
from lpgen.core.analysis.caveats.unproven import unproven_diff
from lpgen.core.analysis.caveats.unusual_use import dangerous_uses, unusual_use_caveats
from lpgen.core.analysis.decisions import with_acceptance
from lpgen.core.analysis.explained_use import Explanations
from lpgen.core.analysis.grants.aws_policies import LeftAttached, actions_of_left, allows_of_left, without_left
from lpgen.core.analysis.grants.granting import Granting, granting_by_action, wildcards_of_grants
from lpgen.core.analysis.observability.access_holes import access_hole_caveats, explained_services
from lpgen.core.analysis.observability.missed_use import ObservedUse
from lpgen.core.analysis.observability.signs_of_use import UnreadUse, sign_of_life, unrecorded_text
from lpgen.core.analysis.reach import NO_PLACES, Places, reach_of_lines
from lpgen.core.analysis.scopes.scopes import ScopeFinder, exact_scopes
from lpgen.core.analysis.synthesis.covering import left_as_copies, lines_beside
from lpgen.core.analysis.synthesis.lines import lines_beyond_use, lines_from_uses
from lpgen.core.analysis.verdicts.scanners import scanned_services
from lpgen.core.analysis.verdicts.verdicts import ActionFacts, Judge, seen_actions
from lpgen.core.choices import KeepUnobservable
from lpgen.core.evidence import LogCoverage, PrincipalGrants, PrincipalUsage, Use
from lpgen.core.findings import (
    Advice,
    Assessment,
    Forecast,
    PrincipalClass,
    PrincipalDiff,
    Recreation,
    ReplacementDraft,
    UngrantedUse,
    UseFindings,
    Verdicts,
)
from lpgen.core.globs.step_budget import PRINCIPAL_STEPS, StepsUsedUpError, step_budget
from lpgen.core.last_accessed import AccessReport, LastAccessed
from lpgen.core.model import Action, Outcome, Principal
from lpgen.core.registry.caveats import Caveat
from lpgen.core.replacements import Decision, LeftPolicy, Line, LineKind
from lpgen.core.workloads import Schedule


@dataclass(frozen=True, slots=True)
class ReviewGround:
    """The inputs that the reviews of all principals share.

    `unread` has, by account, the use which shows that its logs cover one Region. `left` selects the policies left
    attached. `schedules` are those that make a role work, `snapshot` resources that exist. `places` are the
    resources that all principals use, for measuring reach. With `drafts`, a review finds only the caveats and the
    lines of replacements: a backtest needs no more.
    """

    judge: Judge
    coverage: LogCoverage
    explanations: Explanations
    unread: Mapping[str, UnreadUse]
    decisions: tuple[Decision, ...]
    as_of: date
    scopes: ScopeFinder
    left: LeftAttached
    schedules: Mapping[str, Sequence[Schedule]]
    snapshot: SnapshotResources
    places: Places = NO_PLACES
    drafts: bool = False


NO_FORECAST: Final = Forecast()


@dataclass(frozen=True, slots=True)
class PrincipalRecords:
    """The records of one principal.

    `usage` is its counted use. `dropped` would be too but for decisions about days. `seen_services` are the services
    that any record shows it to have called; they matter only with `accessed`, IAM's report of its last use. `forecast`
    has the denials expected of its replacement. `days` are those at work of all roles of its permission set.
    """

    usage: PrincipalUsage
    dropped: tuple[Use, ...] = ()
    accessed: AccessReport | None = None
    seen_services: Collection[str] = ()
    forecast: Forecast = NO_FORECAST
    days: frozenset[date] = frozenset()


def review_principal(grants: PrincipalGrants, records: PrincipalRecords, ground: ReviewGround) -> PrincipalDiff:
    """A verdict per action of a principal, with the lines that its replacement needs.

    Where its policies take too many steps to compare, the result says so and everything is kept.
    """
    try:
        with step_budget(PRINCIPAL_STEPS):
            return _review(grants, records, ground)
    except StepsUsedUpError as error:
        facts = ground.judge.facts
        return unproven_diff(
            grants, records.usage, ground.coverage, why=error.message, facts=facts, decisions=ground.decisions
        )


def _review(grants: PrincipalGrants, records: PrincipalRecords, ground: ReviewGround) -> PrincipalDiff:
    principal, usage, judge, decisions = grants.principal, records.usage, ground.judge, ground.decisions
    catalog = judge.finder.catalog
    coverage = ground.coverage.account(principal.account)
    since = coverage.first_day if coverage else date.min
    accessed = LastAccessed(records.accessed, ground.as_of, since) if records.accessed else None

    granting = granting_by_action(grants.allows)
    of_uses = lines_from_uses(grants, usage.uses, granting=granting, scopes=ground.scopes)
    ungranted = ground.explanations.of_uses(principal, of_uses.ungranted)
    seen = seen_actions(of_uses.lines, ungranted)
    elsewhere = _lines_elsewhere(grants, usage, granting, judge)

    missed = judge.finder.of_principal(ObservedUse(grants, usage, of_uses, granting, ungranted, accessed))
    beyond_use = lines_beyond_use(missed, seen, judge.keep, catalog)
    wanted = (*of_uses.lines, *beyond_use, *decided_lines(grants, decisions, catalog))
    past = lines_from_uses(grants, records.dropped, granting=granting, scopes=ground.scopes).lines
    decided, dropped = decide_lines(wanted, grants, decisions, past=past)
    left = ground.left.of(grants, decisions) if was_active(usage) else ()
    if was_active(usage):
        left += tuple(left_as_copies(grants, decided, left, catalog))
    replaced, staying = without_left(grants, left), frozenset(one.arn for one in left)
    lines = lines_beside(decided, grants.allows, allows_of_left(grants, left), catalog)
    life = sign_of_life(principal, usage, coverage, accessed, as_of=ground.as_of, elsewhere=elsewhere)
    principal_class = classify_principal(grants, usage, coverage, lines, left, life=life, decisions=decisions)
    unrecorded = "" if was_active(usage) else unrecorded_text(lines, judge.finder.observability.table)

    holes = _access_holes(grants, records, accessed, granting=granting, ground=ground) if accessed else ()
    known = {one.use for one in ungranted}
    denied = ground.explanations.contradicted(grants, (one for one in usage.uses if one not in known), catalog)
    of_records = _caveats_of_records(replaced, records, (*ungranted, *denied), holes, ground, unrecorded)
    held = actions_of_left(grants, left)
    scanned = scanned_services(of_uses.lines, catalog)
    of_lines = caveats_of_lines(
        replaced, usage, lines, seen, missed, judge, left=held, scanned=scanned, decisions=decisions
    )
    regions = coverage.regions if coverage else ()
    unpredictable = unpredictable_caveats(replaced, lines, ground.scopes, ground.snapshot, regions)
    unusual = unusual_use_caveats(usage, lines, judge.finder.dangers, decisions, held)
    of_lines = with_acceptance((*unpredictable, *of_lines), decisions, principal=principal.arn)
    caveats = (*unusual, *of_records, *of_lines)
    if ground.drafts:
        return _draft(principal, principal_class, caveats, lines, left, judge.facts)

    if elsewhere and was_active(usage):  # only now: what another account's log shows is no reason for a caveat
        decided, dropped = decide_lines((*wanted, *elsewhere), grants, decisions, past=past)
        lines = lines_beside(decided, grants.allows, allows_of_left(grants, left), catalog)
        seen = seen_actions((*of_uses.lines, *elsewhere), ungranted)
    verdicts = judge.verdicts(missed, seen, doubt_from_caveats(of_records), staying)
    task, more = proposal_for(
        grants,
        usage,
        lines,
        caveats,
        principal_class=principal_class,
        coverage=coverage,
        as_of=ground.as_of,
        life=life,
        unrecorded=unrecorded,
        left=left,
    )
    return PrincipalDiff(
        principal=principal,
        principal_class=principal_class,
        use=UseFindings(
            covered_days=coverage.covered_days if coverage else 0,
            active_days=usage.days,
            days=_days_by_action(usage.uses),
            ungranted=ungranted,
            denied=usage.denied,
            unmapped=usage.unmapped,
            dangerous=dangerous_uses(usage, judge.finder.dangers),
            recreated=_recreation(principal, usage),
        ),
        assessment=Assessment(
            verdicts=verdicts,
            wildcards=wildcards_of_grants(grants.allows, [line.action for line in of_uses.lines], catalog=catalog),
            caveats=caveats,
        ),
        draft=ReplacementDraft(
            lines=lines,
            dropped=dropped,
            left=left,
            detach=detachment(principal, left),
            expected=records.forecast.expected,
            reach=reach_of_lines(ground.places, principal.account, usage.uses, granting, lines, staying),
        ),
        advice=Advice(sentence=task + more, task=task),
    )


def _recreation(principal: Principal, usage: PrincipalUsage) -> Recreation | None:
    earlier = usage.of_earlier(principal)
    created = principal.created.date() if principal.created else None
    return Recreation(created, sum(one.records for one in earlier)) if earlier else None


def _lines_elsewhere(
    grants: PrincipalGrants, usage: PrincipalUsage, granting: Mapping[Action, Granting], judge: Judge
) -> tuple[Line, ...]:
    """The lines for harmless uses that only another account's log shows, on just these resources."""
    harmless = [use for use in usage.elsewhere if not judge.finder.dangers.harm(use.action)]
    found = lines_from_uses(grants, harmless, granting=granting, scopes=exact_scopes(judge.finder.catalog))
    return tuple(replace(line, kind=LineKind.KEPT, why="another account's log shows it") for line in found.lines)


def _days_by_action(uses: Iterable[Use]) -> tuple[tuple[Action, tuple[date, ...]], ...]:
    found: dict[Action, set[date]] = defaultdict(set)
    for use in uses:
        if use.outcome is not Outcome.DENIED:
            found[use.action].update(use.on)
    return tuple((action, tuple(sorted(found[action]))) for action in sorted(found))


def _caveats_of_records(
    grants: PrincipalGrants,
    records: PrincipalRecords,
    ungranted: Sequence[UngrantedUse],
    holes: Iterable[Caveat],
    ground: ReviewGround,
    unrecorded: str,
) -> Sequence[Caveat]:
    """Every reason, from the records of a principal, not to call the replacement of its `grants` safe."""
    account, finder = grants.principal.account, ground.judge.finder
    schedules = ground.schedules.get(grants.principal.arn, ())
    rare = rare_schedule_caveats(schedules, ground.coverage.account(account))
    few = few_days_caveats(
        grants,
        records.usage,
        records.days,
        is_scheduled=bool(schedules),
        table=finder.observability.table,
        catalog=finder.catalog,
        min_days=ground.judge.min_days,
    )
    return caveats_of_principal(
        grants,
        records.usage,
        ungranted,
        (*few, *rare, *holes, *records.forecast.caveats),
        coverage=ground.coverage.account(account),
        unread=ground.unread.get(account),
        unrecorded=unrecorded,
        min_days=ground.judge.min_days,
        as_of=ground.as_of,
        decisions=ground.decisions,
    )


def _draft(
    principal: Principal,
    principal_class: PrincipalClass,
    caveats: tuple[Caveat, ...],
    lines: tuple[Line, ...],
    left: tuple[LeftPolicy, ...],
    facts: ActionFacts,
) -> PrincipalDiff:
    """A diff with only the lines, and the reasons not to call them safe."""
    return PrincipalDiff(
        principal=principal,
        principal_class=principal_class,
        use=UseFindings(),
        assessment=Assessment(verdicts=Verdicts((), facts), caveats=caveats),
        draft=ReplacementDraft(lines=lines, left=left, detach=detachment(principal, left)),
        advice=Advice(),
    )


def _access_holes(
    grants: PrincipalGrants,
    records: PrincipalRecords,
    accessed: LastAccessed,
    *,
    granting: Mapping[Action, Granting],
    ground: ReviewGround,
) -> Iterable[Caveat]:
    """The attempts that IAM dates and the logs lack, unless kept actions that the logs can't show explain them."""
    judge, explained = ground.judge, frozenset[str]()
    if set(judge.keep.values()) != {KeepUnobservable.NONE}:
        explained = explained_services(
            grants, records.usage, accessed, granting=granting, observability=judge.finder.observability
        )
    coverage = ground.coverage.account(grants.principal.account)
    return access_hole_caveats(accessed, records.seen_services, coverage, explained=explained)

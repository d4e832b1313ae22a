"""The diff: a verdict for every action that a principal was granted or used, and the lines worth keeping."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from lpgen.core.actions.catalog import Catalog
from lpgen.core.analysis.granted.granting import NOTHING, Granting, granting_by_action
from lpgen.core.analysis.granted.key_grants import KeyGrants
from lpgen.core.analysis.granted.met_policies import resource_policy_explanation
from lpgen.core.analysis.granted.policy_changes import PolicyChanges
from lpgen.core.analysis.granted.wildcards import wildcards_of_grants
from lpgen.core.analysis.judged.scanners import scanned_services
from lpgen.core.analysis.judged.verdicts import ActionFacts, Doubt, Judge
from lpgen.core.analysis.names.drawn_names import drawn_name_caveats
from lpgen.core.analysis.names.missing_names import without_missing_names
from lpgen.core.analysis.names.new_names import new_name_caveats
from lpgen.core.analysis.names.shared_names import without_owned
from lpgen.core.analysis.observability.access_holes import access_hole_caveats, seen_services_from_usage
from lpgen.core.analysis.observability.copied_calls import copied_services, copied_services_from_usage
from lpgen.core.analysis.observability.missed_use import ObservedUse
from lpgen.core.analysis.observability.missed_uses import MissedUseFinder
from lpgen.core.analysis.observability.observability import Observability
from lpgen.core.analysis.observability.regions import UnreadUse, unread_uses
from lpgen.core.analysis.safe.caveats import (
    attempt_caveats,
    caveats_of_principal,
    overflow_caveats,
    starred_name_caveats,
)
from lpgen.core.analysis.safe.decided_lines import decided_lines
from lpgen.core.analysis.safe.decisions import decisions_in_force, drops_line, drops_row, with_acceptance
from lpgen.core.analysis.safe.principal_class import classify_principal, detachment, proposal_for
from lpgen.core.analysis.safe.unproven import unproven_diff
from lpgen.core.analysis.written.beyond_use import lines_beyond_use
from lpgen.core.analysis.written.lines import (
    NO_ALLOW,
    lines_from_uses,
    merge_lines,
    without_needless,
)
from lpgen.core.analysis.written.permission_sets import share_lines, with_set_mates
from lpgen.core.choices import KeepUnobservable
from lpgen.core.findings import (
    Diff,
    DroppedLine,
    PrincipalDiff,
    SkipCount,
    UngrantedUse,
)
from lpgen.core.grounds import LogCoverage, PrincipalGrants, PrincipalUsage, Use
from lpgen.core.guards import Guards
from lpgen.core.last_accessed import AccessReport, LastAccessed, last_accessed_by_principal
from lpgen.core.model import Action, Outcome, Principal, SkipReason
from lpgen.core.options import Options
from lpgen.core.policies.step_budget import PRINCIPAL_STEPS, StepsUsedUpError, step_budget
from lpgen.core.registry.caveats import Caveat, CaveatKind
from lpgen.core.replacements import Decision, DecisionKind, Line
from lpgen.core.usage.columns import column_values
from lpgen.core.usage.log_coverage import coverage_from_usage
from lpgen.core.usage.principal_usage import principal_usages_from_usage, resolve_iam_names
from lpgen.core.usage.tables import Usage
from lpgen.core.usage.trail_changes import trail_changes_from_usage

_YOUNG = (CaveatKind.YOUNG_PRINCIPAL, CaveatKind.YOUNG_POLICY)
_DOUBTS = (
    CaveatKind.SHORT_COVERAGE,
    CaveatKind.THIN_DAYS,
    CaveatKind.MISSING_FILES,
    CaveatKind.COVERAGE_HOLE,
    CaveatKind.OTHER_REGIONS,
)
"""The caveats that make every removal of a principal unsure, with those of `_YOUNG`."""


@dataclass(frozen=True, slots=True)
class _Ground:
    """What every principal is judged on. `unread` is by account what shows its logs to be of one Region alone."""

    judge: Judge
    coverage: LogCoverage
    changes: PolicyChanges
    key_grants: KeyGrants
    decisions: tuple[Decision, ...]
    as_of: date
    accessed: Mapping[str, AccessReport]
    seen_services: Mapping[str, Collection[str]]
    copied: Mapping[str, frozenset[str]]
    unread: Mapping[str, UnreadUse]
    guards: Guards


def diff_usage(
    usage: Usage,
    grants: Sequence[PrincipalGrants],
    catalog: Catalog,
    options: Options,
    *,
    usages: Mapping[str, PrincipalUsage] | None = None,
) -> Diff:
    """A verdict per principal and action, sorted by principal, with the lines that a replacement needs.

    With a chosen role of a permission set come all roles of that set, since they share their lines.

    `grants` are those of all principals, chosen or not: they say which roles instance profiles hold, and who is listed.
    `usages` is what counts as use of them, where it was worked out before.

    Only records of the principal id that the snapshot has count for a principal; those of an earlier role or user of
    the same name are named in a caveat.
    """
    coverage = coverage_from_usage(usage, options.trails, options.trail_source)
    as_of = options.as_of or coverage.last_day or date.min
    decisions = decisions_in_force(options.decisions, as_of=as_of)
    usages = counted_usages(usage, grants, decisions) if usages is None else usages
    trails = options.trails
    changes = trail_changes_from_usage(usage) if trails else ()
    observability = Observability(catalog, coverage, trails, changes, min_days=options.min_days)
    finder = MissedUseFinder(catalog, observability, [one.principal for one in grants])
    judge = Judge(ActionFacts(catalog), finder, options.keep_unobservable, options.min_days)
    accessed, _ = last_accessed_by_principal(options.last_accessed, [one.principal for one in grants])
    seen_services = seen_services_from_usage(usage, catalog) if accessed else {}
    changes_seen = PolicyChanges(usages.values())
    copied = copied_services_from_usage(usage, catalog)
    unread = unread_uses([one.principal for one in grants], coverage)
    ground = _Ground(
        judge,
        coverage,
        changes_seen,
        KeyGrants(usage.table),
        decisions,
        as_of,
        accessed,
        seen_services,
        copied,
        unread,
        options.guards,
    )
    ranged = any(one.kind is DecisionKind.DROP and (one.since or one.until) for one in decisions)
    dropped = counted_usages(usage, grants, decisions, dropped=True) if ranged else {}
    listed = {one.principal.arn for one in grants}
    strangers = [arn for arn in usages if arn not in listed]
    wanted = with_set_mates(grants, options.principal)
    diffs = [_diff_within_budget(one, usages, dropped, ground=ground) for one in wanted]
    return Diff(
        as_of,
        catalog.date,
        catalog.version,
        coverage,
        _skip_counts(usage),
        share_lines(diffs, grants, strangers, decisions, catalog),
        tuple(usages[arn] for arn in strangers),
        tuple(one for one in options.decisions if one not in decisions),
    )


def counted_usages(
    usage: Usage, grants: Sequence[PrincipalGrants], decisions: Sequence[Decision], *, dropped: bool = False
) -> dict[str, PrincipalUsage]:
    """What counts as use of each principal: records of its current id that no decision drops, IAM names resolved, what
    is surely the own account's as nobody else's, and no name of what was never there.

    With `dropped` it is what the decisions drop of that instead.
    """
    current = {one.principal.arn: one.principal.principal_id for one in grants if one.principal.principal_id}

    def counts(principal: str, principal_id: str, action: str, resource: str, day: str) -> bool:
        if principal_id and current.get(principal, principal_id) != principal_id:
            return False
        decision = drops_row(decisions, principal=principal, action=action, resource=resource, day=day)
        return (decision is not None) is dropped

    usages = principal_usages_from_usage(usage, row_counts=counts)
    named = resolve_iam_names(usages, [one.principal for one in grants])
    owned = {arn: without_owned(found) for arn, found in named.items()}
    known = {one.principal.arn: one for one in grants}
    return {arn: without_missing_names(one, known[arn]) if arn in known else one for arn, one in owned.items()}


def _skip_counts(usage: Usage) -> tuple[SkipCount, ...]:
    found: dict[str, tuple[int, str, str]] = {}
    names = ("reason", "records", "first_seen", "example_event_id")
    columns = (column_values(usage.skips.column(name)) for name in names)
    for reason, records, first, event_id in zip(*columns, strict=True):
        count, when, example = found.get(reason, (0, "9", ""))
        earlier = min((when, example), (str(first or "9"), event_id))
        found[reason] = (count + records, *earlier)
    return tuple(SkipCount(SkipReason(reason), count, example) for reason, (count, _, example) in sorted(found.items()))


def _diff_within_budget(
    grants: PrincipalGrants,
    usages: Mapping[str, PrincipalUsage],
    dropped: Mapping[str, PrincipalUsage],
    *,
    ground: _Ground,
) -> PrincipalDiff:
    """The diff of a principal, or what is left to say where its policies take too many steps to compare."""
    try:
        with step_budget(PRINCIPAL_STEPS):
            return _diff_principal(grants, usages, dropped, ground=ground)
    except StepsUsedUpError as error:
        usage = usages.get(grants.principal.arn, PrincipalUsage(grants.principal.arn, (), (), (), ()))
        return unproven_diff(grants, usage, ground.coverage, why=error.message, facts=ground.judge.facts)


def _diff_principal(
    grants: PrincipalGrants,
    usages: Mapping[str, PrincipalUsage],
    dropped: Mapping[str, PrincipalUsage],
    *,
    ground: _Ground,
) -> PrincipalDiff:
    principal, catalog = grants.principal, ground.judge.finder.catalog
    nothing = PrincipalUsage(principal.arn, (), (), (), ())
    usage = replace(usages.get(principal.arn, nothing), copied=copied_services(principal.arn, ground.copied))
    coverage = ground.coverage.account(principal.account)
    granting = granting_by_action(grants.allows)
    from_uses = lines_from_uses(grants, usage.uses, granting=granting, catalog=catalog)
    ungranted = tuple(
        UngrantedUse(use, reason, _explanation(principal, use, reason, ground)) for use, reason in from_uses.ungranted
    )
    report = ground.accessed.get(principal.arn)
    accessed = None if report is None else LastAccessed(report, ground.as_of)
    caveats = caveats_of_principal(
        grants,
        usage,
        ungranted,
        tuple(_access_holes(grants, usage, accessed, granting=granting, ground=ground)) if accessed else (),
        coverage=coverage,
        unread=ground.unread.get(principal.account),
        min_days=ground.judge.min_days,
        as_of=ground.as_of,
        decisions=ground.decisions,
    )
    observed = ObservedUse(grants, usage, from_uses, granting, ungranted, accessed)
    missed = ground.judge.finder.of_principal(observed)
    verdicts = ground.judge.verdicts(missed, _doubt(caveats))
    wanted = [
        *from_uses.lines,
        *lines_beyond_use(missed, verdicts, ground.judge.keep, catalog),
        *decided_lines(grants, ground.decisions, catalog),
    ]
    staying, shed = _drop_lines(principal.arn, merge_lines(wanted, grants.allows), ground.decisions)
    lines = without_needless(staying, grants.allows)
    of_names = (
        *drawn_name_caveats(grants, usage, lines),
        *new_name_caveats(grants, usage, lines, coverage),
        *starred_name_caveats(grants, usage, lines),
        *attempt_caveats(verdicts),
        *overflow_caveats(usage),
    )
    past_uses = dropped.get(principal.arn, nothing).uses
    past = lines_from_uses(grants, past_uses, granting=granting, catalog=catalog).lines
    principal_class = classify_principal(grants, usage, coverage, lines)
    task, more = proposal_for(
        grants,
        usage,
        lines,
        principal_class=principal_class,
        coverage=coverage,
        as_of=ground.as_of,
        scanned=scanned_services(from_uses.lines, catalog),
    )
    return PrincipalDiff(
        principal,
        principal_class,
        task + more,
        coverage.covered_days if coverage else 0,
        verdicts,
        ungranted,
        tuple(use for use in usage.uses if use.outcome is Outcome.DENIED),
        usage.unmapped,
        wildcards_of_grants(grants.allows, [line.action for line in from_uses.lines], catalog=catalog),
        (*caveats, *with_acceptance(of_names, ground.decisions, principal=principal.arn)),
        lines,
        (*shed, *_dropped_past(principal.arn, past, lines, ground.decisions)),
        detachment(principal),
        usage.days,
        task,
    )


def _explanation(principal: Principal, use: Use, reason: str, ground: _Ground) -> str:
    """What explains a use that no policy of the principal grants, or ""; a grant doesn't outdo what refuses it."""
    return (
        (ground.key_grants.explanation(principal, use) if reason == NO_ALLOW else "")
        or ground.changes.explanation(principal, use)
        or resource_policy_explanation(principal, use, ground.guards)
    )


def _doubt(caveats: Iterable[Caveat]) -> Doubt:
    kinds = {caveat.kind for caveat in caveats if not caveat.accepted_by}
    if kinds.intersection(_YOUNG):
        return Doubt.YOUNG
    return Doubt.LOGS if kinds.intersection(_DOUBTS) else Doubt.NONE


def _access_holes(
    grants: PrincipalGrants,
    usage: PrincipalUsage,
    accessed: LastAccessed,
    *,
    granting: Mapping[Action, Granting],
    ground: _Ground,
) -> Iterable[Caveat]:
    """The tries that IAM dates and the logs lack, where no kept action that can't be seen explains them."""
    principal, judge = grants.principal, ground.judge
    explained: set[str] = set()
    for action in grants.granted() if judge.keep is not KeepUnobservable.NONE else ():
        service = action.partition(":")[0]
        if service not in explained and accessed.tried(action):
            found = granting.get(action, NOTHING).grants
            if judge.finder.observability.blind_spot(action, principal.account, usage.regions, found):
                explained.add(service)
    seen = ground.seen_services.get(principal.arn, ())
    coverage = ground.coverage.account(principal.account)
    return access_hole_caveats(accessed, seen, coverage, explained=explained)


# ---------------------------------------------------------------- what decisions take away


def _drop_lines(
    principal: str, lines: Iterable[Line], decisions: Sequence[Decision]
) -> tuple[tuple[Line, ...], tuple[DroppedLine, ...]]:
    kept: list[Line] = []
    shed: list[DroppedLine] = []
    for line in lines:
        decision = drops_line(decisions, principal=principal, line=line)
        if decision is None:
            kept.append(line)
        else:
            shed.append(DroppedLine(line, decision))
    return tuple(kept), tuple(shed)


def _dropped_past(
    principal: str, past: Iterable[Line], kept: Iterable[Line], decisions: Sequence[Decision]
) -> Iterable[DroppedLine]:
    still = {(line.action, line.scope) for line in kept}
    for line in past:
        if (line.action, line.scope) in still or line.evidence is None:
            continue
        seen = line.evidence
        decision = drops_row(
            decisions, principal=principal, action=line.action, resource=seen.example_resource, day=seen.first_seen[:10]
        )
        if decision is not None:
            yield DroppedLine(line, decision)

"""The review of one principal: from its grants and its recorded use to verdicts and the lines worth keeping.

Read `_review` from top to bottom: each step is in the folder of its name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Final

from lpgen.core.analysis.caveats.dangerous_use import dangerous_uses
from lpgen.core.analysis.caveats.inputs import CaveatInputs, PrincipalContext, PrincipalRecords, ReviewGround
from lpgen.core.analysis.caveats.kinds import DETECTORS
from lpgen.core.analysis.caveats.principal_class import classify_principal, detachment, proposal_for, was_active
from lpgen.core.analysis.caveats.replacement import ReplacementCaveat, other_than_risk
from lpgen.core.analysis.decisions import break_glass_name, with_acceptance
from lpgen.core.analysis.evidence_classes import with_doubts
from lpgen.core.analysis.first_month import first_month
from lpgen.core.analysis.grants.aws_policies import actions_of_left, allows_of_left, without_left
from lpgen.core.analysis.grants.granting import Granting, granting_by_action, wildcards_of_grants
from lpgen.core.analysis.observability.missed_use import ObservedUse
from lpgen.core.analysis.observability.missed_use_finder import MissedUses
from lpgen.core.analysis.observability.signs_of_use import sign_of_life, unrecorded_text
from lpgen.core.analysis.reach import reach_of_lines
from lpgen.core.analysis.scopes.scopes import exact_scopes
from lpgen.core.analysis.synthesis.covering import left_as_copies, lines_without_left
from lpgen.core.analysis.synthesis.lines import decide_lines, decided_lines, lines_beyond_use, lines_from_uses
from lpgen.core.analysis.verdicts import Judge, SeenActions, seen_actions
from lpgen.core.backtests import Forecast, Risk
from lpgen.core.evidence import PrincipalGrants, PrincipalUsage, Use
from lpgen.core.findings import (
    Advice,
    Assessment,
    Confidence,
    Judgement,
    PrincipalClass,
    PrincipalDiff,
    Recreation,
    ReplacementDraft,
    UseFindings,
    Verdict,
    Verdicts,
)
from lpgen.core.globs.step_budget import PRINCIPAL_STEPS, StepsUsedUpError, step_budget
from lpgen.core.last_accessed import LastAccessed
from lpgen.core.model import Action, Outcome, Principal
from lpgen.core.registry.row import Caveat, Doubt
from lpgen.core.replacements import Line, LineKind

_SHOWN_ELSEWHERE: Final = "another account's log shows it"
_TOO_COMPLEX: Final = "the policies are too complex to compare"


def review_principal(grants: PrincipalGrants, records: PrincipalRecords, ground: ReviewGround) -> PrincipalDiff:
    """A verdict per action of a principal, with the lines that its replacement needs.

    If its policies take too many steps to compare, the result says so and everything is kept.
    """
    try:
        with step_budget(PRINCIPAL_STEPS):
            return _review(grants, records, ground)
    except StepsUsedUpError as error:
        return _unproven(grants, records.usage, ground, why=error.message)


def _review(grants: PrincipalGrants, records: PrincipalRecords, ground: ReviewGround) -> PrincipalDiff:
    principal, usage, judge, decisions = grants.principal, records.usage, ground.judge, ground.decisions
    catalog, is_active = judge.finder.catalog, was_active(usage)

    observed = _observe(grants, records, ground)
    of_uses, granting = observed.lines.lines, observed.granting
    seen = seen_actions(of_uses, observed.ungranted)
    elsewhere = _lines_elsewhere(grants, usage, granting, judge)

    missed = judge.finder.of_principal(observed)
    beyond_use = lines_beyond_use(missed, seen, judge.keep, catalog)
    wanted = (*of_uses, *beyond_use, *decided_lines(grants, decisions, catalog))
    first = first_month(missed, records, ground, {line.action for line in (*wanted, *elsewhere)})
    wanted = tuple(first.lines(observed, wanted, catalog))
    past = lines_from_uses(grants, records.dropped, granting=granting, scopes=ground.scopes).lines
    decided, dropped = decide_lines(wanted, grants, decisions, past=past)
    left = ground.left.of(grants, decisions) if is_active else ()
    if is_active:
        left += tuple(left_as_copies(grants, decided, left, catalog))
    lines = lines_without_left(decided, grants.allows, allows_of_left(grants, left), catalog)

    coverage = ground.coverage.account(principal.account)
    days = coverage.covered_days if coverage else 0
    break_glass = break_glass_name(decisions, principal.arn)
    life = sign_of_life(principal, usage, coverage, observed.accessed, as_of=ground.as_of, elsewhere=elsewhere)
    unrecorded = "" if is_active else unrecorded_text(lines, judge.finder.observability.table)
    context = PrincipalContext(
        grants, usage, coverage, days, ground.as_of, break_glass, life, lines, left, unrecorded, first.days
    )
    principal_class = classify_principal(context)
    inputs = _caveat_inputs(context, records, ground, seen, missed)
    caveats = with_acceptance(_caveats(inputs) if ground.weighs else (), decisions, principal=principal.arn)
    draft = _draft(context, principal_class, caveats, Verdicts((), judge.facts))
    if ground.drafts:
        return draft

    if elsewhere and is_active:  # only now: use that another account's log shows isn't a reason for a caveat
        decided, dropped = decide_lines((*wanted, *elsewhere), grants, decisions, past=past)
        lines = lines_without_left(decided, grants.allows, allows_of_left(grants, left), catalog)
        context = replace(context, lines=lines)
        seen = seen_actions((*of_uses, *elsewhere), observed.ungranted)
    staying = frozenset(policy.arn for policy in left)
    return replace(
        draft,
        use=_use_findings(context, observed, judge),
        assessment=Assessment(
            verdicts=judge.verdicts(missed, seen, _doubt_of_caveats(caveats), staying, first.keeps),
            wildcards=wildcards_of_grants(grants.allows, [line.action for line in of_uses], catalog=catalog),
            caveats=caveats,
        ),
        draft=replace(
            draft.draft,
            lines=lines,
            dropped=dropped,
            risk=_risk(records.forecast, caveats),
            days_to_logs=first.days_to_logs,
            reach=reach_of_lines(ground.places, principal.account, usage.uses, granting, lines, staying),
        ),
        advice=_advice(context, principal_class, caveats),
    )


def _caveats(inputs: CaveatInputs) -> list[Caveat]:
    return [caveat for detector in DETECTORS for caveat in detector(inputs)]


def _risk(forecast: Forecast | None, caveats: Iterable[Caveat]) -> Risk | None:
    """How likely the replacement is to deny something soon, given the open caveats."""
    if forecast is None or forecast.risk is None:
        return None
    is_doubted = any(not caveat.accepted_by for caveat in other_than_risk(caveats))
    return with_doubts(forecast.risk) if is_doubted else forecast.risk


def _use_findings(context: PrincipalContext, observed: ObservedUse, judge: Judge) -> UseFindings:
    usage = context.usage
    return UseFindings(
        covered_days=context.covered_days,
        active_days=usage.days,
        days=_days_by_action(usage.uses),
        ungranted=observed.ungranted,
        denied=usage.denied,
        unmapped=usage.unmapped,
        dangerous=dangerous_uses(usage, judge.finder.dangers),
        recreated=_recreation(context.grants.principal, usage),
    )


def _advice(context: PrincipalContext, principal_class: PrincipalClass, caveats: tuple[Caveat, ...]) -> Advice:
    task, more = proposal_for(context, principal_class, caveats)
    return Advice(sentence=task + more, task=task)


def _observe(grants: PrincipalGrants, records: PrincipalRecords, ground: ReviewGround) -> ObservedUse:
    """The grants and the observed use of a principal, with the lines of that use."""
    principal, usage = grants.principal, records.usage
    coverage = ground.coverage.account(principal.account)
    since = coverage.first_day if coverage else date.min
    accessed = LastAccessed(records.accessed, ground.as_of, since) if records.accessed else None
    granting = granting_by_action(grants.allows)
    lines = lines_from_uses(grants, usage.uses, granting=granting, scopes=ground.scopes)
    ungranted = ground.explanations.of_uses(principal, lines.ungranted)
    return ObservedUse(grants, usage, lines, granting, ungranted, accessed)


def _lines_elsewhere(
    grants: PrincipalGrants, usage: PrincipalUsage, granting: Mapping[Action, Granting], judge: Judge
) -> tuple[Line, ...]:
    """The lines for harmless uses that only another account's log shows, on exactly these resources."""
    harmless = [use for use in usage.elsewhere if not judge.finder.dangers.harm(use.action)]
    if not harmless:
        return ()
    found = lines_from_uses(grants, harmless, granting=granting, scopes=exact_scopes(judge.finder.catalog))
    return tuple(replace(line, kind=LineKind.KEPT, why=_SHOWN_ELSEWHERE) for line in found.lines)


def _caveat_inputs(
    context: PrincipalContext, records: PrincipalRecords, ground: ReviewGround, seen: SeenActions, missed: MissedUses
) -> CaveatInputs:
    grants, usage, finder = context.grants, context.usage, ground.judge.finder
    replaced = without_left(grants, context.left)
    known = {ungranted.use for ungranted in missed.observed.ungranted}
    granted_uses = [use for use in usage.uses if use not in known]
    return CaveatInputs(
        ground,
        records,
        context,
        replaced,
        granted=replaced.granted(),
        left=actions_of_left(grants, context.left),
        kept=frozenset(line.action for line in context.lines),
        seen=seen,
        missed=missed,
        contradicted=tuple(ground.explanations.contradicted(grants, granted_uses, finder.catalog)),
        finder=finder,
        catalog=finder.catalog,
    )


def _draft(
    context: PrincipalContext, principal_class: PrincipalClass, caveats: tuple[Caveat, ...], verdicts: Verdicts
) -> PrincipalDiff:
    """A diff with only the lines and their caveats."""
    return PrincipalDiff(
        principal=context.grants.principal,
        principal_class=principal_class,
        use=UseFindings(),
        assessment=Assessment(verdicts=verdicts, caveats=caveats),
        draft=ReplacementDraft(
            lines=context.lines,
            left=context.left,
            detach=detachment(context.grants.principal, context.left),
            tracked_days=context.tracked_days,
        ),
        advice=Advice(),
    )


def _unproven(grants: PrincipalGrants, usage: PrincipalUsage, ground: ReviewGround, *, why: str) -> PrincipalDiff:
    """The diff of a principal whose policies can't be compared. It keeps each granted action and can't be accepted."""
    principal, coverage = grants.principal, ground.coverage.account(grants.principal.account)
    as_of = ground.coverage.last_day or date.min
    days = coverage.covered_days if coverage else 0
    break_glass = break_glass_name(ground.decisions, principal.arn)
    life = sign_of_life(principal, usage, coverage, None, as_of=as_of)
    context = PrincipalContext(grants, usage, coverage, days, as_of, break_glass, life)
    principal_class = classify_principal(context)
    by_action = granting_by_action(grants.allows)
    judged = {
        granting: Judgement(
            Verdict.UNOBSERVABLE,
            _TOO_COMPLEX,
            keep=_TOO_COMPLEX,
            confidence=Confidence.LOW,
            grants=granting.refs,
            evidence=None,
        )
        for granting in set(by_action.values())
    }
    verdicts = Verdicts(((action, judged[by_action[action]]) for action in sorted(by_action)), ground.judge.facts)
    caveats = (Caveat.of(ReplacementCaveat.UNPROVEN, why=why),)
    return replace(
        _draft(context, principal_class, caveats, verdicts),
        use=UseFindings(
            covered_days=context.covered_days, active_days=usage.days, denied=usage.denied, unmapped=usage.unmapped
        ),
        advice=_advice(context, principal_class, caveats),
    )


def _doubt_of_caveats(caveats: Iterable[Caveat]) -> Doubt:
    """The doubt about every removal of a principal, from the caveats that weren't accepted."""
    doubts = {caveat.doubt for caveat in caveats if not caveat.accepted_by}
    return next((doubt for doubt in (Doubt.YOUNG, Doubt.LOGS) if doubt in doubts), Doubt.NONE)


def _days_by_action(uses: Iterable[Use]) -> tuple[tuple[Action, tuple[date, ...]], ...]:
    found: dict[Action, set[date]] = defaultdict(set)
    for use in uses:
        if use.outcome is not Outcome.DENIED:
            found[use.action].update(use.on)
    return tuple((action, tuple(sorted(found[action]))) for action in sorted(found))


def _recreation(principal: Principal, usage: PrincipalUsage) -> Recreation | None:
    earlier = usage.of_earlier(principal)
    created = principal.created.date() if principal.created else None
    return Recreation(created, sum(identity.records for identity in earlier)) if earlier else None

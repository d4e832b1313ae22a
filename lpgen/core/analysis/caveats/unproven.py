"""The diff of a principal whose policies take too many steps to compare: nothing is proven, and everything is kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from lpgen.core.analysis.caveats.principal_class import classify_principal, detachment, proposal_for
from lpgen.core.analysis.grants.granting import granting_by_action
from lpgen.core.analysis.observability.signs_of_use import sign_of_life
from lpgen.core.analysis.verdicts.verdicts import ActionFacts
from lpgen.core.evidence import LogCoverage, PrincipalGrants, PrincipalUsage
from lpgen.core.findings import (
    GENERATED_CLASSES,
    Advice,
    Assessment,
    Confidence,
    Judgement,
    PrincipalDiff,
    ReplacementDraft,
    UseFindings,
    Verdict,
    Verdicts,
)
from lpgen.core.registry.caveats import Caveat, CaveatKind
from lpgen.core.replacements import Decision

_REASON: Final = "the policies are too complex to compare"
_PROPOSAL: Final = "simplify its policies", ": they are too complex to compare, so lpgen proposes no replacement"


def unproven_diff(
    grants: PrincipalGrants,
    usage: PrincipalUsage,
    coverage: LogCoverage,
    *,
    why: str,
    facts: ActionFacts,
    decisions: Sequence[Decision],
) -> PrincipalDiff:
    """The diff of a principal whose policies can't be compared: it keeps each granted action, and can't be accepted."""
    principal = grants.principal
    known = coverage.account(principal.account)
    as_of = coverage.last_day or date.min
    life = sign_of_life(principal, usage, known, None, as_of=as_of)
    principal_class = classify_principal(grants, usage, known, (), life=life, decisions=decisions)
    by_action = granting_by_action(grants.allows)
    judged = {
        granting: Judgement(
            Verdict.UNOBSERVABLE, _REASON, keep=_REASON, confidence=Confidence.LOW, grants=granting.refs, evidence=None
        )
        for granting in set(by_action.values())
    }
    task, more = proposal_for(
        grants, usage, (), principal_class=principal_class, coverage=known, as_of=as_of, life=life
    )
    if principal_class in GENERATED_CLASSES:
        task, more = _PROPOSAL
    actions = sorted(by_action.items(), key=lambda pair: pair[0])
    return PrincipalDiff(
        principal=principal,
        principal_class=principal_class,
        use=UseFindings(
            covered_days=known.covered_days if known else 0,
            active_days=usage.days,
            denied=usage.denied,
            unmapped=usage.unmapped,
        ),
        assessment=Assessment(
            verdicts=Verdicts(((action, judged[granting]) for action, granting in actions), facts),
            caveats=(Caveat.of(CaveatKind.UNPROVEN, why=why),),
        ),
        draft=ReplacementDraft(detach=detachment(principal)),
        advice=Advice(sentence=task + more, task=task),
    )

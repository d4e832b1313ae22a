"""The parts that the JSON outputs share: evidence, statements, caveats, coverage, checks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Final

from lpgen.core.digests import Inputs
from lpgen.core.evidence import AccountCoverage, Evidence, StatementRef, Use
from lpgen.core.findings import PrincipalDiff, UngrantedUse
from lpgen.core.registry.caveats import Caveat
from lpgen.core.replacements import Check, Decision, Scope
from lpgen.report.json.layout import Json, Row
from lpgen.report.summary import PrincipalSummary

_SIDES: Final = {True: "read_only", False: "writing"}


def facts_of_evidence(evidence: Evidence | None) -> Json:
    """How a use is known; zero records and empty texts where nothing was seen."""
    return asdict(evidence or Evidence(0, "", "", "", ""))


def facts_of_statement(ref: StatementRef) -> Row:
    """The statement and its policy; statements count from 1."""
    return Row(policy=ref.policy, kind=ref.kind, group=ref.group, statement=ref.index + 1, sid=ref.sid)


def facts_of_scope(scope: Scope) -> Json:
    """`resources`, or `not_resources` where it is all but these."""
    return {"not_resources" if scope.not_resource else "resources": list(scope.resources)}


def facts_of_proposal(summary: PrincipalSummary) -> Json:
    """What is proposed for a principal, and whether it is called safe: null where there is no replacement to call
    so."""
    return {
        "class": summary.principal_class,
        "proposal": summary.proposal,
        "in_place": summary.in_place,
        "safe": summary.safe if summary.is_replaced else None,
        "not_safe_because": _facts_of_caveats(summary.caveats),
        "expected_denials": _facts_of_expected(summary),
    }


def _facts_of_expected(summary: PrincipalSummary) -> Row | None:
    """How many denied needs to expect of a replacement in the next `days`: the mean, and the ends of the interval."""
    expected = summary.expected
    if expected is None or not summary.is_replaced:
        return None
    return Row(asdict(replace(expected, mean=round(expected.mean, 3))))


def _facts_of_caveats(caveats: Iterable[Caveat]) -> list[Row]:
    """The reasons not to call a proposal safe, each with the next step and the `item` for a decision to accept it."""
    return [
        Row(
            kind=caveat.kind,
            message=caveat.message,
            item=caveat.item if caveat.kind.row.acceptable else None,
            next_step=caveat.step,
        )
        for caveat in caveats
    ]


def facts_of_accepted(caveats: Iterable[Caveat]) -> list[Row]:
    """The caveats that a person has accepted."""
    return [Row(kind=one.kind, message=one.message, item=one.item, accepted_by=one.accepted_by) for one in caveats]


def facts_of_inputs(inputs: Inputs) -> Json:
    """The inputs that an output folder was made from."""
    facts = inputs.to_facts()
    files = [Row(file=one.file, sha256=one.sha256) for one in inputs.policies]
    rows = {"catalog": Row(asdict(inputs.catalog)), "policies": files, "options": Row(inputs.options)}
    return {**facts, **rows}


def facts_of_account(coverage: AccountCoverage) -> Json:
    """The logs that were read of one account."""
    regions = sorted({region for region, _ in coverage.data_events})
    return {
        "account": coverage.account,
        "first_day": coverage.first_day.isoformat(),
        "last_day": coverage.last_day.isoformat(),
        "covered_days": coverage.covered_days,
        "gaps": [Row(first=gap.first.isoformat(), last=gap.last.isoformat()) for gap in coverage.gaps],
        "regions": list(coverage.regions),
        "records": coverage.records,
        "management_events": {key: side in coverage.sides() for side, key in _SIDES.items()},
        "data_events": [_facts_of_data_events(coverage, region) for region in regions],
        "data_events_known_from": coverage.known_from,
        "known_from": coverage.known_from,
        "trails": list(coverage.trails),
        "holes": [
            Row(first=one.first.isoformat(), last=one.last.isoformat(), why=one.why) for one in coverage.uncovered
        ],
        "trail_changes": list(coverage.change_notes),
        "unseen_event_sources": sorted(coverage.unseen),
        "summed_event_sources": sorted(coverage.summed),
    }


def _facts_of_data_events(coverage: AccountCoverage, region: str) -> Row:
    """The event sources whose data events were seen in a Region, and those of each side."""
    sources = sorted(source for where, source in coverage.data_events if where == region)
    sides = {key: [one for one in sources if side in coverage.sides(region, one)] for side, key in _SIDES.items()}
    return Row(region=region, event_sources=sources, **sides)


def facts_of_use(use: Use) -> Row:
    """One action on one resource with one outcome."""
    return Row(
        action=use.action,
        resource=use.resource.text,
        resource_kind=use.resource.kind,
        outcome=use.outcome,
        how=use.how,
        wall=use.denial_kind,
        error_code=use.error_code,
        regions=list(use.regions),
        **facts_of_evidence(use.evidence),
    )


def facts_of_ungranted(one: UngrantedUse) -> Row:
    """A use without a grant; `explanation` is null where nothing explains it."""
    return Row(facts_of_use(one.use), reason=one.reason, explanation=one.explanation or None)


def facts_of_checks(checks: Iterable[Check]) -> list[Json]:
    """The checks of a verification, in the order in which they ran."""
    return list(map(asdict, checks))


def facts_of_decision(decision: Decision) -> Row:
    """A person's decision; an empty text means any, or never for `expires`."""
    facts = asdict(decision)
    return Row(do=facts.pop("kind"), **facts)


def facts_of_dropped(diff: PrincipalDiff) -> list[Row]:
    """The lines that decisions keep out of a replacement."""
    return [
        Row(
            action=one.line.action,
            **facts_of_scope(one.line.scope),
            parent=facts_of_statement(one.line.parent),
            reason=one.decision.reason,
            owner=one.decision.owner,
            expires=one.decision.expires,
            **facts_of_evidence(one.line.evidence),
        )
        for one in diff.dropped
    ]

"""The review as JSON, schema `lpgen.review/1`.

Keys are only ever added under this name; a change of meaning takes a new number. Texts are as in the logs and policies,
days are ISO dates, times ISO 8601 in UTC, statements count from 1. Everything is sorted, and nothing depends on today.

- `as_of`, `catalog`, `min_days`: the reference date for ages, the action catalog, how many covered days are enough.
- `totals`: the numbers of `principals[].counts` (see `lpgen.report.summary.Counts`) summed over the principals with a
  replacement, or over all where none has one; and how many principals there are, have a replacement, and have one that
  is in place, or isn't yet and is called safe.
- `outside_trust`: the outsiders that may assume roles, the worst first: the `case` (everyone, account, organization,
  provider), `who`, the keys of the `conditions` that must be met ("": none), the item with which a decision may accept
  it, and who has (`accepted_by`, "": not accepted).
- `coverage`: per account the days, gaps, Regions and records that were read, which sides of management events were
  seen, and by Region the event sources with data events, and those with read-only or writing management events;
  `known_from` is the source for which events were recorded, the log itself or the settings of `trails`; `holes`, days
  that recorded changes of trails take out or that show too little, and `trail_changes` that take none out;
  `unseen_event_sources`, whose management events may have been excluded; `summed_event_sources`, whose data events
  appear only in aggregated events.
- `guards`: the policies that were given in addition to the principals' own: levels of SCPs by account (`*`: every
  other), how many resource policies and trust policies, the boundary (null: each principal's own).
- `snapshot`: the one that some of the files are from, with its date, its accounts, the `used` parts, and its gaps,
  which are among the problems too (null: all files were named).
- `decisions`: the `file`, how many of its decisions to `keep`, `drop` and `accept` are in force, and `accepted`, how
  many reasons and ways into roles these accept (null: none were given).
- `skips`: records that are no usage, by reason. `problems`: gaps of the files given. `expired_decisions`: no longer in
  force. `not_in_snapshot`: principals of the logs that the authorization details don't have.
- `principals`: by harm (see `lpgen.report.summary.ReviewSummary`). Each has:
  `principal` (its ARN), `principal_id`, `account`, `kind` and `class`; `proposal`; `in_place`, whether its policies
  already have the meaning of the replacement; `safe` (null: there is no replacement); `not_safe_because` with the next
  step, and the item with which a decision may accept it (null: it can't be accepted); `expected_denials`, the denied
  needs to expect in the next `days` with their mean and the ends of the 90 % interval (null: no backtest ran);
  `accepted`; `covered_days`; `active_days`, on which it was seen at work (0: not counted); `counts`;
  `removal_confidence`, the number of removals by confidence; `statements`, the targets of the numbers in
  `verdicts[].granted_by` (from 0); `services`, by access level how many actions are granted and how many of them were
  seen (used or attempted); `verdicts`, one per action; `dangerous_use`, the dangerous actions that were used, their
  effect, and on which days; `wildcards`; `lost_undoings`, an action that was used and is kept, and its inverse, which
  wasn't seen and is removed; `ungranted`; `denied`; `unmapped`; `replacement` (null: there is none); `plan`; `dropped`;
  `checks` (null: nothing was verified).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from functools import lru_cache
from typing import Final

from lpgen.core.evidence import PrincipalUsage, StatementRef, UnmappedEvent
from lpgen.core.findings import DangerousUse, OutsideTrust, WildcardUse
from lpgen.core.model import AccessLevel, Outcome
from lpgen.report.decisions_note import facts_of_decisions
from lpgen.report.guards_note import facts_of_guards
from lpgen.report.json.facts import (
    facts_of_accepted,
    facts_of_account,
    facts_of_checks,
    facts_of_decision,
    facts_of_dropped,
    facts_of_evidence,
    facts_of_proposal,
    facts_of_scope,
    facts_of_statement,
    facts_of_ungranted,
    facts_of_use,
)
from lpgen.report.json.layout import Json, LaidOut, Row, Written, lay_out_item, lay_out_line, lay_out_parts
from lpgen.report.json.verdict_rows import written_verdicts
from lpgen.report.plan import document_file, plan_note, plan_steps
from lpgen.report.snapshot_note import facts_of_snapshot
from lpgen.report.summary import PartedReview, ReviewSummary
from lpgen.report.views import KeptGroup, PrincipalView, sorted_levels

REVIEW_SCHEMA: Final = "lpgen.review/1"


def review_json(parted: PartedReview) -> Iterator[str]:
    """The review as parts of a JSON text: of thousands of principals it is too long to hold at once."""
    principals = (LaidOut(parted.text_of(one.arn)) for one in parted.summary.principals)
    return lay_out_parts({**_facts_of_all(parted.summary), "principals": principals})


def review_lines(parted: PartedReview) -> Iterator[str]:
    """The review as JSON lines: the first has all of it but the principals, each other one a principal, by ARN."""
    yield lay_out_line(_facts_of_all(parted.summary))
    yield from map(parted.text_of, sorted(one.arn for one in parted.summary.principals))


def principal_json(view: PrincipalView) -> str:
    """The part of a principal in the JSON text."""
    return lay_out_item(facts_of_principal(view))


def principal_line(view: PrincipalView) -> str:
    """The line of a principal in the JSON lines."""
    return lay_out_line(facts_of_principal(view))


def _facts_of_all(review: ReviewSummary) -> Json:
    """All of a review but its principals."""
    report, diff = review.report, review.report.diff
    return {
        "schema": REVIEW_SCHEMA,
        "as_of": diff.as_of.isoformat(),
        "catalog": Row(version=diff.catalog_version, date=diff.catalog_date),
        "min_days": report.min_days,
        "totals": totals_of_review(review),
        "outside_trust": [_facts_of_trust(one) for one in report.trust],
        "coverage": {"accounts": [facts_of_account(one) for one in diff.coverage.accounts]},
        "guards": facts_of_guards(report.guards),
        "snapshot": facts_of_snapshot(report.snapshot),
        "decisions": facts_of_decisions(report.decisions, review.accepted),
        "skips": [
            Row(reason=one.reason, records=one.records, example_event_id=one.example_event_id) for one in diff.skips
        ],
        "problems": list(report.problems),
        "expired_decisions": [facts_of_decision(one) for one in diff.expired],
        "not_in_snapshot": [_facts_of_unlisted(one) for one in diff.unlisted],
    }


def totals_of_review(review: ReviewSummary) -> Row:
    """The numbers of all principals together."""
    replaced = review.replaced
    return Row(
        principals=len(review.principals),
        replacements=len(review.with_documents),
        refused=sum(not one.has_documents for one in replaced),
        safe=len(review.safe),
        in_place=sum(one.in_place for one in replaced),
        **asdict(review.counts),
    )


def _facts_of_trust(trust: OutsideTrust) -> Row:
    return Row(
        principal=trust.principal,
        severity=trust.severity,
        **{name: trust.parameters[name] for name in ("case", "who")},
        conditions=trust.parameters["limits"],
        message=trust.message,
        item=trust.item,
        accepted_by=trust.accepted_by,
    )


def _facts_of_unlisted(usage: PrincipalUsage) -> Json:
    return {
        "principal": usage.principal,
        "principal_ids": list(usage.principal_ids),
        "regions": list(usage.regions),
        "uses": [facts_of_use(one) for one in usage.uses if one.outcome is not Outcome.DENIED],
        "denied": [facts_of_use(one) for one in usage.uses if one.outcome is Outcome.DENIED],
        "unmapped": [_facts_of_unmapped(one) for one in usage.unmapped],
    }


def facts_of_principal(view: PrincipalView) -> Json:
    """One principal of the review."""
    diff, proposal = view.diff, view.proposal
    statements = _statements(view)
    at = {ref: number for number, ref in enumerate(statements)}
    return {
        "principal": diff.principal.arn,
        "principal_id": diff.principal.principal_id,
        "account": diff.principal.account,
        "kind": diff.principal.kind,
        **facts_of_proposal(view.summary),
        "accepted": facts_of_accepted(view.summary.accepted),
        "covered_days": diff.covered_days,
        "active_days": diff.active_days,
        "counts": Row(asdict(view.counts)),
        "removal_confidence": Row({level.value: count for level, count in view.confidence.items()}),
        "statements": [facts_of_statement(ref) for ref in statements],
        "services": _facts_of_services(view),
        "verdicts": written_verdicts(diff.verdicts, view.staying, at),
        "dangerous_use": [_facts_of_dangerous_use(one) for one in diff.dangerous],
        "wildcards": [_facts_of_wildcard(one) for one in diff.wildcards],
        "lost_undoings": [Row(asdict(one)) for one in view.lost_undoings],
        "ungranted": [facts_of_ungranted(one) for one in diff.ungranted],
        "denied": [facts_of_use(one) for one in diff.denied],
        "unmapped": [_facts_of_unmapped(one) for one in diff.unmapped],
        "replacement": _facts_of_replacement(view),
        "plan": {"steps": [Row(asdict(step)) for step in plan_steps(proposal)], "note": plan_note(proposal)},
        "dropped": facts_of_dropped(diff),
        "checks": None if proposal.verification is None else facts_of_checks(proposal.verification.checks),
    }


def _statements(view: PrincipalView) -> list[StatementRef]:
    return sorted(view.diff.verdicts.statements() | {one.ref for one in view.diff.wildcards})


def _facts_of_services(view: PrincipalView) -> Written:
    return Written(
        _written_service(service, tuple((level, row[level].granted, row[level].seen) for level in sorted_levels(row)))
        for service, row in view.matrix.items()
    )


@lru_cache(maxsize=1 << 16)  # principals have much in common
def _written_service(service: str, levels: tuple[tuple[AccessLevel, int, int], ...]) -> str:
    counts = {level.value: {"granted": granted, "seen": seen} for level, granted, seen in levels}
    return json.dumps(Row(service=service, levels=counts))


def _facts_of_dangerous_use(one: DangerousUse) -> Row:
    days = [day.isoformat() for day in one.on]
    return Row(action=one.action, harm=one.harm, days=days, **facts_of_evidence(one.evidence))


def _facts_of_wildcard(one: WildcardUse) -> Row:
    return Row(
        pattern=one.pattern,
        not_action=one.not_action,
        expands_to=one.expands_to,
        used=list(one.used),
        statement=facts_of_statement(one.ref),
    )


def _facts_of_unmapped(one: UnmappedEvent) -> Row:
    return Row(event_source=one.event_source, event_name=one.event_name, **facts_of_evidence(one.evidence))


def _facts_of_replacement(view: PrincipalView) -> Json | None:
    replacement = view.proposal.replacement
    if replacement is None:
        return None
    return {
        "refusal": replacement.refusal or None,
        "left_attached": [Row(arn=one.arn, version=one.version or None, sha256=one.sha256) for one in replacement.left],
        "documents": [
            Row(
                file=document_file(number),
                name=document.name,
                type="inline" if document.inline else "managed",
                characters=document.size,
                statements=len(document.statements),
            )
            for number, document in enumerate(replacement.documents, start=1)
        ],
        "lines": [
            Row(
                action=line.action,
                **facts_of_scope(line.scope),
                parent=facts_of_statement(line.parent),
                kind=line.kind,
                why=line.why,
                rule=line.rule,
                evidence=facts_of_evidence(line.evidence) if line.evidence else None,
            )
            for line in view.lines
        ],
        "kept": _facts_of_groups(view.kept),
        "for_review": _facts_of_groups(view.for_review),
        "decided": _facts_of_groups(view.decided),
        "shared": _facts_of_groups(view.shared),
        "rules": [Row(asdict(one)) for one in view.rules],
        "characters_by_service": Row(dict(replacement.bytes_by_service)),
    }


def _facts_of_groups(groups: tuple[KeptGroup, ...]) -> list[Row]:
    return [Row(service=one.service, why=one.why, actions=list(one.actions)) for one in groups]

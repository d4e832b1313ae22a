"""Drift as a page: totals, findings by cause from critical to info, accepted findings, and the trend.

The actions that wildcards gained are a separate page with the same kind of findings.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain, groupby
from typing import Final

from lpgen.core.choices import Severity
from lpgen.core.drift.findings import Drift, DriftFinding, FindingPart, count_levels
from lpgen.core.drift.kinds import Cause, causes_of
from lpgen.core.drift.states import Stamp
from lpgen.core.drift.wildcards import Growth
from lpgen.report.blocks import (
    Block,
    Column,
    Fold,
    Heading,
    Item,
    Line,
    Paragraph,
    Span,
    Tone,
    Words,
    bad,
    bullets,
    count,
    good,
    line,
    more_note,
    name,
    names,
    plural,
    quiet,
    strong,
    table,
)
from lpgen.report.pages.inputs import decisions_notes
from lpgen.report.words import label_of, shorten

_LONGEST_TIE: Final = 160
_LONGEST_NAME: Final = 50
_MOST_DETAILS: Final = 30
_MOST_STATES: Final = 26
_MOST_WILDCARDS: Final = 40
_BARS: Final = "▁▂▃▄▅▆▇█"
_TONES: Final = {Severity.CRITICAL: Tone.BAD, Severity.HIGH: Tone.BAD, Severity.MEDIUM: Tone.STRONG}


def drift_page(drift: Drift) -> tuple[Block, ...]:
    """The whole page of a drift."""
    return (
        Heading(line(f"lpgen drift since {drift.before.name}, as of {drift.after.as_of.isoformat()}"), level=1),
        Paragraph(line(quiet(f"baseline {_stamp(drift.before)}"))),
        Paragraph(line(quiet(_stamp(drift.after)))),
        Paragraph(sum_of(causes_of(drift.open))),
        *decision_blocks(drift),
        *_causes(drift.open),
        *_accepted([finding for finding in drift.findings if finding.accepted_by]),
        *_applied(drift.applied),
        *_expired(drift),
        *_gaps(drift.notes),
        *trend_blocks(drift.trend),
    )


def _stamp(stamp: Stamp) -> str:
    snapshot = f"; snapshot {stamp.snapshot}" if stamp.snapshot else ""
    catalog = f"catalog {stamp.catalog_version} of {stamp.catalog_date}"
    return f"{stamp.name}: as of {stamp.as_of.isoformat()}; {catalog}{snapshot}"


def decision_blocks(drift: Drift, *, longest: int = 0) -> Iterable[Block]:
    """The decisions file, and the number of findings that it accepts."""
    yield from map(Paragraph, decisions_notes(drift.decisions, drift.accepted, "finding", longest=longest))


def sum_of(causes: Sequence[Cause]) -> Line:
    """The number of findings and groups, and of findings by severity."""
    if not causes:
        return line(good("No drift found."))
    found = Counter(finding.severity for cause in causes for finding in cause.findings)
    groups = f" in {plural(len(causes), 'group')}" if len(causes) < found.total() else ""
    parts: list[Words] = [strong(f"{plural(found.total(), 'finding')}{groups}: ")]
    for number, severity in enumerate(severity for severity in Severity if found[severity]):
        parts += [", " if number else "", severity_span(severity, f"{count(found[severity])} ")]
    return line(*parts, ".")


def severity_span(severity: Severity, before: str = "") -> Span:
    """A severity in its tone, after a number if given."""
    return Span(f"{before}{severity}", _TONES.get(severity, Tone.PROSE))


def headline(cause: Cause) -> str:
    """The message that the findings of a cause share, or otherwise what ties them together."""
    messages = {finding.message for finding in cause.findings}
    if len(messages) == 1:
        return messages.pop()
    return f"{cause.kind.row.title.removesuffix('.')}: {shorten(cause.tie, _LONGEST_TIE)}"


def _causes(findings: Sequence[DriftFinding]) -> Iterable[Block]:
    for severity, found in groupby(causes_of(findings), lambda cause: cause.severity):
        yield Heading(line(str(severity).capitalize()), level=2)
        yield from (_fold(cause) if len(cause.findings) == 1 else _group(cause) for cause in found)


def _fold(cause: Cause) -> Fold:
    (finding,) = cause.findings
    return _finding_fold(finding, _kind(cause), Paragraph(line(quiet("item: "), name(finding.item))))


def _finding_fold(finding: DriftFinding | FindingPart, head: Words, *further: Block) -> Fold:
    """A finding with its subject: what was found, what to do, and further blocks."""
    items = tuple(_details(finding))
    return Fold(
        line(head, "  ", name(label_of(finding.subject))),
        (
            Paragraph(line(finding.message)),
            *([bullets(*items)] if items else []),
            Paragraph(line("→ ", finding.step)),
            *further,
        ),
    )


def _group(cause: Cause) -> Fold:
    """Several findings with one cause: an entry for each role, user, policy, trail or account."""
    shared = headline(cause)
    by_subject: dict[str, list[DriftFinding]] = defaultdict(list)
    for finding in cause.findings:
        by_subject[finding.subject].append(finding)
    findings = plural(len(cause.findings), "finding")
    steps = dict.fromkeys(finding.step for finding in cause.findings)
    return Fold(
        line(_kind(cause), "  ", name(shorten(cause.tie, _LONGEST_NAME)), f"  {findings}"),
        (
            Paragraph(line(shared)),
            bullets(
                *(
                    Item(
                        line(severity_span(found[0].severity), "  ", name(label_of(subject))),
                        tuple(chain(*(_notes(finding, shared) for finding in found))),
                    )
                    for subject, found in by_subject.items()
                )
            ),
            *(Paragraph(line("→ ", step)) for step in steps),
        ),
    )


def _notes(finding: DriftFinding, shared: str) -> Iterable[Line]:
    if finding.message != shared:
        yield line(finding.message)
    yield from _details(finding)
    yield line(quiet("item: "), name(finding.item))


def _kind(cause: Cause) -> Span:
    return Span(str(cause.kind), severity_span(cause.severity).tone)


def _details(finding: DriftFinding | FindingPart) -> Iterable[Line]:
    shown = finding.details if len(finding.details) <= _MOST_DETAILS + 1 else finding.details[:_MOST_DETAILS]
    yield from (line(name(detail)) for detail in shown)
    if len(shown) < len(finding.details):
        yield line(quiet(f"and {count(len(finding.details) - len(shown))} more"))
    others = [principal for principal in finding.principals if principal != finding.subject]
    if others:
        yield line("held by ", names(map(label_of, others), most=3))
    if isinstance(finding, DriftFinding) and finding.expired:
        yield line(bad("was accepted, but the decision has expired: "), name(finding.expired))


def _accepted(findings: Sequence[DriftFinding]) -> Iterable[Block]:
    if findings:
        yield Heading(line("Accepted by decision"), level=2)
        yield bullets(
            *(
                Item(
                    line(f"{finding.severity}  {finding.kind}  ", name(label_of(finding.subject))),
                    (line(finding.message), line(quiet("by "), name(finding.accepted_by))),
                )
                for finding in findings
            )
        )


def _applied(applied: Sequence[str]) -> Iterable[Block]:
    if applied:
        yield Heading(line("Put in place since the baseline"), level=2)
        yield Paragraph(
            line(good(plural(len(applied), "replacement")), " as proposed: ", names(map(label_of, applied), most=10))
        )


def _expired(drift: Drift) -> Iterable[Block]:
    if drift.expired:
        yield Heading(line("Expired decisions"), level=2)
        yield bullets(
            *(
                line(f"expired {decision.expires}: ", name(decision.item), f", by {decision.owner}: {decision.reason}")
                for decision in drift.expired
            )
        )


def _gaps(notes: Sequence[str]) -> Iterable[Block]:
    if notes:
        yield Heading(line("Not compared"), level=2)
        yield bullets(*notes)


# ---------------------------------------------------------------- what wildcards gained


def wildcards_page(growth: Growth) -> tuple[Block, ...]:
    """The page with the most severe wildcards. JSON and CSV have all."""
    catalog, rest = growth.catalog, len(growth.wildcards) - _MOST_WILDCARDS
    dates = f"catalog {catalog.catalog_version} of {catalog.catalog_date}; actions first seen after {growth.since}"
    return (
        Heading(line("lpgen wildcards"), level=1),
        Paragraph(line(quiet(dates))),
        *(Paragraph(line(*sentence)) for sentence in _sum_of_growth(growth)),
        *map(_wildcard, growth.wildcards[:_MOST_WILDCARDS]),
        *more_note(rest > 0, rest, "wildcard"),
        Heading(line("About the dates"), level=2),
        bullets(*_dates(growth)),
    )


def _sum_of_growth(growth: Growth) -> Iterable[tuple[Words, ...]]:
    totals, principals = growth.totals, {arn for wildcard in growth.wildcards for arn in wildcard.principals}
    wildcards = f"{plural(totals.wildcards, 'wildcard')} in the policies of {plural(totals.principals, 'principal')}"
    yield strong(wildcards), f": {count(len(growth.wildcards))} gained actions."
    if growth.wildcards:
        grants, levels = plural(sum(totals.levels.values()), "grant"), count_levels(totals.levels)
        new = f" ({levels}) of {plural(len(growth.actions), 'new action')}; "
        used = "use is unknown" if totals.used is None else f"used: {count(totals.used)}"
        yield f"{plural(len(principals), 'principal')} silently gained ", strong(grants), new, strong(used), "."


def _wildcard(wildcard: FindingPart) -> Fold:
    head = line(severity_span(wildcard.severity), "  ", name(wildcard.parameters["wildcard"]))
    return _finding_fold(wildcard, head)


def _dates(growth: Growth) -> Iterable[Words]:
    since, oldest = growth.since.isoformat(), growth.first_seen_from
    yield f"Dates are catalog release dates, back to {oldest}. AWS added each action between two releases."
    if doubtful := [action for action in growth.actions if action.after < since]:
        first, older = doubtful[0], plural(len(doubtful), "action")
        yield f"{older} first seen on {first.first_seen}: added after {first.after}, so possibly before {since}."
    if since < oldest:
        undated = plural(growth.totals.undated, "action")
        yield f"{undated} of these wildcards existed by then. Their dates are unknown, so they aren't counted."
    yield "Wildcards in a Deny also gain actions, but they remove permissions, so they aren't counted."


# ---------------------------------------------------------------- the trend


def trend_blocks(trend: Sequence[Stamp]) -> Iterable[Block]:
    """The figures of states, from the oldest to the current one. Empty without an earlier state."""
    if len(trend) < 2:
        return
    shown = trend[-_MOST_STATES:]
    rows = (
        ("granted actions", [stamp.figures.granted for stamp in shown]),
        ("unused grants", [stamp.figures.unused for stamp in shown]),
        ("dangerous without recorded use", [stamp.figures.dangerous_unused for stamp in shown]),
        ("wildcards", [stamp.figures.wildcards for stamp in shown]),
        ("principals", [stamp.figures.principals for stamp in shown]),
        ("covered days", [stamp.figures.covered_days for stamp in shown]),
    )
    yield Heading(line(f"Trend, {shown[0].as_of.isoformat()} to {shown[-1].as_of.isoformat()}"), level=2)
    columns = (
        Column("figure"),
        Column("trend"),
        Column("first", number=True),
        Column("now", number=True),
        Column("change", number=True),
    )
    yield table(
        columns,
        (
            (figure, name(sparkline(values)), count(values[0]), count(values[-1]), f"{values[-1] - values[0]:+,}")
            for figure, values in rows
        ),
    )


def sparkline(values: Sequence[int]) -> str:
    """The values as bars, one character each, scaled from the smallest to the largest. Equal values are all low."""
    low, high = min(values, default=0), max(values, default=0)
    steps = len(_BARS) - 1
    return "".join(_BARS[(value - low) * steps // (high - low) if high > low else 0] for value in values)

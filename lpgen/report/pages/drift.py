"""Drift as a page: the sum, the findings from critical to info, what was accepted, and the trend."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final

from lpgen.core.choices import Severity
from lpgen.core.drift.findings import Drift, DriftFinding
from lpgen.core.drift.states import Stamp
from lpgen.report.pages.blocks import (
    Block,
    Column,
    Fold,
    Heading,
    Item,
    Paragraph,
    Span,
    Tone,
    Words,
    bad,
    bullets,
    count,
    good,
    line,
    name,
    names,
    plural,
    quiet,
    strong,
    table,
)
from lpgen.report.pages.words import label_of

_MOST_DETAILS: Final = 30
_MOST_STATES: Final = 26
_BARS: Final = "▁▂▃▄▅▆▇█"
_TONES: Final = {Severity.CRITICAL: Tone.BAD, Severity.HIGH: Tone.BAD, Severity.MEDIUM: Tone.STRONG}


def drift_page(drift: Drift) -> tuple[Block, ...]:
    """The whole page of a drift."""
    return (
        Heading(line("lpgen drift"), level=1),
        Paragraph(line(quiet(f"since {_stamp(drift.before)}"))),
        Paragraph(line(quiet(f"to {_stamp(drift.after)}"))),
        *_sum(drift),
        *_findings(drift.open),
        *_accepted([one for one in drift.findings if one.accepted_by]),
        *_applied(drift.applied),
        *_expired(drift),
        *_notes(drift.notes),
        *_trend(drift.trend),
    )


def _stamp(stamp: Stamp) -> str:
    snapshot = f"; snapshot {stamp.snapshot}" if stamp.snapshot else ""
    catalog = f"catalog {stamp.catalog_version} of {stamp.catalog_date}"
    return f"{stamp.name}: as of {stamp.as_of.isoformat()}; {catalog}{snapshot}"


def _sum(drift: Drift) -> Iterable[Block]:
    found = Counter(one.severity for one in drift.open)
    if not found:
        yield Paragraph(line(good("Nothing drifted.")))
        return
    parts: list[Words] = [strong(f"{plural(found.total(), 'finding')}: ")]
    for number, severity in enumerate(one for one in Severity if found[one]):
        parts += [", " if number else "", Span(f"{count(found[severity])} {severity}", _tone(severity))]
    yield Paragraph(line(*parts, "."))


def _tone(severity: Severity) -> Tone:
    return _TONES.get(severity, Tone.PROSE)


def _findings(findings: Sequence[DriftFinding]) -> Iterable[Block]:
    for severity, found in groupby(findings, lambda one: one.severity):
        yield Heading(line(str(severity).capitalize()), level=2)
        yield from map(_fold, found)


def _fold(finding: DriftFinding) -> Fold:
    shown = finding.details if len(finding.details) <= _MOST_DETAILS + 1 else finding.details[:_MOST_DETAILS]
    items: list[Words] = [name(one) for one in shown]
    if len(shown) < len(finding.details):
        items.append(quiet(f"and {count(len(finding.details) - len(shown))} more"))
    others = [one for one in finding.principals if one != finding.subject]
    if others:
        items.append(line("held by ", names(map(label_of, others), most=3)))
    if finding.expired:
        items.append(line(bad("was accepted, but that has expired: "), name(finding.expired)))
    return Fold(
        line(Span(str(finding.kind), _tone(finding.severity)), "  ", name(label_of(finding.subject))),
        (
            Paragraph(line(finding.message)),
            *([bullets(*items)] if items else []),
            Paragraph(line("→ ", finding.step)),
            Paragraph(line(quiet("item: "), name(finding.item))),
        ),
    )


def _accepted(findings: Sequence[DriftFinding]) -> Iterable[Block]:
    if findings:
        yield Heading(line("Accepted by decision"), level=2)
        yield bullets(
            *(
                Item(
                    line(f"{one.severity}  {one.kind}  ", name(label_of(one.subject))),
                    (line(one.message), line(quiet("by "), name(one.accepted_by))),
                )
                for one in findings
            )
        )


def _applied(applied: Sequence[str]) -> Iterable[Block]:
    if applied:
        yield Heading(line("Put in place since"), level=2)
        yield Paragraph(
            line(good(plural(len(applied), "replacement")), " as proposed: ", names(map(label_of, applied), most=10))
        )


def _expired(drift: Drift) -> Iterable[Block]:
    if drift.expired:
        yield Heading(line("Expired decisions"), level=2)
        yield bullets(
            *(
                line(f"expired {one.expires}: ", name(one.item), f", by {one.owner}: {one.reason}")
                for one in drift.expired
            )
        )


def _notes(notes: Sequence[str]) -> Iterable[Block]:
    if notes:
        yield Heading(line("What could not be compared"), level=2)
        yield bullets(*notes)


# ---------------------------------------------------------------- the trend


def _trend(trend: Sequence[Stamp]) -> Iterable[Block]:
    if len(trend) < 2:
        return
    shown = trend[-_MOST_STATES:]
    rows = (
        ("granted actions", [one.figures.granted for one in shown]),
        ("unused grants", [one.figures.unused for one in shown]),
        ("dangerous, not seen used", [one.figures.dangerous_unused for one in shown]),
        ("wildcards", [one.figures.wildcards for one in shown]),
        ("principals", [one.figures.principals for one in shown]),
        ("covered days", [one.figures.covered_days for one in shown]),
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
    """The values as bars, a character each, from their least to their greatest; equal ones are all low."""
    low, high = min(values, default=0), max(values, default=0)
    steps = len(_BARS) - 1
    return "".join(_BARS[(one - low) * steps // (high - low) if high > low else 0] for one in values)

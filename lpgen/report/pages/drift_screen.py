"""Drift on one screen: what changed, which principals it concerns, what to do next, and how to see the rest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Final

from rich.cells import cell_len

from lpgen.core.choices import Severity
from lpgen.core.drift.findings import Drift, DriftKind
from lpgen.core.drift.kinds import SETTLING_COMMANDS, Cause, causes_of
from lpgen.report.blocks import (
    Column,
    Command,
    Given,
    Heading,
    Line,
    PageBlock,
    Paragraph,
    count,
    line,
    name,
    names,
    plural,
    quiet,
    table,
)
from lpgen.report.escaping import terminal_text
from lpgen.report.pages.drift import decision_blocks, headline, severity_span, sum_of
from lpgen.report.words import label_of, sentence, shorten

_OUTPUT: Final = "lpgen-out"
_LONGEST_NAME: Final = 50
_OTHER_COLUMNS: Final = 32
"""The width of all columns except kind and change, with all gaps."""
_SHORTEST_MESSAGE: Final = 26


@dataclass(frozen=True, slots=True)
class Room:
    """The room on a screen: columns, groups, lines per group, and steps."""

    width: int
    groups: int = 12
    lines: int = 2
    steps: int = 5

    def smaller(self) -> Iterator[Room]:
        """This room, then smaller and smaller ones."""
        yield self
        for most in range(self.groups, 0, -1):
            yield replace(self, groups=most, lines=1, steps=min(self.steps, most))


def drift_blocks(drift: Drift, given: Given, room: Room) -> tuple[PageBlock, ...]:
    """The screen of a drift."""
    causes = causes_of(drift.open)
    since = f"since {shorten(drift.before.name, _LONGEST_NAME)} ({drift.before.as_of}), as of {drift.after.as_of}"
    return (
        Heading(line("lpgen drift"), level=1),
        Paragraph(line(quiet(f"{since}; catalog of {drift.after.catalog_date}"))),
        Paragraph(sum_of(causes)),
        *decision_blocks(drift, longest=_LONGEST_NAME),
        *_besides(drift),
        *_what(causes, room),
        *_for_whom(causes, room),
        *_next_steps(drift, given, causes, room),
        *_rest(drift, given),
    )


def _besides(drift: Drift) -> Iterator[PageBlock]:
    parts = (
        (drift.accepted, f"{plural(drift.accepted, 'finding')} accepted by decision"),
        (len(drift.applied), f"{plural(len(drift.applied), 'replacement')} put in place as proposed"),
        (len(drift.expired), f"{plural(len(drift.expired), 'decision')} expired"),
        (len(drift.notes), f"{plural(len(drift.notes), 'gap')} in the comparison"),
    )
    if any(number for number, _ in parts):
        yield Paragraph(line(quiet(f"Also: {'; '.join(words for number, words in parts if number)}.")))


def _what(causes: Sequence[Cause], room: Room) -> Iterator[PageBlock]:
    if not causes:
        return
    yield Heading(line("What changed"), level=2)
    shown = causes if len(causes) <= room.groups + 1 else causes[: room.groups]
    columns = (
        Column("severity"),
        Column("kind"),
        Column("change", flexible=True),
        Column("findings", number=True),
        Column("affects", number=True),
    )
    most = room.lines * (room.width - _OTHER_COLUMNS - max(len(cause.kind) for cause in shown))
    rows = (
        (
            severity_span(cause.severity),
            str(cause.kind),
            _change(cause, most),
            count(len(cause.findings)),
            count(len(cause.concerned)),
        )
        for cause in shown
    )
    yield table(columns, rows)
    if len(shown) < len(causes):
        yield Paragraph(line("and ", sum_of(causes[len(shown) :])))


def _change(cause: Cause, most: int) -> Line:
    shared = headline(cause)
    if len(cause.findings) > 1:
        return line(shorten(shared if shared == cause.findings[0].message else _label(cause.tie), most))
    who = shorten(_label(cause.findings[0].subject), most - _SHORTEST_MESSAGE)
    return line(name(who), ": ", shorten(shared, most - 2 - cell_len(terminal_text(who))))


def _label(text: str) -> str:
    """The name of a principal or policy, the service and resource of another ARN, or any other text unchanged."""
    fields = text.split(":", 5)
    if fields[0] != "arn" or len(fields) < 6:
        return text
    return fields[5].rpartition("/")[2] if fields[2] == "iam" else f"{fields[2]} {fields[5]}"


def _for_whom(causes: Sequence[Cause], room: Room) -> Iterator[PageBlock]:
    worst: dict[str, Severity] = {}
    for cause in causes:
        for finding in cause.findings:
            for arn in finding.principals or (finding.subject,):
                worst[arn] = min(worst.get(arn, finding.severity), finding.severity, key=tuple(Severity).index)
    if worst:
        yield Heading(line("Affected"), level=2)
    for severity in Severity:
        found = [shorten(label_of(arn), _LONGEST_NAME) for arn in worst if worst[arn] is severity]
        if found:
            start = f" ({count(len(found))}): "
            columns = room.width - len(severity) - len(start) - len(f" and {count(len(found))} more")
            most = sum(end <= columns for end in accumulate(cell_len(terminal_text(label)) + 2 for label in found))
            if most < len(found):  # `names` shows one more name instead of leaving out only one
                most = max(min(most, len(found) - 2), 1)
            yield Paragraph(line(severity_span(severity), start, names(found, most=most)))


# ---------------------------------------------------------------- what to do


def _next_steps(drift: Drift, given: Given, causes: Sequence[Cause], room: Room) -> Iterator[PageBlock]:
    if not causes:
        return
    yield Heading(line("Next steps"), level=2)
    steps: dict[str, list[DriftKind]] = defaultdict(list)
    for cause in causes:
        for finding in cause.findings:
            steps[finding.step].append(finding.kind)
    is_generated = False
    for number, (step, kinds) in enumerate(list(steps.items())[: room.steps], start=1):
        findings = f" ({plural(len(kinds), 'finding')})"
        words = shorten(sentence(step), room.lines * (room.width - len(findings)) - 4)
        yield Paragraph(line(f"{number}. {words}{findings}"))
        commands = {command for kind in kinds for command in SETTLING_COMMANDS.get(kind, ())}
        if not is_generated and "generate" in commands:
            is_generated = True
            yield from _command(given.command("generate", ("--output", _OUTPUT)))
        if "rollout plan" in commands:
            plan = given.command("rollout plan", (_OUTPUT,), ("--output", "plan.json"))
            yield from _command(plan)
    if len(steps) > room.steps:
        yield Paragraph(line(f"and {count(len(steps) - room.steps)} more"))
    day = drift.after.as_of.isoformat()
    if day not in {stamp.name for stamp in (drift.before, *drift.trend)}:
        yield Paragraph(line("Once this is done, save the next baseline:"))
        yield from _command(given.command("baseline save", (day,)))


def _rest(drift: Drift, given: Given) -> Iterator[PageBlock]:
    yield Heading(line("To see the rest"), level=2)
    yield from _command(given.command("drift", ("--since", drift.before.name), ("--full",)))


def _command(command: Command | None) -> Iterator[PageBlock]:
    if command:
        yield command

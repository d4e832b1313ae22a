"""One principal's part of a review: what is proposed, why it isn't safe yet, and what changes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Final

from lpgen.core.findings import (
    Caveat,
    Check,
    CheckStatus,
    DroppedLine,
    Evidence,
    PrincipalClass,
    Scope,
    StatementRef,
    UngrantedUse,
    WildcardUse,
)
from lpgen.core.model import AccessLevel
from lpgen.report.blocks import (
    Block,
    Bullets,
    Column,
    Fold,
    Heading,
    Item,
    Line,
    Paragraph,
    Show,
    Span,
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
from lpgen.report.counts import LevelCount, sum_matrix
from lpgen.report.groups import DangerGroup, DeniedGroup, KeptGroup
from lpgen.report.next_steps import UNACCEPTABLE, next_step
from lpgen.report.plan import Step, StepKind, plan_note, plan_steps
from lpgen.report.views import PrincipalView
from lpgen.report.words import CLASS_WORDS, LINE_WORDS, WALL_WORDS, caveat_order, short_label_of, state_of

MOST_ROWS: Final = 12
"""A page shows so many rows of a table and says how many more there are; JSON has them all."""


def principal_fold(view: PrincipalView, *, min_days: int) -> Fold:
    """Everything to say of one principal."""
    principal, counts = view.diff.principal, view.counts
    change = [quiet(f"  {count(counts.granted)} → {count(counts.replacement)} actions")] if view.has_documents else []
    summary = line(name(short_label_of(principal)), "  ", state_of(view), *change)
    parts = (
        _identity(view),
        _safety(view, min_days=min_days),
        _numbers(view),
        _dangers(view),
        _matrix(view),
        _wildcards(view.diff.wildcards),
        _ungranted(view.diff.ungranted),
        _denied(view.denied),
        _unmapped(view),
        _kept("Kept only because the logs can't show its use", view.kept),
        _kept("Kept for review, since a use is unexplained", view.for_review),
        _kept("Kept by decision", view.decided),
        _rules(view),
        _dropped(view.diff.dropped),
        _plan(view),
        _checks(view),
    )
    return Fold(summary, tuple(block for part in parts for block in part))


# ---------------------------------------------------------------- what is proposed, and is it safe


def _identity(view: PrincipalView) -> Iterable[Block]:
    diff = view.diff
    known = [quiet(f"  {diff.principal.principal_id}")] if diff.principal.principal_id else []
    yield Paragraph(line(name(diff.principal.arn), *known))
    days = quiet(f"  ({CLASS_WORDS[diff.principal_class]}, {plural(diff.covered_days, 'covered day')})")
    if view.proposal.replacement is not None and not view.has_documents:
        yield Paragraph(line(strong("No replacement: "), "what it needs doesn't fit AWS's limits", days))
    else:
        yield Paragraph(line(strong("Proposal: "), diff.proposal, days))


def _safety(view: PrincipalView, *, min_days: int) -> Iterable[Block]:
    if view.proposal.safe and view.proposal.verification is not None:
        checks = view.proposal.verification.checks
        examined = sum(check.examined for check in checks)
        passed = f"all {plural(len(checks), 'check')} passed, {plural(examined, 'thing')} examined"
        yield Paragraph(
            line(good("Safe: "), "what was used stays allowed and nothing new is allowed", quiet(f"  ({passed})"))
        )
    if view.caveats:
        yield Paragraph(line(bad(_caveats_title(view)), quiet(f" ({plural(len(view.caveats), 'reason')}):")))
        ordered = sorted(view.caveats, key=caveat_order)
        yield _capped(
            [
                Item(
                    line(caveat.message),
                    (
                        line(strong("next: "), next_step(caveat, view.diff, min_days=min_days)),
                        *(
                            [line("or accept it: ", name(_accepting(caveat)))]
                            if caveat.kind not in UNACCEPTABLE
                            else []
                        ),
                    ),
                )
                for caveat in ordered
            ]
        )
    if view.accepted:
        yield Paragraph(line(strong("Accepted:")))
        yield _capped(
            [Item(line(one.message), (line(quiet("accepted by "), one.accepted_by),)) for one in view.accepted]
        )


def _accepting(caveat: Caveat) -> str:
    return f"item = {json.dumps(caveat.item, ensure_ascii=False)}"


def _caveats_title(view: PrincipalView) -> str:
    if view.proposal.replacement is not None:
        return "Not safe yet"
    return "Not sure yet" if view.diff.principal_class is PrincipalClass.UNUSED else "To know"


def _numbers(view: PrincipalView) -> Iterable[Block]:
    counts = view.counts
    if not view.has_documents:
        yield from _sizes(view)
    if not view.has_documents and view.diff.verdicts:
        yield Paragraph(
            line(
                f"{plural(counts.granted, 'action')} granted: {count(counts.used)} used, {count(counts.attempted)} "
                f"tried, {count(counts.unused)} unused, {count(counts.unobservable)} that the logs can't show."
            )
        )
    if not view.has_documents:
        return
    unsure = [f"{count(number)} {level}" for level, number in view.confidence.items() if number]
    sure = f" (confidence: {', '.join(unsure)})" if unsure else ""
    goes = f"{count(counts.removed)} {'goes' if counts.removed == 1 else 'go'}"
    yield Paragraph(
        line(
            f"{plural(counts.granted, 'action')} granted, ",
            strong(f"{count(counts.replacement)} in the replacement, {goes}"),
            f"{sure}.",
        )
    )
    kinds = [
        f"{plural(actions, 'action')} {LINE_WORDS[kind]}" + (f" in {count(lines)} lines" if lines > actions else "")
        for kind, (actions, lines) in view.line_kinds.items()
    ]
    if kinds:
        yield Paragraph(line(f"In the replacement: {'; '.join(kinds)}."))


def _sizes(view: PrincipalView) -> Iterable[Block]:
    replacement = view.proposal.replacement
    if replacement is not None and replacement.bytes_by_service:
        largest = sorted(replacement.bytes_by_service, key=lambda one: (-one[1], one[0]))
        shown = [line(", ", name(service), f" {count(size)}") for service, size in largest[:MOST_ROWS]]
        yield Paragraph(line("Characters by service: ", line(*shown)[1:], "."))


# ---------------------------------------------------------------- granted against used


def _dangers(view: PrincipalView) -> Iterable[Block]:
    groups = view.dangers
    if not groups:
        return
    total = sum(len(group.verdicts) for group in groups)
    going, staying = ([group for group in groups if group.stays is stays] for stays in (False, True))
    shown, rest = going[:MOST_ROWS] + staying[:MOST_ROWS], going[MOST_ROWS:] + staying[MOST_ROWS:]
    yield _title("Dangerous grants nobody used", total)
    yield table(
        (Column("what a holder could do", flexible=True), Column("actions", flexible=True), Column("fate")),
        [(group.danger, _actions_of(group), _fate(group, view)) for group in shown],
    )
    yield from _more(rest, sum(len(one.verdicts) for one in rest), "dangerous action")


def _actions_of(group: DangerGroup) -> Line:
    return names([one.action for one in group.verdicts], most=3)


def _fate(group: DangerGroup, view: PrincipalView) -> Span:
    if not view.has_documents:
        return quiet("granted")
    if group.stays:
        return bad("stays")
    return good("goes") if group.observable else good("goes, unseen")


def _matrix(view: PrincipalView) -> Iterable[Block]:
    if not view.matrix:
        return
    levels = [level for level in AccessLevel if any(level in row for row in view.matrix.values())]
    ordered = sorted(view.matrix, key=lambda service: _service_order(service, view))
    shown, rest = ordered[:MOST_ROWS], ordered[MOST_ROWS:]
    if len(rest) == 1:
        shown, rest = ordered, []
    rows: list[list[Words]] = [[name(service), *_cells(view.matrix[service], levels)] for service in shown]
    if rest:
        summed = sum_matrix({service: view.matrix[service] for service in rest})
        rows.append([quiet(f"{count(len(rest))} more"), *_cells(summed, levels)])
    if len(ordered) > 1:
        rows.append([strong("all"), *_cells(sum_matrix(view.matrix), levels)])
    yield _title("Used of granted, by service and access level")
    titles = [_LEVEL_TITLES[level] for level in levels]
    yield table((Column("service"), *(Column(title, number=True) for title in (*titles, "all"))), rows)


_LEVEL_TITLES: Final = {level: str(level) for level in AccessLevel} | {
    AccessLevel.PERMISSIONS_MANAGEMENT: "Permissions"
}


def _service_order(service: str, view: PrincipalView) -> tuple[int, int, str]:
    row = view.matrix[service].values()
    return -bool(sum(one.seen for one in row)), -sum(one.granted for one in row), service


def _cells(row: Mapping[AccessLevel, LevelCount], levels: Iterable[AccessLevel]) -> list[Line]:
    whole = sum(row.values(), LevelCount())
    return [*(_cell(row.get(level, LevelCount())) for level in levels), _cell(whole)]


def _cell(one: LevelCount) -> Line:
    if not one.granted:
        return line(quiet("–"))
    text = f"{count(one.seen)}/{count(one.granted)}"
    return line(good(text) if one.seen else text)


def _wildcards(wildcards: tuple[WildcardUse, ...]) -> Iterable[Block]:
    if not wildcards:
        return
    widest = sorted(wildcards, key=lambda one: (-one.expands_to, one.ref, one.pattern))
    yield _title("Wildcards", len(wildcards))
    yield table(
        (
            Column("pattern", flexible=True),
            Column("stands for", number=True),
            Column("used", number=True),
            Column("in", flexible=True),
        ),
        [
            (
                line("all but ", name(one.pattern)) if one.not_action else name(one.pattern),
                count(one.expands_to),
                count(len(one.used)),
                _place(one.ref),
            )
            for one in widest[:MOST_ROWS]
        ],
    )
    yield from _more(widest[MOST_ROWS:], len(widest[MOST_ROWS:]), "wildcard")


def _place(ref: StatementRef) -> Line:
    policy = ref.policy.rpartition(":policy/")[2] if ref.policy.startswith("arn:") else ref.policy
    group = line(" of group ", name(ref.group)) if ref.group else ()
    sid = line(" ", name(ref.sid)) if ref.sid else ()
    return line(name(policy), group, f", statement {ref.index + 1}", sid)


# ---------------------------------------------------------------- what doesn't fit


def _ungranted(ungranted: tuple[UngrantedUse, ...]) -> Iterable[Block]:
    if not ungranted:
        return
    yield _title("Used without a grant; not added", len(ungranted))
    yield _capped([_ungranted_item(one) for one in sorted(ungranted, key=lambda one: bool(one.explanation))])


def _ungranted_item(one: UngrantedUse) -> Item:
    verdict = line("explained: ", one.explanation) if one.explanation else line(bad("unexplained"))
    return Item(
        line(name(one.use.action), " on ", name(one.use.resource.text), ": ", one.reason),
        (verdict, _seen(one.use.evidence)),
    )


def _denied(groups: tuple[DeniedGroup, ...]) -> Iterable[Block]:
    if not groups:
        return
    yield _title("Denied tries; they are no use", sum(group.evidence.records for group in groups))
    yield table(
        (
            Column("refused by"),
            Column("action", flexible=True),
            Column("records", number=True),
            Column("resources", flexible=True, show=Show.WIDE),
            Column("first", show=Show.WIDE),
            Column("last"),
        ),
        [
            (
                WALL_WORDS[group.wall],
                name(group.action),
                count(group.evidence.records),
                names(group.resources, most=1),
                group.evidence.first_seen[:10],
                group.evidence.last_seen[:10],
            )
            for group in groups[:MOST_ROWS]
        ],
    )
    yield from _more(groups[MOST_ROWS:], len(groups[MOST_ROWS:]), "action")


def _unmapped(view: PrincipalView) -> Iterable[Block]:
    if not view.diff.unmapped:
        return
    yield _title("Successful calls that can't be mapped to an action", len(view.diff.unmapped))
    yield _capped(
        [
            Item(line(name(one.event_source), " ", name(one.event_name)), (_seen(one.evidence),))
            for one in view.diff.unmapped
        ]
    )


def _seen(evidence: Evidence) -> Line:
    first, last = evidence.first_seen[:10], evidence.last_seen[:10]
    days = first if first == last else f"{first} to {last}"
    return line(quiet(f"{plural(evidence.records, 'record')}, {days}, example "), name(evidence.example_event_id))


# ---------------------------------------------------------------- what stays, and by which rule


def _kept(title: str, groups: tuple[KeptGroup, ...]) -> Iterable[Block]:
    if not groups:
        return
    yield _title(title, sum(len(group.actions) for group in groups))
    yield table(
        (
            Column("service"),
            Column("actions", number=True),
            Column("why", flexible=True),
            Column("such as", flexible=True, show=Show.WIDE),
        ),
        [
            (
                name(group.service),
                count(len(group.actions)),
                group.why,
                names([action.partition(":")[2] for action in group.actions], most=2),
            )
            for group in groups[:MOST_ROWS]
        ],
    )
    yield from _more(groups[MOST_ROWS:], sum(len(one.actions) for one in groups[MOST_ROWS:]), "action")


def _rules(view: PrincipalView) -> Iterable[Block]:
    if not view.rules:
        return
    yield _title("Resource patterns written by rule, and what they add")
    yield bullets(
        *(
            Item(
                line(strong(one.rule), f": {one.adds}", quiet(f"  ({plural(one.records, 'record')})")),
                (names(one.patterns, most=4),),
            )
            for one in view.rules
        )
    )


def _dropped(dropped: tuple[DroppedLine, ...]) -> Iterable[Block]:
    if not dropped:
        return
    yield _title("Left out by decision", len(dropped))
    yield _capped([_dropped_item(one) for one in dropped])


def _dropped_item(one: DroppedLine) -> Item:
    until = f", until {one.decision.expires}" if one.decision.expires else ""
    seen = [_seen(one.line.evidence)] if one.line.evidence else []
    return Item(
        line(name(one.line.action), " on ", *_scope(one.line.scope)),
        (line(f"{one.decision.owner}: {one.decision.reason}{until}"), *seen),
    )


def _scope(scope: Scope) -> Line:
    prefix = ["all but "] if scope.not_resource else []
    return line(*prefix, *names(scope.resources, most=2))


# ---------------------------------------------------------------- the plan and the proof


def _plan(view: PrincipalView) -> Iterable[Block]:
    steps = plan_steps(view.proposal)
    if not steps:
        return
    yield _title("Plan" if view.proposal.safe else "Plan, once it is safe")
    todo = [step for step in steps if step.kind is not StepKind.KEEP_BOUNDARY]
    yield Bullets(tuple(Item(_step_line(step)) for step in todo), numbered=True)
    note = plan_note(view.proposal)
    if note:
        yield Paragraph(line(f"{note[0].upper()}{note[1:]}."))
    for step in steps:
        if step.kind is StepKind.KEEP_BOUNDARY:
            yield Paragraph(line("The permissions boundary ", name(step.name), " stays as it is."))


def _step_line(step: Step) -> Line:
    size = quiet(f" ({plural(step.characters, 'character')})")
    match step.kind:
        case StepKind.ATTACH:
            return line("create ", name(step.name), " from ", name(step.file), size, " and attach it")
        case StepKind.PUT_INLINE:
            return line("put the inline policy ", name(step.name), " from ", name(step.file), size)
        case StepKind.DETACH:
            return line("detach ", name(step.name))
        case StepKind.DELETE_INLINE:
            return line("delete the inline policy ", name(step.name))
        case StepKind.LEAVE_GROUP:
            return line("end the membership in group ", name(step.name))
        case StepKind.KEEP_BOUNDARY:
            return line("leave the boundary ", name(step.name))


def _checks(view: PrincipalView) -> Iterable[Block]:
    verification = view.proposal.verification
    if verification is None or verification.status is CheckStatus.PASSED:
        return
    yield _title("Checks that did not pass")
    yield bullets(*(check_item(one) for one in verification.checks if one.status is not CheckStatus.PASSED))


def check_item(check: Check, *, most: int = 8) -> Item:
    """One check with its first findings."""
    more = len(check.findings) - most
    tone = good if check.status is CheckStatus.PASSED else bad
    return Item(
        line(tone(check.status), f"  {check.name}", quiet(f"  ({count(check.examined)} examined)")),
        (
            *(line(finding) for finding in check.findings[:most]),
            *([line(quiet(f"and {count(more)} more"))] if more > 0 else []),
        ),
    )


# ---------------------------------------------------------------- parts


def _title(text: str, number: int | None = None) -> Heading:
    return Heading(line(text, *([quiet(f" ({count(number)})")] if number is not None else [])), level=3)


def _more(rest: object, number: int, noun: str) -> Iterable[Paragraph]:
    if rest:
        yield Paragraph(line(quiet(f"and {plural(number, f'more {noun}')}; --format json has them all")))


def _capped(items: list[Item]) -> Bullets:
    rest = len(items) - MOST_ROWS
    if rest <= 1:
        return Bullets(tuple(items))
    return Bullets((*items[:MOST_ROWS], Item(line(quiet(f"and {count(rest)} more; --format json has them all")))))

"""One principal in a review: the proposal, why it isn't safe yet, and the changes."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from itertools import chain
from typing import Final

from lpgen.core.analysis.caveats.kinds import order_of_kind
from lpgen.core.analysis.observability.rare_needs import LostInverse
from lpgen.core.findings import DroppedLine, PrincipalClass, Reachable
from lpgen.core.model import Action
from lpgen.core.registry.row import Caveat
from lpgen.core.replacements import Check, CheckStatus, Scope
from lpgen.report.blocks import (
    MOST_ROWS,
    Block,
    Bullets,
    Column,
    Fold,
    Item,
    Line,
    Paragraph,
    Show,
    bad,
    bullets,
    capped,
    count,
    good,
    line,
    more_note,
    name,
    names,
    plural,
    quiet,
    seen_note,
    strong,
    table,
    titled,
)
from lpgen.report.pages.use import (
    danger_blocks,
    dangerous_use_blocks,
    denied_blocks,
    matrix_blocks,
    ungranted_blocks,
    unmapped_blocks,
    way_blocks,
    wildcard_blocks,
)
from lpgen.report.plan import PlanStep, StepKind, plan_note, plan_steps
from lpgen.report.views import USED_KINDS, KeptGroup, PrincipalView
from lpgen.report.words import (
    CLASS_WORDS,
    LINE_WORDS,
    label_of_node,
    more_logs_text,
    sentence,
    short_label_of,
    state_of,
)

_MOST_READABLE: Final = 20_000
"""The most characters of policies that a person reads line by line: about four documents."""


def principal_page(view: PrincipalView) -> tuple[Fold]:
    """One principal in a review, as a fold."""
    principal, counts = view.diff.principal, view.counts
    change = [quiet(f"  {count(counts.granted)} → {count(counts.kept)} actions")] if view.has_documents else []
    summary = line(name(short_label_of(principal)), "  ", state_of(view.summary), *change)
    parts = (
        identity_blocks(view),
        safety_blocks(view),
        becoming_blocks(view),
        number_blocks(view),
        way_blocks(view),
        dangerous_use_blocks(view.diff.use.dangerous),
        danger_blocks(view),
        matrix_blocks(view),
        wildcard_blocks(view.diff.assessment.wildcards),
        undoing_blocks(view.lost_undoings),
        ungranted_blocks(view.diff.use.ungranted),
        denied_blocks(view.denied),
        unmapped_blocks(view),
        *all_kept_blocks(view).values(),
        rule_blocks(view),
        dropped_blocks(view.diff.draft.dropped),
        plan_blocks(view),
        check_blocks(view),
    )
    return (Fold(summary, tuple(chain.from_iterable(parts))),)


# ---------------------------------------------------------------- the proposal and its safety


def identity_blocks(view: PrincipalView) -> Iterable[Block]:
    """The principal and the proposal."""
    diff, use = view.diff, view.diff.use
    known = [quiet(f"  {diff.principal.principal_id}")] if diff.principal.principal_id else []
    yield Paragraph(line(name(diff.principal.arn), *known))
    seen = f", seen on {plural(use.active_days, 'day')}" if use.active_days else ""
    days = quiet(f"  ({CLASS_WORDS[diff.principal_class]}{seen}, {plural(use.covered_days, 'covered day')})")
    if use.recreated:
        yield Paragraph(line(strong(f"{sentence(use.recreated.text)}.")))
    if view.proposal.replacement is not None and not view.has_documents:
        yield Paragraph(line(strong("No replacement: "), "the needed permissions exceed AWS's limits", days))
    else:
        yield Paragraph(line(strong("Proposal: "), view.proposal.advice, days))


def safety_blocks(view: PrincipalView) -> Iterable[Block]:
    """Whether the replacement is called safe, and otherwise the next steps. For one in place, what to look into.

    A replacement in place may lack permissions for use that the logs miss: an attempt without a record may have been
    denied.
    """
    in_place = view.proposal.in_place
    if view.proposal.safe and view.proposal.verification is not None and not in_place:
        checks = view.proposal.verification.checks
        examined = sum(check.examined for check in checks)
        passed = f"all {plural(len(checks), 'check')} passed, {plural(examined, 'item')} examined"
        yield Paragraph(
            line(good("Safe: "), "all recorded use stays allowed, and nothing new is allowed", quiet(f"  ({passed})"))
        )
    if (risk := view.summary.risk) is not None and view.proposal.replacement is not None and not in_place:
        yield Paragraph(line(strong("Risk: "), risk.text))
    if view.summary.is_first_month:
        days = plural(view.summary.tracked_days, "day")
        proven = f"it removes only actions that IAM's report shows as never tried for {days} or more"
        more = more_logs_text([view.summary])
        yield Paragraph(line(strong("First month: "), f"{proven}, and keeps all resources (no backtest). {more}"))
    if view.summary.open_caveats:
        yield from _reason_blocks(view)
    if view.summary.accepted and not in_place:
        yield Paragraph(line(strong("Accepted:")))
        yield capped(
            [
                Item(line(caveat.message), (line(quiet("accepted by "), caveat.accepted_by),))
                for caveat in view.summary.accepted
            ]
        )


def becoming_blocks(view: PrincipalView) -> Iterable[Block]:
    """What the principal can become today, and after its replacement."""
    becoming = view.proposal.becoming
    if becoming is None:
        return
    account = view.diff.principal.account
    if becoming.after == becoming.today:
        yield _reachable("Today and after the replacement", becoming.today, account)
        return
    yield _reachable("Today", becoming.today, account)
    if becoming.after is not None:
        yield _reachable("After the replacement", becoming.after, account)


def _reachable(when: str, reachable: Reachable, account: str) -> Paragraph:
    others = plural(reachable.principals, "other principal") if reachable.principals else "no other principal"
    path = [label_of_node(node, account) for node in reachable.to_admin]
    rights = line(bad(" and get administrative rights"), ": ", name(" → ".join(path))) if path else ()
    return Paragraph(line(strong(f"{when}, "), f"it can become {others}", rights, "."))


def _reason_blocks(view: PrincipalView) -> Iterable[Block]:
    """Why it isn't safe: what happened, why it matters, what to do. The worst reason is first; others are folded."""
    first, *others = sorted(view.summary.open_caveats, key=lambda caveat: (order_of_kind(caveat.kind), caveat.message))
    yield Paragraph(line(bad(_caveats_title(view)), quiet(f" ({plural(1 + len(others), 'reason')}):")))
    yield bullets(_reason_item(first, why=first.kind.row.help))
    if others:
        yield Fold(line(quiet(f"and {plural(len(others), 'more reason')}")), (capped(list(map(_reason_item, others))),))


def _reason_item(caveat: Caveat, why: str = "") -> Item:
    row, because = caveat.kind.row, [line(quiet("why it matters: "), why)] if why else []
    accept = [line(quiet("or accept it: "), name(_accepting(caveat)))] if row.acceptable else []
    return Item(
        line(f"{sentence(caveat.message)}."), (*because, line(strong("what to do: "), f"{caveat.step}."), *accept)
    )


def _accepting(caveat: Caveat) -> str:
    return f"item = {json.dumps(caveat.item, ensure_ascii=False)}"


def _caveats_title(view: PrincipalView) -> str:
    if view.proposal.in_place:
        return "To look into"
    if view.proposal.replacement is not None:
        return "Not safe yet"
    return "Not sure yet" if view.diff.principal_class is PrincipalClass.UNUSED else "Details"


def number_blocks(view: PrincipalView) -> Iterable[Block]:
    """The numbers of granted, kept and removed actions, and why actions are kept."""
    counts = view.counts
    if not view.has_documents:
        yield from _sizes(view)
        if view.diff.assessment.verdicts:
            yield Paragraph(
                line(
                    f"{plural(counts.granted, 'action')} granted: {count(counts.used)} used, {count(counts.attempted)} "
                    f"attempted, {count(counts.unused)} unused, {count(counts.unobservable)} that the logs can't show."
                )
            )
        return
    unsure = [f"{count(number)} {level}" for level, number in view.confidence.items() if number]
    sure = f" (confidence: {', '.join(unsure)})" if unsure else ""
    yield Paragraph(
        line(
            f"{plural(counts.granted, 'action')} granted, ",
            strong(f"{count(counts.kept)} kept, {count(counts.removed)} removed"),
            f"{sure}.",
        )
    )
    kinds = [f"{plural(len(actions), 'action')} {LINE_WORDS[kind]}" for kind, actions in view.kinds.items()]
    if attached := counts.kept - sum(map(len, view.kinds.values())):
        kinds.append(f"{plural(attached, 'action')} granted by policies that stay attached")
    if kinds:
        yield Paragraph(line(f"Kept: {'; '.join(kinds).replace(' kept', '')}."))
    documents = view.proposal.replacement.documents if view.proposal.replacement else ()
    size = sum(document.size for document in documents)
    if size > _MOST_READABLE:
        long = f"{plural(len(documents), 'document')} with {plural(size, 'character')}"
        yield Paragraph(line(bad("Too long to review by hand: "), f"{long}."))
        yield from _sizes(view)


def _sizes(view: PrincipalView) -> Iterable[Block]:
    replacement = view.proposal.replacement
    if replacement is not None and replacement.bytes_by_service:
        largest = sorted(replacement.bytes_by_service, key=lambda pair: (-pair[1], pair[0]))
        shown = [line(", ", name(service), f" {count(size)}") for service, size in largest[:MOST_ROWS]]
        yield Paragraph(line("Characters by service: ", line(*shown)[1:], "."))


# ---------------------------------------------------------------- the plan and the proof


def plan_blocks(view: PrincipalView) -> Iterable[Block]:
    """The steps that put the replacement in place. Empty if it is in place."""
    steps = plan_steps(view.proposal)
    if not steps or view.proposal.in_place:
        return
    yield titled("Plan" if view.proposal.safe else "Plan, once it is safe")
    todo = [step for step in steps if step.kind not in (StepKind.KEEP_BOUNDARY, StepKind.STAY_ATTACHED)]
    yield Bullets(tuple(Item(_step_line(step)) for step in todo), numbered=True)
    note = plan_note(view.proposal)
    if note:
        yield Paragraph(line(f"{note[0].upper()}{note[1:]}."))
    for step in steps:
        if step.kind is StepKind.KEEP_BOUNDARY:
            yield Paragraph(line("The permissions boundary ", name(step.name), " stays unchanged."))
        elif step.kind is StepKind.STAY_ATTACHED:
            yield Paragraph(line(name(step.name), " stays attached."))


def _step_line(step: PlanStep) -> Line:
    policy, file, size = name(step.name), name(step.file), quiet(f" ({plural(step.characters, 'character')})")
    return {
        StepKind.ATTACH: line("create ", policy, " from ", file, size, " and attach it"),
        StepKind.NEW_VERSION: line("make ", file, size, " the default version of ", policy),
        StepKind.PUT_INLINE: line("write the inline policy ", policy, " from ", file, size),
        StepKind.DETACH: line("detach ", policy),
        StepKind.DELETE_INLINE: line("delete the inline policy ", policy),
        StepKind.LEAVE_GROUP: line("remove the user from group ", policy),
    }[step.kind]


def check_blocks(view: PrincipalView) -> Iterable[Block]:
    """The checks that didn't pass."""
    verification = view.proposal.verification
    if verification is None or verification.status is CheckStatus.PASSED:
        return
    yield titled("Checks that did not pass")
    yield bullets(*(check_item(check) for check in verification.checks if check.status is not CheckStatus.PASSED))


def check_item(check: Check, *, most: int = 8) -> Item:
    """One check with its first findings."""
    more = len(check.findings) - most
    tone = good if check.status is CheckStatus.PASSED else bad
    return Item(
        line(tone(check.status), f"  {check.name}", quiet(f"  ({plural(check.examined, 'item')} examined)")),
        (
            *(line(finding) for finding in check.findings[:most]),
            *([line(quiet(f"and {count(more)} more"))] if more > 0 else []),
        ),
    )


# ---------------------------------------------------------------- kept and dropped actions, and lost undo actions


def all_kept_blocks(view: PrincipalView) -> dict[str, tuple[Block, ...]]:
    """The actions kept for reasons other than use, by the name of the part. A part may be empty."""
    used = {action for kind in USED_KINDS for action in view.kinds.get(kind, ())}
    parts = (
        ("kept", "Kept because the logs can't show use", view.kept),
        ("review", "Kept for review because a use is unexplained", view.for_review),
        ("decided", "Kept by decision", view.decided),
        ("shared", "Needed in other accounts of the permission set", view.shared),
    )
    return {part: tuple(_kept_blocks(title, groups, used)) for part, title, groups in parts}


def _kept_blocks(title: str, groups: tuple[KeptGroup, ...], used: Collection[Action]) -> Iterable[Block]:
    """The actions kept for a reason other than use, by service. Actions also used on other resources are named."""
    if not groups:
        return
    actions = [action for group in groups for action in group.actions]
    yield titled(title, len(actions))
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
    yield from more_note(groups[MOST_ROWS:], sum(len(group.actions) for group in groups[MOST_ROWS:]), "action")
    both = [action for action in sorted(actions) if action in used]
    if both:
        yield Paragraph(line("Also used, and kept here on more resources: ", names(both, most=4), "."))


def rule_blocks(view: PrincipalView) -> Iterable[Block]:
    """The scoping rules that were applied, with the additions and patterns of each."""
    if not view.rules:
        return
    yield titled("Resource patterns written by rules, and what they add")
    yield bullets(
        *(
            Item(
                line(strong(rule.rule), f": {rule.adds}", quiet(f"  ({plural(rule.records, 'record')})")),
                (names(rule.patterns, most=4), line(quiet(f"to narrow it: {rule.tightens}"))),
            )
            for rule in view.rules
        )
    )


def dropped_blocks(dropped: tuple[DroppedLine, ...]) -> Iterable[Block]:
    """The lines that decisions drop, with who decided and why."""
    if not dropped:
        return
    yield titled("Dropped by decision", len(dropped))
    yield capped(list(map(_dropped_item, dropped)))


def _dropped_item(dropped: DroppedLine) -> Item:
    until = f", until {dropped.decision.expires}" if dropped.decision.expires else ""
    seen = [seen_note(dropped.line.evidence)] if dropped.line.evidence else []
    return Item(
        line(name(dropped.line.action), " on ", *_scope(dropped.line.scope)),
        (line(f"{dropped.decision.owner}: {dropped.decision.reason}{until}"), *seen),
    )


def _scope(scope: Scope) -> Line:
    prefix = ["all except "] if scope.not_resource else []
    return line(*prefix, *names(scope.resources, most=2))


def undoing_blocks(lost: tuple[LostInverse, ...]) -> Iterable[Block]:
    """The used actions that could no longer be undone, and advice about them."""
    if not lost:
        return
    yield titled("Used actions that could no longer be undone", len(lost))
    yield table(
        (Column("used and kept", flexible=True), Column("removed action that would undo it", flexible=True)),
        [(name(inverse.action), name(inverse.undone_by)) for inverse in lost[:MOST_ROWS]],
    )
    yield from more_note(lost[MOST_ROWS:], len(lost[MOST_ROWS:]), "action")
    note = "No record shows it undoing these. If a teardown or rollback must undo them, keep the removed actions with "
    yield Paragraph(line(quiet(note), name("--decisions FILE"), quiet(".")))

"""Actions kept without seen use, the rules that widened scopes, and the lines that decisions leave out."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from lpgen.core.choices import KeepUnobservable, UnobservableKind
from lpgen.core.findings import DroppedLine
from lpgen.core.model import Action
from lpgen.core.replacements import Scope
from lpgen.report.counts import USED_KINDS, Counts
from lpgen.report.groups import KeptGroup
from lpgen.report.pages.blocks import (
    Block,
    Column,
    Heading,
    Item,
    Line,
    Paragraph,
    Show,
    bullets,
    count,
    line,
    name,
    names,
    plural,
    quiet,
    strong,
    table,
)
from lpgen.report.pages.parts import MOST_ROWS, capped, more_note, seen_note, titled
from lpgen.report.views import PrincipalView, ReviewView

_KIND_WORDS: Final = {
    UnobservableKind.DATA_EVENTS: "events that the logs lack, data events above all",
    UnobservableKind.OTHER_PROTOCOL: "used over another protocol or in a console",
    UnobservableKind.INSIDE_CALL: "checked inside another call",
    UnobservableKind.INTERNAL: "used by the service itself, or by nobody any more",
    UnobservableKind.UNCLASSIFIED: "no API call is known to need it",
}


def unobservable_blocks(view: ReviewView) -> Iterable[Block]:
    """How many actions whose use the logs can't show each choice keeps, of all replacements together, by kind."""
    total = sum((one.counts for one in view.made if one.has_documents), Counts())
    kinds = [one for one in UnobservableKind if total.kept_by(KeepUnobservable.ALL, one)]
    if not kinds:
        return
    yield Heading(line("What the logs can't show, and what --keep-unobservable would keep of it"), level=2, aside=True)
    yield table(
        (
            Column("kind"),
            Column("what", flexible=True),
            *(Column(choice.value, number=True) for choice in KeepUnobservable),
        ),
        [
            (name(kind), _KIND_WORDS[kind], *(count(total.kept_by(choice, kind)) for choice in KeepUnobservable))
            for kind in kinds
        ],
    )
    yield Paragraph(line(quiet(_CHOICES)))


_CHOICES: Final = (
    "Numbers are actions of all principals with a replacement. signed, the default, keeps those with a sign of use. To "
    "choose for one kind: --keep-unobservable KIND=all."
)


def all_kept_blocks(view: PrincipalView) -> dict[str, tuple[Block, ...]]:
    """The actions kept for reasons other than use, by the name of the part; a part without anything is empty."""
    used = {action for kind in USED_KINDS for action in view.kinds.get(kind, ())}
    parts = (
        ("kept", "Kept without seen use", view.kept),
        ("review", "Kept for review, since a use is unexplained", view.for_review),
        ("decided", "Kept by decision", view.decided),
        ("shared", "Needed in other accounts of the permission set", view.shared),
    )
    return {part: tuple(_kept_blocks(title, groups, used)) for part, title, groups in parts}


def _kept_blocks(title: str, groups: tuple[KeptGroup, ...], used: Collection[Action]) -> Iterable[Block]:
    """The actions kept for a reason other than use, by service; it names those also used on other resources."""
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
    yield from more_note(groups[MOST_ROWS:], sum(len(one.actions) for one in groups[MOST_ROWS:]), "action")
    both = [action for action in sorted(actions) if action in used]
    if both:
        yield Paragraph(line("Used too, and kept here on more resources: ", names(both, most=4), "."))


def rule_blocks(view: PrincipalView) -> Iterable[Block]:
    """The scoping rules that were applied, with the additions and patterns of each."""
    if not view.rules:
        return
    yield titled("Resource patterns written by rule, and what they add")
    yield bullets(
        *(
            Item(
                line(strong(one.rule), f": {one.adds}", quiet(f"  ({plural(one.records, 'record')})")),
                (names(one.patterns, most=4), line(quiet(f"would tighten it: {one.tightens}"))),
            )
            for one in view.rules
        )
    )


def dropped_blocks(dropped: tuple[DroppedLine, ...]) -> Iterable[Block]:
    """The lines that decisions leave out, with who decided and why."""
    if not dropped:
        return
    yield titled("Left out by decision", len(dropped))
    yield capped([_dropped_item(one) for one in dropped])


def _dropped_item(one: DroppedLine) -> Item:
    until = f", until {one.decision.expires}" if one.decision.expires else ""
    seen = [seen_note(one.line.evidence)] if one.line.evidence else []
    return Item(
        line(name(one.line.action), " on ", *_scope(one.line.scope)),
        (line(f"{one.decision.owner}: {one.decision.reason}{until}"), *seen),
    )


def _scope(scope: Scope) -> Line:
    prefix = ["all but "] if scope.not_resource else []
    return line(*prefix, *names(scope.resources, most=2))

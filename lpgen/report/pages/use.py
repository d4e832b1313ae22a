"""Granted vs. used: dangers, services and access levels, wildcards, and use without a grant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from lpgen.core.evidence import StatementRef
from lpgen.core.findings import DangerousUse, OpenWay, UngrantedUse, WildcardUse
from lpgen.core.graph.edges import is_admin
from lpgen.core.model import AccessLevel
from lpgen.report.blocks import (
    MOST_ROWS,
    Block,
    Column,
    Item,
    Line,
    Span,
    Words,
    bad,
    capped,
    count,
    good,
    line,
    more_in_json,
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
from lpgen.report.views import DangerGroup, DeniedGroup, LevelCount, PrincipalView, sum_matrix
from lpgen.report.words import WALL_WORDS, label_of_node

_MOST_WAYS: Final = 4


def way_blocks(view: PrincipalView) -> Iterable[Block]:
    """The combinations of permissions that gain the rights of other principals, the most powerful first."""
    if not view.ways:
        return
    shown = sorted(view.ways, key=lambda way: (not is_admin(way.example), -way.gains, len(way.actions), way.rule))
    yield titled("Combinations that gain rights", len(view.ways))
    yield table(
        (
            Column("what a holder could do", flexible=True),
            Column("actions", flexible=True),
            Column("gains", flexible=True),
            Column("outcome"),
        ),
        [
            (way.does, name(" + ".join(way.actions)), _gain_of(way, view), _outcome_of_way(way, view))
            for way in shown[:_MOST_WAYS]
        ],
    )
    yield from more_in_json(len(shown) - _MOST_WAYS)


def _gain_of(way: OpenWay, view: PrincipalView) -> Line:
    others = f" and {count(way.gains - 1)} more" if way.gains > 1 else ""
    condition = quiet(", if it exists") if way.if_exists else ""
    return line(name(label_of_node(way.example, view.diff.principal.account)), others, condition)


def _outcome_of_way(way: OpenWay, view: PrincipalView) -> Span:
    if not view.has_documents:
        return quiet("open")
    if way.left:
        return bad("stays open" if way.left == way.gains else f"stays open to {count(way.left)}")
    return good("cut")


def danger_blocks(view: PrincipalView) -> Iterable[Block]:
    """The dangerous grants without recorded use, and whether they are removed or kept."""
    groups = view.single_dangers
    if not groups:
        return
    total = sum(len(group.verdicts) for group in groups)
    going, staying = ([group for group in groups if group.stays is stays] for stays in (False, True))
    shown, rest = going[:MOST_ROWS] + staying[:MOST_ROWS], going[MOST_ROWS:] + staying[MOST_ROWS:]
    yield titled("Dangerous grants without recorded use", total)
    yield table(
        (Column("what a holder could do", flexible=True), Column("actions", flexible=True), Column("outcome")),
        [(group.danger, _actions_of(group), _outcome(group, view)) for group in shown],
    )
    yield from more_note(rest, sum(len(group.verdicts) for group in rest), "dangerous action")


def dangerous_use_blocks(used: Sequence[DangerousUse]) -> Iterable[Block]:
    """The used dangerous actions and their days. Actions used on the fewest days come first."""
    if not used:
        return
    yield titled("Dangerous actions used", len(used))
    yield capped([_used_item(use) for use in sorted(used, key=lambda use: (len(use.on), use.action))])


def _used_item(use: DangerousUse) -> Item:
    days = line(quiet(f"on {plural(len(use.on), 'day')}: "), seen_note(use.evidence))
    return Item(line(name(use.action), " ", use.harm), (days,))


def _actions_of(group: DangerGroup) -> Line:
    return names([verdict.action for verdict in group.verdicts], most=3)


def _outcome(group: DangerGroup, view: PrincipalView) -> Span:
    if not view.has_documents:
        return quiet("granted")
    if group.stays:
        return bad("kept")
    return good("removed") if group.observable else good("removed, unobservable")


def matrix_blocks(view: PrincipalView) -> Iterable[Block]:
    """The number of granted actions that were used or attempted, by service and access level."""
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
    yield titled("Used / granted, by service and access level")
    titles = [_LEVEL_TITLES[level] for level in levels]
    yield table((Column("service"), *(Column(title, number=True) for title in (*titles, "all"))), rows)


_LEVEL_TITLES: Final = {level: str(level) for level in AccessLevel} | {
    AccessLevel.PERMISSIONS_MANAGEMENT: "Permissions"
}


def _service_order(service: str, view: PrincipalView) -> tuple[int, int, str]:
    row = view.matrix[service].values()
    return -bool(sum(level.seen for level in row)), -sum(level.granted for level in row), service


def _cells(row: Mapping[AccessLevel, LevelCount], levels: Iterable[AccessLevel]) -> list[Line]:
    whole = sum(row.values(), LevelCount())
    return [*(_cell(row.get(level, LevelCount())) for level in levels), _cell(whole)]


def _cell(level: LevelCount) -> Line:
    if not level.granted:
        return line(quiet("–"))
    text = f"{count(level.seen)}/{count(level.granted)}"
    return line(good(text) if level.seen else text)


def wildcard_blocks(wildcards: tuple[WildcardUse, ...]) -> Iterable[Block]:
    """The number of actions that each wildcard matches, and how many of them were used."""
    if not wildcards:
        return
    widest = sorted(wildcards, key=lambda wildcard: (-wildcard.expands_to, wildcard.ref, wildcard.pattern))
    yield titled("Wildcards", len(wildcards))
    yield table(
        (
            Column("pattern", flexible=True),
            Column("matches", number=True),
            Column("used", number=True),
            Column("in", flexible=True),
        ),
        [
            (
                line("all except ", name(wildcard.pattern)) if wildcard.not_action else name(wildcard.pattern),
                count(wildcard.expands_to),
                count(len(wildcard.used)),
                _place(wildcard.ref),
            )
            for wildcard in widest[:MOST_ROWS]
        ],
    )
    yield from more_note(widest[MOST_ROWS:], len(widest[MOST_ROWS:]), "wildcard")


def _place(ref: StatementRef) -> Line:
    policy = ref.policy.rpartition(":policy/")[2] if ref.policy.startswith("arn:") else ref.policy
    group = line(" of group ", name(ref.group)) if ref.group else ()
    sid = line(" ", name(ref.sid)) if ref.sid else ()
    return line(name(policy), group, f", statement {ref.index + 1}", sid)


# ---------------------------------------------------------------- use without a grant, denied and unmapped calls


def ungranted_blocks(ungranted: tuple[UngrantedUse, ...]) -> Iterable[Block]:
    """Use that no policy grants. Unexplained use comes first."""
    if not ungranted:
        return
    yield titled("Used without a grant; not added", len(ungranted))
    yield capped([_ungranted_item(use) for use in sorted(ungranted, key=lambda use: bool(use.explanation))])


def _ungranted_item(use: UngrantedUse) -> Item:
    verdict = line("explained: ", use.explanation) if use.explanation else line(bad("unexplained"))
    return Item(
        line(name(use.use.action), " on ", name(use.use.resource.text), ": ", use.reason),
        (verdict, seen_note(use.use.evidence)),
    )


def denied_blocks(groups: tuple[DeniedGroup, ...]) -> Iterable[Block]:
    """Denied attempts, by the wall that denied them."""
    if not groups:
        return
    yield titled("Denied attempts (not counted as use)", sum(group.evidence.records for group in groups))
    yield capped([_denied_item(group) for group in groups])


def _denied_item(group: DeniedGroup) -> Item:
    where = line(" on ", names(group.resources, most=1)) if group.resources else ()
    return Item(line(name(group.action), where, "; denied by: ", WALL_WORDS[group.wall]), (seen_note(group.evidence),))


def unmapped_blocks(view: PrincipalView) -> Iterable[Block]:
    """Successful calls with an unknown action."""
    if not view.diff.use.unmapped:
        return
    yield titled("Successful calls that can't be mapped to an action", len(view.diff.use.unmapped))
    yield capped(
        [
            Item(line(name(event.event_source), " ", name(event.event_name)), (seen_note(event.evidence),))
            for event in view.diff.use.unmapped
        ]
    )

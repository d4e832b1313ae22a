"""Users, shared roles and leftovers as a page: first an overview, then each proposal with its evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from lpgen.core.choices import RolesPart
from lpgen.core.roles.model import (
    Against,
    Curve,
    Leftover,
    Merge,
    MoveState,
    RolesReport,
    Target,
    TargetKind,
    UserMove,
)
from lpgen.report.blocks import (
    Block,
    Column,
    Heading,
    Item,
    Line,
    Paragraph,
    Span,
    Words,
    bad,
    bullets,
    good,
    line,
    more_in_json,
    name,
    names,
    plural,
    problem_list,
    table,
)
from lpgen.report.words import label_of, words_of_reason

_MOST_NAMES: Final = 4
_MOST_POINTS: Final = 12
_NEXT: Final = Paragraph(
    line(
        "Next: ",
        name("--principal P"),
        " shows the evidence and the steps, and ",
        name("--out DIR"),
        " writes policies.",
    )
)
_USERS: Final = (Column("user", flexible=True), Column("kind"), Column("goes to", flexible=True), Column("state"))
_MERGES: Final = (
    Column("shared role", flexible=True),
    Column("members", flexible=True),
    Column("saved", number=True),
    Column("over-grant", number=True),
    Column("state"),
)
_CURVE: Final = (Column("roles", number=True), Column("over-grant", number=True), Column("harmful", number=True))
_LEFTOVERS: Final = (Column("leftover"), Column("ARN", flexible=True), Column("why", flexible=True))


def roles_page(report: RolesReport, most: int | None = None) -> tuple[Block, ...]:
    """The page. With `most`, at most this many rows in each table, and no details."""
    shown = (_users(report.users, most), _merges(report.merges, most), _leftovers(report.leftovers, most))
    blocks = [block for part, found in zip(RolesPart, shown, strict=True) if part in report.parts for block in found]
    details: Iterable[Block] = (_NEXT,)
    if most is None:
        users = (block for user in report.users for block in _user(user))
        merges = (block for merge in report.merges for block in _merge(merge))
        details = (*users, *merges, *(block for curve in report.curves for block in _curve(curve)))
    return Heading(line(_summary(report)), level=1), *blocks, *details, *problem_list(report.problems)


def _summary(report: RolesReport) -> str:
    saved = sum(merge.roles_saved for merge in report.merges)
    parts = {
        RolesPart.USERS: plural(len(report.users), "user"),
        RolesPart.MERGES: f"{plural(len(report.merges), 'shared role')} for {plural(saved, 'role')} fewer",
        RolesPart.LEFTOVERS: plural(len(report.leftovers), "leftover"),
    }
    return f"Roles: {', '.join(parts[part] for part in report.parts)}."


def _state(state: MoveState, against: Sequence[Against]) -> Line:
    words: Span = good("safe") if state is MoveState.SAFE else bad("not yet")
    return line(words, *(f": {', '.join(one.kind for one in against)}" if against else ""))


def _goes_to(target: Target) -> Line:
    if target.kind is TargetKind.QUESTION:
        return line(target.text)
    kind = target.kind.value.replace("-", " ")
    return line(f"new {kind} " if target.new else f"{kind} ", name(target.name))


def _users(users: Sequence[UserMove], most: int | None) -> Iterator[Block]:
    rows: list[tuple[Words, ...]] = [
        (name(label_of(user.user)), user.kind.value, _goes_to(user.goes_to), _state(user.state, user.against))
        for user in users[:most]
    ]
    kinds = Counter(user.kind.value for user in users)
    yield Heading(
        line("Users", f": {', '.join(f'{count:,} {kind}' for kind, count in sorted(kinds.items()))}"), level=2
    )
    yield from _rows(_USERS, rows, len(users), "There are no users.")


def _merges(merges: Sequence[Merge], most: int | None) -> Iterator[Block]:
    rows: list[tuple[Words, ...]] = [
        (
            name(merge.name),
            names(map(label_of, merge.members), most=_MOST_NAMES),
            f"{merge.roles_saved:,}",
            f"{merge.over_grant:,}",
            _state(merge.state, merge.against),
        )
        for merge in merges[:most]
    ]
    yield Heading(line("Principals that do the same job"), level=2)
    yield from _rows(_MERGES, rows, len(merges), "No principals do so nearly the same that they should share a role.")


def _leftovers(leftovers: Sequence[Leftover], most: int | None) -> Iterator[Block]:
    rows: list[tuple[Words, ...]] = [
        (one.kind.value.replace("-", " "), name(one.arn), one.text) for one in leftovers[:most]
    ]
    yield Heading(line("Leftovers"), level=2)
    yield from _rows(_LEFTOVERS, rows, len(leftovers), "Nothing is left over.")


def _rows(columns: tuple[Column, ...], rows: list[tuple[Words, ...]], whole: int, nothing: str) -> Iterator[Block]:
    yield table(columns, rows) if rows else Paragraph(line(nothing))
    yield from more_in_json(whole - len(rows))


def _user(user: UserMove) -> Iterator[Block]:
    yield Heading(line(name(label_of(user.user))), level=2)
    yield bullets(*(line(one.text) for one in user.evidence)) if user.evidence else Paragraph(line("No evidence."))
    target = user.goes_to
    if target.kind is not TargetKind.QUESTION:
        beyond = (
            f" It allows {plural(target.over_grant, 'pair')} beyond the need, {target.harmful:,} of them dangerous."
        )
        yield Paragraph(line("Goes to ", *_goes_to(target), f": {target.text}.", "" if target.new else beyond))
    found = [Item(line(f"{one.kind.replace('-', ' ')}: ", names(one.names, most=_MOST_NAMES))) for one in user.findings]
    yield from [bullets(*found)] if found else []
    yield from _objections(user.against)
    steps = (Item(line(step.text), (line("Then check: ", step.check),)) for step in user.steps)
    yield bullets(*steps, numbered=True)


def _merge(merge: Merge) -> Iterator[Block]:
    yield Heading(line("Shared role ", name(merge.name)), level=2)
    yield bullets(*(name(arn) for arn in merge.members))
    own = f", {merge.own_names:,} of them on scopes named after another member" if merge.own_names else ""
    yield Paragraph(
        line(
            f"Its policy allows {plural(merge.over_grant, 'pair')} of action and scope that a member doesn't use{own}."
        )
    )
    yield from _objections(merge.against)


def _objections(against: Sequence[Against]) -> Iterator[Block]:
    if against:
        yield Paragraph(line("Against it:"))
        yield bullets(*(words_of_reason(one.text, one.names, most=_MOST_NAMES) for one in against))


def _curve(curve: Curve) -> Iterator[Block]:
    """The curve of a group of candidates. Of many points, the first and last ones."""
    where = f" in account {curve.account}" if curve.account else ""
    yield Heading(line(f"What fewer {curve.kind.replace('-', ' ')}s would cost{where}"), level=2)
    yield Paragraph(line("Candidates: ", names(map(label_of, curve.members), most=_MOST_NAMES), f" ({curve.method})."))
    step = max(1, -(-len(curve.points) // _MOST_POINTS))
    points = (*curve.points[:-1:step], curve.points[-1])
    rows = [(f"{point.roles:,}", f"{point.over_grant:,}", f"{point.harmful:,}") for point in points]
    yield table(_CURVE, rows)

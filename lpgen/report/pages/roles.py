"""Users, shared roles, splits and leftovers as a page: first an overview, then each proposal with its evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from lpgen.core.choices import RolesPart
from lpgen.core.documents import RiskPart
from lpgen.core.roles.model import Against, Merge, RoleSettings, RolesReport, Split, State, Target, UserKind, UserMove
from lpgen.report.blocks import (
    MOST_ROWS,
    Block,
    Column,
    Heading,
    Item,
    Line,
    Paragraph,
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
_NO_RISK: Final = "unknown, because no backtest ran"
_NEXT: Final = line(
    *("Next: ", name("--principal P"), " shows the evidence and the steps, and "),
    *(name("--out DIR"), " writes policies."),
)
_USERS: Final = (Column("user", flexible=True), Column("kind"), Column("goes to", flexible=True), Column("state"))
_KINDS: Final[Mapping[UserKind, tuple[str, str]]] = {
    "person": ("person", "people"),
    "workload": ("workload", "workloads"),
    "both": ("shared by both", "shared by both"),
    "unused": ("unused", "unused"),
    "unknown": ("of an unknown kind", "of an unknown kind"),
}
"""What one user and several users of a kind are called after their number."""

_MERGES: Final = (
    *(Column("shared role", flexible=True), Column("members", flexible=True)),
    *(Column("saved", number=True), Column("over-grant", number=True), Column("state")),
)
_SPLITS: Final = (
    *(Column("role", flexible=True), Column("becomes", flexible=True)),
    *(Column("removed", number=True), Column("dangerous", number=True), Column("state")),
)
_LEFTOVERS: Final = (Column("leftover"), Column("ARN", flexible=True), Column("why", flexible=True))
_NOTHING: Final = {
    RolesPart.USERS: "There are no users.",
    RolesPart.MERGES: "No principals do so nearly the same that they should share a role.",
    RolesPart.SPLITS: "No role has sessions that do different jobs.",
    RolesPart.LEFTOVERS: "Nothing is left over.",
}

Row = tuple[Words, ...]


def roles_page(report: RolesReport, most: int | None = None) -> tuple[Block, ...]:
    """The page. With `most`, at most this many rows in each table, and no details."""
    kinds = Counter(user.kind for user in report.users)
    users_by_kind = ", ".join(plural(kinds[kind], *_KINDS[kind]) for kind in sorted(kinds))
    saved = sum(merge.roles_saved for merge in report.merges)
    users: list[Row] = [
        (name(label_of(user.user)), user.kind, _goes_to(user.goes_to), _state(user.state, user.against))
        for user in report.users
    ]
    merges: list[Row] = [
        (
            *(name(merge.name), _few(map(label_of, merge.members))),
            *(f"{merge.roles_saved:,}", f"{merge.over_grant:,}", _state(merge.state, merge.against)),
        )
        for merge in report.merges
    ]
    splits: list[Row] = [
        (
            *(name(label_of(split.role)), _few(part.name for part in split.parts)),
            f"{sum(part.removed for part in split.parts):,}",
            f"{sum(part.dangerous_removed for part in split.parts):,}",
            _state(split.state, split.against),
        )
        for split in report.splits
    ]
    leftovers: list[Row] = [(one.kind.replace("-", " "), name(one.arn), one.text) for one in report.leftovers]
    found = {
        RolesPart.USERS: (f"Users: {users_by_kind}" if users else "Users", _USERS, users),
        RolesPart.MERGES: (f"Shared roles for {plural(saved, 'role')} fewer", _MERGES, merges),
        RolesPart.SPLITS: ("Roles to split", _SPLITS, splits),
        RolesPart.LEFTOVERS: ("Leftovers", _LEFTOVERS, leftovers),
    }
    blocks: list[Block] = [Heading(line(f"Roles: {roles_sentence(report)}"), level=1)]
    for part in report.parts:
        title, columns, rows = found[part]
        blocks += [
            Heading(line(title), level=2),
            table(columns, rows[:most]) if rows else Paragraph(line(_NOTHING[part])),
        ]
        blocks += more_in_json(len(rows) - len(rows[:most]))
    if most is None:
        blocks += [block for user in report.users for block in _user(user)]
        blocks += [block for merge in report.merges for block in _merge(merge)]
        blocks += [block for split in report.splits for block in _split(split)]
    else:
        blocks.append(Paragraph(_NEXT))
    return *blocks, *problem_list(report.problems)


def roles_sentence(report: RolesReport) -> str:
    """How many proposals of each part there are."""
    found = {
        RolesPart.USERS: report.users,
        RolesPart.MERGES: report.merges,
        RolesPart.SPLITS: report.splits,
        RolesPart.LEFTOVERS: report.leftovers,
    }
    return ", ".join(plural(len(found[part]), part.value.removesuffix("s")) for part in report.parts) + "."


def _state(state: State, against: Sequence[Against]) -> Line:
    return line(good("safe") if state == "safe" else bad(f"not yet: {', '.join(one.kind for one in against)}"))


def _goes_to(target: Target) -> Line:
    if target.kind == "question":
        return line(target.text)
    return line(f"{'new ' if target.new else ''}{target.kind.replace('-', ' ')} ", name(target.name))


def _user(user: UserMove) -> Iterator[Block]:
    yield Heading(line(name(label_of(user.user))), level=2)
    yield bullets(*(line(one.text) for one in user.evidence)) if user.evidence else Paragraph(line("No evidence."))
    target = user.goes_to
    if target.kind != "question":
        beyond = f"{plural(target.over_grant, 'pair')} beyond the need, {target.harmful:,} of them dangerous"
        yield Paragraph(
            line("Goes to ", *_goes_to(target), f": {target.text}. It allows {beyond}. ", *_settings(user.settings))
        )
    if user.findings:
        yield bullets(*(line(f"{one.kind.replace('-', ' ')}: ", *_few(one.names)) for one in user.findings))
    yield from _objections(user.against)
    steps = (Item(line(step.text), (line("Then check: ", step.check),)) for step in user.steps)
    yield bullets(*steps, numbered=True)


def _merge(merge: Merge) -> Iterator[Block]:
    yield Heading(line("Shared role ", name(merge.name)), level=2)
    yield bullets(*(name(arn) for arn in merge.members))
    pairs = f"{plural(merge.over_grant, 'pair')} of action and scope that a member doesn't use"
    yield Paragraph(line(f"Its policy allows {pairs}. ", *_settings(merge.settings)))
    yield _risk("highest risk of a member", merge.risk)
    yield from _objections(merge.against)


def _split(split: Split) -> Iterator[Block]:
    yield Heading(line("Split of ", name(label_of(split.role))), level=2)
    for part in split.parts:
        lacks = f"It lacks {plural(part.removed, 'pair')} of action and scope, {part.dangerous_removed:,} dangerous."
        callers = _few(part.callers) or line("unknown callers")
        groups = (
            line(name(group.value), f" ({group.kind.replace('-', ' ')}), from {group.first_day} to {group.last_day}")
            for group in part.sessions[:MOST_ROWS]
        )
        yield Paragraph(line("Role ", name(part.name), " for ", *callers, f". {lacks} Its sessions:"))
        yield bullets(*groups)
        yield from more_in_json(len(part.sessions) - MOST_ROWS)
    yield Paragraph(_settings(split.settings))
    yield _risk("risk of the role's replacement (that of a part isn't measured)", split.risk)
    yield from _objections(split.against)


def _settings(kept: RoleSettings | None) -> Line:
    if kept is None:
        return ()
    boundary = line("boundary ", name(kept.boundary)) if kept.boundary else line("no boundary")
    path = line(", path ", name(kept.path)) if kept.path else ()
    tags = line(", tags ", _few(f"{key}={value}" for key, value in kept.tags.items())) if kept.tags else ()
    return line("It keeps: ", boundary, path, tags, ".")


def _risk(whose: str, risk: RiskPart | None) -> Block:
    deny = f"class {risk.evidence}, {risk.share:.1%} deny something within {risk.days} days" if risk else _NO_RISK
    return Paragraph(line(f"The {whose}: {deny}."))


def _few(texts: Iterable[str]) -> Line:
    return names(texts, most=_MOST_NAMES)


def _objections(against: Sequence[Against]) -> Iterator[Block]:
    if against:
        yield Paragraph(line("Against it:"))
        yield bullets(*(words_of_reason(one.text, one.names, most=_MOST_NAMES) for one in against))

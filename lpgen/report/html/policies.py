"""The old and new policies of a principal as data: lines with notes, and the old statement that a new one narrows.

A document is laid out as ASCII JSON with one value per line. It can be copied unchanged.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from lpgen.core.evidence import StatementRef
from lpgen.core.findings import UNSEEN, ActionVerdict, Verdict, WildcardUse
from lpgen.core.model import AttachedPolicy, Effect, Policy, PolicyKind
from lpgen.core.replacements import AppliedRule, LineKind, ReplacementStatement, Scope
from lpgen.core.replacements import Line as ReplacementLine
from lpgen.report.blocks import Line, bad, count, good, line, name, names, plural, quiet, seen_note, strong
from lpgen.report.documents.layout import Json
from lpgen.report.escaping import terminal_text
from lpgen.report.html.data import Interned, Shared
from lpgen.report.plan import document_file
from lpgen.report.views import PrincipalView, explained_lines
from lpgen.report.words import LINE_WORDS

_KIND_WORDS: Final = {
    PolicyKind.INLINE: "inline policy",
    PolicyKind.CUSTOMER_MANAGED: "customer managed policy",
    PolicyKind.AWS_MANAGED: "AWS managed policy",
    PolicyKind.SCP: "service control policy",
    PolicyKind.RCP: "resource control policy",
    PolicyKind.RESOURCE: "resource policy",
}


def data_of_policies(view: PrincipalView, shared: Shared) -> Json:
    """The current policies and the replacement, with their notes. A note is a mark and indexes of shared lines."""
    notes: Interned[Note] = Interned()
    granted = _granted_by_statement(view.diff.assessment.verdicts)
    old = [
        _data_of_old(policy, _Outcomes(view, policy, granted), shared, notes) for policy in view.diff.principal.policies
    ]
    new = list(_data_of_new(view, notes))
    said = [[note.mark, *map(shared.lines.place, note.lines)] for note in notes.values]
    return {"old": old, "new": new, "notes": said}


def _data_of_old(policy: AttachedPolicy, outcomes: _Outcomes, shared: Shared, notes: Interned[Note]) -> Json:
    known: Json = {"name": terminal_text(policy.arn or policy.name), "kind": _KIND_WORDS[policy.kind]}
    if policy.group:
        known["group"] = terminal_text(policy.group)
    if policy.document is None:
        return known
    listing = _old_listing(policy.document, outcomes)
    return known | {"document": shared.add_document("\n".join(listing.lines))} | _data_of_notes(listing, notes)


def _data_of_new(view: PrincipalView, notes: Interned[Note]) -> Iterator[Json]:
    replacement = view.proposal.replacement
    if replacement is None or not view.has_documents:
        return
    places = {
        (policy.arn or policy.name, policy.group): number for number, policy in enumerate(view.diff.principal.policies)
    }
    for number, document in enumerate(replacement.documents, start=1):
        written = json.loads(document.text)
        by_sid = {statement.sid: statement for statement in document.statements}
        narrowed = [by_sid.get(statement.get("Sid", "")) for statement in written["Statement"]]
        listing = _new_listing(written, narrowed, replacement.rules)
        yield {
            "name": terminal_text(document.name),
            "kind": _KIND_WORDS[PolicyKind.INLINE if document.inline else PolicyKind.CUSTOMER_MANAGED],
            "file": document_file(number),
            "characters": document.size,
            "text": "\n".join(listing.lines),
            "parents": [_place_of(statement, places) for statement in narrowed],
        } | _data_of_notes(listing, notes)


def _place_of(statement: ReplacementStatement | None, places: dict[tuple[str, str], int]) -> list[int] | None:
    """The indexes of the current policy and the statement that a new one narrows, or None for a carried Deny."""
    place = places.get((statement.parent.policy, statement.parent.group)) if statement else None
    return None if place is None or statement is None else [place, statement.parent.index]


def _data_of_notes(listing: _Listing, notes: Interned[Note]) -> Json:
    placed = [[number, notes.place(note)] for number, note in listing.notes]
    return {"notes": placed, "starts": list(listing.starts)}


# ---------------------------------------------------------------- lines with notes


@dataclass(frozen=True, slots=True)
class Note:
    """A few lines about a line of a policy. `mark` is a `Mark` or, in a replacement, a `LineKind`."""

    mark: str
    lines: tuple[Line, ...]


class Mark(StrEnum):
    """The kind of a line that isn't a line of a replacement."""

    STATEMENT = "statement"
    SEEN = "seen"  # something that it grants was used
    IDLE = "idle"
    RULE = "rule"  # a resource pattern written by a rule


Noted = Callable[[int, str, str], Note | None]
"""Gives the note for a statement (from 0), its element and a value. The element "" is the statement as a whole."""

ACTION_ELEMENTS: Final = ("Action", "NotAction")
RESOURCE_ELEMENTS: Final = ("Resource", "NotResource")


@dataclass(frozen=True, slots=True)
class _Listing:
    """The lines of a document, its notes with their line numbers, and the first line of each statement."""

    lines: tuple[str, ...]
    notes: tuple[tuple[int, Note], ...]
    starts: tuple[int, ...]


def listing_of(document: Mapping[str, Any], noted: Noted) -> _Listing:
    """The document, laid out, with notes on its lines."""
    lines: list[str] = []
    notes: list[tuple[int, Note]] = []
    starts: dict[int, int] = {}
    for text, path in _lay_out(document, "", ()):
        at = _place_in_statement(path, document)
        if at is not None:
            statement, element, value = at
            note = noted(statement, element, value) if statement not in starts or element else None
            starts.setdefault(statement, len(lines))
            if note:
                notes.append((len(lines), note))
        lines.append(text)
    return _Listing(tuple(lines), tuple(notes), tuple(starts.values()))


Path = tuple[str | int, ...]


def _lay_out(value: object, indent: str, path: Path, before: str = "", after: str = "") -> Iterator[tuple[str, Path]]:
    """Each line with the path of its value."""
    items: list[tuple[str, str | int, object]] = []
    if isinstance(value, dict):
        items = [(f"{_text(key)}: ", key, member) for key, member in value.items()]
    elif isinstance(value, list):
        items = [("", number, item) for number, item in enumerate(value)]
    if not items:
        yield f"{indent}{before}{_text(value)}{after}", path
        return
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    yield f"{indent}{before}{opening}", path
    for number, (key, step, item) in enumerate(items, start=1):
        yield from _lay_out(item, f"{indent}  ", (*path, step), key, "," if number < len(items) else "")
    yield f"{indent}{closing}{after}", ()


def _text(value: object) -> str:
    return json.dumps(value).replace("\x7f", "\\u007f")


def _place_in_statement(path: Path, document: Mapping[str, Any]) -> tuple[int, str, str] | None:
    """The statement, element and value at a path, or None outside of statements."""
    if path[:1] != ("Statement",) or len(path) < 2:
        return None
    value: Any = document
    for step in path:
        value = value[step]
    return int(path[1]), str(path[2]) if len(path) > 2 else "", value if isinstance(value, str) else ""


# ---------------------------------------------------------------- current policies


def _old_listing(document: Policy, outcomes: _Outcomes) -> _Listing:
    """A current policy, with the actions that each line matches and how many were used."""
    version = {"Version": document.version} if document.version else {}
    written = {**version, "Statement": [json.loads(statement.text) for statement in document.statements]}
    effects = [statement.effect for statement in document.statements]

    def noted(statement: int, element: str, value: str) -> Note | None:
        if not element:
            return outcomes.statement_note(statement, effects[statement])
        if element in ACTION_ELEMENTS and value and effects[statement] is Effect.ALLOW:
            return outcomes.action_note(statement, value)
        return None

    return listing_of(written, noted)


Granted = Mapping[tuple[str, str, int], Sequence[ActionVerdict]]
"""The verdicts on the actions that each statement grants, by policy, group and index of the statement (from 0)."""


def _granted_by_statement(verdicts: Iterable[ActionVerdict]) -> Granted:
    """The verdicts on the actions that each statement grants.

    There are many verdicts and few statements, so verdicts are first grouped by the identity of the statement.
    """
    refs: dict[int, StatementRef] = {}
    found: dict[int, list[ActionVerdict]] = defaultdict(list)
    for verdict in verdicts:
        for ref in verdict.grants:
            refs[id(ref)] = ref
            found[id(ref)].append(verdict)
    granted: dict[tuple[str, str, int], list[ActionVerdict]] = defaultdict(list)
    for at, ref in refs.items():
        granted[ref.policy, ref.group, ref.index].extend(found[at])
    return granted


class _Outcomes:
    """The notes on the statements of one policy, from the verdicts."""

    def __init__(self, view: PrincipalView, policy: AttachedPolicy, granted: Granted) -> None:
        self._view = view
        self._policy = policy.arn or policy.name, policy.group
        self._granted = granted
        self._wildcards = {
            (wildcard.ref.index, str(wildcard.pattern)): wildcard
            for wildcard in view.diff.assessment.wildcards
            if (wildcard.ref.policy, wildcard.ref.group) == self._policy
        }
        self._by_action: dict[int, dict[str, ActionVerdict]] = {}

    def statement_note(self, statement: int, effect: Effect) -> Note:
        """The number of actions that the statement grants, and their outcome."""
        if effect is Effect.DENY:
            return Note(Mark.STATEMENT, (line("a Deny: carried into the replacement unchanged"),))
        found = self._granted.get((*self._policy, statement), ())
        seen = sum(verdict.verdict not in UNSEEN for verdict in found)
        first = line("grants ", strong(plural(len(found), "action")), f", {count(seen)} of them used")
        if not self._view.has_documents:
            return Note(Mark.STATEMENT, (first,))
        stays = sum(verdict.action in self._view.staying for verdict in found)
        then = line(f"{count(stays)} kept, ", good(f"{count(len(found) - stays)} removed"))
        return Note(Mark.STATEMENT, (first, then))

    def action_note(self, statement: int, pattern: str) -> Note | None:
        """The note on the matches of a pattern, or on the recorded use of an action."""
        wildcard = self._wildcards.get((statement, pattern))
        if wildcard:
            return _wildcard_note(wildcard)
        verdict = self._verdicts(statement).get(pattern.lower())
        if verdict is None:
            return None
        evidence = (seen_note(verdict.evidence),) if verdict.evidence else ()
        mark = Mark.IDLE if verdict.verdict in UNSEEN else Mark.SEEN
        return Note(
            mark, (line(strong(verdict.verdict), f": {verdict.reason}"), *evidence, *self._outcome_lines(verdict))
        )

    def _verdicts(self, statement: int) -> Mapping[str, ActionVerdict]:
        if statement not in self._by_action:
            found = self._granted.get((*self._policy, statement), ())
            self._by_action[statement] = {verdict.action.lower(): verdict for verdict in found}
        return self._by_action[statement]

    def _outcome_lines(self, verdict: ActionVerdict) -> tuple[Line, ...]:
        danger = (line(bad("dangerous: "), verdict.danger),) if verdict.danger and verdict.verdict in UNSEEN else ()
        if not self._view.has_documents:
            return danger
        stays = verdict.action in self._view.staying
        kept = f": {verdict.keep}" if verdict.keep and verdict.verdict is Verdict.UNOBSERVABLE else ""
        return *danger, line(strong("kept") if stays else good("removed"), kept if stays else "")


def _wildcard_note(wildcard: WildcardUse) -> Note:
    what = "allows everything except: " if wildcard.not_action else "matches "
    first = line(what, strong(plural(wildcard.expands_to, "action")), " today, and all that AWS adds")
    if not wildcard.used:
        return Note(Mark.IDLE, (first, line(bad("none of them has recorded use"))))
    return Note(Mark.SEEN, (first, line(f"{count(len(wildcard.used))} used: ", names(wildcard.used, most=8))))


# ---------------------------------------------------------------- the replacement


def _new_listing(
    written: Mapping[str, Any], known: Sequence[ReplacementStatement | None], rules: tuple[AppliedRule, ...]
) -> _Listing:
    """A document of the replacement, with the evidence for each line. A carried Deny is None in `known`."""
    evidence = [_evidence_notes(statement) if statement else {} for statement in known]
    patterns = {rule.pattern: rule for rule in rules}

    def noted(statement: int, element: str, value: str) -> Note | None:
        narrowed = known[statement]
        if narrowed is None:
            carried = line("a Deny of the old policies, carried unchanged")
            return None if element else Note(Mark.STATEMENT, (carried,))
        if not element:
            return Note(Mark.STATEMENT, (line("narrows ", name(str(narrowed.parent))),))
        if element in RESOURCE_ELEMENTS and value in patterns:
            rule = patterns[value]
            by_rule = line(strong(f"pattern by the rule {rule.rule}"), f": {rule.adds}")
            return Note(Mark.RULE, (by_rule, line(strong("to narrow it: "), rule.tightens)))
        return evidence[statement].get(value) if element in ACTION_ELEMENTS else None

    return listing_of(written, noted)


def _evidence_notes(statement: ReplacementStatement) -> dict[str, Note]:
    found: dict[str, list[Line]] = defaultdict(list)
    kinds: dict[str, LineKind] = {}
    for action, scope, lines in explained_lines(statement):
        for replaced in lines:
            found[action].extend(_line_notes(replaced, scope, statement))
            kinds[action] = min(replaced.kind, kinds.get(action, replaced.kind), key=list(LineKind).index)
    return {action: Note(kinds[action], tuple(dict.fromkeys(notes))) for action, notes in found.items()}


def _line_notes(replaced: ReplacementLine, scope: Scope, statement: ReplacementStatement) -> Iterator[Line]:
    yield line(strong(LINE_WORDS[replaced.kind]), f": {replaced.why}" if replaced.why else "")
    if scope != statement.scope:
        yield line("on ", names(scope.resources, most=2))
    if replaced.evidence:
        yield seen_note(replaced.evidence)
        if replaced.evidence.example_resource not in ("", "*"):
            yield line(quiet("on "), name(replaced.evidence.example_resource))
    if replaced.rule:
        yield line(quiet(f"its resource is from the rule {replaced.rule}"))

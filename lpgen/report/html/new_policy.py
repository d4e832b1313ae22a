"""A policy of a replacement as a listing: the evidence for each line, and the old statement that it narrows."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator

from lpgen.core.evidence import StatementRef
from lpgen.core.replacements import AppliedRule, Line, LineKind, ReplacementDocument, ReplacementStatement, Scope
from lpgen.report.documents.evidence import explained_lines
from lpgen.report.html.policy_listing import ACTION_ELEMENTS, RESOURCE_ELEMENTS, Listing, Mark, Note, listing_of
from lpgen.report.pages.blocks import Line as Words
from lpgen.report.pages.blocks import line, name, names, quiet, strong
from lpgen.report.pages.parts import seen_note
from lpgen.report.pages.words import LINE_WORDS


def new_listing(document: ReplacementDocument, rules: tuple[AppliedRule, ...]) -> Listing:
    """A document of the replacement, with the evidence for each line."""
    written = json.loads(document.text)
    statements = written["Statement"] if isinstance(written["Statement"], list) else [written["Statement"]]
    by_sid = {one.sid: one for one in document.statements}
    known = [by_sid.get(one.get("Sid", "")) for one in statements]
    evidence = [_evidence_notes(one) if one else {} for one in known]
    patterns = {one.pattern: one for one in rules}

    def noted(statement: int, element: str, value: str) -> Note | None:
        one = known[statement]
        if one is None:
            carried = line("a Deny of the old policies, carried as it is")
            return None if element else Note(Mark.STATEMENT, (carried,))
        if not element:
            return Note(Mark.STATEMENT, (line("narrows ", name(str(one.parent))),))
        if element in RESOURCE_ELEMENTS and value in patterns:
            rule = patterns[value]
            by_rule = line(strong(f"pattern by the rule {rule.rule}"), f": {rule.adds}")
            return Note(Mark.RULE, (by_rule, line(strong("would tighten it: "), rule.tightens)))
        return evidence[statement].get(value) if element in ACTION_ELEMENTS else None

    return listing_of(written, noted)


def new_parents(document: ReplacementDocument) -> list[StatementRef | None]:
    """Of each statement of a document the old one that it narrows, None for what was carried."""
    written = json.loads(document.text)["Statement"]
    by_sid = {one.sid: one.parent for one in document.statements}
    return [by_sid.get(one.get("Sid", "")) for one in (written if isinstance(written, list) else [written])]


def _evidence_notes(statement: ReplacementStatement) -> dict[str, Note]:
    found: dict[str, list[Words]] = defaultdict(list)
    kinds: dict[str, LineKind] = {}
    for action, scope, lines in explained_lines(statement):
        for one in lines:
            found[action].extend(_line_notes(one, scope, statement))
            kinds[action] = min(one.kind, kinds.get(action, one.kind), key=list(LineKind).index)
    return {action: Note(kinds[action], tuple(dict.fromkeys(notes))) for action, notes in found.items()}


def _line_notes(one: Line, scope: Scope, statement: ReplacementStatement) -> Iterator[Words]:
    yield line(strong(LINE_WORDS[one.kind]), f": {one.why}" if one.why else "")
    if scope != statement.scope:
        yield line("on ", names(scope.resources, most=2))
    if one.evidence:
        yield seen_note(one.evidence)
        if one.evidence.example_resource not in ("", "*"):
            yield line(quiet("on "), name(one.evidence.example_resource))
    if one.rule:
        yield line(quiet(f"its resource follows the rule {one.rule}"))

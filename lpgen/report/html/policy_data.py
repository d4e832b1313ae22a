"""The policies of a principal before and after as data: lines, notes, and which new statement narrows which old one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lpgen.core.evidence import StatementRef
from lpgen.core.model import AttachedPolicy, PolicyKind
from lpgen.report.documents.layout import Json
from lpgen.report.escaping import terminal_text
from lpgen.report.html.interned import Interned
from lpgen.report.html.new_policy import new_listing, new_parents
from lpgen.report.html.old_policy import Outcomes, granted_by_statement, old_listing
from lpgen.report.html.policy_listing import Listing, Note
from lpgen.report.html.shared import Shared
from lpgen.report.plan import document_file
from lpgen.report.views import PrincipalView

_KIND_WORDS: Final = {
    PolicyKind.INLINE: "inline policy",
    PolicyKind.CUSTOMER_MANAGED: "customer managed policy",
    PolicyKind.AWS_MANAGED: "AWS managed policy",
    PolicyKind.SCP: "service control policy",
    PolicyKind.RCP: "resource control policy",
    PolicyKind.RESOURCE: "resource policy",
}


def data_of_policies(view: PrincipalView, shared: Shared) -> Json:
    """The policies in force and those of the replacement, with the notes of both: a mark and places of shared lines."""
    notes: Interned[Note] = Interned()
    granted = granted_by_statement(view.diff.verdicts)
    old = [_data_of_old(one, Outcomes(view, one, granted), shared, notes) for one in view.diff.principal.policies]
    new = list(_data_of_new(view, notes))
    said = [[note.mark, *map(shared.lines.place, note.lines)] for note in notes.values]
    return {"old": old, "new": new, "notes": said}


def _data_of_old(policy: AttachedPolicy, outcomes: Outcomes, shared: Shared, notes: Interned[Note]) -> Json:
    known: Json = {"name": terminal_text(policy.arn or policy.name), "kind": _KIND_WORDS[policy.kind]}
    if policy.group:
        known["group"] = terminal_text(policy.group)
    if policy.document is None:
        return known
    listing = old_listing(policy.document, outcomes)
    return known | {"document": shared.documents.place("\n".join(listing.lines))} | _data_of_notes(listing, notes)


def _data_of_new(view: PrincipalView, notes: Interned[Note]) -> Iterator[Json]:
    replacement = view.proposal.replacement
    if replacement is None or not view.has_documents:
        return
    places = {
        (policy.arn or policy.name, policy.group): number for number, policy in enumerate(view.diff.principal.policies)
    }
    for number, document in enumerate(replacement.documents, start=1):
        listing = new_listing(document, replacement.rules)
        yield {
            "name": terminal_text(document.name),
            "kind": _KIND_WORDS[PolicyKind.INLINE if document.inline else PolicyKind.CUSTOMER_MANAGED],
            "file": document_file(number),
            "characters": document.size,
            "text": "\n".join(listing.lines),
            "parents": [_place_of(ref, places) for ref in new_parents(document)],
        } | _data_of_notes(listing, notes)


def _place_of(ref: StatementRef | None, places: dict[tuple[str, str], int]) -> list[int] | None:
    """Which policy in force and which of its statements, from 0."""
    place = places.get((ref.policy, ref.group)) if ref else None
    return None if place is None or ref is None else [place, ref.index]


def _data_of_notes(listing: Listing, notes: Interned[Note]) -> Json:
    placed = [[number, notes.place(note)] for number, note in listing.notes]
    return {"notes": placed, "starts": list(listing.starts)}

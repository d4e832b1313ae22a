"""The part of an explanation that says whether and when the action was used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from lpgen.core.explanations import Explanation, SeenUse, SeenUses, UseOn
from lpgen.core.iam.decision import Result
from lpgen.core.model import OBSERVED, DenialKind, Outcome, ResourceKind
from lpgen.report.blocks import (
    Block,
    Heading,
    Item,
    Line,
    Paragraph,
    Span,
    bad,
    capped,
    good,
    line,
    name,
    plural,
    quiet,
    seen_note,
    strong,
)
from lpgen.report.words import WALL_WORDS


def use_blocks(found: Explanation) -> Iterator[Block]:
    """Whether and when it was used, on the resource asked about and on others."""
    yield Heading(line("Its use"), level=2)
    if found.seen is None:
        how = (name("lpgen ingest"), ", and give their folder with ", name("--data DIR"))
        yield Paragraph(line("Nothing is known of use: read the logs with ", *how, "."))
        return
    any_resource = found.question.resource.kind in (ResourceKind.UNKNOWN, ResourceKind.NONE)
    yield Paragraph(line(*_summary(found.seen, any_resource=any_resource)))
    for on, title in _TITLES.items():
        group = [one for one in found.seen.uses if one.on is on]
        if group:
            if not any_resource:
                yield Heading(line(title), level=3)
            yield capped([_item(one) for one in group])
    if found.seen.earlier:
        records = plural(found.seen.earlier, "record")
        yield Paragraph(
            line(quiet(f"{records} of an earlier principal of the same name don't count: AWS gave it another id."))
        )


_TITLES: Final = {
    UseOn.ASKED: "On the resource asked about",
    UseOn.PERHAPS: "Perhaps on it: the records show a pattern, or no resource",
    UseOn.OTHER: "On other resources",
}


def _summary(seen: SeenUses, *, any_resource: bool) -> Iterator[Span]:
    if seen.coverage is None:
        yield Span("No log of the principal's account was read, so nothing is known of use.")
        return
    covered = seen.coverage
    window = f"{covered.first_day} to {covered.last_day} ({plural(covered.covered_days, 'covered day')})"
    used = seen.allowed(*UseOn)
    if used:
        yield from _used(seen, any_resource=any_resource)
        yield Span(f" The logs cover {window}.")
    else:
        denied = [one for one in seen.uses if one.use.outcome is Outcome.DENIED]
        attempts = f", but tried and denied: {_records(denied)}" if denied else ""
        yield strong("Not seen used")
        yield Span(f" in the logs of {window}{attempts}.")
    if seen.blind_spot:
        why = seen.blind_spot
        yield Span(f" The logs don't show all use of it: {why}." if used else f" They could not have shown it: {why}.")
    elif not used:
        yield Span(" A use would have left a record.")


def _used(seen: SeenUses, *, any_resource: bool) -> Iterator[Span]:
    here, perhaps, others = (seen.allowed(place) for place in UseOn)
    if any_resource or not (perhaps or others):
        yield strong(f"Used: {_records(here)}, last on {_last(here)}.")
        return
    yield strong(f"Used on this resource: {_records(here)}, last on {_last(here)}." if here else "Not seen used on it.")
    if perhaps:
        yield Span(f" Perhaps on it: {_records(perhaps)}.")
    if others:
        yield Span(f" On others: {_records(others)}, last on {_last(others)}.")


def contrary_note(found: Explanation) -> Iterator[Block]:
    """That the logs hold an outcome other than the result, where they do."""
    if not found.contrary:
        return
    walls = sorted({WALL_WORDS[seen.use.denial_kind] for seen in found.contrary} - {WALL_WORDS[DenialKind.NONE]})
    by = f" (refused by: {' or '.join(walls)})" if walls else ""
    does = "stops it, or stopped it" if found.result is Result.ALLOWED else "allows it, or allowed it"
    yield Paragraph(
        line(
            bad("The logs show otherwise: "),
            f"{_records(found.contrary)} {found.contrary[0].use.outcome}{by}, last on {_last(found.contrary)}. "
            f"So something not known here {does} under the policies of that day.",
        )
    )


def _records(uses: Sequence[SeenUse]) -> str:
    """How many records there are of some uses, at most: a call on several resources counts for each of them."""
    records = plural(sum(one.use.evidence.records for one in uses), "record")
    return f"up to {records}" if len({one.use.resource for one in uses}) > 1 else records


def _last(uses: Iterable[SeenUse]) -> str:
    return max(one.use.evidence.last_seen for one in uses)[:10]


def _item(one: SeenUse) -> Item:
    outcome, resource = one.use.outcome, one.use.resource
    tone = {Outcome.ALLOWED: good, Outcome.DENIED: bad}.get(outcome, strong)
    return Item(line(tone(outcome), "  ", _UNNAMED.get(resource.kind) or name(resource.text)), tuple(_notes(one)))


_UNNAMED: Final = {
    ResourceKind.NONE: "no resource",
    ResourceKind.UNKNOWN: "the record doesn't show the resource",
    ResourceKind.OVERFLOW: "further resources, too many to keep apart",
}


def _notes(one: SeenUse) -> Iterator[Line]:
    use = one.use
    yield seen_note(use.evidence)
    if use.denial_kind is not DenialKind.NONE:
        yield line("refused by: ", WALL_WORDS[use.denial_kind])
    if use.how != OBSERVED:
        yield line("inferred by the rule ", name(use.how), f": {one.why}" if one.why else "")

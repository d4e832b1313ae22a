"""A report's note on the decisions that it took into account, and how much they accept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lpgen.core.replacements import DecisionKind, DecisionsStamp
from lpgen.core.summary import DecisionsPart
from lpgen.report.documents.parts import part_from_decisions
from lpgen.report.escaping import terminal_text
from lpgen.report.pages.blocks import Line, Words, bad, count, line, name, names, plural
from lpgen.report.pages.words import shorten


def decisions_notes(
    stamp: DecisionsStamp | None, accepted: int, noun: str = "reason", *, longest: int = 0
) -> Iterator[Line]:
    """The same as one sentence, and how many match nothing, if there are decisions; `noun` is what they accept.

    With `longest`, a longer name of the file is cut.
    """
    found = part_from_decisions(stamp, accepted)
    if found is not None and stamp is not None:
        file = shorten(found.file, longest) if longest else found.file
        yield line("Decisions of ", name(file), f": {_counts(found, noun)}", *_idle(stamp.idle))


def _idle(closest: Sequence[str]) -> Iterator[Words]:
    """How many decisions match nothing and what they may mean, and the end of the sentence."""
    meant = sorted(set(filter(None, closest)))
    if closest:
        yield "; "
        yield bad(f"{len(closest):,} {'matches' if len(closest) == 1 else 'match'} nothing")
    yield from (": did you mean ", names(meant, most=3), "?") if meant else (".",)


def render_used_decisions(found: DecisionsPart | None) -> str:
    """The same as a message; "" where there are no decisions."""
    return "" if found is None else f"decisions of {terminal_text(found.file)}: {_counts(found, 'reason')}"


def _counts(found: DecisionsPart, noun: str) -> str:
    in_force = {kind.value.replace("_", "-"): getattr(found, kind) for kind in DecisionKind}
    kinds = ", ".join(f"{count(number)} {kind}" for kind, number in in_force.items() if number)
    accepted = f" ({plural(found.accepted, noun)} accepted)" if found.accepted else ""
    return f"{kinds or 'none in force'}{accepted}"

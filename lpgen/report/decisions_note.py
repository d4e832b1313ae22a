"""A report's note on the decisions that it took into account, and how much they accept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from lpgen.core.replacements import DecisionKind, DecisionsStamp
from lpgen.report.escaping import terminal_text
from lpgen.report.json.layout import Row
from lpgen.report.pages.blocks import Line, Words, bad, count, line, name, names, plural
from lpgen.report.pages.words import shorten

_KINDS: Final = tuple(DecisionKind)


def facts_of_decisions(stamp: DecisionsStamp | None, accepted: int) -> Row | None:
    """The file, its decisions in force by kind, and how many reasons or findings these accept."""
    if stamp is None:
        return None
    return Row(file=stamp.file, **{kind.value: stamp.in_force.count(kind) for kind in _KINDS}, accepted=accepted)


def decisions_notes(
    stamp: DecisionsStamp | None, accepted: int, noun: str = "reason", *, longest: int = 0
) -> Iterator[Line]:
    """The same as one sentence, and how many match nothing, if there are decisions; `noun` is what they accept.

    With `longest`, a longer name of the file is cut.
    """
    facts = facts_of_decisions(stamp, accepted)
    if stamp is not None and facts is not None:
        file = name(shorten(stamp.file, longest) if longest else stamp.file)
        yield line("Decisions of ", file, f": {_counts(facts, noun)}", *_idle(stamp.idle))


def _idle(closest: Sequence[str]) -> Iterator[Words]:
    """How many decisions match nothing and what they may mean, and the end of the sentence."""
    meant = sorted(set(filter(None, closest)))
    if closest:
        yield "; "
        yield bad(f"{len(closest):,} {'matches' if len(closest) == 1 else 'match'} nothing")
    yield from (": did you mean ", names(meant, most=3), "?") if meant else (".",)


def render_used_decisions(facts: object) -> str:
    """The same as a message, of the facts that a summary states; "" where it states none."""
    if not isinstance(facts, Mapping) or not all(isinstance(facts.get(key), int) for key in (*_KINDS, "accepted")):
        return ""
    return f"decisions of {terminal_text(str(facts.get('file')))}: {_counts(facts, 'reason')}"


def _counts(facts: Mapping[str, object], noun: str) -> str:
    kinds = [f"{count(int(str(facts[kind])))} {kind.replace('_', '-')}" for kind in _KINDS if facts[kind]]
    accepted = int(str(facts["accepted"]))
    return f"{', '.join(kinds) or 'none in force'}{f' ({plural(accepted, noun)} accepted)' if accepted else ''}"

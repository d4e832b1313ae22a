"""Used actions that a principal could no longer undo, for people."""

from __future__ import annotations

from collections.abc import Iterable

from lpgen.core.analysis.verdicts.inverse_actions import Undoing
from lpgen.report.pages.blocks import Block, Column, Paragraph, line, name, quiet, table
from lpgen.report.pages.parts import MOST_ROWS, more_note, titled


def undoing_blocks(lost: tuple[Undoing, ...]) -> Iterable[Block]:
    """The actions that could no longer be undone, and advice about them."""
    if not lost:
        return
    yield titled("Done, and could no longer be undone", len(lost))
    yield table(
        (Column("used and kept", flexible=True), Column("would undo it, and is removed", flexible=True)),
        [(name(one.action), name(one.undone_by)) for one in lost[:MOST_ROWS]],
    )
    yield from more_note(lost[MOST_ROWS:], len(lost[MOST_ROWS:]), "action")
    note = "it was not seen to undo these; where a teardown or a rollback will, keep what undoes them with "
    yield Paragraph(line(quiet(note), name("--decisions FILE")))

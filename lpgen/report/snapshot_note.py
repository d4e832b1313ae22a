"""A report's notes on the snapshot that it uses, and the messages of `lpgen snapshot` about the one it took."""

from __future__ import annotations

from collections.abc import Iterator

from lpgen.core.snapshots import SnapshotStamp
from lpgen.report.escaping import terminal_text
from lpgen.report.pages.blocks import Words, count, line, name, plural


def snapshot_notes(stamp: SnapshotStamp | None) -> Iterator[Words]:
    """One sentence on the snapshot, with its date; its gaps are among the problems."""
    if stamp is not None:
        gaps = f"; it lacks something: {plural(len(stamp.gaps), 'gap')}, named under Problems" if stamp.gaps else ""
        yield line("snapshot ", name(stamp.name), f": {_facts(stamp)}; in use are its {_used(stamp)}{gaps}")


def render_used_snapshot(stamp: SnapshotStamp) -> str:
    """The message on stderr about the snapshot that a command uses: the facts, and every gap on a line of its own."""
    said = [f"snapshot {stamp.name} ({_facts(stamp)}): its {_used(stamp)}"]
    return "\n".join(map(terminal_text, (*said, *_gap_lines(stamp))))


def render_taken_snapshot(stamp: SnapshotStamp, folder: str) -> str:
    """The message of `lpgen snapshot` at its end."""
    said = [f"snapshot {stamp.name}: {_facts(stamp)}, in {folder}", *_gap_lines(stamp)]
    return "\n".join(map(terminal_text, said))


def _gap_lines(stamp: SnapshotStamp) -> Iterator[str]:
    if stamp.gaps:
        yield f"gaps: {count(len(stamp.gaps))}"
        yield from (f"  {gap}" for gap in stamp.gaps)


def _facts(stamp: SnapshotStamp) -> str:
    principals = sum(one.roles + one.users for one in stamp.accounts)
    taken = f"taken {stamp.taken:%Y-%m-%d %H:%M} UTC"
    return f"{taken}, {plural(len(stamp.accounts), 'account')}, {plural(principals, 'role or user', 'roles and users')}"


def _used(stamp: SnapshotStamp) -> str:
    return ", ".join(stamp.used)

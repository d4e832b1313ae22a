"""The denials since a rollout, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from lpgen.core.rollout.denials import Denial
from lpgen.core.rollout.watch import Watched
from lpgen.report.documents.rollout import watch_json
from lpgen.report.escaping import terminal_text


def render_watch(watched: Sequence[Watched], format: str) -> str:  # noqa: A002
    """The report in one of the formats `text` and `json`."""
    return watch_json(watched) if format == "json" else "\n".join(_lines(watched))


def _lines(watched: Sequence[Watched]) -> Iterator[str]:
    for one in watched:
        yield f"{terminal_text(one.principal)}  applied {one.applied_at.replace('+00:00', 'Z')}, {_reach(one)}"
        if one.logs_until and not one.denials and not one.unmapped:
            yield "  no denial"
        for denial in one.denials:
            yield from _denial_lines(denial, one.snapshot)
        if any(denial.lost and not denial.restored for denial in one.denials):
            yield f"  {_HOLD}"
        for call, records in one.unmapped:
            yield f"  denied, and which action it needs isn't known: {terminal_text(call)} ({_counted(records)})"
        yield from _unseen_lines(one)
        yield ""


_HOLD: Final = (
    "next: what is needed, put back into its policies, and keep it with --decisions FILE, or the next replacement takes"
    " it away again"
)


def _counted(records: int) -> str:
    return "1 record" if records == 1 else f"{records:,} records"


def _reach(one: Watched) -> str:
    if not one.logs_until:
        return "and the logs end before: ingest newer ones"
    return f"logs until {one.logs_until}"


def _denial_lines(one: Denial, snapshot: str) -> Iterator[str]:
    upto = "up to " if one.straddles else ""
    before = ", denied before the rollout too" if one.before_too else ""
    where = one.resource or "a resource that the record doesn't show"
    seen = f"{upto}{_counted(one.records)}, last {one.last_seen}, such as event {one.example_event_id}{before}"
    yield f"  denied: {terminal_text(one.action)} on {terminal_text(where)} ({terminal_text(seen)})"
    if one.why:
        yield f"    {terminal_text(one.why)}"
    for lost in one.lost:
        sid = f" ({terminal_text(lost.sid)})" if lost.sid else ""
        yield f"    removed: {terminal_text(lost.policy)}, statement {lost.statement}{sid}"
        if not one.restored:
            yield f"    restore: {terminal_text(lost.restore)}"
    if one.restored:
        yield f"    allowed again by the policies of snapshot {terminal_text(snapshot)}"


def _unseen_lines(one: Watched) -> Iterator[str]:
    if one.unseen:
        yield "  can't be seen: removed actions whose denial would leave no record here"
    for some in one.unseen:
        more = "" if some.count == len(some.examples) else f" and {some.count - len(some.examples)} more"
        yield f"    {terminal_text(', '.join(some.examples))}{more}: {terminal_text(some.why)}"

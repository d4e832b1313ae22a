"""Messages during and after an ingest, for stderr, and messages of a dry run from Athena."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from lpgen.core.usage.ingest_result import UNCOUNTED, FileProblem, IngestResult, Progress
from lpgen.core.usage.log_layout import LogScope
from lpgen.report.blocks import plural
from lpgen.report.escaping import terminal_text
from lpgen.report.skip_words import SKIP_WORDS

if TYPE_CHECKING:
    from lpgen.core.athena.days import TablePlan

_SHOWN: Final = 5
_SHOWN_FOLDERS: Final = 8


def render_ingest(result: IngestResult, *, verbose: bool) -> str:
    """The summary of an ingest, as lines without a final line break. `verbose` lists every problem."""
    return "\n".join(_lines(result, verbose=verbose))


def render_kept_scope(scope: LogScope) -> str:
    """A line about the limits that an ingest takes over from earlier ones."""
    asked = [f"since {scope.window.since.removesuffix('T00:00:00')}"] if scope.window.since else []
    kinds = (("account", scope.accounts), ("Region", scope.regions))
    asked += [f"of {kind} {', '.join(sorted(names))}" for kind, names in kinds if names]
    return f"as before, only logs {' '.join(asked)}; to change this, give --since, --account or --region"


def render_progress(progress: Progress, seconds: float = 0.0) -> str:
    """A line about the progress of an ingest, `seconds` after it started to read."""
    if not progress.bytes:
        read = f" with {progress.records:,} records" if progress.records else ""
        return f"{progress.files_done:,} {progress.unit} found{read}"
    share = progress.bytes_done / progress.bytes
    done = f"{progress.files_done:,} of {progress.files:,} {progress.unit}"
    if seconds <= 0 or not progress.records:
        return f"{share:4.0%}  {done}, {progress.records:,} records"
    paces = [f"({count / seconds:,.0f}/s)" for count in (progress.files_done, progress.records)]
    left = _duration(seconds / share - seconds)  # first, because a narrow terminal cuts off the end
    return f"{share:4.0%}  {left} left, {done} {paces[0]}, {progress.records:,} records {paces[1]}"


def _duration(seconds: float) -> str:
    """`42 s`, `3 min 05 s` or `2 h 05 min`."""
    minutes, rest = divmod(max(round(seconds), 0), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours:,} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def _lines(result: IngestResult, *, verbose: bool) -> Iterator[str]:
    adjective = "" if result.read_again else "new "  # files read again count here too
    new = _amounts(result.files_read, result.objects_read, result.events_read, result.days_read, adjective=adjective)
    known = _amounts(result.files_known, result.objects_known, result.events_known, result.days_known)
    read = new or f"0 new {_nothing(known)}"
    yield f"{read} with {plural(result.records, 'record')}, {result.usage_records:,} of them usage"
    if known:
        yield f"{known} {_were(known)} already known"
    if not (new or known or result.failures or result.problems):
        yield "no matching log found: check the path, --account, --region, --since and --until"
    if result.files_ignored:
        ignored = plural(result.files_ignored, "file")
        yield f"{ignored} in folders {_were(ignored)} ignored: neither .json nor .gz; name the files that hold records"
    if result.folders_left:
        shown = ", ".join(f"{terminal_text(name)} ({count:,})" for name, count in result.folders_left[:_SHOWN_FOLDERS])
        more = len(result.folders_left) - _SHOWN_FOLDERS
        others = f" and {more:,} others" if more > 0 else ""
        yield f"folders in S3 without records of calls, ignored: {shown}{others}"
    for skip in result.skips:
        yield f"  skipped {skip.count:,}: {SKIP_WORDS[skip.reason]} ({skip.reason})"
        if verbose or skip.reason in UNCOUNTED:
            for example in skip.examples:
                place = ", ".join(part for part in (example.path, example.position) if part)
                yield f"    {terminal_text(place)}: {terminal_text(example.detail)}"
    yield from _problems("could not be opened; the next ingest tries again", result.failures, verbose=verbose)
    yield from _problems("could not be read in full", result.problems, verbose=verbose)
    yield from _problems("already known, could not be read in full", result.known_problems, verbose=verbose)
    yield from (f"note: {terminal_text(note)}" for note in result.notes)
    if verbose and result.seconds:
        yield "time: " + ", ".join(f"{spent:.1f} s {phase}" for phase, spent in result.seconds)
    if result.read_again:
        files = plural(result.read_again, "known file")
        yield f"{files} {_were(files)} read again for records that were left out before"


def _amounts(files: int, objects: int, events: int, days: int, *, adjective: str = "") -> str:
    """The amount of each kind, such as `2 new files and 1 new object`, or ""."""
    kinds = ((files, "file"), (objects, "object"), (events, "event"), (days, "day"))
    return " and ".join(plural(count, f"{adjective}{noun}") for count, noun in kinds if count)


def _were(several: str) -> str:
    """The verb for a text of `_amounts` or `plural`."""
    return "were" if several.endswith("s") or " and " in several else "was"


def _nothing(known: str) -> str:
    """The noun for nothing new: the noun of the known items."""
    return f"{(known or 'file').rpartition(' ')[2].removesuffix('s')}s"


def _noun_from_paths(problems: Iterable[FileProblem]) -> str:
    in_store = {problem.path.startswith(("s3://", "cloudtrail://")) for problem in problems}
    return "log" if len(in_store) > 1 else "object" if True in in_store else "file"


def _problems(what: str, problems: Iterable[FileProblem], *, verbose: bool) -> Iterator[str]:
    found = tuple(problems)
    if found:
        yield f"{plural(len(found), _noun_from_paths(found))} {what}:"
        shown = found if verbose else found[:_SHOWN]
        yield from (f"    {terminal_text(problem.path)}: {terminal_text(problem.why)}" for problem in shown)
        if len(shown) < len(found):
            yield f"    and {len(found) - len(shown):,} more; -v lists them"


# ---------------------------------------------------------------- a dry run from Athena


def render_queries(plan: TablePlan) -> str:
    """The queries of a plan. Each ends with a semicolon."""
    from lpgen.core.athena.days import build_query  # only a dry run needs it

    return "\n\n".join(f"{build_query(plan, day)};" for day in plan.missing)


def render_query_plan(plan: TablePlan, scan: str) -> str:
    """The plan and how much its queries would read, as lines without a final line break."""
    days = len(plan.days.days)
    known = f", {plan.days_known:,} of them already known" if plan.days_known else ""
    what = (terminal_text(scan), *(f"note: {lack}" for lack in plan.table.describe_lacks()))
    head = f"{plan.table.name}: {plan.days.first} to {plan.days.last}, {days:,} days{known}"
    return "\n  ".join((head, *(what if plan.missing else ("nothing to query",))))

"""A dry run of an ingest from Athena: the SQL for stdout, and the amount it would read for stderr."""

from __future__ import annotations

from collections.abc import Iterator

from lpgen.core.athena.days import TablePlan
from lpgen.core.athena.query import build_query
from lpgen.report.escaping import terminal_text


def render_queries(plan: TablePlan) -> str:
    """The queries of a plan, each ended by a semicolon."""
    return "\n\n".join(f"{build_query(plan, day)};" for day in plan.missing)


def render_query_plan(plan: TablePlan, scan: str) -> str:
    """The plan and what its queries would read, as lines without a trailing newline."""
    return "\n".join(_lines(plan, scan))


def _lines(plan: TablePlan, scan: str) -> Iterator[str]:
    days = len(plan.days.days)
    known = f", {plan.days_known:,} of which are known already" if plan.days_known else ""
    yield f"{plan.table.name}: {plan.days.first} to {plan.days.last}, {days:,} days{known}"
    if not plan.missing:
        yield "  nothing to ask"
        return
    yield f"  {terminal_text(scan)}"
    yield from (f"  note: {lack}" for lack in plan.table.describe_lacks())

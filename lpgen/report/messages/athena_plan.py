"""A dry run of an ingest from Athena: the SQL for stdout, and the amount it would read for stderr."""

from __future__ import annotations

from lpgen.core.athena.days import TablePlan, build_query
from lpgen.report.escaping import terminal_text


def render_queries(plan: TablePlan) -> str:
    """The queries of a plan, each ended by a semicolon."""
    return "\n\n".join(f"{build_query(plan, day)};" for day in plan.missing)


def render_query_plan(plan: TablePlan, scan: str) -> str:
    """The plan and what its queries would read, as lines without a trailing newline."""
    days = len(plan.days.days)
    known = f", {plan.days_known:,} of which are known already" if plan.days_known else ""
    what = (terminal_text(scan), *(f"note: {lack}" for lack in plan.table.describe_lacks()))
    head = f"{plan.table.name}: {plan.days.first} to {plan.days.last}, {days:,} days{known}"
    return "\n  ".join((head, *(what if plan.missing else ("nothing to ask",))))

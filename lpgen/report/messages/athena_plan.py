"""A dry run of an ingest from Athena: the SQL for stdout, and the amount it would read for stderr."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lpgen.core.athena.query_plan import QueryPlan
from lpgen.report.escaping import terminal_text


def render_queries(plans: Sequence[QueryPlan]) -> str:
    """All queries, each ended by a semicolon."""
    return "\n\n".join(query.sql + ";" for plan in plans for query in plan.queries)


def render_query_plans(plans: Sequence[QueryPlan]) -> str:
    """The amounts that the queries would read, as lines without a trailing newline."""
    return "\n".join(line for plan in plans for line in _lines(plan))


def _lines(plan: QueryPlan) -> Iterator[str]:
    days = len(plan.days.days)
    known = f", {plan.days_known:,} of which are known already" if plan.days_known else ""
    yield f"{terminal_text(plan.table)}: {plan.days.first} to {plan.days.last}, {days:,} days{known}"
    if not plan.queries:
        yield "  nothing to ask"
        return
    noun = "query" if len(plan.queries) == 1 else "queries"
    if plan.unlisted:
        yield f"  {len(plan.queries):,} {noun}; how much they would read isn't known: {terminal_text(plan.unlisted)}"
    else:
        yield (
            f"  {len(plan.queries):,} {noun} would read about {plan.bytes:,} bytes in {plan.objects:,} objects, "
            "by a listing of the table's location"
        )
    yield from (f"  note: {terminal_text(lack)}" for lack in plan.lacks)

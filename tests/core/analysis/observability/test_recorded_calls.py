"""The event sources of whose writing calls code reads something, which are listed apart from that code."""

from __future__ import annotations

from lpgen.core.analysis.observability.recorded_calls import READ_NAMES, RULED_WRITES
from lpgen.core.cloudtrail.rules.tables import COMPLETION_TABLES, READER_TABLES, RULE_TABLES


def test_ruled_writes_are_the_sources_of_the_code_for_writing_calls() -> None:
    calls = [call for table in (*RULE_TABLES, *COMPLETION_TABLES) for call in table]
    sources = {source for source, name in calls if not name.startswith(READ_NAMES)}
    sources |= {source for table in READER_TABLES for source in table}
    assert {source.removesuffix(".amazonaws.com") for source in sources} == RULED_WRITES

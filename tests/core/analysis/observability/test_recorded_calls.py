"""The event sources with rules for writing calls, which are listed apart from the rules."""

from __future__ import annotations

from lpgen.core.analysis.observability.recorded_calls import READ_NAMES, RULED_WRITES
from lpgen.core.events.rules.tables import RULE_TABLES


def test_ruled_writes_are_the_sources_of_the_rules_for_writing_calls() -> None:
    sources = {source for table in RULE_TABLES for source, name in table if not name.startswith(READ_NAMES)}
    assert {source.removesuffix(".amazonaws.com") for source in sources} == RULED_WRITES

"""The event sources with write calls that code in `lpgen/core/cloudtrail/rules/` reads: `ruled_writes.json`.

A review without trail settings needs them, but doesn't import that code, because it has many modules.
"""

from __future__ import annotations

from lpgen.core.analysis.observability.recorded_calls import READ_NAMES
from lpgen.core.cloudtrail.rules.tables import COMPLETION_TABLES, READER_TABLES, RULE_TABLES


def ruled_writes() -> list[str]:
    """The event sources, sorted."""
    calls = (call for table in (*RULE_TABLES, *COMPLETION_TABLES) for call in table)
    written = {source for source, name in calls if not name.startswith(READ_NAMES)}
    return sorted(written.union(*READER_TABLES))

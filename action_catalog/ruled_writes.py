"""The event sources of whose writing calls code in `lpgen/core/cloudtrail/rules/` reads something: `ruled_writes.json`.

A review without trail settings asks for them and doesn't import that code, which is many modules.
"""

from __future__ import annotations

from lpgen.core.analysis.observability.recorded_calls import READ_NAMES
from lpgen.core.cloudtrail.rules.tables import COMPLETION_TABLES, READER_TABLES, RULE_TABLES


def ruled_writes() -> list[str]:
    """The event sources, sorted."""
    calls = (call for table in (*RULE_TABLES, *COMPLETION_TABLES) for call in table)
    written = {source for source, name in calls if not name.startswith(READ_NAMES)}
    return sorted(written.union(*READER_TABLES))

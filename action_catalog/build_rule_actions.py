"""Lists the actions that the event map's rules speak of, so that visibility knows which of them leave a record.

python -m action_catalog.build_rule_actions
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from lpgen.core.catalog import Catalog
from lpgen.core.event_rules.declared import DeclaredRule
from lpgen.core.event_rules.tables import RULE_TABLES
from lpgen.edge.catalog_files import bundled_catalog

HERE: Final = Path(__file__).resolve().parent
RULES: Final = HERE.parent / "lpgen" / "core" / "event_rules"
_ACTION: Final = re.compile(r"\b[a-z0-9-]+:[A-Z]\w+")


def rule_actions(catalog: Catalog) -> tuple[str, ...]:
    """Every action of the catalog that a rule's text or declaration names, sorted."""
    named = {catalog.canonical(name) for name in (*_declared(), *_written())}
    return tuple(sorted(name for name in named if name))


def text_of_rule_actions(actions: tuple[str, ...]) -> str:
    """The table's file: one action a line."""
    return '{"actions": [\n' + ",\n".join(json.dumps(name) for name in actions) + "\n]}\n"


def _declared() -> Iterator[str]:
    for table in RULE_TABLES:
        for (source, operation), rule in table.items():
            if isinstance(rule, DeclaredRule):
                yield rule.declaration.action
                yield rule.declaration.tag_action or rule.declaration.action
            yield f"{source.partition('.')[0]}:{operation}"


def _written() -> Iterator[str]:
    for path in sorted(RULES.glob("*.py")):
        yield from _ACTION.findall(path.read_text("utf-8"))


if __name__ == "__main__":
    (HERE / "rule_actions.json").write_text(text_of_rule_actions(rule_actions(bundled_catalog())), "utf-8")
    sys.exit(0)

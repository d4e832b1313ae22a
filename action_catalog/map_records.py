"""Maps records with the first lpgen on Python's path. `compare_maps.py` runs it in two checkouts.

    python action_catalog/map_records.py map|ask|rules < RECORDS

`map` prints the actions of each record as a line of JSON. `ask` prints one line per operation: the paths of the
parameters that the event map reads, and the actions that it returns. `rules` prints the operations with a rule.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from lpgen.core.cloudtrail.event_map import EventMap, mapping_or_failure
from lpgen.core.cloudtrail.records import Record
from lpgen.core.cloudtrail.rules.call import Call
from lpgen.edge.catalog.files import bundled_catalog


def map_records(lines: Iterable[bytes]) -> Iterator[object]:
    """The status, failure and sorted actions of each record, each action with how, context and resources."""
    event_map = EventMap(bundled_catalog())
    decode = msgspec.json.Decoder(Record).decode
    for line in lines:
        mapping, failure = mapping_or_failure(decode(line), event_map)
        actions = [
            (action.action, action.how, action.context, [(item.kind.value, item.text) for item in action.resources])
            for action in mapping.actions
        ]
        yield [mapping.status.value, failure, sorted(actions)]


def ask_records(lines: Iterable[bytes]) -> Iterator[object]:
    """The event source, name, read paths and returned actions of each operation in the records."""
    asked: set[tuple[str, ...]] = set()
    for name in ("texts", "has", "hides"):
        setattr(Call, name, _asking(getattr(Call, name), asked))
    if hasattr(Call, "shown"):  # an older checkout has none
        Call.shown = _asking(Call.shown, asked, "response:")  # type: ignore[method-assign]
    found: dict[tuple[str, str], tuple[set[tuple[str, ...]], set[str]]] = defaultdict(lambda: (set(), set()))
    event_map = EventMap(bundled_catalog())
    for line in lines:
        record = msgspec.json.decode(line, type=Record)
        asked.clear()
        mapping, _ = mapping_or_failure(record, event_map)
        paths, actions = found[record.eventSource, record.eventName]
        paths |= asked
        actions |= {action.action for action in mapping.actions}
    for (source, name), (paths, actions) in found.items():
        yield [source, name, sorted(paths), sorted(actions)]


def _asking(method: Callable[..., Any], asked: set[tuple[str, ...]], mark: str = "") -> Callable[..., Any]:
    def ask(call: Call, *path: str) -> Any:
        asked.add((mark + path[0], *path[1:]))
        return method(call, *path)

    return ask


def operations_with_rules() -> Iterator[object]:
    """The event source and name of each operation with a rule."""
    from lpgen.core.cloudtrail.rules.tables import RULE_TABLES

    yield from sorted(key for table in RULE_TABLES for key in table)


def main(arguments: list[str]) -> int:
    """Answers the records on standard input, one per line."""
    (command,) = arguments
    lines = sys.stdin.buffer
    answer_lines: dict[str, Callable[[Iterable[bytes]], Iterator[object]]] = {
        "map": map_records,
        "ask": ask_records,
        "rules": lambda _: operations_with_rules(),
    }
    for answer in answer_lines[command](lines):
        sys.stdout.write(json.dumps(answer) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

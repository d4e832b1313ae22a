"""Builds the event map's tables from botocore's service models, the catalog and the hand-made rows.

    python -m action_catalog.build_operations [--hints OPERATIONS.jsonl] [--also BOTOCORE_DATA_FOLDER]

Writes `operations/`, `event_sources.json`, `no_permission.json` and `ruled_writes.json`. Run it with the botocore in
`service_models.PINNED`: the report counts its operations. `--hints` is a data set with one operation per line (see
SOURCES.md) that says which parameter names which resource. `--also` adds operations from another botocore's models if
the catalog has their own action. Without these options, the current table contents are kept. Rows in `mapping_rows/`
are made by hand, name their source, and have priority over everything.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from botocore import __version__ as botocore_version

from action_catalog.builder_facts import HERE, SUFFIX, Facts, read_facts
from action_catalog.catalog_actions import has_action
from action_catalog.operation_row import merge_rows, row_of_operation, with_wire_row
from action_catalog.ruled_writes import ruled_writes
from action_catalog.service_models import PINNED, Operation, read_operations
from action_catalog.service_names import MORE_SOURCES, SWITCHES
from action_catalog.type_facts import with_reads, with_type_facts

_FIELDS: Final = (
    "actions",
    "resources",
    "creates",
    "reads",
    "roles",
    "also",
    "how",
    "tagged",
    "tagged_reads",
    "objects",
    "paths",
    "source",
)


def main(arguments: list[str]) -> int:
    """Rebuilds the tables."""
    parser = ArgumentParser(prog="python -m action_catalog.build_operations")
    parser.add_argument("--hints", type=Path)
    parser.add_argument("--also", default="")
    options = parser.parse_args(arguments)
    facts = read_facts(options.hints)
    if botocore_version != PINNED:
        parser.error(f"the tables are built from botocore {PINNED}, and this is {botocore_version}")
    prefixes = frozenset(facts.services)
    operations = list(read_operations(prefixes))
    newer = read_operations(prefixes, options.also) if options.also else ()
    more = [item for item in newer if has_action(facts.services, f"{item.prefix}:{item.name}")]
    write_tables(facts, operations, more)
    return 0


def write_tables(facts: Facts, operations: Sequence[Operation], more: Iterable[Operation]) -> None:
    """Writes all tables. `more` are operations that the report doesn't count."""
    tables: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for operation in operations:
        table = tables[operation.prefix + SUFFIX]
        table[operation.name] = merge_rows(table.get(operation.name), row_of_operation(facts, operation))
    for operation in more:
        tables[operation.prefix + SUFFIX].setdefault(operation.name, row_of_operation(facts, operation))
    for source, name in _retired(facts):
        tables[source].setdefault(name, _without_guesses(facts.before.get(source, {}).get(name, {})))
    wire = {(item.prefix + SUFFIX, item.name): item.wire for item in operations}
    for source, rows in facts.rows.items():
        for name, row in rows.items():
            tables[source][name] = {**tables[source].get(name, {}), **with_wire_row(row, wire.get((source, name), {}))}
    for source, rows in tables.items():
        for name, row in rows.items():
            names = row.get("actions") or [f"{source.removesuffix(SUFFIX)}:{name}"]
            types = facts.types.get(source, {})
            read = with_reads(facts.services, types, row, names)
            rows[name] = with_type_facts(facts.services, types, read, names)
    _write_operations(tables)
    _write_json("event_sources.json", _event_sources(facts, operations))
    _write_json("no_permission.json", _no_permission(facts, operations))
    (HERE / "ruled_writes.json").write_text(json.dumps(ruled_writes(), indent=0) + "\n")


def _retired(facts: Facts) -> Iterator[tuple[str, str]]:
    """Operations of older service models, by event source, if the catalog still has their own action."""
    before = ((source.removesuffix(SUFFIX), name) for source, rows in facts.before.items() for name in rows)
    for prefix, name in sorted({*facts.older, *before}):
        if has_action(facts.services, f"{prefix}:{name}"):
            yield prefix + SUFFIX, name


def _without_guesses(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of an earlier table without bindings that fill an id and a name with the same parameter."""
    kept = {
        kind: binding
        for kind, binding in row.get("resources", {}).items()
        if not isinstance(binding, dict) or len(set(binding.values())) == len(binding)
    }
    return {
        **{field: value for field, value in row.items() if field != "resources"},
        **({"resources": kept} if kept else {}),
    }


# ---------------------------------------------------------------- other tables


def _event_sources(facts: Facts, operations: Iterable[Operation]) -> dict[str, Any]:
    rows: dict[str, Any] = {}
    for operation in operations:
        for host in operation.hosts:
            source = host + SUFFIX
            if host not in facts.services and operation.prefix in facts.services:
                rows[source] = {"prefixes": [operation.prefix], "table": operation.prefix + SUFFIX, "source": "model"}
    for source, (prefixes, page) in MORE_SOURCES.items():
        rows[source] = {"prefixes": list(prefixes), "table": prefixes[0] + SUFFIX, "source": page}
    for source, (parameter, table, page) in SWITCHES.items():
        prefix = source.removesuffix(SUFFIX)
        rows[source] = {"prefixes": [prefix], "switch": {parameter: table}, "source": page}
    return dict(sorted(rows.items()))


def _no_permission(facts: Facts, operations: Iterable[Operation]) -> dict[str, Any]:
    rows: dict[str, dict[str, str]] = defaultdict(dict)
    for operation in operations:
        if not operation.signed:
            rows[operation.prefix + SUFFIX][operation.name] = "model: the operation is not signed"
    for source, names in facts.none.items():
        for name, why in names.items():
            if why.startswith("keep"):
                rows[source].pop(name, None)
            else:
                rows[source][name] = why
    return {source: {"operations": dict(sorted(names.items()))} for source, names in sorted(rows.items()) if names}


def _write_operations(tables: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> None:
    folder = HERE / "operations"
    folder.mkdir(exist_ok=True)
    for path in folder.glob("*.json"):
        path.unlink()
    for source, rows in tables.items():
        lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(_in_order(row))}" for name, row in sorted(rows.items()))
        (folder / f"{source}.json").write_text('{"operations": {\n' + lines + "\n}}\n")
    print(f"{sum(map(len, tables.values()))} operations of {len(tables)} event sources")


def _in_order(row: Mapping[str, Any]) -> dict[str, Any]:
    return {field: row[field] for field in _FIELDS if row.get(field)}


def _write_json(name: str, rows: Mapping[str, Any]) -> None:
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in rows.items())
    (HERE / name).write_text("{\n" + lines + "\n}\n")
    counts = Counter(type(value).__name__ for value in rows.values())
    print(f"{name}: {sum(counts.values())} rows")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

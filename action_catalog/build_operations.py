"""Builds the event map's tables from botocore's service models, the catalog and the hand-made rows.

    python -m action_catalog.build_operations [--hints OPERATIONS.jsonl] [--also BOTOCORE_DATA_FOLDER]

Writes `operations/`, `event_sources.json`, `no_permission.json` and `operation_report.json`. Run it under the botocore
that `service_models.PINNED` names: its operations are the ones that the report counts. `--hints` is a data set with an
operation a line (SOURCES.md describes it) that says which parameter names which resource. `--also` adds operations of
another botocore's models whose own action the catalog has. Without either, what the tables hold now is carried over.
Rows in `mapping_rows/` are made by hand, name their source and win over everything.
"""

from __future__ import annotations

import json
import re
import sys
from argparse import ArgumentParser
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from botocore import __version__ as botocore_version

from action_catalog.bind_parameters import Binding, Hints, TypeFormats, bind_made_type, bind_types
from action_catalog.parameter_names import free_placeholders, normalise
from action_catalog.passed_role_parameters import find_role_parameters
from action_catalog.service_models import PINNED, Operation, read_operations
from action_catalog.service_names import MORE_SOURCES, SWITCHES
from lpgen.core.events.tagged_types import types_in_name

HERE: Final = Path(__file__).resolve().parent
_PLACEHOLDER: Final = re.compile(r"\$\{([^}]*)\}")
_PLACE: Final = frozenset({"Partition", "Region", "Account"})
_SIMPLE: Final = re.compile(r"\$\{([\w.\[\]]+)\}")
_SUFFIX: Final = ".amazonaws.com"
_FIELDS: Final = ("actions", "resources", "creates", "roles", "also", "paths", "source")
_TAG_PARAMETERS: Final = frozenset(
    {
        "backupplantags",
        "backupvaulttags",
        "identitypooltags",
        "recoverypointtags",
        "resourcetags",
        "taglist",
        "tags",
        "tagset",
        "tagspecifications",
        "userpooltags",
    }
)
_TAGGING: Final = ("Tag", "AddTags", "CreateTags")
_MAKING: Final = (
    "Accept",
    "Activate",
    "Allocate",
    "Associate",
    "Claim",
    "Connect",
    "Copy",
    "Create",
    "Enable",
    "Import",
    "Instantiate",
    "Invoke",
    "Provision",
    "Purchase",
    "Put",
    "Register",
    "Request",
    "Reserve",
    "Restore",
    "Run",
    "Start",
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the builder knows: the catalog's services, hints, what the tables held, and hand-made rows.

    `older` are operations of retired service models by IAM prefix; `none` are calls that need no permission, with why;
    `own` are, by IAM prefix, the parameters that fill a placeholder under a name of the service's own;
    `tagging` is, by IAM prefix, the action that a call needs beside its own when it makes a resource with tags.
    """

    services: Mapping[str, Mapping[str, Any]]
    hints: Mapping[tuple[str, str], Hints]
    older: frozenset[tuple[str, str]]
    before: Mapping[str, Mapping[str, Mapping[str, Any]]]
    rows: Mapping[str, Mapping[str, Mapping[str, Any]]]
    none: Mapping[str, Mapping[str, str]]
    own: Mapping[str, Mapping[str, Any]]
    tagging: Mapping[str, Mapping[str, Any]]


def main(arguments: list[str]) -> int:
    """Rebuild the tables."""
    parser = ArgumentParser(prog="python -m action_catalog.build_operations")
    parser.add_argument("--hints", type=Path)
    parser.add_argument("--also", default="")
    options = parser.parse_args(arguments)
    facts = _read_facts(options.hints)
    if botocore_version != PINNED:
        parser.error(f"the tables are built from botocore {PINNED}, and this is {botocore_version}")
    prefixes = frozenset(facts.services)
    operations = list(read_operations(prefixes))
    more = (
        [
            item
            for item in read_operations(prefixes, options.also)
            if _has_action(facts.services, f"{item.prefix}:{item.name}")
        ]
        if options.also
        else []
    )
    write_tables(facts, operations, more)
    return 0


def _read_facts(path: Path | None) -> Facts:
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path else []
    return Facts(
        services={path.stem: json.loads(path.read_bytes()) for path in sorted((HERE / "services").glob("*.json"))},
        hints={(row["sdk"], row["operation"]): _hints_from_row(row) for row in lines},
        older=frozenset(own for row in lines for own in _own_actions(row)),
        before={source: table["operations"] for source, table in _read_folder("operations").items()},
        rows=_read_folder("mapping_rows"),
        none=json.loads((HERE / "unsigned_rows.json").read_text()),
        own=json.loads((HERE / "placeholder_parameters.json").read_text()),
        tagging=json.loads((HERE / "tag_on_create.json").read_text()),
    )


def write_tables(facts: Facts, operations: Sequence[Operation], more: Iterable[Operation]) -> None:
    """Write every table. `more` are operations beside those that the report counts."""
    tables: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for operation in operations:
        table = tables[operation.prefix + _SUFFIX]
        table[operation.name] = _merge(table.get(operation.name), _row(facts, operation))
    for operation in more:
        tables[operation.prefix + _SUFFIX].setdefault(operation.name, _row(facts, operation))
    for source, name in _retired(facts):
        tables[source].setdefault(name, _without_guesses(facts.before.get(source, {}).get(name, {})))
    wire = {(item.prefix + _SUFFIX, item.name): item.wire for item in operations}
    for source, rows in facts.rows.items():
        for name, row in rows.items():
            tables[source][name] = {**tables[source].get(name, {}), **_with_wire_row(row, wire.get((source, name), {}))}
    _write_operations(tables)
    _write_json("event_sources.json", _event_sources(facts, operations))
    _write_json("no_permission.json", _no_permission(facts, operations))


def _retired(facts: Facts) -> Iterator[tuple[str, str]]:
    """Operations of older service models, by event source, whose own action the catalog still has."""
    before = ((source.removesuffix(_SUFFIX), name) for source, rows in facts.before.items() for name in rows)
    for prefix, name in sorted({*facts.older, *before}):
        if _has_action(facts.services, f"{prefix}:{name}"):
            yield prefix + _SUFFIX, name


def _without_guesses(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of an earlier table without what fills an id and a name with one parameter."""
    kept = {
        kind: binding
        for kind, binding in row.get("resources", {}).items()
        if not isinstance(binding, dict) or len(set(binding.values())) == len(binding)
    }
    return {
        **{field: value for field, value in row.items() if field != "resources"},
        **({"resources": kept} if kept else {}),
    }


def _has_action(services: Mapping[str, Mapping[str, Any]], action: str) -> bool:
    prefix, _, name = action.partition(":")
    return any(item["name"].lower() == name.lower() for item in services.get(prefix, {}).get("actions", ()))


def _row(facts: Facts, operation: Operation) -> dict[str, Any]:
    if operation.prefix == "apigateway" and not _types(facts.services, f"apigateway:{operation.name}"):
        return _verb_row(operation)
    hand = facts.rows.get(operation.prefix + _SUFFIX, {}).get(operation.name, {})
    names = hand.get("actions") or [f"{operation.prefix}:{operation.name}"]
    types: dict[str, TypeFormats] = {}
    for name in names:
        types.update(_types(facts.services, name))
    before = facts.before.get(operation.prefix + _SUFFIX, {}).get(operation.name)
    also = _tagging(facts, operation, names)
    if before is not None and not facts.hints:
        bindings, creates = before.get("resources", {}), before.get("creates", ())
    else:
        hints = _hints(facts, operation)
        bindings, creates = bind_types(operation, types, hints)
        for action in also:
            for kind, use in _tagged_types(facts.services, action, operation, types).items():
                made, new = bind_made_type(operation, kind, use, hints)
                bindings, creates = bindings | ({kind: made} if made else {}), (*creates, *new)
    row: dict[str, Any] = {}
    if bindings:
        row["resources"] = {kind: _with_wire_names(binding, operation.wire) for kind, binding in bindings.items()}
    if creates:
        row["creates"] = list(creates)
    roles = find_role_parameters(operation, _depends_on_pass_role(facts.services, names))
    if roles:
        row["roles"] = roles
    if also:
        row["also"] = also
    return row


def _with_wire_row(row: Mapping[str, Any], wire: Mapping[str, str]) -> dict[str, Any]:
    resources = {kind: _with_wire_names(binding, wire) for kind, binding in row.get("resources", {}).items()}
    return {**row, "resources": resources} if resources else dict(row)


def _with_wire_names(binding: Binding, wire: Mapping[str, str]) -> Binding:
    """The binding, and after it the same by the names that path and query parameters have on the wire.

    Pinpoint logs `application-id` where the model has `ApplicationId`:
    https://docs.aws.amazon.com/pinpoint/latest/developerguide/logging-using-cloudtrail.html
    """
    items = binding if isinstance(binding, list) else [binding]
    again = [
        {name: _wired(path, wire) for name, path in item.items()} if isinstance(item, dict) else _wired(item, wire)
        for item in items
    ]
    return binding if again == items else _both(binding, again)


def _wired(path: str, wire: Mapping[str, str]) -> str:
    mark = next((mark for mark in ("arn:", "*") if path.startswith(mark)), "")
    return mark + wire.get(path.removeprefix(mark), path.removeprefix(mark))


def _hints(facts: Facts, operation: Operation) -> Hints:
    """What is known of the operation's parameters beside their names."""
    own = facts.own.get(operation.prefix, {}).get("parameters", {})
    formats = (text for item in facts.services.get(operation.prefix, {}).get("resources", ()) for text in item["arns"])
    names = {normalise(name) for text in formats for name in free_placeholders(text)}
    ids = frozenset(name for name in names if name.endswith("id"))
    return replace(facts.hints.get((operation.service, operation.name), Hints()), own=own, ids=ids)


def _tagging(facts: Facts, operation: Operation, names: Iterable[str]) -> dict[str, str]:
    """The tagging actions that a call needs if it sets tags, each with the parameter that sets them.

    They are the dependents that the reference lists or, where `tag_on_create.json` has the service, its tagging action.
    """
    parameter = _tag_parameter(facts, operation, names)
    if parameter is None or not operation.name.startswith(_MAKING):
        return {}
    dependents = (name for action in names for name in _dependents(facts.services, action))
    found = {
        name: parameter
        for name in dependents
        if name.partition(":")[0] == operation.prefix and name.partition(":")[2].startswith(_TAGGING)
    }
    service = facts.tagging.get(operation.prefix, {})
    if service and not found and operation.name not in service.get("except", ()):
        found[f"{operation.prefix}:{service['action']}"] = parameter
    return found


def _tag_parameter(facts: Facts, operation: Operation, names: Iterable[str]) -> str | None:
    """The parameter that sets tags: of the top level, else one that lies in another (`EmailTemplateRequest.tags`) where
    the reference says that an action of the call looks at tags in the request."""
    found = [name for name in operation.members if name.rpartition(".")[2].lower() in _TAG_PARAMETERS]
    top = next((name for name in found if "." not in name), None)
    return top or (found[0] if found and any(_reads_request_tags(facts.services, name) for name in names) else None)


def _reads_request_tags(services: Mapping[str, Mapping[str, Any]], action: str) -> bool:
    prefix, _, name = action.partition(":")
    actions = services.get(prefix, {}).get("actions", ())
    own = (item for item in actions if item["name"].lower() == name.lower())
    return any(key.startswith("aws:RequestTag/") for item in own for key in item["conditions"])


def _dependents(services: Mapping[str, Mapping[str, Any]], action: str) -> list[str]:
    prefix, _, name = action.partition(":")
    actions = services.get(prefix, {}).get("actions", ())
    found = next((item for item in actions if item["name"].lower() == name.lower()), None)
    return list(found["dependents"] or ()) if found else []


def _verb_row(operation: Operation) -> dict[str, Any]:
    """API Gateway authorizes the HTTP verb on the path, which for HTTP APIs has no `/v2` in IAM.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-create-and-manage-api.html
    """
    path = operation.uri.removeprefix("/v2")
    return {"actions": [f"apigateway:{operation.method}"], "paths": [path], "source": "model: verb and path"}


def _types(
    services: Mapping[str, Mapping[str, Any]], action: str, *, all_types: bool = False
) -> dict[str, TypeFormats]:
    """The resource types of an action with their ARN formats; empty for an action that the catalog lacks.

    Optional types without a name in their ARN are left out, unless `all_types`.
    """
    prefix, _, name = action.partition(":")
    service = services.get(prefix)
    if service is None:
        return {}
    formats = {item["type"]: item["arns"] for item in service["resources"]}
    found = next((item for item in service["actions"] if item["name"].lower() == name.lower()), None)
    uses = found["resources"] if found else ()
    return {
        use["type"]: TypeFormats(formats.get(use["type"], []), bool(use["required"]))
        for use in uses
        if all_types or use["required"] or _is_named(formats, use)
    }


def _tagged_types(
    services: Mapping[str, Mapping[str, Any]], action: str, operation: Operation, known: Mapping[str, TypeFormats]
) -> dict[str, TypeFormats]:
    """The types that a call tags as it makes them, where its own action doesn't take them."""
    types = _types(services, action, all_types=True)
    return {kind: types[kind] for kind in types_in_name(operation.name, tuple(types)) if kind not in known}


def _is_named(formats: Mapping[str, list[str]], use: Mapping[str, Any]) -> bool:
    """Whether a type's ARN has a name in it; one without is the same whatever the call says."""
    return any(name not in _PLACE for text in formats.get(use["type"], ()) for name in _PLACEHOLDER.findall(text))


def _depends_on_pass_role(services: Mapping[str, Mapping[str, Any]], names: Iterable[str]) -> bool:
    return any("iam:PassRole" in _dependents(services, action) for action in names)


def _merge(old: dict[str, Any] | None, new: dict[str, Any]) -> dict[str, Any]:
    """Two services that share an event source and an operation name: their bindings side by side."""
    if not old:
        return new
    merged: dict[str, Any] = {**old, **new}
    if "resources" in old and "resources" in new:
        merged["resources"] = {
            kind: _both(old["resources"].get(kind), new["resources"].get(kind))
            for kind in (*old["resources"], *(kind for kind in new["resources"] if kind not in old["resources"]))
        }
    if "also" in old or "also" in new:
        merged["also"] = {**old.get("also", {}), **new.get("also", {})}
    for field in ("creates", "roles", "paths"):
        if field in old or field in new:
            merged[field] = list(dict.fromkeys((*old.get(field, ()), *new.get(field, ()))))
    return merged


def _both(first: Binding | None, second: Binding | None) -> Binding:
    items: list[str | dict[str, str]] = []
    for binding in (first, second):
        for item in binding if isinstance(binding, list) else [] if binding is None else [binding]:
            if item not in items:
                items.append(item)
    return items[0] if len(items) == 1 else items


# ---------------------------------------------------------------- hints


def _hints_from_row(row: Mapping[str, Any]) -> Hints:
    """The parameters that a row of the data set names for the operation's main action."""
    placeholders: dict[str, str] = {}
    types: dict[str, str] = {}
    for action in row["actions"]:
        if action["action"].partition(":")[2].lower() != row["operation"].lower() and len(row["actions"]) > 1:
            continue
        for name, value in (action.get("resource_mappings") or {}).items():
            _take(placeholders, name, value["template"])
        for kind, template in (action.get("resourcearn_mappings") or {}).items():
            _take(types, kind, template)
    return Hints(placeholders, types)


def _own_actions(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for action in row["actions"]:
        prefix, _, name = action["action"].partition(":")
        if name.lower() == row["operation"].lower():
            yield prefix, row["operation"]


def _take(hints: dict[str, str], name: str, template: str) -> None:
    match = _SIMPLE.fullmatch(template)
    if match:
        hints[name] = match[1].replace("[]", "")


# ---------------------------------------------------------------- other tables


def _event_sources(facts: Facts, operations: Iterable[Operation]) -> dict[str, Any]:
    rows: dict[str, Any] = {}
    for operation in operations:
        for host in operation.hosts:
            source = host + _SUFFIX
            if host not in facts.services and operation.prefix in facts.services:
                rows[source] = {"prefixes": [operation.prefix], "table": operation.prefix + _SUFFIX, "source": "model"}
    for source, (prefixes, page) in MORE_SOURCES.items():
        rows[source] = {"prefixes": list(prefixes), "table": prefixes[0] + _SUFFIX, "source": page}
    for source, (parameter, table, page) in SWITCHES.items():
        prefix = source.removesuffix(_SUFFIX)
        rows[source] = {"prefixes": [prefix], "switch": {parameter: table}, "source": page}
    return dict(sorted(rows.items()))


def _no_permission(facts: Facts, operations: Iterable[Operation]) -> dict[str, Any]:
    rows: dict[str, dict[str, str]] = defaultdict(dict)
    for operation in operations:
        if not operation.signed:
            rows[operation.prefix + _SUFFIX][operation.name] = "model: the operation is not signed"
    for source, names in facts.none.items():
        for name, why in names.items():
            if why.startswith("keep"):
                rows[source].pop(name, None)
            else:
                rows[source][name] = why
    return {source: {"operations": dict(sorted(names.items()))} for source, names in sorted(rows.items()) if names}


def _read_folder(name: str) -> dict[str, dict[str, Any]]:
    return {path.stem: json.loads(path.read_text()) for path in sorted((HERE / name).glob("*.json"))}


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
    return {field: row[field] for field in _FIELDS if field in row}


def _write_json(name: str, rows: Mapping[str, Any]) -> None:
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in rows.items())
    (HERE / name).write_text("{\n" + lines + "\n}\n")
    counts = Counter(type(value).__name__ for value in rows.values())
    print(f"{name}: {sum(counts.values())} rows")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

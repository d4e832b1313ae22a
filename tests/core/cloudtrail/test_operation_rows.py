"""The bundled operation tables: every row can be read and speaks of things that the catalog has."""

from __future__ import annotations

import json
import re

import pytest

from lpgen.core.cloudtrail.operation_rows import EventSources, Operations, read_operation_table
from lpgen.core.cloudtrail.resource_arns import binders_from_binding
from lpgen.edge.catalog.files import bundled_catalog, bundled_folder
from lpgen.errors import CatalogError
from tests.support.case_tables import each_case

CATALOG = bundled_catalog()
SOURCES = sorted(path.stem for path in (bundled_folder() / "operations").glob("*.json"))


def formats_of_type(prefix: str, kind: str) -> tuple[str, ...]:
    return (*CATALOG.arn_formats(prefix, kind), *CATALOG.further_formats(prefix).types.get(kind, ()))


@each_case("source", SOURCES)
def test_operation_tables_speak_of_catalog_actions_and_types_and_bind_every_parameter(source: str) -> None:
    prefix = source.removesuffix(".amazonaws.com")
    for name, row in read_operation_table(CATALOG.source, source).operations.items():
        stated = (*row.actions, *row.also)
        assert [action for action in stated if CATALOG.canonical(action) is None] == [], name
        assert row.source or not stated or all(":" in action for action in row.also), name
        needed = [CATALOG.canonical(action) for action in (*(row.actions or (f"{prefix}:{name}",)), *row.also)]
        formats = {
            use.type: formats_of_type(action.partition(":")[0], use.type)
            for action in needed
            if action
            for use in CATALOG.detail(action).resources
        }
        own = row.tagged if isinstance(row.tagged, dict) else {}
        for kind, binding in (*row.resources.items(), *own.items()):
            assert kind in formats, (name, kind)
            assert kind in row.creates or binders_from_binding(binding, formats[kind]), (name, kind)
        assert set(row.creates) <= set(formats), name


def test_rows_made_by_hand_name_an_aws_page_the_service_model_or_a_published_denial() -> None:
    rows = [
        row
        for path in sorted((bundled_folder() / "mapping_rows").glob("*.json"))
        for row in json.loads(path.read_text("utf-8")).values()
    ]
    assert rows
    of_denials = re.compile(r"https://github\.com/[\w-]+/[\w-]+/issues/\d+")
    assert all(
        row["source"].startswith(("https://docs.aws.amazon.com/", "the operation's documentation"))
        or of_denials.fullmatch(row["source"])
        for row in rows
    )


def test_no_permission_rows_say_why_and_their_sources_resolve() -> None:
    table = json.loads((bundled_folder() / "no_permission.json").read_text("utf-8"))
    sources = EventSources.from_catalog(CATALOG.source)
    assert all(why for row in table.values() for why in row["operations"].values())
    assert all(sources.resolve(source).table == source for source in table)


def test_operations_are_found_in_any_case_and_absent_tables_are_empty() -> None:
    operations = Operations(CATALOG.source)
    found = operations.find("batch.amazonaws.com", "REGISTERJOBDEFINITION")
    assert found is not None
    assert found[0] == "RegisterJobDefinition"
    assert operations.find("nobody.amazonaws.com", "Anything") is None


def test_operation_rows_refuse_an_unknown_field() -> None:
    class Source:
        def service_prefixes(self) -> tuple[str, ...]:
            return ()

        def read_service(self, prefix: str) -> bytes:
            raise KeyError(prefix)

        def read_table(self, name: str) -> bytes:
            return b'{"operations": {"' + name.encode() + b'": {"actoins": []}}}'

        def has_table(self, name: str) -> bool:
            return bool(name)

    with pytest.raises(CatalogError):
        read_operation_table(Source(), "x")

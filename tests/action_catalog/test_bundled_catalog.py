"""The bundled catalog as files: what a person reviews is what the program reads, and a refresh changes nothing else."""

from __future__ import annotations

import json
from pathlib import Path

from action_catalog import refresh
from lpgen.core.catalog.service import json_from_service, manifest_from_json, service_from_json, sorted_service
from lpgen.edge.catalog.files import bundled_folder

FOLDER = bundled_folder()
SERVICES = sorted((FOLDER / "services").glob("*.json"))


def test_manifest_counts_what_is_there() -> None:
    manifest = manifest_from_json((FOLDER / "manifest.json").read_bytes())
    rows = [json.loads(path.read_bytes()) for path in SERVICES]
    counts = manifest.counts
    assert (counts.services, counts.actions) == (456, 22_091) == (len(rows), sum(len(row["actions"]) for row in rows))
    assert counts.resource_types == sum(len(row["resources"]) for row in rows)
    assert counts.condition_keys == sum(len(row["conditions"]) for row in rows)


def test_every_source_of_the_manifest_is_described() -> None:
    described = (FOLDER / "SOURCES.md").read_text()
    for source in manifest_from_json((FOLDER / "manifest.json").read_bytes()).sources:
        assert source.version in described, source.name


def test_each_action_stands_on_a_line_of_its_own_in_order() -> None:
    for path in SERVICES:
        text = path.read_bytes()
        service = service_from_json(text, prefix=path.stem)
        assert text == json_from_service(sorted_service(service)), path
        lines = text.decode().splitlines()
        names = [
            json.loads(line.rstrip(",}").rstrip("]") + "}")["name"] for line in lines if line.startswith('{"name"')
        ]
        assert names == [action.name for action in service.actions], path


def test_actions_differ_in_more_than_case_and_name_types_that_exist() -> None:
    for path in SERVICES:
        service = service_from_json(path.read_bytes(), prefix=path.stem)
        names = [action.name.lower() for action in service.actions]
        assert len(set(names)) == len(names)
        types = {row.type for row in service.resources}
        assert {use.type for action in service.actions for use in action.resources} <= types


def test_dependent_actions_exist() -> None:
    services = [service_from_json(path.read_bytes(), prefix=path.stem) for path in SERVICES]
    known = {f"{service.service}:{action.name}" for service in services for action in service.actions}
    for service in services:
        for action in service.actions:
            assert set(action.dependents or ()) <= known, action.name


def test_refresh_rebuilds_the_folder_from_json_lines(tmp_path: Path) -> None:
    lines = [
        {
            "service": "zoo",
            "name": "Amazon Zoo",
            "actions": [
                {
                    "name": name,
                    "levels": ["Write"],
                    "resources": [{"type": "lion", "required": True}],
                    "conditions": [],
                    "dependents": [],
                    "first_seen": "2021-01-01",
                }
                for name in ("Feed", "Brush")
            ],
            "resources": [{"type": "lion", "arn": "arn:x:zoo:::lion/1, arn:x:zoo:::cat/1", "conditions": []}],
            "conditions": [],
        }
    ]
    source = tmp_path / "catalog.jsonl"
    source.write_text("\n".join(json.dumps(line) for line in lines))
    services = refresh.read_services(source)
    manifest = refresh.manifest_of(services)
    folder = tmp_path / "catalog"
    (folder / "services").mkdir(parents=True)
    (folder / "services" / "gone.json").write_text("{}")
    (folder / "table.json").write_text("[]")
    refresh.write_catalog(folder, manifest, services)
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*.json")) == [
        "manifest.json",
        "services/zoo.json",
        "table.json",
    ]
    written = service_from_json((folder / "services" / "zoo.json").read_bytes(), prefix="zoo")
    assert [action.name for action in written.actions] == ["Brush", "Feed"]
    assert written.resources[0].arns == ("arn:x:zoo:::lion/1", "arn:x:zoo:::cat/1")
    assert manifest_from_json((folder / "manifest.json").read_bytes()) == manifest

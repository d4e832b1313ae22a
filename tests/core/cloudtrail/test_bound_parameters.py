"""What the generated tables may fill an ARN with: never an id with a name, never two parts with one parameter."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from lpgen.core.cloudtrail.operation_rows import Binding
from lpgen.core.cloudtrail.resource_arns import binders_from_binding
from lpgen.edge.catalog.files import bundled_catalog, bundled_folder

CATALOG = bundled_catalog()
TABLES = sorted((bundled_folder() / "operations").glob("*.json"))
_FREE = re.compile(r"\$\{([^}]*)\}")
_PLACE = {"partition", "region", "account", "accountid"}
_ID = re.compile(r"(?:Id|ID|Identifier|UUID)$")
_NAME = re.compile(r"[nN]ames?$")
# Types whose ARN ends in the name that the caller chose, though the reference calls it an id.
NAMED_BY_CALLER = {
    ("databrew", None),
    ("forecast", "dataset"),
    ("forecast", "datasetGroup"),
    ("mediatailor", "playbackConfiguration"),
    ("personalize", None),
    ("proton", "component"),
    ("rekognition", "streamprocessor"),
    ("route53-recovery-readiness", None),
}


def parts_of(binding: Binding, formats: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """Each alternative of a binding as placeholders with paths; one that reads whole ARNs only has none."""
    single = [names for text in formats if len(names := free_of(text)) == 1]
    for item in binding if isinstance(binding, list) else [binding]:
        if isinstance(item, dict):
            yield item
        elif not item.startswith("arn:") and single:
            yield {single[0][0]: item}


def free_of(arn_format: str) -> list[str]:
    return [name for name in _FREE.findall(arn_format) if name.lower() not in _PLACE]


def bound_parts() -> Iterator[tuple[str, str, str, dict[str, str]]]:
    for path in TABLES:
        prefix = path.stem.removesuffix(".amazonaws.com")
        for operation, row in json.loads(path.read_text("utf-8"))["operations"].items():
            for kind, binding in row.get("resources", {}).items():
                for parts in parts_of(binding, tuple(CATALOG.arn_formats(prefix, kind))):
                    yield prefix, operation, kind, parts


def test_no_assigned_id_is_filled_with_a_chosen_name() -> None:
    false = [
        (prefix, operation, kind, name, path)
        for prefix, operation, kind, parts in bound_parts()
        for name, path in parts.items()
        if _ID.search(name) and _NAME.search(path) and not path.startswith("*")
        if not {(prefix, None), (prefix, kind)} & NAMED_BY_CALLER
    ]
    assert false == []


def test_no_parameter_fills_both_the_id_and_the_name_of_a_resource() -> None:
    false = [
        (prefix, operation, kind, parts)
        for prefix, operation, kind, parts in bound_parts()
        if len(named := [path for path in parts.values() if not path.startswith("*")]) != len(set(named))
    ]
    assert false == []


@pytest.mark.parametrize(
    ("binding", "free"),
    [
        ("arn:thing", ("",)),
        ({"ThingName": "name", "ThingId": "*"}, ("ThingName",)),
        ({"ThingName": "name", "ThingId": "*id"}, ("ThingName",)),
    ],
)
def test_open_parts_are_read_from_no_parameter(binding: Binding, free: tuple[str, ...]) -> None:
    (binder,) = binders_from_binding(
        binding, ("arn:${Partition}:x:${Region}:${Account}:thing/${ThingName}-${ThingId}",)
    )
    assert tuple(name for name, _ in binder.paths) == free

"""Trail settings as people have them: outputs of several commands in one file or many, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lpgen.core.trails import FieldOperator, FieldTest, Selector, Trail
from lpgen.edge.readers.trail_settings import read_trails
from lpgen.errors import TrailSettingsError

ARN = "arn:aws:cloudtrail:us-east-1:111122223333:trail/main"
OTHER = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/other"
TRAIL: dict[str, Any] = {
    "Name": "main",
    "S3BucketName": "logs",
    "IncludeGlobalServiceEvents": True,
    "IsMultiRegionTrail": True,
    "HomeRegion": "us-east-1",
    "TrailARN": ARN,
    "LogFileValidationEnabled": True,
    "HasCustomEventSelectors": True,
    "HasInsightSelectors": False,
    "IsOrganizationTrail": False,
}
SELECTORS: dict[str, Any] = {
    "TrailARN": ARN,
    "EventSelectors": [
        {
            "ReadWriteType": "WriteOnly",
            "IncludeManagementEvents": True,
            "DataResources": [],
            "ExcludeManagementEventSources": ["kms.amazonaws.com"],
        }
    ],
}
EXPECTED = Trail(
    arn=ARN,
    name="main",
    account="111122223333",
    home_region="us-east-1",
    multi_region=True,
    global_events=True,
    organization=False,
    logging=True,
    selectors=(
        Selector(
            "Management",
            (
                FieldTest("eventSource", FieldOperator.NOT_EQUALS, ("kms.amazonaws.com",)),
                FieldTest("readOnly", FieldOperator.EQUALS, ("false",)),
            ),
        ),
    ),
    bucket="logs",
)


def write(folder: Path, *texts: str) -> list[Path]:
    paths = [folder / f"{number}.json" for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text, "utf-8")
    return paths


@pytest.mark.parametrize(
    "texts",
    [
        [json.dumps({"Trail": TRAIL}, indent=4) + "\n" + json.dumps(SELECTORS, indent=4)],
        [json.dumps(SELECTORS) + json.dumps({"Trail": TRAIL})],
        [json.dumps([{"Trail": TRAIL}, SELECTORS])],
        [json.dumps({"trailList": [TRAIL]}), json.dumps(SELECTORS)],
        [json.dumps({"Trail": TRAIL}), json.dumps({"Trail": TRAIL}), json.dumps(SELECTORS)],
    ],
    ids=["one below the other", "on one line", "an array", "describe-trails, two files", "given twice"],
)
def test_read_trails_takes_documents_in_any_mixture(texts: list[str], tmp_path: Path) -> None:
    assert read_trails(write(tmp_path, *texts)) == (EXPECTED,)


def test_read_trails_takes_what_powershell_writes(tmp_path: Path) -> None:
    path = tmp_path / "trails.json"
    path.write_bytes(json.dumps([{"Trail": TRAIL}, SELECTORS]).encode("utf-16"))
    assert read_trails([path]) == (EXPECTED,)


def test_read_trails_reads_a_status_beside_its_only_trail(tmp_path: Path) -> None:
    text = json.dumps([{"Trail": TRAIL}, SELECTORS, {"IsLogging": False, "LatestDeliveryTime": 1.0}])
    (found,) = read_trails(write(tmp_path, text))
    assert not found.logging


def test_read_trails_gives_a_trail_without_own_selectors_the_default_ones(tmp_path: Path) -> None:
    (found,) = read_trails(write(tmp_path, json.dumps({"Trail": {**TRAIL, "HasCustomEventSelectors": False}})))
    assert found.selectors == (Selector("Management", ()),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no settings of a trail"),
        ("{", "is not valid JSON"),
        (json.dumps({"Records": []}), "something other than trail settings"),
        (json.dumps({"Trail": TRAIL}), f"the event selectors of `{ARN}` are missing"),
        (json.dumps(SELECTORS), f"the settings of `{ARN}` are missing"),
        (json.dumps([{"Trail": TRAIL}, {"Trail": {**TRAIL, "IsMultiRegionTrail": False}}]), "contradicts"),
        (json.dumps([{"Trail": {**TRAIL, "TrailARN": "main"}}, {**SELECTORS, "TrailARN": "main"}]), "not a complete"),
        (json.dumps([{"Trail": {**TRAIL, "IsMultiRegionTrail": "yes"}}, SELECTORS]), "Expected bool"),
        (
            json.dumps({"TrailARN": ARN, "EventSelectors": [{"ReadWriteType": "Some"}]}),
            "unknown `ReadWriteType` `Some`",
        ),
        (
            json.dumps({"TrailARN": ARN, "AdvancedEventSelectors": [{"FieldSelectors": [{"Field": "x"}]}]}),
            "tests nothing",
        ),
        (json.dumps({"TrailARN": ARN, "AdvancedEventSelectors": [{"FieldSelectors": [{}]}]}), "names no `Field`"),
        (
            json.dumps([{"Trail": TRAIL}, {"Trail": {**TRAIL, "TrailARN": OTHER}}, SELECTORS, {"IsLogging": False}]),
            "doesn't say for which trail",
        ),
    ],
)
def test_read_trails_refuses_what_it_cannot_stand_on(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(TrailSettingsError) as caught:
        read_trails(write(tmp_path, text))
    assert message in caught.value.message


def test_read_trails_refuses_arrays_however_deep_they_nest(tmp_path: Path) -> None:
    path = tmp_path / "trails.json"
    for depth in range(100, 2_000, 50):  # among them is what can be decoded, and would be too deep to walk by recursion
        path.write_text("[" * depth + "1" + "]" * depth, encoding="utf-8")
        with pytest.raises(TrailSettingsError):
            read_trails([path])


def test_read_trails_names_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TrailSettingsError, match="gone"):
        read_trails([tmp_path / "gone.json"])

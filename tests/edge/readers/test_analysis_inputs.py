"""Which files an analysis reads: those that were named, completed by a snapshot."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lpgen.app.inputs import AnalysisFiles, choose_inputs
from lpgen.edge.data_folder.snapshot_folder import SnapshotWriter
from lpgen.errors import InvocationError, SnapshotError

NOW = datetime(2026, 9, 30, 12, tzinfo=UTC)
ALL = (
    "policies/1.json", "trails/1.json", "last-accessed/1.json", "scps.json", "rcps.json", "resource-policies/1.json",
    "schedules/1.json", "functions/1.json",
)  # fmt: skip
FIRST, SECOND = "2026-09-30T12-00-00Z", "2026-10-01T12-00-00Z"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for day in range(2):
        with SnapshotWriter(tmp_path, NOW + timedelta(days=day)) as writer:
            for path in ALL:
                writer.write_json(path, {})
            writer.finish((), (), about={})
    return tmp_path


def test_the_newest_snapshot_stands_for_all_that_is_not_named(data: Path) -> None:
    inputs = choose_inputs(AnalysisFiles(), data)
    newest = data / "snapshots" / SECOND
    assert inputs.policies == (newest / "policies" / "1.json",)
    assert inputs.trails == (newest / "trails" / "1.json",)
    assert inputs.last_accessed == newest / "last-accessed"
    assert (inputs.scps, inputs.rcps) == (newest / "scps.json", newest / "rcps.json")
    assert inputs.resource_policies == newest / "resource-policies"
    assert inputs.snapshot is not None
    assert inputs.snapshot.name == SECOND
    assert inputs.schedules == (newest / "schedules" / "1.json",)
    assert inputs.functions == (newest / "functions" / "1.json",)
    assert inputs.snapshot.used == (
        "policies",
        "trails",
        "last accessed",
        "scps",
        "resource policies",
        "schedules",
        "functions",
    )


def test_another_snapshot_is_chosen_by_its_name_or_day(data: Path) -> None:
    for wanted in (FIRST, "2026-09-30"):
        inputs = choose_inputs(AnalysisFiles(), data, wanted)
        assert inputs.snapshot is not None
        assert inputs.snapshot.name == FIRST
    with pytest.raises(InvocationError, match="has no snapshot `2020`"):
        choose_inputs(AnalysisFiles(), data, "2020")


def test_what_is_named_outweighs_the_snapshot(data: Path) -> None:
    named = Path("named")
    inputs = choose_inputs(AnalysisFiles(scps=named, trails=(named,)), data)
    assert (inputs.scps, inputs.trails) == (named, (named,))
    assert inputs.snapshot is not None
    assert inputs.snapshot.used == ("policies", "last accessed", "resource policies", "schedules", "functions")


def test_named_policies_leave_out_the_reports_of_other_principals(data: Path) -> None:
    inputs = choose_inputs(AnalysisFiles(policies=(Path("named"),)), data)
    assert inputs.policies == (Path("named"),)
    assert inputs.last_accessed is None
    assert inputs.scps is not None
    everything = AnalysisFiles((Path("a"),), (Path("b"),), Path("c"), Path("d"), Path("e"))
    with SnapshotWriter(data / "other", NOW) as writer:
        writer.write_json("policies/1.json", {})
        writer.finish((), (), about={})
    assert choose_inputs(everything, data / "other") == everything


def test_schedules_come_from_the_snapshot_whatever_is_named(data: Path) -> None:
    """They name roles by ARN, and no option gives others."""
    everything = AnalysisFiles((Path("a"),), (Path("b"),), Path("c"), Path("d"), Path("e"))
    inputs = choose_inputs(everything, data)
    assert inputs.schedules == (data / "snapshots" / SECOND / "schedules" / "1.json",)
    assert (inputs.policies, inputs.trails, inputs.scps) == (everything.policies, everything.trails, everything.scps)
    assert inputs.snapshot is not None
    assert inputs.snapshot.used == ("schedules", "functions")


def test_no_snapshot_is_used_on_request(data: Path) -> None:
    named = AnalysisFiles(policies=(Path("named"),))
    assert choose_inputs(named, data, "none") == named
    with pytest.raises(InvocationError, match="no snapshot is used"):
        choose_inputs(AnalysisFiles(), data, "none")


def test_without_policies_and_snapshot_the_error_says_both_ways(tmp_path: Path) -> None:
    with pytest.raises(InvocationError, match="has no snapshot, and no file is named") as caught:
        choose_inputs(AnalysisFiles(), tmp_path)
    assert "lpgen snapshot" in caught.value.hint
    assert "--policies" in caught.value.hint
    with pytest.raises(InvocationError, match="no data folder is named") as caught:
        choose_inputs(AnalysisFiles(), None)
    assert "--data" in caught.value.hint
    with pytest.raises(InvocationError, match="there is no folder"):
        choose_inputs(AnalysisFiles(), tmp_path / "misspelled")
    with pytest.raises(InvocationError, match="needs a data folder"):
        choose_inputs(AnalysisFiles(policies=(Path("named"),)), None, FIRST)


def test_a_damaged_snapshot_is_an_error_not_a_reason_to_take_an_older_one(data: Path) -> None:
    (data / "snapshots" / SECOND / "scps.json").unlink()
    with pytest.raises(SnapshotError, match="has lost a file"):
        choose_inputs(AnalysisFiles(), data)

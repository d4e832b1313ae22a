"""What runs with a role, in a snapshot."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from lpgen.core.compute import Compute, pods_by_role
from lpgen.core.snapshots import Gap, Subject
from lpgen.edge.catalog.files import bundled_catalog
from lpgen.edge.readers.compute_files import read_compute
from lpgen.edge.readers.snapshot_files import read_snapshot_list
from lpgen.edge.snapshot.account import SnapshotScope
from lpgen.errors import SnapshotError
from tests.support.aws_compute import POD
from tests.support.aws_organization import MANAGEMENT, ROLE
from tests.support.aws_proxy import Answer, AwsProxy, Failure
from tests.support.aws_schedules import ALSO, DOES, STARTS
from tests.support.snapshot_runs import lpgen, opened, refuse, take

pytestmark = pytest.mark.usefixtures("proxy")

WANTED = SnapshotScope(last_accessed=False, compute=True, regions=("us-east-1",))
TARGET = "arn:aws:iam::999999999999:role/target"


def compute_of(data: Path) -> set[Compute]:
    return set(read_compute(opened(data).compute))


def test_resources_come_with_the_roles_that_they_run_with(tmp_path: Path) -> None:
    assert take(tmp_path, WANTED).gaps == ()
    found: dict[str, set[str]] = {}
    for compute in compute_of(tmp_path):
        assert compute.arn.startswith("arn:aws:")
        name = re.sub(r"[0-9a-f]{8}[-0-9a-f]{28}|\b(i|j)-\w+", "ID", ":".join(compute.arn.split(":")[2:]))
        found.setdefault(name.replace(f":us-east-1:{MANAGEMENT}", ""), set()).add(compute.role)
    assert found == {
        "apprunner:service/first/1": {DOES},
        "apprunner:service/second/1": {DOES},
        "autoscaling:launchConfiguration:ID:launchConfigurationName/old": {STARTS},
        "batch:job-definition/crunch:1": {DOES},
        "bedrock-agentcore:agent/ID:1": {DOES},
        "bedrock-agentcore:code-interpreter-custom/code-1": {DOES},
        "cloudformation:stack/stack/ID": {DOES},
        "codebuild:project/build": {DOES},
        "codepipeline:release": {DOES},
        "ec2:instance/ID": {STARTS},
        "ec2:launch-template/lt-1": {STARTS},
        "ecs:task-definition/nightly:1": {DOES, ALSO},
        "ecs:task/main/again": {DOES},
        "ecs:task/main/other": {STARTS},
        "ecs:task/main/plain": {DOES},
        "eks:podidentityassociation/main/a-elsewhere": {DOES, TARGET},
        "eks:podidentityassociation/main/a-tagged": {DOES},
        "eks:podidentityassociation/main/a-untagged": {DOES},
        "elasticmapreduce:cluster/ID": {STARTS},
        "glue:devEndpoint/try": {DOES},
        "glue:job/etl": {ALSO},  # named without its path
        "sagemaker:notebook-instance/notes": {DOES},
        "scheduler:schedule/default/ended": {STARTS},
        "scheduler:schedule/default/over": {STARTS},
        "scheduler:schedule/default/unclear": {STARTS},
        "scheduler:schedule/default/weekly": {STARTS},
        "states:stateMachine:steps": {DOES},
    }
    assert read_snapshot_list(opened(tmp_path).login_profiles, str) == (f"arn:aws:iam::{MANAGEMENT}:user/ann",)


def test_functions_run_with_their_roles(tmp_path: Path, proxy: AwsProxy) -> None:
    arn = f"arn:aws:lambda:us-east-1:{MANAGEMENT}:function:worker"

    listing = {"Functions": [{"FunctionName": "worker", "FunctionArn": arn, "Role": DOES}]}
    proxy.reply = refuse("ListFunctions", reply=Answer(200, json.dumps(listing)))
    take(tmp_path, WANTED)
    assert Compute(arn, DOES) in compute_of(tmp_path)


def test_associations_have_the_session_tags_of_their_pods_unless_switched_off(tmp_path: Path) -> None:
    take(tmp_path, WANTED)
    tags = {
        compute.arn.rpartition("/")[2]: dict(compute.tags) for compute in compute_of(tmp_path) if ":eks:" in compute.arn
    }
    assert tags == {"a-tagged": POD, "a-elsewhere": POD, "a-untagged": {}}
    assert all(not compute.tags for compute in compute_of(tmp_path) if ":eks:" not in compute.arn)


def test_associations_of_an_account_with_a_gap_are_unknown(tmp_path: Path) -> None:
    gaps = take(tmp_path, WANTED).gaps
    found = compute_of(tmp_path)
    assert pods_by_role(found, gaps).keys() == {DOES, TARGET}
    assert sorted(map(len, pods_by_role(found, gaps)[DOES])) == [0, 4, 4]
    assert pods_by_role(found, [Gap(MANAGEMENT, Subject.COMPUTE, "eks in us-east-1", "why")]) == {}


def test_service_that_a_region_does_not_offer_is_no_gap(tmp_path: Path, proxy: AwsProxy) -> None:
    """App Runner isn't in Zürich, nor AgentCore."""
    assert take(tmp_path, replace(WANTED, regions=("eu-central-2",))).gaps == ()
    assert not {"apprunner", "bedrock-agentcore"} & {call.service for call in proxy.calls}
    assert "codebuild" in {call.service for call in proxy.calls}


def test_region_that_boto3_does_not_know_is_a_gap(tmp_path: Path) -> None:
    (gap,) = take(tmp_path, replace(WANTED, regions=("xx-nowhere-1",))).gaps
    assert (gap.subject, "knows no endpoint" in gap.reason) == (Subject.COMPUTE, True)


def test_refused_service_is_a_gap_and_all_others_are_kept(tmp_path: Path, proxy: AwsProxy) -> None:
    proxy.reply = refuse("DescribeInstances", "ListClusters")
    gaps = take(tmp_path, WANTED).gaps
    assert [(gap.account, gap.subject, gap.place) for gap in gaps] == [
        (MANAGEMENT, Subject.COMPUTE, "ec2 in us-east-1, ecs in us-east-1, eks in us-east-1 and 1 more")
    ]
    kept = {compute.arn.split(":")[2] for compute in compute_of(tmp_path)}
    assert {"ec2", "glue", "states"} <= kept  # a launch template still is
    assert not {"ecs", "eks", "elasticmapreduce"} & kept


def test_answer_without_the_arn_is_a_gap(tmp_path: Path, proxy: AwsProxy) -> None:
    unnamed = Answer(200, json.dumps({"taskDefinition": {"taskRoleArn": DOES}}))
    proxy.reply = refuse("DescribeTaskDefinition", reply=unnamed)
    (gap,) = take(tmp_path, WANTED).gaps
    assert (gap.place, gap.reason) == ("ecs in us-east-1", "an answer lacks 'taskDefinitionArn'")


def test_resource_that_is_gone_meanwhile_is_no_gap(tmp_path: Path, proxy: AwsProxy) -> None:
    proxy.reply = refuse("GetPipeline", reply=Failure("PipelineNotFoundException"))
    assert take(tmp_path, WANTED).gaps == ()
    assert not [compute for compute in compute_of(tmp_path) if ":codepipeline:" in compute.arn]


def test_each_account_has_a_list_of_its_own(tmp_path: Path) -> None:
    take(tmp_path, replace(WANTED, role=ROLE))
    assert len(opened(tmp_path).compute) == len(opened(tmp_path).login_profiles) == 3
    owners = {compute.arn.split(":")[4] for compute in compute_of(tmp_path)}
    assert owners == {MANAGEMENT}


def test_nothing_of_it_is_read_on_request(tmp_path: Path, proxy: AwsProxy) -> None:
    lpgen("snapshot", "--data", str(tmp_path), "--no-last-accessed", "--no-compute", "--region", "us-east-1")
    assert (opened(tmp_path).compute, opened(tmp_path).login_profiles) == ((), ())
    assert "DescribeInstances" not in proxy.operations()


def test_the_regions_of_a_row_are_those_that_boto3_lacks() -> None:
    """Once boto3 lists the Regions of a service, a row needs none."""
    from boto3 import Session

    rows = json.loads(bundled_catalog().source.read_table("compute"))
    for kind, row in rows.items():
        assert bool(row.get("regions")) != bool(Session().get_available_regions(row["service"])), kind


# ---------------------------------------------------------------- files


ITEM = {"arn": f"arn:aws:ec2:us-east-1:{MANAGEMENT}:instance/i-1", "role": DOES}


def test_a_file_that_people_write_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps([ITEM]), encoding="utf-8")
    (tmp_path / "b.json").write_text(json.dumps([{**ITEM, "tags": {"b": "2", "a": "1"}}]), encoding="utf-8")
    assert read_compute([tmp_path / "a.json", tmp_path / "b.json"]) == (
        Compute(ITEM["arn"], DOES),
        Compute(ITEM["arn"], DOES, (("a", "1"), ("b", "2"))),
    )
    assert read_compute([]) == ()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("{", ""),
        ("{}", ""),
        (json.dumps([ITEM, {"arn": ITEM["arn"]}]), "$[1]"),
        (json.dumps([ITEM, ITEM, {**ITEM, "role": "app-0"}]), "$[2].role"),
        (json.dumps([{**ITEM, "arn": "i-1"}]), "$[0].arn"),
        (json.dumps([{**ITEM, "roles": []}]), "$[0]"),
        ("[" * 5000, ""),
    ],
)
def test_bad_file_is_named_with_the_place_in_it(tmp_path: Path, text: str, place: str) -> None:
    (tmp_path / "mine.json").write_text(text, encoding="utf-8")
    with pytest.raises(SnapshotError, match=r"mine\.json") as caught:
        read_compute([tmp_path / "mine.json"])
    assert place in caught.value.message
    with pytest.raises(SnapshotError, match=r"gone\.json"):
        read_compute([tmp_path / "gone.json"])

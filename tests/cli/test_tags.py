"""`lpgen tags` as a user runs it: its formats, its folder of new policies, and its options."""

from __future__ import annotations

import json
import re
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from lpgen.report.documents.schemas import SCHEMAS
from tests.report.golden import check_golden
from tests.report.hostile import check_markdown, check_terminal_text
from tests.support.forked_lpgen import run_forked
from tests.support.sample_organization import ROOT

Json = dict[str, Any]
SAMPLE = ROOT / "authorization-details"
ROLE = "arn:aws:iam::111122223333:role/batch-launcher"
INSTANCES = "arn:aws:ec2:us-east-1:111122223333:instance/"
OTHER = f"{INSTANCES}i-0a41d27be5c3f9081"


def lpgen(*arguments: object, status: int = 0) -> subprocess.CompletedProcess[str]:
    done = run_forked("tags", "--policies", SAMPLE, *arguments)
    assert done.returncode == status, done.stderr
    return done


@pytest.fixture(scope="module")
def tagged(sample_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tags of the instances that a role of the sample organization stopped, and of another one."""
    from lpgen.core.usage.columns import table_rows
    from lpgen.edge.data_folder.usage_files import read_usage

    rows = table_rows(read_usage(sample_data).table, ("principal", "resource", "resource_kind"))
    used = {arn for who, arn, kind in rows if who == ROLE and arn.startswith(INSTANCES) and kind == "arn"}
    teams = {**dict.fromkeys(sorted(used), "batch"), OTHER: "web"}
    found = [{"ResourceARN": arn, "Tags": [{"Key": "team", "Value": team}]} for arn, team in teams.items()]
    path = tmp_path_factory.mktemp("tags") / "tags.json"
    path.write_text(json.dumps([{"ResourceTagMappingList": found[:5]}, {"ResourceTagMappingList": found[5:]}]))
    return path


def answer(*arguments: object) -> Json:
    """The JSON document, which follows its schema."""
    found: Json = json.loads(lpgen(*arguments, "--format", "json").stdout)
    assert [error.message for error in Draft202012Validator(SCHEMAS["tags"]).iter_errors(found)] == []
    assert found["schema"] == "lpgen.tags/1"
    return found


def test_every_format_shows_the_proposal_of_the_sample_organization(sample_data: Path, tagged: Path) -> None:
    given = ("--data", sample_data, "--resource-tags", tagged)
    (one,) = answer(*given)["principals"]
    (proposal,) = one["proposals"]
    assert (one["principal"], proposal["type"], proposal["values"]) == (ROLE, "ec2:instance", ["batch"])
    assert proposal["excluded"] == [OTHER]
    assert (proposal["state"], [reason["kind"] for reason in proposal["reasons"]]) == ("unsafe", ["tag-writers"])
    screen = lpgen(*given)
    assert "team=batch" in screen.stdout
    check_golden("tags.txt", screen.stdout)
    check_golden("tags.json", lpgen(*given, "--format", "json").stdout)
    check_terminal_text(screen.stdout, 80, color=False)
    check_markdown(lpgen(*given, "--format", "markdown").stdout)


def test_options_choose_principals_keys_and_managers(sample_data: Path, tagged: Path) -> None:
    given = ("--data", sample_data, "--resource-tags", tagged)
    assert answer(*given, "--principal", "fleet-node")["principals"] == []
    assert answer(*given, "--key", "env")["principals"] == []
    (one,) = answer(*given, "--key", "TEAM", "--tag-manager", "break-glass-admin")["principals"]
    managers = [writer["principal"] for writer in one["proposals"][0]["writers"] if writer["manager"]]
    assert managers == ["arn:aws:iam::111122223333:role/break-glass-admin"]
    (guard,) = one["proposals"][0]["guard"]["Statement"]
    assert guard["Condition"]["ArnNotLike"] == {"aws:PrincipalArn": managers}
    assert "no principal matches" in lpgen(*given, "--tag-manager", "nobody", status=2).stderr
    assert "no principal matches" in lpgen(*given, "--principal", "nobody", status=2).stderr


def test_without_tags_or_logs_nothing_is_proposed(sample_data: Path, tagged: Path) -> None:
    assert answer("--data", sample_data)["principals"] == []
    assert answer("--resource-tags", tagged)["principals"] == []
    assert "can't be read" in lpgen("--resource-tags", sample_data / "none.json", status=3).stderr


def test_the_output_folder_has_policy_guard_commands_and_evidence(
    sample_data: Path, tagged: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    lpgen("--data", sample_data, "--resource-tags", tagged, "--out", out)
    (folder,) = out.iterdir()
    (place,) = (folder / "not-safe-yet").iterdir()
    assert {path.name for path in place.iterdir()} == {
        *("policy.json", "scp.json", "apply.sh", "policy.tf", "template.yaml")
    }
    policy = json.loads((place / "policy.json").read_text())
    assert policy["Statement"][0]["Condition"] == {"StringEquals": {"aws:ResourceTag/team": "batch"}}
    command = "aws iam put-role-policy --role-name batch-launcher --policy-name launch"
    assert f"{command} --policy-document file://policy.json" in (place / "apply.sh").read_text()
    terraform, template = ((place / name).read_text() for name in ("policy.tf", "template.yaml"))
    assert 'resource "aws_iam_role_policy" "launch"' in terraform
    assert re.search(r'role += "batch-launcher"', terraform)
    assert "Type: AWS::IAM::RolePolicy" in template.replace('"', "")
    assert "RoleName: batch-launcher" in template
    assert "team=batch" in (folder / "evidence.md").read_text()
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in out.rglob("*") if path.is_file())
    again = lpgen("--data", sample_data, "--resource-tags", tagged, "--out", out, status=3)
    assert "isn't an empty folder" in again.stderr

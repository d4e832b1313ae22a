"""A role of AWS Config with AWS's policy for it and one of its own, by every command from its logs to drift."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.test_main import run
from tests.support.log_samples import log_bytes, record_json
from tests.support.outputs import read_json, seal_again, write_json

ACCOUNT, NAME = "111122223333", "config-recorder"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/{NAME}"
FOLDER = f"{ACCOUNT}-role-{NAME}"
CONFIG = "arn:aws:iam::aws:policy/service-role/AWS_ConfigRole"
READS = {"Effect": "Allow", "Action": ["ec2:Describe*", "iam:Get*"], "Resource": "*"}
MORE = {**READS, "Action": [*READS["Action"], "s3:GetBucketAcl"]}
OWN = {"Effect": "Allow", "Action": "iam:*", "Resource": "*"}
CALLS: tuple[dict[str, Any], ...] = (
    {"eventSource": "ec2.amazonaws.com", "eventName": "DescribeInstances"},
    {"eventSource": "iam.amazonaws.com", "eventName": "GetRole", "requestParameters": {"roleName": "app"}},
    {"eventSource": "iam.amazonaws.com", "eventName": "ListRoles"},
    {"eventSource": "iam.amazonaws.com", "eventName": "CreateRole", "readOnly": False, "errorCode": "AccessDenied"},
)


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def record(day: date, number: int, call: dict[str, Any]) -> dict[str, Any]:
    issuer = {"type": "Role", "principalId": "AROACONFIG", "arn": ROLE, "accountId": ACCOUNT}
    return record_json(
        eventTime=f"{day}T10:00:00Z",
        eventID=f"{day}-{number}",
        eventCategory="Management",
        managementEvent=True,
        recipientAccountId=ACCOUNT,
        userIdentity={
            "type": "AssumedRole",
            "principalId": "AROACONFIG:config",
            "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{NAME}/config",
            "accountId": ACCOUNT,
            "sessionContext": {"sessionIssuer": issuer},
        },
        **call,
    )


def details(inline: dict[str, Any], reads: dict[str, Any] = READS, version: str = "v66") -> dict[str, Any]:
    trust = document({"Effect": "Allow", "Principal": {"Service": "config.amazonaws.com"}, "Action": "sts:AssumeRole"})
    entry = {
        "Path": "/",
        "RoleName": NAME,
        "RoleId": "AROACONFIG",
        "Arn": ROLE,
        "CreateDate": "2020-01-01T00:00:00+00:00",
        "AssumeRolePolicyDocument": trust,
        "InstanceProfileList": [],
        "RolePolicyList": [{"PolicyName": name, "PolicyDocument": one} for name, one in inline.items()],
        "AttachedManagedPolicies": [{"PolicyName": "AWS_ConfigRole", "PolicyArn": CONFIG}],
    }
    of_aws = {
        "Arn": CONFIG,
        "PolicyName": "AWS_ConfigRole",
        "DefaultVersionId": version,
        "PolicyVersionList": [
            {
                "VersionId": version,
                "IsDefaultVersion": True,
                "CreateDate": "2026-09-29T00:00:00+00:00",
                "Document": document(reads),
            }
        ],
    }
    return {"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [entry], "Policies": [of_aws]}


def lpgen(*arguments: object, status: int = 0) -> str:
    done = run(*map(str, arguments))
    assert done.returncode == status, (done.stdout, done.stderr)
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """120 days of logs, the policies, and what was generated from them."""
    home = tmp_path_factory.mktemp("left")
    days = [date(2026, 9, 30) - timedelta(days=at) for at in range(120)]
    records = [record(day, at, call) for day in days for at, call in enumerate(CALLS)]
    (home / "log.json.gz").write_bytes(log_bytes(records))
    write_json(home / "policies.json", details({"deliver": document(OWN)}))
    lpgen("ingest", home / "log.json.gz", "--data", home / "data")
    lpgen("generate", *given(home), "--as", "terraform", "--output", home / "out")
    lpgen("baseline", "save", "before", *given(home))
    return home


def given(home: Path, policies: str = "policies.json") -> list[object]:
    return ["--data", home / "data", "--policies", home / policies]


def written(home: Path) -> dict[str, Any]:
    """The one document of the replacement."""
    (path,) = (home / "out" / FOLDER).glob("policy-*.json")
    return dict(read_json(path))


def test_the_replacement_repeats_nothing_of_what_stays(home: Path) -> None:
    assert {path.name for path in (home / "out" / FOLDER).iterdir()} == {"evidence.json", "policy-1.json"}
    (statement,) = written(home)["Statement"]
    assert statement["Action"] == "iam:ListRoles"


def test_the_evidence_names_what_stays_and_its_document_lies_apart(home: Path) -> None:
    evidence = read_json(home / "out" / FOLDER / "evidence.json")
    (left,) = evidence["left_attached"]
    assert (left["arn"], left["version"]) == (CONFIG, "v66")
    assert left["file"] == f"attached/AWS_ConfigRole-{left['sha256'][:12]}.json"
    assert read_json(home / "out" / left["file"]) == document(READS)
    assert (evidence["replaces"]["detach"], evidence["replaces"]["delete_inline"]) == ([], ["deliver"])
    assert evidence["safe"] is True
    (listed,) = read_json(home / "out" / "summary.json")["principals"]
    assert listed["left_attached"] == [CONFIG]
    assert left["file"] in read_json(home / "out" / "summary.json")["files"]


def test_two_versions_of_a_policy_lie_side_by_side(home: Path, tmp_path: Path) -> None:
    """As of two accounts, one of which was read before AWS changed the policy."""
    write_json(tmp_path / "changed.json", details({"deliver": document(OWN)}, MORE, "v67"))
    lpgen("generate", "--data", home / "data", "--policies", tmp_path / "changed.json", "--output", tmp_path / "out")
    names = {path.name for folder in (home, tmp_path) for path in (folder / "out" / "attached").iterdir()}
    assert len(names) == 2


def test_verify_counts_what_stays_on_both_sides(home: Path) -> None:
    text = lpgen("verify", home / "out", *given(home), "--format", "json")
    (one,) = json.loads(text)["principals"]
    assert {check["status"] for check in one["checks"]} == {"passed"}
    assert "policies left attached are AWS's own and unchanged" in {check["name"] for check in one["checks"]}


def test_verify_tells_that_aws_changed_it(home: Path, tmp_path: Path) -> None:
    write_json(tmp_path / "changed.json", details({"deliver": document(OWN)}, MORE, "v67"))
    arguments = ("--data", home / "data", "--policies", tmp_path / "changed.json")
    assert f"{CONFIG} has another document now, of version v67" in lpgen(
        "verify", home / "out", *arguments, "--format", "json", status=1
    )


def test_terraform_lists_it_among_the_only_attachments(home: Path) -> None:
    (path,) = (home / "out" / "terraform").glob(f"*/{NAME}.tf")
    text = path.read_text("utf-8")
    exclusive = text[text.index('_policy_attachments_exclusive"') :]
    assert f'"{CONFIG}"' in exclusive[: exclusive.index("}")]
    assert f"# - {CONFIG}" in text


def test_cloudformation_says_what_stays_and_detaches_nothing(home: Path, tmp_path: Path) -> None:
    lpgen("generate", *given(home), "--as", "cloudformation", "--output", tmp_path / "out")
    (path,) = (tmp_path / "out" / "cloudformation").glob(f"*/{NAME}.yaml")
    shown = yaml.safe_load(path.read_text("utf-8"))["Metadata"]["lpgen"]
    assert (shown["StayAttached"], shown["ThenDetach"]) == ([CONFIG], [])


@pytest.mark.parametrize("form", ["text", "markdown", "html", "json", "sarif"])
def test_every_form_of_the_review_names_it(home: Path, tmp_path: Path, form: str) -> None:
    lpgen("review", *given(home), "--format", form, "--output", tmp_path / "review")
    text = (tmp_path / "review").read_text("utf-8")
    assert "AWS_ConfigRole" in text
    if form in ("text", "markdown"):
        assert "stays attached." in text


def test_rollout_plans_to_leave_it_attached(home: Path, tmp_path: Path) -> None:
    lpgen("rollout", "plan", home / "out", *given(home), "-o", tmp_path / "plan.json")
    (one,) = read_json(tmp_path / "plan.json")["principals"]
    assert [call["operation"] for call in one["calls"]] == ["CreatePolicy", "AttachRolePolicy", "DeleteRolePolicy"]
    assert (one["left_attached"], one["peak"]["attached"]) == ([CONFIG], 2)
    assert CONFIG in {text["policy"] for text in one["after"]}


def in_place(home: Path, folder: Path, reads: dict[str, Any] = READS, version: str = "v66") -> list[object]:
    """The policies once the replacement is in place, and AWS may have changed what stays."""
    write_json(folder / "after.json", details({"new": written(home)}, reads, version))
    return ["--data", home / "data", "--policies", folder / "after.json"]


def test_once_in_place_there_is_nothing_to_do_and_no_drift(home: Path, tmp_path: Path) -> None:
    arguments = in_place(home, tmp_path)
    assert "1 replacement already in place" in lpgen("review", *arguments, "--format", "text")
    for more in ((), ("--proposed", home / "out")):
        found = json.loads(lpgen("drift", *arguments, *more, "--format", "json"))
        assert (found["findings"], found["applied"]) == ([], [ROLE])


def test_drift_watches_its_version(home: Path, tmp_path: Path) -> None:
    arguments = in_place(home, tmp_path, MORE, "v67")
    for more in ((), ("--proposed", home / "out")):
        found = json.loads(lpgen("drift", *arguments, *more, "--format", "json"))
        (one,) = found["findings"]
        assert (one["subject"], found["applied"]) == (CONFIG, [ROLE])
        assert "its version was v66 and is now v67" in one["details"]


# ---------------------------------------------------------------- edited outputs


def left_of(output: Path) -> Path:
    (path,) = (output / "attached").iterdir()
    return path


def widen(output: Path) -> None:
    write_json(left_of(output), document({**READS, "Action": "*"}))


def state_other_digest(output: Path) -> None:
    edit_evidence(output, lambda evidence: evidence["left_attached"][0].update(sha256="0" * 64))


def forget(output: Path) -> None:
    edit_evidence(output, lambda evidence: evidence.update(left_attached=[]))


def leave_another(output: Path) -> None:
    edit_evidence(
        output,
        lambda evidence: evidence["left_attached"][0].update(arn="arn:aws:iam::aws:policy/AdministratorAccess"),
    )


def edit_evidence(output: Path, change: Callable[[Any], object]) -> None:
    path = output / FOLDER / "evidence.json"
    evidence = read_json(path)
    change(evidence)
    write_json(path, evidence)


@pytest.mark.parametrize("sealed", [False, True], ids=["plain", "with new digests"])
@pytest.mark.parametrize(
    "edit",
    [widen, state_other_digest, forget, leave_another, lambda output: left_of(output).unlink()],
    ids=["document", "digest", "forgotten", "another policy", "no document"],
)
def test_edited_outputs_are_noticed(
    home: Path, tmp_path: Path, edit: Callable[[Path], object], *, sealed: bool
) -> None:
    output = tmp_path / "out"
    shutil.copytree(home / "out", output)
    edit(output)
    if sealed:
        seal_again(output)
    assert run("verify", str(output), *map(str, given(home))).returncode == 1
    planned = run("rollout", "plan", str(output), *map(str, given(home)), "-o", str(tmp_path / "plan.json"))
    assert planned.returncode != 0
    if sealed and (tmp_path / "plan.json").exists():
        assert all(one["refusals"] for one in read_json(tmp_path / "plan.json")["principals"])


def test_an_edited_plan_is_refused(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    lpgen("rollout", "plan", home / "out", *given(home), "-o", path)
    plan = read_json(path)
    plan["principals"][0]["left_attached"] = []
    write_json(path, plan)
    assert "was edited" in lpgen("rollout", "apply", path, "--all", "--yes", status=1)

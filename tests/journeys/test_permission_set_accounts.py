"""A permission set in two accounts: from the logs of both to one policy, by every command on the way."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_main import run
from tests.support.log_samples import log_bytes, record_json

SHOP, DATA = "111122223333", "444455556666"
PATH = "/aws-reserved/sso.amazonaws.com/eu-west-1/"
NAMES = {SHOP: "AWSReservedSSO_Developer_0123456789abcdef", DATA: "AWSReservedSSO_Developer_fedcba9876543210"}
DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": ["sqs:*", "iam:Get*"], "Resource": "*"},
        {"Effect": "Deny", "Action": "sqs:PurgeQueue", "Resource": "*"},
    ],
}
CALLS: dict[str, dict[str, Any]] = {
    SHOP: {"eventSource": "iam.amazonaws.com", "eventName": "GetRole", "requestParameters": {"roleName": "app"}},
    DATA: {
        "eventSource": "sqs.amazonaws.com",
        "eventName": "GetQueueAttributes",
        "requestParameters": {"queueUrl": f"https://sqs.us-east-1.amazonaws.com/{DATA}/jobs"},
    },
}
WRITE = {"eventSource": "sqs.amazonaws.com", "eventName": "CreateQueue", "readOnly": False, "errorCode": "AccessDenied"}


def arn(account: str) -> str:
    return f"arn:aws:iam::{account}:role{PATH}{NAMES[account]}"


def record(account: str, day: date, number: int, call: dict[str, Any]) -> dict[str, Any]:
    issuer = {"type": "Role", "principalId": f"AROA{account}", "arn": arn(account), "accountId": account}
    return record_json(
        eventTime=f"{day}T10:00:00Z",
        eventID=f"{account}-{day}-{number}",
        eventCategory="Management",
        managementEvent=True,
        recipientAccountId=account,
        userIdentity={
            "type": "AssumedRole",
            "principalId": f"AROA{account}:ada",
            "arn": f"arn:aws:sts::{account}:assumed-role/{NAMES[account]}/ada",
            "accountId": account,
            "sessionContext": {"sessionIssuer": issuer},
        },
        **call,
    )


def details(account: str, document: dict[str, Any]) -> dict[str, Any]:
    trust = {"Version": "2012-10-17", "Statement": []}
    entry = {
        "Path": PATH,
        "RoleName": NAMES[account],
        "RoleId": f"AROA{account}",
        "Arn": arn(account),
        "CreateDate": "2020-01-01T00:00:00+00:00",
        "AssumeRolePolicyDocument": trust,
        "InstanceProfileList": [],
        "RolePolicyList": [{"PolicyName": "AwsSSOInlinePolicy", "PolicyDocument": document}],
        "AttachedManagedPolicies": [],
    }
    return {"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [entry], "Policies": []}


def write_policies(home: Path, folder: str, document: dict[str, Any]) -> None:
    (home / folder).mkdir()
    for account in (SHOP, DATA):
        (home / folder / f"{account}.json").write_text(json.dumps(details(account, document)), encoding="utf-8")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """120 days of logs of both accounts, the policies of both, and what was generated from them."""
    home = tmp_path_factory.mktemp("set")
    days = [date(2026, 9, 30) - timedelta(days=at) for at in range(120)]
    for account, call in CALLS.items():
        found = [record(account, day, at, one) for day in days for at, one in enumerate((call, WRITE))]
        (home / f"{account}.json.gz").write_bytes(log_bytes(found))
    write_policies(home, "policies", DOCUMENT)
    lpgen("ingest", home / f"{SHOP}.json.gz", home / f"{DATA}.json.gz", "--data", home / "data")
    lpgen("generate", *given(home), "--scope", "exact", "--as", "terraform", "--output", home / "out")
    return home


def lpgen(*arguments: object) -> str:
    done = run(*map(str, arguments))
    assert done.returncode == 0, done.stderr
    return done.stdout


def given(home: Path, policies: str = "policies") -> list[object]:
    return ["--data", home / "data", "--policies", home / policies]


def test_folders_of_both_roles_hold_the_same_proven_policy(home: Path) -> None:
    first, second = (
        {path.name: path.read_bytes() for path in (home / "out" / f"{account}-role-{NAMES[account]}").glob("policy-*")}
        for account in (SHOP, DATA)
    )
    assert first == second
    (text,) = first.values()
    statements = json.loads(text)["Statement"]
    assert {statement["Effect"] for statement in statements} == {"Allow", "Deny"}
    assert f"arn:aws:iam::{SHOP}:role/app".encode() in text
    assert f"arn:aws:sqs:us-east-1:{DATA}:jobs".encode() in text
    lpgen("verify", home / "out", *given(home))


def test_evidence_says_in_which_account_a_line_is_needed(home: Path) -> None:
    evidence = json.loads((home / "out" / f"{SHOP}-role-{NAMES[SHOP]}" / "evidence.json").read_text("utf-8"))
    assert evidence["safe"] is True
    kinds = {line["action"]: line["evidence"][0] for line in evidence["lines"]}
    assert kinds["iam:GetRole"]["kind"] == "observed"
    assert kinds["sqs:GetQueueAttributes"]["kind"] == "shared"
    assert kinds["sqs:GetQueueAttributes"]["why"].startswith(f"observed in account {DATA}")


def test_review_says_it_in_words(home: Path) -> None:
    said = " ".join(lpgen("review", *given(home), "--full", "--principal", NAMES[SHOP]).split())
    assert "put the replacement into the permission set Developer" in said
    assert "needed in another account of the permission set" in said
    assert NAMES[DATA] not in said


def test_terraform_has_one_file_for_the_set(home: Path) -> None:
    below = home / "out" / "terraform"
    files = {str(path.relative_to(below)) for path in below.rglob("*.tf")}
    assert files == {"permission-sets/Developer.tf", "permission-sets/versions.tf"}
    text = (below / "permission-sets" / "Developer.tf").read_text("utf-8")
    assert all(f"# - {arn(account)}\n" in text for account in (SHOP, DATA))
    assert 'data "aws_iam_policy_document" "permission_set_developer"' in text


def test_plan_writes_one_policy_for_the_set(home: Path) -> None:
    plan = home / "plan.json"
    run("rollout", "plan", "--scope", "exact", str(home / "out"), *map(str, given(home)), "-o", str(plan))
    (file,) = (home / "plan.json.permission-sets").iterdir()
    assert file.name == "Developer.json"
    written = json.loads((home / "out" / f"{SHOP}-role-{NAMES[SHOP]}" / "policy-1.json").read_text("utf-8"))
    assert json.loads(file.read_text("utf-8")) == written


def test_set_is_in_place_once_its_roles_hold_the_policy(home: Path) -> None:
    written = json.loads((home / "out" / f"{SHOP}-role-{NAMES[SHOP]}" / "policy-1.json").read_text("utf-8"))
    write_policies(home, "after", written)
    found = json.loads(lpgen("review", *given(home, "after"), "--format", "json"))["principals"]
    assert [one["in_place"] for one in found] == [True, True]


def test_set_whose_roles_differ_is_not_called_safe(home: Path) -> None:
    write_policies(home, "uneven", DOCUMENT)
    narrow = {**DOCUMENT, "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]}
    (home / "uneven" / f"{DATA}.json").write_text(json.dumps(details(DATA, narrow)), encoding="utf-8")
    found = json.loads(lpgen("review", *given(home, "uneven"), "--format", "json"))["principals"]
    assert [[one["kind"] for one in each["not_safe_because"]] for each in found] == [["permission_set"]] * 2
    lpgen("generate", *given(home, "uneven"), "--as", "terraform", "--output", home / "uneven-out")
    below = home / "uneven-out" / "terraform"
    files = {str(path.relative_to(below)) for path in below.rglob("*.tf") if path.name != "versions.tf"}
    assert files == {f"{account}/not-safe-yet/{NAMES[account]}.tf" for account in (SHOP, DATA)}
    run(
        "rollout",
        "plan",
        "--scope",
        "exact",
        str(home / "uneven-out"),
        *map(str, given(home, "uneven")),
        "-o",
        str(home / "u.json"),
    )
    assert not (home / "u.json.permission-sets").exists()

"""`lpgen trust` as a user runs it: its formats, its files, and texts of other people in it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from sarif_pydantic import Sarif

from lpgen.core.trust.findings import TrustFindingKind
from lpgen.edge.data_folder.snapshot_folder import SnapshotWriter
from tests.cli.test_help import COMMANDS
from tests.report.golden import check_golden
from tests.report.hostile import CORPUS, PageReader, check_markdown, check_terminal_text
from tests.support.documents import TRUST_PAGE
from tests.support.forked_lpgen import run_forked
from tests.support.sample_organization import ROOT

Json = dict[str, Any]
ACCOUNT = "111122223333"
GITHUB = "token.actions.githubusercontent.com"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{GITHUB}"
MAIN = "repo:octo-org/octo-repo:ref:refs/heads/main"
IDS = {"octo-org/octo-repo": {"owner_id": 123456, "repository_id": 456789}}
WITH_IDS = "repo:octo-org@123456/octo-repo@456789:ref:refs/heads/main"
HOSTILE = [text for text in CORPUS if text.strip() and "\ud800" not in text]


def lpgen(*arguments: object, status: int = 0) -> subprocess.CompletedProcess[str]:
    done = run_forked(*arguments)
    assert done.returncode == status, done.stderr
    return done


def role(name: str, *subjects: str, provider: str = PROVIDER) -> Json:
    """A role that GitHub's workflows with these subjects may assume."""
    tests = {
        "StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com"},
        "StringLike": {f"{GITHUB}:sub": list(subjects)},
    }
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": provider},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": tests,
    }
    return {
        "Path": "/",
        "RoleName": name,
        "RoleId": f"AROA{crc32(name.encode()):016d}",
        "Arn": f"arn:aws:iam::{ACCOUNT}:role/{name}",
        "CreateDate": "2020-01-01T00:00:00Z",
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "RolePolicyList": [],
        "AttachedManagedPolicies": [],
    }


def session(day: date, arn: str, subject: str, *, error: str = "") -> Json:
    """A record of a workflow that asks for a session. Records of failures have no request parameters."""
    identity = {"type": "WebIdentityUser", "identityProvider": PROVIDER, "userName": subject}
    record = {
        "eventVersion": "1.11",
        "userIdentity": {**identity, "principalId": f"{PROVIDER}:sts.amazonaws.com:{subject}"},
        "eventTime": f"{day}T08:00:00Z",
        "eventSource": "sts.amazonaws.com",
        "eventName": "AssumeRoleWithWebIdentity",
        "awsRegion": "us-east-1",
        "eventID": f"{day}-{crc32(repr((arn, subject, error)).encode())}",
        "readOnly": True,
        "managementEvent": True,
        "eventCategory": "Management",
        "recipientAccountId": ACCOUNT,
    }
    if error:
        message = f"User: {subject} is not authorized to perform: sts:AssumeRoleWithWebIdentity on resource: {arn}"
        return {**record, "errorCode": error, "errorMessage": message}
    answer = {"provider": PROVIDER, "audience": "sts.amazonaws.com", "subjectFromWebIdentityToken": subject}
    return {
        **record,
        "requestParameters": {"roleArn": arn, "roleSessionName": "GitHubActions"},
        "responseElements": {**answer, "assumedRoleUser": {"assumedRoleId": "AROAX:GitHubActions"}},
    }


def call(day: date, role: Json) -> Json:
    """A record of a call by a session of a role."""
    issuer = {"type": "Role", "principalId": role["RoleId"], "arn": role["Arn"], "accountId": ACCOUNT}
    caller = {"type": "AssumedRole", "principalId": f"{role['RoleId']}:s", "accountId": ACCOUNT}
    return {
        **session(day, role["Arn"], MAIN),
        "userIdentity": {**caller, "sessionContext": {"sessionIssuer": issuer}},
        "eventSource": "ec2.amazonaws.com",
        "eventName": "DescribeInstances",
        "eventID": f"{day}-call",
        "requestParameters": {},
        "responseElements": None,
    }


def days(number: int) -> Iterator[date]:
    return (date(2026, 6, 1) + timedelta(days=number) for number in range(number))


def write_world(home: Path, roles: list[Json], records: list[Json]) -> tuple[str, ...]:
    """The options for a folder with these policies and, if there are any, these records."""
    (home / "policies.json").write_text(json.dumps({"RoleDetailList": roles}), encoding="utf-8")
    options = ("--policies", str(home / "policies.json"))
    if not records:
        return options
    (home / "logs.json").write_text(json.dumps({"Records": records}), encoding="utf-8")
    lpgen("ingest", home / "logs.json", "--data", home / "data")
    return (*options, "--data", str(home / "data"))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """A role that any ref of a repository may assume, and only its main branch does; and a role that nobody uses."""
    roles = [role("deploy", "repo:octo-org/octo-repo:*"), role("idle", MAIN)]
    records = [session(day, roles[0]["Arn"], MAIN) for day in days(95)]
    return write_world(tmp_path_factory.mktemp("trust"), roles, records)


def roles_of(*arguments: object) -> dict[str, Json]:
    document = json.loads(lpgen("trust", *arguments, "--format", "json").stdout)
    assert document["schema"] == "lpgen.trust/1"
    return {found["arn"].rpartition("/")[2]: found for found in document["roles"]}


def subjects_of(policy: Json) -> Any:
    (statement,) = policy["Statement"]
    return statement["Condition"]["StringEquals"][f"{GITHUB}:sub"]


# ---------------------------------------------------------------- the sample organization


def test_screen_of_the_sample_organization_is_golden_and_fits(sample_data: Path) -> None:
    done = lpgen("trust", "--data", sample_data, "--policies", ROOT / "authorization-details")
    assert done.stderr == ""
    check_golden("trust.txt", done.stdout)
    check_terminal_text(done.stdout, 80, color=False)
    assert len(done.stdout.splitlines()) <= 40


def test_json_of_the_sample_organization_is_golden(sample_data: Path, tmp_path: Path) -> None:
    ids = {"larkspur-outdoor/platform-deployer": {"owner_id": 118240566, "repository_id": 702915338}}
    (tmp_path / "ids.json").write_text(json.dumps(ids), encoding="utf-8")
    options = ("--principal", "role/platform/platform-deployer", "--github-ids", tmp_path / "ids.json")
    policies = ROOT / "authorization-details"
    done = lpgen("trust", "--data", sample_data, "--policies", policies, *options, "--format", "json")
    check_golden("trust.json", done.stdout)


# ---------------------------------------------------------------- with and without logs


def test_without_logs_there_are_findings_only(world: tuple[str, ...]) -> None:
    policies = world[:2]
    found = roles_of(*policies)
    assert {finding["kind"] for finding in found["deploy"]["findings"]} >= {"any-ref", "pull-requests"}
    for trust in found.values():
        assert (trust["assumed_by"], trust["never_seen"], trust["proposal"]) == ([], [], None)
        assert [refusal["kind"] for refusal in trust["refusals"]] == ["no-logs"]


def test_with_logs_the_callers_and_a_narrower_policy_follow(world: tuple[str, ...]) -> None:
    found = roles_of(*world)
    (caller,) = found["deploy"]["assumed_by"]
    assert (caller["subject"], caller["days"], caller["outcome"]) == (MAIN, 95, "allowed")
    assert subjects_of(found["deploy"]["proposal"]) == MAIN
    (evidence,) = found["deploy"]["evidence"]
    assert (evidence["treatment"], evidence["records"]) == ("limited", 95)
    assert found["idle"]["proposal"] is None
    assert set(found["idle"]["never_seen"]) == {PROVIDER, MAIN}
    assert [refusal["kind"] for refusal in found["idle"]["refusals"]] == ["never-assumed"]


def test_few_days_are_refused_unless_they_are_enough(tmp_path: Path) -> None:
    deploy = role("deploy", "repo:octo-org/octo-repo:*")
    options = write_world(tmp_path, [deploy], [session(day, deploy["Arn"], MAIN) for day in days(20)])
    (refusal,) = roles_of(*options)["deploy"]["refusals"]
    assert (refusal["kind"], "20 days" in refusal["message"]) == ("few-days", True)
    assert subjects_of(roles_of(*options, "--min-days", "20")["deploy"]["proposal"]) == MAIN


def test_generate_writes_the_policy_that_trust_proposes(tmp_path: Path) -> None:
    deploy = role("deploy", "repo:octo-org/octo-repo:*")
    actions = {"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [actions]}
    deploy["RolePolicyList"] = [{"PolicyName": "own", "PolicyDocument": document}]
    signed = [session(day, deploy["Arn"], MAIN) for day in days(95)]
    data = write_world(tmp_path, [deploy], [*signed, *(call(day, deploy) for day in days(95))])
    (tmp_path / "ids.json").write_text(json.dumps(IDS), encoding="utf-8")
    for number, (options, least) in enumerate([((), 1), (("--github-ids", tmp_path / "ids.json"), 2)]):
        proposed = roles_of(*data, *options)["deploy"]["proposal"]
        out = tmp_path / f"out{number}"
        lpgen("generate", *data, *options, "--trust", "--output", out)
        (written,) = out.glob("*/trust-policy.json")
        assert json.loads(written.read_text()) == proposed
        assert json.dumps(proposed).count("repo:octo-org") == least
        lpgen("verify", out, *data, *options)
        plan = ("--data", data[-1], *data[:2], *options, "--trust", "--unsafe", "-o", tmp_path / f"plan{number}.json")
        lpgen("rollout", "plan", out, *plan)
    told = lpgen("verify", tmp_path / "out1", *data, status=1).stdout
    assert "github ids" in " ".join(told.split())


@pytest.mark.parametrize(("number", "proposes"), [(89, False), (90, True)])
def test_generate_and_trust_want_the_same_number_of_days(number: int, proposes: bool, tmp_path: Path) -> None:
    defaults = [
        parameter.default
        for name in ("trust", "generate")
        for parameter in COMMANDS[(name,)].params
        if parameter.name == "min_days"
    ]
    assert defaults == [90, 90]
    deploy = role("deploy", "repo:octo-org/octo-repo:*")
    data = write_world(tmp_path, [deploy], [session(day, deploy["Arn"], MAIN) for day in days(number)])
    assert (roles_of(*data)["deploy"]["proposal"] is not None) is proposes


@pytest.mark.parametrize(
    ("caller", "changed", "refused"),
    [
        ({"type": "AssumedRole"}, "deploy", ["young"]),
        ({"type": "AWSService", "invokedBy": "cloudformation.amazonaws.com"}, "deploy", ["young"]),
        ({"type": "AssumedRole"}, "other", []),
        ({"type": "AssumedRole", "error": "AccessDenied"}, "deploy", []),
    ],
)
def test_changed_trust_policy_had_no_time(caller: Json, changed: str, refused: list[str], tmp_path: Path) -> None:
    deploy = role("team/deploy", "repo:octo-org/octo-repo:*")
    deploy["RoleName"] = "deploy"
    change = {
        **call(list(days(95))[80], role("admin")),
        "eventSource": "iam.amazonaws.com",
        "eventName": "UpdateAssumeRolePolicy",
        "readOnly": False,
        "requestParameters": {"roleName": changed, "policyDocument": "{}"},
    }
    error = caller.pop("error", "")
    change["userIdentity"] = {**change["userIdentity"], **caller} if "invokedBy" not in caller else caller
    change |= {"errorCode": error} if error else {}
    records = [session(day, deploy["Arn"], MAIN) for day in days(95)]
    found = roles_of(*write_world(tmp_path, [deploy], [*records, change]))["deploy"]
    assert [refusal["kind"] for refusal in found["refusals"]] == refused
    assert (found["proposal"] is None) is bool(refused)


def trail(*, all_regions: bool, **selector: Any) -> str:
    """The settings of a trail in eu-west-1."""
    arn = f"arn:aws:cloudtrail:eu-west-1:{ACCOUNT}:trail/main"
    regions = {"HomeRegion": "eu-west-1", "IsMultiRegionTrail": all_regions, "IncludeGlobalServiceEvents": True}
    settings = {"Trail": {"TrailARN": arn, "Name": "main", "IsOrganizationTrail": False, **regions}}
    events = {"IncludeManagementEvents": True, "ReadWriteType": "All", "DataResources": [], **selector}
    return json.dumps(settings) + json.dumps({"TrailARN": arn, "EventSelectors": [events]})


@pytest.mark.parametrize(
    ("regions", "last_used", "settings", "words"),
    [
        (("us-east-1",), "", "", ""),
        (("eu-west-1", "us-east-1"), "ap-south-1", "", ""),
        (("eu-west-1",), "", "", "no record of us-east-1"),
        (("us-east-1",), "eu-west-1", "", "idle was last used in eu-west-1"),
        (("eu-west-1",), "", trail(all_regions=True), ""),
        (("us-east-1",), "", trail(all_regions=False), "trail main records only eu-west-1"),
        (("us-east-1",), "", trail(all_regions=True, ReadWriteType="WriteOnly"), "readOnly"),
    ],
)
def test_logs_without_all_regions_show_nothing_unused(
    regions: tuple[str, ...], last_used: str, settings: str, words: str, tmp_path: Path
) -> None:
    roles = [role("deploy", "repo:octo-org/octo-repo:*"), role("idle", MAIN)]
    if last_used:
        roles[1]["RoleLastUsed"] = {"LastUsedDate": "2026-07-01T00:00:00Z", "Region": last_used}
    records = [
        {**session(day, roles[0]["Arn"], MAIN), "awsRegion": region, "eventID": f"{day}-{region}"}
        for day in days(95)
        for region in regions
    ]
    options = write_world(tmp_path, roles, records)
    if settings:
        (tmp_path / "trails.json").write_text(settings, encoding="utf-8")
        options = (*options, "--trails", str(tmp_path / "trails.json"))
    found = roles_of(*options)
    refusals = [refusal for refusal in found["deploy"]["refusals"] if refusal["kind"] == "regions"]
    assert [words in refusal["message"] for refusal in refusals] == [True] * bool(words)
    assert (found["deploy"]["proposal"] is None) is bool(words)
    unused = [finding for finding in found["idle"]["findings"] if finding["kind"] == "unused"]
    assert (bool(unused), bool(found["idle"]["never_seen"])) == (not words, not words)


def test_one_role_is_shown_in_full(world: tuple[str, ...]) -> None:
    text = lpgen("trust", *world, "--principal", "role/deploy").stdout
    words = " ".join(text.split())
    assert "Who assumed it (1)" in words
    assert "limited: " + PROVIDER in words
    assert "every branch, tag and environment of a repository may assume the role" in words
    assert "role/idle" not in text


def test_markdown_and_html_show_every_role(world: tuple[str, ...], tmp_path: Path) -> None:
    for ending in ("md", "html"):
        page = tmp_path / f"trust.{ending}"
        done = lpgen("trust", *world, "--output", page)
        assert done.stdout == ""
        text = page.read_text(encoding="utf-8")
        assert text.startswith("<!DOCTYPE html>" if ending == "html" else "# 2 roles: ")
        assert all(f"{ACCOUNT} role/{name}" in text for name in ("deploy", "idle"))


def test_sarif_has_a_rule_for_each_kind_and_a_result_for_each_finding(world: tuple[str, ...]) -> None:
    sarif = Sarif.model_validate_json(lpgen("trust", *world, "--format", "sarif").stdout)
    (run,) = sarif.runs
    rules = [rule.id for rule in run.tool.driver.rules or []]
    assert rules == [*(kind.value for kind in TrustFindingKind), "findings-left-out"]
    findings = [finding["kind"] for trust in roles_of(*world).values() for finding in trust["findings"]]
    assert sorted(result.rule_id or "" for result in run.results or []) == sorted(findings)


# ---------------------------------------------------------------- files


def test_decisions_of_the_page_keep_accept_and_leave_out(tmp_path: Path) -> None:
    (text,) = re.findall(r"<!-- file: decisions.toml -->\n```toml\n(.*?)```", TRUST_PAGE.read_text("utf-8"), re.DOTALL)
    (tmp_path / "decisions.toml").write_text(text, encoding="utf-8")
    restore = "repo:octo-org/octo-repo:environment:restore"
    roles = [role("deploy", "repo:octo-org/octo-repo:*", restore), role("emergency/admin", MAIN)]
    options = write_world(tmp_path, roles, [session(day, found["Arn"], MAIN) for day in days(95) for found in roles])
    before, after = roles_of(*options), roles_of(*options, "--decisions", tmp_path / "decisions.toml")
    assert [subjects_of(found["deploy"]["proposal"]) for found in (before, after)] == [MAIN, [restore, MAIN]]
    accepted = {finding["kind"] for finding in after["deploy"]["findings"] if finding["accepted_by"]}
    assert accepted == {"pull-requests"}
    assert [refusal["kind"] for refusal in before["admin"]["refusals"]] == []
    assert [refusal["kind"] for refusal in after["admin"]["refusals"]] == ["emergency"]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(IDS),
        json.dumps({"full_name": "octo-org/octo-repo", "id": 456789, "owner": {"id": 123456, "login": "octo-org"}}),
        json.dumps([{"octo-org/other": {"owner_id": 123456, "repository_id": 1}}]) + json.dumps(IDS),
    ],
    ids=["entries", "answers", "several"],
)
def test_github_ids_add_the_other_format(text: str, world: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "ids.json").write_text(text, encoding="utf-8")
    found = roles_of(*world, "--github-ids", tmp_path / "ids.json")["deploy"]
    assert subjects_of(found["proposal"]) == [MAIN, WITH_IDS]
    assert found["evidence"][0]["added"] == [WITH_IDS]
    shown = lpgen("trust", *world, "--principal", "role/deploy", "--github-ids", tmp_path / "ids.json").stdout
    assert "except the same subjects with ids" in " ".join(shown.split())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not valid JSON"),
        ("7", "is not an object"),
        ('{"octo-org": {}}', "is not a name such as"),
        ('{"octo-org/octo-repo": {"owner_id": 1}}', "`repository_id` must be a number"),
        ('{"octo-org/octo-repo": {"owner_id": "*", "repository_id": 1}}', "`owner_id` must be a number"),
        (json.dumps(IDS) + json.dumps(IDS).replace("456789", "9"), "two different entries"),
        ("[" * 100_000, "is not valid JSON"),
    ],
)
def test_bad_github_ids_are_refused(text: str, message: str, world: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "ids.json").write_text(text, encoding="utf-8")
    done = lpgen("trust", *world, "--github-ids", tmp_path / "ids.json", status=2)
    assert done.stdout == ""
    assert message in done.stderr
    assert "gh api" in done.stderr


def test_provider_that_does_not_exist_is_found_only_with_a_list(world: tuple[str, ...], tmp_path: Path) -> None:
    def missing(*more: object) -> bool:
        found = roles_of(*world, *more)["deploy"]["findings"]
        return "missing-principal" in [finding["kind"] for finding in found]

    lists = {"web": {"OpenIDConnectProviderList": [{"Arn": PROVIDER}]}, "saml": {"SAMLProviderList": []}}
    for name, content in lists.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    web, saml = (("--identity-providers", tmp_path / f"{name}.json") for name in lists)
    assert [missing(), missing(*web, *saml), missing(*saml)] == [False, False, True]


def write_snapshot(data: Path, policies: Path, **files: Any) -> None:
    """Writes a snapshot with these policies and these files of the account, named after their folders. Objects get the
    account."""
    with SnapshotWriter(data, datetime(2026, 9, 30, 12, 0, len(list(data.glob("snapshots/*"))), tzinfo=UTC)) as writer:
        writer.write_json(f"policies/{ACCOUNT}.json", json.loads(policies.read_text(encoding="utf-8")))
        for folder, content in files.items():
            document = {"account": ACCOUNT, **content} if isinstance(content, dict) else content
            writer.write_json(f"{folder.replace('_', '-')}/{ACCOUNT}.json", document)
        writer.finish((), (), about={})


def test_quotas_come_from_the_snapshot(world: tuple[str, ...], tmp_path: Path) -> None:
    _, policies, _, data = world
    shutil.copytree(data, tmp_path / "data")
    for quota, expected in ((100, ["too-large"]), (4_096, [])):
        quotas = {"SummaryMap": {"AssumeRolePolicySizeQuota": quota}}
        write_snapshot(tmp_path / "data", Path(policies), account_summaries=quotas)
        found = roles_of("--data", tmp_path / "data")["deploy"]
        assert [refusal["kind"] for refusal in found["refusals"]] == expected


def test_identity_providers_come_from_the_snapshot_unless_a_file_lists_them(
    world: tuple[str, ...], tmp_path: Path
) -> None:
    def missing(*more: object) -> bool:
        found = roles_of("--data", tmp_path, *more)["deploy"]["findings"]
        return "missing-principal" in [finding["kind"] for finding in found]

    listed = {"OpenIDConnectProviderList": [{"Arn": PROVIDER}], "SAMLProviderList": []}
    (tmp_path / "listed.json").write_text(json.dumps(listed), encoding="utf-8")
    expected = []
    known: list[dict[str, Json]] = [
        {},
        {"identity_providers": listed},
        {"identity_providers": {"SAMLProviderList": []}},
    ]
    for providers in known:
        write_snapshot(tmp_path, Path(world[1]), **providers)
        expected.append(missing())
    assert expected == [False, False, True]
    assert not missing("--identity-providers", tmp_path / "listed.json")


def test_pods_are_limited_to_those_of_records_and_of_the_snapshots_associations(tmp_path: Path) -> None:
    pods = {"Effect": "Allow", "Principal": {"Service": "pods.eks.amazonaws.com"}, "Action": "sts:*"}
    orders = role("orders") | {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [pods]}}
    tags = {
        "eks-cluster-arn": f"arn:aws:eks:us-east-1:{ACCOUNT}:cluster/main",
        "kubernetes-namespace": "shop",
        "kubernetes-service-account": "orders",
    }
    pairs = [{"key": key, "value": value} for key, value in {**tags, "kubernetes-pod-uid": "1"}.items()]
    asked = {"roleArn": orders["Arn"], "roleSessionName": "eks-main-orders-1", "tags": pairs}
    service = {"type": "AWSService", "invokedBy": "pods.eks.amazonaws.com"}
    records = [
        {**session(day, orders["Arn"], MAIN), "eventName": "AssumeRole", "userIdentity": service}
        | {"requestParameters": asked, "responseElements": {"assumedRoleUser": {"assumedRoleId": "AROAX:eks"}}}
        for day in days(100)
    ]
    policies = write_world(tmp_path, [orders], records)[1]
    association = {"arn": f"arn:aws:eks:us-east-1:{ACCOUNT}:podidentityassociation/main/a-1", "role": orders["Arn"]}
    found = []
    for compute in ([], [association], [{**association, "tags": tags}]):
        write_snapshot(tmp_path / "data", Path(policies), compute=compute)
        found.append(roles_of("--data", tmp_path / "data")["orders"]["proposal"])
    assert found[:2] == [None, None]
    (statement,) = found[2]["Statement"]
    assert statement["Condition"] == {"StringEquals": {f"aws:RequestTag/{tag}": value for tag, value in tags.items()}}


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"OpenIDConnectProviderList": [{}]}'])
def test_bad_identity_providers_are_refused(text: str, world: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "providers.json").write_text(text, encoding="utf-8")
    done = lpgen("trust", *world, "--identity-providers", tmp_path / "providers.json", status=3)
    assert done.stdout == ""
    assert "providers.json" in done.stderr


@pytest.mark.parametrize(("option", "status"), [("--github-ids", 2), ("--identity-providers", 3), ("--policies", 3)])
def test_missing_file_is_named(option: str, status: int, world: tuple[str, ...], tmp_path: Path) -> None:
    done = lpgen("trust", *world, option, tmp_path / "gone.json", status=status)
    assert "gone.json" in done.stderr


def test_name_without_a_role_is_refused(world: tuple[str, ...]) -> None:
    done = lpgen("trust", *world, "--principal", "role/nobody", status=2)
    assert (done.stdout, "no role matches `role/nobody`" in done.stderr) == ("", True)


def test_command_without_inputs_says_what_to_give() -> None:
    assert "--policies" in lpgen("trust", status=2).stderr


# ---------------------------------------------------------------- texts of others


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """Roles and conditions with hostile names, and hostile subjects that a role let in or refused."""
    roles = [role(f"deploy{number}", f"repo:octo-org/{text}:*") for number, text in enumerate(HOSTILE)]
    roles += [{**role(text, MAIN), "RoleName": text} for text in HOSTILE if "/" not in text]
    roles.append(role("open", "repo:*"))
    open_role = roles[-1]["Arn"]
    records = [session(day, open_role, MAIN) for day in days(95)]
    for text in HOSTILE:
        records.append(session(date(2026, 6, 2), open_role, f"repo:octo-org/octo-repo:environment:{text}"))
        records.append(session(date(2026, 6, 3), open_role, f"repo:{text}", error="AccessDenied"))
    return write_world(tmp_path_factory.mktemp("hostile"), roles, records)


def test_hostile_texts_do_nothing_to_a_terminal(hostile: tuple[str, ...]) -> None:
    for options in ((), ("--principal", "role/open"), ("--principal", "role/deploy0")):
        done = lpgen("trust", *hostile, *options)
        check_terminal_text(done.stdout, 80, color=False)
        assert all(line.isprintable() for line in done.stderr.splitlines())


def test_hostile_texts_do_nothing_to_pages(hostile: tuple[str, ...]) -> None:
    check_markdown(lpgen("trust", *hostile, "--format", "markdown").stdout)
    page = PageReader(lpgen("trust", *hostile, "--format", "html").stdout)
    assert not page.tags & {"script", "img", "a", "iframe", "form"}
    assert not [name for name in page.attributes if name.startswith("on")]


def test_hostile_texts_stay_data_in_json_and_sarif(hostile: tuple[str, ...]) -> None:
    text = lpgen("trust", *hostile, "--format", "json").stdout
    assert text.isascii()
    subjects = {caller["subject"] for caller in roles_of(*hostile)["open"]["assumed_by"]}
    assert f"repo:octo-org/octo-repo:environment:{HOSTILE[5]}" in subjects
    assert lpgen("trust", *hostile, "--format", "sarif").stdout.isascii()

"""Snapshots over HTTP: an organization of three accounts on moto's server, behind a proxy that refuses and records.

moto takes every call of every caller for allowed; what IAM would refuse, the proxy refuses.
"""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from lpgen.cli import main
from lpgen.core.choices import Duty
from lpgen.core.events.event_map import EventMap
from lpgen.core.events.records import Record
from lpgen.core.model import Resource, ResourceKind, Snapshot
from lpgen.core.own_permissions import own_policies
from lpgen.core.policies.authorize import decide
from lpgen.core.policies.decision import Request, Result
from lpgen.core.policies.policy import policy_from_json
from lpgen.core.policies.policy_set import PolicySet
from lpgen.core.snapshots import Gap, SnapshotStamp, Subject
from lpgen.edge.aws_session import AwsSession, Connection, open_session
from lpgen.edge.catalog_files import open_catalog
from lpgen.edge.guard_files import read_guards
from lpgen.edge.iam_snapshot import read_snapshot
from lpgen.edge.last_accessed import read_last_accessed
from lpgen.edge.resource_tags import read_resource_tags
from lpgen.edge.snapshot_account import Wanted
from lpgen.edge.snapshot_fetch import take_snapshot
from lpgen.edge.snapshot_folder import TakenSnapshot, find_snapshot, open_snapshot
from lpgen.edge.trail_settings import read_trails
from lpgen.errors import AwsError, SnapshotError
from tests.aws_organization import (
    BUCKET_POLICY,
    MANAGEMENT,
    QUEUE_POLICY,
    QUEUE_TAGS,
    RCP,
    ROLE,
    SCP,
    UNIT_SCP,
    Organization,
    answer_last_accessed,
    document,
    make_organization,
    statement,
)
from tests.aws_proxy import DENIED, THROTTLED, Answer, AwsProxy, Call, Cut, Failure, Reply, aws_proxy
from tests.aws_servers import ACCESS_KEY, SECRET_KEY, moto_server

NOW = datetime(2026, 9, 30, 12, 0, 5, tzinfo=UTC)
FULL = document(statement("*"))
FULL_RCP = document(statement("*", Principal="*"))
EVERYTHING = Wanted(role=ROLE, resource_policies=True, resource_tags=True, regions=("us-east-1", "eu-west-1"))
LITTLE = Wanted(role=ROLE, last_accessed=False)


@pytest.fixture(scope="module")
def organization() -> Iterator[Organization]:
    with moto_server() as server:
        yield make_organization(server)


@pytest.fixture(scope="module")
def shared_proxy(organization: Organization) -> Iterator[AwsProxy]:
    with aws_proxy(organization.server, MANAGEMENT) as proxy:
        yield proxy


@pytest.fixture(autouse=True)
def proxy(shared_proxy: AwsProxy, monkeypatch: pytest.MonkeyPatch) -> AwsProxy:
    """The proxy in front of the organization, as AWS for the test, and without a memory of earlier ones."""
    for name, value in shared_proxy.server.environment.items():
        monkeypatch.setenv(name, value)
    shared_proxy.calls.clear()
    shared_proxy.reply = answer_last_accessed
    return shared_proxy


def refuse(*operations: str, reply: Reply = DENIED, account: str = "") -> Callable[[Call], Reply]:
    """Refuses some operations, of one account or all, and answers the others."""

    def answer(call: Call) -> Reply:
        refused = call.operation in operations and account in ("", call.account)
        return reply if refused else answer_last_accessed(call)

    return answer


def once(operation: str, reply: Reply) -> Callable[[Call], Reply]:
    """Answers the first call of an operation so, and all others as they are."""
    return lambda call: reply if (call.operation, call.number) == (operation, 1) else answer_last_accessed(call)


def session() -> AwsSession:
    return open_session(Connection())


def take(data: Path, wanted: Wanted = LITTLE) -> SnapshotStamp:
    return take_snapshot(session(), wanted, data, now=NOW, say=lambda _: None)


def opened(data: Path) -> TakenSnapshot:
    folder = find_snapshot(data)
    assert folder is not None
    return open_snapshot(folder)


def gaps_of(stamp: SnapshotStamp) -> set[tuple[str, Subject]]:
    return {(gap.account, gap.subject) for gap in stamp.gaps}


# ---------------------------------------------------------------- what a snapshot holds


def as_the_api_says(organization: Organization, folder: Path) -> Snapshot:
    """The principals as read from what the API answers, put into files without any of lpgen's code."""
    for account in organization.accounts:
        answer = organization.client("iam", account).get_account_authorization_details()
        (folder / f"{account}.json").write_text(json.dumps(answer, default=str), encoding="utf-8")
    return replace(read_snapshot([folder]), sources=())


def test_the_readers_find_in_a_snapshot_what_the_api_says(
    organization: Organization, proxy: AwsProxy, tmp_path: Path
) -> None:
    stamp = take(tmp_path / "data", EVERYTHING)
    assert stamp.gaps == ()
    assert [(one.account, one.roles, one.users) for one in stamp.accounts] == sorted(
        (account, 3 if account == MANAGEMENT else 4, 1) for account in organization.accounts
    )
    snapshot = opened(tmp_path / "data")
    assert snapshot.stamp == stamp
    (tmp_path / "api").mkdir()
    found = replace(read_snapshot(snapshot.policies), sources=())
    assert found == as_the_api_says(organization, tmp_path / "api")
    assert found.problems == ()
    tagged = next(one for one in found.principals if one.arn == f"arn:aws:iam::{MANAGEMENT}:role/team/app-2")
    assert tagged.tags == (("team", "ünï 2"),)
    assert tagged.instance_profiles == (f"arn:aws:iam::{MANAGEMENT}:instance-profile/app-2",)
    assert proxy.operations(MANAGEMENT).count("GetAccountAuthorizationDetails") == 1


def test_scps_and_rcps_stand_by_level_and_leave_the_management_account_alone(
    organization: Organization, tmp_path: Path
) -> None:
    take(tmp_path)
    snapshot = opened(tmp_path)
    for path, full, at_root, at_unit in (
        (snapshot.scps, FULL, [FULL, SCP], [UNIT_SCP]),
        (snapshot.rcps, FULL_RCP, [FULL_RCP], [FULL_RCP, RCP]),
    ):
        assert path is not None
        levels = json.loads(path.read_text(encoding="utf-8"))
        assert sorted(levels) == list(organization.accounts)
        assert levels[MANAGEMENT] == []
        found = [by_text(level) for level in levels[organization.in_unit]]
        assert found == [by_text(at_root), by_text(at_unit), [full]]
        assert [by_text(level) for level in levels[organization.below_root]] == [by_text(at_root), [full]]
    tree = json.loads((snapshot.folder / "organization.json").read_text(encoding="utf-8"))
    targets = {one["name"]: (one["type"], one["targets"]) for one in tree["policies"]}
    for kind, target in (
        ("SERVICE_CONTROL_POLICY", organization.root),
        ("SERVICE_CONTROL_POLICY", organization.unit),
        ("RESOURCE_CONTROL_POLICY", organization.unit),
    ):
        assert targets[f"{kind}-{target}"] == (kind, [target])
    guards = read_guards(None, snapshot.scps, None)
    assert {one.account: len(one.levels) for one in guards.scps} == {
        MANAGEMENT: 0,
        organization.in_unit: 3,
        organization.below_root: 2,
    }


def by_text(policies: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(policies, key=json.dumps)


def test_no_levels_stand_where_a_kind_of_policy_is_switched_off(organization: Organization, tmp_path: Path) -> None:
    kind = {"RootId": organization.root, "PolicyType": "RESOURCE_CONTROL_POLICY"}
    organization.client("organizations").disable_policy_type(**kind)
    try:
        take(tmp_path)
    finally:
        organization.client("organizations").enable_policy_type(**kind)
    snapshot = opened(tmp_path)
    assert snapshot.scps is not None
    assert snapshot.rcps is not None
    assert json.loads(snapshot.rcps.read_text(encoding="utf-8")) == {one: [] for one in organization.accounts}
    assert json.loads(snapshot.scps.read_text(encoding="utf-8"))[organization.in_unit] != []


def test_trails_of_all_regions_stand_with_selectors_and_status(tmp_path: Path) -> None:
    take(tmp_path)
    trails = {one.name: one for one in read_trails(opened(tmp_path).trails)}
    assert {name: (one.home_region, one.multi_region, one.logging) for name, one in trails.items()} == {
        "organization": ("us-east-1", True, True),
        "stopped": ("eu-west-1", True, False),
    }
    assert [one.category for one in trails["organization"].selectors] == ["Data", "Management"]


def test_last_accessed_reports_stand_whole_for_every_role_and_user(proxy: AwsProxy, tmp_path: Path) -> None:
    take(tmp_path, Wanted())
    folder = opened(tmp_path).last_accessed
    assert folder is not None
    reports, problems = read_last_accessed(folder)
    assert problems == ()
    assert {one.arn for one in reports} == {
        f"arn:aws:iam::{MANAGEMENT}:{name}"
        for name in ("role/team/app-0", "role/team/app-1", "role/team/app-2", "user/ann")
    }
    for report in reports:
        assert report.entity == report.arn
        assert [(one.service, one.last, one.actions) for one in report.services] == [
            ("s3", date(2026, 8, 1), (("getobject", date(2026, 8, 1)),)),
            ("sqs", None, ()),
        ]
    assert proxy.operations().count("GenerateServiceLastAccessedDetails") == len(reports)


def test_resource_policies_stand_with_their_owner_and_only_where_there_is_one(tmp_path: Path) -> None:
    take(tmp_path, replace(EVERYTHING, role="", last_accessed=False))
    guards = read_guards(None, None, opened(tmp_path).resource_policies)
    found = {one.resource.split(":")[2]: one for one in guards.resource_policies}
    assert sorted(found) == ["ecr", "kms", "s3", "secretsmanager", "sns", "sqs"]
    assert len(guards.resource_policies) == 6
    assert {one.account for one in found.values()} == {MANAGEMENT}
    assert found["s3"].resource == "arn:aws:s3:::lpgen-logs"
    assert found["sqs"].resource == f"arn:aws:sqs:eu-west-1:{MANAGEMENT}:lpgen-queue"
    for service, policy in (("s3", BUCKET_POLICY), ("sqs", QUEUE_POLICY)):
        assert found[service].policy == policy_from_json(policy, place="")


def test_resource_tags_stand_by_region_and_tell_an_explanation_what_a_condition_turns_on(tmp_path: Path) -> None:
    queue = f"arn:aws:sqs:eu-west-1:{MANAGEMENT}:lpgen-queue"
    take(tmp_path, replace(EVERYTHING, role="", resource_policies=False, last_accessed=False))
    files = opened(tmp_path).resource_tags
    assert [path.name for path in files] == [f"{MANAGEMENT}-eu-west-1.json"]
    assert read_resource_tags(files, queue) == QUEUE_TAGS
    assert read_resource_tags(files, f"{queue}-2") == {}
    policies, logs = tmp_path / "policies.json", tmp_path / "logs.json"
    logs.write_text('{"Records": []}', encoding="utf-8")
    lpgen("ingest", str(logs), "--data", str(tmp_path))
    for team, result in (("orders", "Allowed"), ("billing", "ImplicitlyDenied")):
        wanted = statement("sqs:SendMessage", Condition={"StringEquals": {"aws:ResourceTag/team": team}})
        policies.write_text(details_of_role(document(wanted)), encoding="utf-8")
        asked = ("explain", "tagger", "sqs:SendMessage", queue, "--policies", str(policies), "--format", "json")
        assert json.loads(lpgen(*asked).stdout)["result"] == "Depends"
        assert json.loads(lpgen(*asked, "--data", str(tmp_path)).stdout)["result"] == result


def details_of_role(policy: dict[str, Any]) -> str:
    """Authorization details with the one role `tagger`."""
    role = {
        "Path": "/", "RoleName": "tagger", "RoleId": "AROATAGGER", "Arn": f"arn:aws:iam::{MANAGEMENT}:role/tagger",
        "CreateDate": "2026-01-01T00:00:00Z", "AssumeRolePolicyDocument": document(), "InstanceProfileList": [],
        "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": policy}], "AttachedManagedPolicies": [], "Tags": [],
    }  # fmt: skip
    return json.dumps({"RoleDetailList": [role]})


def test_no_secret_is_stored_or_said(tmp_path: Path) -> None:
    done = lpgen(
        "snapshot",
        "--data",
        str(tmp_path),
        "--assume-role",
        ROLE,
        "--resource-policies",
        "--region",
        "us-east-1",
    )
    written = "".join(path.read_text(encoding="utf-8") for path in tmp_path.rglob("*") if path.is_file())
    assert "app-0" in written
    for secret in (SECRET_KEY, ACCESS_KEY, "never-to-be-read", "ASIA"):
        assert secret not in written + done.stdout + done.stderr


# ---------------------------------------------------------------- gaps


def test_an_account_that_refuses_is_a_gap_and_the_rest_is_kept(
    organization: Organization, proxy: AwsProxy, tmp_path: Path
) -> None:
    def answer(call: Call) -> Reply:
        refused = call.operation == "AssumeRole" and organization.in_unit in call.parameters["RoleArn"]
        return DENIED if refused else answer_last_accessed(call)

    proxy.reply = answer
    stamp = take(tmp_path, replace(EVERYTHING, regions=("us-east-1",)))
    assert [(gap.account, gap.subject) for gap in stamp.gaps] == [(organization.in_unit, Subject.ACCOUNT)]
    assert "AccessDenied" in stamp.gaps[0].reason
    assert {one.account for one in stamp.accounts} == {MANAGEMENT, organization.below_root}
    snapshot = opened(tmp_path)
    assert snapshot.stamp.gaps == stamp.gaps
    assert {one.account for one in read_snapshot(snapshot.policies).principals} == {MANAGEMENT, organization.below_root}
    assert read_guards(None, snapshot.scps, None).scps[1 if organization.in_unit > MANAGEMENT else 0].levels is not None


@pytest.mark.parametrize(
    ("operation", "subject"),
    [
        ("ListTrails", Subject.TRAILS),
        ("GetTrailStatus", Subject.TRAILS),
        ("GenerateServiceLastAccessedDetails", Subject.LAST_ACCESSED),
        ("DescribeOrganization", Subject.ORGANIZATION),
        ("ListRoots", Subject.ORGANIZATION),
        ("ListQueues", Subject.RESOURCE_POLICIES),
        ("GetKeyPolicy", Subject.RESOURCE_POLICIES),
        ("GetBucketPolicy", Subject.RESOURCE_POLICIES),
        ("GetResources", Subject.RESOURCE_TAGS),
    ],
)
def test_a_refused_call_is_one_gap_and_the_rest_is_kept(
    proxy: AwsProxy, tmp_path: Path, operation: str, subject: Subject
) -> None:
    proxy.reply = refuse(operation, reply=replace(DENIED, code="AccessDeniedException"))
    stamp = take(tmp_path, replace(EVERYTHING, role=""))
    account = "" if subject is Subject.ORGANIZATION else MANAGEMENT
    assert [(gap.account, gap.subject) for gap in stamp.gaps] == [(account, subject)] * len(stamp.gaps)
    assert len(stamp.gaps) == 1
    assert len(read_snapshot(opened(tmp_path).policies).principals) == 4


def test_scps_that_lack_a_document_are_left_out_as_a_whole(proxy: AwsProxy, tmp_path: Path) -> None:
    proxy.reply = refuse("DescribePolicy", reply=replace(DENIED, code="AccessDeniedException"))
    assert gaps_of(take(tmp_path)) == {("", Subject.SCPS), ("", Subject.RCPS)}
    assert opened(tmp_path).scps is None


def test_after_the_first_refusal_no_further_report_is_asked_for(proxy: AwsProxy, tmp_path: Path) -> None:
    proxy.reply = refuse("GenerateServiceLastAccessedDetails")
    take(tmp_path, Wanted())
    assert proxy.operations().count("GenerateServiceLastAccessedDetails") == 1
    assert opened(tmp_path).last_accessed is None


def test_a_report_that_iam_fails_to_make_is_a_gap_of_that_principal(proxy: AwsProxy, tmp_path: Path) -> None:
    def answer(call: Call) -> Reply:
        if call.operation == "GenerateServiceLastAccessedDetails" and call.parameters["Arn"].endswith("/app-1"):
            return Failure("NoSuchEntity", "it is gone", 404)
        return answer_last_accessed(call)

    proxy.reply = answer
    stamp = take(tmp_path, Wanted())
    assert [(gap.place, gap.subject) for gap in stamp.gaps] == [
        (f"arn:aws:iam::{MANAGEMENT}:role/team/app-1", Subject.LAST_ACCESSED)
    ]
    folder = opened(tmp_path).last_accessed
    assert folder is not None
    assert len(read_last_accessed(folder)[0]) == 3


def test_a_service_without_an_endpoint_in_a_region_is_a_gap(tmp_path: Path) -> None:
    stamp = take(tmp_path, Wanted(regions=("xx-nowhere-1", "us-east-1"), resource_policies=True, last_accessed=False))
    assert gaps_of(stamp) == {(MANAGEMENT, Subject.RESOURCE_POLICIES)}
    assert [gap.place for gap in stamp.gaps] == [
        f"{service} in xx-nowhere-1" for service in ("ecr", "kms", "lambda", "secretsmanager", "sns", "sqs")
    ]
    assert all("knows no endpoint" in gap.reason for gap in stamp.gaps)


def test_without_organization_or_other_accounts_the_own_account_is_read(proxy: AwsProxy, tmp_path: Path) -> None:
    proxy.reply = refuse("DescribeOrganization", reply=Failure("AWSOrganizationsNotInUseException"))
    stamp = take(tmp_path)
    assert stamp.gaps == ()
    assert [one.account for one in stamp.accounts] == [MANAGEMENT]
    scps = opened(tmp_path).scps
    assert scps is not None
    assert json.loads(scps.read_text(encoding="utf-8")) == {MANAGEMENT: []}


def test_listed_accounts_alone_are_read(organization: Organization, tmp_path: Path) -> None:
    stamp = take(tmp_path, replace(LITTLE, accounts=(organization.in_unit,)))
    assert [(one.account, one.name) for one in stamp.accounts] == [(organization.in_unit, "workload")]
    assert stamp.gaps == ()


def test_without_any_account_there_is_no_snapshot(proxy: AwsProxy, tmp_path: Path) -> None:
    proxy.reply = refuse("GetAccountAuthorizationDetails")
    with pytest.raises(SnapshotError, match=r"no account's policies could be read.*AccessDenied"):
        take(tmp_path)
    assert find_snapshot(tmp_path) is None
    assert list((tmp_path / "snapshots").iterdir()) == []


# ---------------------------------------------------------------- trouble on the way


@pytest.mark.parametrize(
    ("operation", "reply"),
    [
        ("GetServiceLastAccessedDetails", THROTTLED),
        ("GetAccountAuthorizationDetails", Failure("InternalFailure", status=500)),
        ("GetAccountAuthorizationDetails", Cut()),
        ("ListAccountsForParent", Cut()),
        ("GetTrail", Cut()),
    ],
)
def test_a_passing_failure_loses_nothing(proxy: AwsProxy, tmp_path: Path, operation: str, reply: Reply) -> None:
    proxy.reply = once(operation, reply)
    stamp = take(tmp_path, Wanted())
    assert stamp.gaps == ()
    assert proxy.operations().count(operation) >= 2
    assert len(read_snapshot(opened(tmp_path).policies).principals) == 4


def test_invalid_credentials_are_said_in_words(proxy: AwsProxy, tmp_path: Path) -> None:
    proxy.reply = refuse("GetCallerIdentity", reply=Failure("ExpiredToken", "The security token is expired", 403))
    with pytest.raises(AwsError, match="can't find out whose credentials these are: `ExpiredToken") as caught:
        take(tmp_path)
    assert "log in again" in caught.value.hint
    assert not (tmp_path / "snapshots").exists()


def test_a_profile_that_does_not_exist_is_said_in_words() -> None:
    with pytest.raises(AwsError, match="nobody"):
        open_session(Connection(profile="nobody"))


def test_credentials_of_a_role_are_renewed_before_they_end(organization: Organization, proxy: AwsProxy) -> None:
    other = session().assume_role(f"arn:aws:iam::{organization.in_unit}:role/{ROLE}")
    held = other.boto.get_credentials()
    held._expiry_time = datetime.now(UTC)
    assert other.caller().account == organization.in_unit
    assert proxy.operations().count("AssumeRole") == 2


def test_the_endpoint_of_the_command_line_counts(
    proxy: AwsProxy, monkeypatch: pytest.MonkeyPatch, organization: Organization
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    opened = open_session(Connection(endpoint_url=proxy.server.url, region="eu-west-3"))
    assert (
        opened.assume_role(f"arn:aws:iam::{organization.in_unit}:role/{ROLE}").caller().account == organization.in_unit
    )
    assert proxy.operations() == ["AssumeRole", "GetCallerIdentity"]
    assert {call.region for call in proxy.calls} == {"eu-west-3"}


# ---------------------------------------------------------------- the permissions that lpgen prints


def test_what_a_snapshot_calls_is_what_iam_policy_prints(proxy: AwsProxy, tmp_path: Path) -> None:
    """Nothing that it calls is outside, and nothing that is printed is for nothing. The map of events says which
    action a call needs."""
    proxy.reply = answer_two_regions
    assert take(tmp_path, replace(EVERYTHING, regions=())).gaps == ()
    printed = own_policies(bucket="logs", role=ROLE, caller=f"arn:aws:iam::{MANAGEMENT}:role/lpgen")
    event_map = EventMap(open_catalog(None))
    used: dict[Duty, set[str]] = {Duty.SNAPSHOT: set(), Duty.MEMBER_ROLE: set()}
    for call in proxy.calls:
        duty = Duty.SNAPSHOT if call.account == MANAGEMENT else Duty.MEMBER_ROLE
        actions = needed_by(call, event_map)
        used[duty] |= actions
        assert actions or call.operation == "GetCallerIdentity"
        for action in actions:
            resource = call.parameters["RoleArn"] if action == "sts:AssumeRole" else "arn:aws:x:::any"
            assert allows(printed[duty], action, resource), f"{duty}: {action}"
    for duty, actions in used.items():
        listed = {one for entry in printed[duty]["Statement"] for one in entry["Action"]}
        assert listed - actions == ({"lambda:GetPolicy"} if duty is Duty.SNAPSHOT else LIST_ONLY)


def answer_two_regions(call: Call) -> Reply:
    """moto switches on all Regions there are; two are enough."""
    if call.operation == "DescribeRegions":
        items = "".join(f"<item><regionName>{one}</regionName></item>" for one in ("us-east-1", "eu-west-1"))
        return Answer(200, f"<DescribeRegionsResponse><regionInfo>{items}</regionInfo></DescribeRegionsResponse>")
    return answer_last_accessed(call)


LIST_ONLY = {
    "cloudtrail:GetEventSelectors",
    "cloudtrail:GetTrail",
    "cloudtrail:GetTrailStatus",
    "ecr:GetRepositoryPolicy",
    "kms:GetKeyPolicy",
    "lambda:GetPolicy",
    "s3:GetBucketPolicy",
    "secretsmanager:GetResourcePolicy",
    "sns:GetTopicAttributes",
    "sqs:GetQueueAttributes",
}
"""What accounts without such resources are not asked."""


def needed_by(call: Call, event_map: EventMap) -> set[str]:
    names = {"ListFunctions": "ListFunctions20150331", "GetPolicy": "GetPolicy20150331v2"}
    name = names.get(call.operation, call.operation) if call.service == "lambda" else call.operation
    record = Record(eventSource=f"{call.service}.amazonaws.com", eventName=name)
    return {str(one.action) for one in event_map.map_record(record).actions}


def allows(policy: dict[str, Any], action: str, resource: str) -> bool:
    request = Request(f"arn:aws:iam::{MANAGEMENT}:role/lpgen", action, Resource(ResourceKind.ARN, resource), {})
    held = PolicySet(identity=(policy_from_json(policy, place=""),))
    return decide(request, held).result is Result.ALLOWED


# ---------------------------------------------------------------- the command


@dataclass(frozen=True, slots=True)
class Done:
    """What a command wrote."""

    stdout: str
    stderr: str


def lpgen(*arguments: str, status: int = 0) -> Done:
    """Runs the command line in this process, against the proxy."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["lpgen", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
    assert (left.value.code or 0) == status, err.getvalue() + out.getvalue()
    return Done(out.getvalue(), err.getvalue())


def test_the_command_says_its_gaps_and_fails_on_them_only_when_strict(proxy: AwsProxy, tmp_path: Path) -> None:
    proxy.reply = refuse("ListTrails", reply=replace(DENIED, code="AccessDeniedException"))
    wanted = ("snapshot", "--data", str(tmp_path), "--no-last-accessed")
    done = lpgen(*wanted)
    assert done.stdout == ""
    assert f"trails ({MANAGEMENT}): can't list the trails: `AccessDeniedException: User: someone" in done.stderr
    time.sleep(1)  # a snapshot is named after its second
    assert "can't list the trails" in lpgen(*wanted, "--strict", status=3).stderr
    assert len(list((tmp_path / "snapshots").iterdir())) == 2


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--accounts", "111122223333"], "--accounts takes --assume-role"),
        (["--assume-role", "x", "--accounts", "all,12"], "`all` is no account id"),
    ],
)
def test_accounts_that_make_no_sense_exit_with_2(proxy: AwsProxy, tmp_path: Path, more: list[str], said: str) -> None:
    assert said in lpgen("snapshot", "--data", str(tmp_path), *more, status=2).stderr
    assert proxy.calls == []


def test_a_review_stands_on_the_newest_snapshot_and_names_its_date_and_gaps(
    organization: Organization, proxy: AwsProxy, tmp_path: Path
) -> None:
    data, logs = tmp_path / "data", tmp_path / "logs.json"
    logs.write_text(json.dumps({"Records": [record(organization)]}), encoding="utf-8")
    lpgen("ingest", str(logs), "--data", str(data))
    lpgen("review", "--data", str(data), status=2)
    proxy.reply = refuse(
        "ListTrails", reply=replace(DENIED, code="AccessDeniedException"), account=organization.in_unit
    )
    stamp = take(data, replace(EVERYTHING, regions=("us-east-1", "eu-west-1")))
    (gap,) = stamp.gaps
    proxy.calls.clear()
    done = lpgen("review", "--data", str(data), "--format", "json")
    report = json.loads(done.stdout)
    assert report["snapshot"]["name"] == stamp.name == "2026-09-30T12-00-05Z"
    assert report["snapshot"]["taken"] == "2026-09-30T12:00:05+00:00"
    assert report["snapshot"]["used"] == ["policies", "trails", "last accessed", "scps", "resource policies"]
    assert [one["reason"] for one in report["snapshot"]["gaps"]] == [gap.reason]
    assert report["problems"] == [f"snapshot {stamp.name}: {gap}"]
    assert report["guards"]["scp_levels"] == {MANAGEMENT: 0, organization.in_unit: 3, organization.below_root: 2}
    assert len(report["principals"]) == 14
    assert stamp.name in done.stderr
    assert gap.reason in done.stderr
    text = lpgen("review", "--data", str(data)).stdout
    assert "taken 2026-09-30 12:00 UTC, 3 accounts" in " ".join(text.split())
    out = tmp_path / "out"
    lpgen("generate", "--data", str(data), "--output", str(out))
    lpgen("verify", str(out), "--data", str(data))
    asked = (
        "explain",
        f"arn:aws:iam::{organization.in_unit}:role/team/app-0",
        "ec2:DescribeInstances",
        "--data",
        str(data),
    )
    assert json.loads(lpgen(*asked, "--format", "json").stdout)["result"] == "ImplicitlyDenied"
    lpgen(*asked, "--snapshot", "2026-09-30")
    assert "has no snapshot" in lpgen(*asked, "--snapshot", "2025", status=3).stderr
    assert "--policies" in lpgen(*asked, "--snapshot", "none", status=2).stderr
    assert proxy.calls == []  # only a snapshot asks AWS


def record(organization: Organization) -> dict[str, Any]:
    """One record of a role of the member in the unit, made after the role."""
    account = organization.in_unit
    role = organization.client("iam", account).get_role(RoleName="app-0")["Role"]
    issuer = {"type": "Role", "principalId": role["RoleId"], "arn": role["Arn"], "accountId": account}
    return {
        "eventVersion": "1.08",
        "eventID": "e-1",
        "eventTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": "sqs.amazonaws.com",
        "eventName": "ListQueues",
        "eventType": "AwsApiCall",
        "eventCategory": "Management",
        "awsRegion": "us-east-1",
        "recipientAccountId": account,
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": f"{role['RoleId']}:session",
            "arn": f"arn:aws:sts::{account}:assumed-role/app-0/session",
            "accountId": account,
            "sessionContext": {"sessionIssuer": issuer},
        },
    }


def test_gap_type_is_read_back_as_written() -> None:
    assert str(Gap("111122223333", Subject.TRAILS, "us-east-1", "why")) == "trails (us-east-1 of 111122223333): why"

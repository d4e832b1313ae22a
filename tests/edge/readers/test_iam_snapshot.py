"""Authorization details: every form that people have is read, and what is missing or broken is named."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import AttachedPolicy, PolicyKind, PrincipalKind, SnapshotProblemKind
from lpgen.edge.readers.iam_snapshot import read_snapshot
from lpgen.errors import SnapshotError
from tests.support.law_examples import examples

ACCOUNT = "111122223333"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
LIMIT = f"arn:aws:iam::{ACCOUNT}:policy/team/Limit"


def document(action: str) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}


def role(name: str = "app", **fields: Any) -> dict[str, Any]:
    return {
        "Path": "/service/",
        "RoleName": name,
        "RoleId": f"AROA{name.upper()}",
        "Arn": f"arn:aws:iam::{ACCOUNT}:role/service/{name}",
        "CreateDate": "2024-03-01T12:00:00+02:00",
        "AssumeRolePolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        },
        "InstanceProfileList": [],
        "RolePolicyList": [],
        "AttachedManagedPolicies": [],
        "Tags": [],
        "RoleLastUsed": {},
        **fields,
    }


def user(name: str, *, account: str = ACCOUNT, **fields: Any) -> dict[str, Any]:
    arn = f"arn:aws:iam::{account}:user/{name}"
    return {"Path": "/", "UserName": name, "UserId": f"AIDA{name.upper()}", "Arn": arn, **fields}


def managed(arn: str, *actions: str, default: int = 0) -> dict[str, Any]:
    """A managed policy with one version per action, of which one is in force."""
    versions = [
        {
            "Document": document(action),
            "VersionId": f"v{index + 1}",
            "IsDefaultVersion": index == default,
            "CreateDate": f"2025-01-0{index + 1}T00:00:00Z",
        }
        for index, action in enumerate(actions)
    ]
    name = arn.rpartition("/")[2]
    return {"PolicyName": name, "Arn": arn, "DefaultVersionId": f"v{default + 1}", "PolicyVersionList": versions}


def page(**lists: Any) -> dict[str, Any]:
    return {"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": [], **lists}


def write(folder: Path, content: Any, name: str = "auth.json") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def actions_of(policy: AttachedPolicy) -> list[str]:
    assert policy.document is not None
    return [pattern for statement in policy.document.statements for pattern in statement.patterns]


def test_role_is_read_whole(tmp_path: Path) -> None:
    written = role(
        RolePolicyList=[
            {"PolicyName": "b", "PolicyDocument": document("s3:GetObject")},
            {"PolicyName": "a", "PolicyDocument": document("sqs:SendMessage")},
        ],
        AttachedManagedPolicies=[
            {"PolicyName": "ReadOnlyAccess", "PolicyArn": READ_ONLY},
            {"PolicyName": "Limit", "PolicyArn": LIMIT},
        ],
        PermissionsBoundary={"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": LIMIT},
        InstanceProfileList=[
            {"Arn": "arn:aws:iam::111122223333:instance-profile/z", "Roles": []},
            {"Arn": "arn:aws:iam::x:y"},
        ],
        RoleLastUsed={"LastUsedDate": "2026-01-02T03:04:05Z", "Region": "us-east-1"},
        Tags=[{"Key": "team", "Value": "red"}, {"Key": "env", "Value": ""}],
    )
    policies = [managed(READ_ONLY, "s3:List*"), managed(LIMIT, "s3:*", "ec2:*", default=1)]
    snapshot = read_snapshot([write(tmp_path, page(RoleDetailList=[written], Policies=policies))])
    (principal,) = snapshot.principals
    assert (principal.arn, principal.principal_id) == (written["Arn"], "AROAAPP")
    assert (principal.account, principal.kind) == (ACCOUNT, PrincipalKind.ROLE)
    assert (principal.name, principal.path, principal.groups) == ("app", "/service/", ())
    assert principal.created == datetime(2024, 3, 1, 10, tzinfo=UTC)
    assert principal.last_used == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert principal.instance_profiles == ("arn:aws:iam::111122223333:instance-profile/z", "arn:aws:iam::x:y")
    assert principal.tags == (("env", ""), ("team", "red"))
    assert principal.trust == policy_from_json(written["AssumeRolePolicyDocument"], place="trust")
    kinds = [PolicyKind.INLINE, PolicyKind.INLINE, PolicyKind.CUSTOMER_MANAGED, PolicyKind.AWS_MANAGED]
    assert [policy.kind for policy in principal.policies] == kinds
    assert [policy.name for policy in principal.policies] == ["a", "b", "Limit", "ReadOnlyAccess"]
    assert [policy.arn for policy in principal.policies] == ["", "", LIMIT, READ_ONLY]
    assert actions_of(principal.policies[2]) == ["ec2:*"], "the default version counts"
    assert principal.policies[2].created == datetime(2025, 1, 2, tzinfo=UTC)
    assert principal.policies[0].created is None
    assert principal.boundary == principal.policies[2]
    assert snapshot.problems == ()
    assert snapshot.sources == (str(tmp_path / "auth.json"),)


@pytest.mark.parametrize("mark", ["id", "flag"])
def test_default_version_is_found_by_id_or_flag(tmp_path: Path, mark: str) -> None:
    policy = managed(LIMIT, "s3:*", "ec2:*", default=1)
    if mark == "flag":
        del policy["DefaultVersionId"]
    for version in policy["PolicyVersionList"] if mark == "id" else []:
        del version["IsDefaultVersion"]
    attached = role(AttachedManagedPolicies=[{"PolicyArn": LIMIT}])
    snapshot = read_snapshot([write(tmp_path, page(RoleDetailList=[attached], Policies=[policy]))])
    assert actions_of(snapshot.principals[0].policies[0]) == ["ec2:*"]
    assert snapshot.principals[0].policies[0].name == "Limit"


def test_other_versions_are_read_on_request_and_only_of_own_policies(tmp_path: Path) -> None:
    own, aws = managed(LIMIT, "s3:*", "ec2:*", "sns:*", default=1), managed(READ_ONLY, "s3:*", "ec2:*")
    own["PolicyVersionList"][2]["Document"] = "damaged"
    attached = role(AttachedManagedPolicies=[{"PolicyArn": arn} for arn in (LIMIT, READ_ONLY)])
    file = write(tmp_path, page(RoleDetailList=[attached], Policies=[own, aws]))
    for all_versions, expected in ((True, [["s3:*"]]), (False, [])):
        snapshot = read_snapshot([file], all_versions=all_versions)
        read = {held.arn: held.other_versions for held in snapshot.principals[0].policies}
        assert [[*statement.patterns] for version in read[LIMIT] for statement in version.statements] == expected
        assert read[READ_ONLY] == ()
        assert snapshot.problems == ()


@pytest.mark.parametrize(
    "encode", [json.dumps, lambda d: quote(json.dumps(d)), lambda d: quote(json.dumps(d), safe="")]
)
def test_documents_may_be_text(tmp_path: Path, encode: Any) -> None:
    written = role(
        RolePolicyList=[{"PolicyName": "a", "PolicyDocument": encode(document("s3:Get*"))}],
        AssumeRolePolicyDocument=encode(role()["AssumeRolePolicyDocument"]),
        AttachedManagedPolicies=[{"PolicyArn": LIMIT}],
    )
    policy = managed(LIMIT, "ec2:*")
    policy["PolicyVersionList"][0]["Document"] = encode(document("ec2:*"))
    snapshot = read_snapshot([write(tmp_path, page(RoleDetailList=[written], Policies=[policy]))])
    (principal,) = snapshot.principals
    assert [actions_of(policy) for policy in principal.policies] == [["s3:Get*"], ["ec2:*"]]
    assert principal.trust is not None
    assert snapshot.problems == ()


def test_group_policies_count_for_its_members(tmp_path: Path) -> None:
    group = {
        "Path": "/",
        "GroupName": "dev",
        "Arn": f"arn:aws:iam::{ACCOUNT}:group/dev",
        "GroupPolicyList": [{"PolicyName": "own", "PolicyDocument": document("s3:*")}],
        "AttachedManagedPolicies": [{"PolicyArn": READ_ONLY, "PolicyName": "ReadOnlyAccess"}],
    }
    users = [
        user("bob", GroupList=["dev"], UserPolicyList=[{"PolicyName": "me", "PolicyDocument": document("iam:Get*")}]),
        user("ann", GroupList=["dev"]),
        user("eve"),
    ]
    content = page(UserDetailList=users, GroupDetailList=[group], Policies=[managed(READ_ONLY, "ec2:Describe*")])
    snapshot = read_snapshot([write(tmp_path, content)])
    ann, bob, eve = snapshot.principals
    assert [(policy.name, policy.group) for policy in bob.policies] == [
        ("me", ""),
        ("own", "dev"),
        ("ReadOnlyAccess", "dev"),
    ]
    assert [policy.group for policy in ann.policies] == ["dev", "dev"]
    assert bob.groups == ("dev",)
    assert bob.kind is PrincipalKind.USER
    assert eve.policies == ()
    (read,) = snapshot.groups
    assert read.members == (ann.arn, bob.arn)
    assert read.policies == ann.policies
    assert snapshot.problems == ()


def test_what_is_missing_leaves_grants_unknown(tmp_path: Path) -> None:
    written = role(
        AttachedManagedPolicies=[{"PolicyArn": READ_ONLY, "PolicyName": "ReadOnlyAccess"}],
        PermissionsBoundary={"PermissionsBoundaryArn": LIMIT},
    )
    member = user("bob", GroupList=["gone"])
    empty = {"Arn": LIMIT, "PolicyName": "Limit", "DefaultVersionId": "v7", "PolicyVersionList": []}
    snapshot = read_snapshot(
        [write(tmp_path, page(RoleDetailList=[written], UserDetailList=[member], Policies=[empty]))]
    )
    app, bob = snapshot.principals
    assert [policy.document for policy in app.policies] == [None]
    assert app.boundary is not None
    assert app.boundary.document is None
    assert [(policy.group, policy.document) for policy in bob.policies] == [("gone", None)]
    assert [(problem.kind, problem.place) for problem in snapshot.problems] == [
        (SnapshotProblemKind.MISSING_GROUP, bob.arn),
        (SnapshotProblemKind.MISSING_POLICY, LIMIT),
        (SnapshotProblemKind.MISSING_POLICY, app.arn),
    ]
    assert READ_ONLY in snapshot.problems[2].message


@pytest.mark.parametrize("broken", [{"Version": "2012-10-17"}, "{", None, 7, [], {"Statement": [{"Effect": "Allow"}]}])
def test_one_broken_policy_spares_the_rest(tmp_path: Path, broken: Any) -> None:
    policies = [
        {"PolicyName": "bad\n", "PolicyDocument": broken},
        {"PolicyName": "good", "PolicyDocument": document("s3:*")},
    ]
    content = page(RoleDetailList=[role("app", RolePolicyList=policies), role("other")])
    snapshot = read_snapshot([write(tmp_path, content)])
    app, _ = snapshot.principals
    assert app.policies[0].document is None
    assert actions_of(app.policies[1]) == ["s3:*"]
    (problem,) = snapshot.problems
    assert (problem.kind, problem.place) == (SnapshotProblemKind.MALFORMED_POLICY, app.arn)
    assert problem.message.startswith(f"policy `{app.arn} inline policy bad\\u000a`"[:80])
    assert problem.message.isprintable()


def test_broken_trust_policy_is_named(tmp_path: Path) -> None:
    snapshot = read_snapshot([write(tmp_path, page(RoleDetailList=[role(AssumeRolePolicyDocument="nonsense")]))])
    assert snapshot.principals[0].trust is None
    assert snapshot.problems[0].kind is SnapshotProblemKind.MALFORMED_POLICY
    assert "trust policy" in snapshot.problems[0].message


# ---------------------------------------------------------------- files and pages


def two_pages() -> list[dict[str, Any]]:
    attached = role("a", AttachedManagedPolicies=[{"PolicyArn": LIMIT}])
    first = page(RoleDetailList=[attached], IsTruncated=True, Marker="m")
    return [first, page(RoleDetailList=[role("b")], Policies=[managed(LIMIT, "s3:*")], IsTruncated=False)]


def test_pages_of_one_account_are_joined(tmp_path: Path) -> None:
    pages = two_pages()
    apart = [write(tmp_path, content, f"{index}.json") for index, content in enumerate(pages)]
    joined = read_snapshot([write(tmp_path, pages, "array.json")])
    assert [principal.name for principal in joined.principals] == ["a", "b"]
    assert actions_of(joined.principals[0].policies[0]) == ["s3:*"]
    assert joined.problems == ()
    for paths in (apart, apart[::-1]):
        snapshot = read_snapshot(paths)
        assert (snapshot.principals, snapshot.problems) == (joined.principals, ())


@pytest.mark.parametrize("mark", [{"IsTruncated": True, "Marker": "m"}, {"NextToken": "t"}])
def test_missing_last_page_is_a_problem(tmp_path: Path, mark: dict[str, Any]) -> None:
    other = page(UserDetailList=[user("eve", account="444455556666")])
    paths = [write(tmp_path, page(RoleDetailList=[role()], **mark), "0.json"), write(tmp_path, other, "1.json")]
    (problem,) = read_snapshot(paths).problems
    assert (problem.kind, problem.place) == (SnapshotProblemKind.TRUNCATED, ACCOUNT)


def test_last_page_may_hold_aws_policies_alone(tmp_path: Path) -> None:
    pages = [page(RoleDetailList=[role()], IsTruncated=True), page(Policies=[managed(READ_ONLY, "s3:*")])]
    assert read_snapshot([write(tmp_path, pages)]).problems == ()
    pages.insert(0, page(UserDetailList=[user("eve", account="444455556666")], IsTruncated=True))
    places = [problem.place for problem in read_snapshot([write(tmp_path, pages)]).problems]
    assert places == [ACCOUNT, "444455556666"], "one such page can't end two accounts"


def test_several_accounts_stay_apart(tmp_path: Path) -> None:
    group = {"GroupName": "dev", "Arn": f"arn:aws:iam::{ACCOUNT}:group/dev", "GroupPolicyList": []}
    ours = page(UserDetailList=[user("bob", GroupList=["dev"])], GroupDetailList=[group])
    theirs = page(UserDetailList=[user("bob", account="444455556666", UserId="AIDATHEIRS", GroupList=["dev"])])
    snapshot = read_snapshot([write(tmp_path, ours, "a.json"), write(tmp_path, theirs, "b.json")])
    assert [principal.account for principal in snapshot.principals] == [ACCOUNT, "444455556666"]
    assert [problem.place for problem in snapshot.problems] == ["arn:aws:iam::444455556666:user/bob"]


def test_overlapping_exports_take_the_latest(tmp_path: Path) -> None:
    old = role(RoleId="AROAZZZ", CreateDate="2020-01-01T00:00:00Z")
    new = role(
        RoleId="AROANEW", CreateDate="2025-01-01T00:00:00Z", RoleLastUsed={"LastUsedDate": "2025-06-01T00:00:00Z"}
    )
    newer = {**new, "RoleLastUsed": {"LastUsedDate": "2025-07-01T00:00:00Z"}}
    paths = [
        write(tmp_path, page(RoleDetailList=[one]), f"{index}.json") for index, one in enumerate((newer, old, new))
    ]
    forwards, backwards = read_snapshot(paths), read_snapshot(paths[::-1])
    assert forwards == backwards
    (principal,) = forwards.principals
    assert principal.principal_id == "AROANEW"
    assert principal.last_used == datetime(2025, 7, 1, tzinfo=UTC)
    assert [(problem.kind, problem.place) for problem in forwards.problems] == [
        (SnapshotProblemKind.DUPLICATE, principal.arn)
    ]


def test_same_export_twice_is_no_problem(tmp_path: Path) -> None:
    content = page(
        RoleDetailList=[role(AttachedManagedPolicies=[{"PolicyArn": LIMIT}])], Policies=[managed(LIMIT, "s3:*")]
    )
    paths = [write(tmp_path, content, "a.json"), write(tmp_path, content, "b.json")]
    snapshot = read_snapshot([*paths, paths[0]])
    assert len(snapshot.principals) == 1
    assert snapshot.problems == ()
    assert snapshot.sources == tuple(map(str, paths))


def test_folders_are_searched(tmp_path: Path) -> None:
    write(tmp_path, page(RoleDetailList=[role("a")]), "x/y/a.json")
    write(tmp_path, gzip.compress(json.dumps(page(RoleDetailList=[role("b")])).encode()), "b.json.gz")
    write(tmp_path, {"Records": []}, "trail.json")
    write(tmp_path, b"no JSON", "notes.txt")
    snapshot = read_snapshot([tmp_path])
    assert [principal.name for principal in snapshot.principals] == ["a", "b"]
    assert [(problem.kind, problem.place) for problem in snapshot.problems] == [
        (SnapshotProblemKind.NOT_A_SNAPSHOT, str(tmp_path / "trail.json"))
    ]
    assert len(snapshot.sources) == 2


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_byte_order_marks_are_read(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path, json.dumps(page(RoleDetailList=[role()])).encode(encoding))
    assert len(read_snapshot([path]).principals) == 1


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is not valid JSON"),
        (b"{", "is not valid JSON"),
        (b"[" * 100_000, "is not valid JSON"),
        (b"\xff\xfe\x00", "is not valid JSON"),
        (gzip.compress(b"{}", mtime=0)[:-4], "can't be read"),
        (b"\x1f\x8bnonsense", "can't be read"),
        ([], "holds no authorization details"),
        (7, "holds no authorization details"),
        ({"Records": []}, "holds no authorization details"),
        ([page(), {"Policies": []}], "holds no authorization details"),
        (page(RoleDetailList=[{"RoleName": "x"}]), "breaks the form"),
        (page(UserDetailList=[{**user("x"), "GroupList": "dev"}]), "breaks the form"),
    ],
)
def test_other_files_are_refused_by_name(tmp_path: Path, content: Any, says: str) -> None:
    path = write(tmp_path, content)
    with pytest.raises(SnapshotError, match=says) as caught:
        read_snapshot([path])
    assert "auth.json" in caught.value.message
    with pytest.raises(SnapshotError, match="no file holds authorization details") as caught:
        read_snapshot([tmp_path])
    assert "get-account-authorization-details" in caught.value.hint


def test_missing_paths_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="there is no file"):
        read_snapshot([tmp_path / "nothing.json"])
    with pytest.raises(SnapshotError, match=r"holds no `\.json`"):
        read_snapshot([tmp_path])


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2024-03-01T00:00:00+00:00", datetime(2024, 3, 1, tzinfo=UTC)),
        ("2024-03-01 00:00:00+00:00", datetime(2024, 3, 1, tzinfo=UTC)),
        ("2024-03-01T00:00:00", datetime(2024, 3, 1, tzinfo=UTC)),
        (1709251200, datetime(2024, 3, 1, tzinfo=UTC)),
        (1709251200.5, datetime(2024, 3, 1, 0, 0, 0, 500000, tzinfo=UTC)),
        ("yesterday", None),
        (1e300, None),
        (None, None),
    ],
)
def test_dates_are_read_in_utc(tmp_path: Path, written: Any, read: datetime | None) -> None:
    snapshot = read_snapshot([write(tmp_path, page(RoleDetailList=[role(CreateDate=written, RoleLastUsed=None)]))])
    assert snapshot.principals[0].created == read
    assert snapshot.principals[0].last_used is None


@settings(max_examples=examples(30), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(range(6)), st.lists(st.integers(1, 3), min_size=1, max_size=3))
def test_any_paging_and_order_gives_one_snapshot(tmp_path: Path, order: list[int], sizes: list[int]) -> None:
    roles = [role(f"r{n}", AttachedManagedPolicies=[{"PolicyArn": LIMIT}]) for n in order]
    whole = read_snapshot([write(tmp_path, page(RoleDetailList=roles, Policies=[managed(LIMIT, "s3:*")]))])
    pages: list[dict[str, Any]] = []
    rest = list(roles)
    for size in sizes:
        pages.append(page(RoleDetailList=rest[:size], IsTruncated=True, Marker="m"))
        rest = rest[size:]
    pages.append(page(RoleDetailList=rest, Policies=[managed(LIMIT, "s3:*")]))
    paged = read_snapshot([write(tmp_path, pages, "paged.json")])
    assert (paged.principals, paged.groups, paged.problems) == (whole.principals, whole.groups, ())

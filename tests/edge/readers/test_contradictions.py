"""Input that says two things at once is refused, by file and place, whichever of them came last."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lpgen.edge.readers.decisions_file import read_decisions
from lpgen.edge.readers.guard_files import read_guards
from lpgen.edge.readers.iam_snapshot import read_snapshot
from lpgen.edge.readers.json_files import DuplicateKeyError, refuse_duplicate_keys
from lpgen.edge.readers.last_accessed import read_last_accessed
from lpgen.edge.readers.trail_settings import read_trails
from lpgen.errors import LpgenError, SnapshotError
from tests.edge.readers.test_iam_snapshot import ACCOUNT, LIMIT, document, managed, page, role, user, write

OTHER = "444455556666"
INLINE = {"PolicyName": "own", "PolicyDocument": document("s3:GetObject")}


def group(name: str, path: str = "/", **fields: Any) -> dict[str, Any]:
    return {"GroupName": name, "Arn": f"arn:aws:iam::{ACCOUNT}:group{path}{name}", **fields}


def versions(*defaults: bool, default: str = "v1") -> dict[str, Any]:
    listed = [
        {"Document": document("s3:*"), "VersionId": f"v{number}", "IsDefaultVersion": is_default}
        for number, is_default in enumerate(defaults, start=1)
    ]
    return {**managed(LIMIT, "s3:*"), "PolicyVersionList": listed, "DefaultVersionId": default}


CONTRADICTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "name": (page(RoleDetailList=[role(RoleName="other")]), "has the name `other`"),
    "same name": (
        page(RoleDetailList=[role(), role(Arn=f"arn:aws:iam::{ACCOUNT}:role/app", RoleId="AROA2")]),
        "have the same name in one account",
    ),
    "same name of groups": (page(GroupDetailList=[group("dev"), group("Dev", "/a/")]), "have the same name"),
    "role twice": (page(RoleDetailList=[role(), role(RolePolicyList=[INLINE])]), "occurs twice, with different"),
    "user twice": (page(UserDetailList=[user("bob"), user("bob", GroupList=["dev"])]), "occurs twice"),
    "policy twice": (page(RoleDetailList=[], Policies=[managed(LIMIT, "s3:*"), managed(LIMIT, "*")]), "occurs twice"),
    "inline policy twice": (page(RoleDetailList=[role(RolePolicyList=[INLINE, INLINE])]), "policy or version `own` 2"),
    "inline policy of a user twice": (page(UserDetailList=[user("bob", UserPolicyList=[INLINE, INLINE])]), "`own` 2"),
    "inline policy of a group twice": (page(GroupDetailList=[group("dev", GroupPolicyList=[INLINE, INLINE])]), "`own`"),
    "policy of another account": (
        page(RoleDetailList=[role(AttachedManagedPolicies=[{"PolicyArn": LIMIT.replace(ACCOUNT, OTHER)}])]),
        "which is in another account",
    ),
    "boundary of another account": (
        page(RoleDetailList=[role(PermissionsBoundary={"PermissionsBoundaryArn": LIMIT.replace(ACCOUNT, OTHER)})]),
        "which is in another account",
    ),
    "instance profile of another account": (
        page(RoleDetailList=[role(InstanceProfileList=[{"Arn": f"arn:aws:iam::{OTHER}:instance-profile/app"}])]),
        "which is in another account",
    ),
    "id in two accounts": (
        page(UserDetailList=[user("bob"), user("eve", account=OTHER, UserId="AIDABOB")]),
        "have the same id `AIDABOB` in two accounts",
    ),
    "two default versions": (page(Policies=[versions(True, True)]), "several default versions"),
    "another default version": (page(Policies=[versions(True, False, default="v2")]), "several default versions"),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_authorization_details_that_contradict_themselves_are_refused(name: str, tmp_path: Path) -> None:
    content, message = CONTRADICTIONS[name]
    path = write(tmp_path, content)
    for given in (path, tmp_path):  # a folder that is searched leaves out files of other kinds, but not these
        with pytest.raises(SnapshotError) as caught:
            read_snapshot([given])
        assert message in caught.value.message
        assert str(path) in caught.value.message


def test_an_id_in_two_accounts_is_refused_across_files(tmp_path: Path) -> None:
    write(tmp_path, page(RoleDetailList=[role()]), "a.json")
    theirs = role(Arn=f"arn:aws:iam::{OTHER}:role/service/app")
    write(tmp_path, page(RoleDetailList=[theirs]), "b.json")
    with pytest.raises(SnapshotError, match=r"`.*a\.json`, `.*b\.json` contradict each other: .* in two accounts"):
        read_snapshot([tmp_path])


def test_files_that_disagree_are_named(tmp_path: Path) -> None:
    write(tmp_path, page(RoleDetailList=[role()]), "a.json")
    write(tmp_path, page(RoleDetailList=[role(RolePolicyList=[INLINE])]), "b.json")
    (problem,) = read_snapshot([tmp_path]).problems
    assert f"`{tmp_path / 'a.json'}`, `{tmp_path / 'b.json'}` disagree" in problem.message


# ---------------------------------------------------------------- keys that occur twice

TWICE = '{"Effect": "Deny", "Effect": "Allow", "Action": "*", "Resource": "*"}'
DETAILS = json.dumps(page(RoleDetailList=[role(RolePolicyList=[INLINE])]))
STATEMENT = json.dumps(document("s3:GetObject")["Statement"][0])


def _last_accessed(path: Path) -> None:
    problems = read_last_accessed(path.parent)[1]
    raise LpgenError("; ".join(problems))


READERS: tuple[tuple[str, Callable[[Path], object], str, str], ...] = (
    (
        "details.json",
        lambda path: read_snapshot([path]),
        DETAILS.replace(STATEMENT, TWICE),
        "`Effect` occurs twice in `RoleDetailList[0].RolePolicyList[0].PolicyDocument.Statement[0]`",
    ),
    (
        "statements.json",
        lambda path: read_snapshot([path]),
        DETAILS.replace('"Statement": [' + STATEMENT, '"Statement": [], "Statement": [' + STATEMENT),
        "`Statement` occurs twice in `RoleDetailList[0].RolePolicyList[0].PolicyDocument`",
    ),
    (
        "actions.json",
        lambda path: read_snapshot([path]),
        DETAILS.replace('"Action": "s3:GetObject"', '"Action": "s3:GetObject", "Action": "*"'),
        "`Action` occurs twice",
    ),
    ("roles.json", lambda path: read_snapshot([path]), '{"RoleDetailList": [], "RoleDetailList": []}', "occurs twice"),
    ("scps.json", lambda path: read_guards(None, path, None), '{"*": [], "*": [[]]}', "`*` occurs twice"),
    ("boundary.json", lambda path: read_guards(path, None, None), f'{{"Statement": [{TWICE}]}}', "`Effect` occurs"),
    ("decisions.json", read_decisions, '[{"do": "keep", "do": "drop"}]', "`do` occurs twice in `[0]`"),
    ("decisions.toml", read_decisions, '[[decision]]\ndo = "keep"\ndo = "drop"\n', "Cannot overwrite a value"),
    ("trail.json", lambda path: read_trails([path]), '{"TrailARN": "a", "TrailARN": "b"}', "`TrailARN` occurs twice"),
    ("role.json", _last_accessed, '{"JobStatus": "FAILED", "JobStatus": "COMPLETED"}', "`JobStatus` occurs twice"),
)


@pytest.mark.parametrize(("name", "read", "text", "message"), READERS, ids=[reader[0] for reader in READERS])
def test_a_key_that_occurs_twice_is_refused_by_its_place(
    name: str, read: Callable[[Path], object], text: str, message: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LpgenError) as caught:
        read(path)
    assert message in caught.value.message
    assert name in caught.value.message


def test_keys_that_differ_in_their_case_or_object_are_no_duplicates() -> None:
    refuse_duplicate_keys('{"a": {"a": 1}, "A": [{"a": 1}, {"a": 2}]}')
    with pytest.raises(DuplicateKeyError, match=r"`a` occurs twice in `\[1\]\.b`"):
        refuse_duplicate_keys(b'[{"a": 1}, {"b": {"a": 1, "\\u0061": 2}}]')

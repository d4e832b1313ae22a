"""Files of guards: every form is read, and every error names its place and a next step."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lpgen.core.guards import NO_GUARDS, AccountLevels, Guards
from lpgen.core.model import PolicyKind
from lpgen.edge.readers.guard_files import read_guards
from lpgen.errors import GuardError, LpgenError, PolicyError

BUCKET = "arn:aws:s3:::data"
QUEUE = "arn:aws:sqs:us-east-1:111122223333:jobs"
ACCOUNT, OTHER = "111122223333", "444455556666"


def document(action: str = "s3:*", **more: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*", **more}]}


def put(path: Path, value: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return path


def read_scps(path: Path) -> tuple[AccountLevels, ...]:
    return read_guards(None, path, None).scps


def read_folder(path: Path) -> Guards:
    return read_guards(None, None, path)


def actions(levels: Any) -> list[list[str]]:
    """The actions of each level, in order."""
    return [[str(pattern) for one in level for s in one.statements for pattern in s.patterns] for level in levels]


# ---------------------------------------------------------------- every form


def test_guards_that_nobody_gave_are_none() -> None:
    assert read_guards(None, None, None) == NO_GUARDS


@pytest.mark.parametrize(
    "text", [json.dumps(document()), "\ufeff" + json.dumps(document()), json.dumps(json.dumps(document()))]
)
def test_boundary_is_one_document_plain_or_as_text(tmp_path: Path, text: str) -> None:
    boundary = read_guards(put(tmp_path / "limit.json", text), None, None).boundary
    assert boundary is not None
    assert boundary.document is not None
    assert (boundary.kind, boundary.name) == (PolicyKind.CUSTOMER_MANAGED, "limit.json")
    assert [str(pattern) for pattern in boundary.document.statements[0].patterns] == ["s3:*"]


def test_scps_as_a_list_hold_for_every_account_level_by_level(tmp_path: Path) -> None:
    levels = [[document("*")], [document("s3:*"), document("sqs:*")], []]
    (found,) = read_scps(put(tmp_path / "scps.json", levels))
    assert found.account == ""
    assert actions(found.levels) == [["*"], ["s3:*", "sqs:*"], []]


def test_scps_by_account_keep_their_account_and_the_star_means_all_others(tmp_path: Path) -> None:
    found = read_scps(
        put(tmp_path / "scps.json", {ACCOUNT: [[document("s3:*")]], "*": [[document("sqs:*")]], OTHER: []})
    )
    assert {levels.account: actions(levels.levels) for levels in found} == {
        ACCOUNT: [["s3:*"]],
        "": [["sqs:*"]],
        OTHER: [],
    }


@pytest.mark.parametrize(
    "content",
    [
        {"resource": BUCKET, "policy": document()},
        {"ARN": BUCKET, "Name": "data", "ResourcePolicy": json.dumps(document())},
        {"ResourceArn": BUCKET, "Policy": json.dumps(document())},
    ],
)
def test_resource_policy_names_its_resource(tmp_path: Path, content: dict[str, Any]) -> None:
    put(tmp_path / "one.json", content)
    (found,) = read_folder(tmp_path).resource_policies
    assert (found.resource, found.account, len(found.policy.statements)) == (BUCKET, "", 1)


@pytest.mark.parametrize("content", [{"Policy": json.dumps(document())}, document()])
def test_resource_policy_is_named_by_the_index(tmp_path: Path, content: dict[str, Any]) -> None:
    put(tmp_path / "index.json", {"one.json": BUCKET})
    put(tmp_path / "one.json", content)
    put(tmp_path / "notes.txt", "not a policy")
    (found,) = read_folder(tmp_path).resource_policies
    assert (found.resource, len(found.policy.statements)) == (BUCKET, 1)


def test_owner_is_the_account_given_else_that_of_the_arn(tmp_path: Path) -> None:
    put(tmp_path / "bucket.json", {"resource": BUCKET, "account": OTHER, "policy": document()})
    put(tmp_path / "queue.json", {"resource": QUEUE, "policy": document()})
    put(tmp_path / "rest.json", {"resource": "arn:aws:apigateway:us-east-1::/restapis/x", "policy": document()})
    assert {policy.resource: policy.account for policy in read_folder(tmp_path).resource_policies} == {
        BUCKET: OTHER,
        QUEUE: ACCOUNT,
        "arn:aws:apigateway:us-east-1::/restapis/x": "",
    }


# ---------------------------------------------------------------- errors


def boundary_of(path: Path) -> None:
    read_guards(path, None, None)


def scps_of(path: Path) -> None:
    read_guards(None, path, None)


def in_folder(path: Path) -> None:
    read_guards(None, None, path.parent)


DEEP = "[" * 100_000
WRONG_STATEMENT = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*"}]}
ERRORS: list[tuple[Callable[[Path], None], object, list[str]]] = [
    (boundary_of, "{", ["not valid JSON"]),
    (boundary_of, DEEP, ["not valid JSON"]),
    (boundary_of, "[]", ["no policy document"]),
    (boundary_of, "null", ["no policy document"]),
    (boundary_of, WRONG_STATEMENT, ["statement 1", "neither `Resource` nor `NotResource`"]),
    (boundary_of, '{"Statement": [], "Statement": []}', ["`Statement` occurs twice"]),
    (scps_of, "{}", ["no SCPs"]),
    (scps_of, "3", ["no SCPs"]),
    (scps_of, [document()], ["not a list of levels"]),
    (scps_of, {ACCOUNT: document()}, [ACCOUNT, "not a list of levels"]),
    (scps_of, {"123": [[document()]]}, ["`123` is not an account id"]),
    (scps_of, [[document()], [document(), WRONG_STATEMENT]], ["level 2, policy 2", "statement 1"]),
    (scps_of, {OTHER: [[3]]}, [OTHER, "level 1, policy 1", "no policy document"]),
    (in_folder, "[]", ["not a JSON object"]),
    (in_folder, {"policy": document()}, ["doesn't say whose policy"]),
    (in_folder, {"resource": 3, "policy": document()}, ["doesn't say whose policy"]),
    (in_folder, {"resource": "data", "policy": document()}, ["`data` is not the ARN of one resource"]),
    (in_folder, {"resource": "arn:aws:s3", "policy": document()}, ["`arn:aws:s3` is not the ARN of one resource"]),
    (in_folder, {"resource": "arn:aws:s3:::*", "policy": document()}, ["not the ARN of one resource"]),
    (in_folder, {"resource": BUCKET}, ["no policy document"]),
    (in_folder, {"resource": BUCKET, "policy": "nonsense"}, ["not readable as JSON"]),
    (in_folder, {"resource": BUCKET, "policy": WRONG_STATEMENT}, ["statement 1"]),
    (in_folder, {"resource": BUCKET, "account": "12", "policy": document()}, ["`12` is not an account id"]),
    (in_folder, {"resource": BUCKET, "account": 111122223333, "policy": document()}, ["is not an account id"]),
]


@pytest.mark.parametrize(("read", "content", "named"), ERRORS)
def test_errors_name_the_file_the_place_and_a_next_step(
    tmp_path: Path, read: Callable[[Path], None], content: object, named: list[str]
) -> None:
    path = put(tmp_path / "guard.json", content)
    with pytest.raises(LpgenError) as caught:
        read(path)
    assert isinstance(caught.value, GuardError | PolicyError)
    for part in [str(path), *named]:
        assert part in caught.value.message
    assert caught.value.hint


def test_a_file_that_is_missing_or_no_text_is_named(tmp_path: Path) -> None:
    bytes_file = tmp_path / "latin.json"
    bytes_file.write_bytes(b'{"Statement": "\xff"}')
    for path, named in [
        (tmp_path / "gone.json", "can't read"),
        (tmp_path, "can't read"),
        (bytes_file, "JSON"),
    ]:
        for read in (boundary_of, scps_of):
            with pytest.raises(GuardError) as caught:
                read(path)
            assert str(path) in caught.value.message
            assert named in caught.value.message
            assert caught.value.hint


@pytest.mark.parametrize(
    ("index", "named"),
    [
        ([], "can't read"),
        ({"one.json": 3}, "can't read"),
        ({"one.json": BUCKET, "gone.json": QUEUE}, "`gone.json`, which doesn't exist"),
        ({"one.json": "data"}, "`data` is not the ARN of one resource"),
        ("{", "can't read"),
    ],
)
def test_errors_of_an_index_name_it_or_its_entry(tmp_path: Path, index: object, named: str) -> None:
    put(tmp_path / "one.json", document())
    put(tmp_path / "index.json", index)
    with pytest.raises(GuardError) as caught:
        read_folder(tmp_path)
    assert named in caught.value.message
    assert str(tmp_path) in caught.value.message
    assert caught.value.hint


def test_a_folder_without_policies_is_an_error(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "gone", put(tmp_path / "file.txt", "x")):
        with pytest.raises(GuardError) as caught:
            read_folder(folder)
        assert str(folder) in caught.value.message
        assert caught.value.hint


def test_two_policies_of_one_resource_are_an_error(tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        put(tmp_path / name, {"resource": BUCKET, "policy": document()})
    with pytest.raises(GuardError) as caught:
        read_folder(tmp_path)
    for part in ("a.json", "b.json", BUCKET):
        assert part in caught.value.message


@pytest.mark.parametrize(
    ("read", "content"),
    [
        (scps_of, {"\x1b[2J`x`": []}),
        (in_folder, {"resource": "\x1b[2J`\u202e", "policy": document()}),
        (boundary_of, {"\x1b[2J`": 1}),
        (boundary_of, {"Version": "\x1b[2J`", "Statement": []}),
    ],
)
def test_hostile_text_is_inert_in_errors(tmp_path: Path, read: Callable[[Path], None], content: object) -> None:
    path = put(tmp_path / "guard.json", content)
    with pytest.raises(LpgenError) as caught:
        read(path)
    shown = caught.value.message
    assert shown.isprintable()
    assert r"\u001b[2J\u0060" in shown


def test_hostile_text_is_cut_short_in_errors(tmp_path: Path) -> None:
    path = put(tmp_path / "guard.json", {"resource": "x" * 100_000, "policy": document()})
    with pytest.raises(GuardError) as caught:
        in_folder(path)
    assert len(caught.value.message) < 1000

"""`lpgen graph` as a user runs it: its formats, its errors, and texts of other people in it."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from zlib import crc32

import pytest
from jsonschema import Draft202012Validator

from lpgen.core.snapshots import Gap, Subject
from lpgen.edge.data_folder.snapshot_folder import SnapshotWriter
from lpgen.report.documents.schemas import SCHEMAS
from tests.report.golden import check_golden
from tests.report.hostile import CORPUS, PageReader, check_markdown, check_terminal_text
from tests.support.forked_lpgen import run_forked
from tests.support.sample_organization import ROOT

Json = dict[str, Any]
ACCOUNT = "111122223333"
FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:report"
HOSTILE = [text for text in CORPUS if text.strip() and "\ud800" not in text and "/" not in text]
SAMPLE = ROOT / "authorization-details"


def lpgen(*arguments: object, status: int = 0) -> subprocess.CompletedProcess[str]:
    done = run_forked(*arguments)
    assert done.returncode == status, done.stderr
    return done


def arn(name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def document(*statements: Json) -> Json:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def role(name: str, *actions: str, trusts: Mapping[str, Any] | None = None) -> Json:
    """A role that may do these things, and that these principals may assume."""
    trusted = {"Effect": "Allow", "Principal": trusts or {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
    allowed = document({"Effect": "Allow", "Action": list(actions), "Resource": "*"})
    return {
        "Path": "/",
        "RoleName": name,
        "RoleId": f"AROA{crc32(name.encode()):016d}",
        "Arn": arn(name),
        "CreateDate": "2020-01-01T00:00:00Z",
        "AssumeRolePolicyDocument": document(trusted),
        "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": allowed}] if actions else [],
        "AttachedManagedPolicies": [],
    }


LAMBDA = {"Service": "lambda.amazonaws.com"}
DELETED = {"AWS": "AIDAJQABLZS4A3QDU576Q"}
ROLES = [
    role("ci", "sts:AssumeRole", trusts=DELETED),
    role("deploy", "*"),
    role("developer", "lambda:UpdateFunctionCode", trusts=DELETED),
    role("report", "s3:GetObject", trusts=LAMBDA),
]


def write_policies(folder: Path, roles: list[Json]) -> Path:
    path = folder / "policies.json"
    path.write_text(json.dumps({"RoleDetailList": roles}), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_policies(tmp_path_factory.mktemp("graph"), ROLES)


def answer(*arguments: object) -> Json:
    """The JSON document, which follows its schema."""
    found: Json = json.loads(lpgen("graph", *arguments, "--format", "json").stdout)
    assert [error.message for error in Draft202012Validator(SCHEMAS["graph"]).iter_errors(found)] == []
    assert found["schema"] == "lpgen.graph/1"
    return found


def steps(paths: list[Json]) -> list[list[tuple[str, str]]]:
    """The paths as the rules and the names of the targets of their steps."""
    return [[(edge["rule"], edge["to"].rpartition("/")[2]) for edge in path["edges"]] for path in paths]


# ---------------------------------------------------------------- the sample organization


def test_screen_of_the_sample_organization_is_golden_and_fits(sample_data: Path) -> None:
    question = ("graph", "--data", sample_data, "--policies", SAMPLE, "--compute", ROOT / "compute.json")
    done = lpgen(*question)
    assert done.stderr == ""
    check_golden("graph.txt", done.stdout)
    check_golden("graph.json", lpgen(*question, "--format", "json").stdout)
    check_terminal_text(done.stdout, 80, color=False)


def test_logs_show_which_steps_were_used(sample_data: Path) -> None:
    def uses(*options: object) -> set[str]:
        found = answer("--policies", SAMPLE, "--to", "role/*", *options)
        return {edge["use"] for path in found["paths"] for edge in path["edges"]}

    assert uses() == {"unseen"}
    assert uses("--data", sample_data) == {"used", "never"}


# ---------------------------------------------------------------- questions and formats


def test_without_a_question_the_ways_to_administrative_rights_are_shown(policies: Path) -> None:
    found = answer("--policies", policies)
    assert found["administrators"] == [arn("deploy")]
    assert {path["edges"][0]["from"] for path in found["paths"]} == {arn("ci"), arn("deploy")}
    assert found == answer("--policies", policies, "--to", "admin")


def test_path_names_its_rules_and_their_pages(policies: Path) -> None:
    found = answer("--policies", policies, "--from", "role/ci", "--to", "role/deploy")
    assert steps(found["paths"]) == [[("sts-assume-role", "deploy")]]
    (rule,) = [rule for rule in found["rules"] if rule["id"] == "sts-assume-role"]
    assert rule["pages"][0].startswith("https://docs.aws.amazon.com/")
    assert (found["possible_paths"], found["paths_after"], found["truncated"]) == ([], None, False)


def test_all_paths_has_more_than_the_shortest(tmp_path: Path) -> None:
    roles = [role("a", "sts:AssumeRole"), role("b", "sts:AssumeRole"), role("c", "s3:GetObject")]
    options = ("--policies", write_policies(tmp_path, roles), "--from", "role/a", "--to", "role/c")
    assert len(answer(*options)["paths"]) == 1
    assert [len(path["edges"]) for path in answer(*options, "--all-paths")["paths"]] == [1, 2]


def test_text_and_pages_have_the_same_path(policies: Path) -> None:
    options = ("graph", "--policies", policies, "--from", "role/ci", "--to", "role/deploy", "--format")
    text, markdown, html = (lpgen(*options, format).stdout for format in ("text", "markdown", "html"))  # noqa: A001
    check_terminal_text(text, 80, color=False)
    check_markdown(markdown)
    for page in (text, markdown):
        assert "1 open path from" in page
        assert "assumes the role" in page
    assert "assumes the role" in html


def test_resource_is_a_target(policies: Path) -> None:
    bucket = "arn:aws:s3:::customer-exports"
    found = answer("--policies", policies, "--from", "role/report", "--to", bucket)
    assert steps(found["paths"]) == [[("s3-get-object", bucket)]]


def test_reach_of_a_principal_includes_the_resources_whose_policies_are_known(policies: Path, tmp_path: Path) -> None:
    names = ("arn:aws:s3:::customer-exports", "arn:aws:s3:::plans", f"arn:aws:iam::{ACCOUNT}:role/unknown")
    folder = tmp_path / "resources"
    folder.mkdir()
    for number, arn in enumerate(names):
        everyone = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [arn, f"{arn}/*"]}
        document = {"Version": "2012-10-17", "Statement": [everyone] if arn.endswith("plans") else []}
        (folder / f"{number}.json").write_text(json.dumps({"resource": arn, "policy": document}), encoding="utf-8")
    found = answer("--policies", policies, "--resource-policies", folder, "--from", "role/report")
    assert [("s3-get-object", names[0])] in steps(found["paths"])
    assert not {target for path in steps(found["paths"]) for _, target in path} & {*names[1:]}


# ---------------------------------------------------------------- outsiders

VENDOR = "999988887777"
GITHUB = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"


def web(name: str, subject: str) -> Json:
    """A role for the workflows of GitHub with a subject."""
    found = role(name)
    (statement,) = found["AssumeRolePolicyDocument"]["Statement"]
    condition = {"StringLike": {"token.actions.githubusercontent.com:sub": subject}}
    statement |= {"Principal": {"Federated": GITHUB}, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": condition}
    return found


@pytest.fixture(scope="module")
def trusting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    roles = [*ROLES, role("support", "*", trusts={"AWS": VENDOR}), web("release", "repo:acme/app:*")]
    return write_policies(tmp_path_factory.mktemp("trusting"), roles)


@pytest.mark.parametrize(
    ("name", "sources"),
    [
        (VENDOR, {VENDOR}),
        ("token.actions.githubusercontent.com", {f"{GITHUB} repo:acme/app:*"}),
        (GITHUB, {f"{GITHUB} repo:acme/app:*"}),
        ("outside", {VENDOR, f"{GITHUB} repo:acme/app:*"}),
        ("lambda.amazonaws.com", {"lambda.amazonaws.com"}),
        ("role/deploy", {arn("deploy")}),
    ],
)
def test_question_names_outsiders(name: str, sources: set[str], trusting: Path) -> None:
    found = answer("--policies", trusting, "--from", name)
    assert {path["edges"][0]["from"] for path in found["paths"]} == sources


def test_outsiders_count_without_a_source(trusting: Path) -> None:
    found = answer("--policies", trusting)
    assert [
        (edge["from"], edge["to"].rpartition("/")[2])
        for path in found["paths"]
        for edge in path["edges"]
        if edge["from"] in found["outsiders"]
    ] == [(VENDOR, "support")]
    assert found["outsiders"] == [VENDOR, f"{GITHUB} repo:acme/app:*"]


@pytest.mark.parametrize("name", ["111122220000", "s3.amazonaws.com", "gitlab.com"])
def test_outsider_that_no_role_trusts_is_refused(name: str, trusting: Path) -> None:
    assert "no principal matches" in lpgen("graph", "--policies", trusting, "--from", name, status=2).stderr


def test_no_question_asks_who_gains_an_outsider(trusting: Path) -> None:
    assert "no principal matches" in lpgen("graph", "--policies", trusting, "--to", "outside", status=2).stderr


def test_every_format_shows_outsiders(trusting: Path) -> None:
    options = ("graph", "--policies", trusting, "--format")
    text, markdown, html, dot, graphml = (
        lpgen(*options, format).stdout
        for format in ("text", "markdown", "html", "dot", "graphml")  # noqa: A001
    )
    for page in (text, markdown, html, dot, graphml):
        assert f"account {VENDOR}" in page.replace("`", "")
    assert "from any principal or outsider" in text
    assert re.search(rf'"{VENDOR}" \[label="account {VENDOR}", shape=ellipse\]', dot)
    assert '"outside"' in html


# ---------------------------------------------------------------- compute


def function(found: Json) -> list[tuple[str, bool]]:
    return [(edge["through"], edge["if_exists"]) for path in found["paths"] for edge in path["edges"]]


def test_inventory_from_a_file_decides(policies: Path, tmp_path: Path) -> None:
    options = ("--policies", policies, "--from", "role/developer", "--to", "role/report")
    assert function(answer(*options)) == [("", True)]
    for content, expected in (([], []), ([{"arn": FUNCTION, "role": arn("report")}], [(FUNCTION, False)])):
        (tmp_path / "compute.json").write_text(json.dumps(content), encoding="utf-8")
        assert function(answer(*options, "--compute", tmp_path / "compute.json")) == expected


@pytest.mark.parametrize(
    ("content", "gaps", "expected"),
    [
        ([{"arn": FUNCTION, "role": arn("report")}], (), [(FUNCTION, False)]),
        ([], (), []),
        ([], (Gap(ACCOUNT, Subject.COMPUTE, "us-east-1", "access was denied"),), [("", True)]),
    ],
    ids=["listed", "not listed", "not read"],
)
def test_inventory_of_a_snapshot_decides(
    content: list[Json], gaps: tuple[Gap, ...], expected: list[tuple[str, bool]], policies: Path, tmp_path: Path
) -> None:
    with SnapshotWriter(tmp_path, datetime(2026, 9, 30, tzinfo=UTC)) as writer:
        writer.write_json(f"policies/{ACCOUNT}.json", json.loads(policies.read_text(encoding="utf-8")))
        writer.write_json(f"compute/{ACCOUNT}.json", content)
        writer.finish((), gaps, about={})
    assert function(answer("--data", tmp_path, "--from", "role/developer", "--to", "role/report")) == expected


@pytest.mark.parametrize(
    ("listed", "expected"),
    [(None, [True]), ([f"arn:aws:iam::{ACCOUNT}:user/ana"], [False]), ([], [])],
    ids=["unknown", "has a password", "has none"],
)
def test_login_profiles_of_a_snapshot_decide(listed: list[str] | None, expected: list[bool], tmp_path: Path) -> None:
    ana = {"Path": "/", "UserName": "ana", "UserId": "AIDA0000000000000001", "Arn": f"arn:aws:iam::{ACCOUNT}:user/ana"}
    roles = [role("helpdesk", "iam:UpdateLoginProfile")]
    with SnapshotWriter(tmp_path, datetime(2026, 9, 30, tzinfo=UTC)) as writer:
        writer.write_json(f"policies/{ACCOUNT}.json", {"RoleDetailList": roles, "UserDetailList": [ana]})
        if listed is not None:
            writer.write_json(f"login-profiles/{ACCOUNT}.json", listed)
        writer.finish((), (), about={})
    found = answer("--data", tmp_path, "--from", "role/helpdesk", "--to", "user/ana")
    assert [edge["if_exists"] for path in found["paths"] for edge in path["edges"]] == expected


# ---------------------------------------------------------------- replacements


def test_replacements_are_compared(sample_data: Path, tmp_path: Path) -> None:
    inputs = ("--data", sample_data, "--policies", SAMPLE)
    lpgen("generate", *inputs, "--output", tmp_path / "out")
    found = answer(*inputs, "--compare", tmp_path / "out")
    assert found["paths_after"] is not None
    assert len(found["paths_after"]) < len(found["paths"])
    cut = {edge["cut"] for path in found["paths"] for edge in path["edges"]}
    assert cut == {True, False}
    text = lpgen("graph", *inputs, "--compare", tmp_path / "out").stdout
    assert "after the replacements" in " ".join(text.split())


def test_role_without_a_replacement_keeps_its_policies(sample_data: Path, tmp_path: Path) -> None:
    inputs, out = ("--data", sample_data, "--policies", SAMPLE), tmp_path / "out"
    lpgen("generate", *inputs, "--trust", "--output", out)
    (folder,) = out.glob("*functions-publisher")
    evidence = json.loads((folder / "evidence.json").read_text(encoding="utf-8"))
    for found in evidence["policies"]:
        (folder / found["file"]).unlink()
    evidence |= {"policies": [], "lines": [], "left_attached": []}
    (folder / "evidence.json").write_text(json.dumps(evidence), encoding="utf-8")
    question = ("--from", "role/ci/functions-publisher", "--to", "role/*")
    paths = answer(*inputs, *question, "--compare", out)["paths"]
    assert {edge["cut"] for path in paths for edge in path["edges"][:1]} == {False}


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize("option", ["--from", "--to"])
def test_name_that_matches_nothing_is_refused(option: str, policies: Path) -> None:
    done = lpgen("graph", "--policies", policies, option, "role/deplo", status=2)
    assert done.stdout == ""
    assert "no principal matches `role/deplo`" in done.stderr


def test_principal_arn_that_does_not_exist_is_refused(policies: Path) -> None:
    done = lpgen("graph", "--policies", policies, "--to", arn("gone"), status=2)
    assert "no principal matches" in done.stderr


def test_resource_of_an_unknown_type_is_refused(policies: Path) -> None:
    done = lpgen("graph", "--policies", policies, "--to", f"arn:aws:nosuch:us-east-1:{ACCOUNT}:thing/x", status=2)
    assert done.stdout == ""
    assert "nosuch" in done.stderr


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("{", "compute.json"),
        ('[{"arn": "x", "role": "y"}]', "$[0]"),
        (json.dumps([{"arn": FUNCTION, "role": arn("report")}, {"arn": FUNCTION}]), "$[1]"),
        (json.dumps([{"arn": FUNCTION, "role": arn("report"), "other": 1}]), "$[0]"),
    ],
)
def test_broken_inventory_names_the_file_and_the_place(
    content: str, named: str, policies: Path, tmp_path: Path
) -> None:
    (tmp_path / "compute.json").write_text(content, encoding="utf-8")
    done = lpgen("graph", "--policies", policies, "--compute", tmp_path / "compute.json", status=3)
    assert done.stdout == ""
    assert "compute.json" in done.stderr
    assert named in done.stderr


@pytest.mark.parametrize("option", ["--compute", "--policies", "--scps", "--compare"])
def test_missing_file_is_named(option: str, policies: Path, tmp_path: Path) -> None:
    done = lpgen("graph", "--policies", policies, option, tmp_path / "gone.json", status=3)
    assert "gone.json" in done.stderr


def test_command_without_inputs_says_what_to_give() -> None:
    assert "--policies" in lpgen("graph", status=2).stderr


# ---------------------------------------------------------------- texts of others


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Administrators with hostile names, policies and statements."""
    roles = []
    for text in HOSTILE:
        held = role(text, "*")
        held["RolePolicyList"][0]["PolicyName"] = text
        held["RolePolicyList"][0]["PolicyDocument"]["Statement"][0]["Sid"] = text
        roles.append(held)
    roles += [web(f"web-{number}", f"repo:{text}/*") for number, text in enumerate(HOSTILE)]
    return write_policies(tmp_path_factory.mktemp("hostile"), roles)


def test_hostile_texts_do_nothing_to_a_terminal(hostile: Path) -> None:
    for options in ((), ("--to", "role/*")):
        done = lpgen("graph", "--policies", hostile, *options)
        check_terminal_text(done.stdout, 80, color=False)
        assert all(line.isprintable() for line in done.stderr.splitlines())


def test_hostile_texts_do_nothing_to_pages(hostile: Path, tmp_path: Path) -> None:
    options = ("--to", "role/*", "--format")
    check_markdown(lpgen("graph", "--policies", hostile, *options, "markdown").stdout)
    roles = [role(f"plain-{number}", "*") for number in range(len(HOSTILE))]
    roles += [web(f"web-{number}", f"repo:plain-{number}/*") for number in range(len(HOSTILE))]
    plain = write_policies(tmp_path, roles)
    page, expected = (
        PageReader(lpgen("graph", "--policies", policies, *options, "html").stdout) for policies in (hostile, plain)
    )
    assert page.tags == expected.tags
    assert page.attributes == expected.attributes


def test_hostile_texts_stay_data_in_json(hostile: Path) -> None:
    text = lpgen("graph", "--policies", hostile, "--format", "json").stdout
    assert text.isascii()
    names = {path["edges"][0]["from"] for path in json.loads(text)["paths"]}
    assert names == {arn(text) for text in HOSTILE}


# ---------------------------------------------------------------- other programs


def test_graphml_and_dot_have_the_edges_of_the_paths(policies: Path) -> None:
    edges = {(edge["from"], edge["to"]) for path in answer("--policies", policies)["paths"] for edge in path["edges"]}
    text = lpgen("graph", "--policies", policies, "--format", "graphml").stdout
    found = ElementTree.fromstring(text).iter("{http://graphml.graphdrawing.org/xmlns}edge")
    assert {(edge.get("source"), edge.get("target")) for edge in found} == edges
    dot = lpgen("graph", "--policies", policies, "--format", "dot").stdout
    assert set(re.findall(r'^  "(.*)" -> "(.*)" \[', dot, re.MULTILINE)) == edges


def test_hostile_texts_stay_text_in_graphml_and_dot(hostile: Path) -> None:
    text = lpgen("graph", "--policies", hostile, "--format", "graphml").stdout
    nodes = ElementTree.fromstring(text).iter("{http://graphml.graphdrawing.org/xmlns}node")
    assert len({node.get("id") for node in nodes}) > len(HOSTILE) / 2
    dot = lpgen("graph", "--policies", hostile, "--format", "dot").stdout
    quoted = r'"(?:[^"\\\n]|\\.)*"'
    shape = rf"  {quoted}(?: -> {quoted})? \[label={quoted}, (?:shape|style)=\w+\];"
    assert all(re.fullmatch(shape, line) for line in dot.splitlines()[2:-1])

"""Hostile text in logs and policies stays inert in all that lpgen prints or writes, in every format."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import hcl2
import pytest
import yaml
from markdown_it import MarkdownIt

from tests.attack.fuzz.world import ACCOUNT, details, record, run_lpgen
from tests.attack.score import Attack, sample
from tests.report.hostile import ALLOWED_TAGS, CORPUS, PageReader

HOSTILE = (
    *(text for text in CORPUS if text.strip()),
    "=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1)", "\t=1", "${aws_iam_role.x.arn}", "%{ for x in y }",
    "${file(\"/etc/passwd\")}",
    "{{7*7}}", "../../../../tmp/x", "/etc/passwd", "a/../../b", "EOT", "POLICY", '"}],"x":[{"',
    "</script><script>alert(1)//", "AWS::NoValue",
)  # fmt: skip
_SURROGATES = re.compile("[\ud800-\udfff]")
_LOADING = ("img", "iframe", "object", "embed", "link", "base")
MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")
FORMATS = {
    "review": ("text", "json", "markdown", "sarif", "html", "csv"),
    "wildcards": ("text", "json", "markdown", "csv"),
    "drift": ("text", "json", "markdown", "sarif", "html"),
    "verify": ("text", "json", "markdown"),
}


# ---------------------------------------------------------------- a world in which all text is hostile


def hostile_records() -> Iterator[dict[str, Any]]:
    """Each text in every field that a caller, or a service for them, chooses."""
    for number, text in enumerate(HOSTILE):
        names = {"bucketName": text, "key": text, "tagging": {"TagSet": {"Tag": [{"Key": text, "Value": text}]}}}
        yield record(4 * number, "PutObject", "s3.amazonaws.com", **names)
        denied = record(4 * number + 1, "CreateQueue", "sqs.amazonaws.com", queueName=text)
        yield {**denied, "errorCode": text or "AccessDenied", "errorMessage": f"not authorized: {text}"}
        yield {**record(4 * number + 2, text, "ec2.amazonaws.com"), "userAgent": text, "eventID": text}
        other = record(4 * number + 3, "GetBucketAcl", text, bucketName="b")
        other["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] += text
        yield {**other, "vpcEndpointId": text, "awsRegion": text}
    for number, (arn, text) in enumerate(_arns_of_roles(), start=4 * len(HOSTILE)):
        used = record(number, "GetBucketTagging", "s3.amazonaws.com", bucketName=text)
        identity = used["userIdentity"]
        identity["principalId"] = f"AROA{number - 4 * len(HOSTILE)}:session"
        identity["sessionContext"]["sessionIssuer"] |= {"arn": arn, "principalId": identity["principalId"][:-8]}
        yield used


def _arns_of_roles() -> Iterator[tuple[str, str]]:
    for text in HOSTILE:
        if not _SURROGATES.search(text):  # no JSON of IAM holds these
            yield f"arn:aws:iam::{ACCOUNT}:role/{text}/{text.replace('/', '_')}", text
            yield f"arn:aws:iam::{ACCOUNT}:role/role-{len(text)}-{text[:1].encode().hex()}", text


def hostile_details() -> dict[str, Any]:
    """The roles of the world, and for each text roles with it in their names, paths, policies and tags."""
    whole = details()
    for number, (arn, text) in enumerate(_arns_of_roles()):
        statement = {"Sid": "a", "Effect": "Allow", "Action": "s3:*", "Resource": [f"arn:aws:s3:::{text}", "*"]}
        condition = {"StringLike": {f"aws:RequestTag/{text}": [text]}}
        hostile = {**statement, "Sid": text, "Action": ["s3:Get*", f"s3:{text}"], "Condition": condition}
        document = {"Version": "2012-10-17", "Statement": [statement, hostile] if number % 4 == 1 else [statement]}
        name = arn.rpartition("/")[2]
        whole["RoleDetailList"].append(
            {
                "Path": f"/{text}/" if f"/{text}/" in arn else "/", "RoleName": name, "RoleId": f"AROA{number}",
                "Arn": arn,
                "CreateDate": "2020-01-01T00:00:00Z", "Tags": [{"Key": text, "Value": text}],
                "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
                "RolePolicyList": [{"PolicyName": text, "PolicyDocument": document}], "AttachedManagedPolicies": [],
            }
        )  # fmt: skip
    return whole


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hostile logs and policies, ingested, and a baseline of harmless ones."""
    home = tmp_path_factory.mktemp("hostile")
    calm = [record(number, "GetBucketTagging", "s3.amazonaws.com", bucketName="data") for number in range(20)]
    for name, content in (
        ("calm.json", {"Records": calm}), ("calm-policies.json", details()),
        ("logs.json", {"Records": list(hostile_records())}), ("policies.json", hostile_details()),
    ):  # fmt: skip
        (home / name).write_text(json.dumps(content), encoding="utf-8")
    run_lpgen("ingest", home / "calm.json", "--data", home / "data", "--workers", "1")
    run_lpgen("baseline", "save", "calm", "--data", home / "data", "--policies", home / "calm-policies.json")
    return home


# ---------------------------------------------------------------- what inert means


class Tags(HTMLParser):
    """The tags of a page, with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes a tag."""
        self.found.append((tag, dict(attrs)))


def fault_of_text(text: str) -> str:
    """A character that a terminal obeys or that turns the text around."""
    for character in text:
        if not character.isprintable() and character not in "\n":
            return f"the character {character!r}"
    return ""


def fault_of_markdown(text: str) -> str:
    page = PageReader(MARKDOWN.render(text))
    strange = page.tags - ALLOWED_TAGS - {"hr", "br"} | page.attributes - {"href", "style"}
    if strange or re.search(r"javascript:|evil\.example", " ".join(page.prose)):
        return f"Markdown with {sorted(strange) or 'a link'}"
    return fault_of_text(text)


def fault_of_html(page: str) -> str:
    for tag, attributes in Tags(page).found:
        if tag in _LOADING or any(attribute.startswith("on") for attribute in attributes):
            return f"the tag {tag} {attributes}"
        if any(re.match(r"\s*(javascript|data):", value or "", re.I) for value in attributes.values()):
            return f"a link of {tag} {attributes}"
    scripts = re.findall(r"<script\b[^>]*>(.*?)</script>", page, re.S | re.I)
    if any("alert(1)" in script and "</script" in script for script in scripts):
        return "a script that ends early"
    return ""


def fault_of_csv(text: str) -> str:
    for row in csv.reader(io.StringIO(text)):
        for cell in row:
            if cell[:1] in ("=", "+", "-", "@", "\t", "\r") and not re.fullmatch(r"-?\d+(\.\d+)?", cell):
                return f"the formula {cell[:40]!r}"
    return ""


def fault_of_json(text: str) -> str:
    json.loads(text)
    raw = [one for one in text if not one.isprintable() and one != "\n"]
    return f"the character {raw[0]!r}" if raw else ""


def fault_of_yaml(text: str) -> str:
    yaml.safe_load(text)
    return fault_of_text(text)


def fault_of_terraform(text: str) -> str:
    hcl2.loads(text)
    text = re.sub(r"^\s*#.*$", "", text, flags=re.M)  # in comments nothing is interpolated
    found = re.search(r"(?<![$%])(?:\$\$|%%)*[$%]\{(?!data\.)", text)
    return f"interpolates {text[found.start() :][:40]!r}" if found else fault_of_text(text)


FAULTS: dict[str, Callable[[str], str]] = {
    "text": fault_of_text, "markdown": fault_of_markdown, "html": fault_of_html, "csv": fault_of_csv,
    "json": fault_of_json, "sarif": fault_of_json, ".json": fault_of_json, ".tf": fault_of_terraform,
    ".yaml": fault_of_yaml, ".md": fault_of_markdown,
}  # fmt: skip


def ground(home: Path) -> tuple[object, ...]:
    return ("--data", home / "data", "--policies", home / "policies.json")


def _commands() -> Iterator[tuple[str, str]]:
    return ((command, form) for command, formats in FORMATS.items() for form in formats)


# ---------------------------------------------------------------- every command


def test_hostile_text_is_inert_in_every_command_and_format(hostile: Path, attack: Callable[[str], Attack]) -> None:
    with attack("hostile text: output of commands") as one:
        data = hostile / "data"
        said = run_lpgen("ingest", hostile / "logs.json", "--data", data, "--workers", "1", "-v", status=None)
        one.add(f"ingest: {fault_of_text(said)}", held=not fault_of_text(said))
        out = hostile / "out"
        said = run_lpgen("generate", *ground(hostile), "-o", out, status=None)
        one.add(f"generate: {fault_of_text(said)}", held=not fault_of_text(said))
        for command, form in sample([*_commands()], one.random, least=2):
            target = hostile / f"{command}.{form}"
            first = (command, out) if command == "verify" else (command,)
            said = run_lpgen(*first, *ground(hostile), "--format", form, "-o", target, status=None)
            found = FAULTS[form](target.read_text(encoding="utf-8")) or fault_of_text(said)
            one.add(f"{command} as {form}: {found}", held=not found)
        for other in (("map", hostile / "logs.json"), ("baseline", "show", "calm", "--data", data)):
            said = run_lpgen(*other, status=None)
            one.add(f"{other[0]}: {fault_of_text(said)}", held=not fault_of_text(said))


@pytest.mark.parametrize("form", ["terraform", pytest.param("cloudformation", marks=pytest.mark.slow)])
def test_hostile_text_is_inert_in_files_of_replacements(
    form: str, hostile: Path, attack: Callable[[str], Attack]
) -> None:
    out = hostile / f"out-{form}"
    run_lpgen("ingest", hostile / "logs.json", "--data", hostile / "data", "--workers", "1", status=None)
    run_lpgen("generate", *ground(hostile), "-o", out, "--as", form, status=None)
    with attack(f"hostile text: {form}") as one:
        files = [path for path in out.rglob("*") if path.is_file()]
        assert len(files) > 20
        for path in sample(files, one.random, least=10):
            plain = re.fullmatch(r"[A-Za-z0-9_+=,.@-]+(/[A-Za-z0-9_+=,.@-]+)*", path.relative_to(out).as_posix())
            found = FAULTS.get(path.suffix, fault_of_text)(path.read_text(encoding="utf-8"))
            one.add(f"{path.name}: {found or 'its name'}", held=bool(plain) and not found)


def test_hostile_questions_are_answered_inertly(hostile: Path, attack: Callable[[str], Attack]) -> None:
    with attack("hostile text: arguments") as one:
        for text in sample(HOSTILE, one.random, least=3):
            questions: tuple[tuple[str, ...], ...] = (
                ("explain", f"arn:aws:iam::{ACCOUNT}:role/app", f"s3:{text}", text), ("explain", text, "s3:GetObject"),
                ("review", "--principal", text), ("catalog", "show", text), ("drift", "--since", text),
            )  # fmt: skip
            for arguments in sample(questions, one.random):
                where = ground(hostile) if arguments[0] != "catalog" else ()
                words = [word.replace("\x00", "").encode("utf-8", "replace").decode() for word in map(str, arguments)]
                said = run_lpgen(*words, *where, status=None)
                one.add(f"{arguments}: {fault_of_text(said)}", held=not fault_of_text(said))

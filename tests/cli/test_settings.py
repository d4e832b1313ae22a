"""Defaults from `LPGEN_*` variables and `lpgen.toml`: option, then variable, then file, then lpgen's own."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from lpgen.cli.main import app
from lpgen.cli.settings import SETTINGS, read_settings
from lpgen.errors import InvocationError


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for setting in SETTINGS:
        monkeypatch.delenv(setting.variable, raising=False)


def run(*arguments: str, **variables: str) -> Result:
    return CliRunner().invoke(app, arguments, env=variables)


def in_force(**variables: str) -> dict[str, tuple[str | None, str]]:
    found = json.loads(run("config", "--format", "json", **variables).stdout)
    return {key: (one["value"], one["from"]) for key, one in found.items()}


def complaint(*arguments: str, **variables: str) -> str:
    result = run(*arguments, **variables)
    assert isinstance(result.exception, InvocationError)
    return f"{result.exception.message}; {result.exception.hint}"


def test_option_counts_before_variable_and_variable_before_file() -> None:
    Path("lpgen.toml").write_text('data = "of-file"\n')
    assert "`of-file`" in complaint("review")
    assert "`of-variable`" in complaint("review", LPGEN_DATA="of-variable")
    assert "`of-option`" in complaint("review", "--data", "of-option", LPGEN_DATA="of-variable")


def test_config_says_where_each_default_comes_from() -> None:
    assert in_force() == {
        setting.key: (setting.default or None, "lpgen" if setting.default else "not set") for setting in SETTINGS
    }
    Path("lpgen.toml").write_text('min-days = 120\nmax-risk = 0.02\ndata = "data"\n')
    found = in_force(LPGEN_FAIL_ON="high", LPGEN_ACCOUNTS="111122223333 444455556666")
    assert found["min-days"] == ("120", "./lpgen.toml")
    assert found["max-risk"] == ("0.02", "./lpgen.toml")
    assert found["data"] == ("data", "./lpgen.toml")
    assert found["accounts"] == ("111122223333 444455556666", "LPGEN_ACCOUNTS")
    assert found["fail-on"] == ("high", "LPGEN_FAIL_ON")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('dta = "x"', "did you mean `data`?"),
        ("yes = true", "`yes` is not a setting"),
        ('include = ["x"]', "is not a setting"),
        ('endpoint-url = "http://attacker.example"', "is not a setting"),
        ('min-days = "90"', "must be a whole number"),
        ("min-days = true", "must be a whole number"),
        ("fail-on = 1", "must be a string"),
        ("max-risk = true", "must be a share from 0 to 1"),
        ("max-risk = 1.5", "must be a share from 0 to 1"),
        ("max-risk = nan", "must be a share from 0 to 1"),
        ("max-risk = 0.5", "the file can only lower it; to raise it, delete the line"),
        ('data = "../elsewhere"', "is outside the folder"),
        ("data = ", "can't read `lpgen.toml`"),
        ("x" * 200_000, "is not a settings file"),
    ],
)
def test_wrong_file_is_an_error_that_names_the_place(text: str, said: str) -> None:
    Path("lpgen.toml").write_text(text + "\n")
    assert said in complaint("config")


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.symlink_to("nowhere")])
def test_what_is_no_file_is_an_error(make: object) -> None:
    make(Path("lpgen.toml"))  # type: ignore[operator]
    assert "`lpgen.toml`" in complaint("config")


def test_link_that_leaves_the_folder_is_refused(tmp_path: Path) -> None:
    outside = tmp_path.parent / "outside"
    outside.mkdir(exist_ok=True)
    Path("data").symlink_to(outside)
    Path("lpgen.toml").write_text('data = "data"\n')
    assert "is outside the folder" in complaint("config")


def test_help_needs_no_file_and_names_the_variable() -> None:
    Path("lpgen.toml").write_text("broken")
    for word in ("-h", "--help"):
        result = run("review", word)
        assert result.exit_code == 0
        assert "LPGEN_DATA" in result.stdout


def test_logs_and_accounts_are_defaults_of_ingest_only(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    Path("lpgen.toml").write_text('data = "data"\n')
    variables = {"LPGEN_LOGS": "empty", "LPGEN_ACCOUNTS": "12"}
    assert "12" in complaint("ingest", **variables)
    assert "the policies are missing" in complaint("observe", **variables)  # its --account is another option


# ---------------------------------------------------------------- what somebody else's file can't do


@pytest.mark.parametrize("days", [89, 1, 0, -5])
def test_file_cannot_lower_the_days_that_safe_needs(days: int) -> None:
    Path("lpgen.toml").write_text(f"min-days = {days}\n")
    said = complaint("review")
    for word in ("`lpgen.toml`", "`min-days`", str(days), "90", f"--min-days {days}", "LPGEN_MIN_DAYS"):
        assert word in said
    Path("lpgen.toml").write_text("min-days = 90\n")
    assert in_force()["min-days"] == ("90", "./lpgen.toml")


def test_command_line_and_environment_can_lower_the_days_that_safe_needs() -> None:
    Path("lpgen.toml").write_text("min-days = 120\n")
    assert in_force(LPGEN_MIN_DAYS="1")["min-days"] == ("1", "LPGEN_MIN_DAYS")
    assert "`none`" in complaint("review", "--data", "none", "--min-days", "1")


@pytest.mark.parametrize(
    ("line", "option", "variable"),
    [
        ('decisions = "decisions.toml"', "--decisions", "LPGEN_DECISIONS"),
        ('logs = ["logs"]', "the paths", "LPGEN_LOGS"),
        ('accounts = ["111122223333"]', "--account", "LPGEN_ACCOUNTS"),
    ],
)
def test_file_cannot_set_what_could_hide_use_or_accept_a_doubt(line: str, option: str, variable: str) -> None:
    Path("lpgen.toml").write_text(f"{line}\n")
    for command in ("review", "generate", "ingest", "config"):
        said = complaint(command)
        assert f"`lpgen.toml` can't set `{line.split()[0]}`" in said
        assert f"give {option}" in said
        assert variable in said


def test_file_cannot_name_the_data_folder_that_vouches_for_an_output() -> None:
    """Whoever wrote the folder may have made the data folder and the output for each other."""
    Path("lpgen.toml").write_text('data = "data"\n')
    assert "`lpgen.toml` can't choose what lpgen trusts" in complaint("verify", "out")
    assert "no reason is given to trust" in complaint("rollout", "plan", "out", "--policies", "policies.json")
    for command in (("verify", "out"), ("rollout", "plan", "out")):
        assert "`mine`" in complaint(*command, LPGEN_DATA="mine")


def test_every_setting_of_the_file_is_stricter_or_refused() -> None:
    """What a new key could do to somebody who trusts the folder has to be decided with it."""
    assert {setting.key for setting in SETTINGS if not setting.risk} == {"data", "min-days", "max-risk", "fail-on"}


@given(st.text(max_size=40))
def test_any_text_is_settings_or_a_clear_error(text: str) -> None:
    Path("lpgen.toml").write_text(text, encoding="utf-8", errors="surrogatepass")
    with suppress(InvocationError):
        read_settings()

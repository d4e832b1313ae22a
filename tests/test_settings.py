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
    for one in SETTINGS:
        monkeypatch.delenv(one.variable, raising=False)


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
    assert in_force() == {one.key: (one.default or None, "lpgen" if one.default else "not set") for one in SETTINGS}
    Path("lpgen.toml").write_text('min-days = 30\naccounts = ["111122223333", "444455556666"]\n')
    found = in_force(LPGEN_FAIL_ON="high")
    assert found["min-days"] == ("30", "./lpgen.toml")
    assert found["accounts"] == ("111122223333 444455556666", "./lpgen.toml")
    assert found["fail-on"] == ("high", "LPGEN_FAIL_ON")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('dta = "x"', "did you mean `data`?"),
        ("yes = true", "`yes` is no setting"),
        ('include = ["x"]', "is no setting"),
        ('endpoint-url = "http://attacker.example"', "is no setting"),
        ('min-days = "90"', "must be a whole number"),
        ("min-days = true", "must be a whole number"),
        ('accounts = "111122223333"', "must be a list of texts"),
        ('data = "../elsewhere"', "leaves the folder"),
        ('decisions = "/etc/passwd"', "leaves the folder"),
        ("data = ", "can't read `lpgen.toml`"),
        ("x" * 200_000, "is no file of settings"),
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
    assert "leaves the folder" in complaint("config")


def test_help_needs_no_file_and_names_the_variable() -> None:
    Path("lpgen.toml").write_text("broken")
    for word in ("-h", "--help"):
        result = run("review", word)
        assert result.exit_code == 0
        assert "LPGEN_DATA" in result.stdout


def test_logs_and_accounts_are_defaults_of_ingest_only(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    Path("lpgen.toml").write_text('logs = ["empty"]\ndata = "data"\naccounts = ["12"]\n')
    assert "12" in complaint("ingest")
    assert "the policies are missing" in complaint("observe")  # its --account is another option


@given(st.text(max_size=40))
def test_any_text_is_settings_or_a_clear_error(text: str) -> None:
    Path("lpgen.toml").write_text(text, encoding="utf-8", errors="surrogatepass")
    with suppress(InvocationError):
        read_settings()

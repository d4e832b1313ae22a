"""`lpgen review` on the command line: one screen by default, everything on demand, and names that can be given back."""

from __future__ import annotations

import html
import json
import re
import shlex
from pathlib import Path

import pytest

from tests.report.pages.test_first_screen import assert_fits, labels_of, names_of
from tests.support.forked_lpgen import run_forked
from tests.support.sample_organization import ROOT as SAMPLE_LOGS
from tests.support.screens import commands_of_screen as commands_of
from tests.support.terminals import on_terminal


@pytest.fixture(scope="module")
def given(sample_data: Path) -> list[str]:
    return ["--data", str(sample_data), "--policies", str(SAMPLE_LOGS / "authorization-details")]


@pytest.fixture(scope="module")
def screen(given: list[str]) -> str:
    return lpgen("review", *given)


def lpgen(*arguments: str) -> str:
    done = run_forked(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_review_is_one_screen(screen: str) -> None:
    assert_fits(screen)
    assert "41 principals" in screen


@pytest.mark.slow
def test_a_review_to_a_file_in_full_or_of_one_principal_has_everything(given: list[str], tmp_path: Path) -> None:
    lpgen("review", *given, "--output", str(tmp_path / "review.txt"))
    whole = (tmp_path / "review.txt").read_text("utf-8")
    assert whole.count("\n━━ ") == 41
    assert lpgen("review", *given, "--full") == whole
    one = lpgen("review", *given, "--principal", "role/app/storefront-api")
    assert [text.split()[1] for text in one.splitlines() if text.startswith("━━")] == ["role/app/storefront-api"]
    assert_fits(lpgen("review", *given, "--principal", "role/app/*"))


@pytest.mark.slow
def test_every_command_of_a_screen_runs(screen: str, given: list[str], tmp_path: Path) -> None:
    for _, *words in commands_of(screen):
        assert all(option in words for option in ("--data", given[1]))
        if words[0] in ("generate", "review"):
            done = run_forked(*words, cwd=tmp_path)
            assert done.returncode == 0, (words, done.stderr)
        else:
            assert run_forked(words[0], "--help").returncode == 0
    assert (tmp_path / "lpgen-out" / "summary.json").is_file()


@pytest.mark.parametrize("form", ["html", "markdown"])
def test_commands_of_other_forms_have_the_options_too(form: str, given: list[str]) -> None:
    options = [*given, "--principal", "role/app/storefront-api", "--min-days", "50"]
    shown = lpgen("review", *options, "--format", form)
    plain = html.unescape(re.sub(r"<[^>]*>", "", shown))
    assert all(
        shlex.join(one) in plain for one in (["lpgen", "generate", *given], options[-2:], ["--output", "lpgen-out"])
    )
    assert "--data DIR" not in shown


def test_commands_take_the_options_that_were_given(given: list[str]) -> None:
    options = ("--min-days", "100", "--as-of", "2026-09-30", "--no-backtest", "--inline")
    shown = lpgen("review", *given, *options, "--format", "markdown")
    commands = [shlex.split(found) for found in re.findall(r"^ *`.*?\blpgen ((?:review|backtest) .*)`$", shown, re.M)]
    assert len(commands) >= 3
    for words in commands:
        for option in (given, ["--min-days", "100"]):
            assert shlex.join(option) in shlex.join(words)
        of_review = "--as-of 2026-09-30" in shlex.join(words), "--inline" in words
        assert of_review == ((True, True) if words[0] == "review" else (False, False))
    assert sum("--no-backtest" not in words for words in commands if words[0] == "review") == 1


def test_every_name_of_a_screen_is_taken_by_the_commands_that_ask_for_one(screen: str, given: list[str]) -> None:
    names = sorted({*names_of(screen), *(label for label in labels_of(screen) if "…" not in label)})
    assert names
    found = json.loads(lpgen("review", *given, "--no-backtest", "--format", "json", "--principal", names[0]))
    assert len(found["principals"]) == 1
    for name in names:
        assert lpgen("explain", name, "s3:GetObject", *given)
    lpgen("wildcards", *given, "--principal", names[0])


@pytest.mark.parametrize(
    "command",
    [
        ["review", "--principal", "role/app/storefrnt-api"],
        ["wildcards", "--principal", "storefrnt-api"],
        ["backtest", "--principal", "storefrnt-api"],
        ["explain", "storefrnt-api", "s3:GetObject"],
    ],
)
def test_a_name_that_is_nearly_right_gets_the_right_one(command: list[str], given: list[str]) -> None:
    done = run_forked(*command, *given)
    assert done.returncode == 2
    assert "did you mean `role/app/storefront-api`" in done.stderr


@pytest.fixture
def pager(tmp_path: Path) -> dict[str, str]:
    program = tmp_path / "pager"
    program.write_text(f'#!/bin/sh\ncat > "{tmp_path}/paged"\necho done\n')
    program.chmod(0o700)
    return {"PAGER": str(program), "NO_COLOR": "1"}


def test_the_pager_of_a_terminal_shows_a_whole_review(given: list[str], tmp_path: Path, pager: dict[str, str]) -> None:
    some = ["review", *given, "--principal", "role/app/*", "--full"]
    status, shown = on_terminal(some, cwd=tmp_path, variables=pager)
    assert (status, "done\r\n" in shown) == (0, True)
    assert "━━ role/app/storefront-api" in (tmp_path / "paged").read_text("utf-8")


def test_a_pager_that_is_left_early_ends_the_review_in_peace(given: list[str], tmp_path: Path) -> None:
    status, shown = on_terminal(["review", *given, "--full"], cwd=tmp_path, variables={"PAGER": "head -n 1"})
    assert status == 0, shown
    assert "Traceback" not in shown


@pytest.mark.parametrize("named", ["no-such-pager -R", "LESS=R no-such-pager"])
def test_a_pager_that_is_not_there_costs_no_line_of_the_review(named: str, given: list[str], tmp_path: Path) -> None:
    some = ["review", *given, "--principal", "role/app/*", "--full"]
    status, shown = on_terminal(some, cwd=tmp_path, variables={"PAGER": named})
    assert status == 0
    assert "$PAGER names `no-such-pager`, which doesn't exist" in shown
    assert "━━ role/app/storefront-api" in shown

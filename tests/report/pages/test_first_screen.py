"""The first screen of a review: it fits, it says what to do next, and every name on it can be given back to lpgen."""

from __future__ import annotations

import itertools
import re
import shlex
from dataclasses import replace
from itertools import cycle

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from lpgen.core.analysis.caveats.incomplete_logs import LogsCaveat
from lpgen.core.findings import Report
from lpgen.core.principal_names import is_named
from lpgen.report.blocks import Command, Given
from lpgen.report.layout.text import command_lines
from lpgen.report.tasks import tasks_of_review
from lpgen.report.words import cut_labels, name_of_arn
from tests.report.cases import SECURITY, SHOP
from tests.report.golden import check_golden
from tests.report.hostile import CORPUS, poisoned_report
from tests.report.rendered import DATA, OPTIONS, TAKEN, render_review, summarize
from tests.report.reports import large_report, organization, report_of
from tests.report.safe_cases import applied, deployer, storefront
from tests.report.unsafe_cases import analyst, inventory
from tests.support.law_examples import examples
from tests.support.registry_examples import example_caveat
from tests.support.screens import commands_of_screen as commands_of


def screen(report: Report, options: Given = DATA, *, width: int = 100, color: bool = False) -> str:
    return render_review(report, "screen", width=width, color=color, given=options)


def names_of(shown: str) -> list[str]:
    """The names of principals that a screen gives to commands."""
    given = [words[words.index("--principal") + 1] for words in commands_of(shown) if "--principal" in words]
    return [*given, shlex.split(" ".join(shown[shown.index("To see more, add: ") :].split()))[-1]]


def labels_of(shown: str) -> list[str]:
    """The labels of principals in the table of a screen, and those of its dangers."""
    table = re.findall("principal +state.*\n.*\n((?:[^ \n]+ .*\n)*?)(?:and |\n)", shown)
    rows = [text for found in table for text in found.splitlines()]
    dangers = re.findall(r"^- (?:critical|high): ([^:]*?):", shown, re.M)
    return [*(re.split("  +", text)[0] for text in rows), *dangers]


def assert_fits(shown: str) -> None:
    """Fails unless a screen has at most 40 lines, or no step but one with a command or name too long for it."""
    lines = shown.splitlines()
    if len(lines) > 40:
        assert sum(text.startswith("    lpgen ") for text in lines) <= 1
        more = next(at for at, text in enumerate(lines) if text.startswith("To see more, add: "))
        command = itertools.dropwhile(lambda text: not text.startswith("    lpgen "), lines[:more])
        in_command = sum(1 for _ in itertools.takewhile(lambda text: text.endswith("\\"), command))
        assert more - in_command <= 40
    assert shown.endswith("\n")
    for text in shown.split("\n"):
        assert cell_len(text) <= 100
        assert text.isprintable()


def test_the_first_screen_is_as_in_the_golden_file() -> None:
    check_golden("review-screen.txt", screen(organization()))
    check_golden("review-screen-80.txt", screen(organization(), width=80))


@pytest.mark.parametrize("principals", [1, 2, 20, 66, 2000])
def test_the_first_screen_has_at_most_40_lines(principals: int) -> None:
    report = large_report(principals)
    for width in (72, 80, 100, 200) if principals < 2000 else (80,):
        shown = screen(report, width=width)
        assert_fits(shown)
        assert len(commands_of(shown)) == 3


hostile = st.sampled_from(CORPUS) | st.text(max_size=60)
long_names = st.text("abcXYZ019_+=,.@-", min_size=1, max_size=64)
paths = st.text("abc/", max_size=500).map(lambda text: f"/{text}/" if text else "/")
words = st.text(min_size=1, max_size=300)
options = st.lists(st.tuples(st.sampled_from(OPTIONS[:4]), words | st.sampled_from(["a b", "--x", "'"])), max_size=30)


@given(st.lists(hostile, min_size=1, max_size=7), st.integers(20, 200), options)
@example(["x" * 9000], 20, [])
@example(["x" * 9000], 100, [])
@example(
    ["\x1f\x1f\x1f\U00020000\U0002fa53"],
    20,
    [("--data", "00000"), ("--policies", "--x"), *[("--data", "00000\xa1")] * 6],
)
@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_text_makes_the_first_screen_larger(
    texts: list[str], width: int, given_before: list[tuple[str, str]]
) -> None:
    found = cycle(texts)
    report = poisoned_report(organization(), lambda _text: next(found))
    assert_fits(screen(report, Given(tuple(given_before), TAKEN), width=width))


@given(
    st.lists(st.tuples(long_names, paths, st.sampled_from([SHOP, SECURITY])), min_size=1, max_size=30),
    st.integers(72, 120),
)
@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_name_on_the_first_screen_names_a_principal(named: list[tuple[str, str, str]], width: int) -> None:
    made = cycle((deployer, storefront, inventory, analyst))
    cases = [replace(next(made)(), name=name, path=path, account=account) for name, path, account in named]
    report = report_of({(case.account, case.name): case for case in cases}.values())
    report = replace(
        report,
        trust=tuple(replace(trust, principal=report.proposals[0].diff.principal.arn) for trust in organization().trust),
    )
    known = [proposal.diff.principal.arn for proposal in report.proposals]
    shown = screen(report, width=width)
    assert_fits(shown)
    assert shown.count("\n") <= 40
    for name in names_of(shown):
        assert any(is_named(arn, name) for arn in known), name
    labels = labels_of(shown)
    assert len(labels) >= min(len(known), 2)
    for label in labels:  # as a glob, a label that is cut still names one, if not only one
        assert any(is_named(arn, label.replace("…", "*")) for arn in known), label


@pytest.mark.parametrize("name", ["a\x1b[2J\u202e b\\c", "\ud800", "日本語", "", " ", "a b", "x" * 90 + "/" + "y" * 90])
def test_a_name_that_no_terminal_shows_is_a_glob_that_matches(name: str) -> None:
    for arn in (f"arn:aws:iam::{SHOP}:role/app/{name}", f"arn:aws:sts::{SHOP}:{name}", name):
        for with_account in (False, True):
            shown = name_of_arn(arn, with_account=with_account)
            assert is_named(arn, shown)
            assert shown.isascii()
            assert shown.isprintable()
            assert is_named(arn, shlex.split(shlex.quote(shown))[0])


labels = st.lists(st.text("ab/-é", max_size=40) | st.text("a", max_size=60), unique=True, max_size=12)


@given(labels, st.integers(5, 50))
@settings(max_examples=examples(300), deadline=None)
def test_labels_that_are_cut_stay_distinct_and_keep_both_ends(whole: list[str], most: int) -> None:
    found = list(cut_labels(whole, most))
    assert len(set(found)) == len(found) == len(whole)
    for label, shown in zip(whole, found, strict=True):
        if len(label) <= most:
            assert shown == label
        elif shown != label:
            assert len(shown) <= most
            start, *rest = shown.split("…")
            assert rest
            assert label.startswith(start)
            assert label.endswith(rest[-1])
            assert start
            assert rest[-1]


def test_a_label_loses_its_path_before_its_name_and_the_middle_before_the_ends() -> None:
    name = "payments-reconciliation-worker"
    cut = cut_labels([f"role/service/team-a/{name}", f"role/{name}-of-the-european-shops"], 40)
    assert list(cut) == [f"role/…/{name}", "role/payments-reconc…-the-european-shops"]
    twins = [f"role/{'x' * 30}-{number}-{'y' * 30}" for number in range(2)]
    assert list(cut_labels(twins, 40)) == twins


def test_a_role_that_anyone_can_assume_is_said_first() -> None:
    lines = screen(organization()).splitlines()
    assert "1 role can be assumed from outside; 1 principal shows unusual use" in lines[2]
    assert lines[3].startswith("- critical: role/app/storefront-api: anyone in the world can assume it")
    assert [text.partition(":")[0] for text in lines[3:] if text.startswith("- ")][:3] == [
        "- critical",
        "- high",
        "- high",
    ]


def test_the_first_screen_gives_the_numbers() -> None:
    shown = " ".join(screen(organization()).split())
    assert "17 principals, 9 replacements: 5 safe, 3 not safe yet, 1 already in place; 1 refused as too large." in shown
    actions = "278 granted, 20 used, 1 attempted, 27 kept (7 without recorded use), 251 removed (16 dangerous)."
    assert f"Actions of the 9 principals with a replacement: {actions}" in shown
    assert "61 to 120 covered days (minimum for safe: 90) in 2 accounts, 3 Regions" in shown
    assert "catalog of 2026-11-02" in shown


def test_the_first_screen_is_the_same_with_and_without_color() -> None:
    colored = screen(organization(), color=True)
    assert "\x1b[" in colored
    plain = re.sub("\x1b\\[[0-9;]*m", "", colored)
    assert "".join(f"{text.rstrip(' ')}\n" for text in plain.splitlines()) == screen(organization())


# ---------------------------------------------------------------- next steps


def test_commands_have_the_options_that_were_given_as_far_as_they_take_them() -> None:
    given_before = Given((("--data", "my data"), ("--policies", "a.json"), ("--trails", "t.json")), TAKEN)
    shown = commands_of(screen(report_of([storefront(), analyst()]), given_before))
    generate = "lpgen generate --data 'my data' --policies a.json --trails t.json --output lpgen-out"
    assert shlex.split(generate) in shown
    taken = {"generate": ("--data",)}
    command = Given(given_before.options, taken).command("generate")
    assert command
    assert command.given == (("--data", "my data"),)
    assert Given(given_before.options, taken).command("review") is None


pastable = st.text(st.characters(codec="ascii", min_codepoint=32, exclude_characters="\\\x7f"), max_size=300)


@given(st.lists(st.tuples(st.sampled_from(OPTIONS), pastable), max_size=5), st.integers(40, 160))
@settings(max_examples=examples(300), deadline=None)
def test_a_long_command_goes_on_in_the_next_line_and_can_be_pasted(given: list[tuple[str, str]], width: int) -> None:
    lines = command_lines(Command("rollout plan", tuple(given), (("lpgen-out",), ("--output", "p"))), width=width)
    assert all(len(text) <= width for text in lines)
    words = [word for option in given for word in option]
    expected = ["lpgen", "rollout", "plan", "lpgen-out", *words, "--output", "p"]
    assert shlex.split("\n".join(lines).replace("\\\n", "")) == expected


def test_no_option_of_a_command_is_left_out_however_many_there_are() -> None:
    many = [f"policies/{number}-{'x' * 40}.json" for number in range(40)]
    given_before = (("--data", "d"), *(("--policies", one) for one in many))
    shown = screen(report_of([storefront(), analyst()]), Given(given_before, TAKEN))
    (command,) = commands_of(shown)
    given = [word for option in given_before for word in option]
    assert command == ["lpgen", "generate", *given, "--output", "lpgen-out"]
    assert shown.count("\n") > 40
    assert_fits(shown)


def test_the_program_of_a_command_is_the_one_that_is_running() -> None:
    program = ("uvx", "--from", "/home/me/my checkout", "lpgen")
    shown = screen(report_of([storefront()]), replace(DATA, program=program))
    assert "uvx --from '/home/me/my checkout' lpgen generate --data lpgen-data" in shown


def test_a_command_that_cant_be_run_here_is_not_suggested() -> None:
    shown = screen(organization(), Given(DATA.options, {"review": OPTIONS}))
    assert {words[1] for words in commands_of(shown)} == {"review"}
    assert not commands_of(screen(organization(), Given()))


def test_a_decision_file_that_is_in_use_is_not_written_again() -> None:
    case = replace(storefront(), caveats=[example_caveat(LogsCaveat.YOUNG)])
    used = Given((("--data", "d"), ("--decisions", "decisions.toml")), TAKEN, draft="decisions-2.toml")
    (task,) = tasks_of_review(summarize(report_of([case])), used)
    assert task.command
    assert task.command.added[-1] == ("--write-decisions", "decisions-2.toml")


def test_there_are_three_next_steps_where_all_is_done() -> None:
    assert len(commands_of(screen(report_of([applied()])))) == 3

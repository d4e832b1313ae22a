"""The first screen of a review: it fits, it says what to do next, and every name on it can be given back to lpgen."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from itertools import cycle

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from lpgen.core.findings import Report
from lpgen.core.principal_names import is_named
from lpgen.core.registry.caveats import CaveatKind
from lpgen.report.blocks import Command, Given
from lpgen.report.layout.shell import command_lines
from lpgen.report.tasks import next_steps
from lpgen.report.views import review_view
from lpgen.report.words import name_of_arn
from tests.report.cases import SECURITY, SHOP
from tests.report.golden import check_golden
from tests.report.hostile import CORPUS, poison
from tests.report.rendered import render_review_parts
from tests.report.reports import large_report, organization, report_of
from tests.report.safe_cases import applied, deployer, storefront
from tests.report.unsafe_cases import analyst, inventory
from tests.support.law_examples import examples
from tests.support.registry_examples import example_caveat

COMMANDS = ("review", "generate", "backtest", "ingest", "snapshot", "catalog update", "rollout plan", "baseline save")
OPTIONS = ("--data", "--policies", "--trails", "--decisions", "--principal", "--no-backtest")
TAKEN = dict.fromkeys(COMMANDS, OPTIONS)
DATA = Given((("--data", "lpgen-data"),), TAKEN)


def screen(report: Report, options: Given = DATA, *, width: int = 100, color: bool = False) -> str:
    return "".join(render_review_parts(report, "text", width=width, color=color, given=options, screen=True))


def commands_of(shown: str) -> list[list[str]]:
    """The commands on a screen, as a shell reads them."""
    joined = shown.replace("\\\n", "")
    return [shlex.split(text.strip()) for text in joined.splitlines() if text.startswith("    lpgen ")]


def names_of(shown: str) -> list[str]:
    """The names of principals on a screen: of the table, of dangers, and of commands."""
    lines = shown.splitlines()
    table = re.findall("principal +state.*\n.*\n((?:[^ \n]+ .*\n)*?)(?:and |\n)", shown)
    rows = [text for found in table for text in found.splitlines()]
    dangers = [text.split(": ")[1] for text in lines if text.startswith(("- critical: ", "- high: "))]
    given = [words[words.index("--principal") + 1] for words in commands_of(shown) if "--principal" in words]
    last = shlex.split(" ".join(shown[shown.index("To see more, add: ") :].split()))
    return [*(re.split("  +", text)[0] for text in rows), *dangers, *given, last[-1]]


def assert_fits(shown: str) -> None:
    assert shown.count("\n") <= 40
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
@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_text_makes_the_first_screen_larger(
    texts: list[str], width: int, given_before: list[tuple[str, str]]
) -> None:
    found = cycle(texts)
    report: Report = poison(organization(), lambda _text: next(found))
    assert_fits(screen(report, Given(tuple(given_before), TAKEN), width=width))


@given(
    st.lists(st.tuples(long_names, paths, st.sampled_from([SHOP, SECURITY])), min_size=1, max_size=30),
    st.integers(72, 120),
)
@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_name_on_the_first_screen_names_a_principal(named: list[tuple[str, str, str]], width: int) -> None:
    made = cycle((deployer, storefront, inventory, analyst))
    cases = [replace(next(made)(), name=name, path=path, account=account) for name, path, account in named]
    report = report_of({(one.account, one.name): one for one in cases}.values())
    report = replace(
        report,
        trust=tuple(replace(one, principal=report.proposals[0].diff.principal.arn) for one in organization().trust),
    )
    known = [one.diff.principal.arn for one in report.proposals]
    shown = screen(report, width=width)
    assert_fits(shown)
    for name in names_of(shown):
        assert any(is_named(arn, name) for arn in known), name


@pytest.mark.parametrize("name", ["a\x1b[2J\u202e b\\c", "\ud800", "日本語", "", " ", "a b", "x" * 90 + "/" + "y" * 90])
def test_a_name_that_no_terminal_shows_is_a_glob_that_matches(name: str) -> None:
    for arn in (f"arn:aws:iam::{SHOP}:role/app/{name}", f"arn:aws:sts::{SHOP}:{name}", name):
        for with_account in (False, True):
            for most in (20, 70):
                shown = name_of_arn(arn, with_account=with_account, most=most)
                assert is_named(arn, shown)
                assert shown.isascii()
                assert shown.isprintable()
                assert len(shown) <= most


def test_a_role_that_anyone_can_assume_is_said_first() -> None:
    lines = screen(organization()).splitlines()
    assert "Somebody outside can assume 1 role" in lines[2]
    assert lines[3] == "- critical: role/app/storefront-api: anyone in the world can assume it"


def test_the_first_screen_gives_the_numbers() -> None:
    shown = " ".join(screen(organization()).split())
    assert "17 principals, 8 replacements: 5 safe, 3 not safe yet; 1 refused as too large; 1 in place already." in shown
    assert "Actions: 277 granted, 19 used, 8 more kept, 251 removed (16 dangerous)." in shown
    assert "61 to 120 covered days (safe needs 90) in 2 accounts, 3 Regions" in shown
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
    assert Given(given_before.options, taken).command("generate").given == (("--data", "my data"),)


pastable = st.text(st.characters(codec="ascii", min_codepoint=32, exclude_characters="\\\x7f"), max_size=300)


@given(st.lists(st.tuples(st.sampled_from(OPTIONS), pastable), max_size=5), st.integers(40, 160))
@settings(max_examples=examples(300), deadline=None)
def test_a_long_command_goes_on_in_the_next_line_and_can_be_pasted(given: list[tuple[str, str]], width: int) -> None:
    lines = command_lines(Command("rollout plan", tuple(given), (("lpgen-out",), ("--output", "p")), 999), width=width)
    assert all(len(text) <= width for text in lines)
    words = [word for option in given for word in option]
    expected = ["lpgen", "rollout", "plan", "lpgen-out", *words, "--output", "p"]
    assert shlex.split("\n".join(lines).replace("\\\n", "")) == expected


def test_options_that_there_is_no_room_for_are_left_out_visibly() -> None:
    many = tuple(("--policies", f"policies/{number}-{'x' * 40}.json") for number in range(40))
    shown = commands_of(screen(report_of([storefront()]), Given((("--data", "d"), *many), TAKEN)))
    assert shown[0] == ["lpgen", "generate", "--data", "d", "...", "--output", "lpgen-out"]


def test_steps_come_by_how_many_replacements_they_free() -> None:
    young = replace(storefront(), caveats=[example_caveat(CaveatKind.YOUNG)])
    denied = replace(storefront(), caveats=[example_caveat(CaveatKind.EXPECTED_DENIALS)])
    both = replace(storefront(), caveats=[*young.caveats, *denied.caveats])
    cases = [replace(one, name=f"{number}") for number, one in enumerate((young, denied, denied, both, storefront()))]
    steps = next_steps(review_view(report_of(cases)), DATA)
    assert [(one.command.name, *one.command.added[-1:]) for one in steps] == [
        ("backtest",),
        ("review", ("--write-decisions", "decisions.toml")),
        ("generate", ("--output", "lpgen-out")),
    ]
    texts = ["".join(span.text for span in one.words) for one in steps]
    assert texts[0].endswith("(frees 2 of 3).")
    assert texts[1].endswith("(frees 2).")


@pytest.mark.parametrize("kind", CaveatKind)
def test_every_kind_of_caveat_has_a_next_step_with_a_command(kind: CaveatKind) -> None:
    case = replace(storefront(), caveats=[example_caveat(kind)])
    step = next_steps(review_view(report_of([case])), DATA)[0]
    assert step.command.name in COMMANDS
    assert "frees 1" in "".join(span.text for span in step.words)


def test_a_decision_file_that_is_in_use_is_not_written_again() -> None:
    case = replace(storefront(), caveats=[example_caveat(CaveatKind.YOUNG)])
    used = Given((("--data", "d"), ("--decisions", "decisions.toml")), TAKEN)
    step = next_steps(review_view(report_of([case])), used)[0]
    assert step.command.added[-1] == ("--write-decisions", "more-decisions.toml")


def test_there_are_three_next_steps_where_all_is_done() -> None:
    assert len(next_steps(review_view(report_of([applied()])), DATA)) == 3

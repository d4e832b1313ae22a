"""The only list of what to do: harm before gain, and commands that run as they are printed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
import typer.main
from hypothesis import given, settings
from hypothesis import strategies as st

from lpgen.cli.main import app
from lpgen.cli.options import given_of
from lpgen.core.analysis.caveats.dangerous_use import DangerCaveat
from lpgen.core.analysis.caveats.incomplete_logs import LogsCaveat
from lpgen.core.analysis.caveats.kinds import CAVEAT_KINDS
from lpgen.core.analysis.caveats.replacement import ReplacementCaveat
from lpgen.core.findings import Becoming, PrincipalClass, Reachable, Report
from lpgen.core.registry.row import Caveat, CaveatKind
from lpgen.core.snapshots import SnapshotStamp
from lpgen.report.blocks import Given, Line
from lpgen.report.tasks import Task, closing_tasks, tasks_of_review
from tests.report.cases import SECURITY, SHOP, Case
from tests.report.cases_without_replacement import without_replacement
from tests.report.rendered import DATA, TAKEN, render_review, summarize
from tests.report.reports import large_report, organization, report_of
from tests.report.safe_cases import applied, deployer, storefront
from tests.report.unsafe_cases import failing
from tests.support.law_examples import examples
from tests.support.registry_examples import example_caveat


def text_of(words: Line) -> str:
    return "".join(span.text for span in words)


def tasks_of(report: Report, given: Given = DATA) -> tuple[Task, ...]:
    return tasks_of_review(summarize(report), given)


def words_of(report: Report, given: Given = DATA) -> list[str]:
    return [text_of(task.words) for task in tasks_of(report, given)]


def names_of(task: Task) -> list[str]:
    return [principal.principal.name for principal in task.principals]


def blocked(name: str, *kinds: CaveatKind) -> Case:
    return replace(storefront(), name=name, caveats=[example_caveat(kind) for kind in kinds])


# ---------------------------------------------------------------- order


def test_harm_comes_before_gain() -> None:
    words = words_of(replace(organization(), log_place="s3://logs"))
    expected = (
        "Fetch 1 unreadable log file again. Until then, this review lacks some use.",
        "In the trust policy of 1 role, name who may assume it, or accept that outsiders can assume it.",
        "Ask the owner of 1 principal about unusual, dangerous calls."
        " Add a decision to drop calls that the team didn't make.",
        "Write 5 safe replacements, which remove ",
    )
    assert all(text.startswith(start) for text, start in zip(words, expected, strict=False))
    assert sum("unblocks" in text for text in words[: len(expected)]) == 0
    assert [text for text in words if text.startswith("Ask its owner whether it is")] == [
        "Ask its owner whether it is for emergencies before you disable it."
    ]
    assert words[-2:] == [
        "Export the policies of 1 principal that is in the logs but not in the policy files.",
        "Renew or delete 1 expired decision.",
    ]


@given(st.lists(st.sets(st.sampled_from(CAVEAT_KINDS), max_size=3), max_size=8))
@settings(max_examples=examples(60), deadline=None)
def test_tasks_that_make_more_replacements_safe_come_first(kinds: list[set[CaveatKind]]) -> None:
    report = report_of(blocked(f"{number}", *sorted(found)) for number, found in enumerate(kinds))
    gains = []
    for task in tasks_of(report):
        text = text_of(task.words)
        if "unblocks" in text:
            gains.append(int(text.partition("unblocks ")[2].partition(" ")[0]))
        elif text.startswith("Write"):
            gains.append(len(task.principals))
    asked = {caveat.kind for found in kinds for caveat in map(example_caveat, found)} - {DangerCaveat.UNUSUAL_USE}
    unusual = sum(DangerCaveat.UNUSUAL_USE in found for found in kinds)
    assert bool(gains) is bool(asked or len(kinds) > unusual)
    assert sum(gains) == len(kinds) - sum(found == {DangerCaveat.UNUSUAL_USE} for found in kinds)


def test_tasks_come_by_how_many_replacements_they_make_safe() -> None:
    young, denied = LogsCaveat.YOUNG, ReplacementCaveat.HIGH_RISK
    made = ((young,), (denied,), (denied,), (young, denied), ())
    tasks = tasks_of(report_of(blocked(f"{number}", *kinds) for number, kinds in enumerate(made)))
    assert [shlex.split(task.command.text)[1] for task in tasks if task.command] == ["backtest", "review", "generate"]
    texts = [text_of(task.words) for task in tasks]
    assert texts[0].endswith("(unblocks 2 of 3 principals).")
    assert texts[1].endswith("(unblocks 2 principals).")
    assert [names_of(task) for task in tasks] == [["1", "2", "3"], ["0", "3"], ["4"]]


def test_replacements_that_cut_a_path_to_administrative_rights_come_first() -> None:
    cuts = Becoming(Reachable(3, ("role", "admin:111122223333")), Reachable(0))
    keeps = replace(cuts, after=cuts.today)
    young = blocked("young", LogsCaveat.YOUNG)
    others = [blocked(f"{number}", ReplacementCaveat.HIGH_RISK) for number in range(3)]
    safe = [replace(storefront(), name=name, becoming=found) for name, found in (("cut", cuts), ("kept", keeps))]

    tasks = tasks_of(report_of([replace(young, becoming=cuts), *others, safe[1]]))
    assert [names_of(task) for task in tasks] == [["young"], ["0", "1", "2"], ["kept"]]
    tasks = tasks_of(report_of([replace(young, becoming=keeps), *others, *safe]))
    assert [names_of(task) for task in tasks] == [["cut", "kept"], ["0", "1", "2"], ["young"]]
    assert [names_of(step) for step in tasks[0].steps] == [["cut"]]


def test_replacement_in_place_or_none_cuts_no_path() -> None:
    cuts = Becoming(Reachable(1, ("role", "admin:111122223333")), Reachable(0))
    cases = [replace(storefront(), becoming=cuts), replace(storefront(), name="done", in_place=True, becoming=cuts)]
    cases.append(Case("idle", PrincipalClass.UNUSED, "advice", "task", becoming=replace(cuts, after=None)))
    summary = summarize(report_of(cases))
    assert [principal.principal.name for principal in summary.principals if principal.cuts_admin] == ["storefront-api"]
    assert summary.principals[0].cuts_admin


@pytest.mark.parametrize("kind", CAVEAT_KINDS)
def test_every_kind_of_caveat_has_a_task_with_a_command(kind: CaveatKind) -> None:
    given = replace(report_of([blocked("app", kind)]), log_place="s3://logs")
    (task, *others) = tasks_of(given)
    assert not others
    assert names_of(task) == ["app"]
    assert task.command
    assert task.command.name in TAKEN
    assert ("unblocks 1" in text_of(task.words)) is (kind is not DangerCaveat.UNUSUAL_USE)


WITH_TASK = (
    PrincipalClass.UNUSED,
    PrincipalClass.UNSEEN,
    PrincipalClass.NOT_COVERED,
    PrincipalClass.GRANTS_UNKNOWN,
)


@pytest.mark.parametrize("principal_class", PrincipalClass)
def test_each_class_without_replacement_has_a_task_unless_there_is_nothing_to_do(
    principal_class: PrincipalClass,
) -> None:
    case = Case("one", principal_class, "some advice", "some task")
    tasks = tasks_of(replace(report_of([case]), log_place="s3://logs"))
    if principal_class in (PrincipalClass.ACTIVE, PrincipalClass.SSO):
        assert [task.command and task.command.name for task in tasks] == ["generate"]
    else:
        has_task = (
            PrincipalClass.UNUSED,
            PrincipalClass.UNSEEN,
            PrincipalClass.NOT_COVERED,
            PrincipalClass.GRANTS_UNKNOWN,
        )
        assert [names_of(task) for task in tasks] == ([["one"]] if principal_class in has_task else [])


def test_nothing_is_to_be_done_where_all_is_in_place() -> None:
    assert tasks_of(report_of([applied()])) == ()
    assert tasks_of(report_of([])) == ()
    closing = list(closing_tasks(summarize(report_of([applied()])), DATA))
    assert [task.command and task.command.name for task in closing] == ["review", "baseline save", "review"]


def test_a_replacement_in_place_asks_only_about_what_the_logs_may_miss() -> None:
    hole = Caveat.of(
        LogsCaveat.COVERAGE_HOLE, service="s3", last=datetime(2026, 9, 1, tzinfo=UTC).date(), region="",
        is_region_read=True, is_after_logs=False, unrecorded="",
    )  # fmt: skip
    case = applied()
    case.caveats = [hole, example_caveat(LogsCaveat.YOUNG)]
    (task,) = tasks_of(report_of([case]))
    assert text_of(task.words) == f"In place, but with attempts that the logs don't show: {hole.step}."


# ---------------------------------------------------------------- words


def test_a_disuse_that_is_unsure_is_no_task_to_disable() -> None:
    unused = next(case for case in without_replacement() if case.principal_class is PrincipalClass.UNUSED)
    short = Caveat.of(LogsCaveat.SHORT_COVERAGE, days=30, min_days=90, account=unused.account)
    tasks = tasks_of(report_of([unused, replace(unused, name="cron", caveats=[short])]))
    assert {text_of(task.words): names_of(task) for task in tasks} == {
        "Ask its owner whether it is for emergencies before you disable it.": ["break-glass-admin"],
        "Find out why the logs are inconclusive, then ask its owner whether it is for emergencies before you disable "
        "it.": ["cron"],
    }


def test_principals_that_only_the_logs_have_are_not_to_be_exported_from_a_snapshot() -> None:
    report = organization()
    assert any(text.startswith("Export the policies of 1 principal that is in the logs") for text in words_of(report))
    taken = replace(report, snapshot=SnapshotStamp("s", datetime(2026, 9, 30, tzinfo=UTC), (), (), ("policies",)))
    said = words_of(taken)
    assert not any(text.startswith("Export the policies") for text in said)
    lacks = (
        "Find out whether 1 principal that is in the logs but not in the snapshot was deleted. "
        "If not, take a new snapshot."
    )
    assert lacks in said


def test_every_unusual_use_is_a_step_that_names_whose_it_is() -> None:
    (task, *_) = tasks_of(report_of([failing(), replace(failing(), name="other")]))
    assert sorted(names_of(task)) == ["other", "partner-share"]
    steps = [text_of(step.words) for step in task.steps]
    assert len(steps) == 2
    assert all("s3:PutBucketPolicy opens a bucket" in step for step in steps)
    assert {step.partition(":")[0] for step in steps} == {"role/other", "role/partner-share"}


def test_a_task_tells_principals_of_one_name_apart_by_their_accounts() -> None:
    same = [replace(storefront(), account=account) for account in (SHOP, SECURITY)]
    for form in ("text", "markdown", "html"):
        shown = " ".join(render_review(report_of([*same, deployer()]), form).split())
        assert f"{SHOP} role/app/storefront-api" in shown
        assert f"{SECURITY} role/app/storefront-api" in shown
        assert f"{SHOP} role/platform/platform-deployer" not in shown


def test_the_first_screen_has_the_first_three_tasks_and_every_page_has_all() -> None:
    for report in (organization(), large_report(20)):
        expected = [prose(text) for text in words_of(report)]
        screen = prose(render_review(report, "screen", given=DATA, width=100))
        assert [one for one in expected if one in screen] == expected[:3]
        for form in ("text", "markdown", "html"):
            shown = prose(render_review(report, form, given=DATA))
            assert [one for one in expected if one not in shown] == [], form


def prose(text: str) -> str:
    """The words of a page without its form."""
    return " ".join(unescape(re.sub(r"<[^>]*>|[`*]", "", text)).split())


# ---------------------------------------------------------------- commands

TOP: Any = typer.main.get_command(app)


def parsed(words: list[str], command: Any = TOP, parent: Any = None) -> Any:
    """The context of a command of the program, parsed and not run; parsing fails where it couldn't be run."""
    name, *rest = words
    found = command.commands[name]
    if hasattr(found, "commands"):
        return parsed(rest, found, parent)
    return found.make_context(name, rest, parent=parent)


def context_of(*options: str) -> Any:
    """The context of `lpgen review` with these options."""
    top = TOP.make_context("lpgen", ["review"], resilient_parsing=True)
    return TOP.commands["review"].make_context("review", list(options), parent=top)


OPTIONS = (
    ("--data", "my data"),
    ("--policies", "policies"),
    ("--policies", "more"),
    ("--principal", "role/app/*"),
    ("--snapshot", "none"),
    ("--trails", "trails.json"),
    ("--last-accessed", "accessed"),
    ("--boundary", "boundary.json"),
    ("--scps", "scps.json"),
    ("--resource-policies", "resources"),
    ("--catalog", "catalog"),
    ("--scope", "exact"),
    ("--keep-unobservable", "all"),
    ("--min-days", "30"),
    ("--max-risk", "0.5"),
    ("--no-backtest",),
    ("--as-of", "2026-09-30"),
    ("--decisions", "decisions.toml"),
    ("--inline",),
    ("--attached-quota", "20"),
    ("--workers", "2"),
)
"""Options of `lpgen review` that other commands may take."""


def commands_in(report: Report, given: Given) -> Iterator[list[str]]:
    review = summarize(report)
    for task in (*tasks_of_review(review, given), *closing_tasks(review, given)):
        for step in (task, *task.steps):
            if step.command:
                yield shlex.split(step.command.text)


REPORTS: dict[str, Callable[[], Report]] = {
    "each class": lambda: replace(organization(), log_place="s3://logs/AWSLogs"),
    "each caveat": lambda: replace(report_of(blocked(str(kind), kind) for kind in CAVEAT_KINDS), log_place="logs"),
    "all in place": lambda: report_of([applied()]),
}


@pytest.mark.parametrize("made", REPORTS)
@given(st.sets(st.sampled_from(OPTIONS[1:])))
@settings(max_examples=examples(25), deadline=None)
def test_every_command_is_complete_whatever_the_review_was_given(made: str, chosen: set[tuple[str, ...]]) -> None:
    options = [OPTIONS[0], *(option for option in OPTIONS if option in chosen)]
    given = given_of(context_of(*(word for option in options for word in option)), ())
    assert set(given.options) == set(options)
    commands = list(commands_in(REPORTS[made](), given))
    assert len(commands) >= 3
    for program, *words in commands:
        assert program == "lpgen"
        context = parsed(words)
        if "data" in context.params:
            assert str(context.params["data"]) == "my data"

"""What the renderers print: goldens, and promises that hold whatever the report holds."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import cycle
from operator import itemgetter

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lpgen.core.evidence import LogCoverage
from lpgen.core.findings import Proposal, Report
from lpgen.core.replacements import Check, CheckStatus, OutputVerification
from lpgen.core.usage.log_coverage import coverage_from_usage
from lpgen.core.usage.tables import EMPTY_USAGE
from lpgen.report.blocks import Block, Column, Fold, Given, Heading, Show, Span, Table, table
from lpgen.report.layout.markdown import MOST_CHARACTERS, page_markdown
from lpgen.report.layout.text import render_text
from tests.report.golden import check_golden
from tests.report.hostile import CORPUS, check_markdown, check_terminal_text, poisoned_report, without_colors
from tests.report.inputs import INPUTS
from tests.report.rendered import render_evidence, render_review, render_summary, render_verification
from tests.report.reports import large_report, organization, report_of
from tests.report.safe_cases import storefront
from tests.support.law_examples import examples


def verification(report: Report) -> OutputVerification:
    found = tuple(proposal.verification for proposal in report.proposals if proposal.verification is not None)
    return OutputVerification((Check("unchanged since it was generated", CheckStatus.PASSED, 7, ()),), found)


def named(report: Report, name: str) -> Proposal:
    return next(proposal for proposal in report.proposals if proposal.diff.principal.name == name)


WITH_FOLDERS = (
    *("AWSReservedSSO_DeveloperAccess_4f1c2d9be07a8356", "inventory-collector", "platform-deployer", "price-watcher"),
    *("reporting-export", "storage-analyst", "storefront-api"),
)
EVIDENCE_FILES = {
    f"{folder}/evidence.json": "0" * 64
    for folder in (
        *(f"111122223333-role-{name}" for name in WITH_FOLDERS),
        "111122223333-user-tomas.lindqvist",
        "444455556666-role-partner-share",
    )
}


RENDERINGS: dict[str, Callable[[Report], str]] = {
    "review-80.txt": lambda report: render_review(report, "text", width=80),
    "review-120.txt": lambda report: render_review(report, "text", width=120),
    "review-color.txt": lambda report: render_review(report, "text", width=80, color=True),
    "review.md": lambda report: render_review(report, "markdown"),
    "review.json": lambda report: render_review(report, "json"),
    "review.jsonl": lambda report: render_review(report, "jsonl"),
    "verification.txt": lambda report: render_verification(verification(report), "text", width=80),
    "verification.md": lambda report: render_verification(verification(report), "markdown"),
    "verification.json": lambda report: render_verification(verification(report), "json"),
    "evidence.json": lambda report: render_evidence(named(report, "tomas.lindqvist"), report, INPUTS),
    "evidence-refused.json": lambda report: render_evidence(named(report, "mesh-router"), report, INPUTS),
    "summary.json": lambda report: render_summary(report, INPUTS, EVIDENCE_FILES),
}


@pytest.mark.parametrize("name", RENDERINGS)
def test_render_prints_the_golden_page(name: str) -> None:
    check_golden(name, RENDERINGS[name](organization()))


@pytest.mark.parametrize("name", RENDERINGS)
def test_render_gives_equal_bytes_for_equal_reports(name: str) -> None:
    assert RENDERINGS[name](organization()) == RENDERINGS[name](organization())


@pytest.mark.parametrize("name", [name for name in RENDERINGS if name.startswith(("review", "summary"))])
def test_render_does_not_depend_on_the_order_of_proposals(name: str) -> None:
    report = organization()
    assert RENDERINGS[name](report) == RENDERINGS[name](replace(report, proposals=report.proposals[::-1]))


@pytest.mark.parametrize("form", ["text", "json", "markdown"])
def test_render_review_of_nothing_says_so(form: str) -> None:
    report = report_of([])
    empty = replace(report, diff=replace(report.diff, coverage=coverage_from_usage(EMPTY_USAGE)))
    assert render_review(empty, form)
    assert render_verification(OutputVerification((), ()), form)


def test_render_refuses_an_unknown_format() -> None:
    with pytest.raises(ValueError, match="pdf"):
        render_review(report_of([]), "pdf")


# ---------------------------------------------------------------- hostile texts

hostile = st.sampled_from(CORPUS) | st.text(max_size=40)
slow = settings(max_examples=examples(12), deadline=None, suppress_health_check=[HealthCheck.too_slow])


@given(st.lists(hostile, min_size=1, max_size=7), st.integers(20, 200), st.booleans())
@example(["00\U00012544\U00018cd6 "], 20, False)
@example(["00\U00012544\U00018cd6 "], 20, True)
@slow
def test_render_text_lets_no_text_act_on_the_terminal(texts: list[str], width: int, color: bool) -> None:
    report = poisoned(texts)
    for text in (
        render_review(report, "text", width=width, color=color),
        render_verification(verification(report), "text", width=width, color=color),
    ):
        check_terminal_text(text, width, color=color)


@given(st.lists(hostile, min_size=1, max_size=7), st.integers(70, 170))
@slow
def test_render_text_is_laid_out_the_same_with_and_without_color(texts: list[str], width: int) -> None:
    report = poisoned(texts)
    colored = without_colors(render_review(report, "text", width=width, color=True))
    assert render_review(report, "text", width=width) == "".join(
        f"{line.rstrip(' ')}\n" for line in colored.splitlines()
    )


words = st.lists(st.sampled_from(["a", "longer", "界", "x" * 30, "arn:aws:s3:::bucket/key", "é"]), max_size=6)
texts_of_cells = words.map(" ".join) | st.text(max_size=50)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    titles = draw(
        st.lists(st.sampled_from(["service", "a longer title", "#", "principal", ""]), min_size=1, max_size=6)
    )
    columns = [Column(title, number=draw(st.booleans()), show=draw(st.sampled_from(Show))) for title in titles]
    rows = draw(st.lists(st.lists(texts_of_cells, min_size=len(titles), max_size=len(titles)), max_size=4))
    return table([replace(columns[0], show=Show.ALWAYS), *columns[1:]], rows)


NARROW = table([Column("#"), Column("service", number=True)], [["界", "x" * 69]])
"""A table that leaves one column of the terminal for a text with a wide character."""


@given(tables(), st.integers(72, 160), st.integers(0, 2))
@example(NARROW, 72, 0)
@settings(max_examples=examples(300), deadline=None)
def test_render_text_lays_out_any_table_as_rich_does(shown: Table, width: int, depth: int) -> None:
    block: Block = shown
    for _ in range(depth):
        block = Fold((Span("more"),), (block,))
    colored = without_colors(render_text([block], width=width, color=True))
    assert render_text([block], width=width, color=False) == "".join(
        f"{one.rstrip(' ')}\n" for one in colored.split("\n")[:-1]
    )


@pytest.mark.parametrize("color", [False, True])
def test_render_text_drops_no_wide_character_from_a_narrow_column(color: bool) -> None:
    assert "界" in render_text([NARROW], width=72, color=color)


@given(st.lists(hostile, min_size=1, max_size=7))
@slow
def test_render_markdown_lets_no_text_act_on_the_page(texts: list[str]) -> None:
    report = poisoned(texts)
    for text in (render_review(report, "markdown"), render_verification(verification(report), "markdown")):
        check_markdown(text)


@given(st.lists(hostile, min_size=1, max_size=7))
@slow
def test_render_json_keeps_every_text_and_stays_ascii(texts: list[str]) -> None:
    report = poisoned(texts)
    for text in (
        render_review(report, "json"),
        render_verification(verification(report), "json"),
        render_summary(report, INPUTS, {}),
        *(render_evidence(proposal, report, INPUTS) for proposal in report.proposals),
    ):
        assert text.isascii()
        assert text.replace("\n", "").isprintable()
        json.loads(text)
    review = json.loads(render_review(report, "json"))
    assert review["problems"] == list(report.problems)


@given(st.lists(hostile, min_size=1, max_size=7))
@example(["a\u2028b\u2029c\x85\x0b\x0c\x1c\x1d\x1e\r\n\n"])
@slow
def test_render_json_lines_are_the_json_whatever_breaks_lines(texts: list[str]) -> None:
    report = poisoned(texts)
    text = render_review(report, "jsonl")
    assert text.isascii()
    assert text.splitlines() == text.split("\n")[:-1]  # Unicode knows more line breaks than JSON lines do
    check_put_together(text, render_review(report, "json"))


def check_put_together(lines: str, whole: str) -> None:
    """Fails unless JSON lines, whose principals are sorted by ARN, are a review in JSON put together."""
    first, *principals = map(json.loads, lines.splitlines())
    document = json.loads(whole)
    assert principals == sorted(document["principals"], key=itemgetter("principal"))
    assert {**first, "principals": document["principals"]} == document
    assert "principals" not in first


def test_poisoned_reports_show_the_hostile_texts() -> None:
    for form in ("text", "json", "jsonl", "markdown"):
        assert render_review(poisoned(["@everyone"]), form).count("@everyone") > 200


def poisoned(texts: list[str]) -> Report:
    found = cycle(texts)
    return poisoned_report(organization(), lambda _text: next(found))


# ---------------------------------------------------------------- promises to readers


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_render_verification_says_what_is_wrong_with_the_folder(form: str) -> None:
    passed = tuple(
        principal for principal in verification(organization()).principals if principal.status is CheckStatus.PASSED
    )
    broken = Check("unchanged since it was generated", CheckStatus.FAILED, 7, ("`app/policy-1.json` was changed",))
    shown = " ".join(render_verification(OutputVerification((broken,), passed), form).split())
    assert "Failed: the folder differs from what lpgen generated." in shown
    assert "app/policy-1.json" in shown
    other = Check("the same when generated again", CheckStatus.UNPROVEN, 0, ("inputs changed: usage",))
    result = OutputVerification((other,), passed, ("usage",), ("min days 1",))
    shown = " ".join(render_verification(result, form).split())
    assert "min days 1" in shown
    assert "Passed" in shown
    assert "inputs changed: usage" in shown


def test_render_text_says_first_what_to_do() -> None:
    first_screen = render_review(organization(), "text", width=80).split("\n")[:120]
    shown = " ".join(" ".join(first_screen).split())
    assert "5 safe, 3 not safe yet, 1 already in place; 1 refused" in shown
    assert "── What to do" in shown
    assert "Wait until the logs reach 2026-12-09: role/data/storage-analyst" in shown
    whole = " ".join(render_review(organization(), "text", width=80).split())
    assert "Ask its owner whether it is for emergencies before you disable it. role/break-glass-admin" in whole


def test_a_verification_that_passed_is_not_taken_for_all_of_safe() -> None:
    passed = tuple(
        principal for principal in verification(organization()).principals if principal.status is CheckStatus.PASSED
    )
    shown = " ".join(render_verification(OutputVerification((), passed), "text").split())
    assert "lpgen review shows what the logs can't show and why a replacement isn't called safe." in shown


def test_what_is_the_same_of_several_accounts_is_said_once() -> None:
    report = report_of([storefront()])
    first = report.diff.coverage.accounts[0]
    accounts = tuple(replace(first, account=account) for account in ("1", "2", "3"))
    shown = render_review(replace(report, diff=replace(report.diff, coverage=LogCoverage(accounts))), "text", width=200)
    assert "- data events of 1, 2, 3 (inferred from the log itself): dynamodb.amazonaws.com in us-east-1" in shown


def test_accounts_without_logs_are_named_where_the_others_are() -> None:
    unread = replace(storefront(), account="999999999999")
    report = report_of([storefront(), unread])
    shown = render_review(report, "text", width=200)
    assert "- no log was read for 999999999999" in shown[shown.index("── What the logs cover") :]
    assert "1 more without logs" in render_review(report, "html")
    assert "no log was read for" not in render_review(report_of([storefront()]), "text")


def test_commands_take_what_the_review_was_given_and_have_no_placeholder() -> None:
    given_before = (("--data", "my data"), ("--min-days", "30"), ("--scps", "scps.json"), ("--decisions", "d.toml"))
    given = Given(given_before, {"generate": ("--data", "--min-days", "--scps"), "review": ("--data", "--decisions")})
    shown = render_review(organization(), "text", width=200, given=given)
    assert "lpgen generate --data 'my data' --min-days 30 --scps scps.json --output lpgen-out" in shown
    assert "lpgen review --data 'my data' --decisions d.toml --write-decisions decisions.toml" in shown
    for form in ("text", "markdown", "html", "screen"):
        assert "lpgen generate" not in render_review(organization(), form)
        commands = re.findall(r"\blpgen [a-z].*", render_review(organization(), form, given=given))
        assert not [command for command in commands if re.search(r"\b(DIR|PATH|FILE|NAME)\b", command)]


def test_render_text_puts_log_files_that_cant_be_read_before_all_else() -> None:
    shown = render_review(organization(), "text", width=80).partition("── What to do")[2]
    assert shown.split("\n")[1].startswith(" 1. Fetch 1 unreadable log file again")
    read = render_review(report_of((storefront(),)), "text", width=80).partition("── What to do")[2]
    assert "log file" not in read.partition("──")[0]
    assert " 1. Write 1 safe replacement, which removes " in read


def test_render_text_fills_tables_to_the_same_columns() -> None:
    lines = render_review(organization(), "text", width=80).split("\n")
    heads = [line.index("granted") for line in lines if line.startswith("principal ") and "danger" in line]
    assert len(heads) == 3
    numbers = [line for line in lines if line.startswith(("role/partner-share ", "role/auditor "))]
    assert all(len(line) == 80 for line in numbers)


def test_render_text_without_color_has_no_escape() -> None:
    assert "\x1b" not in render_review(organization(), "text")
    assert "\x1b[" in render_review(organization(), "text", color=True)


@pytest.mark.parametrize("name", ["NO_COLOR", "FORCE_COLOR", "COLUMNS", "TTY_COMPATIBLE"])
def test_render_text_does_not_read_the_environment(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    report = organization()
    plain, colored = (render_review(report, "text", color=color) for color in (False, True))
    monkeypatch.setenv(name, "1")
    assert render_review(report, "text") == plain
    assert render_review(report, "text", color=True) == colored


def test_render_review_names_the_next_step_and_how_to_accept() -> None:
    for form in ("text", "markdown"):
        page = render_review(organization(), form, width=160)
        assert "Not safe yet" in page
        assert "unexplained ec2:DescribeVolumes" in page
        assert "wait until the logs reach 2026-12-09" in page
    reasons = {
        caveat["item"] or caveat["kind"]: caveat
        for principal in json.loads(render_review(organization(), "json"))["principals"]
        for caveat in principal["not_safe_because"]
    }
    assert reasons["young-principal"]["kind"] == "young"
    assert reasons["verification"]["item"] is None
    assert all(reason["next_step"] for reason in reasons.values())


def test_render_review_json_has_a_verdict_for_every_action() -> None:
    report = organization()
    principals = {item["principal"]: item for item in json.loads(render_review(report, "json"))["principals"]}
    for proposal in report.proposals:
        found = principals[proposal.diff.principal.arn]
        assert [one["action"] for one in found["verdicts"]] == [
            verdict.action for verdict in proposal.diff.assessment.verdicts
        ]
        for one, verdict in zip(found["verdicts"], proposal.diff.assessment.verdicts, strict=True):
            granted_by = [found["statements"][at]["policy"] for at in one["granted_by"]]
            assert granted_by == [ref.policy for ref in verdict.grants]


# ---------------------------------------------------------------- large reports


COMMENT = 65_536
"""How many characters GitHub takes as a comment."""


def test_render_markdown_fits_a_comment() -> None:
    page = render_review(large_report(), "markdown")
    assert len(page) <= COMMENT
    assert "Left out to fit a comment: the details of" in page
    assert page.count("<details>") == page.count("</details>")
    assert not re.search(r"^## .*\n\n(##? |\*Left out)", page, re.MULTILINE)


def test_render_markdown_of_many_accounts_fits_a_comment_and_says_what_is_missing() -> None:
    report = large_report(400)
    accounts = [replace(report.diff.coverage.accounts[0], account=f"{number:012}") for number in range(300)]
    spread = replace(
        report,
        diff=replace(report.diff, coverage=replace(report.diff.coverage, accounts=tuple(accounts))),
        proposals=tuple(
            replace(
                proposal,
                diff=replace(proposal.diff, principal=replace(proposal.diff.principal, account=f"{at % 90:012}")),
            )
            for at, proposal in enumerate(report.proposals)
        ),
        problems=tuple(f"problem {number} of {'x' * 300}" for number in range(400)),
    )
    page = render_review(spread, "markdown")
    assert MOST_CHARACTERS / 2 < len(page) <= COMMENT
    note = page.rstrip("\n").rpartition("\n")[2]
    assert note.startswith("*Left out to fit a comment: ")
    assert "details of 400 principals" in note or "details of 3" in note
    assert page.count("<details>") == page.count("</details>")


def test_render_markdown_shows_first_what_to_do_and_folds_the_rest() -> None:
    before, _, after = render_review(organization(), "markdown").partition("<details>")
    assert "## What to do" in before
    assert "| account |" not in before
    assert "<summary>What the logs cover</summary>" in after
    assert "\n## Principals" in after  # few enough to stand in the open
    many = render_review(large_report(40), "markdown")
    assert "<details><summary>Principals (40)</summary>" in many


def test_render_markdown_cuts_long_tables_before_it_leaves_them_out() -> None:
    tables = [Table((Column("x"),), (((Span("word " * 100),),),) * 100)] * 3
    page = page_markdown([Heading((Span("page"),), level=1), *tables])
    assert len(page) <= MOST_CHARACTERS
    assert page.count("| x |") == 3
    assert page.count("and 90 more rows; `--format json` has them all") == 2
    assert "Left out" not in page


def test_render_review_names_every_principal_of_a_large_report() -> None:
    report = large_report()
    text = render_review(report, "text", width=100)
    for proposal in report.proposals:
        assert f"━━ role{proposal.diff.principal.path}{proposal.diff.principal.name} " in text


@pytest.mark.parametrize(
    ("form", "banned"),
    [
        ("json", ("rich", "pandas", "jinja2", "boto3")),
        ("markdown", ("rich", "pandas", "jinja2", "boto3")),
        ("text", ("pandas", "jinja2", "boto3")),
    ],
)
def test_render_review_imports_only_what_its_format_needs(form: str, banned: tuple[str, ...]) -> None:
    program = (
        "import sys\n"
        "from tests.report.reports import organization\n"
        "from tests.report.rendered import render_review\n"
        f"render_review(organization(), {form!r})\n"
        f"print(sorted(set(sys.modules) & set({banned!r})))\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": ":".join(sys.path)},
    )
    assert found.stdout == "[]\n"

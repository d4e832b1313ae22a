"""The first screen of drift: what it says, in which order, and that it stays one screen."""

from __future__ import annotations

import shlex
from dataclasses import replace
from itertools import cycle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from lpgen.core.choices import Severity
from lpgen.core.drift.findings import Drift, DriftKind
from lpgen.core.drift.kinds import DRIFT_KINDS, finding_order
from lpgen.core.drift.principals import PrincipalDrift
from lpgen.core.drift.proposals import ProposalDrift
from lpgen.report.blocks import Given, Layout
from lpgen.report.screens import AskedDrift, drift_screen
from tests.report.drifts import drift, finding, poisoned_drift
from tests.report.golden import check_golden
from tests.report.hostile import CORPUS
from tests.support.law_examples import examples

BOTH = ("--data", "--policies", "--as-of")
TAKEN = {
    "generate": BOTH,
    "baseline save": BOTH,
    "rollout plan": ("--data",),
    "drift": (*BOTH, "--apply-days", "--since", "--full"),
}
ASKED = Given(
    (("--data", "lpgen-data"), ("--policies", "my policies"), ("--as-of", "2026-09-23"), ("--apply-days", "7")), TAKEN
)


def screen(shown: Drift, *, width: int = 100, color: bool = False, asked: Given = ASKED) -> str:
    return drift_screen(AskedDrift(shown, asked), Layout(width=width, color=color))


def drift_of(number: int, *, kinds: tuple[DriftKind, ...] = DRIFT_KINDS, tied: bool = False) -> Drift:
    """A drift with so many findings, each about a principal with a long name of its own."""
    found = []
    for at in range(number):
        arn = f"arn:aws:iam::111122223333:role/team/a-very-long-name-of-an-application-{at:05}"
        ties = ("resources named loyalty",) if tied else ()
        kind = kinds[at % len(kinds)]
        found.append(finding(kind, subject=arn, principals=(arn,), item=f"{kind} {at}", ties=ties, step=f"step {kind}"))
    return replace(drift(), findings=tuple(sorted(found, key=finding_order)))


def test_the_screen_is_the_golden_file() -> None:
    check_golden("drift-screen.txt", screen(drift(), width=80))


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("number", [0, 1, 2, 11, 13, 130, 2_000])
@pytest.mark.parametrize("width", [40, 72, 80, 100, 240])
def test_any_number_of_findings_is_one_screen(number: int, width: int, tied: bool) -> None:
    lines = screen(drift_of(number, tied=tied), width=width).splitlines()
    assert len(lines) <= 40
    assert max(map(cell_len, lines)) <= min(max(width, 72), 100)


@settings(max_examples=examples(30), deadline=None)
@given(st.lists(st.sampled_from(CORPUS) | st.text(max_size=300), min_size=1, max_size=12))
def test_the_screen_obeys_no_hostile_text_and_fits(texts: list[str]) -> None:
    found = cycle(texts)
    poisoned = poisoned_drift(lambda _text: next(found))
    assert all(line.isprintable() for line in screen(poisoned).split("\n"))
    named = replace(poisoned, before=drift().before)  # a command isn't broken within a name
    lines = screen(named, width=80).split("\n")
    assert max(map(cell_len, lines)) <= 80
    assert len(lines) <= 41


def test_changes_come_first_then_for_whom_then_steps_then_the_rest() -> None:
    shown = screen(drift_of(130))
    places = [shown.index(words) for words in ("What changed", "Affected", "Next steps", "To see the rest")]
    assert places == sorted(places)


def test_critical_trust_comes_first() -> None:
    many = drift_of(130, kinds=(ProposalDrift.NEW_USE,))
    trust = finding(
        PrincipalDrift.OUTSIDE_TRUST, severity=Severity.CRITICAL, message="anyone in the world can assume it"
    )
    shown = screen(replace(many, findings=tuple(sorted((*many.findings, trust), key=finding_order)))).splitlines()
    first = next(number for number, text in enumerate(shown) if text.startswith("critical"))
    assert "storefront-api: anyone in the world can assume it" in shown[first]
    assert not any(text.startswith("high") for text in shown[:first])


def test_one_cause_is_one_row_with_its_numbers() -> None:
    shown = screen(drift_of(9, kinds=(ProposalDrift.NEW_USE,), tied=True))
    (row,) = [text for text in shown.splitlines() if text.startswith(tuple(Severity)) and "new-use" in text]
    assert row.split()[-2:] == ["9", "9"]
    assert "9 findings in 1 group" in shown


def test_commands_name_what_drift_was_given_and_no_placeholder() -> None:
    shown = screen(drift_of(130, kinds=(ProposalDrift.NEVER_APPLIED, ProposalDrift.NEW_USE)))
    commands = shown.replace(" \\\n", " ").splitlines()
    given_again = ["--data", "lpgen-data", "--policies", "my policies", "--as-of", "2026-09-23"]
    found = {tuple(shlex.split(text)[:2]): shlex.split(text) for text in commands if text.startswith("    lpgen ")}
    assert found["lpgen", "generate"][2:] == [*given_again, "--output", "lpgen-out"]
    plan = ["plan", "lpgen-out", "--data", "lpgen-data", "--output", "plan.json"]
    assert found["lpgen", "rollout"][2:] == plan
    assert found["lpgen", "baseline"][3:] == ["2026-09-23", *given_again]
    assert found["lpgen", "drift"][2:] == [*given_again, "--apply-days", "7", "--since", "week-2", "--full"]
    assert not any(word in shown for word in ("DIR", "FILE", "PATH", "NAME"))


def test_a_command_in_several_lines_is_still_one_command() -> None:
    long = Given((("--data", "d" * 60), ("--policies", "p" * 60)), TAKEN)
    shown = screen(drift(), width=80, asked=long)
    assert f"    lpgen drift \\\n      --data {'d' * 60} \\\n" in shown


def test_a_command_that_cant_be_run_here_is_not_shown() -> None:
    shown = screen(drift_of(130), asked=Given(ASKED.options, {"drift": BOTH}))
    assert {text.split()[1] for text in shown.splitlines() if text.startswith("    lpgen ")} == {"drift"}


def test_a_baseline_of_the_day_that_is_there_is_not_saved_again() -> None:
    there = replace(drift(), before=replace(drift().before, name=drift().after.as_of.isoformat()))
    assert "baseline save" in screen(drift())
    assert "baseline save" not in screen(there)


def test_nothing_drifted_is_said_and_asks_for_nothing() -> None:
    shown = screen(replace(drift(), findings=()))
    assert "No drift found." in shown
    assert "Next steps" not in shown


def test_what_is_beside_the_open_findings_is_counted() -> None:
    shown = " ".join(screen(drift()).split())
    besides = "1 finding accepted by decision; 2 replacements put in place as proposed"
    assert f"Also: {besides}; 1 decision expired; 1 gap in the comparison." in shown


def test_without_color_there_are_no_escapes_and_with_it_the_same_words() -> None:
    plain, colored = screen(drift()), screen(drift(), color=True)
    assert "\x1b" not in plain
    assert "\x1b" in colored

"""The file of `--write-decisions`: it accepts nothing until it is filled in, and then just what it names."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from lpgen.core.analysis.caveats.unknowns import UnknownCaveat
from lpgen.core.analysis.decisions import with_acceptance
from lpgen.core.registry.row import Caveat
from lpgen.core.replacements import DecisionKind
from lpgen.edge.readers.decisions_file import read_decisions
from lpgen.errors import DecisionsError
from lpgen.report.decisions_file import render_decisions
from tests.report.cases import Case
from tests.report.rendered import summarize
from tests.report.reports import organization, report_of
from tests.report.unsafe_cases import failing
from tests.support.registry_examples import example_parameters

FILLED = (("reason", "known"), ("owner", "ops"), ("expires", "2027-06-30"))


def filled(text: str, *names: str) -> str:
    """The text with some of its empty fields filled in."""
    for name, value in FILLED:
        text = text.replace(f'{name} = ""', f'{name} = "{value}"') if name in names else text
    return text


def test_the_file_accepts_just_what_it_names_once_it_is_filled_in(tmp_path: Path) -> None:
    report = organization()
    file = tmp_path / "decisions.toml"
    file.write_text(
        filled(render_decisions(summarize(report), "lpgen review --decisions d.toml"), "reason", "owner", "expires"),
        encoding="utf-8",
    )
    decisions = read_decisions(file)
    assert {decision.expires for decision in decisions if decision.kind is DecisionKind.ACCEPT} == {"2027-06-30"}
    for trust in report.trust:
        assert with_acceptance([trust], decisions, principal=trust.principal)[0].accepted_by == "ops: known"
    for proposal in report.proposals:
        if proposal.replacement is None or proposal.in_place:
            continue
        for caveat in with_acceptance(proposal.caveats, decisions, principal=proposal.diff.principal.arn):
            assert bool(caveat.accepted_by) is caveat.kind.row.acceptable


def test_the_file_drops_unusual_use_on_its_days(tmp_path: Path) -> None:
    file = tmp_path / "decisions.toml"
    file.write_text(
        filled(render_decisions(summarize(report_of([failing()])), "lpgen review"), "reason", "owner", "expires"),
        encoding="utf-8",
    )
    (drop,) = (decision for decision in read_decisions(file) if decision.kind is DecisionKind.DROP)
    proposal = failing().proposal()
    assert (drop.principal, drop.action) == (proposal.diff.principal.arn, "s3:PutBucketPolicy")
    assert (drop.since, drop.until) == ("2026-09-03", "2026-09-03")


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ((), "decision 1: `reason` is missing"),
        (("reason", "expires"), "decision 1: `owner` is missing"),
        (("reason", "owner"), "decision 1: `expires` is empty"),
    ],
)
def test_an_entry_that_is_not_filled_in_is_refused(names: tuple[str, ...], sentence: str, tmp_path: Path) -> None:
    file = tmp_path / "decisions.toml"
    file.write_text(filled(render_decisions(summarize(organization()), "lpgen review"), *names), encoding="utf-8")
    with pytest.raises(DecisionsError, match=sentence):
        read_decisions(file)


def test_the_file_of_a_review_without_open_reasons_decides_nothing(tmp_path: Path) -> None:
    file = tmp_path / "decisions.toml"
    file.write_text(render_decisions(summarize(report_of([])), "lpgen review"), encoding="utf-8")
    assert read_decisions(file) == ()


def test_hostile_names_stay_in_their_fields() -> None:
    name = 'a"\n[[decision]]\x7f\ud800\u202e\\'
    caveat = Caveat(
        UnknownCaveat.UNMAPPED_EVENT, {**example_parameters(UnknownCaveat.UNMAPPED_EVENT), "event": name, "call": name}
    )
    text = render_decisions(summarize(report_of([Case("app", caveats=[caveat])])), "lpgen review")
    text.encode()
    (entry,) = tomllib.loads(text)["decision"]
    assert entry["item"] == caveat.item.replace("\ud800", "?")

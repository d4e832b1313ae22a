"""Access for emergencies, as the decisions file names it: no replacement, no advice to disable, no share in safe."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lpgen.core.analysis.caveats.unpredictable import UnpredictableCaveat
from lpgen.core.analysis.idle_decisions import idle_decisions
from lpgen.core.drift.kinds import DRIFT_ITEM_WORDS
from lpgen.core.findings import PrincipalClass
from lpgen.core.model import PrincipalKind
from lpgen.core.replacements import DecisionKind
from lpgen.edge.readers.decisions_file import read_decisions
from lpgen.errors import DecisionsError
from tests.core.analysis.test_diff import OBJECT, caveats, diff_of, items
from tests.support.worlds import allow, catalog, exactly, grants_of, policy, role, use

GLASS = role(policy(allow("s3:*")), name="emergency-admin")


def read(folder: Path, text: str, name: str = "decisions.toml") -> tuple[object, ...]:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read_decisions(path)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("d.toml", 'break-glass = ["emergency-*", "user/root-like"]\n'),
        ("d.toml", 'break-glass = ["emergency-*", "user/root-like"]\ndecision = []\n'),
        ("d.json", json.dumps({"break-glass": ["emergency-*", "user/root-like"], "decision": []})),
    ],
)
def test_the_decisions_file_names_access_for_emergencies(tmp_path: Path, name: str, text: str) -> None:
    found = read_decisions_of(tmp_path, text, name)
    assert found == [(DecisionKind.BREAK_GLASS, "emergency-*"), (DecisionKind.BREAK_GLASS, "user/root-like")]


def read_decisions_of(folder: Path, text: str, name: str = "d.toml") -> list[tuple[DecisionKind, str]]:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return [(decision.kind, decision.principal) for decision in read_decisions(path)]


@pytest.mark.parametrize(
    "text",
    [
        'break-glass = "emergency-*"',
        "break-glass = [1]",
        'break-glass = [""]',
        'break_glass = ["emergency-*"]',
        '[[decision]]\ndo = "break_glass"\nprincipal = "emergency-*"\nreason = "r"\nowner = "o"\naction = "*"',
    ],
    ids=["text", "number", "empty", "misspelled", "as a decision"],
)
def test_the_decisions_file_refuses_what_names_no_access_for_emergencies(tmp_path: Path, text: str) -> None:
    with pytest.raises(DecisionsError):
        read(tmp_path, text)


def test_access_for_emergencies_gets_no_replacement_and_no_advice_to_disable(tmp_path: Path) -> None:
    path = tmp_path / "decisions.toml"
    path.write_text('break-glass = ["emergency-*"]', encoding="utf-8")
    options = exactly(decisions=read_decisions(path))
    for uses in ((), (use("s3:GetObject", OBJECT),)):
        found = diff_of(GLASS, uses, options=options)
        assert found.principal_class is PrincipalClass.BREAK_GLASS
        assert items(found) == {"break-glass"}
        assert found.advice.task == "keep it for emergencies and set an alarm on its use"
        assert found.advice.sentence == f"{found.advice.task}: the decisions file names it"
        assert "emergency-*" in found.assessment.caveats[0].message
    other = diff_of(role(policy(allow("s3:*"))), [use("s3:GetObject", OBJECT)], options=options)
    assert UnpredictableCaveat.UNPREDICTABLE not in caveats(other)
    assert other.principal_class is PrincipalClass.ACTIVE


def test_a_name_of_nobody_is_a_problem_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "decisions.toml"
    path.write_text('break-glass = ["emergency-*", "emergancy-admin", "user/*"]', encoding="utf-8")
    user = role(kind=PrincipalKind.USER, name="ada")
    principals = [GLASS, user]
    (found,) = idle_decisions(
        read_decisions(path),
        principals,
        [grants_of(principal) for principal in principals],
        catalog(),
        drift_words=DRIFT_ITEM_WORDS,
    )
    assert found.text == (
        "break-glass emergancy-admin does nothing: the policies have no role or user emergancy-admin"
        f"; did you mean `role/{GLASS.name}`?"
    )

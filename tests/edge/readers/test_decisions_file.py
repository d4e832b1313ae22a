"""The decisions file: what is right is read, and what is wrong is named with its place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lpgen.core.replacements import DecisionKind
from lpgen.edge.readers.decisions_file import read_decisions
from lpgen.errors import DecisionsError
from tests.support.documents import DECISIONS_PAGE

WHOLE = """
[[decision]]
do = "drop"
action = "iam:*"
since = 2026-08-01
until = "2026-08-03"
reason = "migration"
owner = "platform"
"""


def read(tmp_path: Path, text: str, name: str = "decisions.toml") -> object:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return read_decisions(path)


def test_read_decisions_takes_the_example_of_its_page(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", DECISIONS_PAGE.read_text(encoding="utf-8"), re.DOTALL)
    path = tmp_path / "decisions.toml"
    path.write_text(example, encoding="utf-8")
    kinds = [decision.kind for decision in read_decisions(path)]
    assert kinds == [DecisionKind.KEEP, DecisionKind.DROP, DecisionKind.ACCEPT, DecisionKind.ACCEPT]


def test_read_decisions_reads_json_alike(tmp_path: Path) -> None:
    as_json = (
        '{"decision": [{"do": "drop", "action": "iam:*", "since": "2026-08-01", "until": "2026-08-03",'
        ' "reason": "migration", "owner": "platform"}]}'
    )
    assert read(tmp_path, WHOLE) == read(tmp_path, as_json, "decisions.json")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (WHOLE.replace('do = "drop"', 'do = "remove"'), "decision 1: `do` must be"),
        (WHOLE.replace('owner = "platform"', ""), "decision 1: `owner` is missing"),
        (WHOLE.replace('action = "iam:*"', ""), "decision 1: `action` is missing"),
        (WHOLE.replace("since", "sinse"), "unknown field `sinse`"),
        (WHOLE.replace("2026-08-01", '"August"'), "`since` must be a date"),
        (WHOLE.replace('"migration"', "3"), "`reason` must be text"),
        (WHOLE.replace('"drop"', '"keep"'), "`since` and `until` are valid only with drop"),
        ("[[decision]\n", "is not valid TOML"),
        ("title = 1", "has no list of decisions"),
        ("decision = [1]", "decision 1: not a table"),
    ],
)
def test_read_decisions_names_the_place_of_what_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DecisionsError, match=re.escape(message)):
        read(tmp_path, text)


def test_read_decisions_names_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DecisionsError, match="can't read the decisions file"):
        read_decisions(tmp_path / "none.toml")


def test_the_hint_of_an_error_is_a_decision_to_copy(tmp_path: Path) -> None:
    with pytest.raises(DecisionsError) as wrong:
        read(tmp_path, "title = 1")
    example = (wrong.value.hint or "").partition("TOML: ")[2]
    path = tmp_path / "copied.toml"
    path.write_text(example, encoding="utf-8")
    (decision,) = read_decisions(path)
    assert (decision.kind, decision.item) == (DecisionKind.ACCEPT, "young-principal")

"""The sentence on the decisions that a report took into account."""

from __future__ import annotations

import pytest

from lpgen.core.replacements import DecisionKind, DecisionsStamp
from lpgen.report.pages.inputs import decisions_notes

KINDS = (DecisionKind.KEEP, DecisionKind.ACCEPT, DecisionKind.ACCEPT)


@pytest.mark.parametrize(
    ("idle", "end"),
    [
        ((), "."),
        (("role/app/x",), "; 1 matches nothing: did you mean role/app/x?"),
        (("", "s3:GetObject"), "; 2 match nothing: did you mean s3:GetObject?"),
        (("",), "; 1 matches nothing."),
    ],
)
def test_decisions_that_match_nothing_are_counted_with_the_others(idle: tuple[str, ...], end: str) -> None:
    (said,) = decisions_notes(DecisionsStamp("d.toml", KINDS, idle), 1)
    assert "".join(span.text for span in said) == f"Decisions in d.toml: 1 keep, 2 accept (1 reason accepted){end}"


def test_without_decisions_nothing_is_said() -> None:
    assert list(decisions_notes(None, 0)) == []

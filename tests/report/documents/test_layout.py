"""JSON that is written in parts, or from halves that are kept, is the JSON that would be written at once."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from lpgen.core.evidence import Evidence, StatementRef
from lpgen.core.findings import ActionVerdict, Confidence, Verdict
from lpgen.core.model import AccessLevel, Action, PolicyKind
from lpgen.report.documents.layout import JsonRow, Written, lay_out, lay_out_parts, row_text
from lpgen.report.documents.verdict_rows import part_from_verdict, written_verdicts
from tests.support.verdicts import verdicts_from

ACTIONS = [Action("s3:GetObject"), Action("iam:PassRole"), Action('odd:"}{')]
REFS = [StatementRef(f"policy-{number}", PolicyKind.INLINE, "", number, "") for number in range(3)]
AT = {ref: number for number, ref in enumerate(REFS)}
GRANTS = [(), (REFS[0],), tuple(REFS)]
TEXTS = st.sampled_from(["", "used", 'a "quoted" }', "{ü\u202e\n", "}", '"'])

verdicts = st.builds(
    ActionVerdict,
    st.sampled_from(ACTIONS),
    st.sampled_from(AccessLevel),
    st.sampled_from(Verdict),
    TEXTS,
    TEXTS,
    st.sampled_from(Confidence),
    TEXTS,
    st.sampled_from(GRANTS),
    st.sampled_from([None, Evidence(2, "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "event", "arn")]),
)

values: st.SearchStrategy[object] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.text(max_size=3), inner, max_size=3),
        st.dictionaries(st.text(max_size=3), inner, max_size=3).map(JsonRow),
    ),
    max_leaves=12,
)


@given(st.lists(verdicts, unique_by=lambda verdict: verdict.action), st.frozensets(st.sampled_from(ACTIONS)))
def test_verdict_rows_are_what_one_by_one_would_be(some: list[ActionVerdict], staying: frozenset[Action]) -> None:
    rows = written_verdicts(verdicts_from(some), staying, AT)
    assert [str(row) for row in rows] == [row_text(part_from_verdict(one, staying, AT)) for one in some]


@given(st.dictionaries(st.text(max_size=3), values, min_size=1, max_size=4))
def test_parts_are_together_what_is_laid_out_at_once(value: dict[str, object]) -> None:
    assert "".join(lay_out_parts(value)) == lay_out(value)


@given(st.lists(st.dictionaries(st.text(max_size=3), values, max_size=3), max_size=3))
def test_an_iterator_is_laid_out_as_the_list_of_its_objects(items: list[dict[str, object]]) -> None:
    parts = lay_out_parts({"first": 1, "items": iter(items), "last": 2})
    assert "".join(parts) == lay_out({"first": 1, "items": items, "last": 2})


def test_what_is_written_already_is_a_row_of_its_list() -> None:
    rows = [JsonRow(a=1), JsonRow(a="x")]
    assert lay_out({"rows": Written(json.dumps(row) for row in rows)}) == lay_out({"rows": rows})

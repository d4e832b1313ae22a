"""The parts of the HTML review: numbered actions, listings of policies, data in scripts, words in backticks."""

from __future__ import annotations

import json
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from lpgen.core.model import Action
from lpgen.report.blocks import Span, Tone, line, name
from lpgen.report.html.data import ActionIndex, Interned, data_of_line, split_quotes
from lpgen.report.html.policies import Mark, Note, listing_of
from lpgen.report.html.templating import script_json
from lpgen.report.words import percent

texts = st.text(max_size=12)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=12,
)
statements = st.lists(st.dictionaries(texts, values, min_size=1, max_size=4), max_size=4)


@given(st.sets(st.text("ab:", min_size=1, max_size=4), max_size=12), st.data())
def test_ranges_name_exactly_the_actions_that_were_put_in(actions: set[str], data: st.DataObject) -> None:
    index = ActionIndex(map(Action, actions))
    names = [f"{service}:{member}" for service, members in _groups(index) for member in members]
    chosen = {action for action in actions if data.draw(st.booleans())}
    shown = [names[at] for at in _numbers(index.ranges(map(Action, chosen), Interned()))]
    assert sorted(shown) == sorted(one if ":" in one else f"{one}:" for one in chosen)


def _groups(index: ActionIndex) -> list[tuple[str, list[str]]]:
    groups: list[tuple[str, list[str]]] = json.loads(json.dumps(index.data()))
    return groups


def _numbers(ranges: str) -> list[int]:
    ends = [tuple(map(int, part.split("-"))) for part in ranges.split(",") if part]
    return [number for end in ends for number in range(end[0], end[-1] + 1)]


def test_ranges_are_short_where_actions_stand_together() -> None:
    actions = [f"s3:Get{number:03}" for number in range(300)]
    index = ActionIndex(map(Action, actions))
    assert index.ranges(map(Action, actions), Interned()) == "0-299"
    assert index.ranges(map(Action, [actions[0], *actions[7:9]]), Interned()) == "0,7-8"


@given(statements)
def test_listings_are_the_document_in_ascii(written: list[dict[str, object]]) -> None:
    document = {"Version": "2012-10-17", "Statement": written}
    listing = listing_of(document, lambda *_: None)
    assert json.loads("\n".join(listing.lines)) == document
    assert all(text.isascii() and text.isprintable() for text in listing.lines)
    assert listing.notes == ()
    assert len(listing.starts) == len(written)


def test_listings_note_each_value_and_each_statement_once() -> None:
    asked: list[tuple[int, str, str]] = []

    def noted(statement: int, element: str, value: str) -> Note:
        asked.append((statement, element, value))
        return Note(Mark.SEEN, (line(value),))

    one = {"Effect": "Allow", "Action": ["s3:Get*", "s3:Put*"], "Resource": "*"}
    listing = listing_of({"Statement": [one, one]}, noted)
    assert [listing.lines[at].strip() for at in listing.starts] == ["{", "{"]
    assert asked.count((1, "Action", "s3:Put*")) == 1
    assert asked.count((0, "", "")) == 1
    marked = {listing.lines[at].strip(): note.lines[0][0].text for at, note in listing.notes if note.lines[0]}
    assert marked['"s3:Get*",'] == "s3:Get*"
    assert marked['"Resource": "*"'] == "*"


@given(values)
def test_script_data_is_the_value_and_can_end_no_script(value: object) -> None:
    text = script_json(value)
    assert json.loads(text) == json.loads(json.dumps(value))
    assert text.isascii()
    assert text.isprintable()
    assert not set("<>&") & set(text)


@given(st.integers(1, 10**9).flatmap(lambda whole: st.integers(0, whole).map(lambda part: Fraction(part, whole))))
def test_percentages_are_none_or_all_only_where_it_is_so(share: Fraction) -> None:
    text = percent(float(share))
    assert (text == "0 %") == (share == 0)
    assert (text == "100 %") == (share == 1)
    assert text in ("<1 %", ">99 %") or abs(float(text.removesuffix(" %")) - 100 * share) <= 0.5


def test_words_in_backticks_become_names_and_nothing_is_lost() -> None:
    spans = split_quotes(line("run `lpgen catalog update` if AWS has it", name("a`b`c")))
    assert spans == (
        Span("run "),
        Span("lpgen catalog update", Tone.NAME),
        Span(" if AWS has it"),
        Span("a`b`c", Tone.NAME),
    )
    assert split_quotes(line("one ` alone")) == (Span("one ` alone"),)
    assert data_of_line(line("a ", name("b\x1b"))) == ["a ", ["n", "b\\x1b"]]

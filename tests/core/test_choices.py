"""What people may choose of unobservable actions, by kind."""

from __future__ import annotations

import pytest

from lpgen.core.choices import KeepUnobservable, UnobservableKind, keep_each, keep_from_words, words_of_keep

ALL, SIGNED, NONE = KeepUnobservable
DATA, INTERNAL = UnobservableKind.DATA_EVENTS, UnobservableKind.INTERNAL


def test_keep_is_signed_for_all_kinds_by_default() -> None:
    assert keep_from_words(()) == keep_each(SIGNED)


@pytest.mark.parametrize("value", KeepUnobservable)
def test_keep_takes_a_bare_value_for_all_kinds(value: KeepUnobservable) -> None:
    assert keep_from_words([value.value]) == keep_each(value)


def test_keep_lets_the_last_word_on_a_kind_count() -> None:
    assert keep_from_words(["none", "data-events=all"]) == {**keep_each(NONE), DATA: ALL}
    assert keep_from_words(["data-events=all", "none"]) == keep_each(NONE)
    assert keep_from_words(["internal=none", "internal=all"]) == {**keep_each(SIGNED), INTERNAL: ALL}


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("some", "'some' is not one of all, signed, none"),
        ("data-events=", "'' is not one of all"),
        ("=all", "'' is not a kind; the kinds are data-events, other-protocol, inside-call, internal, unclassified"),
        ("data=all", "'data' is not a kind"),
        ("data-events=all=none", "'data-events=all' is not a kind"),
    ],
)
def test_keep_refuses_words_that_are_no_choice(word: str, said: str) -> None:
    with pytest.raises(ValueError, match="is no") as refused:
        keep_from_words([word])
    assert said in str(refused.value)


def test_words_of_keep_make_the_same_choices() -> None:
    for words in ([], ["none"], ["all", "internal=signed"], ["data-events=all", "unclassified=none"]):
        keep = keep_from_words(words)
        assert keep_from_words(words_of_keep(keep).split()) == keep

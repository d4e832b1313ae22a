"""Pages of a listing follow one another, or the listing is refused."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpgen.edge.object_store import MAX_EMPTY_PAGES, ListingPage, ListingProgress, StoredObject
from lpgen.errors import AwsError

NAMES = st.lists(st.text("/-.09aé", min_size=1, max_size=5), unique=True, min_size=1)


def advance_all(pages: Sequence[Sequence[str]], folders: Sequence[Sequence[str]] = ()) -> None:
    """Takes pages of objects, and of folders with them, each with a new token."""
    listing = ListingProgress("s3://b/p/")
    for number, names in enumerate(pages):
        objects = tuple(StoredObject(name, 1, "e") for name in names)
        listing.advance(ListingPage(objects, tuple(folders[number]) if folders else (), f"token-{number}"))


def cut(names: Sequence[str], size: int) -> list[Sequence[str]]:
    """The names in pages."""
    return [names[at : at + size] for at in range(0, len(names), size)]


@given(NAMES, st.integers(1, 4))
def test_listing_takes_pages_in_the_order_of_bytes_and_in_that_of_paths(names: list[str], size: int) -> None:
    advance_all(cut(sorted(names, key=str.encode), size))
    advance_all(cut(sorted(names, key=lambda name: name.split("/")), size))


@given(NAMES, st.integers(1, 4), st.data())
def test_listing_refuses_a_name_that_comes_again_on_another_page(
    names: list[str], size: int, data: st.DataObject
) -> None:
    again = data.draw(st.sampled_from(names))
    with pytest.raises(AwsError, match="can't list `s3://b/p/`: a page of the listing doesn't follow the page before"):
        advance_all([*cut(sorted(names), size), [again]])


def test_listing_takes_objects_and_folders_that_are_paged_apart() -> None:
    advance_all([["a.json"], ["b.json"]], [["z/"], ["zz/"]])
    with pytest.raises(AwsError, match="doesn't follow the page before"):
        advance_all([["a.json"], ["b.json"]], [["z/"], ["c/"]])


def test_listing_ends_where_it_does_not_advance() -> None:
    listing = ListingProgress("s3://b/p/")
    for number in range(MAX_EMPTY_PAGES):
        listing.advance(ListingPage((), (), f"token-{number}"))
    with pytest.raises(AwsError, match="doesn't advance"):
        listing.advance(ListingPage((), (), "one more"))
    listing = ListingProgress("s3://b/p/")
    listing.advance(ListingPage((StoredObject("a", 1, "e"),), (), "token"))
    with pytest.raises(AwsError, match="doesn't advance"):
        listing.advance(ListingPage((StoredObject("b", 1, "e"),), (), "token"))

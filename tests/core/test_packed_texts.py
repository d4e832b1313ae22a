"""Packed texts and mappings answer as the lists and dicts they hold would, however many there are."""

from __future__ import annotations

import pytest

from lpgen.core.packed_texts import pack_mapping, pack_texts

MORE_THAN_ARE_HELD = 64 * 64 * 2 + 5


def names(count: int) -> list[str]:
    return sorted(f"arn:aws:iam::111122223333:role/worker-{number}" for number in range(count))


@pytest.mark.parametrize("count", [0, 1, 64, 65, MORE_THAN_ARE_HELD])
def test_packed_texts_are_found_by_their_places(count: int) -> None:
    texts = names(count)
    packed = pack_texts(texts)
    assert list(packed.between(0, count)) == texts
    for place in {0, 63, 64, count // 2, count - 1} & set(range(count)):
        assert packed.place_of(texts[place]) == place
        assert texts[place] in packed
        assert texts[place] + "0x" not in packed
    assert "" not in packed
    assert "~" not in packed


@pytest.mark.parametrize("count", [0, 1, 65, MORE_THAN_ARE_HELD])
def test_a_packed_mapping_gives_the_text_of_each_key_and_of_no_other(count: int) -> None:
    known = {name: name.replace("role/", "role/team\n/") for name in names(count)}
    packed = pack_mapping(known)
    for name in list(known)[:: max(count // 50, 1)]:
        assert packed.get(name) == known[name]
        assert packed.get(name + "\n") is None
    assert packed.get("") is None
    assert packed.get("~") is None

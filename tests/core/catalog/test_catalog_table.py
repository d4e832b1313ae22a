"""Tables of a catalog: a damaged one is an error that names it, whoever reads it."""

from __future__ import annotations

import json

import pytest

from lpgen.core.catalog.catalog_table import read_catalog_table
from lpgen.errors import CatalogError
from tests.support.catalog_samples import DictSource


def test_a_table_is_read_as_the_shape_that_is_asked_for() -> None:
    assert read_catalog_table(DictSource({}, {"t": {"a": [1]}}, []), "t", dict[str, list[int]]) == {"a": [1]}


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'{"a": 1}', b'{"\xff": []}', b"[" * 100_000])
def test_a_damaged_table_is_an_error_that_names_it(text: bytes) -> None:
    class Source(DictSource):
        def read_table(self, name: str) -> bytes:
            return text if name == "t" else json.dumps({}).encode()

    with pytest.raises(CatalogError, match="`t` of the action catalog can't be read") as found:
        read_catalog_table(Source({}, {}, []), "t", dict[str, list[int]])
    assert found.value.hint

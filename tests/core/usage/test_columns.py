"""Columns to Python's values and back."""

from __future__ import annotations

import pyarrow as pa

from lpgen.core.usage.columns import column_values


def test_column_values_of_a_dictionary_are_those_of_its_texts() -> None:
    texts = ["b", "a", None, "b", "", "c"]
    whole = pa.chunked_array([pa.array(texts), pa.array([], pa.string()), pa.array(texts[::-1])])
    packed = whole.dictionary_encode()
    assert pa.types.is_dictionary(packed.type)
    assert column_values(packed) == column_values(whole) == texts + texts[::-1]
    assert column_values(packed.slice(2, 5)) == (texts + texts[::-1])[2:7]

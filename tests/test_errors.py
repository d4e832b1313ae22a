"""How messages show what others wrote."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from lpgen.errors import quote_reason


class _One(msgspec.Struct):
    schema: str


def test_reason_of_a_library_has_one_pair_of_backticks_and_no_escapes() -> None:
    with pytest.raises(msgspec.DecodeError) as caught:
        msgspec.json.decode(b"{}", type=_One)
    assert quote_reason(caught.value) == "`Object missing required field schema`"


def test_reason_of_the_system_has_no_number_and_no_path(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="Errno 2") as caught:
        (tmp_path / "missing").read_bytes()
    assert quote_reason(caught.value) == "`No such file or directory`"


def test_reason_passes_on_no_terminal_escape() -> None:
    assert "\x1b" not in quote_reason(ValueError("\x1b[31m"))

"""The plan of `lpgen observe`, read back."""

from __future__ import annotations

from pathlib import Path

import pytest

from lpgen.app.observe import read_promises
from lpgen.errors import DataError


@pytest.mark.parametrize("number", [0, 2])
def test_read_promises_refuses_another_schema_by_its_number(tmp_path: Path, number: int) -> None:
    path = tmp_path / "plan.json"
    path.write_text(f'{{"schema": "lpgen.observe/{number}"}}', "utf-8")
    with pytest.raises(DataError) as found:
        read_promises(path)
    assert f"`{path}` has the schema `lpgen.observe/{number}`, and" in found.value.message
    assert found.value.hint == "run `lpgen observe` again"

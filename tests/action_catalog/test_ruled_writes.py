"""The table of event sources of whose writing calls code reads something."""

from __future__ import annotations

import json

from action_catalog.ruled_writes import ruled_writes
from lpgen.edge.catalog.files import bundled_folder


def test_bundled_table_is_as_the_builder_makes_it() -> None:
    assert json.loads((bundled_folder() / "ruled_writes.json").read_text("utf-8")) == ruled_writes()

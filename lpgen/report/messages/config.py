"""The output of `lpgen config`."""

from __future__ import annotations

import json
from collections.abc import Sequence

from lpgen.report.blocks import Column, name, table
from lpgen.report.layout.text import render_text


def render_config(
    rows: Sequence[tuple[str, str, str, str]],
    format: str,  # noqa: A002
    *,
    width: int,
    color: bool,
) -> str:
    """The defaults, one per row: the key in `lpgen.toml`, the value, its origin, and its environment variable."""
    if format == "json":
        facts = {key: {"value": value or None, "from": origin} for key, value, origin, _ in rows}
        return json.dumps(facts, indent=2)
    columns = (Column("setting"), Column("value", flexible=True), Column("from"), Column("variable"))
    cells = [(name(key), value or "-", origin, variable) for key, value, origin, variable in rows]
    return render_text([table(columns, cells)], width=width, color=color)

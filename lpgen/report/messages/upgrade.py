"""The output of `lpgen upgrade`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from lpgen.core.usage.tables import SCHEMA_VERSION
from lpgen.report.escaping import terminal_text
from lpgen.report.pages.blocks import plural


def render_upgrade(data: Path, old_version: int, baselines: int, paths: int) -> str:
    """The result of an upgrade, and the next step."""
    upgraded = f" and {plural(baselines, 'baseline')}" if baselines else ""
    if old_version == SCHEMA_VERSION and not baselines:
        return terminal_text(f"{data} has schema version {SCHEMA_VERSION}: nothing to upgrade")
    if not paths:
        return terminal_text(f"{data}: upgraded{upgraded.removeprefix(' and')}")
    return terminal_text(
        f"{data}: upgraded from schema version {old_version} to {SCHEMA_VERSION}{upgraded}; to complete it, ingest "
        f"these {plural(paths, 'log file')} again into a new folder"
    )


def render_paths(paths: Iterable[str]) -> str:
    """A path a line."""
    return "".join(f"{terminal_text(path)}\n" for path in paths)

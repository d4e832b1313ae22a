"""The output of `lpgen check`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

from lpgen.core.folder_checks import FolderCheck
from lpgen.report.blocks import plural
from lpgen.report.documents.layout import lay_out
from lpgen.report.escaping import terminal_text

_CHECK_SCHEMA: Final = "lpgen.check/1"


def render_check(found: FolderCheck, format: str) -> str:  # noqa: A002
    """The findings, one below the other, and whether the folder is whole."""
    if format == "json":
        return lay_out({"schema": _CHECK_SCHEMA, "damaged": bool(found.damages), **asdict(found)})
    lines = [f"{one.kind.value}: {one.problem}; {one.next_step}" for one in found.findings]
    lines.append(_summary(found))
    return "".join(f"{terminal_text(line)}\n" for line in lines)


def _summary(found: FolderCheck) -> str:
    checked = ", ".join(
        (
            plural(found.files, "log file"),
            plural(found.records, "record"),
            plural(found.rows, "table row"),
            plural(found.snapshots, "snapshot"),
            plural(found.baselines, "baseline"),
        )
    )
    state = f"{plural(len(found.damages), 'damage')} found" if found.damages else "whole"
    return f"{found.folder}: {state} ({checked})"

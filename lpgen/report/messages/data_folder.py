"""Messages about a data folder: its baselines, and the result of `lpgen check`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

from lpgen.core.drift.states import Stamp
from lpgen.core.folder_checks import FolderCheck
from lpgen.report.blocks import Column, Show, Words, count, name, plural, table
from lpgen.report.documents.drift import BaselineContentPart, baseline_json, baselines_json
from lpgen.report.documents.layout import lay_out
from lpgen.report.escaping import terminal_text
from lpgen.report.layout.text import render_text


def render_saved(stamp: Stamp, folder: str) -> str:
    """The message at the end of `lpgen baseline save`."""
    figures = stamp.figures
    return terminal_text(
        f"baseline {stamp.name}: as of {stamp.as_of.isoformat()}, {plural(figures.principals, 'principal')}, "
        f"{plural(figures.granted, 'granted action')}, catalog of {stamp.catalog_date}, in {folder}"
    )


def render_baselines(stamps: Sequence[Stamp], format: str, *, width: int, color: bool) -> str:  # noqa: A002
    """The baselines in the order given."""
    if format == "json":
        return baselines_json(stamps)
    if format == "names":
        return "".join(f"{stamp.name}\n" for stamp in stamps)
    if not stamps:
        return "no baselines yet; save one with `lpgen baseline save`\n"
    columns = (
        Column("name", flexible=True),
        Column("as of"),
        Column("catalog", show=Show.WIDE),
        *(Column(title, number=True) for title in _FIGURES),
    )
    rows: list[list[Words]] = []
    for stamp in stamps:
        figures = [count(getattr(stamp.figures, figure)) for figure in _FIGURES.values()]
        rows.append([name(stamp.name), stamp.as_of.isoformat(), stamp.catalog_date, *figures])
    return render_text((table(columns, rows),), width=width, color=color)


_FIGURES: Final = {
    "principals": "principals",
    "granted": "granted",
    "unused": "unused",
    "wildcards": "wildcards",
    "days": "covered_days",
}
"""The number columns in a list of baselines, and the figure in each."""


def render_baseline(stamp: Stamp, content: BaselineContentPart, format: str) -> str:  # noqa: A002
    """The content of one baseline."""
    if format == "json":
        return baseline_json(stamp, content)
    figures = stamp.figures
    rows = (
        ("baseline", stamp.name),
        ("saved", content.saved),
        ("as of", stamp.as_of.isoformat()),
        ("catalog", f"{stamp.catalog_version} of {stamp.catalog_date}, {count(content.actions)} actions"),
        ("snapshot", stamp.snapshot or "none: the policies came from files"),
        ("policies", f"{plural(content.policy_files, 'file')}, {plural(figures.principals, 'principal')}"),
        ("trails", plural(content.trails, "file")),
        ("proposals", f"{count(content.proposals)}; {count(content.waiting)} safe and not yet in place"),
        ("granted", f"{plural(figures.granted, 'action')}, over all principals"),
        ("unused", f"{count(figures.unused)}; dangerous without recorded use: {count(figures.dangerous_unused)}"),
        ("wildcards", count(figures.wildcards)),
        ("covered", plural(figures.covered_days, "day")),
        ("folder", content.folder),
    )
    return "".join(f"{title:<11}{terminal_text(text)}\n" for title, text in rows)


# ---------------------------------------------------------------- the check


_CHECK_SCHEMA: Final = "lpgen.check/1"


def render_check(found: FolderCheck, format: str) -> str:  # noqa: A002
    """The findings, one per line, and whether the folder is intact."""
    if format == "json":
        return lay_out({"schema": _CHECK_SCHEMA, "damaged": bool(found.damages), **asdict(found)})
    lines = [f"{finding.kind.value}: {finding.problem}; {finding.next_step}" for finding in found.findings]
    lines.append(_summary(found))
    return "".join(f"{terminal_text(line)}\n" for line in lines)


def _summary(found: FolderCheck) -> str:
    checked = ", ".join(
        plural(number, noun)
        for number, noun in (
            (found.files, "log file"),
            (found.records, "record"),
            (found.rows, "table row"),
            (found.snapshots, "snapshot"),
            (found.baselines, "baseline"),
        )
    )
    state = f"{plural(len(found.damages), 'damaged item')} found" if found.damages else "intact"
    return f"{found.folder}: {state} ({checked})"

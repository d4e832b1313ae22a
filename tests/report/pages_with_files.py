"""Reviews as pages with files beside them, made of reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lpgen.app.output import review_page
from lpgen.core.findings import Report
from lpgen.edge.catalog.files import bundled_catalog
from lpgen.report.html.data_files import page_with_files
from tests.report.review_reader import ReviewReader

FOLDER = "review-files"


@dataclass(frozen=True)
class Pages:
    """A page, and the texts of the files in the folder of its digest."""

    digest: str
    html: str
    files: Mapping[str, str]

    def write(self, folder: Path, name: str = "review") -> Path:
        """Writes all as lpgen does; returns the page."""
        below = folder / f"{name}-files" / self.digest
        below.mkdir(parents=True, exist_ok=True)
        for file, text in self.files.items():
            (below / file).write_text(text, encoding="utf-8")
        page = folder / f"{name}.html"
        page.write_text(self.html, encoding="utf-8")
        return page

    @property
    def data(self) -> dict[str, Any]:
        """The data of all files."""
        return {key: value for text in self.files.values() for key, value in ReviewReader(text).data.items()}


def pages_of(report: Report, folder: str = FOLDER) -> Pages:
    """The page of a report, however few principals it has."""
    made = page_with_files(review_page(report, bundled_catalog()), folder=folder)
    files = dict(made.files)
    return Pages(made.review, "".join(made.page), files)

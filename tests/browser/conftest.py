"""A real Chromium, and pages that must neither complain nor ask anybody for anything."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Dialog, Page, Request, sync_playwright

from lpgen.app.inputs import AnalysisInputs
from lpgen.app.review import analyse
from lpgen.core.findings import Report
from lpgen.core.options import Options
from lpgen.edge.catalog.files import bundled_catalog
from lpgen.edge.logs.log_files import bundled_sample_logs
from lpgen.report.blocks import Given
from tests.report.rendered import render_review
from tests.support.ingests import ingest

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

Opener = Callable[..., Page]
"""Opens a page: its HTML, and by keyword what `Browser.new_context` takes; `fragment` is the part of the address."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a window. Without Chromium the tests fail."""
    assert Path(CHROMIUM).exists(), f"no Chromium at {CHROMIUM}: install Debian's package chromium, or set CHROMIUM"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def open_page(browser: Browser, tmp_path: Path) -> Iterator[Opener]:
    """Opens pages of their own; in the end none may have complained, asked anybody, or shown a dialog."""
    complaints: list[str] = []
    opened: list[Page] = []

    def refuse(dialog: Dialog) -> None:
        complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def note_request(request: Request) -> None:
        if not (request.is_navigation_request() and request.url.startswith("file:")):
            complaints.append(f"request: {request.url}")

    def open_one(html: str, *, fragment: str = "", width: int = 1280, **options: object) -> Page:
        file = tmp_path / f"page-{len(opened)}.html"
        file.write_text(html, encoding="utf-8")
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)  # type: ignore[arg-type]
        page = context.new_page()
        page.on("console", lambda message: complaints.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("dialog", refuse)
        page.on("request", note_request)
        page.goto(f"{file.as_uri()}{fragment}")
        opened.append(page)
        return page

    yield open_one
    for page in opened:
        page.context.close()
    assert complaints == []


@pytest.fixture(scope="session")
def sample_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of the sample organization."""
    data = tmp_path_factory.mktemp("sample") / "data"
    ingest([bundled_sample_logs().logs], bundled_catalog(), data=data)
    return data


@pytest.fixture(scope="session")
def sample_report(sample_folder: Path) -> Report:
    """The review of the sample organization, from its logs and policies."""
    return analyse(AnalysisInputs(sample_folder, [bundled_sample_logs().policies], bundled_catalog(), Options()))


@pytest.fixture(scope="session")
def sample(sample_report: Report) -> str:
    """The page of the sample organization, with commands of a program that isn't on the path."""
    taken = dict.fromkeys(("review", "generate", "backtest", "catalog update"), ("--data", "--principal"))
    given = Given((("--data", "lpgen-data"),), taken, ("/opt/lpgen tools/bin/lpgen",))
    return render_review(sample_report, "html", given=given)

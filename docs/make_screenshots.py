"""Makes the pictures of the HTML pages that the documents show: `make screenshots`.

They are of the sample organization, taken in Debian's Chromium (or the one that CHROMIUM names).
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Page, sync_playwright

from lpgen import generate, ingest
from lpgen.app.graph import graph
from lpgen.app.inputs import AnalysisInputs
from lpgen.app.output import review_page
from lpgen.app.review import analyse
from lpgen.core.compute import Inventory
from lpgen.core.options import Options
from lpgen.edge.catalog.files import bundled_catalog
from lpgen.edge.logs.log_files import bundled_sample_logs
from lpgen.edge.readers.compute_files import read_compute
from lpgen.report.render import GRAPH, PAGE

IMAGES = Path(__file__).parent / "images"
STOREFRONT = f"#p={quote('arn:aws:iam::111122223333:role/app/storefront-api', safe='')}"
DEPLOYER = f"#p={quote('arn:aws:iam::111122223333:role/platform/platform-deployer', safe='')}"
WORKER = ".node[aria-label^='orders-worker']"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


def main() -> None:
    """Writes the pictures."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder) / "review.html"
        file.write_text(_sample_review(Path(folder) / "data"), encoding="utf-8")
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=FLAGS
        )

        def opened(fragment: str, scheme: str, height: int) -> Page:
            size = {"width": 1120, "height": height}
            page = browser.new_page(viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
            page.goto(f"{file.as_uri()}{fragment}")
            return page

        opened("", "light", 560).screenshot(path=IMAGES / "review-summary.png")
        walls = opened(DEPLOYER, "light", 1400).locator(".wall-figure")
        walls.locator("svg.walls").last.wait_for()
        walls.screenshot(path=IMAGES / "review-walls.png")
        page = opened(f"{STOREFRONT}&at=policies", "dark", 560)
        page.get_by_role("button", name='"dynamodb:GetItem"').click()
        page.locator("#principal [data-anchor=policies]").evaluate("(part) => part.scrollIntoView()")
        page.screenshot(path=IMAGES / "review-evidence.png")
        file.write_text(_sample_graph(Path(folder)), encoding="utf-8")
        for name, scheme, width, height in (("desktop", "light", 1440, 600), ("phone", "dark", 390, 844)):
            page = opened("", scheme, height)
            page.set_viewport_size({"width": width, "height": height})
            page.get_by_text("What is cut by the replacements?").click()
            if name == "desktop":
                page.locator(WORKER).focus()
            else:
                page.locator("#answer").evaluate("(part) => part.scrollIntoView()")
            page.screenshot(path=IMAGES / f"graph-{name}.png", animations="disabled")
        browser.close()


def _sample_review(data: Path) -> str:
    sample, catalog = bundled_sample_logs(), bundled_catalog()
    ingest([sample.logs], data=data)
    report = analyse(AnalysisInputs(data, [sample.policies], catalog, Options()))
    return "".join(PAGE.write(review_page(report, catalog), "html"))


def _sample_graph(folder: Path) -> str:
    sample, data, output = bundled_sample_logs(), folder / "data", folder / "out"
    generate(data, output=output, policies=[sample.policies])
    compute = Inventory(read_compute((sample.compute,)))
    report = graph([sample.policies], bundled_catalog(), target="admin", data=data, compute=compute, compare=output)
    return GRAPH.text(report, "html")


if __name__ == "__main__":
    main()

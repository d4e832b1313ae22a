"""A review of so many principals that a browser takes long to read them: a page, and files with their data beside it.

Each principal's data are complete in themselves, but for the names of the catalog's actions, which the page has. A file
is the texts of some principals one after the other.

From `file://` a page can't fetch. It shows a file in a frame without an origin, whose script answers with the data of
one principal. Only the page's own script runs with its rights; it parses answers as JSON and shows texts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote

from lpgen.report.escaping import terminal_text
from lpgen.report.html.page import Beside, ReviewPage, review_html
from lpgen.report.html.templating import asset, content_security_policy, template

MOST_IN_ONE_FILE: Final = 400
"""So many principals are in the page itself: it has about 20 MB then, which Chromium reads in less than a second.

It takes 0.5 seconds for 16 MB, 0.8 for 31 MB, 1.5 for 54 MB and 2.6 for 110 MB, the page of 2,000 principals.
"""

_IN_EACH_FILE: Final = 25
"""So many principals have about 2 MB, and administrators less than 4 MB, which a frame reads in a moment."""


@dataclass(frozen=True, slots=True)
class _PageWithFiles:
    """The parts of a page, and the names and texts of the files whose folder is called by the digest of the review."""

    review: str
    files: Iterable[tuple[str, str]]
    page: Iterable[str]


def page_with_files(page: ReviewPage, *, folder: str) -> _PageWithFiles:
    """The page with files beside it; `folder` holds that of the files."""
    arns, text_of = [principal.arn for principal in page.parted.summary.principals], page.parted.text_of
    review = _digest(map(text_of, arns))
    path = f"{quote(folder, safe='', errors='surrogateescape')}/{review}"
    beside = Beside(terminal_text(folder), path, review, _IN_EACH_FILE)
    return _PageWithFiles(review, _files(arns, text_of, review), review_html(replace(page, beside=beside)))


def _digest(texts: Iterable[str]) -> str:
    found = hashlib.sha256()
    for text in texts:
        found.update(hashlib.sha256(text.encode()).digest())
    return found.hexdigest()[:32]


def _files(arns: list[str], text_of: Callable[[str], str], review: str) -> Iterator[tuple[str, str]]:
    script = asset("file.js")
    page = template("file.html.j2")
    for first in range(0, len(arns), _IN_EACH_FILE):
        data = [(f"principal-{first + at}", text_of(arn)) for at, arn in enumerate(arns[first:][:_IN_EACH_FILE])]
        text = page.render(policy=content_security_policy(script=script), script=script, review=review, data=data)
        yield f"{first // _IN_EACH_FILE + 1:04}.html", text

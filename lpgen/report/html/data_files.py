"""A review with too many principals for one page: a page, and files with the data of principals next to it.

The data of each principal are complete except for the names of the catalog's actions, which the page has. A file has
the texts of some principals, one after the other.

A page from `file://` can't fetch. It shows a file in a frame without an origin, and the script in the frame answers
with the data of one principal. Only the page's own script runs with its rights. It parses answers as JSON and shows
texts.
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
"""The maximum number of principals in the page itself: about 20 MB, which Chromium reads in less than a second.

Chromium takes 0.5 s for 16 MB, 0.8 s for 31 MB, 1.5 s for 54 MB, and 2.6 s for 110 MB (2,000 principals).
"""

_IN_EACH_FILE: Final = 25
"""The number of principals in a file: about 2 MB, or up to 4 MB for administrators. A frame reads this quickly."""


@dataclass(frozen=True, slots=True)
class _PageWithFiles:
    """The parts of a page, and the names and texts of its files. `review` is a digest and the name of their folder."""

    review: str
    files: Iterable[tuple[str, str]]
    page: Iterable[str]


def page_with_files(page: ReviewPage, *, folder: str) -> _PageWithFiles:
    """The page with files next to it. `folder` is the parent of the folder with the files."""
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

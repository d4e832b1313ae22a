"""A review of so many principals that a browser takes long to read them: a page, and files with their data beside it.

Each principal's data are complete in themselves, but for the names of the catalog's actions, which the page has. So
they are made where the principal is reviewed, and a file of some principals is their texts one after the other.

From `file://` a page can't fetch. It shows a file in a frame without an origin, whose script answers with the data of
one principal. Only the page's own script runs with its rights; it parses answers as JSON and shows texts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from lpgen.core.findings import Proposal, Report
from lpgen.report.commands import Given
from lpgen.report.entries import Details, Entry, entry_of_view
from lpgen.report.escaping import terminal_text
from lpgen.report.html.action_index import ActionIndex
from lpgen.report.html.embed import content_security_policy, script_json
from lpgen.report.html.page import Beside, page_html
from lpgen.report.html.principal_data import data_of_principal
from lpgen.report.html.shared import Shared
from lpgen.report.html.templating import asset, template
from lpgen.report.views import PrincipalView, review_view

MOST_IN_ONE_FILE: Final = 400
"""So many principals are in the page itself: it has about 20 MB then, which Chromium reads in less than a second.

It takes 0.5 seconds for 16 MB, 0.8 for 31 MB, 1.5 for 54 MB and 2.6 for 110 MB, the page of 2,000 principals.
"""

_IN_EACH_FILE: Final = 25
"""So many principals have about 2 MB, and administrators less than 4 MB, which a frame reads in a moment."""


@dataclass(frozen=True, slots=True)
class PageEntry:
    """Makes the entries of a review whose page has files beside it. `report` has no proposals."""

    report: Report
    actions: ActionIndex

    def __call__(self, proposal: Proposal) -> Entry:
        view, shared = PrincipalView(proposal), Shared(self.actions)
        principal = data_of_principal(view, self.report, shared)
        text = script_json({"principal": principal, **dict(shared.data())})
        return entry_of_view(view, text, kept_unseen=view.kept_unseen)


@dataclass(frozen=True, slots=True)
class PageWithFiles:
    """The parts of a page, and the names and texts of the files whose folder is called by the digest of the review."""

    review: str
    files: Iterable[tuple[str, str]]
    page: Iterable[str]


def page_with_files(
    report: Report, details: Details, actions: ActionIndex, *, folder: str, given: Given | None = None
) -> PageWithFiles:
    """The page of a report of outlines. `actions` are those of the entries, and `folder` holds that of the files."""
    view = review_view(report, details.entries)
    arns = [one.diff.principal.arn for one in view.views]
    review = _digest(map(details.text_of, arns))
    path = f"{quote(folder, safe='', errors='surrogateescape')}/{review}"
    beside = Beside(terminal_text(folder), path, review, _IN_EACH_FILE)
    return PageWithFiles(review, _files(arns, details, review), page_html(view, given, actions, beside))


def _digest(texts: Iterable[str]) -> str:
    found = hashlib.sha256()
    for text in texts:
        found.update(hashlib.sha256(text.encode()).digest())
    return found.hexdigest()[:32]


def _files(arns: list[str], details: Details, review: str) -> Iterator[tuple[str, str]]:
    script = asset("file.js")
    page = template("file.html.j2")
    for first in range(0, len(arns), _IN_EACH_FILE):
        data = [
            (f"principal-{first + at}", details.text_of(arn)) for at, arn in enumerate(arns[first:][:_IN_EACH_FILE])
        ]
        text = page.render(policy=content_security_policy(script=script), script=script, review=review, data=data)
        yield f"{first // _IN_EACH_FILE + 1:04}.html", text

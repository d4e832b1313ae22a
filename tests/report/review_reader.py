"""Rendered HTML, read back: its elements, its texts, and the data that its script is given."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

from lpgen.core.findings import Report
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import AttachedPolicy, PolicyKind
from tests.report.reports import report_of
from tests.report.safe_cases import storefront
from tests.report.unsafe_cases import inventory


def with_documents() -> Report:
    """Two roles; of one the policy in force can be read beside its replacement."""
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "Images", "Effect": "Allow", "Action": "s3:*", "Resource": ["arn:aws:s3:::larkspur-images"]},
            {"Sid": "Orders", "Effect": "Allow", "Action": ["dynamodb:*", "dynamodb:Scan"], "Resource": "*"},
            {"Effect": "Deny", "Action": "kms:*", "Resource": "*"},
        ],
    }
    read = policy_from_json(json.dumps(document), place="data")
    case = replace(storefront(), policies=(AttachedPolicy(PolicyKind.INLINE, "data", "", "", None, read),))
    return report_of([case, inventory()])


class ReviewReader(HTMLParser):
    """The elements of a page in order, with their attributes; the text in the open; and what script elements hold."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.scripts: list[tuple[dict[str, str], str]] = []
        self.styles: list[str] = []
        self._inside = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes an element."""
        attributes = {name: value or "" for name, value in attrs}
        self.elements.append((tag, attributes))
        if tag in ("script", "style"):
            self._inside = tag
            (self.scripts.append((attributes, "")) if tag == "script" else self.styles.append(""))

    def handle_endtag(self, tag: str) -> None:
        """Notes where a script or a style sheet ends."""
        if tag == self._inside:
            self._inside = ""

    def handle_data(self, data: str) -> None:
        """Notes a text where it belongs."""
        if self._inside == "script":
            attributes, text = self.scripts[-1]
            self.scripts[-1] = attributes, text + data
        elif self._inside == "style":
            self.styles[-1] += data
        else:
            self.texts.append(data)

    @property
    def program(self) -> str:
        """The script that runs: the only one."""
        (found,) = [text for attributes, text in self.scripts if "type" not in attributes]
        return found

    @property
    def data(self) -> dict[str, Any]:
        """What the data elements hold, by their names."""
        return {script["id"]: json.loads(text) for script, text in self.scripts if "type" in script}

    def principal(self, name: str) -> dict[str, Any]:
        """The data of the first principal whose label ends with a name, with what only they refer to."""
        found: dict[str, Any] = next(
            one
            for key, one in self.data.items()
            if key.startswith("principal-") and one["principal"]["label"].endswith(name)
        )
        return found

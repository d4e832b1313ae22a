"""Hostile texts, and reports in which every text is hostile."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Collection, Mapping
from enum import Enum
from html.parser import HTMLParser
from typing import Any

from markdown_it import MarkdownIt
from msgspec import structs
from rich.cells import cell_len

from lpgen.core.documents import Part
from lpgen.core.findings import Report, Verdicts
from lpgen.core.model import Principal
from tests.support.verdicts import verdicts_from

CORPUS = (
    "\x1b[2J\x1b[31mowned\x1b]8;;http://evil.example\x07link\x1b]8;;\x07",
    "a\r\nb\n\n# heading\n\n| x | y |",
    "role\u202egpj.exe\u2066\u200b\ufeff",
    "\x00\x07\x08\x7f\x85\x9b31m\u2028\u2029",
    "[bold red]markup[/] [link=http://evil.example]x[/link] :smile: [/]",
    "<script>alert(1)</script><img src=x onerror=alert(1)></details></summary></code>",
    "`code` ``two`` ```three``` \\` `",
    "| pipe \\| and \\\\| pipe |",
    "[text](javascript:alert(1)) ![i](http://evil.example/x.png) <http://evil.example> [x]: http://evil.example",
    "@everyone @org/team #1 GH-2 org/repo#3 www.evil.example http://evil.example mail@evil.example deadbeefdeadbeef",
    "1. list\t- list\t> quote\t---\t===\t***\t~~~",
    "1.",
    "0)\n",
    "- item",
    "> quote",
    "# heading",
    "    indented",
    "**bold** __bold__ ~~strike~~ *em* _em_ $math$ &lt;b&gt; &#64;",
    "\ud800 lone \udfff",
    "",
    " ",
    "`",
    "\\",
    "|",
    "日本語 ключ é ﷽ 👩‍👩‍👧 e\u0301\u0302\u0303",
    "x" * 400,
)

RAW = frozenset({"text"})  # a policy document is JSON by then, and is printed by no renderer


def poison(value: Any, change: Callable[[str], str]) -> Any:
    """The value with every text in it changed; enums, cases of findings and policy documents stay."""
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return change(value)
    if isinstance(value, tuple):
        changed = (poison(one, change) for one in value)
        return type(value)._make(changed) if hasattr(value, "_make") else tuple(changed)
    if isinstance(value, Verdicts):
        return verdicts_from(poison(one, change) for one in value)
    if isinstance(value, Mapping):
        return {name: one if name == "case" else poison(one, change) for name, one in value.items()}
    if isinstance(value, frozenset):
        return frozenset(poison(one, change) for one in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [field.name for field in dataclasses.fields(value) if field.init and field.name not in RAW]
        return dataclasses.replace(value, **{name: poison(getattr(value, name), change) for name in fields})
    if isinstance(value, Part):
        members = {name: poison(getattr(value, name), change) for name in value.__struct_fields__}
        return structs.replace(value, **members)
    return value


def poisoned_report(report: Report, change: Callable[[str], str]) -> Report:
    """The report with every text in it changed. ARNs of principals stay distinct, and ways in are into these."""
    changed: Report = poison(report, change)
    proposals = tuple(
        dataclasses.replace(
            proposal, diff=dataclasses.replace(proposal.diff, principal=_numbered(proposal.diff.principal, number))
        )
        for number, proposal in enumerate(changed.proposals)
    )
    arns = [proposal.diff.principal.arn for proposal in proposals]
    trust = tuple(dataclasses.replace(trust, principal=arns[at % len(arns)]) for at, trust in enumerate(changed.trust))
    return dataclasses.replace(changed, proposals=proposals, trust=trust)


def _numbered(principal: Principal, number: int) -> Principal:
    return dataclasses.replace(principal, arn=f"{principal.arn}{number}")


PAGE = MarkdownIt("commonmark", {"html": True}).enable("table")
ACTIVE = re.compile(r"@|://|www\.|#\d|gh-\d|\b[0-9a-f]{7,}\b|:[a-z0-9_+-]+:|\$|<|~~", re.IGNORECASE)
ALLOWED_TAGS = frozenset(
    "details summary code b strong em p ul ol li h1 h2 h3 h4 table thead tbody tr th td".split()  # noqa: SIM905
)


class PageReader(HTMLParser):
    """Reads rendered Markdown: which tags there are, what their attributes are, and the text outside of code."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.prose: list[str] = []
        self._code = 0
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes a tag."""
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        self._code += tag == "code"

    def handle_endtag(self, tag: str) -> None:
        """Notes where code ends."""
        self._code -= tag == "code"

    def handle_data(self, data: str) -> None:
        """Notes text outside of code."""
        if not self._code:
            self.prose.append(data)


def without_colors(text: str) -> str:
    """The text without the sequences that color it."""
    return re.sub("\x1b\\[[0-9;]*m", "", text)


def check_terminal_text(text: str, width: int, *, color: bool) -> None:
    """Fails if anything in the text acts on a terminal, or is wider than it, where it isn't too narrow for any text."""
    for line in (without_colors(text) if color else text).split("\n"):
        assert line.isprintable()
        assert cell_len(line) <= max(width, 72)


def check_markdown(text: str, attributes: Collection[str] = frozenset({"style", "start"})) -> None:
    """Fails if anything in the text acts on the page, which has these attributes only."""
    page = PageReader(PAGE.render(text))
    assert all(line.isprintable() for line in text.split("\n"))
    assert page.tags <= ALLOWED_TAGS
    assert page.attributes <= {*attributes}
    assert not ACTIVE.search(" ".join(page.prose))

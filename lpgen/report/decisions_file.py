"""A draft of a decisions file, with an entry for each open reason of a review. Entries count once filled in."""

from __future__ import annotations

import json
from collections.abc import Iterator

from lpgen.core.analysis.caveats.dangerous_use import DangerCaveat
from lpgen.core.registry.row import Finding
from lpgen.report.escaping import terminal_text
from lpgen.report.summary import ReviewSummary

_HEAD = """# Decisions on lpgen's review as of {day}. Nothing is accepted yet.
# For each entry that you accept, fill in reason, owner and expires (a date such as 2027-06-30). Delete the others.
# Then run: {command}
"""


def render_decisions(review: ReviewSummary, command: str) -> str:
    """The file as TOML for `--decisions`. Outsiders that can assume roles come first.

    `command` is the command that reads the file.
    """
    entries = list(_entries(review))
    none = [] if any("[[decision]]" in entry for entry in entries) else ["decision = []\n"]
    return "\n".join(
        [_HEAD.format(day=review.report.diff.as_of.isoformat(), command=terminal_text(command)), *none, *entries]
    )


def _entries(review: ReviewSummary) -> Iterator[str]:
    for trust in review.trust:
        yield _entry(trust.principal, trust)
    for summary in review.open:
        for caveat in {caveat.item: caveat for caveat in reversed(summary.caveats)}.values():  # once per item
            yield _entry(summary.arn, caveat)


def _entry(principal: str, finding: Finding) -> str:
    said = f"# {terminal_text(finding.message)}\n"
    if finding.kind is DangerCaveat.UNUSUAL_USE:
        what = finding.parameters
        return (
            f'{said}# If the owner says that somebody else did this:\n[[decision]]\ndo = "drop"\n'
            f"principal = {_text(principal)}\naction = {_text(str(what['action']))}\n"
            f"since = {what['first']}\nuntil = {what['last']}\n"
            'reason = ""\nowner = ""\n'
        )
    if not finding.kind.row.acceptable:
        return f"# {terminal_text(principal)}\n{said}# can't be accepted: {terminal_text(finding.step)}\n"
    return (
        f'{said}[[decision]]\ndo = "accept"\nprincipal = {_text(principal)}\nitem = {_text(finding.item)}\n'
        'reason = ""\nowner = ""\nexpires = ""\n'
    )


def _text(text: str) -> str:
    """A basic TOML string. Characters that UTF-8 can't hold become `?`, which matches any character in a glob.

    https://toml.io/en/v1.0.0#string
    """
    writable = text.encode("utf-8", "replace").decode()
    return json.dumps(writable, ensure_ascii=False).replace("\x7f", "\\u007f")

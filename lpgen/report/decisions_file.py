"""A draft of a decisions file: an entry for each open reason of a review, which counts once somebody fills it in."""

from __future__ import annotations

import json
from collections.abc import Iterator

from lpgen.core.analysis.caveats.dangerous_use import DangerCaveat
from lpgen.core.registry.row import Finding
from lpgen.report.escaping import terminal_text
from lpgen.report.summary import ReviewSummary

_HEAD = """# Decisions on lpgen's review as of {day}. Nothing is accepted yet.
# Fill in reason, owner and expires (a day, such as 2027-06-30) of what you accept, and delete the other entries.
# Then: {command}
"""


def render_decisions(review: ReviewSummary, command: str) -> str:
    """The file as TOML that `--decisions` reads once it is filled in: first the outsiders that can assume roles.

    `command` is the one that reads it.
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
        for caveat in {caveat.item: caveat for caveat in reversed(summary.caveats)}.values():  # one of equal items
            yield _entry(summary.arn, caveat)


def _entry(principal: str, finding: Finding) -> str:
    said = f"# {terminal_text(finding.message)}\n"
    if finding.kind is DangerCaveat.UNUSUAL_USE:
        what = finding.parameters
        return (
            f'{said}# If the owner says that it was not the team:\n[[decision]]\ndo = "drop"\n'
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
    """A basic string of TOML, with `?`, which fits any character, in place of characters that UTF-8 lacks.

    https://toml.io/en/v1.0.0#string
    """
    writable = text.encode("utf-8", "replace").decode()
    return json.dumps(writable, ensure_ascii=False).replace("\x7f", "\\u007f")

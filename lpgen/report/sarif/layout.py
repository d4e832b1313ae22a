"""SARIF 2.1.0 from findings, for GitHub's code scanning and other readers.

This module doesn't depend on reviews. To write another kind of report as SARIF:

1. Declare a row for each kind of finding in `lpgen.core.registry`. Its `score` is "0.1" to "10.0", or "" if it isn't a
   security problem.
2. Turn each finding into a `SarifFinding`. `message` is a `Line` of `lpgen.report.blocks`. Put names from logs and
   policies in `name(…)`; this module escapes everything. GitHub shows the first sentence as the title. `identity` is
   the subject of the finding, without counts, dates or order. The fingerprint contains only the rule and the identity,
   so next week's finding is the same alert. Findings with the same rule and identity differ only in their number.
3. Call `sarif_log(rules, findings, category="lpgen/…")`. Findings are sorted by severity and then cut: GitHub rejects a
   run of more than 25,000 results and shows the first 5,000. An extra finding counts the cut ones.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html and
https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from urllib.parse import quote

from lpgen.core.choices import Severity
from lpgen.core.documents import Part
from lpgen.core.registry.row import Kind
from lpgen.report.blocks import Line, line, plural
from lpgen.report.documents.layout import Json, JsonRow, lay_out, members_of
from lpgen.report.escaping import sarif_text, terminal_text
from lpgen.report.plan import document_file
from lpgen.report.sarif.kinds import ReviewKind
from lpgen.version import __version__

_SARIF_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"

MOST_RESULTS: Final = 25_000
"""The maximum number of results in a run on GitHub."""


LEVELS: Final = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
"""The SARIF level for each severity."""


@dataclass(frozen=True, slots=True)
class SarifName:
    """A subject of a finding other than a file: an ARN or another full name, and its kind."""

    full: str
    kind: str


@dataclass(frozen=True, slots=True)
class SarifFinding:
    """One finding. The path of `place` is relative to the root of the repository. `severity` overrides the kind's.

    `facts` are for programs and are written under `properties`, with complete lists.
    """

    kind: Kind
    message: Line
    identity: tuple[str, ...]
    place: Place
    names: tuple[SarifName, ...] = ()
    severity: Severity | None = None
    facts: Mapping[str, object] = field(default_factory=dict)


def sarif_log(
    kinds: Sequence[Kind],
    findings: Iterable[SarifFinding],
    *,
    category: str,
    notices: Iterable[str] = (),
    facts: Mapping[str, object] | None = None,
    most: int = MOST_RESULTS,
) -> str:
    """The findings as one SARIF file, the most severe first. Equal findings give equal bytes.

    `category` separates the alerts of different kinds of reports. `notices` are sentences about the run itself, such as
    unreadable input. `facts` are data about the run.
    """
    known = (*kinds, ReviewKind.LEFT_OUT)
    index = {kind.rule: number for number, kind in enumerate(known)}
    ordered = sorted(findings, key=lambda finding: _severity_order(finding, index))
    shown, cut = _cut(ordered, most)
    run: Json = {
        "tool": {"driver": {"name": "lpgen", "semanticVersion": __version__, "rules": [_rule(kind) for kind in known]}},
        "automationDetails": JsonRow(id=f"{category}/"),
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [
                    JsonRow(level="warning", message={"text": sarif_text(notice)}) for notice in notices
                ],
            }
        ],
        "results": list(_results(shown, index)),
        "properties": {**{key: _inert(value) for key, value in (facts or {}).items()}, "resultsLeftOut": cut},
    }
    return lay_out({"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]})


def fingerprint_of(finding: SarifFinding) -> str:
    """The fingerprint of a finding, the same in every run: a hash of its rule and identity."""
    text = json.dumps([finding.kind.rule, *finding.identity])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


# ---------------------------------------------------------------- order and cut


def _severity_order(finding: SarifFinding, index: Mapping[str, int]) -> tuple[int, float, int, str, str]:
    level = list(dict.fromkeys(LEVELS.values())).index(_level_of(finding))
    return (
        level,
        -float(finding.kind.row.score or 0),
        index[finding.kind.rule],
        finding.place.path,
        fingerprint_of(finding),
    )


def _cut(ordered: list[SarifFinding], most: int) -> tuple[list[SarifFinding], int]:
    """The findings that fit, and the number of the others. If some don't fit, the first finding counts them."""
    if len(ordered) <= most:
        return ordered, 0
    shown, others = ordered[: most - 1], ordered[most - 1 :]
    counted = Counter(finding.kind.rule for finding in others)
    parts = ", ".join(f"{number:,} of {rule}" for rule, number in sorted(counted.items()))
    message = line(f"{plural(len(others), 'finding')} did not fit in this report. These are the least severe: {parts}.")
    return [SarifFinding(ReviewKind.LEFT_OUT, message, (), Place(ordered[0].place.path)), *shown], len(others)


def _level_of(finding: SarifFinding) -> str:
    return LEVELS[finding.severity or finding.kind.row.severity]


# ---------------------------------------------------------------- SARIF's objects


def _rule(kind: Kind) -> Json:
    row = kind.row
    properties: Json = {"tags": ["security", "iam"] if row.score else ["iam"], "precision": row.precision}
    if row.score:
        properties["security-severity"] = row.score
    return {
        "id": kind.rule,
        "name": "".join(part.capitalize() for part in kind.rule.split("-")),
        "shortDescription": JsonRow(text=row.title),
        "fullDescription": JsonRow(text=row.title),
        "help": JsonRow(text=row.description.replace("**", ""), markdown=row.description),
        "helpUri": row.source,
        "defaultConfiguration": JsonRow(level=LEVELS[row.severity]),
        "properties": JsonRow(properties),
    }


def _results(findings: Iterable[SarifFinding], index: Mapping[str, int]) -> Iterator[Json]:
    met: Counter[str] = Counter()
    for finding in findings:
        fingerprint = fingerprint_of(finding)
        met[fingerprint] += 1
        yield _result(finding, index[finding.kind.rule], f"{fingerprint}:{met[fingerprint]}")


def _result(finding: SarifFinding, rule_index: int, fingerprint: str) -> Json:
    return {
        "ruleId": finding.kind.rule,
        "ruleIndex": rule_index,
        "level": _level_of(finding),
        "message": JsonRow(text=_plain(finding.message)),
        "locations": [_location(finding)],
        # GitHub reads only this fingerprint, in the form `hash:number`.
        "partialFingerprints": JsonRow(primaryLocationLineHash=fingerprint),
        "properties": _inert(finding.facts),
    }


def _location(finding: SarifFinding) -> Json:
    names = [JsonRow(fullyQualifiedName=terminal_text(name.full), kind=name.kind) for name in finding.names]
    return {
        "physicalLocation": JsonRow(
            artifactLocation={"uri": quote(finding.place.path, safe="/=,@+~", errors="replace")},
            region={"startLine": finding.place.first, "endLine": finding.place.last},
        ),
        **({"logicalLocations": names} if names else {}),
    }


def _inert(value: object) -> object:
    """A fact with escaped texts, because strict readers reject lone surrogates."""
    if isinstance(value, str):
        return terminal_text(value)
    if isinstance(value, Part):
        value = members_of(value)
    if isinstance(value, Mapping):
        return JsonRow({key: _inert(member) for key, member in value.items()})
    return [_inert(item) for item in value] if isinstance(value, list) else value


def _plain(message: Line) -> str:
    return "".join(sarif_text(span.text) for span in message)


# ---------------------------------------------------------------- places in policies


class Place(NamedTuple):
    """The first and last of some lines of a file, from 1."""

    path: str
    first: int = 1
    last: int = 1


class _StatementLines(NamedTuple):
    """The lines of a statement, and the first line of each JSON entry, such as `"s3:GetObject"` or `"Sid": "Read"`."""

    first: int
    last: int
    entries: Mapping[str, int]


class PolicyPlaces:
    """The places in a principal's new policies, from their texts in order.

    `folder` is the folder of the principal. Only Allow statements have places.
    """

    def __init__(self, folder: str, texts: Sequence[str]) -> None:
        self._whole = [Place(f"{folder}/{document_file(1)}", 1, text.count("\n")) for text in texts[:1]]
        self._found = [
            (f"{folder}/{document_file(number)}", statement)
            for number, text in enumerate(texts, start=1)
            for statement in _statements_of_text(text)
            if '"Effect": "Allow"' in statement.entries
        ]

    def find(self, *, sids: Collection[str] | None = None, actions: Collection[str] = ()) -> Place | None:
        """The first line with one of the actions, or the first statement if no actions are given, or None.

        If `sids` are given, only statements with these Sids count.
        """
        for path, statement in self._found:
            entries = statement.entries
            if sids is None or any(f'"Sid": "{sid}"' in entries for sid in sids):
                lines = [entries[entry] for entry in (f'"{action}"' for action in actions) if entry in entries]
                if lines:
                    return Place(path, min(lines), min(lines))
                if not actions:
                    return Place(path, statement.first, statement.last)
        return None

    def first_policy(self) -> Place | None:
        """All lines of the first policy, or None if there is none."""
        return next(iter(self._whole), None)


def _statements_of_text(text: str) -> Iterator[_StatementLines]:
    """The statements of a policy that is indented by two spaces, with each bracket and entry on its own line."""
    first, entries = 0, dict[str, int]()
    for number, row in enumerate(text.split("\n"), start=1):
        bare = row.removesuffix(",")
        if bare == "    {":
            first, entries = number, {}
        elif bare == "    }":
            yield _StatementLines(first, number, entries)
        else:
            entries.setdefault(bare.strip().removeprefix('"Action": '), number)

"""Reads an output folder of `lpgen generate` as what a rollout is planned from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from lpgen.core.rollout.plan import NewDocument
from lpgen.core.rollout.plan_rollout import WrittenPlan
from lpgen.edge.replacement_files import EVIDENCE, read_replacements
from lpgen.errors import OutputError, quote_reason

_AGAIN: Final = "run `lpgen generate` again"


class _Policy(msgspec.Struct):
    file: str
    name: str
    type: str


class _Parent(msgspec.Struct):
    policy: str
    group: str = ""


class _Line(msgspec.Struct):
    file: str
    parent: _Parent


class _Reason(msgspec.Struct):
    message: str


class _Replaces(msgspec.Struct):
    policies_sha256: str = ""


class _Evidence(msgspec.Struct):
    principal: str
    principal_id: str
    safe: bool | None
    not_safe_because: list[_Reason]
    as_of: str
    replaces: _Replaces
    policies: list[_Policy]
    lines: list[_Line]


class _Catalog(msgspec.Struct):
    version: str


class _Summary(msgspec.Struct):
    as_of: str
    catalog: _Catalog


def read_written_plans(output: Path) -> tuple[WrittenPlan, ...]:
    """What each principal's folder says, sorted by principal.

    Raises:
        OutputError: there is no output folder, or something in it can't be read.
        PolicyError: a document breaks IAM's grammar.
    """
    folders = [one.folder for one in read_replacements(output)]
    return tuple(sorted(map(_read_folder, folders), key=lambda one: one.principal))


def read_summary_dates(output: Path) -> tuple[str, str]:
    """The day that the replacements are as of, and the catalog's version.

    Raises:
        OutputError: the summary can't be read.
    """
    path = output / "summary.json"
    try:
        summary = msgspec.json.decode(path.read_bytes(), type=_Summary)
    except (OSError, msgspec.DecodeError, RecursionError) as error:
        raise OutputError(f"can't read `{path}`: {quote_reason(error)}", hint=_AGAIN) from error
    return summary.as_of, summary.catalog.version


def _read_folder(folder: Path) -> WrittenPlan:
    path = folder / EVIDENCE
    try:
        evidence = msgspec.json.decode(path.read_bytes(), type=_Evidence)
        narrowed = _narrowed_by(evidence.lines)
        documents = tuple(_read_document(folder, one, narrowed[one.file]) for one in evidence.policies)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise OutputError(f"can't read `{path}`: {quote_reason(error)}", hint=_AGAIN) from error
    return WrittenPlan(
        principal=evidence.principal,
        principal_id=evidence.principal_id,
        folder=folder.name,
        safe=evidence.safe is True,
        not_safe_because=tuple(one.message for one in evidence.not_safe_because),
        as_of=evidence.as_of,
        policies_sha256=evidence.replaces.policies_sha256,
        documents=documents,
    )


def _read_document(folder: Path, policy: _Policy, narrows: set[str]) -> NewDocument:
    text = (folder / policy.file).read_bytes().decode()
    return NewDocument(policy.file, policy.name, policy.type == "inline", text, tuple(sorted(narrows)))


def _narrowed_by(lines: Iterable[_Line]) -> defaultdict[str, set[str]]:
    """The old policies that the lines of each file come from, by file."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for line in lines:
        if not line.parent.group:
            found[line.file].add(line.parent.policy)
    return found

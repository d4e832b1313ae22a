"""Reads an output folder of `lpgen generate` as what a rollout is planned from, and compares it with its digests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from lpgen.core.analysis.verification.chain import check_unchanged
from lpgen.core.digests import CHAIN_KEYS, OutputDigests
from lpgen.core.replacements import CheckStatus
from lpgen.core.rollout.plan import NewDocument
from lpgen.core.rollout.plan_rollout import WrittenPlan
from lpgen.edge.replacement_files import EVIDENCE, read_output, read_replacements
from lpgen.errors import OutputError, TamperingError, quote_reason

_AGAIN: Final = "run `lpgen generate` again"


@dataclass(frozen=True, slots=True)
class WrittenOutput:
    """An output folder: `plans` sorted by principal, and the chain of digests, with which every file agrees.

    `summary` is the `summary.json` without the keys of the chain; `signature` the content of `summary.sig`, or "".
    """

    plans: tuple[WrittenPlan, ...]
    digests: OutputDigests
    summary: Mapping[str, object]
    signature: str

    @property
    def as_of(self) -> str:
        """The day that the replacements are as of."""
        return str(self.summary["as_of"])

    @property
    def catalog(self) -> str:
        """The version of the catalog."""
        return self.digests.inputs.catalog.version


class _Policy(msgspec.Struct):
    file: str
    name: str
    type: str


class _Parent(msgspec.Struct):
    policy: str
    group: str


class _Line(msgspec.Struct):
    file: str
    parent: _Parent


class _Reason(msgspec.Struct):
    message: str


class _Replaces(msgspec.Struct):
    policies_sha256: str


class _Left(msgspec.Struct):
    arn: str


class _Evidence(msgspec.Struct):
    principal: str
    principal_id: str
    safe: bool | None
    not_safe_because: list[_Reason]
    as_of: str
    replaces: _Replaces
    policies: list[_Policy]
    lines: list[_Line]
    left_attached: list[_Left]


def read_written_output(output: Path) -> WrittenOutput:
    """The content of an output folder, once each of its files is as `lpgen generate` wrote it.

    Raises:
        OutputError: there is no output folder, or something in it can't be read.
        TamperingError: a file was changed, added or removed, or the summary was edited.
        PolicyError: a document breaks IAM's grammar.
    """
    found = read_output(output)
    check = check_unchanged(found)
    if found.chain is None or check.status is not CheckStatus.PASSED:
        more = f", and {len(check.findings) - 1} more" if len(check.findings) > 1 else ""
        raise TamperingError(f"`{output}` isn't as `lpgen generate` wrote it: {check.findings[0]}{more}", hint=_AGAIN)
    folders = [one.folder for one in read_replacements(output)]
    plans = tuple(sorted(map(_read_folder, folders), key=lambda one: one.principal))
    summary = {key: value for key, value in found.summary.items() if key not in CHAIN_KEYS}
    return WrittenOutput(plans, found.chain, summary, (found.signature or "").strip())


def written_plan(evidence: bytes, read_text: Callable[[str], str], *, folder: str) -> WrittenPlan:
    """The plan for a principal from an evidence file; `read_text` gives the text of each document by its file's name.

    Raises:
        msgspec.DecodeError: it isn't an evidence file.
    """
    found = msgspec.json.decode(evidence, type=_Evidence)
    narrowed = _narrowed_by(found.lines)
    return WrittenPlan(
        principal=found.principal,
        principal_id=found.principal_id,
        folder=folder,
        safe=found.safe is True,
        not_safe_because=tuple(one.message for one in found.not_safe_because),
        as_of=found.as_of,
        policies_sha256=found.replaces.policies_sha256,
        documents=tuple(
            NewDocument(
                one.file, one.name, one.type == "inline", read_text(one.file), tuple(sorted(narrowed[one.file]))
            )
            for one in found.policies
        ),
        left=tuple(one.arn for one in found.left_attached),
    )


def _read_folder(folder: Path) -> WrittenPlan:
    path = folder / EVIDENCE
    try:
        return written_plan(path.read_bytes(), lambda name: (folder / name).read_bytes().decode(), folder=folder.name)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise OutputError(f"can't read `{path}`: {quote_reason(error)}", hint=_AGAIN) from error


def _narrowed_by(lines: Iterable[_Line]) -> defaultdict[str, set[str]]:
    """The old policies that the lines of each file come from, by file."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for line in lines:
        if not line.parent.group:
            found[line.file].add(line.parent.policy)
    return found

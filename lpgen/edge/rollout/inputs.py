"""Reads an output folder of `lpgen generate` as what a rollout is planned from, and compares it with its digests."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from lpgen.core.digests import CHAIN_KEYS, OutputDigests, digest_of_text, digests_from_summary
from lpgen.core.rollout.plan import NewDocument
from lpgen.core.rollout.plan_rollout import WrittenPlan
from lpgen.edge.replacement_files import EVIDENCE, SUMMARY, read_replacements
from lpgen.errors import OutputError, TamperingError, quote_input, quote_reason

SIGNATURE: Final = "summary.sig"
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


def read_written_output(output: Path) -> WrittenOutput:
    """What an output folder says, once each of its files is as `lpgen generate` wrote it.

    Raises:
        OutputError: there is no output folder, or something in it can't be read.
        TamperingError: a file was changed, added or removed, or the summary was edited.
        PolicyError: a document breaks IAM's grammar.
    """
    summary = _read_summary(output / SUMMARY)
    digests = digests_from_summary(summary)
    if summary.get("digest") != digests.root:
        raise TamperingError(f"`{output / SUMMARY}` was edited since `lpgen generate` wrote it", hint=_AGAIN)
    changes = [*_changed_files(output, digests.files)]
    if changes:
        more = f", and so did {len(changes) - 1} more" if len(changes) > 1 else ""
        raise TamperingError(f"{changes[0]} since `lpgen generate` wrote `{output}`{more}", hint=_AGAIN)
    folders = [one.folder for one in read_replacements(output)]
    plans = tuple(sorted(map(_read_folder, folders), key=lambda one: one.principal))
    facts = {key: value for key, value in summary.items() if key not in CHAIN_KEYS}
    return WrittenOutput(plans, digests, facts, _read_signature(output / SIGNATURE))


def written_plan(evidence: bytes, read_text: Callable[[str], str], *, folder: str) -> WrittenPlan:
    """What an evidence file says of a principal; `read_text` gives the text of each document by its file's name.

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
    )


def _read_folder(folder: Path) -> WrittenPlan:
    path = folder / EVIDENCE
    try:
        return written_plan(
            path.read_bytes(), lambda name: (folder / name).read_bytes().decode(), folder=folder.name
        )
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise OutputError(f"can't read `{path}`: {quote_reason(error)}", hint=_AGAIN) from error


def _narrowed_by(lines: Iterable[_Line]) -> defaultdict[str, set[str]]:
    """The old policies that the lines of each file come from, by file."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for line in lines:
        if not line.parent.group:
            found[line.file].add(line.parent.policy)
    return found


# ---------------------------------------------------------------- digests


def _read_summary(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise OutputError(f"can't read `{path}`: {quote_reason(error)}", hint=_AGAIN) from error


def _read_signature(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip() if path.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise OutputError(f"can't read `{path}`: {quote_reason(error)}", hint=_AGAIN) from error


def _changed_files(output: Path, digests: Mapping[str, str]) -> Iterator[str]:
    """Each file that isn't as its digest says, with what happened to it."""
    present = {path.relative_to(output).as_posix(): path for path in sorted(output.rglob("*")) if not path.is_dir()}
    for name in sorted((present.keys() | digests.keys()) - {SUMMARY, SIGNATURE}):
        if name not in present:
            yield f"{quote_input(name)} was removed"
        elif name not in digests:
            yield f"{quote_input(name)} was added"
        elif _digest_of_file(present[name]) != digests[name]:
            yield f"{quote_input(name)} changed"


def _digest_of_file(path: Path) -> str:
    try:
        return digest_of_text(path.read_bytes())
    except OSError as error:
        raise OutputError(f"can't read `{path}`: {error.strerror or error}") from error

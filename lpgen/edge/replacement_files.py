"""The output folder: one folder per principal with its policy documents and the evidence for them."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from lpgen.core.analysis.checks.claims import STATED_KINDS
from lpgen.core.analysis.checks.written import WrittenDocument
from lpgen.core.findings import Proposal
from lpgen.core.folders import folder_of_principal
from lpgen.core.policies.policy import policy_from_json
from lpgen.errors import OutputError, quote_reason

SUMMARY: Final = "summary.json"
EVIDENCE: Final = "evidence.json"


@dataclass(frozen=True, slots=True)
class WrittenReplacement:
    """One principal's folder as read back. `stated` are the pairs of action and resource that need no use."""

    folder: Path
    principal: str
    documents: tuple[WrittenDocument, ...]
    stated: tuple[tuple[str, str], ...]


def write_replacements(
    output: Path, proposals: Iterable[Proposal], *, evidence: Callable[[Proposal], str]
) -> dict[str, str]:
    """Writes each proposal's documents and evidence below a folder, and returns the folder names by principal ARN.

    Only proposals with a replacement get a folder; a refused one has nothing to put in place.

    Raises:
        OutputError: the folder can't be written.
    """
    folders: dict[str, str] = {}
    for proposal in proposals:
        if proposal.replacement is None or proposal.replacement.refusal:
            continue
        folder = output / folder_of_principal(proposal.diff.principal)
        folders[proposal.diff.principal.arn] = folder.name
        write_text(folder / EVIDENCE, evidence(proposal))
        for number, document in enumerate(proposal.replacement.documents, start=1):
            write_text(folder / f"policy-{number}.json", document.text)
    return folders


def write_text(path: Path, text: str) -> None:
    """Writes one text file, making its folder.

    Raises:
        OutputError: it can't be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise OutputError(f"can't write `{path}`: {error.strerror or error}") from error


class OutputFolder:
    """A folder that appears whole or not at all: it is filled under another name and then put in place.

    Used as a context manager; `path` is where to write meanwhile. An existing folder is replaced only when lpgen wrote
    it, which its summary shows.
    """

    def __init__(self, target: Path) -> None:
        self._target = target
        self.path = target

    def __enter__(self) -> OutputFolder:
        if self._target.is_symlink() or (self._target.exists() and not self._is_own()):
            raise OutputError(
                f"`{self._target}` exists and was not written by lpgen",
                hint="name a new or empty folder with --output",
            )
        try:
            self._target.parent.mkdir(parents=True, exist_ok=True)
            self.path = Path(tempfile.mkdtemp(prefix=f".{self._target.name}-", dir=self._target.parent))
            self.path.chmod(0o755)
        except OSError as error:
            raise OutputError(f"can't write beside `{self._target}`: {error.strerror or error}") from error
        return self

    def __exit__(self, kind: object, *_rest: object) -> None:
        if kind is not None:
            shutil.rmtree(self.path, ignore_errors=True)
            return
        old = self.path.with_name(self.path.name + "-old")
        try:
            if self._target.exists():
                self._target.rename(old)
            os.replace(self.path, self._target)
        except OSError as error:
            shutil.rmtree(self.path, ignore_errors=True)
            if old.exists() and not self._target.exists():
                old.rename(self._target)
            raise OutputError(f"can't put `{self._target}` in place: {error.strerror or error}") from error
        shutil.rmtree(old, ignore_errors=True)

    def _is_own(self) -> bool:
        return self._target.is_dir() and (not any(self._target.iterdir()) or (self._target / SUMMARY).is_file())


# ---------------------------------------------------------------- reading back


class _Policy(msgspec.Struct):
    file: str
    type: str


class _Reason(msgspec.Struct):
    kind: str


class _Line(msgspec.Struct):
    action: str
    resources: list[str] = msgspec.field(default_factory=list)
    not_resources: list[str] = msgspec.field(default_factory=list)
    evidence: list[_Reason] = msgspec.field(default_factory=list)


class _Evidence(msgspec.Struct):
    principal: str
    policies: list[_Policy]
    lines: list[_Line] = msgspec.field(default_factory=list)


def read_replacements(output: Path) -> tuple[WrittenReplacement, ...]:
    """Every principal's folder below an output folder, sorted by name.

    Raises:
        OutputError: there is none, or a file is missing, damaged or not listed in its evidence file.
        PolicyError: a policy document breaks IAM's grammar.
    """
    if not output.is_dir():
        raise OutputError(f"there is no folder `{output}`", hint="make one with `lpgen generate --output`")
    folders = sorted(path.parent for path in output.glob(f"*/{EVIDENCE}"))
    strays = [path for path in output.glob("*/policy-*.json") if path.parent not in folders]
    if strays:
        raise OutputError(f"`{strays[0]}` has no {EVIDENCE} beside it")
    if not folders and not (output / SUMMARY).is_file():
        raise OutputError(f"`{output}` holds no replacement", hint="name the folder given to `lpgen generate --output`")
    return tuple(_read_folder(folder) for folder in folders)


def _read_folder(folder: Path) -> WrittenReplacement:
    evidence = _decode_evidence(folder / EVIDENCE)
    listed = {policy.file: policy for policy in evidence.policies}
    present = {path.name for path in folder.glob("*.json")} - {EVIDENCE}
    for name in sorted(present ^ listed.keys()):
        what = "is missing" if name in listed else f"is not listed in {EVIDENCE}"
        raise OutputError(f"`{folder / name}` {what}", hint="run `lpgen generate` again")
    documents = tuple(
        WrittenDocument(
            f"{folder.name}/{name}",
            listed[name].type == "inline",
            policy_from_json(_read_bytes(folder / name), place=f"{folder.name}/{name}"),
        )
        for name in sorted(listed, key=lambda one: (len(one), one))
    )
    return WrittenReplacement(folder, evidence.principal, documents, tuple(_stated_pairs(evidence.lines)))


def _stated_pairs(lines: Iterable[_Line]) -> Iterable[tuple[str, str]]:
    for line in lines:
        if any(reason.kind in STATED_KINDS for reason in line.evidence):
            yield from ((line.action, resource) for resource in (*line.resources, *line.not_resources))


def _decode_evidence(path: Path) -> _Evidence:
    try:
        return msgspec.json.decode(_read_bytes(path), type=_Evidence)
    except (msgspec.DecodeError, RecursionError) as error:
        raise OutputError(f"can't read `{path}`: {quote_reason(error)}", hint="run `lpgen generate` again") from error


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise OutputError(f"can't read `{path}`: {error.strerror or error}") from error

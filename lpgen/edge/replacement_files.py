"""The output folder: one folder per principal with its policy documents and the evidence for them."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from lpgen.core.analysis.verification.chain import FoundOutput
from lpgen.core.analysis.verification.documents import WrittenDocument
from lpgen.core.analysis.verification.reasons import is_stated
from lpgen.core.digests import digest_of_text, digests_from_summary
from lpgen.core.documents import summary_from_facts
from lpgen.core.folders import TRUST_FILE, file_of_left_policy
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import Policy
from lpgen.core.replacements import LeftPolicy
from lpgen.core.schemas import EVIDENCE_SCHEMA, SUMMARY_SCHEMA, check_schema
from lpgen.edge.files import file_errors, read_file
from lpgen.edge.output_folder import SUMMARY, recover_output
from lpgen.edge.private_files import make_private_folder, open_private
from lpgen.edge.readers.json_files import refuse_duplicate_keys
from lpgen.errors import OutputError, quote_reason

EVIDENCE: Final = "evidence.json"
SIGNATURE: Final = "summary.sig"

_AGAIN: Final = "run `lpgen generate` again"


# ---------------------------------------------------------------- the parts of evidence.json that lpgen reads back


class _EvidencePolicy(msgspec.Struct, frozen=True):
    """A document next to the evidence file."""

    file: str
    name: str
    type: str


class _EvidenceReason(msgspec.Struct, frozen=True):
    """A reason for a line."""

    kind: str
    rule: str


class _EvidenceParent(msgspec.Struct, frozen=True):
    """The old statement that a line narrows."""

    policy: str
    group: str


class EvidenceLine(msgspec.Struct, frozen=True):
    """A line of a document, or of a policy that is left attached, which has no file here."""

    action: str
    parent: _EvidenceParent
    evidence: tuple[_EvidenceReason, ...]
    resources: tuple[str, ...] = ()
    not_resources: tuple[str, ...] = ()
    file: str = ""


class _EvidenceLeft(msgspec.Struct, frozen=True):
    """A policy that is left attached."""

    arn: str
    version: str | None
    sha256: str
    lines: tuple[EvidenceLine, ...] = ()


class _EvidenceCaveat(msgspec.Struct, frozen=True):
    """A reason why the replacement isn't called safe."""

    message: str


class _EvidenceReplaces(msgspec.Struct, frozen=True):
    """The old policies."""

    policies_sha256: str


class _EvidenceTrust(msgspec.Struct, frozen=True):
    """The narrowed trust policy."""

    sha256: str


class EvidenceFile(msgspec.Struct, frozen=True):
    """The evidence for one principal's replacement."""

    principal: str
    principal_id: str
    safe: bool | None
    not_safe_because: tuple[_EvidenceCaveat, ...]
    as_of: str
    replaces: _EvidenceReplaces
    policies: tuple[_EvidencePolicy, ...]
    lines: tuple[EvidenceLine, ...]
    left_attached: tuple[_EvidenceLeft, ...]
    trust: _EvidenceTrust | None = None


def decode_evidence(content: bytes, place: str) -> EvidenceFile:
    """The content of an evidence file; `place` is the file.

    Raises:
        OutputError: it isn't an evidence file, or has another schema.
    """
    try:
        check_schema(content, EVIDENCE_SCHEMA, place, error=OutputError, hint=_AGAIN)
        return msgspec.json.decode(content, type=EvidenceFile)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise OutputError(f"can't read `{place}`: {quote_reason(error)}", hint=_AGAIN) from error


@dataclass(frozen=True, slots=True)
class WrittenReplacement:
    """One principal's folder as read back.

    `stated` are the pairs of action and resource that need no use, `left` the policies left attached, and `evidence`
    is the complete evidence file. `trust` is the narrowed trust policy, if there is one.
    """

    folder: Path
    principal: str
    documents: tuple[WrittenDocument, ...]
    stated: tuple[tuple[str, str], ...]
    left: tuple[LeftPolicy, ...]
    evidence: EvidenceFile
    trust: Policy | None = None

    @property
    def is_trust_only(self) -> bool:
        """Whether there is no replacement, only a narrowed trust policy."""
        return self.trust is not None and not self.documents and not self.left

    @property
    def held(self) -> tuple[Policy, ...]:
        """The policies that the principal should have."""
        return (*(document.policy for document in self.documents), *(policy.document for policy in self.left))


def write_text(path: Path, text: str) -> None:
    """Writes one text file that only its owner can read, and its folder.

    Raises:
        OutputError: it can't be written.
    """
    with file_errors(f"write `{path}`", OutputError):
        make_private_folder(path.parent.resolve())
        with open_private(path, "w") as file:
            file.write(text)


def write_new_folder(folder: Path, files: Iterable[tuple[str, str]]) -> None:
    """Writes text files, by their path below a new or empty folder.

    Raises:
        OutputError: the folder has files, or can't be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError(f"`{folder}` isn't an empty folder", hint="name a new one with --out")
    for name, text in files:
        write_text(folder / name, text)


# ---------------------------------------------------------------- reading back


def read_replacements(output: Path) -> tuple[WrittenReplacement, ...]:
    """Every principal's folder below an output folder, sorted by name.

    Raises:
        OutputError: there is none, or a file is missing, damaged or not listed in its evidence file.
        PolicyError: a policy document breaks IAM's grammar.
    """
    return tuple(open_replacements(output))


def open_replacements(output: Path) -> Iterator[WrittenReplacement]:
    """The same, each read when it is asked for.

    Raises:
        OutputError: there is none, or a file is missing, damaged or not listed in its evidence file.
        PolicyError: a policy document breaks IAM's grammar.
    """
    folders = find_replacements(output)
    strays = [path for path in output.glob("*/policy-*.json") if path.parent not in folders]
    if strays:
        raise OutputError(f"`{strays[0]}` has no {EVIDENCE} next to it")
    yield from map(read_replacement, folders)


def find_replacements(output: Path) -> list[Path]:
    """Every principal's folder below an output folder, sorted by name.

    Raises:
        OutputError: there is no output folder.
    """
    recover_output(output)
    if not output.is_dir():
        raise OutputError(f"there is no folder `{output}`", hint="create it with `lpgen generate --output`")
    folders = sorted(path.parent for path in output.glob(f"*/{EVIDENCE}"))
    if not folders and not (output / SUMMARY).is_file():
        raise OutputError(f"`{output}` holds no replacement", hint="name the folder given to `lpgen generate --output`")
    return folders


def read_replacement(folder: Path) -> WrittenReplacement:
    """One principal's folder.

    Raises:
        OutputError: a file is missing, damaged, not listed in the evidence file, or differs from it.
        PolicyError: a policy document breaks IAM's grammar.
    """
    path = folder / EVIDENCE
    evidence = decode_evidence(read_file(path, OutputError), str(path))
    listed = {policy.file: policy for policy in evidence.policies}
    present = {path.name for path in folder.glob("*.json")} - {EVIDENCE}
    names = {*listed, *([TRUST_FILE] if evidence.trust else [])}
    for name in sorted(present ^ names):
        what = "is missing" if name in names else f"is not listed in {EVIDENCE}"
        raise OutputError(f"`{folder / name}` {what}", hint=_AGAIN)
    documents = tuple(
        WrittenDocument(
            f"{folder.name}/{name}",
            listed[name].type == "inline",
            policy_from_json(read_file(folder / name, OutputError), place=f"{folder.name}/{name}"),
        )
        for name in sorted(listed, key=lambda name: (len(name), name))
    )
    left = tuple(_read_left(left, folder) for left in evidence.left_attached)
    trust = _read_trust(evidence.trust, folder / TRUST_FILE) if evidence.trust else None
    lines = [*evidence.lines, *(line for policy in evidence.left_attached for line in policy.lines)]
    stated = tuple(_stated_pairs(lines))
    return WrittenReplacement(folder, evidence.principal, documents, stated, left, evidence, trust)


def _read_trust(stated: _EvidenceTrust, path: Path) -> Policy:
    content = read_file(path, OutputError)
    if digest_of_text(content) != stated.sha256:
        raise OutputError(f"`{path}` isn't what {EVIDENCE} says", hint=_AGAIN)
    return policy_from_json(content, place=f"{path.parent.name}/{path.name}")


def _read_left(stated: _EvidenceLeft, folder: Path) -> LeftPolicy:
    """The policy that an evidence file lists as left attached, with its document from the output folder.

    Its file name follows from the policy, so no other file is read, whatever the evidence file says.
    """
    path = folder.parent / file_of_left_policy(stated.arn, stated.sha256)
    found = LeftPolicy(
        stated.arn, stated.version or "", policy_from_json(read_file(path, OutputError), place=str(path))
    )
    if found.sha256 != stated.sha256:
        raise OutputError(f"`{path}` isn't what `{folder / EVIDENCE}` says", hint=_AGAIN)
    return found


def read_output(output: Path) -> FoundOutput:
    """An output folder as it is: digests of its files, its summary and its signature.

    Raises:
        OutputError: a file can't be read, or the summary has another schema.
    """
    recover_output(output)
    with file_errors(f"read `{output}`", OutputError):
        entries = dict(_walk(output))
    files = {
        path: digest_of_text(read_file(output / path, OutputError))
        for path, is_file in entries.items()
        if is_file and path not in (SUMMARY, SIGNATURE)
    }
    summary = _read_summary(output / SUMMARY)
    chain, stated = None, None
    with contextlib.suppress(OutputError):
        chain = digests_from_summary(summary)
        stated = summary_from_facts(summary)
    signature = output / SIGNATURE
    return FoundOutput(
        files,
        tuple(path for path, is_file in entries.items() if not is_file),
        summary,
        chain,
        stated,
        read_file(signature, OutputError).decode(errors="replace") if signature.is_file() else None,
    )


def _walk(root: Path, below: str = "") -> Iterator[tuple[str, bool]]:
    """Every file, link and empty folder below a folder, with whether it is a file and not a link."""
    entries = sorted(os.scandir(root), key=lambda entry: entry.name)
    if below and not entries:
        yield below, False
    for entry in entries:
        path = f"{below}{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(root / entry.name, f"{path}/")
        else:
            yield path, entry.is_file(follow_symlinks=False)


def _read_summary(path: Path) -> dict[str, Any]:
    """The decoded summary. {} if there is none, it isn't a JSON object with a schema, or it has a key twice."""
    if not path.is_file():
        return {}
    content = read_file(path, OutputError)
    try:
        refuse_duplicate_keys(content)
        decoded: dict[str, Any] = json.loads(content)
        check_schema(content, SUMMARY_SCHEMA, str(path), error=OutputError, hint=f"{_AGAIN}, with --replace")
    except (ValueError, RecursionError, msgspec.DecodeError):
        return {}
    return decoded


def _stated_pairs(lines: Iterable[EvidenceLine]) -> Iterable[tuple[str, str]]:
    for line in lines:
        if any(is_stated(reason.kind, reason.rule) for reason in line.evidence):
            yield from ((line.action, resource) for resource in (*line.resources, *line.not_resources))

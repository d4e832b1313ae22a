"""The checks on a whole output folder: it is unchanged, generating it again gives the same files, and it is signed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from lpgen.core.analysis.verification.documents import CheckNotes
from lpgen.core.digests import OutputDigests
from lpgen.core.documents import Summary
from lpgen.core.replacements import Check

UNCHANGED: Final = "unchanged since it was generated"
REPRODUCED: Final = "the same when generated again"
_SIGNED: Final = "signed with the required key"

_STRANGE: Final = "`{path}` isn't a file that lpgen writes"
_NO_SUMMARY: Final = "`summary.json` is missing, damaged or states no digests; run `lpgen generate` again"
_NO_SIGNATURE: Final = "`summary.sig` is missing; sign with `lpgen generate --sign`"
_BAD_SIGNATURE: Final = "the signature in `summary.sig` isn't valid for this folder and key"

_FOLDERS: Final = re.compile(r"[^\s`:]*/")


@dataclass(frozen=True, slots=True)
class FoundOutput:
    """An output folder as found. `files` are digests by path, `strange` paths that lpgen never writes, such as links.

    `summary` is the decoded `summary.json`, or {} if it is missing or isn't a JSON object. `chain` is its chain of
    digests, and `stated` its decoded content, or None. `signature` is the text of `summary.sig`, or None.
    """

    files: Mapping[str, str]
    strange: tuple[str, ...]
    summary: Mapping[str, Any]
    chain: OutputDigests | None
    stated: Summary | None
    signature: str | None = None


@dataclass(frozen=True, slots=True)
class ExpectedOutput:
    """The output of a new generation: the digests of the files by path, and the decoded summary."""

    files: Mapping[str, str]
    summary: Mapping[str, Any] = field(default_factory=dict)


def check_unchanged(found: FoundOutput) -> Check:
    """The check that every file and folder, and the summary itself, match the digests in `summary.json`."""
    notes = CheckNotes(UNCHANGED, examined=len(found.files) + 1)
    notes.failed += [_STRANGE.format(path=path) for path in found.strange]
    if found.chain is None:
        notes.failed.append(_NO_SUMMARY)
        return notes.check()
    notes.failed += _differences(found.chain.files, found.files)
    if found.stated is None or found.stated.digest != found.chain.root:
        notes.failed.append("`summary.json` was changed")
    return notes.check()


def check_reproduced(found: FoundOutput, expected: ExpectedOutput) -> Check:
    """The check that the same inputs now give the same files, byte for byte, and the same summary."""
    notes = CheckNotes(REPRODUCED, examined=len(expected.files) + 1)
    notes.failed += _differences(expected.files, found.files)
    notes.failed += [
        f"`summary.json`: `{key}` was changed"
        for key in sorted({*found.summary, *expected.summary} - {"inputs", "digest"})
        if (key in found.summary) != (key in expected.summary)
        or _plain_value(key, found.summary.get(key)) != _plain_value(key, expected.summary.get(key))
    ]
    return notes.check()


def check_inputs_changed(changed: Sequence[str]) -> Check:
    """The check that can't be made because the inputs have changed since the folder was generated."""
    return CheckNotes(REPRODUCED, unproven=["inputs changed: " + ", ".join(changed)]).check()


def check_signed(found: FoundOutput, is_valid: bool) -> Check:
    """The check that the folder's root digest is signed. `is_valid` says whether the signature is valid."""
    notes = CheckNotes(_SIGNED, examined=1)
    if found.signature is None:
        notes.failed.append(_NO_SIGNATURE)
    elif not is_valid:
        notes.failed.append(_BAD_SIGNATURE)
    return notes.check()


def _differences(expected: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    """A sentence for each folder and file that is missing, was added or has other content, sorted by path."""
    before, now = _folders(expected), _folders(found)
    differences = {f"{folder}/": "is missing" for folder in before - now}
    differences |= {f"{folder}/": "was added" for folder in now - before}
    for path in sorted(expected.keys() | found.keys()):
        if f"{path.rpartition('/')[0]}/" in differences:
            continue
        if path not in found:
            differences[path] = "is missing"
        elif path not in expected:
            differences[path] = "was added"
        elif expected[path] != found[path]:
            differences[path] = "was changed"
    return [f"`{path}` {difference}" for path, difference in sorted(differences.items())]


def _folders(paths: Mapping[str, str]) -> set[str]:
    return {path.rpartition("/")[0] for path in paths if "/" in path}


def _plain_value(key: str, value: object) -> object:
    """The value of a key of the summary. Files in it count only by name, because folders may be moved."""
    if key == "problems" and isinstance(value, list):
        return [_FOLDERS.sub("", problem) if isinstance(problem, str) else problem for problem in value]
    if key == "decisions" and isinstance(value, dict):
        return {**value, "file": str(value.get("file")).replace("\\", "/").rpartition("/")[2]}
    return value

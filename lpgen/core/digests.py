"""The chain of digests of an output folder: its inputs, its files and its report under one root digest.

`lpgen generate` writes the chain into `summary.json`: `inputs`, `files` and `digest`. `lpgen verify` and `lpgen
rollout` compute the root again. It covers the SHA-256 of every file, the inputs of the output, and the rest of
`summary.json`. A rollout's plan holds the parts of the chain, so the root can be computed without the folder.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Final

import msgspec

from lpgen.errors import OutputError, quote_reason

CHAIN_KEYS: Final = ("inputs", "files", "digest")
"""The keys of `summary.json` that hold the chain. All others are the report."""

OptionValue = str | int | float | bool | None

_DIGEST: Final = re.compile("[0-9a-f]{64}")
_AGAIN: Final = "run `lpgen generate` again"


def digest_of_text(text: str | bytes) -> str:
    """The SHA-256 of a text in UTF-8, or of bytes, in hex."""
    return hashlib.sha256(text.encode(errors="surrogatepass") if isinstance(text, str) else text).hexdigest()


def digest_of_facts(facts: object) -> str:
    """The SHA-256, in hex, of plain JSON values, written with sorted keys and Python's default separators."""
    return digest_of_text(json.dumps(facts, sort_keys=True))


@dataclass(frozen=True, slots=True)
class CatalogStamp:
    """The identity of an action catalog: its version, its date, and a digest of its content."""

    version: str
    date: str
    digest: str


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """One file of authorization details: its name as given, and the SHA-256 of its bytes."""

    file: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Inputs:
    """The inputs that an output folder was made from.

    `usage` is the name of the generation of usage tables. `snapshot` is the name of the snapshot, or "". `guards`,
    `trails`, `last_accessed`, `decisions` and `github_ids` are digests of these inputs, or "" without such an input.
    `options` holds the options that change the answer, by name.
    """

    lpgen_version: str
    catalog: CatalogStamp
    usage: str
    policies: tuple[PolicyFile, ...]
    snapshot: str = ""
    guards: str = ""
    trails: str = ""
    last_accessed: str = ""
    decisions: str = ""
    github_ids: str = ""
    options: Mapping[str, OptionValue] = field(default_factory=dict)

    def to_facts(self) -> dict[str, object]:
        """The inputs as plain JSON values. `github_ids` is missing without such an input."""
        facts = {name: value for name, value in asdict(self).items() if value or name != "github_ids"}
        facts["policies"] = [asdict(policy) for policy in self.policies]
        return facts


@dataclass(frozen=True, slots=True)
class OutputDigests:
    """The chain of one output folder.

    `files` holds the SHA-256 of every file by its path below the folder, except `summary.json` and `summary.sig`.
    `report` is the digest of `summary.json` without the chain's own keys.
    """

    inputs: Inputs
    files: Mapping[str, str]
    report: str

    @property
    def root(self) -> str:
        """The root digest, always computed: a stated digest counts only when it equals this one."""
        return digest_of_facts({"inputs": self.inputs.to_facts(), "files": dict(self.files), "report": self.report})

    def to_facts(self) -> dict[str, object]:
        """The chain as plain JSON values, with the root as `digest`."""
        facts: dict[str, object] = {"inputs": self.inputs.to_facts(), "files": dict(sorted(self.files.items()))}
        return {**facts, "report": self.report, "digest": self.root}


def inputs_from_facts(facts: object) -> Inputs:
    """The inputs that plain JSON values state.

    Raises:
        OutputError: a key is missing or unknown, or a value has the wrong type.
    """
    try:
        inputs = msgspec.convert(facts, Inputs, strict=True)
    except (msgspec.ValidationError, RecursionError) as error:
        raise OutputError(f"can't read the inputs of an output: {quote_reason(error)}", hint=_AGAIN) from error
    if inputs.to_facts() != facts:
        raise OutputError("the inputs of an output have unknown or missing keys", hint=_AGAIN)
    return inputs


def digests_from_facts(facts: Mapping[str, object]) -> OutputDigests:
    """The chain that plain JSON values state, as `OutputDigests.to_facts` writes it.

    A `digest` among the values is not compared; compare it with `root`.

    Raises:
        OutputError: a key is missing, or a value has the wrong type.
    """
    files, report = facts.get("files"), facts.get("report")
    if not isinstance(files, dict) or not all(map(_is_digest, (*files.values(), report))):
        raise OutputError("the digests of an output are missing or damaged", hint=_AGAIN)
    return OutputDigests(inputs_from_facts(facts.get("inputs")), files, str(report))


def digests_from_summary(summary: Mapping[str, object]) -> OutputDigests:
    """The chain that a decoded `summary.json` states, with the digest of its report computed.

    A `digest` among the values is not compared; compare it with `root`.

    Raises:
        OutputError: the summary has no chain, or a damaged one.
    """
    return digests_from_facts({**summary, "report": digest_of_report(summary)})


def digest_of_report(summary: Mapping[str, object]) -> str:
    """The digest of a `summary.json` without the keys that hold the chain."""
    return digest_of_facts({key: value for key, value in summary.items() if key not in CHAIN_KEYS})


def _is_digest(value: object) -> bool:
    return isinstance(value, str) and _DIGEST.fullmatch(value) is not None

"""Reads an output folder of `lpgen generate` as what a rollout is planned from, and compares it with its digests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lpgen.core.analysis.verification.chain import check_unchanged
from lpgen.core.digests import CHAIN_KEYS, OutputDigests
from lpgen.core.replacements import CheckStatus
from lpgen.core.rollout.written_replacement import NewDocument, WrittenPlan
from lpgen.edge.evidence_file import EvidenceFile, EvidenceLine
from lpgen.edge.replacement_files import WrittenReplacement, read_output, read_replacements
from lpgen.errors import OutputError, TamperingError, quote_reason

_AGAIN: Final = "run `lpgen generate` again"


@dataclass(frozen=True, slots=True)
class WrittenOutput:
    """An output folder: its day, `plans` sorted by principal, and the chain of digests, with which every file agrees.

    `summary` is the `summary.json` without the keys of the chain; `signature` the content of `summary.sig`, or "".
    """

    as_of: str
    plans: tuple[WrittenPlan, ...]
    digests: OutputDigests
    summary: Mapping[str, object]
    signature: str

    @property
    def catalog(self) -> str:
        """The version of the catalog."""
        return self.digests.inputs.catalog.version


def read_written_output(output: Path) -> WrittenOutput:
    """The content of an output folder, once each of its files is as `lpgen generate` wrote it.

    Raises:
        OutputError: there is no output folder, or something in it can't be read.
        TamperingError: a file was changed, added or removed, or the summary was edited.
        PolicyError: a document breaks IAM's grammar.
    """
    found = read_output(output)
    check = check_unchanged(found)
    if found.chain is None or found.stated is None or check.status is not CheckStatus.PASSED:
        more = f", and {len(check.findings) - 1} more" if len(check.findings) > 1 else ""
        raise TamperingError(f"`{output}` isn't as `lpgen generate` wrote it: {check.findings[0]}{more}", hint=_AGAIN)
    plans = tuple(sorted(map(_plan_of_replacement, read_replacements(output)), key=lambda plan: plan.principal))
    summary = {key: value for key, value in found.summary.items() if key not in CHAIN_KEYS}
    return WrittenOutput(found.stated.as_of, plans, found.chain, summary, (found.signature or "").strip())


def written_plan(evidence: EvidenceFile, read_text: Callable[[str], str], *, folder: str) -> WrittenPlan:
    """The plan for a principal from its evidence file; `read_text` gives the text of each document by its file's
    name."""
    narrowed = _narrowed_by(evidence.lines)
    return WrittenPlan(
        principal=evidence.principal,
        principal_id=evidence.principal_id,
        folder=folder,
        safe=evidence.safe is True,
        not_safe_because=tuple(caveat.message for caveat in evidence.not_safe_because),
        as_of=evidence.as_of,
        policies_sha256=evidence.replaces.policies_sha256,
        documents=tuple(
            NewDocument(
                policy.file,
                policy.name,
                policy.type == "inline",
                read_text(policy.file),
                tuple(sorted(narrowed[policy.file])),
            )
            for policy in evidence.policies
        ),
        left=tuple(left.arn for left in evidence.left_attached),
    )


def _plan_of_replacement(written: WrittenReplacement) -> WrittenPlan:
    folder = written.folder
    try:
        return written_plan(written.evidence, lambda name: (folder / name).read_bytes().decode(), folder=folder.name)
    except (OSError, UnicodeDecodeError) as error:
        raise OutputError(f"can't read `{folder}`: {quote_reason(error)}", hint=_AGAIN) from error


def _narrowed_by(lines: Iterable[EvidenceLine]) -> defaultdict[str, set[str]]:
    """The old policies that the lines of each file come from, by file."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for line in lines:
        if not line.parent.group:
            found[line.file].add(line.parent.policy)
    return found

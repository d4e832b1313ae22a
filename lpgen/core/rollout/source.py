"""The source of a plan's documents: the chain of digests of the output folder, and why lpgen trusts the folder.

A plan holds the whole chain, so `apply` can compute the root again and check a signature without the folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from lpgen.core.digests import OutputDigests, digest_of_facts, digest_of_text
from lpgen.core.documents import Summary, SummaryPrincipal, summary_from_facts
from lpgen.core.folders import TRUST_FILE
from lpgen.core.rollout.plan import PrincipalPlan
from lpgen.core.rollout.refusals import RefusalKind
from lpgen.errors import OutputError, quote_input


class Trust(StrEnum):
    """Why `rollout plan` trusts an output folder."""

    DATA = "data"  # the data folder gives the same replacements again
    SIGNATURE = "signature"  # a valid signature covers the folder
    OUTPUT = "output"  # a person trusts it with --trust-output


@dataclass(frozen=True, slots=True)
class Source:
    """The output folder of a plan. `summary` is its `summary.json` without the keys of the chain.

    `signature` is the content of `summary.sig`, or "".
    """

    digests: OutputDigests
    summary: Mapping[str, object]
    signature: str
    trust: Trust

    @property
    def stated(self) -> Summary:
        """The content of the summary.

        Raises:
            OutputError: the summary can't be read.
        """
        return summary_from_facts(self.summary)


@dataclass(frozen=True, slots=True)
class RolloutPlan:
    """The plan for all chosen principals, sorted by ARN. `as_of` and `catalog` come from the replacements.

    `attached_quota` is how many managed policies a principal may have. `sha256` is the digest of the plan's file.
    """

    as_of: str
    catalog: str
    principals: tuple[PrincipalPlan, ...]
    attached_quota: int
    source: Source
    sha256: str = field(default="", compare=False)

    def plans_of(self, principals: Iterable[str]) -> tuple[PrincipalPlan, ...]:
        """The plans of these principals, by ARN."""
        chosen = frozenset(principals)
        return tuple(plan for plan in self.principals if plan.principal in chosen)

    @property
    def is_doubtful(self) -> bool:
        """Whether a replacement isn't proven, or differs from the result of the data folder."""
        return bool(_DOUBTFUL & {refusal.kind for principal in self.principals for refusal in principal.refusals})


_EVIDENCE: Final = "evidence.json"
_UNSTATED: Final = SummaryPrincipal("", "", None, None, ())
_DOUBTFUL: Final = frozenset({RefusalKind.NOT_PROVEN, RefusalKind.NOT_REPRODUCED})


_OTHER_DIGESTS: Final = "its summary doesn't match its digests"
_OTHER_INPUTS: Final = "its date or its catalog differs from the summary"
_NO_FOLDER: Final = "the summary has no folder `{folder}` for {who}"
_OTHER_SAFETY: Final = "the summary differs on whether the replacement of {who} is safe"
_OTHER_FILE: Final = "{file} isn't the generated file"
_OTHER_LEFT: Final = "the summary differs on which policies of {who} stay attached"


def faults_of_source(plan: RolloutPlan) -> Iterator[str]:
    """A sentence for each difference between a plan and the output folder that is its source."""
    source = plan.source
    if digest_of_facts(source.summary) != source.digests.report:
        yield _OTHER_DIGESTS
    try:
        stated = source.stated
    except OutputError as error:
        yield error.message
        return
    if (stated.as_of, stated.catalog.version) != (plan.as_of, plan.catalog):
        yield _OTHER_INPUTS
    principals = {principal.principal: principal for principal in stated.principals}
    documents = _documents_by_folder(source.digests.files)
    for principal in plan.principals:
        yield from _faults_of_principal(principal, principals.get(principal.principal, _UNSTATED), documents)


def _faults_of_principal(
    plan: PrincipalPlan, stated: SummaryPrincipal, documents: Mapping[str, Mapping[str, str]]
) -> Iterator[str]:
    folder, who = re.split(r"[/\\]", plan.folder)[-1], quote_input(plan.principal)
    if (stated.folder, stated.principal_id) != (folder, plan.principal_id):
        yield _NO_FOLDER.format(folder=folder, who=who)
    elif (stated.safe is True) != plan.safe:
        yield _OTHER_SAFETY.format(who=who)
    planned = {document.file: digest_of_text(document.text) for document in plan.documents}
    planned |= {TRUST_FILE: digest_of_text(plan.trust.after)} if plan.trust else {}
    generated = documents.get(folder, {})
    for name in sorted(planned.keys() | generated.keys()) if planned or plan.calls else ():
        if planned.get(name) != generated.get(name):
            yield _OTHER_FILE.format(file=quote_input(f"{folder}/{name}"))
    if (plan.left or plan.calls) and plan.left != stated.left_attached:
        yield _OTHER_LEFT.format(who=who)


def _documents_by_folder(files: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """The digests of the documents of each folder by name."""
    found: dict[str, dict[str, str]] = {}
    for path, digest in files.items():
        folder, _, name = path.rpartition("/")
        if name != _EVIDENCE:
            found.setdefault(folder, {})[name] = digest
    return found

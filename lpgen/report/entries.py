"""The results of each proposal where it is worked out: its part of an output, and the little that the whole needs.

The functions here travel to workers, so they hold no proposals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Final

from lpgen.core.digests import Inputs, digest_of_text
from lpgen.core.findings import PrincipalDiff, Proposal, Report, Verdicts
from lpgen.core.model import CURRENT_VERSION, Policy
from lpgen.core.registry.caveats import Caveat, CaveatKind
from lpgen.core.replacements import Check, CheckStatus, Verification
from lpgen.report.counts import Counts
from lpgen.report.iac.subject import CodeSubject, subject_of_proposal
from lpgen.report.render import files_of_proposal, render_details
from lpgen.report.views import PrincipalView

DETAIL_FORMATS: Final = ("json", "jsonl", "text", "markdown")
"""The formats of a review in which each principal has a part by itself."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One proposal in a review: its outline and numbers, and its part of the output.

    `has_decided` says whether decisions keep anything, `kept_unseen` how many actions stay without recorded use (for
    HTML only), `text` is its part of a document, `files` are those of its folder with their digests, and `subject` is
    what its code is written of.
    """

    outline: Proposal
    counts: Counts
    has_decided: bool = False
    text: str = ""
    kept_unseen: int = 0
    files: tuple[tuple[str, str, str], ...] = ()
    subject: CodeSubject | None = None


@dataclass(frozen=True, slots=True)
class Details:
    """The details of proposals that are held only as outlines: their entries, and the entries' texts by ARN."""

    entries: Mapping[str, Entry]
    text_of: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class DetailEntry:
    """Makes the entries of a review in one of `DETAIL_FORMATS`, or without texts where `format` is ""."""

    format: str
    width: int
    color: bool

    def __call__(self, proposal: Proposal) -> Entry:
        view = PrincipalView(proposal)
        text = render_details(view, self.format, width=self.width, color=self.color) if self.format else ""
        return entry_of_view(view, text)


def entry_of_view(view: PrincipalView, text: str, *, kept_unseen: int = 0) -> Entry:
    """The entry of a proposal for a document that has its part as `text`."""
    return Entry(_outline_of_proposal(view.proposal), view.counts, view.has_decided, text, kept_unseen)


@dataclass(frozen=True, slots=True)
class OutputEntry:
    """Makes the entries of an output folder. `report` has no proposals; with `keep_text` false files have digests only,
    and `code` says whether code is written too."""

    report: Report
    inputs: Inputs
    code: str = ""
    keep_text: bool = field(default=True, kw_only=True)

    def __call__(self, proposal: Proposal) -> Entry:
        files = tuple(
            (path, text if self.keep_text else "", digest_of_text(text))
            for path, text in files_of_proposal(proposal, self.report, self.inputs)
        )
        subject = subject_of_proposal(proposal) if self.code else None
        counts = PrincipalView(proposal).counts
        return Entry(_outline_of_proposal(proposal), counts, files=files, subject=subject)


_NO_VERDICTS: Final = Verdicts((), {})
_NO_DOCUMENT: Final = Policy(CURRENT_VERSION, ())
_PASSED: Final = (Check("all", CheckStatus.PASSED, 0, ()),)


def _outline_of_proposal(proposal: Proposal) -> Proposal:
    """The proposal as far as summaries of thousands need it: who it is about, its class, what to do, and its caveats.

    It has neither policies, verdicts, lines nor documents.
    """
    full = proposal.diff
    principal = replace(full.principal, policies=(), boundary=None, trust=None, tags=(), instance_profiles=())
    diff = PrincipalDiff(
        principal,
        full.principal_class,
        full.proposal,
        full.covered_days,
        _NO_VERDICTS,
        caveats=tuple(_shared_caveat(one.kind, tuple(one.parameters.items()), one.accepted_by) for one in full.caveats),
        dropped=full.dropped[:1],
        active_days=full.active_days,
        task=full.task,
        expected=full.expected,
    )
    replacement, verification = proposal.replacement, proposal.verification
    if replacement is not None:
        left = tuple(replace(one, document=_NO_DOCUMENT) for one in replacement.left)
        replacement = replace(replacement, principal=principal, documents=(), rules=(), bytes_by_service=(), left=left)
    if verification is not None and verification.status is CheckStatus.PASSED:
        verification = Verification(principal.arn, _PASSED)
    return replace(proposal, diff=diff, replacement=replacement, verification=verification)


@lru_cache(maxsize=1024)
def _shared_caveat(kind: CaveatKind, parameters: tuple[tuple[str, Any], ...], accepted_by: str) -> Caveat:
    """The caveat, which is the same object for principals that share it, such as users of one policy."""
    return Caveat(kind, dict(parameters), accepted_by)

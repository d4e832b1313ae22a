"""The JSON of an output folder of `lpgen generate`: the evidence of each principal, the summary, the verification."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, TypeVar

import msgspec
from msgspec import UNSET, UnsetType, field

from lpgen.core.digests import Inputs, OutputDigests, digest_of_report, digest_of_text
from lpgen.core.documents import CatalogPart, Count, DecisionsPart, Part, RowPart, means
from lpgen.core.evidence import StatementRef
from lpgen.core.findings import Proposal, Report
from lpgen.core.folders import TRUST_FILE, file_of_left_policy, folder_of_principal
from lpgen.core.iam.policy import policy_to_json, statement_depends_on_version, text_without_sid
from lpgen.core.model import CURRENT_VERSION, Effect, Policy
from lpgen.core.replacements import (
    CheckStatus,
    Line,
    LineKind,
    OutputVerification,
    Replacement,
    Scope,
)
from lpgen.core.rollout.fingerprint import policies_sha256
from lpgen.core.schemas import EVIDENCE_SCHEMA, SUMMARY_SCHEMA
from lpgen.core.trust.roles import TrustProposal
from lpgen.report.documents.inputs import (
    AccountPart,
    CoveragePart,
    InputsPart,
    InputsRow,
    part_from_account,
    part_from_coverage,
)
from lpgen.report.documents.layout import lay_out
from lpgen.report.documents.parts import (
    AcceptedPart,
    ActionName,
    Arn,
    AsOf,
    CheckPart,
    Digest,
    DroppedPart,
    EvidencePart,
    NotResources,
    PrincipalHead,
    Resources,
    StatementPart,
    Texts,
    UngrantedPart,
    part_from_decisions,
    part_from_summary,
    part_from_view,
    scope_members,
    with_evidence,
)
from lpgen.report.documents.review import PolicyPart, TotalsPart, part_from_document, part_from_totals
from lpgen.report.documents.trust import TrustEvidencePart, part_from_trust_line
from lpgen.report.plan import document_file
from lpgen.report.summary import Counts, PrincipalSummary, ReviewSummary
from lpgen.report.views import PrincipalView, explained_lines, has_documents

_LinePart = TypeVar("_LinePart", bound="CopiedLinePart")


class ReplacesPart(Part, kw_only=True):
    """The policies that the replacement replaces."""

    managed: Annotated[Texts, means("The managed policies to detach.")] = field(name="detach")
    inline: Annotated[Texts, means("The inline policies to delete.")] = field(name="delete_inline")
    groups: Annotated[Texts, means("The groups to leave.")] = field(name="leave_groups")
    boundary_stays: Annotated[str | None, means("The permissions boundary, which is kept; null: there is none.")]
    policies_sha256: Annotated[Digest, means("The fingerprint of all these policies except the boundary.")]


class ReasonPart(EvidencePart):
    """A reason for a line, with the recorded use."""

    kind: Annotated[LineKind, means("The kind of the reason.")]
    why: Annotated[str, means("The reason.")]
    rule: Annotated[str, means('The scoping rule. "": none.')]


class CopiedLinePart(Part, kw_only=True):
    """A line that a copy of a policy would have."""

    action: ActionName
    resources: Resources = UNSET
    not_resources: NotResources = UNSET
    parent: Annotated[StatementPart, means("The old statement that it narrows.")]
    evidence: Annotated[tuple[ReasonPart, ...], means("The reasons for it.")]


class WrittenLinePart(CopiedLinePart):
    """A line of a document: an action and a scope of a statement."""

    file: Annotated[str, means("The file that contains it.")]
    sid: Annotated[str, means("The Sid of its statement.")]


class LeftPolicyPart(Part, kw_only=True):
    """A policy of AWS that stays attached."""

    arn: Annotated[str, means("Its ARN.")]
    version: Annotated[str | None, means("The id of its version; null: unknown.")]
    sha256: Annotated[Digest, means("The SHA-256 of its document as JSON with sorted keys.")]
    file: Annotated[str, means("Its file below the output folder.")]
    lines: Annotated[tuple[CopiedLinePart, ...], means("The lines of a copy, if a copy would be equal.")]


class DigestedPolicyPart(PolicyPart, kw_only=True):
    """A document of the replacement, with its digest."""

    sha256: Annotated[Digest, means("The SHA-256 of the file.")]


class PlacePart(RowPart, kw_only=True):
    """A statement of a document."""

    file: Annotated[str, means("The file of the document.")]
    sid: Annotated[str, means("The Sid of the statement.")]


class DenyPart(RowPart, kw_only=True):
    """A Deny of the old policies."""

    statement: Annotated[StatementPart, means("The old statement.")] = field(name="from")
    carried_in: Annotated[PlacePart | None, means("Where the replacement has it; null: nowhere.")]


class AppliedRulePart(RowPart, kw_only=True):
    """An applied scoping rule."""

    rule: Annotated[str, means("Its name.")]
    adds: Annotated[str, means("What it adds to the scopes.")] = field(name="sentence")
    tightens: Annotated[str, means("How to narrow them again.")]
    pattern: Annotated[str, means("The pattern that it wrote.")]
    records: Annotated[Count, means("Number of records that it is based on.")]


class TrustPolicyPart(Part, kw_only=True):
    """The narrowed trust policy of a role."""

    file: Annotated[str, means("Its file in the folder of this file.")]
    sha256: Annotated[Digest, means("The SHA-256 of the file.")]
    undo: Annotated[str, means('Why IAM wouldn\'t take the old trust policy back. "": it would.')]
    lines: Annotated[tuple[TrustEvidencePart, ...], means("The principals of the old policy, with their records.")]


class EvidenceDocument(PrincipalHead, kw_only=True, tag_field="schema", tag=EVIDENCE_SCHEMA):
    """The `evidence.json` next to a principal's replacement."""

    accepted: Annotated[tuple[AcceptedPart, ...], means("The reasons that decisions accept.")]
    as_of: AsOf
    catalog: Annotated[CatalogPart, means("The action catalog.")]
    coverage: Annotated[AccountPart | None, means("The logs of its account; null: no logs were read.")]
    inputs: Annotated[InputsRow, means("The inputs of the output folder.")]
    replaces: Annotated[ReplacesPart, means("The policies that the replacement replaces.")]
    left_attached: Annotated[tuple[LeftPolicyPart, ...], means("The policies of AWS that stay attached.")]
    policies: Annotated[tuple[DigestedPolicyPart, ...], means("The documents in the folder of this file.")]
    lines: Annotated[tuple[WrittenLinePart, ...], means("An entry for each file, Sid, action and scope.")]
    denies: Annotated[tuple[DenyPart, ...], means("Each Deny of the old policies.")]
    rules: Annotated[tuple[AppliedRulePart, ...], means("The applied scoping rules.")]
    dropped: Annotated[tuple[DroppedPart, ...], means("Lines that decisions drop from the replacement.")]
    ungranted: Annotated[tuple[UngrantedPart, ...], means("Use that no policy grants. It isn't in the replacement.")]
    checks: Annotated[tuple[CheckPart, ...] | None, means("The verification; null: nothing was verified.")]
    trust: Annotated[TrustPolicyPart | UnsetType, means("The narrowed trust policy, if any.")] = UNSET


def is_written(proposal: Proposal, trust: TrustProposal | None) -> bool:
    """Whether a principal has a folder: it has a replacement or, without one, a narrowed trust policy."""
    return has_documents(proposal) or trust is not None


def trust_text(trust: TrustProposal) -> str:
    """The content of the file of a narrowed trust policy."""
    return policy_to_json(trust.policy, indent=2) + "\n"


def evidence_json(proposal: Proposal, report: Report, inputs: Inputs, trust: TrustProposal | None = None) -> str:
    """The evidence file of one principal as JSON text. Without a replacement, its lists are empty.

    `trust` is the narrowed trust policy of a role, if there is one.
    """
    diff = proposal.diff
    coverage = report.diff.coverage.account(diff.principal.account)
    boundary = diff.principal.boundary
    replacement = proposal.replacement or Replacement(diff.principal, (), (), ())
    documents = [(document, number) for number, document in enumerate(replacement.documents, start=1)]
    return lay_out(
        part_from_view(
            PrincipalView(proposal),
            EvidenceDocument,
            as_of=report.diff.as_of,
            catalog=CatalogPart.from_attributes(report.diff),
            coverage=None if coverage is None else part_from_account(coverage),
            inputs=inputs.to_facts(),
            replaces=ReplacesPart.from_attributes(
                diff.draft.detach,
                boundary_stays=None if boundary is None else boundary.arn or boundary.name,
                policies_sha256=policies_sha256(diff.principal, with_boundary=False),
            ),
            left_attached=[
                LeftPolicyPart.from_attributes(
                    policy,
                    version=policy.version or None,
                    file=file_of_left_policy(policy.arn, policy.sha256),
                    lines=[
                        _part_from_lines([line], CopiedLinePart, line.action, line.scope, parent=line.parent)
                        for line in policy.lines
                    ],
                )
                for policy in replacement.left
            ],
            policies=[
                part_from_document(document, number, DigestedPolicyPart, sha256=digest_of_text(document.text))
                for document, number in documents
            ],
            lines=[
                _part_from_lines(lines, WrittenLinePart, action, scope, statement, file=document_file(number))
                for document, number in documents
                for statement in document.statements
                for action, scope, lines in explained_lines(statement)
            ],
            denies=list(_denies_of_proposal(proposal, replacement)),
            rules=replacement.rules,
            trust=UNSET if trust is None else _part_from_trust(trust),
        )
    )


def _part_from_trust(trust: TrustProposal) -> TrustPolicyPart:
    return TrustPolicyPart(
        file=TRUST_FILE,
        sha256=digest_of_text(trust_text(trust)),
        undo=trust.undo,
        lines=tuple(map(part_from_trust_line, trust.lines)),
    )


# ---------------------------------------------------------------- lines


def _part_from_lines(
    lines: Iterable[Line], kind: type[_LinePart], action: str, scope: Scope, *sources: object, **given: object
) -> _LinePart:
    """A part for an action and a scope, explained by some lines."""
    reasons = [with_evidence(ReasonPart, line.evidence, line) for line in lines]
    return kind.from_attributes(*sources, action=action, evidence=reasons, **scope_members(scope), **given)


# ---------------------------------------------------------------- denies


def _denies_of_proposal(proposal: Proposal, replacement: Replacement) -> Iterable[DenyPart]:
    """Each old Deny, with its place in the replacement."""
    carried = _carried_denies(replacement)
    for policy in proposal.diff.principal.policies:
        document = policy.document or Policy(CURRENT_VERSION, ())
        for statement in document.statements:
            if statement.effect is Effect.DENY:
                ref = StatementRef(policy.arn or policy.name, policy.kind, policy.group, statement.index, statement.sid)
                version = document.version if statement_depends_on_version(statement) else CURRENT_VERSION
                place = carried.get((version, text_without_sid(statement.text)))
                yield DenyPart.from_attributes(statement=ref, carried_in=place)


def _carried_denies(replacement: Replacement) -> dict[tuple[str, str], PlacePart]:
    found: dict[tuple[str, str], PlacePart] = {}
    for number, document in enumerate(replacement.documents, start=1):
        written: dict[str, Any] = json.loads(document.text)
        for fields in written["Statement"]:
            if fields["Effect"] == "Deny":
                text = json.dumps(fields)
                version = written["Version"] if "${" in text else CURRENT_VERSION
                place = PlacePart(file=document_file(number), sid=fields.get("Sid", ""))
                found.setdefault((version, text_without_sid(text)), place)
    return found


# ---------------------------------------------------------------- the summary


_NO_DIGEST: Final = "0" * 64


class _FiledPrincipal(PrincipalHead):
    folder: Annotated[str | None, means("The name of its folder; null: nothing was written for it.")]


class SummaryPrincipalPart(_FiledPrincipal, kw_only=True):
    """One principal of an output folder."""

    left_attached: Annotated[Texts, means("The ARNs of the policies that stay attached.")]
    counts: Annotated[Counts, means("The numbers of its actions.")]


class SummaryDocument(Part, kw_only=True, tag_field="schema", tag=SUMMARY_SCHEMA):
    """The `summary.json` of an output folder of `lpgen generate`."""

    as_of: AsOf
    catalog: Annotated[CatalogPart, means("The action catalog.")]
    min_days: Annotated[Count, means("Number of covered days that are enough.")]
    decisions: Annotated[DecisionsPart | None, means("The decisions; null: none were given.")]
    totals: Annotated[TotalsPart, means("The sums over all principals.")]
    coverage: Annotated[CoveragePart, means("The logs that were read.")]
    problems: Annotated[Texts, means("Problems in the input files.")]
    principals: Annotated[tuple[SummaryPrincipalPart, ...], means("The principals, sorted by ARN.")]
    inputs: Annotated[InputsPart, means("The inputs of the folder.")]
    files: Annotated[dict[str, Digest], means("The SHA-256 of every other file, by path.")]
    digest: Annotated[Digest, means("The root digest over `inputs`, `files` and the rest of this file.")]


def summary_json(review: ReviewSummary, inputs: Inputs, files: Mapping[str, str]) -> str:
    """The summary as JSON text. `files` are digests by path."""
    report = review.report
    summary = SummaryDocument.from_attributes(
        report,
        report.diff,
        catalog=CatalogPart.from_attributes(report.diff),
        decisions=part_from_decisions(report.decisions, review.accepted),
        totals=part_from_totals(review),
        coverage=part_from_coverage(report.diff.coverage),
        principals=[
            _part_from_principal(principal, files)
            for principal in sorted(review.principals, key=lambda found: found.arn)
        ],
        inputs=inputs.to_facts(),
        files=dict(sorted(files.items())),
        digest=_NO_DIGEST,
    )
    root = OutputDigests(inputs, files, digest_of_report(msgspec.to_builtins(summary))).root
    return lay_out(msgspec.structs.replace(summary, digest=root))


def _part_from_principal(summary: PrincipalSummary, files: Mapping[str, str]) -> SummaryPrincipalPart:
    folder = folder_of_principal(summary.principal)
    written = folder if f"{folder}/evidence.json" in files else None
    return part_from_summary(summary, SummaryPrincipalPart, folder=written, left_attached=summary.left)


# ---------------------------------------------------------------- the verification


class FolderPart(Part, kw_only=True):
    """The output folder as a whole."""

    checks: Annotated[tuple[CheckPart, ...], means("The checks on it.")]


class VerifiedPart(Part, kw_only=True):
    """The replacement of one principal."""

    principal: Arn
    status: Annotated[CheckStatus, means("The worst status of its checks.")]
    checks: Annotated[tuple[CheckPart, ...], means("The checks on it.")]


class VerificationDocument(Part, kw_only=True, tag_field="schema", tag="lpgen.verification/1"):
    """What `lpgen verify --format json` prints."""

    status: Annotated[CheckStatus, means("The worst status of all checks. Without checks: `failed`.")]
    changed_inputs: Annotated[Texts, means("Inputs that have changed since. They don't affect the status.")]
    choices: Annotated[Texts, means("The options that differ from the defaults.")]
    folder: Annotated[FolderPart, means("The output folder as a whole.")]
    principals: Annotated[tuple[VerifiedPart, ...], means("The replacements, in the order given.")]


def verification_json(verification: OutputVerification) -> str:
    """The verification as JSON text, with the principals in the order given."""
    document = VerificationDocument.from_attributes(
        verification, folder=FolderPart.from_attributes(checks=verification.checks)
    )
    return lay_out(document)

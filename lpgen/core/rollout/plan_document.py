"""The JSON document of a rollout plan: `report` writes it, and `edge` reads it.

Both use the same structs, because lpgen trusts a plan only if all of it is as lpgen wrote it.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from lpgen.core.documents import Count, Part, RowPart, means
from lpgen.core.model import PrincipalKind
from lpgen.core.rollout.calls import CallParameters
from lpgen.core.rollout.refusals import RefusalKind
from lpgen.core.rollout.source import Trust
from lpgen.core.schemas import ROLLOUT_SCHEMA

Type = Annotated[Literal["inline", "managed"], means("Whether the policy is inline or managed.")]
_Policy = Annotated[str, means("The ARN of a managed policy, or the name of an inline one.")]
_Changed = Annotated[str, means("The ARN of a managed policy, the name of an inline one, or `trust policy`.")]
_Document = Annotated[str, means("The document as JSON text.")]


class CallPart(RowPart, kw_only=True):
    """A call to IAM."""

    operation: Annotated[str, means("The operation, as in IAM's API reference.")]
    policy: _Changed
    parameters: Annotated[CallParameters, means("The parameters of the operation.")]


class PolicyTextPart(RowPart, kw_only=True):
    """A policy document, as compact JSON."""

    policy: _Policy
    type: Type
    text: _Document = msgspec.field(name="document")


class NewDocumentPart(RowPart, kw_only=True):
    """A document of a replacement, byte for byte."""

    file: Annotated[str, means("Its file in the folder of the replacement.")]
    name: Annotated[str, means("The name proposed for it.")]
    type: Type
    sha256: Annotated[str, means("The SHA-256 of the document.")]
    narrows: Annotated[tuple[str, ...], means("The old policies that its statements come from.")]
    text: _Document = msgspec.field(name="document")


class TrustChangePart(Part, kw_only=True):
    """The change of a role's trust policy."""

    before: Annotated[str, means("The old trust policy, as compact JSON text.")]
    after: Annotated[str, means("The narrowed trust policy as JSON text, byte for byte.")]
    nearest: Annotated[
        str, means('The policy that an undo puts in place, as compact JSON text. "": the old one, which IAM accepts.')
    ]
    nearest_sha256: Annotated[str, means('The SHA-256 of the nearest policy. "": there is none.')]


class RefusalPart(RowPart, kw_only=True):
    """Why a principal isn't changed."""

    kind: Annotated[RefusalKind, means("The kind of the reason.")]
    why: Annotated[str, means("The reason, as a sentence.")]
    override: Annotated[str | None, means("The option that overrides it, or null.")]


class PeakPart(RowPart, kw_only=True):
    """The most that a principal holds during its rollout."""

    attached: Annotated[Count, means("Attached policies.")]
    inline_characters: Annotated[Count, means("Characters of inline policies.")]
    largest_policy: Annotated[Count, means("Characters of the largest new managed policy.")]


class PrincipalPlanPart(Part, kw_only=True):
    """The plan for one principal."""

    principal: Annotated[str, means("The ARN of the role or user.")]
    principal_id: Annotated[str, means("Its unique id.")]
    account: Annotated[str, means("The id of its account.")]
    kind: Annotated[PrincipalKind, means("Whether it is a role or a user.")]
    name: Annotated[str, means("Its name.")]
    safe: Annotated[bool, means("Whether its replacement is called safe.")]
    folder: Annotated[str, means("The folder of its replacement.")]
    sha256: Annotated[str, means("The fingerprint of the policies that the plan was computed from.")] = msgspec.field(
        name="policies_sha256"
    )
    boundary: Annotated[str | None, means("The ARN of its permissions boundary, which is kept, or null.")]
    left: Annotated[tuple[str, ...], means("The AWS managed policies that stay attached.")] = msgspec.field(
        name="left_attached"
    )
    refusals: Annotated[tuple[RefusalPart, ...], means("Why nothing is done. A plan with a refusal has no calls.")]
    notes: Annotated[tuple[str, ...], means("Sentences to read before the plan is applied.")]
    calls: Annotated[tuple[CallPart, ...], means("The calls to IAM, in order.")]
    inverse: Annotated[tuple[CallPart, ...], means("The calls that undo them, in order.")]
    peak: Annotated[PeakPart, means("The most that the principal holds during the rollout.")]
    documents: Annotated[tuple[NewDocumentPart, ...], means("The documents of its replacement.")]
    before: Annotated[tuple[PolicyTextPart, ...], means("Its own policies before the rollout.")]
    after: Annotated[tuple[PolicyTextPart, ...], means("Its own policies after the rollout.")]
    permission_set: Annotated[str | None, means("The inline policy for its permission set, or null.")]
    code: Annotated[str | None, means("The change to its CloudFormation template, or null.")]
    trust: Annotated[TrustChangePart | msgspec.UnsetType, means("The change of its trust policy, if any.")] = (
        msgspec.UNSET
    )


class SourcePart(Part, kw_only=True):
    """The output folder that the documents come from, and its chain of digests."""

    trust: Annotated[Trust, means("Why lpgen trusts the folder.")]
    inputs: Annotated[
        dict[str, Any],
        msgspec.Meta(
            description="As in `summary.json`.",
            extra_json_schema={"$ref": "#/$defs/InputsPart", "additionalProperties": True},
        ),
    ]
    files: Annotated[dict[str, str], means("The SHA-256 of each file, by path.")]
    report: Annotated[str, means("The digest of `summary` below.")]
    digest: Annotated[str, means("The root digest.")]
    signature: Annotated[str | None, means("The content of `summary.sig`, or null.")]
    summary: Annotated[
        dict[str, Any],
        msgspec.Meta(
            description="The `summary.json` without the keys of the chain.",
            extra_json_schema={"additionalProperties": True},
        ),
    ]


class PlanDocument(Part, kw_only=True, tag_field="schema", tag=ROLLOUT_SCHEMA):
    """What `lpgen rollout plan` writes."""

    as_of: Annotated[str, means("The reference date of the replacements.")]
    catalog: Annotated[str, means("The version of the action catalog.")]
    attached_quota: Annotated[Count, means("How many managed policies a principal may have.")]
    source: Annotated[SourcePart, means("The source of the documents.")]
    principals: Annotated[tuple[PrincipalPlanPart, ...], means("The plans, sorted by ARN.")]

"""A verification as JSON, schema `lpgen.verification/1`."""

from __future__ import annotations

from typing import Annotated

from lpgen.core.documents import Part, means
from lpgen.core.replacements import CheckStatus, OutputVerification
from lpgen.report.documents.layout import lay_out
from lpgen.report.documents.parts import Arn, CheckPart, Texts


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

    status: Annotated[CheckStatus, means("The worst status of all; `failed` too without any check.")]
    changed_inputs: Annotated[Texts, means("Inputs that changed since. They don't count in the status.")]
    choices: Annotated[Texts, means("The options that aren't the defaults.")]
    folder: Annotated[FolderPart, means("The output folder as a whole.")]
    principals: Annotated[tuple[VerifiedPart, ...], means("The replacements, in the order given.")]


def verification_json(verification: OutputVerification) -> str:
    """The verification as JSON text, with the principals in the order given."""
    document = VerificationDocument.from_attributes(
        verification, folder=FolderPart.from_attributes(checks=verification.checks)
    )
    return lay_out(document)

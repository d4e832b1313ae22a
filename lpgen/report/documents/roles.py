"""What should become roles, which principals could share one, and leftovers as JSON, schema `lpgen.roles/1`."""

from __future__ import annotations

from typing import Annotated

from lpgen.core.choices import RolesPart
from lpgen.core.documents import Part, means
from lpgen.core.roles.model import Curve, Leftover, Merge, RolesReport, UserMove
from lpgen.report.documents.layout import lay_out
from lpgen.report.documents.parts import Texts


class RolesDocument(Part, kw_only=True, tag_field="schema", tag="lpgen.roles/1"):
    """Users that should become roles, principals that could share a role, and what nobody uses."""

    users: Annotated[tuple[UserMove, ...], means("The IAM users, sorted by ARN.")]
    merges: Annotated[tuple[Merge, ...], means("The proposals for shared roles, sorted by their members.")]
    curves: Annotated[tuple[Curve, ...], means("What fewer roles would cost, for each group of candidates.")]
    leftovers: Annotated[tuple[Leftover, ...], means("What nobody uses, by kind and ARN.")]
    parts: Annotated[tuple[RolesPart, ...], means("The parts that were asked for. The others are empty.")]
    problems: Annotated[Texts, means("Problems in the input files.")]


def roles_json(report: RolesReport) -> str:
    """The report as JSON text."""
    return lay_out(RolesDocument.from_attributes(report))

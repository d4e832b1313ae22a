"""Names that a principal draws anew each time it creates something, and that no rule makes a pattern of.

A pattern over roles or users hands out rights, so a replacement lists those that were seen and would refuse the next.
That is said by a caveat, and a person decides.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from lpgen.core.analysis.decisions import accept_caveat
from lpgen.core.analysis.names import ASSIGNED_ID, is_of_the_noun, with_stars
from lpgen.core.arns import split_arn
from lpgen.core.findings import Caveat, CaveatKind
from lpgen.core.grounds import PrincipalGrants, PrincipalUsage, Use
from lpgen.core.model import Action, Outcome, ResourceKind
from lpgen.core.policies.match_resource import resource_contains
from lpgen.core.replacements import Decision, Line, Scope

# CloudFormation ends the names that it makes up in some twelve letters and digits.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-name.html
_MADE_UP: Final = re.compile(r"(?=[A-Za-z]*\d)[A-Za-z0-9]{8,}")


@dataclass(frozen=True, slots=True)
class DrawnNames:
    """Names that an action made anew each time, by their shape; `example` is one of so many."""

    action: Action
    shape: str
    names: int
    example: str


def drawn_names_from_uses(uses: Iterable[Use]) -> tuple[DrawnNames, ...]:
    """The names of roles, users and the like that were created under generated names, and others' that are nothing but
    generated: the next one has another name, and no rule makes a pattern of these."""
    found: dict[tuple[Action, str], set[str]] = defaultdict(set)
    for use in uses:
        arn = use.resource.text
        if use.outcome is not Outcome.DENIED and use.resource.kind is ResourceKind.ARN:
            shape = _drawn_shape(arn) if is_of_the_noun(use.action, ("Create",), arn) else ""
            if shape:
                found[use.action, shape].add(arn)
    return tuple(
        DrawnNames(action, shape, len(names), min(names))
        for (action, shape), names in sorted(found.items())
        if len(names) > 1
    )


def _drawn_shape(arn: str) -> str:
    """The ARN with the generated parts of its last name as `*`, "" where it has none that a pattern can't stand for."""
    fields = split_arn(arn)
    name = re.split("[/:]", fields.name)[-1]
    if not name or any(character in arn for character in "*?$"):
        return ""
    shape = "*" if ASSIGNED_ID.fullmatch(name) else with_stars(name)
    if fields.service != "iam":
        return arn.removesuffix(name) + shape if shape == "*" else ""
    made_up = with_stars(name, _MADE_UP)
    shape = shape if made_up == "*" else made_up  # a whole name such as S3ReaderRole is hardly made up
    return arn.removesuffix(name) + shape if "*" in shape else ""


def drawn_name_caveats(
    grants: PrincipalGrants, usage: PrincipalUsage, lines: Iterable[Line], *, decisions: Sequence[Decision]
) -> tuple[Caveat, ...]:
    """A caveat for each kind of name that the principal draws anew each time it creates something, where the old
    policies allow the next one too and the `lines` only those that were seen."""
    stays: dict[Action, list[Scope]] = defaultdict(list)
    for line in lines:
        stays[line.action].append(line.scope)
    found: list[Caveat] = []
    for drawn in drawn_names_from_uses(usage.uses):
        old = (
            Scope(one.statement.resources, one.statement.not_resource)
            for one in grants.allows
            if drawn.action in one.actions
        )
        if _allows_shape(old, drawn.shape) and not _allows_shape(stays[drawn.action], drawn.shape):
            caveat = Caveat(
                CaveatKind.DRAWN_NAMES,
                f"{drawn.action} made {drawn.names} names that differ in generated parts alone, such as"
                f" {drawn.example}: the replacement allows these, and would refuse the next",
                f"drawn-names {drawn.action} {drawn.shape}",
            )
            accepted = accept_caveat(decisions, principal=grants.principal.arn, caveat=caveat)
            found.append(replace(caveat, accepted_by=accepted))
    return tuple(found)


def _allows_shape(scopes: Iterable[Scope], shape: str) -> bool:
    """Whether one of the scopes holds all names of a shape, as far as texts tell."""
    return any(one.not_resource or any(resource_contains(text, shape) for text in one.resources) for one in scopes)

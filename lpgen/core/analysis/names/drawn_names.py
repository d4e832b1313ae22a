"""Names that a principal draws anew each time it creates something, and that no rule makes a pattern of.

A pattern over roles or users hands out rights, so a replacement lists those that were seen and would refuse the next.
That is said by a caveat, and a person decides.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from lpgen.core.analysis.names.families import FAMILY_SIZE, is_of_the_noun
from lpgen.core.analysis.names.next_names import NextNames
from lpgen.core.analysis.names.shapes import is_assigned_id, last_name, name_shape, named_parts, split_tail, with_stars
from lpgen.core.arns import split_arn
from lpgen.core.grounds import PrincipalGrants, PrincipalUsage, Use
from lpgen.core.model import Action, Outcome, ResourceKind
from lpgen.core.policies.match import has_wildcard
from lpgen.core.policies.match_resource import resource_contains
from lpgen.core.registry.caveats import Caveat, CaveatKind
from lpgen.core.replacements import Line

# CloudFormation ends the names that it makes up in some twelve letters and digits.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-name.html
_MADE_UP: Final = re.compile(r"(?=[A-Za-z]*\d)[A-Za-z0-9]{8,}")


@dataclass(frozen=True, slots=True, order=True)
class DrawnNames:
    """Names that an action made anew each time, by their shape; `example` is one of so many."""

    action: Action
    shape: str
    names: int
    example: str
    how: str


_BY_SHAPE: Final = "that differ in generated parts alone"
_BY_DAY: Final = f"on {FAMILY_SIZE} days or more"


def drawn_names_from_uses(uses: Iterable[Use]) -> tuple[DrawnNames, ...]:
    """The names that the principal made anew and that no rule makes a pattern of, so that the next one has another.

    They are told by their generated parts, where they are those of roles, users and the like, or nothing but generated,
    or many; else by their number, where something of the type was made under a new name on many days.
    """
    made: dict[Action, dict[str, str]] = defaultdict(dict)
    for use in uses:
        if is_creation_of(use):
            days = made[use.action]
            day = use.evidence.first_seen[:10]
            days[use.resource.text] = min(day, days.get(use.resource.text, day))
    return tuple(sorted(one for action, days in made.items() for one in _drawn(action, days)))


def is_creation_of(use: Use) -> bool:
    """Whether a use makes the very resource that it names."""
    if use.outcome is Outcome.DENIED or use.resource.kind not in (ResourceKind.ARN, ResourceKind.FOLD):
        return False
    arn, _ = split_tail(use.resource.text)
    is_in_named = split_arn(arn).name.startswith("task-set/")  # what names it are the cluster and service it is in
    return not is_in_named and is_of_the_noun(use.action, ("Create",), arn)


def _drawn(action: Action, days: Mapping[str, str]) -> Iterable[DrawnNames]:
    """What one action made anew; `days` are those on which it first made each ARN."""
    shapes: dict[str, set[str]] = defaultdict(set)
    for arn in days:
        shapes[_drawn_shape(arn)].add(arn)
    told = {
        shape: arns
        for shape, arns in shapes.items()
        if shape and len(arns) >= (2 if _is_telling(shape) else FAMILY_SIZE)
    }
    for shape, arns in told.items():
        yield DrawnNames(action, shape, len(arns), min(arns), _BY_SHAPE)
    types: dict[tuple[str, str], set[str]] = defaultdict(set)
    left = days.keys() - {arn for arns in told.values() for arn in arns}
    for text in left:
        for place in named_parts(text):
            types[place].add(text)
    for (_, tail), alike in sorted(types.items()):
        arns = alike & left
        if len({days[arn] for arn in arns}) >= FAMILY_SIZE:
            left -= arns
            yield DrawnNames(action, f"{common_start(arns)}*{tail}", len(arns), min(arns), _BY_DAY)


def common_start(arns: Iterable[str]) -> str:
    """What all of several texts begin with."""
    first, last = min(arns), max(arns)
    return first[: next((at for at, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), None)]


def _drawn_shape(text: str) -> str:
    """The ARN with the generated parts of its last name as `*`, "" where it has none or a pattern can stand for it."""
    arn, tail = split_tail(text)
    name = last_name(arn)
    if not name or any(character in name for character in "*?$"):
        return ""
    shape = "*" if is_assigned_id(arn) else with_stars(name)
    made_up = with_stars(name, _MADE_UP) if split_arn(arn).service == "iam" else shape
    shape = shape if made_up == "*" else made_up  # a whole name such as S3ReaderRole is hardly made up
    return arn.removesuffix(name) + shape + tail if has_wildcard(shape) and not name_shape(text) else ""


def _is_telling(shape: str) -> bool:
    """Whether two names of the shape tell that it is drawn anew: one of roles and the like, or all generated."""
    return split_arn(shape).service == "iam" or last_name(shape) == "*"


def drawn_name_caveats(grants: PrincipalGrants, usage: PrincipalUsage, lines: Iterable[Line]) -> Iterable[Caveat]:
    """A caveat for each kind of name that the principal draws anew each time it creates something, where the old
    policies allow the next one too and the `lines` only those that were seen."""
    following = NextNames(grants, lines)
    told: dict[Action, list[str]] = defaultdict(list)
    for pattern, listed in following.listed(filter(is_creation_of, usage.uses)).items():
        for drawn in drawn_names_from_uses(listed):
            shape = following.refused(pattern, (drawn.action,), drawn.shape)
            if shape and not any(resource_contains(one, shape) for one in told[drawn.action]):
                told[drawn.action].append(shape)
                yield Caveat.of(
                    CaveatKind.DRAWN_NAMES,
                    action=drawn.action,
                    names=drawn.names,
                    how=drawn.how,
                    example=drawn.example,
                    shape=shape,
                )

"""Which names stand for a family: ids that AWS assigns to short-lived things, and generated names.

A replacement that lists such names exactly would break tomorrow. What is written instead is a pattern that stays within
the old grant, by one of a few stated rules, and the report prints each with what it adds.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from lpgen.core.analysis.names.dated import dated_patterns
from lpgen.core.analysis.names.shapes import (
    ASSIGNED_ID,
    HANDS_OUT_RIGHTS,
    is_assigned_id,
    last_name,
    name_shape,
    parent_shape,
    split_tail,
)
from lpgen.core.arns import split_arn
from lpgen.core.grounds import Use
from lpgen.core.model import Action, Outcome, Resource, ResourceKind
from lpgen.core.policies.match import glob_match

SHORT_LIVED: Final = "short-lived-id"
CREATED: Final = "created-by-principal"
DELETED: Final = "deleted-by-principal"
FAMILY: Final = "name-family"
DATED: Final = "dated-name"
LAUNCHED_IMAGE: Final = "launched-image"

FAMILY_SIZE: Final = 5
"""So many names of one shape make a family."""

RELEASES: Final = 3
"""So many images that were launched show that new ones take their place."""

RULE_SENTENCES: Final[Mapping[str, str]] = {
    SHORT_LIVED: "AWS assigns the ids of these short-lived resources, so any id of the type in the account and Region",
    CREATED: "the principal creates resources of this type and AWS assigns their ids, so any id of the type in the "
    "account and Region",
    DELETED: f"the principal deleted {FAMILY_SIZE} or more resources of this type, whose ids AWS assigns and never "
    "gives again, so any id of the type in the account and Region",
    LAUNCHED_IMAGE: f"the principal launched from {RELEASES} or more images, and each release of an image has an id of "
    "its own, so any image",
    DATED: "the name holds the date of its use, or names with later dates were used later, so the name with any date",
    FAMILY: f"{FAMILY_SIZE} or more names differ only in generated parts, so any name of this shape",
}

# Service, resource type and the shape of the id, from the resource types of the service authorization reference:
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
_SHORT_LIVED_TYPES: Final[tuple[tuple[str, str, str], ...]] = (
    ("ec2", "instance/", r"i-[0-9a-f]{8,17}"),
    ("ec2", "network-interface/", r"eni-[0-9a-f]{8,17}"),
    ("ec2", "security-group-rule/", r"sgr-[0-9a-f]{8,17}"),
    ("ec2", "volume/", r"vol-[0-9a-f]{8,17}"),
    ("ec2", "spot-instances-request/", r"sir-[0-9a-z]{8,17}"),
    ("ec2", "spot-fleet-request/", r"sfr-[0-9a-f-]{36}"),
    ("ec2", "fleet/", r"fleet-[0-9a-f-]{36}"),
    ("ec2", "export-image-task/", r"export-ami-[0-9a-f]{8,17}"),
    ("ec2", "import-image-task/", r"import-ami-[0-9a-f]{8,17}"),
    ("ecs", "container-instance/", r"(?:[^/]+/)?[0-9a-f]{32}|(?:[^/]+/)?[0-9a-f-]{36}"),
    ("ecs", "task-set/", r".*ecs-svc/[0-9]+"),
    ("batch", "job/", r"[0-9a-f-]{36}"),
    ("elasticmapreduce", "cluster/", r"j-[0-9A-Z]{8,20}"),
    ("ssm", "managed-instance/", r"mi-[0-9a-f]{17}"),
    ("ssm", "session/", r".+-[0-9a-z]{17,}"),
    ("ssm", "automation-execution/", r"[0-9a-f-]{36}"),
    ("sagemaker", "training-job/", r".+-[0-9-]{15,}"),
)
_SHAPES: Final = tuple((service, head, re.compile(shape)) for service, head, shape in _SHORT_LIVED_TYPES)

# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
_LAUNCHES: Final = frozenset(
    {"ec2:CreateFleet", "ec2:ModifyFleet", "ec2:RequestSpotFleet", "ec2:RequestSpotInstances", "ec2:RunInstances"}
)
_LAUNCHED: Final = (
    "fleet/",
    "instance/",
    "network-interface/",
    "spot-fleet-request/",
    "spot-instances-request/",
    "volume/",
)

# What begins so names what is there, but for the links that some of it makes.
_MAKES_NOTHING: Final = re.compile(
    "(?:Associate|Attach|Delete|Deregister|Describe|Detach|Disassociate|Discover|Get|Is|List|Modify|Replace|Send|Set|Stop"
    "|Update|View)(?![a-z])"
)
_LINKS: Final = ("association", "attachment")

_DELETES: Final = ("Cancel", "Delete", "Deregister", "Release", "Terminate")


@dataclass(frozen=True, slots=True)
class NamePattern:
    """What stands for one exact resource, and the rule that says so."""

    resource: Resource
    rule: str


def name_patterns_from_uses(uses: Iterable[Use]) -> dict[str, NamePattern]:
    """The pattern for each exact ARN, or folder of objects, of one principal's uses that a rule turns into one.

    The pattern holds for every action of the principal, so that what it may start it may also stop.
    """
    uses = list(uses)
    counted = [use.resource for use in uses if use.outcome is not Outcome.DENIED]
    arns = sorted({resource.text for resource in counted if resource.kind is ResourceKind.ARN})
    created = sorted({use.resource.text for use in uses if use.outcome is not Outcome.DENIED and _is_creation(use)})
    found = {arn: pattern for arn in arns if (pattern := _assigned_id_pattern(arn, created)) is not None}
    found |= {arn: pattern for arn, pattern in _deleted(uses).items() if arn not in found}
    found |= {arn: pattern for arn, pattern in _launched_images(uses).items() if arn not in found}
    folds = {resource.text for resource in counted if resource.kind is ResourceKind.FOLD}
    found |= _families(arn for arn in [*arns, *sorted(folds)] if arn not in found)
    dated = {
        text: NamePattern(Resource(ResourceKind.FOLD, pattern), DATED) for text, pattern in dated_patterns(uses).items()
    }
    return dated | found


def _is_creation(use: Use) -> bool:
    """Whether a use shows that the principal creates resources of a type.

    A launch creates some; the pattern of others stands for what it leaves to a template or to defaults. Where a call
    makes nothing, the pattern of a whole type stands for a name that its record doesn't show.
    """
    if not _is_type_pattern(use.resource):
        return False
    name = split_arn(use.resource.text).name
    if use.action in _LAUNCHES:
        return name.startswith(_LAUNCHED)
    kind = name.removesuffix("/*")
    makes_nothing = _MAKES_NOTHING.match(use.action.partition(":")[2]) is not None
    return "/" in kind or kind.endswith(_LINKS) or not makes_nothing


def _is_type_pattern(resource: Resource) -> bool:
    return resource.kind is ResourceKind.FOLD and resource.text.endswith("/*") and resource.text.count("*") == 1


def _assigned_id_pattern(arn: str, created: Iterable[str]) -> NamePattern | None:
    fields = split_arn(arn)
    for service, head, shape in _SHAPES:
        name = fields.name.removeprefix(head)
        if fields.service == service and fields.name.startswith(head) and shape.fullmatch(name):
            return NamePattern(Resource(ResourceKind.FOLD, arn.removesuffix(name) + "*"), SHORT_LIVED)
    if ASSIGNED_ID.fullmatch(fields.name.rpartition("/")[2]):
        for pattern in created:
            if glob_match(pattern, arn):
                return NamePattern(Resource(ResourceKind.FOLD, pattern), CREATED)
    return None


def _deleted(uses: Iterable[Use]) -> dict[str, NamePattern]:
    """The pattern of their type for resources with ids of AWS's that a principal deleted, where it did so repeatedly:
    none of these ids comes back."""
    types: dict[str, set[str]] = defaultdict(set)
    for use in uses:
        if is_deletion_of(use):
            arn = use.resource.text
            fields = split_arn(arn)
            _, slash, name = fields.name.rpartition("/")
            if slash and is_assigned_id(arn) and fields.service not in HANDS_OUT_RIGHTS:
                types[arn.removesuffix(name)].add(arn)
    return {
        arn: NamePattern(Resource(ResourceKind.FOLD, f"{start}*"), DELETED)
        for start, arns in types.items()
        if len(arns) >= FAMILY_SIZE
        for arn in arns
    }


def _launched_images(uses: Iterable[Use]) -> dict[str, NamePattern]:
    """The pattern of images for those that a principal launched from, where there were several: a newer one follows.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/finding-an-ami.html
    """
    images: dict[str, set[str]] = defaultdict(set)
    for use in uses:
        if use.action in _LAUNCHES and use.outcome is Outcome.ALLOWED and use.resource.kind is ResourceKind.ARN:
            start, ami, _ = use.resource.text.partition("image/ami-")
            if ami:
                images[f"{start}{ami}*"].add(use.resource.text)
    return {
        arn: NamePattern(Resource(ResourceKind.FOLD, pattern), LAUNCHED_IMAGE)
        for pattern, arns in images.items()
        if len(arns) >= RELEASES
        for arn in arns
    }


def is_deletion_of(use: Use) -> bool:
    """Whether a use took away the very resource that it names. A dry run didn't, and neither did one that failed."""
    is_done = use.outcome is Outcome.ALLOWED and not use.error_code and use.resource.kind is ResourceKind.ARN
    return is_done and is_of_the_noun(use.action, _DELETES, use.resource.text)


def is_of_the_noun(action: Action, verbs: tuple[str, ...], arn: str) -> bool:
    """Whether an action does what one of the verbs says to the very resource that it is granted on.

    By their names: `DeleteVolume` deletes a `volume/…`, but `DeleteTags` no subnet, and `CreateGrant` makes no key. Of
    an ARN that shows no type nothing else is known.
    """
    name = action.partition(":")[2]
    verb = next((one for one in verbs if name.startswith(one)), "")
    kind, *rest = re.split("[/:]", split_arn(arn).name)
    noun, kind = _plain_noun(name.removeprefix(verb)), _plain_noun(kind) if rest else ""
    return bool(verb) and (noun.endswith(kind) or kind.endswith(noun))


def _plain_noun(text: str) -> str:
    """A noun of an action or a resource type, so that both can be compared; an address is an elastic IP."""
    plain = "".join(filter(str.isalnum, text.lower())).removesuffix("s")
    return "elasticip" if plain == "addres" else plain


def _families(arns: Iterable[str]) -> dict[str, NamePattern]:
    """The families of names: those whose parents are generated too, then those that share what they lie in."""
    arns = list(arns)
    found = {
        arn: NamePattern(Resource(ResourceKind.FOLD, shape), FAMILY)
        for shape, members in _by_shape(arns, parent_shape).items()
        if len({_parent(arn) for arn in members}) >= FAMILY_SIZE
        for arn in members
    }
    return found | {
        arn: NamePattern(Resource(ResourceKind.FOLD, shape), FAMILY)
        for shape, members in _by_shape((arn for arn in arns if arn not in found), name_shape).items()
        if len(members) >= FAMILY_SIZE
        for arn in members
    }


def _by_shape(arns: Iterable[str], shape_of: Callable[[str], str]) -> dict[str, list[str]]:
    shapes: dict[str, list[str]] = defaultdict(list)
    for arn in arns:
        shape = shape_of(arn)
        if shape and shape != arn:
            shapes[shape].append(arn)
    return shapes


def _parent(arn: str) -> str:
    """What an ARN lies in: all before its last name."""
    named, _ = split_tail(arn)
    return named.removesuffix(last_name(named))

"""Which names stand for a family: ids that AWS assigns to short-lived things, and generated names.

A replacement that lists such names exactly would break tomorrow. What is written instead is a pattern that stays within
the old grant, by one of a few stated rules, and the report prints each with what it adds.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from lpgen.core.arns import split_arn
from lpgen.core.grounds import Use
from lpgen.core.model import Action, Outcome, Resource, ResourceKind
from lpgen.core.policies.match import glob_match

SHORT_LIVED: Final = "short-lived-id"
CREATED: Final = "created-by-principal"
DELETED: Final = "deleted-by-principal"
FAMILY: Final = "name-family"
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

_HANDS_OUT_RIGHTS: Final = ("", "iam", "sts", "organizations", "kms")
_DELETES: Final = ("Cancel", "Delete", "Deregister", "Release", "Terminate")
_UUID: Final = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_BARE_ID: Final = re.compile(_UUID)
_ASSIGNED_ID: Final = re.compile(rf"[a-z]+(?:-[a-z]+)*-(?:[0-9a-f]{{8,17}}|{_UUID})|{_UUID}")
# Whoever makes these names them, so that what looks like `sg-0a1b2c3d` is a name with a date or a commit's hash in it.
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
_NAMED_BY_CALLERS: Final = re.compile(
    "athena|batch|cloudwatch|code(?:build|commit|deploy|pipeline)|dynamodb|ec[rs]|eks|elastic(?:ache|beanstalk)"
    "|elasticloadbalancing|events|firehose|glue|iam|iot|kafka|kinesis|lambda|logs|memorydb|rds|redshift|s3|sagemaker"
    "|scheduler|secretsmanager|s[nq]s|states|synthetics"
)
_NAMED_TYPES: Final = ("document/", "key-pair/", "parameter/", "placement-group/")
# Each release of an image has an id of its own, and each copy of a disk.
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/finding-an-ami.html
# https://docs.aws.amazon.com/ebs/latest/userguide/ebs-snapshots.html
_RELEASED: Final = re.compile(r"(image/ami-|snapshot/snap-)[0-9a-f]{8,17}")
_TOKEN: Final = re.compile(rf"{_UUID}(?![A-Za-z0-9])|[A-Za-z0-9]+")
# Numbers and dates, hashes, UUIDs, and what is long and changes from letters to digits as often as a ULID does.
# https://github.com/ulid/spec
_RANDOM: Final = r"(?=[A-Za-z]*(?:\d+[A-Za-z]+){2}\d)[A-Za-z0-9]{16,}"
_GENERATED: Final = re.compile(rf"\d+|\d+T\d+Z?|(?=[0-9a-fA-F]*\d)[0-9a-fA-F]{{6,}}|{_UUID}|{_RANDOM}")
_WORD_WITH_NUMBER: Final = re.compile(r"([A-Za-z]+)(\d+)")
_LONG_NUMBER: Final = 4
"""So many digits behind a word are a date or count on; fewer may be part of the word, as in EC2, unless it is all."""
_VERSION: Final = ("v", "V")
# Load balancers, stacks, log groups and secrets are named, and what follows the name is an id or what lies below it.
# Of a group of instances the id comes first.
_TAIL: Final = re.compile(r"(?::log-stream)?(?:[:/]\*)+$|-\?{6}$")
_UNNAMED_ID: Final = re.compile(r":\*(?=:autoScalingGroupName/)")
# These are named by paths, as objects are, and any part of a path may be generated.
_PATH: Final = re.compile("(?:log-group:/?|parameter/|repository/|secret:)([^/]+/.+)")
_WILD: Final = re.compile("[*?]")
_NUMBERED: Final = re.compile(r".+[/:][^/:]{3,}[/:]\d+")
_WORD: Final = re.compile("[A-Za-z]+")
_LETTER_OR_DIGIT: Final = re.compile("[A-Za-z0-9]")
_SHORTEST_STEM: Final = 3


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
    return found | _families(arn for arn in [*arns, *sorted(folds)] if arn not in found)


def _is_creation(use: Use) -> bool:
    """Whether a use shows that the principal creates resources of a type.

    A launch creates some; the pattern of others stands for what it leaves to a template or to defaults.
    """
    if use.action in _LAUNCHES and not split_arn(use.resource.text).name.startswith(_LAUNCHED):
        return False
    return _is_type_pattern(use.resource)


def _is_type_pattern(resource: Resource) -> bool:
    return resource.kind is ResourceKind.FOLD and resource.text.endswith("/*") and resource.text.count("*") == 1


def _assigned_id_pattern(arn: str, created: Iterable[str]) -> NamePattern | None:
    fields = split_arn(arn)
    for service, head, shape in _SHAPES:
        name = fields.name.removeprefix(head)
        if fields.service == service and fields.name.startswith(head) and shape.fullmatch(name):
            return NamePattern(Resource(ResourceKind.FOLD, arn.removesuffix(name) + "*"), SHORT_LIVED)
    if _ASSIGNED_ID.fullmatch(fields.name.rpartition("/")[2]):
        for pattern in created:
            if glob_match(pattern, arn):
                return NamePattern(Resource(ResourceKind.FOLD, pattern), CREATED)
    return None


def _deleted(uses: Iterable[Use]) -> dict[str, NamePattern]:
    """The pattern of their type for resources with ids of AWS's that a principal deleted, where it did so repeatedly:
    none of these ids comes back."""
    types: dict[str, set[str]] = defaultdict(set)
    for use in uses:
        arn = use.resource.text
        if use.outcome is Outcome.ALLOWED and use.resource.kind is ResourceKind.ARN:
            fields = split_arn(arn)
            _, slash, name = fields.name.rpartition("/")
            is_assigned = slash and is_assigned_id(arn) and fields.service not in _HANDS_OUT_RIGHTS
            if is_assigned and is_of_the_noun(use.action, _DELETES, arn):
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
    shapes: dict[str, list[str]] = defaultdict(list)
    for arn in arns:
        shape = name_shape(arn)
        if shape and shape != arn:
            shapes[shape].append(arn)
    return {
        arn: NamePattern(Resource(ResourceKind.FOLD, shape), FAMILY)
        for shape, members in shapes.items()
        if len(members) >= FAMILY_SIZE
        for arn in members
    }


def is_assigned_id(arn: str) -> bool:
    """Whether an ARN ends in an id that AWS assigned, as far as its form and its service tell."""
    fields = split_arn(arn)
    name = re.split("[/:]", fields.name)[-1]
    if _BARE_ID.fullmatch(name):
        return True
    is_named = _NAMED_BY_CALLERS.fullmatch(fields.service) or fields.name.startswith(_NAMED_TYPES)
    return not is_named and _ASSIGNED_ID.fullmatch(name) is not None


def name_shape(arn: str) -> str:
    """The ARN with the generated parts of its last name as wildcards, or "" where that leaves no telling name.

    A name that only its end tells keeps its length: its generated parts become as many `?`. Of a name that is a number
    any number stands for it, as versions count on, where what is before tells whose.
    Roles, users and policies never make a family: a pattern over them hands out rights. Nor do ids that AWS assigned,
    but those of images and snapshots, of which newer ones take the place of older.
    """
    arn, tail = split_tail(arn)
    shape = _shape_of_exact(arn)
    return shape + tail if shape else ""


def split_tail(text: str) -> tuple[str, str]:
    """An ARN, or a fold, as what names something and the wildcards behind it: an id or what lies below."""
    end = _TAIL.search(text)
    return (text[: end.start()], end.group()) if end else (text, "")


def _shape_of_exact(arn: str) -> str:
    fields = split_arn(arn)
    if fields.service in _HANDS_OUT_RIGHTS:
        return ""
    if any(character in _UNNAMED_ID.sub("", arn) for character in "*?$"):
        return ""
    if fields[1:4] == ("s3", "", "") and "/" in fields.name:
        return arn.removesuffix(fields.name) + _object_shape(fields.name)
    path = _PATH.fullmatch(fields.name)
    if path:
        shape = _path_shape(path[1])
        return arn.removesuffix(path[1]) + shape if _has_stem(shape) or _is_told(shape) else ""
    released = _RELEASED.fullmatch(fields.name) if fields.service == "ec2" else None
    if released:
        return arn.removesuffix(fields.name) + released[1] + "*"
    name = re.split("[/:]", fields.name)[-1]
    if is_assigned_id(arn):
        return ""
    shape = with_stars(name)
    head = arn.removesuffix(name)
    if shape == name:
        return ""
    if _has_stem(shape):
        return head + shape
    if name.isdecimal():
        return f"{head}*" if _NUMBERED.fullmatch(fields.name) else ""
    return head + _with_question_marks(name) if _is_told(shape) else ""


def with_stars(name: str, also: re.Pattern[str] | None = None) -> str:
    """The name with its generated parts as `*`, and as `?` each digit of a number that ends a word.

    `also` are more shapes of generated parts.
    """

    def star(token: re.Match[str]) -> str:
        text = token.group()
        is_generated = _GENERATED.fullmatch(text) or (also and also.fullmatch(text))
        return "*" if is_generated else _mask_number(text, is_all=text == name)

    shape = _TOKEN.sub(star, name)
    return re.sub(r"\*(?:[-_.]?\*)+", "*", shape)


def _mask_number(text: str, *, is_all: bool) -> str:
    found = _WORD_WITH_NUMBER.fullmatch(text)
    if found is None:
        return text
    counts_on = is_all or found[1] in _VERSION or len(found[2]) >= _LONG_NUMBER
    if not counts_on:
        return text
    return found[1] + "?" * len(found[2])


def _has_stem(shape: str) -> bool:
    """Whether what comes before the first wildcard tells what is meant."""
    return len(_WILD.split(shape, maxsplit=1)[0]) >= _SHORTEST_STEM


def _is_told(shape: str) -> bool:
    """Whether some word of a shape tells what is meant."""
    return any(len(word) >= _SHORTEST_STEM for word in _WORD.findall(shape))


def _object_shape(path: str) -> str:
    """A bucket and key, or folder, with the generated parts of the key as `*`."""
    bucket, _, key = path.partition("/")
    return f"{bucket}/{_path_shape(key)}"


def _path_shape(path: str) -> str:
    """A path with its generated parts as `*`.

    Where nothing before such a part tells what is meant, it becomes as many `?`: no more than names of its length.
    """
    shapes: list[str] = []
    told = False
    for part in path.split("/"):
        shape = with_stars(part)
        told = told or _has_stem(shape)
        shapes.append(shape if told or part == "*" else _with_question_marks(part))
    return "/".join(shapes)


def _with_question_marks(name: str) -> str:
    """The name with each letter and digit of its generated parts as `?`."""

    def question(token: re.Match[str]) -> str:
        text = token.group()
        if _GENERATED.fullmatch(text):
            return _LETTER_OR_DIGIT.sub("?", text)
        return _mask_number(text, is_all=text == name)

    return _TOKEN.sub(question, name)

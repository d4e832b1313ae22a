"""What of a name is generated: its shape, and whether it is no name but an id that AWS assigned."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from lpgen.core.arns import split_arn

HANDS_OUT_RIGHTS: Final = ("", "iam", "sts", "organizations", "kms")
"""Services of whose resources no pattern is made: it would hand out rights."""

_UUID: Final = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_BARE_ID: Final = re.compile(_UUID)
ASSIGNED_ID: Final = re.compile(rf"[a-z]+(?:-[a-z]+)*-(?:[0-9a-f]{{8,17}}|{_UUID})|{_UUID}")
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
# Of a group of instances the id comes first, and some calls name an environment without its application.
_TAIL: Final = re.compile(r"(?::log-stream)?(?:[:/]\*)+$|-\?{6}$")
_UNNAMED_PART: Final = re.compile(r"(?<=[:/])\*(?=[:/])")
# These are named by paths, as objects are, and any part of a path may be generated.
_PATH: Final = re.compile("(?:log-group:/?|parameter/|repository/|secret:)([^/]+/.+)")
_WILD: Final = re.compile("[*?]")
_COUNTED: Final = re.compile(r"\d+(?:\.\d+)*")
_NUMBERED: Final = re.compile(rf".+[/:][^/:]{{3,}}[/:]{_COUNTED.pattern}")
_BETWEEN_PARTS: Final = re.compile("([:/])")
_WITHIN_PART: Final = re.compile("[-_.]")
_WORD: Final = re.compile("[A-Za-z]+")
_LETTER_OR_DIGIT: Final = re.compile("[A-Za-z0-9]")
_SHORTEST_STEM: Final = 3
# Parameters have the deepest names, of fifteen levels.
# https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-hierarchies.html
_MOST_PARTS: Final = 16


def last_name(arn: str) -> str:
    """What an ARN ends in, behind the last separator."""
    return re.split("[/:]", arn)[-1]


def named_parts(text: str) -> Iterator[tuple[str, str]]:
    """What stands before and behind each part of an ARN or a fold that may name something, the last part first and the
    account last of all, before which an ARN has four colons.

    Of a name that is deeper than any real one, such as a hostile caller makes up, only the last parts count.
    """
    arn, tail = split_tail(text)
    fields = split_arn(arn)
    name = fields.name
    kind, *parts = _BETWEEN_PARTS.split(name)
    start = arn.removesuffix(name)
    if not parts:
        yield start, tail
    last = len(parts) - 1
    for at in range(last, max(0, last - 2 * _MOST_PARTS), -2):
        yield start + kind + "".join(parts[:at]), "".join(parts[at + 1 :]) + tail
    if fields.account.isdecimal():
        yield start.removesuffix(f"{fields.account}:"), f":{name}{tail}"


def is_assigned_id(arn: str) -> bool:
    """Whether an ARN ends in an id that AWS assigned, as far as its form and its service tell."""
    fields = split_arn(arn)
    name = last_name(fields.name)
    if _BARE_ID.fullmatch(name):
        return True
    is_named = _NAMED_BY_CALLERS.fullmatch(fields.service) or fields.name.startswith(_NAMED_TYPES)
    return not is_named and ASSIGNED_ID.fullmatch(name) is not None


def name_shape(arn: str) -> str:
    """The ARN with the generated parts of its last name as wildcards, or "" where that leaves no telling name.

    A name that only its end tells keeps its length: its generated parts become as many `?`. Of a name that is a number
    or a version any name stands for it, as versions count on, where what is before tells whose.
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
    if fields.service in HANDS_OUT_RIGHTS:
        return ""
    if any(character in _UNNAMED_PART.sub("", arn) for character in "*?$"):
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
    name = last_name(fields.name)
    if is_assigned_id(arn):
        return ""
    shape = with_stars(name)
    head = arn.removesuffix(name)
    if shape == name:
        return ""
    if _has_stem(shape):
        return head + shape
    if _COUNTED.fullmatch(name):
        return f"{head}*" if _NUMBERED.fullmatch(fields.name) else ""
    return head + _with_question_marks(name) if _is_told(shape) else ""


def parent_shape(arn: str) -> str:
    """The ARN with the generated parts of what it lies in as wildcards too, or "" where nothing before its last name is
    generated: the `web` of each of `service/pr-12/web` and `service/pr-13/web` lies in a cluster of its own.

    Parts that AWS may have assigned stay as they are; below a generated parent an id stands for any.
    """
    arn, tail = split_tail(arn)
    fields = split_arn(arn)
    is_whole = fields[1:4] == ("s3", "", "") or _PATH.fullmatch(fields.name)  # these are shaped as paths anyhow
    if is_whole or fields.service in HANDS_OUT_RIGHTS or any(one in _UNNAMED_PART.sub("", arn) for one in "*?$"):
        return ""
    kind, *parts = _BETWEEN_PARTS.split(fields.name)
    shapes = list(_shapes_of_parts(parts))
    if shapes[:-1] == parts[:-1]:
        return ""
    return arn.removesuffix(fields.name) + "".join((kind, *shapes)) + tail


def _shapes_of_parts(parts: Sequence[str]) -> Iterator[str]:
    """Parts of a name, separators among them, each with what is generated as wildcards if something tells what it is:
    the part itself or one before it."""
    told = False
    for at, part in enumerate(parts):
        shape = with_stars(part)
        is_told = _has_stem(shape) or (told and (at == len(parts) - 1 or _WITHIN_PART.search(part) is not None))
        told = told or _has_stem(shape)
        is_id = at < len(parts) - 1 and ASSIGNED_ID.fullmatch(part)
        yield shape if is_told and not is_id else part


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

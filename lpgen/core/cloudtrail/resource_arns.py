"""ARNs from request parameters: the catalog's ARN formats, filled with the names in a call."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import Final
from urllib.parse import unquote

from lpgen.core.arns import is_account_id
from lpgen.core.cloudtrail.operation_rows import Binding
from lpgen.core.cloudtrail.rules.call import Call
from lpgen.core.cloudtrail.rules.resources import is_literal, resource_from_arn
from lpgen.core.model import Resource, ResourceKind

_HOSTS: Final = (".amazonaws.com", ".amazonaws.com.cn")
_FARTHEST: Final = 3  # of the labels of a host: `s3.dualstack.us-east-1`


def object_arn_from_url(url: str, partition: str) -> str:
    """The ARN of the object that a URL points to (virtual-hosted, path-style or `s3://`), or "" for any other URL.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
    """
    scheme, _, place = url.partition("://")
    host, _, path = place.partition("/")
    bucket, key = host, path
    if scheme.lower() in ("http", "https"):
        bucket, key = _split_place(host.lower().partition(":")[0], unquote(path.partition("?")[0]))
    elif scheme.lower() != "s3":
        return ""
    return f"arn:{partition}:s3:::{bucket}/{key}" if bucket and key else ""


def _split_place(host: str, path: str) -> tuple[str, str]:
    """The bucket and key in a host and path, or two empty strings if it isn't a host of S3."""
    name = next((host.removesuffix(end) for end in _HOSTS if host.endswith(end)), "")
    labels = name.split(".")
    for at in reversed(range(max(0, len(labels) - _FARTHEST), len(labels))):
        if labels[at] == "s3" or labels[at].startswith("s3-"):
            if at and labels[at] != "s3-accesspoint":
                return ".".join(labels[:at]), path
            bucket, _, key = path.partition("/")
            return ("", "") if at else (bucket, key)
    return "", ""


_PLACEHOLDER: Final = re.compile(r"\$\{([^}]*)\}")
_CONTEXT: Final = frozenset({"partition", "region", "account", "accountid"})
_SHARED: Final = "own|*"
_SEPARATOR: Final = re.compile("[/:]")
_ARN_KEY: Final = re.compile(r"arns?(?:list)?$", re.IGNORECASE)
_ANY_NAME: Final = frozenset({"ResourceId", "TaskSetId"})  # can be a name or path: `ecs-svc/123`
_OPEN: Final = "*"
_WHOLE: Final = "arn:"
_LOWER: Final = "lower:"
_RESPONSE: Final = "response:"
_URL: Final = "url:"
_LAST: Final = "last:"
_ADDITIONAL: Final = "additional:"
_MARKS: Final = (_ADDITIONAL, _LAST, _LOWER, _RESPONSE, _URL)
_OPEN_END: Final = re.compile(r"\$\{[^}]*\}(?:[/:]\$\{[^}]*\})+$")
_MOST_ARNS: Final = 1000  # of one binding; AWS limits calls to a few hundred

Part = tuple[str, str]
"""A part of an ARN format: literal text and the placeholder after it, or "" at the end."""


@dataclass(frozen=True, slots=True)
class ArnTemplate:
    """A parsed ARN format. `free` are the placeholders other than the call's partition, Region and account."""

    parts: tuple[Part, ...]
    free: tuple[str, ...]

    def fill(self, call: Call, values: dict[str, str]) -> str:
        """The ARN in the call's partition, Region and account. A placeholder without a value becomes `*`."""
        text = ""
        for literal, name in self.parts:
            text += literal
            if name:
                text += values[name] if name in values else _default_value(call, name)
        return text


def template_from_format(arn_format: str) -> ArnTemplate:
    """The parsed form of an ARN format such as `arn:${Partition}:sqs:${Region}:${Account}:${QueueName}`."""
    parts: list[Part] = []
    end = 0
    for match in _PLACEHOLDER.finditer(arn_format):
        parts.append((arn_format[end : match.start()], match[1]))
        end = match.end()
    parts.append((arn_format[end:], ""))
    named = arn_format[_name_start(arn_format) :]
    names = (name for _, name in parts if name and (name.lower() not in _CONTEXT or f"${{{name}}}" in named))
    return ArnTemplate(tuple(parts), tuple(names))


def _default_value(call: Call, name: str) -> str:
    """The value of a placeholder that no parameter fills: the call's partition, Region or account, or `*`."""
    place = {"partition": call.partition, "region": call.region, "account": call.account, "accountid": call.account}
    return place.get(name.lower(), _OPEN)


@dataclass(frozen=True, slots=True)
class Parameter:
    """The request texts that fill a placeholder: those at all `paths`, or `default` if the call has none. `mark` is the
    prefix before the paths in a binding. `start` is how a text must start to count, unless it is an ARN."""

    paths: tuple[tuple[str, ...], ...]
    default: str | None = None
    mark: str = ""
    start: str = ""

    @property
    def holds_arn(self) -> bool:
        """Whether it has only ARNs, according to its name or mark."""
        named = self.default is None and all(_ARN_KEY.search(path[-1]) for path in self.paths)
        return named or self.mark == _URL

    def texts(self, call: Call) -> tuple[str, ...]:
        """The texts that the call has there. If they can't be read, the default doesn't apply."""
        read = {_RESPONSE: call.shown, _ADDITIONAL: call.additional}.get(self.mark, call.texts)
        starts = (self.start, "arn:")
        found = tuple(text for path in self.paths for text in read(*path) if text.startswith(starts))
        if self.mark == _LAST:
            return tuple(text.rpartition("/")[2] for text in found)
        if self.mark == _LOWER:
            return tuple(text if text.startswith("arn:") else text.lower() for text in found)
        if self.mark == _URL:
            return tuple(arn for text in found if (arn := object_arn_from_url(text, call.partition)))
        if found or self.default is None or call.is_unread:
            return found
        return () if self.is_hidden(call) or any(call.has(*path) for path in self.paths) else (self.default,)

    def is_hidden(self, call: Call) -> bool:
        """Whether AWS hides the value in the request."""
        return self.mark not in (_RESPONSE, _ADDITIONAL) and any(call.hides(*path) for path in self.paths)


def parameter_from_text(text: str) -> Parameter:
    """The parameter from its text in a binding: `path`, `path|path`, `path~default` or `path^start`, with an optional
    mark before it."""
    text, _, start = text.partition("^")
    text, has_default, default = text.partition("~")
    mark = next((mark for mark in _MARKS if text.startswith(mark)), "")
    paths = tuple(tuple(path.split(".")) for path in text.removeprefix(mark).split("|"))
    return Parameter(paths, default if has_default else None, mark, start)


@dataclass(frozen=True, slots=True)
class Binder:
    """Reads the resources of one type from a call, by filling one of the type's formats.

    `paths` has the parameter for each free placeholder of `template`. If there is one placeholder, the parameter may
    also have a full ARN, which is used unchanged. If `whole` is set, only full ARNs count. `open` are the placeholders
    that the call doesn't show, and `named` the parameters that the call must have in that case. `shared`: the resource
    may belong to the caller's account or to any other. `owner`: the placeholders for the owner's account.
    """

    template: ArnTemplate
    paths: tuple[tuple[str, Parameter], ...]
    whole: bool = False
    open: tuple[str, ...] = ()
    named: tuple[tuple[str, ...], ...] = ()
    shared: bool = False
    owner: frozenset[str] = frozenset()

    def read(self, call: Call) -> Iterator[Resource]:
        """The resources that the call names this way, if every placeholder can be read. They are FOLDs if a part is
        open or the format has a wildcard."""
        yield from self._read(call)
        if self.shared:
            yield from self._read(call.of_any_account())

    def _read(self, call: Call) -> Iterator[Resource]:
        if self.named:
            named = [call.texts(*path) for path in self.named]
            arns = [text for texts in named for text in texts if text.startswith("arn:")]
            yield from (Resource(ResourceKind.ARN, arn) for arn in arns if is_literal(arn))
            if arns or not all(named):
                return
        if not self.paths:
            yield resource_from_arn(self.template.fill(call, dict.fromkeys(self.open, _OPEN)))
            return
        columns = (
            _owners(call, parameter) if name in self.owner else parameter.texts(call) for name, parameter in self.paths
        )
        for row in islice(product(*columns), _MOST_ARNS):
            if row[-1].startswith("arn:"):
                if is_literal(row[-1]):
                    yield Resource(ResourceKind.ARN, row[-1])
            elif not self.whole and is_literal("".join(row)):
                yield from self._fill(call, row)

    def hides(self, call: Call) -> bool:
        """Whether AWS hides a parameter that names a resource."""
        return any(parameter.is_hidden(call) for _, parameter in self.paths)

    def _fill(self, call: Call, row: tuple[str, ...]) -> Iterator[Resource]:
        parts = dict.fromkeys(self.open, _OPEN)
        for (name, _), text in zip(self.paths, row, strict=True):
            if text.startswith("arn:"):
                parts[name] = name_from_arn(text) or _OPEN
            elif "/" in text and name.endswith("Id") and name not in _ANY_NAME:
                return  # an alias or a path, not an id
            else:
                parts[name] = text
        yield resource_from_arn(self.template.fill(call, parts))


def _owners(call: Call, parameter: Parameter) -> tuple[str, ...]:
    """The accounts that the call names as owners, or else its own."""
    return tuple(text for text in parameter.texts(call) if is_account_id(text)) or (call.account,)


def name_from_arn(arn: str) -> str:
    """The name in a parent's ARN, which services accept in place of the parent's id. "" if the name has several
    parts."""
    parts = _SEPARATOR.split(arn.split(":", 5)[-1])
    return parts[1] if len(parts) == 2 else ""


def binders_from_binding(binding: Binding, formats: Sequence[str]) -> tuple[Binder, ...]:
    """The binders that read a resource type's ARNs from a call, in order of preference."""
    if isinstance(binding, list):
        return tuple(binder for item in binding for binder in binders_from_binding(item, formats))
    templates = [template_from_format(text) for text in formats]
    if binding == _OPEN:
        return tuple(_binder_of_any(text) for text in formats[:1])
    if isinstance(binding, str):
        parameter = parameter_from_text(binding.removeprefix(_WHOLE))
        single = [template for template in templates if len(template.free) == 1]
        if binding.startswith(_WHOLE) or not single:
            return (Binder(templates[0], (("", parameter),), whole=True),) if templates else ()
        return (Binder(single[0], ((single[0].free[0], parameter),), whole=parameter.holds_arn),)
    for template in templates:
        if set(template.free) == {name for name in binding if name in template.free or name.lower() not in _CONTEXT}:
            return (_binder_from_parts(template, binding),)
    return ()


def _binder_of_any(arn_format: str) -> Binder:
    """The binder for any resource of a type. Several placeholders at the end of its format become one `*`."""
    place, name = arn_format[: _name_start(arn_format)], arn_format[_name_start(arn_format) :]
    template = template_from_format(place + _OPEN_END.sub(_OPEN, name))
    return Binder(template, (), open=template.free)


def _name_start(arn_format: str) -> int:
    """The index of the start of the ARN's last field."""
    return len(":".join(arn_format.split(":")[:5])) + 1


def _binder_from_parts(template: ArnTemplate, parts: dict[str, str]) -> Binder:
    """The binder for a binding that is an object. `*` leaves a part open; `*Parameter` does so if the call has that
    parameter.

    The account may have a path too, if a parameter can name another owner, or `*` if any account may own the resource.
    """
    shared = _SHARED in parts.values()
    parts = {name: text for name, text in parts.items() if text != _SHARED}
    opened = tuple(name for name, text in parts.items() if text.startswith(_OPEN))
    named = dict.fromkeys(parts[name].removeprefix(_OPEN) for name in opened)
    owner = parts.keys() - {*template.free}
    read = (name for name in (*sorted(owner), *template.free) if name not in opened)
    paths = tuple((name, parameter_from_text(parts[name])) for name in read)
    return Binder(
        template,
        paths,
        whole=bool(paths) and paths[-1][0] in template.free[-1:] and paths[-1][1].holds_arn,
        open=opened,
        named=tuple(tuple(text.split(".")) for text in named if text),
        shared=shared,
        owner=frozenset(owner),
    )

"""ARNs from request parameters: the catalog's ARN formats filled with what a call names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

from lpgen.core.events.operation_rows import Binding
from lpgen.core.events.rules.call import Call

_PLACEHOLDER: Final = re.compile(r"\$\{([^}]*)\}")
_CONTEXT: Final = frozenset({"partition", "region", "account", "accountid"})
_MOST_ARNS: Final = 1000  # of one binding; a call that names more is bounded by AWS at a few hundred

Part = tuple[str, str]
"""A piece of an ARN format: literal text and the placeholder after it, "" at the end."""


@dataclass(frozen=True, slots=True)
class ArnTemplate:
    """One ARN format, taken apart. `free` are the placeholders that the call's place doesn't fill."""

    parts: tuple[Part, ...]
    free: tuple[str, ...]

    def fill(self, call: Call, values: dict[str, str]) -> str:
        """The ARN in the call's partition, region and account; a placeholder without a value becomes `*`."""
        text = ""
        for literal, name in self.parts:
            text += literal
            if name:
                text += _context_value(call, name) if name.lower() in _CONTEXT else values.get(name, "*")
        return text


def template_from_format(arn_format: str) -> ArnTemplate:
    """An ARN format such as `arn:${Partition}:sqs:${Region}:${Account}:${QueueName}`, taken apart."""
    parts: list[Part] = []
    end = 0
    for match in _PLACEHOLDER.finditer(arn_format):
        parts.append((arn_format[end : match.start()], match[1]))
        end = match.end()
    parts.append((arn_format[end:], ""))
    names = tuple(name for _, name in parts if name and name.lower() not in _CONTEXT)
    return ArnTemplate(tuple(parts), names)


def is_literal(text: str) -> bool:
    """Whether a text stands for itself in a policy: no wildcard and no policy variable, which a logged name may hold.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
    """
    return not ("*" in text or "?" in text or "${" in text)


def _context_value(call: Call, name: str) -> str:
    key = name.lower()
    if key == "partition":
        return call.partition
    return call.region if key == "region" else call.account


@dataclass(frozen=True, slots=True)
class Binder:
    """Reads the resources of one type from a call: one way of filling one of the type's formats.

    `paths` gives each free placeholder of `template` the path of a parameter. With one placeholder the parameter may
    also hold a whole ARN, which is then taken as it stands.
    """

    template: ArnTemplate
    paths: tuple[tuple[str, tuple[str, ...]], ...]

    def arns(self, call: Call) -> Iterator[str]:
        """The ARNs that the call names this way, as far as every placeholder can be read."""
        if not self.paths:
            yield self.template.fill(call, {})
            return
        columns = [call.texts(*path) for _, path in self.paths]
        if not all(columns):
            return
        for count, row in enumerate(product(*columns)):
            if count >= _MOST_ARNS:
                return
            whole = row[-1]
            if whole.startswith("arn:"):
                yield whole
            elif is_literal("".join(row)):
                names = (name for name, _ in self.paths)
                yield self.template.fill(call, dict(zip(names, row, strict=True)))


def binders_from_binding(binding: Binding, formats: Sequence[str]) -> tuple[Binder, ...]:
    """The ways of reading a resource type's ARNs from a call, in order of preference."""
    if isinstance(binding, list):
        return tuple(binder for item in binding for binder in binders_from_binding(item, formats))
    templates = [template_from_format(text) for text in formats]
    if isinstance(binding, str):
        path = _path(binding)
        single = [template for template in templates if len(template.free) == 1]
        if not single:  # only a whole ARN can be read from one parameter
            return (Binder(templates[0], (("", path),)),) if templates else ()
        return tuple(Binder(template, ((template.free[0], path),)) for template in single[:1])
    wanted = set(binding)
    for template in templates:
        if set(template.free) == wanted:
            return (Binder(template, tuple((name, _path(binding[name])) for name in template.free)),)
    return ()


def _path(text: str) -> tuple[str, ...]:
    return tuple(text.split("."))

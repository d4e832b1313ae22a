"""The analysis options in the digests of an output, and how to restore the options from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from datetime import date
from typing import Final, Literal

import msgspec

from lpgen.core.choices import ScopeChoice, keep_from_words, words_of_keep
from lpgen.core.digests import Inputs, OptionValue, PolicyFile, digest_of_facts
from lpgen.core.options import Options
from lpgen.errors import OutputError, quote_reason

CODE: Final = "as"
"""The option for the format of replacements in addition to JSON; "" for none."""

TRUST: Final = "trust"
"""The option to write narrowed trust policies too. It is missing if it isn't chosen."""


def digests_of_options(options: Options) -> dict[str, str]:
    """The digests of the content of the options' files, by the names of `Inputs`; "" without such a file."""
    # A report's own path isn't part of its content.
    reports = [replace(report, file="") for report in options.last_accessed]
    guards = (options.guards.boundary, options.guards.scps, options.guards.resource_policies)
    return {
        "snapshot": options.snapshot.name if options.snapshot else "",
        "guards": _digest(guards if any(guards) else None),
        "trails": _digest([options.trail_source, options.trails] if options.trails else None),
        "last_accessed": _digest(reports),
        "decisions": _digest(options.decisions),
        "github_ids": _digest(options.github_ids),
    }


def options_to_facts(options: Options, code: str = "") -> dict[str, OptionValue]:
    """The choices that change the generated output, as plain JSON values."""
    return {
        "keep_unobservable": words_of_keep(options.keep_unobservable),
        "scope": options.scope.value,
        "min_days": options.min_days,
        "max_risk": options.max_risk,
        "as_of": options.as_of.isoformat() if options.as_of else None,
        "inline": options.inline,
        "principal": options.principal,
        "attached_quota": options.attached_quota,
        CODE: code,
        **({TRUST: True} if options.trust else {}),
    }


def unusual_choices(facts: Mapping[str, OptionValue]) -> tuple[str, ...]:
    """The choices that differ from the defaults, such as `min days 1`, in the order of `options_to_facts`."""
    usual = {**options_to_facts(Options()), TRUST: False}
    names = [name for name in usual if name in facts and facts[name] != usual[name]]
    return tuple(f"{name.replace('_', ' ')} {facts[name]}" for name in names)


def options_from_facts(facts: Mapping[str, OptionValue], options: Options) -> tuple[Options, str]:
    """The options with the choices of `options_to_facts`, and the format of the code.

    Raises:
        OutputError: a choice is missing, unknown or has the wrong type.
    """
    try:
        chosen = msgspec.structs.asdict(msgspec.convert(facts, _Choices, strict=True))
        keep = keep_from_words(chosen.pop("keep_unobservable").split(" "))
    except (msgspec.ValidationError, ValueError) as error:
        raise OutputError(f"can't read the options of an output: {quote_reason(error)}") from error
    code = chosen.pop("code")
    return replace(options, keep_unobservable=keep, **chosen), code


class _Choices(msgspec.Struct, forbid_unknown_fields=True):
    """The choices in `Options`, and the format of the code."""

    keep_unobservable: str
    scope: ScopeChoice
    min_days: int
    max_risk: float | None
    as_of: date | None
    inline: bool
    principal: str
    attached_quota: int
    code: Literal["", "terraform", "cloudformation"] = msgspec.field(name=CODE)
    trust: bool = False


def changed_inputs(then: Inputs, now: Inputs) -> tuple[str, ...]:
    """The names of the inputs that differ, in the order of `Inputs`. Files may be in other folders."""
    pairs = ((field.name, getattr(then, field.name), getattr(now, field.name)) for field in fields(Inputs))
    return tuple(
        name.replace("_", " ")
        for name, before, after in pairs
        if (_named_digests(before) != _named_digests(after) if name == "policies" else before != after)
    )


def _named_digests(files: Iterable[PolicyFile]) -> list[tuple[str, str]]:
    """The digests of files with their names, without their folders."""
    return sorted((file.file.replace("\\", "/").rpartition("/")[2], file.sha256) for file in files)


def _digest(value: object) -> str:
    return digest_of_facts(msgspec.to_builtins(value)) if value else ""

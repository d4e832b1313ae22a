"""The parts of an analysis's options that enter the digests of an output, and how to restore the options from there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Final, Literal

import msgspec

from lpgen.core.choices import ScopeChoice, keep_from_words, words_of_keep
from lpgen.core.digests import Inputs, OptionValue, digest_of_facts
from lpgen.core.options import Options
from lpgen.errors import OutputError, quote_reason

CODE: Final = "as"
"""The option for the form in which the replacements are written in addition to JSON; "" for none."""


def digests_of_options(options: Options) -> dict[str, str]:
    """The digests of the content of the options' files, by the names of `Inputs`; "" where there is no such file."""
    # A report's own path isn't part of its content.
    reports = [replace(report, file="") for report in options.last_accessed]
    guards = (options.guards.boundary, options.guards.scps, options.guards.resource_policies)
    return {
        "snapshot": options.snapshot.name if options.snapshot else "",
        "guards": _digest(guards if any(guards) else None),
        "trails": _digest([options.trail_source, options.trails] if options.trails else None),
        "last_accessed": _digest(reports),
        "decisions": _digest(options.decisions),
    }


def options_to_facts(options: Options, code: str = "") -> dict[str, OptionValue]:
    """The choices that change the generated output, as plain JSON values."""
    return {
        "keep_unobservable": words_of_keep(options.keep_unobservable),
        "scope": options.scope.value,
        "min_days": options.min_days,
        "max_expected_denials": options.max_expected_denials,
        "as_of": options.as_of.isoformat() if options.as_of else None,
        "inline": options.inline,
        "principal": options.principal,
        "attached_quota": options.attached_quota,
        CODE: code,
    }


def unusual_choices(facts: Mapping[str, OptionValue]) -> tuple[str, ...]:
    """The choices that differ from the defaults, in words such as `min days 1`, in the order of `options_to_facts`."""
    usual = options_to_facts(Options())
    names = [name for name in usual if name in facts and facts[name] != usual[name]]
    return tuple(f"{name.replace('_', ' ')} {facts[name]}" for name in names)


def options_from_facts(facts: Mapping[str, OptionValue], options: Options) -> tuple[Options, str]:
    """The options with the choices of `options_to_facts`, and the form of the code.

    Raises:
        OutputError: a choice is missing, unknown or has the wrong type.
    """
    try:
        chosen = msgspec.convert(facts, _Choices, strict=True)
        keep = keep_from_words(chosen.keep_unobservable.split(" "))
    except (msgspec.ValidationError, ValueError) as error:
        raise OutputError(f"can't read the options of an output: {quote_reason(error)}") from error
    return (
        replace(
            options,
            keep_unobservable=keep,
            scope=chosen.scope,
            min_days=chosen.min_days,
            max_expected_denials=chosen.max_expected_denials,
            as_of=chosen.as_of,
            inline=chosen.inline,
            principal=chosen.principal,
            attached_quota=chosen.attached_quota,
        ),
        chosen.code,
    )


class _Choices(msgspec.Struct, forbid_unknown_fields=True):
    keep_unobservable: str
    scope: ScopeChoice
    min_days: int
    max_expected_denials: float | None
    as_of: date | None
    inline: bool
    principal: str
    attached_quota: int
    code: Literal["", "terraform", "cloudformation"] = msgspec.field(name=CODE)


def changed_inputs(then: Inputs, now: Inputs) -> tuple[str, ...]:
    """The names of the inputs that differ, in words, in the order of `Inputs`. Files may be in other folders."""
    pairs = {
        "lpgen version": (then.lpgen_version, now.lpgen_version),
        "catalog": (then.catalog, now.catalog),
        "usage": (then.usage, now.usage),
        "policies": (_named_digests(then), _named_digests(now)),
        "snapshot": (then.snapshot, now.snapshot),
        "guards": (then.guards, now.guards),
        "trails": (then.trails, now.trails),
        "last accessed": (then.last_accessed, now.last_accessed),
        "decisions": (then.decisions, now.decisions),
        "options": (then.options, now.options),
    }
    return tuple(name for name, (one, other) in pairs.items() if one != other)


def _named_digests(inputs: Inputs) -> list[tuple[str, str]]:
    """The digests of the policies' files with their names, without their folders."""
    return sorted((policy.file.replace("\\", "/").rpartition("/")[2], policy.sha256) for policy in inputs.policies)


def _digest(value: object) -> str:
    return digest_of_facts(msgspec.to_builtins(value)) if value else ""

"""Defaults that a team or a person sets once: `LPGEN_*` variables and the file `lpgen.toml` of the current folder.

An option on the command line comes first, then the variable, then the file.

INVARIANT: The author of a folder wrote its `lpgen.toml`, so the file may make lpgen stricter, never less strict. Only
the command line and the environment can hide use, accept a doubt, or choose what lpgen trusts.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from lpgen.core.choices import ENOUGH_DAYS, MAX_RISK
from lpgen.errors import InvocationError, quote_input, quote_reason

_SETTINGS_FILE: Final = Path("lpgen.toml")
_LARGEST_FILE: Final = 100_000


class _ValueKind(StrEnum):
    PATH = "a path"
    TEXT = "a string"
    NUMBER = "a whole number"
    SHARE = "a share from 0 to 1"


@dataclass(frozen=True, slots=True)
class _Setting:
    """A default: its key in the file, the parameter of commands that it sets, and its purpose.

    `option` is how the command line gives it. `risk` says why the file can't set it, or "". `trusting` commands ignore
    the file's value, because they trust something because of it. A number is at least the default, a share at most.
    """

    key: str
    parameter: str
    kind: _ValueKind
    help: str
    option: str
    default: str = ""
    commands: frozenset[str] = frozenset()
    trusting: frozenset[str] = frozenset()
    risk: str = ""

    @property
    def variable(self) -> str:
        """The environment variable, such as `LPGEN_MIN_DAYS`."""
        return f"LPGEN_{self.key.upper().replace('-', '_')}"

    def applies_to(self, command: str, parameter: str) -> bool:
        """Whether it sets a parameter of a command. No `commands` means all that have the parameter."""
        return self.parameter == parameter and (not self.commands or command in self.commands)


SETTINGS: Final = (
    _Setting("data", "data", _ValueKind.PATH, "The data folder.", "--data DIR", trusting=frozenset({"verify", "plan"})),
    _Setting(
        "logs",
        "paths",
        _ValueKind.TEXT,
        "What `lpgen ingest` reads.",
        "the paths",
        commands=frozenset({"ingest"}),
        risk="it chooses what is read with your credentials and counts as use",
    ),
    _Setting(
        "accounts",
        "account",
        _ValueKind.TEXT,
        "The accounts to ingest.",
        "--account ID",
        commands=frozenset({"ingest"}),
        risk="use in the logs of other accounts would be missed",
    ),
    _Setting(
        "decisions",
        "decisions",
        _ValueKind.PATH,
        "The decisions file.",
        "--decisions FILE",
        risk="decisions can make replacements count as safe",
    ),
    _Setting(
        "min-days",
        "min_days",
        _ValueKind.NUMBER,
        "How many covered days a replacement needs before it can be called safe.",
        "--min-days DAYS",
        str(ENOUGH_DAYS),
    ),
    _Setting(
        "max-risk",
        "max_risk",
        _ValueKind.SHARE,
        "The highest risk of a denial within 30 days that a safe replacement has.",
        "--max-risk SHARE",
        str(MAX_RISK),
    ),
    _Setting("fail-on", "fail_on", _ValueKind.TEXT, "The severity of drift that exits with 1.", "--fail-on SEVERITY"),
)


def setting_of(command: str, parameter: str) -> _Setting | None:
    """The setting that gives a parameter of a command its default, if there is one."""
    return next((setting for setting in SETTINGS if setting.applies_to(command, parameter)), None)


def defaults_from_file(command: str) -> dict[str, Any]:
    """The defaults by parameter that `lpgen.toml` gives a command. Empty without a file.

    Settings that a trusting command ignores are left out.

    Raises:
        InvocationError: the file can't be read, or a key or a value is wrong.
    """
    values = read_settings()
    return {
        setting.parameter: values[setting.key]
        for setting in SETTINGS
        if setting.key in values and setting.applies_to(command, setting.parameter) and command not in setting.trusting
    }


def refuse_missing(command: str, parameter: str) -> None:
    """Refuse a trusting command without a parameter that `lpgen.toml` sets.

    Raises:
        InvocationError: it lacks one.
    """
    setting = setting_of(command, parameter)
    if setting is not None and command in setting.trusting and setting.key in read_settings():
        raise InvocationError(
            f"`{setting.option}` is missing: `{_SETTINGS_FILE}` can't choose what lpgen trusts",
            hint=f"give it on the command line, or set {setting.variable}",
        )


def chosen_settings() -> list[tuple[str, str, str, str]]:
    """Every setting of the next command: its key, its value, where the value comes from, and its variable.

    Raises:
        InvocationError: as `defaults_from_file`.
    """
    values = read_settings()
    return [(setting.key, *_value_and_origin(setting, values), setting.variable) for setting in SETTINGS]


def _value_and_origin(setting: _Setting, values: Mapping[str, Any]) -> tuple[str, str]:
    given = os.environ.get(setting.variable)
    if given:
        return given, setting.variable
    if setting.key in values:
        return str(values[setting.key]), f"./{_SETTINGS_FILE}"
    return setting.default, "lpgen" if setting.default else "not set"


def read_settings() -> dict[str, Any]:
    """The values of `lpgen.toml` by key. Empty without a file.

    Raises:
        InvocationError: the file can't be read, or a key or a value is wrong.
    """
    if not os.path.lexists(_SETTINGS_FILE):
        return {}
    try:
        if not _SETTINGS_FILE.is_file() or _SETTINGS_FILE.stat().st_size > _LARGEST_FILE:
            raise InvocationError(f"`{_SETTINGS_FILE}` is not a settings file")
        loaded = tomllib.loads(_SETTINGS_FILE.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise InvocationError(f"can't read `{_SETTINGS_FILE}`: {quote_reason(error)}") from error
    known = {setting.key: setting for setting in SETTINGS}
    for key, value in loaded.items():
        if key not in known:
            near = get_close_matches(key, known, 1)
            hint = f"did you mean `{near[0]}`?" if near else f"the keys are {', '.join(known)}"
            raise InvocationError(f"`{_SETTINGS_FILE}`: {quote_input(key)} is not a setting", hint=hint)
        _refuse_wrong(known[key], value)
    return loaded


def _refuse_wrong(setting: _Setting, value: Any) -> None:
    elsewhere = f"give {setting.option} on the command line, or set {setting.variable}"
    if setting.risk:
        raise InvocationError(f"`{_SETTINGS_FILE}` can't set `{setting.key}`: {setting.risk}", hint=elsewhere)
    kind = setting.kind
    if not _has_kind(value, kind):
        raise InvocationError(f"`{_SETTINGS_FILE}`: `{setting.key}` must be {kind}")
    if kind is _ValueKind.NUMBER and value < int(setting.default):
        _refuse_looser(setting, value, "less than", "raise it; to lower it")
    if kind is _ValueKind.SHARE and value > float(setting.default):
        _refuse_looser(setting, value, "more than", "lower it; to raise it")
    if kind is _ValueKind.PATH and not Path(value).resolve().is_relative_to(Path.cwd().resolve()):
        raise InvocationError(
            f"`{_SETTINGS_FILE}`: {quote_input(value)} of `{setting.key}` is outside the folder",
            hint=f"{elsewhere}: somebody else may have written the file",
        )


def _has_kind(value: Any, kind: _ValueKind) -> bool:
    if isinstance(value, bool):
        return False
    if kind is _ValueKind.SHARE:
        return isinstance(value, int | float) and 0 <= value <= 1
    return isinstance(value, int if kind is _ValueKind.NUMBER else str)


def _refuse_looser(setting: _Setting, value: float, beyond: str, can: str) -> None:
    raise InvocationError(
        f"`{_SETTINGS_FILE}`: `{setting.key}` is {value}, {beyond} lpgen's default of {setting.default}",
        hint=f"the file can only {can}, delete the line, and give --{setting.key} {value} on the command line or set"
        f" {setting.variable}",
    )

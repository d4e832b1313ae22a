"""Defaults that a team or a person sets once: `LPGEN_*` variables and the file `lpgen.toml` of the current folder.

An option on the command line counts first, then the variable, then the file. Whoever wrote a checkout wrote its
`lpgen.toml`: it can't agree to anything for the user, and its paths can't leave the folder.
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

from lpgen.errors import InvocationError, quote_input, quote_reason

SETTINGS_FILE: Final = Path("lpgen.toml")
_LARGEST_FILE: Final = 100_000


class _Kind(StrEnum):
    PATH = "a path"
    TEXT = "a text"
    TEXTS = "a list of texts"
    NUMBER = "a whole number"


@dataclass(frozen=True, slots=True)
class Setting:
    """A default: its key in the file, the parameter of commands that it sets, and what it is for."""

    key: str
    parameter: str
    kind: _Kind
    help: str
    default: str = ""
    commands: frozenset[str] = frozenset()

    @property
    def variable(self) -> str:
        """The environment variable, such as `LPGEN_MIN_DAYS`."""
        return f"LPGEN_{self.key.upper().replace('-', '_')}"

    def applies_to(self, command: str, parameter: str) -> bool:
        """Whether it sets a parameter of a command. No `commands` means all that have the parameter."""
        return self.parameter == parameter and (not self.commands or command in self.commands)


SETTINGS: Final = (
    Setting("data", "data", _Kind.PATH, "The data folder."),
    Setting("logs", "paths", _Kind.TEXTS, "What `lpgen ingest` reads.", commands=frozenset({"ingest"})),
    Setting("accounts", "account", _Kind.TEXTS, "The accounts to ingest.", commands=frozenset({"ingest"})),
    Setting("decisions", "decisions", _Kind.PATH, "The decisions file."),
    Setting("min-days", "min_days", _Kind.NUMBER, "How many covered days make a removal sure enough.", "90"),
    Setting("fail-on", "fail_on", _Kind.TEXT, "The severity of drift that exits with 1."),
)


@dataclass(frozen=True, slots=True)
class Chosen:
    """A setting with its value and where that comes from."""

    setting: Setting
    value: str
    origin: str


def setting_of(command: str, parameter: str) -> Setting | None:
    """The setting that gives a parameter of a command its default, if there is one."""
    return next((one for one in SETTINGS if one.applies_to(command, parameter)), None)


def defaults_from_file(command: str) -> dict[str, Any]:
    """The defaults by parameter that `lpgen.toml` gives a command; none without a file.

    Raises:
        InvocationError: the file can't be read, or a key or a value is wrong.
    """
    values = read_settings()
    return {
        one.parameter: values[one.key]
        for one in SETTINGS
        if one.key in values and one.applies_to(command, one.parameter)
    }


def chosen_settings() -> list[Chosen]:
    """Every setting as the next command would take it.

    Raises:
        InvocationError: as `defaults_from_file`.
    """
    values = read_settings()
    return [_chosen(one, values) for one in SETTINGS]


def _chosen(setting: Setting, values: Mapping[str, Any]) -> Chosen:
    given = os.environ.get(setting.variable)
    if given:
        return Chosen(setting, given, setting.variable)
    if setting.key in values:
        value = values[setting.key]
        return Chosen(setting, " ".join(value) if isinstance(value, list) else str(value), f"./{SETTINGS_FILE}")
    return Chosen(setting, setting.default, "lpgen" if setting.default else "not set")


def read_settings() -> dict[str, Any]:
    """The values of `lpgen.toml` by key; none without a file.

    Raises:
        InvocationError: the file can't be read, or a key or a value is wrong.
    """
    if not os.path.lexists(SETTINGS_FILE):
        return {}
    try:
        if not SETTINGS_FILE.is_file() or SETTINGS_FILE.stat().st_size > _LARGEST_FILE:
            raise InvocationError(f"`{SETTINGS_FILE}` is no file of settings")
        loaded = tomllib.loads(SETTINGS_FILE.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise InvocationError(f"can't read `{SETTINGS_FILE}`: {quote_reason(error)}") from error
    known = {one.key: one for one in SETTINGS}
    for key, value in loaded.items():
        if key not in known:
            near = get_close_matches(key, known, 1)
            hint = f"did you mean `{near[0]}`?" if near else f"the keys are {', '.join(known)}"
            raise InvocationError(f"`{SETTINGS_FILE}`: {quote_input(key)} is no setting", hint=hint)
        _refuse_wrong(known[key], value)
    return loaded


def _refuse_wrong(setting: Setting, value: Any) -> None:
    kind = setting.kind
    if kind is _Kind.NUMBER:
        is_right = isinstance(value, int) and not isinstance(value, bool)
    elif kind is _Kind.TEXTS:
        is_right = isinstance(value, list) and all(isinstance(one, str) for one in value)
    else:
        is_right = isinstance(value, str)
    if not is_right:
        raise InvocationError(f"`{SETTINGS_FILE}`: `{setting.key}` must be {kind}")
    if kind is _Kind.PATH and not Path(value).resolve().is_relative_to(Path.cwd().resolve()):
        raise InvocationError(
            f"`{SETTINGS_FILE}`: {quote_input(value)} of `{setting.key}` leaves the folder",
            hint=f"set {setting.variable} or give the option: the file may be another person's",
        )

"""Reads back the kept actions that a plan of `lpgen observe` was to decide."""

from __future__ import annotations

from pathlib import Path

import msgspec

from lpgen.core.model import Action
from lpgen.core.observe.open_uses import Promise
from lpgen.core.schemas import OBSERVE_SCHEMA, check_schema
from lpgen.errors import DataError, quote_reason


class _Use(msgspec.Struct):
    principal: str
    action: str


class _Account(msgspec.Struct):
    decides: tuple[_Use, ...]


class _Plan(msgspec.Struct):
    accounts: tuple[_Account, ...]


def read_promises(path: Path) -> tuple[Promise, ...]:
    """The promises of a plan that `lpgen observe --format json` printed, sorted.

    Raises:
        DataError: the file can't be read, or holds something else.
    """
    try:
        content = path.read_bytes()
        check_schema(content, OBSERVE_SCHEMA, str(path), error=DataError, hint="run `lpgen observe` again")
        plan = msgspec.json.decode(content, type=_Plan)
    except OSError as error:
        raise DataError(f"can't read `{path}`: {error.strerror or error}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(
            f"`{path}` is no plan of `lpgen observe`: {quote_reason(error)}",
            hint="give the file that `lpgen observe --format json` wrote",
        ) from error
    found = {Promise(one.principal, Action(one.action)) for account in plan.accounts for one in account.decides}
    return tuple(sorted(found))

"""The decisions file: TOML (or JSON) that a team keeps with its policies.

```toml
break-glass = ["emergency-*"]    # roles and users for emergencies: globs

[[decision]]
do = "keep"                      # keep, drop or accept
principal = "arn:aws:iam::111122223333:role/app"   # a glob; omitted: every principal
action = "s3:GetObject*"         # keep and drop: a glob over actions
resource = "arn:aws:s3:::backup/*"                 # a glob; omitted: any resource
since = 2026-01-01               # drop: only use from this day on ...
until = 2026-01-31               # ... to this day
item = "unmapped s3.amazonaws.com GetThing"        # accept: the item of a caveat, a glob
reason = "restore drill, twice a year"
owner = "storage team"
expires = 2027-06-30
```
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from lpgen.core.replacements import Decision, DecisionKind
from lpgen.edge.readers.json_files import DuplicateKeyError, refuse_duplicate_keys
from lpgen.errors import DecisionsError, quote_reason

_TEXTS: Final = ("principal", "action", "resource", "item", "reason", "owner")
_DAYS: Final = ("since", "until", "expires")
_BREAK_GLASS: Final = "break-glass"
_KINDS: Final = {kind.value: kind for kind in DecisionKind if kind is not DecisionKind.BREAK_GLASS}
_HINT: Final = (
    'such as, in TOML: decision = [{ do = "accept", principal = "arn:aws:iam::111122223333:role/app", item ='
    ' "young-principal", reason = "moved from another account", owner = "app team" }]'
)


def read_decisions(path: Path) -> tuple[Decision, ...]:
    """The decisions of a file, in file order.

    Raises:
        DecisionsError: the file can't be read, or an entry lacks a field or has an invalid one.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DecisionsError(f"can't read the decisions file `{path}`: {quote_reason(error)}", hint=_HINT) from error
    try:
        if path.suffix == ".json":
            refuse_duplicate_keys(text)
        loaded: Any = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except DuplicateKeyError as error:
        raise DecisionsError(f"`{path}`: {error}", hint=_HINT) from error
    except (ValueError, RecursionError) as error:
        form = "JSON" if path.suffix == ".json" else "TOML"
        raise DecisionsError(f"`{path}` is not valid {form}: {quote_reason(error)}", hint=_HINT) from error
    whole = loaded if isinstance(loaded, dict) else {"decision": loaded}
    entries = whole.get("decision", [] if _BREAK_GLASS in whole else None)
    if not isinstance(entries, list):
        raise DecisionsError(f"`{path}` has no list of decisions", hint=_HINT)
    decided = (_decision(entry, f"`{path}`, decision {number}") for number, entry in enumerate(entries, start=1))
    return (*_for_emergencies(whole.get(_BREAK_GLASS, []), path), *decided)


def _for_emergencies(names: Any, path: Path) -> Iterator[Decision]:
    if not isinstance(names, list) or not all(isinstance(name, str) and name.strip() for name in names):
        hint = f'such as {_BREAK_GLASS} = ["emergency-*"]'
        raise DecisionsError(f"`{path}`: `{_BREAK_GLASS}` must be a list of names", hint=hint)
    for name in names:
        yield Decision(DecisionKind.BREAK_GLASS, name.strip())


def _decision(entry: Any, place: str) -> Decision:
    if not isinstance(entry, dict):
        raise DecisionsError(f"{place}: not a table of fields", hint=_HINT)
    unknown = sorted(set(entry) - {"do", *_TEXTS, *_DAYS})
    if unknown:
        raise DecisionsError(f"{place}: unknown field `{unknown[0]}`", hint=_HINT)
    try:
        kind = _KINDS[entry.get("do", "")]
    except (KeyError, TypeError):
        raise DecisionsError(f"{place}: `do` must be keep, drop or accept", hint=_HINT) from None
    for name in ("reason", "owner", "item" if kind is DecisionKind.ACCEPT else "action"):
        if not _text(entry, name, place):
            raise DecisionsError(f"{place}: `{name}` is missing", hint=_HINT)
    if entry.get("expires") == "":
        raise DecisionsError(f"{place}: `expires` is empty", hint="write a date such as 2027-06-30, or delete the line")
    if kind is not DecisionKind.DROP and (entry.get("since") or entry.get("until")):
        raise DecisionsError(f"{place}: `since` and `until` are valid only with drop", hint=_HINT)
    texts = {name: _text(entry, name, place) for name in _TEXTS}
    return Decision(kind, **texts, **{name: _day(entry, name, place) for name in _DAYS})


def _text(entry: dict[str, Any], name: str, place: str) -> str:
    value = entry.get(name, "")
    if not isinstance(value, str):
        raise DecisionsError(f"{place}: `{name}` must be text", hint=_HINT)
    return value.strip()


def _day(entry: dict[str, Any], name: str, place: str) -> str:
    value = entry.get(name, "")
    if isinstance(value, datetime):
        value = value.date()
    if isinstance(value, date):
        return value.isoformat()
    try:
        return date.fromisoformat(value).isoformat() if value else ""
    except (TypeError, ValueError):
        raise DecisionsError(f"{place}: `{name}` must be a date such as 2026-06-30", hint=_HINT) from None

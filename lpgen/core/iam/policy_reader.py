"""Reads decoded policy documents strictly. Errors name the place."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, NoReturn
from urllib.parse import unquote

from lpgen.core.iam.condition_operator import operator_from_name
from lpgen.core.model import CURRENT_VERSION, LEGACY_VERSION, ActionPattern, Condition, Effect, Policy, Statement
from lpgen.errors import LpgenError, PolicyError, quote_input

_DOCUMENT_KEYS = frozenset(("Version", "Id", "Statement"))
_STATEMENT_KEYS = frozenset(
    ("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition")
)
_PRINCIPAL_TYPES = frozenset(("AWS", "Service", "Federated", "CanonicalUser"))
# The grammar allows only `"*"` and objects, but a single ARN or account id is unambiguous too.
_BARE_PRINCIPAL = re.compile(r"\*|[0-9]{12}|arn:[^\s]+")
_NUMBER_BOUND = 1e300  # larger numbers have no sensible text


# Characters that IAM doesn't accept unescaped in a document (above U+00FF), and control characters of terminals.
_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
_ESCAPED = re.compile(r"[\x7f-\x9f]|[^\x00-\xff]")


def document_json(value: object, *, indent: int | None = None) -> str:
    """The JSON of a decoded value, in the original key order."""
    if indent is None:
        text = _COMPACT.encode(value)
    else:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ": "), indent=indent, allow_nan=False)
    if text.isascii() and "\x7f" not in text:
        return text
    return _ESCAPED.sub(lambda found: json.dumps(found.group())[1:-1] if found.group() > "\x7f" else "\\u007f", text)


def decode_strictly(text: str | bytes, error: Callable[[str], LpgenError]) -> Any:
    """The value of a JSON text. Duplicate names in an object, NaN and infinity raise the given error.

    Raises:
        ValueError: it isn't JSON.
    """

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in pairs:
            if name in found:
                raise error(f"the element {quote_input(name)} occurs twice in one block")
            found[name] = value
        return found

    def refuse(name: str) -> NoReturn:
        raise error(f"{quote_input(name)} is not JSON")

    return json.loads(text, object_pairs_hook=unique, parse_constant=refuse)


class PolicyReader:
    """Reads one document. It keeps the place for error messages."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._statement = ""

    def error(self, problem: str) -> PolicyError:
        """The error that names this document and statement."""
        return PolicyError(f"policy {quote_input(self._place)}{self._statement}: {problem}")

    def decode(self, document: bytes | str) -> Mapping[str, Any]:
        """The object in a JSON text, percent-encoded or plain."""
        try:
            text = document.decode() if isinstance(document, bytes) else document
            text = text.removeprefix("\ufeff").strip()
            if text.startswith("%"):
                text = unquote(text, errors="strict")
            decoded = decode_strictly(text, self.error)
        except (ValueError, RecursionError) as error:
            raise self.error(f"not readable as JSON ({quote_input(str(error))})") from error
        if not isinstance(decoded, dict):
            raise self.error("the document is not a JSON object")
        return decoded

    def read_document(self, document: Mapping[str, Any]) -> Policy:
        """The policy of a decoded document."""
        self._refuse_unknown(document, _DOCUMENT_KEYS)
        version = document.get("Version", LEGACY_VERSION)
        if version not in (LEGACY_VERSION, CURRENT_VERSION):
            raise self.error(f"the version {quote_input(str(version))} isn't one of IAM's")
        if not isinstance(document.get("Id", ""), str):
            raise self.error("`Id` is not a string")
        if "Statement" not in document:
            raise self.error("it has no `Statement`")
        written = document["Statement"]
        statements = written if isinstance(written, list | tuple) else [written]
        return Policy(
            version=version,
            statements=tuple(self.read_statement(statement, index) for index, statement in enumerate(statements)),
        )

    def read_statement(self, statement: object, index: int) -> Statement:
        """One statement of a decoded document."""
        self._statement = f", statement {index + 1}"
        if not isinstance(statement, dict):
            raise self.error("the statement is not an object")
        sid = statement.get("Sid", "")
        if not isinstance(sid, str):
            raise self.error("`Sid` is not a string")
        if sid:
            self._statement = f", statement {index + 1} ({quote_input(sid)})"
        self._refuse_unknown(statement, _STATEMENT_KEYS)
        effect = self._read_effect(statement)
        patterns, not_action = self._read_choice(statement, "Action")
        principals, not_principal = self._read_principals(statement)
        resources, not_resource = self._read_choice(statement, "Resource", required=principals is None)
        conditions = self._read_conditions(statement)
        return Statement(
            index=index,
            sid=sid,
            effect=effect,
            patterns=tuple(ActionPattern(pattern) for pattern in patterns),
            not_action=not_action,
            resources=resources,
            not_resource=not_resource,
            conditions=conditions,
            principals=principals,
            not_principal=not_principal,
            text=document_json(statement),
        )

    def _refuse_unknown(self, block: Mapping[str, Any], known: frozenset[str]) -> None:
        for name in block:
            if name not in known:
                raise self.error(f"IAM has no element {quote_input(str(name))} here")

    def _read_effect(self, statement: Mapping[str, Any]) -> Effect:
        written = statement.get("Effect")
        if not isinstance(written, str) or written not in tuple(Effect):
            raise self.error(f"`Effect` is {quote_input(str(written))}, neither Allow nor Deny")
        return Effect(written)

    def _read_choice(
        self, statement: Mapping[str, Any], name: str, *, required: bool = True
    ) -> tuple[tuple[str, ...], bool]:
        """The strings of an element or of its `Not` form, and whether it is the `Not` form."""
        inverse = "Not" + name
        if name in statement and inverse in statement:
            raise self.error(f"it has both `{name}` and `{inverse}`")
        if name in statement:
            return self._read_strings(statement[name], name), False
        if inverse in statement:
            values = self._read_strings(statement[inverse], inverse)
            if not values:
                raise self.error(f"`{inverse}` is empty, which would mean everything")
            return values, True
        if required:
            raise self.error(f"it has neither `{name}` nor `{inverse}`")
        return (), False

    def _read_strings(self, written: object, name: str) -> tuple[str, ...]:
        values = written if isinstance(written, list | tuple) else [written]
        for value in values:
            if not isinstance(value, str):
                raise self.error(f"`{name}` is neither a string nor a list of strings")
            if not value:
                raise self.error(f"`{name}` holds an empty string")
        return tuple(values)

    def _read_principals(self, statement: Mapping[str, Any]) -> tuple[tuple[tuple[str, str], ...] | None, bool]:
        if "Principal" in statement and "NotPrincipal" in statement:
            raise self.error("it has both `Principal` and `NotPrincipal`")
        name = "NotPrincipal" if "NotPrincipal" in statement else "Principal"
        if name not in statement:
            return None, False
        written = statement[name]
        if isinstance(written, str) and _BARE_PRINCIPAL.fullmatch(written):
            return (("AWS", written),), name == "NotPrincipal"
        if not isinstance(written, dict) or not written:
            raise self.error(f'`{name}` is neither "*" nor an object')
        self._refuse_unknown(written, _PRINCIPAL_TYPES)
        pairs = [(kind, value) for kind, values in written.items() for value in self._read_strings(values, name)]
        return tuple(sorted(set(pairs))), name == "NotPrincipal"

    def _read_conditions(self, statement: Mapping[str, Any]) -> tuple[Condition, ...]:
        block = statement.get("Condition", {})
        if not isinstance(block, dict):
            raise self.error("`Condition` is not an object")
        found: list[Condition] = []
        for operator, tests in block.items():
            if operator_from_name(str(operator)) is None:
                raise self.error(f"IAM has no condition operator {quote_input(str(operator))}")
            if not isinstance(tests, dict):
                raise self.error(f"the condition {quote_input(operator)} is not an object")
            found.extend(Condition(operator, key, self._read_values(values, key)) for key, values in tests.items())
        return tuple(sorted(found))

    def _read_values(self, written: object, key: str) -> tuple[str, ...]:
        values = written if isinstance(written, list | tuple) else [written]
        return tuple(sorted({self._read_value(value, key) for value in values}))

    def _read_value(self, value: object, key: str) -> str:
        if isinstance(value, str):
            return value
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int | float) and abs(value) < _NUMBER_BOUND:
            return str(value)
        raise self.error(f"a value of the condition key {quote_input(key)} is neither string, number nor Boolean")

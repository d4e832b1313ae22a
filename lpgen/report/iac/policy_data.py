"""Policy documents as `aws_iam_policy_document` data sources, where these can express them exactly.

The data source writes `&{…}` as `${…}`, which keeps Terraform from reading a policy variable as an interpolation. It
keeps no difference between one value and a list of one.
https://registry.terraform.io/providers/hashicorp/aws/latest/docs/data-sources/iam_policy_document
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any, Final

from lpgen.core.model import CURRENT_VERSION, LEGACY_VERSION
from lpgen.report.iac.hcl import Attribute, Block, hcl_list, hcl_string

_DOCUMENT_KEYS: Final = frozenset(("Version", "Statement"))
_STATEMENT_KEYS: Final = frozenset(("Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"))
_CHOICES: Final = (
    ("Action", "actions"),
    ("NotAction", "not_actions"),
    ("Resource", "resources"),
    ("NotResource", "not_resources"),
)


def policy_data_block(label: str, document: str) -> Block | None:
    """The data source for a JSON document, or None where it would say something else.

    That is so of a document without a version, numbers and truth values in conditions, empty lists, repeated Sids,
    principals, a literal `&{`, and text that Terraform would normalise.
    """
    decoded: dict[str, Any] = json.loads(document)
    statements = _list_of(decoded.get("Statement"))
    if not _is_sayable(decoded, statements):
        return None
    version = str(decoded["Version"])
    body: list[Attribute | Block] = [Attribute("version", hcl_string(version))]
    body += [Block("statement", (), tuple(_statement_body(one, version))) for one in statements]
    return Block("data", ("aws_iam_policy_document", label), tuple(body))


def _statement_body(statement: Mapping[str, Any], version: str) -> Iterator[Attribute | Block]:
    if statement.get("Sid"):
        yield Attribute("sid", hcl_string(statement["Sid"]))
    yield Attribute("effect", hcl_string(statement["Effect"]))
    for key, name in _CHOICES:
        if key in statement:
            takes_variables = key.endswith("Resource")
            values = (_value(one, version) if takes_variables else hcl_string(one) for one in _list_of(statement[key]))
            yield Attribute(name, hcl_list(values))
    for operator, tests in statement.get("Condition", {}).items():
        for key, found in tests.items():
            yield Block(
                "condition",
                (),
                (
                    Attribute("test", hcl_string(operator)),
                    Attribute("variable", hcl_string(key)),
                    Attribute("values", hcl_list(_value(one, version) for one in _list_of(found))),
                ),
            )


def _value(text: str, version: str) -> str:
    """A resource or a value; under the older version `${` is no variable, and the data source takes no `&{`."""
    return hcl_string(text.replace("${", "&{") if version == CURRENT_VERSION else text)


def _is_sayable(document: Mapping[str, Any], statements: list[Any]) -> bool:
    sids = [one.get("Sid") for one in statements if isinstance(one, dict) and one.get("Sid")]
    return (
        document.keys() == _DOCUMENT_KEYS
        and document["Version"] in (CURRENT_VERSION, LEGACY_VERSION)
        and bool(statements)
        and len(set(sids)) == len(sids)
        and all(map(_is_sayable_statement, statements))
        and all(map(_is_sayable_text, _texts_of(list(statements))))
    )


def _is_sayable_statement(statement: Any) -> bool:
    if not isinstance(statement, dict) or not statement.keys() <= _STATEMENT_KEYS or "Effect" not in statement:
        return False
    chosen = [_list_of(statement[key]) for key, _ in _CHOICES if key in statement]
    conditions = statement.get("Condition", {})
    values = [_list_of(found) for tests in conditions.values() for found in tests.values()]
    lists = (*chosen, *values)
    return (
        all(conditions.values())
        and all(lists)
        and all(isinstance(one, str) for found in lists for one in found)
        and all(len(set(found)) == len(found) for found in chosen)
    )


def _is_sayable_text(text: str) -> bool:
    surrogate = any("\ud800" <= one <= "\udfff" for one in text)
    return "&{" not in text and not surrogate and unicodedata.is_normalized("NFC", text)


def _texts_of(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield key
            yield from _texts_of(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts_of(one)


def _list_of(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]

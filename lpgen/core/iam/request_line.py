"""Decides one line of requests, and returns the line with the answer.

A line is a JSON object: `principal`, `action`, `resource`, `resourceAccount`, `context`, `identityPolicies`,
`permissionBoundaryPolicies`, `scps`, `rcps`, `resourcePolicy`, `sessionPolicy`, `vpcEndpointPolicies`,
`wildcardOnlyAction` and an `id` of any type that the answer repeats. A missing or null field means none. Other keys are
ignored. `context` is complete: the request has no other keys.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.globs.match import has_wildcard
from lpgen.core.iam.authorize import decide
from lpgen.core.iam.decision import AbsentKeys, AuthorizationDecision, Layer, PolicySet, Reason, Request, Result
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.iam.policy_reader import decode_strictly
from lpgen.core.model import NO_RESOURCE, UNKNOWN_RESOURCE, Policy, Resource, ResourceKind
from lpgen.errors import LpgenError, PolicyError, RequestError, quote_input


def decide_line(line: str | bytes, catalog: Catalog) -> dict[str, Any]:
    """The answer to one line: `id`, `result` and `reasons`, or `id` and `error` if the line can't be read.

    For an action that takes a resource, `*` means any resource, and an ARN with wildcards means any resource that it
    matches. If some of them are allowed and others denied, the answer is allowed.
    """
    answer: dict[str, Any] = {"id": None}
    try:
        fields = _decode(line)
        answer["id"] = _id(fields)
        decision = decide(_request(fields, catalog), _policy_set(fields))
    except LpgenError as error:
        return {**answer, "error": error.message}
    result = Result.ALLOWED if decision.result is Result.DEPENDS else decision.result
    return {**answer, "result": result.value, "reasons": _reasons(decision)}


# ---------------------------------------------------------------- reading


def _decode(line: str | bytes) -> dict[str, Any]:
    try:
        decoded = decode_strictly(line, RequestError)
    except (ValueError, RecursionError) as error:
        raise RequestError(f"the line can't be read as JSON ({quote_input(str(error))})") from error
    if not isinstance(decoded, dict):
        raise RequestError("the line is not a JSON object")
    return decoded


def _id(fields: Mapping[str, Any]) -> Any:
    """The line's id, which the answer repeats."""
    found = fields.get("id")
    if not (isinstance(found, str) and found.isascii()):
        try:
            json.dumps(found, ensure_ascii=False).encode()
        except UnicodeEncodeError:  # half of a surrogate pair, which can't be encoded
            raise RequestError("`id` has an invalid character") from None
    return found


_NO_TEXT = "is not a string, or is empty"
_NO_ALLOW = "no statement allows it"


def _text(fields: Mapping[str, Any], name: str, *, default: str | None = None) -> str:
    value = fields.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, str) or not value:
        problem = "is missing" if value is None else _NO_TEXT
        raise RequestError(f"{quote_input(name)} {problem}")
    return value


def _request(fields: Mapping[str, Any], catalog: Catalog) -> Request:
    action = _text(fields, "action")
    wildcard_only = fields.get("wildcardOnlyAction")
    if wildcard_only is None:
        known = catalog.canonical(action)
        wildcard_only = known is not None and catalog.takes_no_resource(known)
    if not isinstance(wildcard_only, bool):
        raise RequestError("`wildcardOnlyAction` is neither true nor false")
    return Request(
        principal=_text(fields, "principal"),
        action=action,
        resource=NO_RESOURCE if wildcard_only else _resource(_text(fields, "resource", default="*")),
        context=_context(fields.get("context")),
        absent_keys=AbsentKeys.MISSING,
        resource_account=_text(fields, "resourceAccount", default=""),
    )


def _resource(text: str) -> Resource:
    if text == "*":
        return UNKNOWN_RESOURCE
    return Resource(ResourceKind.FOLD if has_wildcard(text) else ResourceKind.ARN, text)


def _context(written: object) -> dict[str, tuple[str, ...]]:
    if written is None:
        return {}
    if not isinstance(written, dict):
        raise RequestError("`context` is not an object")
    lists = {key: value if isinstance(value, list) else [value] for key, value in written.items() if value is not None}
    return {key: tuple(_context_value(key, value) for value in values) for key, values in lists.items()}


def _context_value(key: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise RequestError(f"a value of the context key {quote_input(key)} is neither string, number nor Boolean")


def _policy_set(fields: Mapping[str, Any]) -> PolicySet:
    return PolicySet(
        identity=_policies(fields.get("identityPolicies"), "identityPolicies"),
        boundary=_policies(fields.get("permissionBoundaryPolicies"), "permissionBoundaryPolicies"),
        scps=_levels(fields.get("scps"), "scps"),
        rcps=_levels(fields.get("rcps"), "rcps"),
        resource=_policy(fields.get("resourcePolicy"), "resourcePolicy"),
        session=_policy(fields.get("sessionPolicy"), "sessionPolicy"),
        endpoint=_policies(fields.get("vpcEndpointPolicies"), "vpcEndpointPolicies"),
    )


def _policy(document: object, place: str) -> Policy | None:
    if document is None:
        return None
    if not isinstance(document, dict | str):
        raise PolicyError(f"policy {quote_input(place)}: the document is not a JSON object")
    return policy_from_json(document, place=place)


def _policies(documents: object, place: str) -> tuple[Policy, ...]:
    found = [_policy(document, inner) for document, inner in _list_items(documents, place, "policies")]
    return tuple(policy for policy in found if policy is not None)


def _levels(levels: object, place: str) -> tuple[tuple[Policy, ...], ...]:
    return tuple(_policies(level, inner) for level, inner in _list_items(levels, place, "levels"))


def _list_items(written: object, place: str, noun: str) -> Iterator[tuple[object, str]]:
    """The items of a list, each with its place."""
    if not isinstance(written, list | None):
        raise PolicyError(f"{quote_input(place)} is not a list of {noun}")
    return ((item, f"{place}[{index}]") for index, item in enumerate(written or ()))


# ---------------------------------------------------------------- answering


def _reasons(decision: AuthorizationDecision) -> list[dict[str, Any]]:
    """The reasons: AWS's own rule, or the statements, or the layers without an allow. Indexes start at 0."""
    if decision.rule:
        return [{"rule": decision.rule}]
    found = [_statement_reason(reason) for reason in decision.reasons]
    stops = [{**_layer(stop.layer, stop.level), "missing": _NO_ALLOW} for stop in decision.stops]
    return found + stops


def _statement_reason(reason: Reason) -> dict[str, Any]:
    return {
        **_layer(reason.layer, reason.level),
        "policy": reason.policy,
        "statement": reason.statement,
        "sid": reason.sid,
        "effect": reason.effect.value,
    }


def _layer(layer: Layer, level: int) -> dict[str, Any]:
    return {"layer": layer.value, **({"level": level} if layer in (Layer.SCP, Layer.RCP) else {})}

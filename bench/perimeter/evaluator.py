"""Decides whether a statement applies to a request, written from AWS's documentation only.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

Json = dict[str, Any]

ELEMENTS: Final = (
    *("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction"),
    *("Resource", "NotResource", "Condition"),
)
_ROOT: Final = re.compile(r"(?:arn:aws[a-z-]*:iam::)?(\d{12})(?::root)?")
_VARIABLE: Final = re.compile(r"\$\{([^}]*)\}")


@dataclass(frozen=True, slots=True)
class Request:
    """One request for one action on one resource; `context` has lower-case keys."""

    by: str  # the ARN of a role or user, "service:…" or "anonymous"
    action: str
    resource: str
    context: Mapping[str, tuple[str, ...]]


def as_list(value: Any) -> list[Any]:
    """A value of a policy as a list: policies leave the brackets out around one value."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def applies(statement: Json, request: Request, *, principal: bool = True) -> bool:
    """Whether a statement applies to a request; identity policies have no `principal`.

    Raises:
        ValueError: The statement has an element or an operator that IAM doesn't have.
    """
    if unknown := set(statement) - set(ELEMENTS):
        raise ValueError(f"no such elements: {', '.join(sorted(unknown))}")
    met = [
        is_met(
            operator, [_filled(_text(value), request) for value in as_list(values)], request.context.get(key.lower())
        )
        for operator, tests in statement.get("Condition", {}).items()
        for key, values in tests.items()
    ]
    return (
        all(met)
        and _action_matches(statement, request)
        and _resource_matches(statement, request)
        and (not principal or _principal_matches(statement, request))
    )


def denies(statements: Iterable[Json], request: Request) -> bool:
    """Whether a Deny among the statements of a resource policy applies to a request."""
    return any(applies(statement, request) for statement in statements if statement.get("Effect") == "Deny")


# ---- Elements


def _action_matches(statement: Json, request: Request) -> bool:
    if "NotAction" in statement:
        return not any(_glob(pattern, request.action, fold=True) for pattern in as_list(statement["NotAction"]))
    return any(_glob(pattern, request.action, fold=True) for pattern in as_list(statement.get("Action")))


def _resource_matches(statement: Json, request: Request) -> bool:
    if "NotResource" in statement:
        return not any(_glob(pattern, request.resource) for pattern in as_list(statement["NotResource"]))
    return any(_glob(pattern, request.resource) for pattern in as_list(statement.get("Resource", "*")))


def _principal_matches(statement: Json, request: Request) -> bool:
    if "NotPrincipal" in statement:
        return not _is_named(statement["NotPrincipal"], request)
    return _is_named(statement.get("Principal"), request)


def _is_named(principal: Any, request: Request) -> bool:
    if principal == "*":
        return True
    if not isinstance(principal, dict):
        return False
    kind = "Service" if request.by.startswith("service:") else "AWS"
    named = as_list(principal.get(kind))
    if "*" in named or "*" in as_list(principal.get("AWS")):  # `"*"` and `{"AWS": "*"}` both mean everybody
        return True
    if kind == "Service":
        return request.by.removeprefix("service:") in named
    accounts = {found.group(1) for value in named if (found := _ROOT.fullmatch(value))}
    return request.by in named or bool(accounts & set(request.context.get("aws:principalaccount", ())))


# ---- Conditions


def is_met(operator: str, values: Iterable[str], present: tuple[str, ...] | None) -> bool:
    """Whether a condition is met by the values of its key in the context, which are None if the key is absent.

    Raises:
        ValueError: IAM has no such operator.
    """
    quantifier, _, rest = operator.lower().rpartition(":")
    wanted = list(values)
    if rest == "null" and not quantifier:
        return (present is None) == (wanted == ["true"])
    name = rest.removesuffix("ifexists")
    plain = name.replace("not", "", 1)
    is_negated = "not" in name
    matcher = _MATCHERS.get(plain)
    if matcher is None or quantifier not in ("", "foranyvalue", "forallvalues") or name == "notbool":
        raise ValueError(f"no condition operator `{operator}`")
    if present is None:
        return rest.endswith("ifexists") or quantifier == "forallvalues" or (is_negated and not quantifier)
    met = [any(matcher(value, one) for one in wanted) != is_negated for value in present]
    return any(met) if quantifier == "foranyvalue" or (not quantifier and not is_negated) else all(met)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _filled(value: str, request: Request) -> str:
    def fill(found: re.Match[str]) -> str:
        if found.group(1) == "$":  # how a policy writes the character
            return "$"
        present = request.context.get(found.group(1).lower())
        return present[0] if present else found.group(0)

    return _VARIABLE.sub(fill, value)


def _arn_like(value: str, wanted: str) -> bool:
    """ArnEquals and ArnLike behave identically; each of the six parts is compared for itself."""
    parts, patterns = value.split(":", 5), wanted.split(":", 5)
    return len(parts) == len(patterns) == 6 and all(map(_glob, patterns, parts))


def _is_within(value: str, wanted: str) -> bool:
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(wanted, strict=False)
    except ValueError:
        return False


_MATCHERS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "stringequals": lambda value, wanted: value == wanted,
    "stringequalsignorecase": lambda value, wanted: value.lower() == wanted.lower(),
    "stringlike": lambda value, wanted: _glob(wanted, value),
    "arnequals": _arn_like,
    "arnlike": _arn_like,
    "bool": lambda value, wanted: value.lower() == wanted.lower(),
    "ipaddress": _is_within,
}


def _glob(pattern: str, text: str, *, fold: bool = False) -> bool:
    return _compiled(pattern, fold).fullmatch(text) is not None


@cache
def _compiled(pattern: str, fold: bool) -> re.Pattern[str]:
    body = "".join({"*": ".*", "?": "."}.get(letter) or re.escape(letter) for letter in pattern)
    return re.compile(body, re.DOTALL | (re.IGNORECASE if fold else 0))

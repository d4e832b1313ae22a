"""Decides requests by role trust policies, written from AWS's documentation only.

For an account as `Principal`, the referee assumes that the caller's own permissions allow the call.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from typing import Any, Final, TypeAlias

Json: TypeAlias = dict[str, Any]
Fact: TypeAlias = tuple[str, ...]
"""Something that no record shows: that a condition is met, or that the caller is a principal that a policy names."""

_ACCOUNT_ROOT: Final = re.compile(r"(?:arn:aws[a-z-]*:iam::)?(\d{12})(?::root)?")
_VARIABLE: Final = re.compile(r"\$\{([^}]*)\}")


class Answer(Enum):
    """Whether a test holds for a request."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Request:
    """One request for one action on the role whose trust policy is asked.

    `context` has lower-case keys. `hidden` says which absent keys the source of the request doesn't show; all other
    absent keys are absent. `caller_hidden` means that only the account of an AWS caller is known.
    """

    action: str
    kind: str  # AWS, Service or Federated
    id: str
    account: str
    context: Mapping[str, tuple[str, ...]]
    hidden: Callable[[str], bool] = lambda _key: False
    caller_hidden: bool = False

    def with_values(self, changes: Mapping[str, tuple[str, ...] | None]) -> Request:
        """The request with values of the context replaced, or removed where the value is None."""
        merged = {**self.context, **{key.lower(): value for key, value in changes.items()}}
        return replace(self, context={key: value for key, value in merged.items() if value is not None})


def request_from_json(asked: Json) -> Request:
    """A request as scenarios write it."""
    context = {key.lower(): tuple(as_list(value)) for key, value in asked.get("context", {}).items()}
    principal = asked["principal"]
    return Request(asked["action"], principal["type"], principal["id"], asked.get("account", ""), context)


def as_list(value: Any) -> list[Any]:
    """A value of a policy as a list: policies leave the brackets out around one value."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def statements_of(policy: Json, effect: str) -> list[Json]:
    """The statements of a policy with this effect."""
    return [statement for statement in as_list(policy.get("Statement")) if statement.get("Effect") == effect]


def allows(policy: Json, request: Request, facts: frozenset[Fact] = frozenset()) -> bool:
    """Whether the policy certainly allows the request, if exactly these facts hold of what the request doesn't show."""
    if any(_applies(statement, request, facts, unknown=True) for statement in statements_of(policy, "Deny")):
        return False
    return any(_applies(statement, request, facts, unknown=False) for statement in statements_of(policy, "Allow"))


def may_allow(policy: Json, request: Request) -> bool:
    """Whether the policy allows the request for some values of what the request doesn't show."""
    for statement in statements_of(policy, "Deny"):
        answers = [answer for answer, _ in _tests(statement, request)]
        if all(answer is Answer.YES for answer in answers):
            return False
    return bool(worlds(policy, request))


def worlds(policy: Json, request: Request) -> tuple[frozenset[Fact], ...]:
    """The smallest sets of facts that explain why the policy allowed the request: one empty set if none is needed."""
    found: set[frozenset[Fact]] = set()
    for statement in statements_of(policy, "Allow"):
        answers = list(_tests(statement, request))
        if not any(answer is Answer.NO for answer, _ in answers):
            choices = [fact for answer, fact in answers if answer is Answer.UNKNOWN]
            found.update(_spread_principals(statement, request, frozenset(choices)))
    return tuple(world for world in found if not any(other < world for other in found))


def _spread_principals(statement: Json, request: Request, facts: frozenset[Fact]) -> Iterator[frozenset[Fact]]:
    """A set of facts for each principal of the statement that a hidden caller may be."""
    whole = ("principal", "?")
    if whole not in facts:
        yield facts
        return
    for entry in principal_entries(statement):
        if _principal_matches(*entry, request) is Answer.UNKNOWN:
            yield (facts - {whole}) | {("principal", entry[1])}


def _applies(statement: Json, request: Request, facts: frozenset[Fact], *, unknown: bool) -> bool:
    """Whether a statement applies, where a test that can't be decided and is no fact counts as `unknown`."""
    for answer, fact in _tests(statement, request):
        if answer is Answer.NO:
            return False
        if answer is Answer.UNKNOWN and not unknown:
            known = fact in facts
            if fact == ("principal", "?"):
                known = any(
                    ("principal", entry[1]) in facts and _principal_matches(*entry, request) is Answer.UNKNOWN
                    for entry in principal_entries(statement)
                )
            if not known:
                return False
    return True


def _tests(statement: Json, request: Request) -> Iterator[tuple[Answer, Fact]]:
    """The answer of each part of a statement, with the fact that would decide an open one."""
    yield _action_answer(statement, request.action), ("action",)
    yield _principal_answer(statement, request), ("principal", "?")
    for operator, key, values in conditions_of(statement):
        yield _condition_answer(operator, key, values, request), condition_fact(operator, key, values)


def condition_fact(operator: str, key: str, values: Iterable[str]) -> Fact:
    """The fact that a condition is met: the same for the same operator, key and set of values."""
    return ("condition", operator.lower(), key.lower(), *sorted(set(values)))


# ---- Actions and principals


def _action_answer(statement: Json, action: str) -> Answer:
    if "NotAction" in statement:
        matched = not any(glob_matches(pattern, action, fold=True) for pattern in as_list(statement["NotAction"]))
    else:
        matched = any(glob_matches(pattern, action, fold=True) for pattern in as_list(statement.get("Action")))
    return Answer.YES if matched else Answer.NO


def actions_of(statement: Json) -> tuple[str, ...]:
    """The action patterns of a statement."""
    return tuple(as_list(statement.get("Action")))


def principal_entries(statement: Json) -> tuple[tuple[str, str], ...]:
    """The principals of a statement as (type, value); `Principal: "*"` is ("*", "*")."""
    principal = statement.get("Principal", statement.get("NotPrincipal"))
    if principal == "*":
        return (("*", "*"),)
    if not isinstance(principal, dict):
        return ()
    return tuple((kind, value) for kind, values in principal.items() for value in as_list(values))


def _principal_answer(statement: Json, request: Request) -> Answer:
    answers = {_principal_matches(kind, value, request) for kind, value in principal_entries(statement)}
    found = next((answer for answer in (Answer.YES, Answer.UNKNOWN) if answer in answers), Answer.NO)
    if "NotPrincipal" not in statement:
        return found
    return {Answer.YES: Answer.NO, Answer.NO: Answer.YES, Answer.UNKNOWN: Answer.UNKNOWN}[found]


def _principal_matches(kind: str, value: str, request: Request) -> Answer:
    if value == "*" and kind in ("*", "AWS", request.kind):  # `"*"` and `{"AWS": "*"}` are the same: everybody
        return Answer.YES
    if kind != request.kind:
        return Answer.NO
    if kind != "AWS":
        return Answer.YES if value == request.id else Answer.NO
    if account := account_of_root(value):
        return Answer.YES if account == request.account else Answer.NO
    # IAM keeps the unique id of a role or user that a policy names, and shows the id once the principal is deleted.
    unique_ids = {userid.split(":")[0] for userid in request.context.get("aws:userid", ())}
    names = {request.id, *request.context.get("aws:principalarn", ()), *unique_ids}
    if value in names:
        return Answer.YES
    if request.caller_hidden and value.startswith("arn:") and value.split(":")[4] == request.account:
        return Answer.UNKNOWN
    return Answer.NO


def account_of_root(value: str) -> str:
    """The account id if a principal means a whole account, else an empty string."""
    found = _ACCOUNT_ROOT.fullmatch(value)
    return found.group(1) if found else ""


# ---- Conditions


def conditions_of(statement: Json) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """The conditions of a statement as (operator, key, values)."""
    return tuple(
        (operator, key, tuple(_text(value) for value in as_list(values)))
        for operator, tests in statement.get("Condition", {}).items()
        for key, values in tests.items()
    )


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _condition_answer(operator: str, key: str, values: tuple[str, ...], request: Request) -> Answer:
    present = request.context.get(key.lower())
    if present is None and request.hidden(key.lower()):
        return Answer.UNKNOWN
    filled: list[str] = []
    for value in values:
        text = _fill_variables(value, request)
        if text is None:
            return Answer.UNKNOWN
        filled.append(text)
    return Answer.YES if is_met(operator, tuple(filled), present) else Answer.NO


def _fill_variables(value: str, request: Request) -> str | None:
    """A value with the policy variables that name context keys replaced, or None if the request hides one of them.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
    """
    text = value
    for name in _VARIABLE.findall(value):
        if name in ("*", "?", "$"):
            continue
        key = name.split(",")[0].strip().lower()
        present = request.context.get(key)
        if present is None and request.hidden(key):
            return None
        if present is not None:
            text = text.replace("${" + name + "}", present[0])
    return text


def is_met(operator: str, values: tuple[str, ...], present: tuple[str, ...] | None) -> bool:
    """Whether a condition is met by the values of its key in the context, which are None if the key is absent.

    Raises:
        ValueError: IAM has no such operator.
    """
    words = operator.lower()
    quantifier, _, rest = words.rpartition(":")
    if rest == "null":
        return (present is None) == (values[:1] == ("true",))
    name = rest.removesuffix("ifexists")
    negated = name.replace("not", "", 1) in _MATCHERS and "not" in name
    matcher = _MATCHERS.get(name.replace("not", "", 1) if negated else name)
    if matcher is None:
        raise ValueError(f"no condition operator `{operator}`")
    if present is None:
        return rest.endswith("ifexists") or quantifier == "forallvalues" or (negated and quantifier == "")
    met = [any(matcher(value, wanted) for wanted in values) != negated for value in present]
    if quantifier == "forallvalues" or (negated and quantifier == ""):
        return all(met)
    return any(met)


def _equals(value: str, wanted: str) -> bool:
    return value == _unescape(wanted)


def _equals_folded(value: str, wanted: str) -> bool:
    return value.lower() == _unescape(wanted).lower()


def _unescape(text: str) -> str:
    return _VARIABLE.sub(lambda found: found.group(1) if found.group(1) in ("*", "?", "$") else found.group(0), text)


def _like(value: str, wanted: str) -> bool:
    return glob_matches(wanted, value)


def _arn_like(value: str, wanted: str) -> bool:
    """ArnEquals and ArnLike behave identically; each of the six parts is compared for itself."""
    parts, patterns = value.split(":", 5), wanted.split(":", 5)
    if len(parts) != 6 or len(patterns) != 6:
        return False
    return all(glob_matches(pattern, part) for pattern, part in zip(patterns, parts, strict=True))


def _within(value: str, wanted: str) -> bool:
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(wanted, strict=False)
    except ValueError:
        return False


def _compared(test: Callable[[float, float], bool], read: Callable[[str], float]) -> Callable[[str, str], bool]:
    def compare(value: str, wanted: str) -> bool:
        try:
            return test(read(value), read(wanted))
        except ValueError:
            return False

    return compare


def _read_time(text: str) -> float:
    if re.fullmatch(r"\d+", text):
        return float(text)
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


_ORDERS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "equals": lambda left, right: left == right,
    "lessthan": lambda left, right: left < right,
    "lessthanequals": lambda left, right: left <= right,
    "greaterthan": lambda left, right: left > right,
    "greaterthanequals": lambda left, right: left >= right,
}
_MATCHERS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "stringequals": _equals,
    "stringequalsignorecase": _equals_folded,
    "stringlike": _like,
    "arnequals": _arn_like,
    "arnlike": _arn_like,
    "bool": _equals_folded,
    "binaryequals": _equals,
    "ipaddress": _within,
    **{f"numeric{name}": _compared(test, float) for name, test in _ORDERS.items()},
    **{f"date{name}": _compared(test, _read_time) for name, test in _ORDERS.items()},
}


def glob_matches(pattern: str, text: str, *, fold: bool = False) -> bool:
    """Whether a pattern with `*` and `?` matches the whole text."""
    return _compile_glob(pattern, fold).fullmatch(text) is not None


@cache
def _compile_glob(pattern: str, fold: bool) -> re.Pattern[str]:
    pieces = re.findall(r"\$\{[*?$]\}|.", pattern, re.DOTALL)
    body = "".join(
        {"*": ".*", "?": "."}.get(piece) or re.escape(piece[2] if len(piece) == 4 else piece) for piece in pieces
    )
    return re.compile(body, re.DOTALL | (re.IGNORECASE if fold else 0))

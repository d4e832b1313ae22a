"""The checks that decide requests under the old and the new policies: a replay of recorded requests, and a search for
new access.

The proof that nothing new is allowed compares patterns by containment. The search shares only the policies with it: it
builds requests from the statements of both sides and decides them. If the new policies allow a request that the old
ones don't, the check fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from hashlib import blake2b
from heapq import nsmallest
from itertools import count
from struct import unpack
from typing import Final, TypeVar

from lpgen.core.analysis.grants.applicable_policies import policies_met, recorded_request
from lpgen.core.analysis.verification.documents import CheckNotes, NewAllow, WrittenDocument
from lpgen.core.analysis.verification.reasons import Claims
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.evidence import Grant, PrincipalGrants, PrincipalUsage, StatementRef
from lpgen.core.globs.match import VARIABLE, VARIABLE_ESCAPES
from lpgen.core.guards import Guards
from lpgen.core.iam.authorize import decide
from lpgen.core.iam.decision import AbsentKeys, AuthorizationDecision, Layer, PolicySet, Request, Result
from lpgen.core.model import Action, Condition, Effect, Outcome, Principal, Resource, ResourceKind
from lpgen.core.replacements import Check

_MAY_PASS: Final = (Result.ALLOWED, Result.DEPENDS)

_REQUEST: Final = "{action} on {resource}"

_REPLAY: Final = "replay: all recorded use is still allowed"
_CHANGED: Final = "{request} was {before}{allow}, and would be {after} (example {example})"
_OTHER_KEYS: Final = "{request} depends on {keys} differently than before (example {example})"
_ALL_DENIED: Final = "nothing was compared: the given policies deny all recorded use, such as {request}"


def check_replay(
    documents: Iterable[WrittenDocument],
    grants: PrincipalGrants,
    usage: PrincipalUsage,
    catalog: Catalog,
    *,
    claims: Claims,
    guards: Guards,
) -> Check:
    """The check that replays each use, in each recorded context, under the old and the new policies.

    Allowed use must remain allowed. If the result depends on keys that the records don't show, it must still depend on
    the same keys; otherwise it is unproven. Use that the old policies deny is skipped. If the guards or a Deny deny all
    use that the principal's Allows grant, nothing is compared, and the check fails. A resource that wasn't read can't
    be replayed: `check_use_is_covered` compares its statement instead.
    """
    found = CheckNotes(_REPLAY)
    principal = grants.principal
    written = tuple(document.policy for document in documents)
    denied = ""
    for use in usage.uses:
        resource = use.replayed_resource
        if use.outcome is Outcome.DENIED or resource is None:
            continue
        if claims.is_dropped(use.action, use.evidence.example_resource):
            continue
        old = policies_met(principal, resource.text, guards)
        new = policies_met(principal, resource.text, guards, identity=written)
        for seen in use.contexts:
            request = recorded_request(principal, use.action, resource, seen, guards)
            before = decide(request, old, catalog=catalog)
            asked = _REQUEST.format(action=use.action, resource=resource.text)
            if before.result not in _MAY_PASS:
                if not denied and use.outcome is Outcome.ALLOWED and _is_granted(request, old, catalog):
                    denied = asked
                continue
            found.examined += 1
            after = decide(request, new, catalog=catalog)
            example = use.evidence.example_event_id
            if after.result is not Result.ALLOWED and after.result is not before.result:
                allow, was, is_now = _allow_of_old(before, principal), before.result, after.result
                found.failed.append(
                    _CHANGED.format(request=asked, before=was, allow=allow, after=is_now, example=example)
                )
            elif after.result is Result.DEPENDS and after.depends_on != before.depends_on:
                keys = ", ".join(sorted(set(before.depends_on) ^ set(after.depends_on)))
                found.unproven.append(_OTHER_KEYS.format(request=asked, keys=keys, example=example))
    if denied and not found.examined:
        found.failed.append(_ALL_DENIED.format(request=denied))
    return found.check()


def _is_granted(request: Request, held: PolicySet, catalog: Catalog) -> bool:
    """Whether an Allow of the principal's own policies may grant a request, ignoring every Deny."""
    allows = tuple(
        replace(
            policy, statements=tuple(statement for statement in policy.statements if statement.effect is Effect.ALLOW)
        )
        for policy in held.identity
    )
    return decide(request, PolicySet(identity=allows), catalog=catalog).result in _MAY_PASS


def _allow_of_old(before: AuthorizationDecision, principal: Principal) -> str:
    """The old statement that allowed a request, as a phrase."""
    held = [policy for policy in principal.policies if policy.document is not None]
    for reason in before.reasons:
        if reason.layer is Layer.IDENTITY and reason.effect is Effect.ALLOW:
            policy = held[reason.policy]
            ref = StatementRef(policy.arn or policy.name, policy.kind, policy.group, reason.statement, reason.sid)
            return f" by {ref}"
    return ""


# ---------------------------------------------------------------- search for new access

HUNT_SIZE: Final = 64
"""The default number of requests per replacement."""

_FOUND_NONE: Final = "search for new access finds none"
_NEW_ACCESS: Final = "{request} was {before}, and would be allowed (context: {context})"

_Drawn = TypeVar("_Drawn")


def check_hunt(
    documents: Sequence[WrittenDocument],
    news: Sequence[NewAllow],
    grants: PrincipalGrants,
    catalog: Catalog,
    *,
    size: int = HUNT_SIZE,
) -> Check:
    """The check that the old policies allow every generated request that the new policies allow.

    The requests are close to the new statements, each in a complete context. The boundary and SCPs are ignored: they
    limit both sides equally and could hide a leak.
    """
    found = CheckNotes(_FOUND_NONE)
    written = tuple(document.policy for document in documents)
    held = tuple(policy.document for policy in grants.principal.policies if policy.document is not None)
    old, new = PolicySet(identity=held), PolicySet(identity=written)
    for request in _requests(grants.principal.arn, news, grants, size):
        found.examined += 1
        if decide(request, new, catalog=catalog).result is Result.ALLOWED:
            before = decide(request, old, catalog=catalog).result
            if before is not Result.ALLOWED:
                values = (f"{key}={'|'.join(values)}" for key, values in sorted(request.context.items()))
                shown = ", ".join(values) or "none"
                asked = _REQUEST.format(action=request.action, resource=request.resource.text)
                found.failed.append(_NEW_ACCESS.format(request=asked, before=before, context=shown))
    return found.check()


def _requests(principal: str, news: Sequence[NewAllow], grants: PrincipalGrants, size: int) -> Iterator[Request]:
    """Requests from the actions, resources and conditions of new and old statements, the same in every run."""
    live = [(new, tuple(sorted(new.actions))) for new in news if new.actions]
    old = (*grants.allows, *grants.denies)
    if not live:
        return
    draws = _Draws(principal)
    values = _condition_values(
        (*(new.statement.conditions for new, _ in live), *(grant.statement.conditions for grant in old))
    )
    patterns = tuple(sorted({pattern for grant in old for pattern in grant.statement.resources}))
    others = _granted_actions(old)
    for number in range(size):
        new, actions = live[number % len(live)]
        context = _context(values, draws)
        action = draws.pick(others) if others and draws.one_in(6) else draws.pick(actions)
        pool = patterns if patterns and (new.statement.not_resource or draws.one_in(3)) else new.statement.resources
        text = _instance(draws.pick(pool), context, draws)
        yield Request(principal, action, Resource(ResourceKind.ARN, text), context, AbsentKeys.MISSING)


def _granted_actions(grants: Iterable[Grant]) -> tuple[Action, ...]:
    """A sample of the actions in old statements."""
    return tuple(sorted({action for grant in grants for action in _first_actions(grant.actions)}))


@lru_cache(maxsize=1024)  # many principals share the statements that grant thousands of actions
def _first_actions(actions: frozenset[Action]) -> tuple[Action, ...]:
    return tuple(nsmallest(50, actions))


def _condition_values(blocks: Iterable[Iterable[Condition]]) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {}
    for block in blocks:
        for condition in block:
            found.setdefault(condition.key, set()).update(condition.values)
    return {key: tuple(sorted(values)) for key, values in sorted(found.items())}


def _context(values: Mapping[str, tuple[str, ...]], draws: _Draws) -> dict[str, tuple[str, ...]]:
    """A complete context: each key of a condition is missing, or has another value, or one or two of the expected
    values."""
    context: dict[str, tuple[str, ...]] = {}
    for key, wanted in values.items():
        choice = draws.below(5)
        if choice == 0 or not wanted:
            continue
        if choice == 2:
            context[key] = ("other",)
            continue
        value = _plain(draws.pick(wanted), draws)
        context[key] = (value, _plain(draws.pick(wanted), draws)) if choice == 1 else (value,)
    return context


def _instance(pattern: str, context: dict[str, tuple[str, ...]], draws: _Draws) -> str:
    """A resource that a pattern matches, or almost matches.

    Its variables get values, which are added to the context.
    """
    text = pattern
    for found in VARIABLE.finditer(pattern):
        text = text.replace(found.group(), _filling(found, context, draws))
    return _plain(text, draws)


def _filling(variable: re.Match[str], context: dict[str, tuple[str, ...]], draws: _Draws) -> str:
    """A value for a variable: the value of its key, its default, or the variable itself, as in the older policy
    language."""
    key, default = variable.groups()
    name = (key or variable.group()[2:-1]).strip()
    if draws.one_in(6):
        return variable.group()
    if name in VARIABLE_ESCAPES:
        return name
    if default is not None and name not in context and draws.one_in(2):
        return default
    return context.setdefault(name, (draws.pick(_FILLINGS),))[0]


_FILLINGS: Final = ("x", "a/b", "prod", "*", "a:b", "x-1:999999999999:a")
"""Values of variables. Tags may contain colons, which move the following text into other fields of an ARN."""

_RUNS: Final = ("", "x", "x/y", "a:b", "secret/x")


def _plain(pattern: str, draws: _Draws) -> str:
    text = pattern.replace("?", "q")
    while "*" in text:
        text = text.replace("*", draws.pick(_RUNS), 1)
    return text


class _Draws:
    """Pseudorandom choices that depend only on the seed, so a replacement gets the same requests in every run."""

    def __init__(self, seed: str) -> None:
        self._numbers = _numbers(seed.encode())

    def below(self, bound: int) -> int:
        """A number from 0 to below the bound."""
        return next(self._numbers) % bound

    def pick(self, items: Sequence[_Drawn]) -> _Drawn:
        """One of the items."""
        return items[next(self._numbers) % len(items)]

    def one_in(self, number: int) -> bool:
        """True once in `number` draws."""
        return not next(self._numbers) % number


def _numbers(seed: bytes) -> Iterator[int]:
    """Endless numbers of 64 bits, eight per hash."""
    for block in count():
        yield from unpack(">8Q", blake2b(seed, digest_size=64, salt=block.to_bytes(16, "big")).digest())

"""Requests that a proposal must not gain: those of records and policies, and mutations of each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from bench.trust.assumptions import Assumption
from bench.trust.referee import (
    Json,
    Request,
    account_of_root,
    actions_of,
    conditions_of,
    glob_matches,
    principal_entries,
    statements_of,
)

STRANGER: Final = "999900001111"
ACTIONS: Final = (
    "sts:AssumeRole",
    "sts:AssumeRoleWithSAML",
    "sts:AssumeRoleWithWebIdentity",
    "sts:SetContext",
    "sts:SetSourceIdentity",
    "sts:TagSession",
)
_CALLER: Final = "aws:principalarn"
_GITHUB_RUNS: Final = (
    "environment:production",
    "environment:elsewhere",
    "pull_request",
    "ref:refs/heads/elsewhere",
    "ref:refs/heads/main",
    "ref:refs/tags/v9.9.9",
)


def make_probes(old: Json, new: Json, seeds: Iterable[Request]) -> tuple[Request, ...]:
    """Requests near the seeds and near what both policies allow, without duplicates."""
    policies = (old, new)
    bases = [*seeds, *(request for policy in policies for request in _requests_of(policy))]
    filled = [probe for base in bases for probe in (base, *_fill_conditions(base, policies))]
    found: dict[object, Request] = {}
    for base in _distinct(filled):
        for probe in (base, *_mutate(base, policies)):
            found.setdefault(_identity(probe), probe)
    return tuple(found.values())


def seeds_from(assumptions: Iterable[Assumption]) -> Iterator[Request]:
    """The requests of the assumptions, where all that a record doesn't show is absent."""
    for assumption in assumptions:
        for request in assumption.requests:
            yield replace(request, hidden=_shows_all, caller_hidden=False, id=_caller_of(request))


def _shows_all(_key: str) -> bool:
    return False


def _caller_of(request: Request) -> str:
    """The caller's id; of a caller whose account only is known, a role of that account."""
    return f"arn:aws:iam::{request.account}:role/unknown" if request.caller_hidden else request.id


def _identity(request: Request) -> object:
    return request.action, request.kind, request.id, request.account, frozenset(request.context.items())


def _distinct(requests: Iterable[Request]) -> tuple[Request, ...]:
    return tuple({_identity(request): request for request in requests}.values())


# ---- Requests that a policy allows


def _requests_of(policy: Json) -> Iterator[Request]:
    for statement in statements_of(policy, "Allow"):
        for kind, value in principal_entries(statement):
            for pattern in actions_of(statement):
                for action in ACTIONS:
                    if glob_matches(pattern, action, fold=True):
                        bare = _bare_request(action, kind, value)
                        yield from (bare, *_fill_conditions(bare, (policy,)))


def _bare_request(action: str, kind: str, value: str) -> Request:
    if kind in ("Service", "Federated"):
        return Request(action, kind, value, "", {})
    account = account_of_root(value) or (value.split(":")[4] if value.startswith("arn:") else STRANGER)
    arn = value if value.startswith("arn:") and not account_of_root(value) else f"arn:aws:iam::{account}:role/anybody"
    context = {_CALLER: (arn,), "aws:principalaccount": (account,)}
    return Request(action, "AWS", arn, account, context)


def _fill_conditions(request: Request, policies: Iterable[Json]) -> Iterator[Request]:
    """The request with values that meet the conditions of each statement, with two samples of each pattern."""
    for policy in policies:
        for statement in statements_of(policy, "Allow"):
            conditions = conditions_of(statement)
            for choice in range(max((len(values) for _, _, values in conditions), default=0)):
                for filler in ("", "x/y-7"):
                    changes = {
                        key.lower(): _sample(operator, values[choice % len(values)], filler)
                        for operator, key, values in conditions
                        if values and key.lower() not in request.context
                    }
                    yield _moved(request, changes)


def _sample(operator: str, value: str, filler: str) -> tuple[str, ...] | None:
    name = operator.lower().rpartition(":")[2]
    if name == "null":
        return None if value == "true" else ("present",)
    if name.startswith("ipaddress"):
        return (value.partition("/")[0],)
    if "not" in name:
        return (f"{value}-not",)
    return (value.replace("*", filler).replace("?", "0"),)


def _moved(request: Request, changes: dict[str, tuple[str, ...] | None]) -> Request:
    """The request with changes to its context; a changed caller ARN is also the caller's id and account."""
    changed = request.with_values(changes)
    arn = changes.get(_CALLER)
    if not arn or request.kind != "AWS" or arn[0].count(":") < 5:
        return changed
    account = arn[0].split(":")[4]
    return replace(changed.with_values({"aws:principalaccount": (account,)}), id=arn[0], account=account)


# ---- Mutations


def _mutate(request: Request, policies: tuple[Json, ...]) -> Iterator[Request]:
    """The request with one thing changed."""
    for action in ACTIONS:
        yield replace(request, action=action)
    yield from _other_principals(request)
    asked = {key.lower() for policy in policies for key in _condition_keys(policy)}
    for key in sorted(asked | set(request.context)):
        present = request.context.get(key, ())
        for value in _other_values(key, present[0] if present else ""):
            yield _moved(request, {key: (value,)})
        yield request.with_values({key: None})


def _condition_keys(policy: Json) -> Iterator[str]:
    for statement in statements_of(policy, "Allow"):
        yield from (key for _, key, _ in conditions_of(statement))


def _other_principals(request: Request) -> Iterator[Request]:
    if request.kind == "AWS":
        for arn in _other_arns(request.context.get(_CALLER, (request.id,))[0]):
            yield _moved(request, {_CALLER: (arn,)})
    elif request.kind == "Service":
        yield replace(request, id="other.amazonaws.com")
    else:
        yield replace(request, id=f"{request.id}-other")
        yield replace(request, id=re.sub(r"::\d{12}:", f"::{STRANGER}:", request.id))


def _other_arns(arn: str) -> Iterator[str]:
    parts = arn.split(":", 5)
    if len(parts) != 6:
        return
    kind, _, name = parts[5].partition("/")
    account = parts[4]
    for where, resource in (
        (STRANGER, parts[5]),
        (account, f"{kind}/elsewhere"),
        (account, f"{kind}/{name}-2"),
        (account, f"{kind}/x{name}"),
        (account, f"{kind}/{name.rpartition('/')[2]}"),
        (account, f"{kind}/deeper/{name}"),
        (account, f"{'user' if kind == 'role' else 'role'}/{name}"),
        (account, "role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Other_0123456789abcdef"),
        (account, "root"),
    ):
        yield ":".join((*parts[:4], where, resource))


def _other_values(key: str, value: str) -> Iterator[str]:
    if key == _CALLER:
        yield from _other_arns(value)
        return
    yield from ("stranger", "true", "false", "")
    if value:
        yield from (f"{value}x", f"{value}-2", f"x{value}", value.swapcase(), value[:-1])
    if key.endswith(":sub"):
        yield from _other_subjects(value)


def _other_subjects(subject: str) -> Iterator[str]:
    """Subjects of other branches, repositories and owners, and those that only begin or end in the same way."""
    pieces = re.split(r"([:/@])", subject)
    for place in range(0, len(pieces), 2):
        for changed in ("elsewhere", f"{pieces[place]}-2", f"x{pieces[place]}", ""):
            yield "".join((*pieces[:place], changed, *pieces[place + 1 :]))
    found = re.match(r"repo:([^/:]+)/([^:]+):", subject)
    if not found:
        return
    owner, name = (part.partition("@")[0] for part in found.groups())
    for run in _GITHUB_RUNS:
        yield f"repo:{found.group(1)}/{found.group(2)}:{run}"
        yield f"repo:{owner}@31337/{name}@31338:{run}"
    rest = subject[found.end() :]
    for other in (
        f"{owner}/elsewhere",
        f"evil/{name}",
        f"{owner}-evil/{name}",
        f"{owner}/{name}-evil",
        f"x/{owner}/{name}",
    ):
        yield f"repo:{other}:{rest}"

"""Reads a rollout plan, and refuses one that lpgen wouldn't have written: a plan is a list of changes to IAM."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from lpgen.core.model import PrincipalKind
from lpgen.core.rollout.calls import POLICY_PATH, Call, CallKind, inverse_calls
from lpgen.core.rollout.plan import Peak, PolicyText, PrincipalPlan, Refusal, RefusalKind, RolloutPlan
from lpgen.errors import RolloutError, quote_input, quote_reason

_SCHEMA: Final = "lpgen.rollout/1"
_AGAIN: Final = "make it anew with `lpgen rollout plan`"


class _Call(msgspec.Struct):
    operation: str
    policy: str
    parameters: dict[str, Any]


class _Text(msgspec.Struct):
    policy: str
    type: str
    document: str


class _Refusal(msgspec.Struct):
    kind: RefusalKind
    why: str
    override: str | None


class _Peak(msgspec.Struct):
    attached: int
    inline_characters: int
    largest_policy: int


class _Principal(msgspec.Struct):
    principal: str
    principal_id: str
    account: str
    kind: PrincipalKind
    name: str
    safe: bool
    folder: str
    policies_sha256: str
    refusals: list[_Refusal]
    notes: list[str]
    calls: list[_Call]
    inverse: list[_Call]
    peak: _Peak
    before: list[_Text]
    after: list[_Text]
    permission_set: str | None
    code: str | None = None


class _Plan(msgspec.Struct):
    schema: str
    as_of: str
    catalog: str
    principals: list[_Principal]


def read_rollout_plan(path: Path) -> RolloutPlan:
    """The plan in a file.

    Raises:
        RolloutError: it can't be read, or its calls aren't those of a plan that lpgen wrote.
    """
    try:
        plan = msgspec.json.decode(path.read_bytes(), type=_Plan)
    except OSError as error:
        raise RolloutError(f"`{path}` can't be read: {error.strerror or error}", hint=_AGAIN) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RolloutError(f"`{path}` is no rollout plan: {quote_reason(error)}", hint=_AGAIN) from error
    if plan.schema != _SCHEMA:
        raise RolloutError(f"`{path}` has the schema {quote_input(plan.schema)}, not {_SCHEMA}", hint=_AGAIN)
    names = [one.principal for one in plan.principals]
    if len(set(names)) < len(names):
        raise RolloutError(f"`{path}` has a principal twice", hint=_AGAIN)
    return RolloutPlan(plan.as_of, plan.catalog, tuple(_principal(one, path) for one in plan.principals))


def _principal(one: _Principal, path: Path) -> PrincipalPlan:
    before, after = tuple(map(_text, one.before)), tuple(map(_text, one.after))
    calls = tuple(_call(call, one, path) for call in one.calls)
    _check_calls(calls, one, path)
    try:
        inverse = inverse_calls(calls, {text.policy: text.text for text in before if text.inline})
    except KeyError as error:
        raise _edited(one, path) from error
    if _as_written(inverse) != [(call.operation, call.parameters) for call in one.inverse]:
        raise _edited(one, path)
    return PrincipalPlan(
        principal=one.principal,
        principal_id=one.principal_id,
        account=one.account,
        kind=one.kind,
        name=one.name,
        safe=one.safe,
        sha256=one.policies_sha256,
        folder=one.folder,
        before=before,
        after=after,
        calls=calls,
        inverse=inverse,
        peak=Peak(one.peak.attached, one.peak.inline_characters, one.peak.largest_policy),
        refusals=tuple(Refusal(why.kind, why.why, why.override or "") for why in one.refusals),
        notes=tuple(one.notes),
        permission_set=one.permission_set or "",
        code=one.code or "",
    )


def _text(one: _Text) -> PolicyText:
    return PolicyText(one.policy, one.type == "inline", one.document)


def _edited(one: _Principal, path: Path) -> RolloutError:
    return RolloutError(f"the calls that `{path}` has for {quote_input(one.principal)} were edited", hint=_AGAIN)


def _as_written(calls: Iterable[Call]) -> list[tuple[str, dict[str, Any]]]:
    return [(call.operation, call.parameters()) for call in calls]


def _call(written: _Call, owner: _Principal, path: Path) -> Call:
    """The call that has exactly these parameters."""
    tags = written.parameters.get("Tags", [])
    try:
        found = [
            Call(
                kind,
                owner.kind,
                owner.name,
                written.policy,
                written.parameters.get("PolicyDocument", ""),
                written.parameters.get("Description", ""),
                tuple((tag["Key"], tag["Value"]) for tag in tags),
            )
            for kind in CallKind
        ]
        exact = [one for one in found if (one.operation, one.parameters()) == (written.operation, written.parameters)]
    except (KeyError, TypeError, AttributeError) as error:
        raise _edited(owner, path) from error
    if len(exact) != 1:
        raise _edited(owner, path)
    return exact[0]


def _check_calls(calls: Sequence[Call], one: _Principal, path: Path) -> None:
    """Only what the plan itself makes is attached, below lpgen's own path, and only what was there is taken away."""
    made = {call.policy for call in calls if call.kind is CallKind.CREATE_POLICY}
    held = {text.policy for text in one.before}
    fields = one.principal.split(":", 5)
    own = f"arn:{fields[1] if len(fields) == 6 else ''}:iam::{one.account}:policy{POLICY_PATH}"
    for call in calls:
        right = {
            CallKind.CREATE_POLICY: call.policy.startswith(own) and "/" not in call.policy.removeprefix(own),
            CallKind.ATTACH: call.policy in made,
            CallKind.PUT_INLINE: call.policy not in held,
            CallKind.DETACH: call.policy in held,
            CallKind.DELETE_INLINE: call.policy in held,
            CallKind.DELETE_POLICY: False,
        }[call.kind]
        if not right:
            raise _edited(one, path)
    whole = one.principal.endswith(f"/{one.name}") and fields[4:5] == [one.account]
    if calls and (one.refusals or not whole):
        raise _edited(one, path)

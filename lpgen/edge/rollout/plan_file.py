"""Reads a rollout plan, and refuses one that lpgen wouldn't have written: a plan is a list of changes to IAM.

A plan holds all that it follows from but the live policies: its calls are derived again, and its documents are compared
with the digests of their source.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from lpgen.core.digests import digest_of_text, digests_from_facts
from lpgen.core.rollout.calls import POLICY_PATH, CallKind, IamCall, inverse_calls
from lpgen.core.rollout.plan import Peak, PolicyText, PrincipalPlan
from lpgen.core.rollout.plan_document import (
    CallPart,
    NewDocumentPart,
    PlanDocument,
    PolicyTextPart,
    PrincipalPlanPart,
    SourcePart,
)
from lpgen.core.rollout.plan_rollout import derive_again, texts_after
from lpgen.core.rollout.refusals import Refusal
from lpgen.core.rollout.source import RolloutPlan, Source, faults_of_source
from lpgen.core.rollout.written_replacement import NewDocument
from lpgen.core.schemas import ROLLOUT_SCHEMA, check_schema
from lpgen.errors import OutputError, PolicyError, RolloutError, TamperingError, quote_input, quote_reason

_AGAIN: Final = "run `lpgen rollout plan` again"


def read_rollout_plan(path: Path) -> RolloutPlan:
    """The plan in a file. Each principal has the calls that its documents and inverse calls fit.

    Raises:
        RolloutError: it can't be read.
        TamperingError: it isn't as lpgen wrote it.
    """
    written, sha256 = _decode(path)
    names = [one.principal for one in written.principals]
    if len(set(names)) < len(names):
        raise TamperingError(f"`{path}` has a principal twice", hint=_AGAIN)
    principals = tuple(_principal(one, path) for one in written.principals)
    return RolloutPlan(
        written.as_of, written.catalog, principals, written.attached_quota, _source(written.source, path), sha256
    )


def read_whole_plan(path: Path) -> RolloutPlan:
    """The plan in a file, once all that it says follows from its documents and the policies before.

    `undo` doesn't ask for that: another version of lpgen may derive other calls.

    Raises:
        RolloutError: it can't be read.
        TamperingError: it isn't as lpgen wrote it.
    """
    plan = read_rollout_plan(path)
    _check_derived(plan, path)
    for fault in faults_of_source(plan):
        raise TamperingError(f"`{path}` was edited: {fault}", hint=_AGAIN)
    return plan


def _decode(path: Path) -> tuple[PlanDocument, str]:
    try:
        content = path.read_bytes()
        check_schema(content, ROLLOUT_SCHEMA, str(path), error=RolloutError, hint=_AGAIN)
        return msgspec.json.decode(content, type=PlanDocument), digest_of_text(content)
    except OSError as error:
        raise RolloutError(f"`{path}` can't be read: {error.strerror or error}", hint=_AGAIN) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RolloutError(f"`{path}` is no rollout plan: {quote_reason(error)}", hint=_AGAIN) from error


def _source(written: SourcePart, path: Path) -> Source:
    facts = {"inputs": written.inputs, "files": written.files, "report": written.report}
    try:
        digests = digests_from_facts(facts)
    except OutputError as error:
        raise TamperingError(f"the digests that `{path}` has of its source are damaged", hint=_AGAIN) from error
    if digests.root != written.digest:
        raise TamperingError(f"the digests that `{path}` has of its source were edited", hint=_AGAIN)
    return Source(digests, written.summary, written.signature or "", written.trust)


def _check_derived(plan: RolloutPlan, path: Path) -> None:
    """INVARIANT: a principal is either refused, or its plan is the one that lpgen derives again."""
    for one in plan.principals:
        try:
            derived = derive_again(one, as_of=plan.as_of, attached_quota=plan.attached_quota) if one.calls else one
        except PolicyError as error:
            raise _edited(one.principal, path) from error
        if derived != one:
            raise _edited(one.principal, path)


def _principal(one: PrincipalPlanPart, path: Path) -> PrincipalPlan:
    before, after = tuple(map(_text, one.before)), tuple(map(_text, one.after))
    calls = tuple(_call(call, one, path) for call in one.calls)
    _check_calls(calls, one, path)
    try:
        inverse = inverse_calls(calls, {text.policy: text.text for text in before if text.inline})
    except KeyError as error:
        raise _edited(one.principal, path) from error
    if _as_written(inverse) != [(call.operation, call.parameters) for call in one.inverse] or (
        after != (tuple(texts_after(before, calls)) if calls else ())
    ):
        raise _edited(one.principal, path)
    return PrincipalPlan(
        principal=one.principal,
        principal_id=one.principal_id,
        account=one.account,
        kind=one.kind,
        name=one.name,
        safe=one.safe,
        sha256=one.sha256,
        folder=one.folder,
        before=before,
        after=after,
        calls=calls,
        inverse=inverse,
        peak=Peak(**msgspec.structs.asdict(one.peak)),
        refusals=tuple(Refusal(why.kind, why.why, why.override or "") for why in one.refusals),
        notes=one.notes,
        boundary=one.boundary or "",
        documents=tuple(_document(text, one, path) for text in one.documents),
        permission_set=one.permission_set or "",
        code=one.code or "",
        left=one.left,
    )


def _text(one: PolicyTextPart) -> PolicyText:
    return PolicyText(one.policy, one.type == "inline", one.text)


def _document(one: NewDocumentPart, owner: PrincipalPlanPart, path: Path) -> NewDocument:
    if digest_of_text(one.text) != one.sha256:
        raise _edited(owner.principal, path)
    return NewDocument(one.file, one.name, one.type == "inline", one.text, one.narrows)


def _edited(principal: str, path: Path) -> TamperingError:
    return TamperingError(f"what `{path}` has for {quote_input(principal)} was edited", hint=_AGAIN)


def _as_written(calls: Iterable[IamCall]) -> list[tuple[str, dict[str, Any]]]:
    return [(call.operation, call.parameters()) for call in calls]


def _call(written: CallPart, owner: PrincipalPlanPart, path: Path) -> IamCall:
    """The call that has exactly these parameters."""
    parameters: dict[str, Any] = {**written.parameters}
    try:
        found = [
            IamCall(
                kind,
                owner.kind,
                owner.name,
                written.policy,
                parameters.get("PolicyDocument", ""),
                parameters.get("Description", ""),
                tuple((tag["Key"], tag["Value"]) for tag in parameters.get("Tags", ())),
            )
            for kind in CallKind
        ]
        exact = [one for one in found if (one.operation, one.parameters()) == (written.operation, written.parameters)]
    except (KeyError, TypeError, AttributeError) as error:
        raise _edited(owner.principal, path) from error
    if len(exact) != 1:
        raise _edited(owner.principal, path)
    return exact[0]


def _check_calls(calls: Sequence[IamCall], one: PrincipalPlanPart, path: Path) -> None:
    """Refuse calls that attach policies other than the plan's own, below lpgen's path, or remove any that weren't
    there."""
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
            raise _edited(one.principal, path)
    whole = one.principal.endswith(f"/{one.name}") and fields[4:5] == [one.account] and held.issuperset(one.left)
    if bool(calls) == bool(one.refusals) or (calls and not whole):
        raise _edited(one.principal, path)

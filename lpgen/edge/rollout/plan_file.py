"""Reads a rollout plan, and refuses a plan that lpgen wouldn't have written. A plan is a list of changes to IAM.

A plan holds all its inputs except the live policies. Its calls are derived again, and its documents are compared with
the digests of their source.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from lpgen.core.digests import digest_of_text, digests_from_facts
from lpgen.core.model import PrincipalKind
from lpgen.core.rollout.calls import FORWARD_KINDS, POLICY_PATH, CallKind, IamCall, inverse_calls
from lpgen.core.rollout.plan import Peak, PolicyText, PrincipalPlan
from lpgen.core.rollout.plan_document import (
    CallPart,
    NewDocumentPart,
    PlanDocument,
    PolicyTextPart,
    PrincipalPlanPart,
    SourcePart,
)
from lpgen.core.rollout.plan_rollout import derive_again, replaced_texts, texts_after
from lpgen.core.rollout.refusals import Refusal
from lpgen.core.rollout.source import RolloutPlan, Source, faults_of_source
from lpgen.core.rollout.trust_change import TrustChange
from lpgen.core.rollout.written_replacement import NewDocument
from lpgen.core.schemas import ROLLOUT_SCHEMA, check_schema
from lpgen.edge.files import read_file
from lpgen.errors import OutputError, PolicyError, RolloutError, TamperingError, quote_input, quote_reason

_AGAIN: Final = "run `lpgen rollout plan` again"


def read_rollout_plan(path: Path) -> RolloutPlan:
    """The plan in a file, after checking that the documents and inverse calls of each principal fit its calls.

    Raises:
        RolloutError: it can't be read.
        TamperingError: it isn't as lpgen wrote it.
    """
    written, sha256 = _decode(path)
    names = [principal.principal for principal in written.principals]
    if len(set(names)) < len(names):
        raise TamperingError(f"`{path}` has a principal twice", hint=_AGAIN)
    principals = tuple(_principal(principal, path) for principal in written.principals)
    return RolloutPlan(
        written.as_of, written.catalog, principals, written.attached_quota, _source(written.source, path), sha256
    )


def read_whole_plan(path: Path) -> RolloutPlan:
    """The plan in a file, after checking that everything follows from its documents and the old policies.

    `undo` doesn't require this, because another version of lpgen may derive other calls.

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
    content = read_file(path, RolloutError, hint=_AGAIN)
    try:
        check_schema(content, ROLLOUT_SCHEMA, str(path), error=RolloutError, hint=_AGAIN)
        return msgspec.json.decode(content, type=PlanDocument), digest_of_text(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RolloutError(f"`{path}` is not a rollout plan: {quote_reason(error)}", hint=_AGAIN) from error


def _source(written: SourcePart, path: Path) -> Source:
    facts = {"inputs": written.inputs, "files": written.files, "report": written.report}
    try:
        digests = digests_from_facts(facts)
    except OutputError as error:
        raise TamperingError(f"the digests of the source in `{path}` are damaged", hint=_AGAIN) from error
    if digests.root != written.digest:
        raise TamperingError(f"the digests of the source in `{path}` were edited", hint=_AGAIN)
    return Source(digests, written.summary, written.signature or "", written.trust)


def _check_derived(plan: RolloutPlan, path: Path) -> None:
    """INVARIANT: a principal is either refused, or its plan is the one that lpgen derives again."""
    for principal in plan.principals:
        if not principal.calls:
            continue
        try:
            derived = derive_again(principal, as_of=plan.as_of, attached_quota=plan.attached_quota)
        except PolicyError as error:
            raise _edited(principal.principal, path) from error
        if derived != principal:
            raise _edited(principal.principal, path)


def _principal(part: PrincipalPlanPart, path: Path) -> PrincipalPlan:
    before, after = tuple(map(_text, part.before)), tuple(map(_text, part.after))
    trust = TrustChange(part.trust.before, part.trust.after, part.trust.nearest) if part.trust else None
    calls = tuple(_call(call, part, path) for call in part.calls)
    _check_calls(calls, part, path)
    try:
        inverse = inverse_calls(calls, replaced_texts(before, trust))
    except KeyError as error:
        raise _edited(part.principal, path) from error
    is_inverse = [(call.operation, call.parameters()) for call in inverse] == [
        (call.operation, call.parameters) for call in part.inverse
    ]
    if trust and part.trust and trust.nearest_sha256 != part.trust.nearest_sha256:
        raise _edited(part.principal, path)
    if not is_inverse or after != (tuple(texts_after(before, calls)) if calls else ()):
        raise _edited(part.principal, path)
    return PrincipalPlan(
        principal=part.principal,
        principal_id=part.principal_id,
        account=part.account,
        kind=part.kind,
        name=part.name,
        safe=part.safe,
        sha256=part.sha256,
        folder=part.folder,
        before=before,
        after=after,
        calls=calls,
        inverse=inverse,
        peak=Peak(**msgspec.structs.asdict(part.peak)),
        refusals=tuple(Refusal(why.kind, why.why, why.override or "") for why in part.refusals),
        notes=part.notes,
        boundary=part.boundary or "",
        documents=tuple(_document(text, part, path) for text in part.documents),
        permission_set=part.permission_set or "",
        code=part.code or "",
        left=part.left,
        trust=trust,
    )


def _text(part: PolicyTextPart) -> PolicyText:
    return PolicyText(part.policy, part.type == "inline", part.text)


def _document(part: NewDocumentPart, owner: PrincipalPlanPart, path: Path) -> NewDocument:
    if digest_of_text(part.text) != part.sha256:
        raise _edited(owner.principal, path)
    return NewDocument(part.file, part.name, part.type == "inline", part.text, part.narrows)


def _edited(principal: str, path: Path) -> TamperingError:
    return TamperingError(f"the part of `{path}` for {quote_input(principal)} was edited", hint=_AGAIN)


def _call(written: CallPart, owner: PrincipalPlanPart, path: Path) -> IamCall:
    """The call with exactly these parameters."""
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
            for kind in FORWARD_KINDS
        ]
        exact = [
            call for call in found if (call.operation, call.parameters()) == (written.operation, written.parameters)
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise _edited(owner.principal, path) from error
    if len(exact) != 1:
        raise _edited(owner.principal, path)
    return exact[0]


def _check_calls(calls: Sequence[IamCall], part: PrincipalPlanPart, path: Path) -> None:
    """Refuses calls that attach policies other than the plan's own below lpgen's path, or that remove other policies
    than the old ones."""
    made = {call.policy for call in calls if call.kind is CallKind.CREATE_POLICY}
    held = {text.policy for text in part.before}
    fields = part.principal.split(":", 5)
    own = f"arn:{fields[1] if len(fields) == 6 else ''}:iam::{part.account}:policy{POLICY_PATH}"
    for call in calls:
        right = {
            CallKind.CREATE_POLICY: call.policy.startswith(own) and "/" not in call.policy.removeprefix(own),
            CallKind.ATTACH: call.policy in made,
            CallKind.PUT_INLINE: call.policy not in held,
            CallKind.DETACH: call.policy in held,
            CallKind.DELETE_INLINE: call.policy in held,
            CallKind.NARROW_TRUST: bool(part.trust) and call is calls[-1] and part.kind is PrincipalKind.ROLE,
        }[call.kind]
        if not right:
            raise _edited(part.principal, path)
    whole = part.principal.endswith(f"/{part.name}") and fields[4:5] == [part.account] and held.issuperset(part.left)
    if bool(calls) == bool(part.refusals) or (calls and not whole):
        raise _edited(part.principal, path)

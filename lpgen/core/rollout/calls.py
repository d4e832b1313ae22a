"""The calls to IAM in a rollout, their effect on the policies of a principal, and the calls that undo them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Literal

from lpgen.core.model import PrincipalKind
from lpgen.core.rollout.trust_change import TRUST_POLICY, same_trust

POLICY_PATH: Final = "/lpgen/"
"""The path of the policies that lpgen creates. A permission to create and delete policies can be limited to it."""

CallParameters = dict[str, str | list[dict[Literal["Key", "Value"], str]]]
"""The parameters of a call: texts, or tags."""


class CallKind(StrEnum):
    """The kind of a call. No call creates a policy version, or deletes a policy that lpgen didn't create."""

    CREATE_POLICY = "create_policy"
    ATTACH = "attach"
    PUT_INLINE = "put_inline"
    DETACH = "detach"
    DELETE_INLINE = "delete_inline"
    DELETE_POLICY = "delete_policy"
    NARROW_TRUST = "narrow_trust"
    RESTORE_TRUST = "restore_trust"


_OPERATIONS: Final[Mapping[CallKind, str]] = {
    CallKind.CREATE_POLICY: "CreatePolicy",
    CallKind.ATTACH: "Attach{}Policy",
    CallKind.PUT_INLINE: "Put{}Policy",
    CallKind.DETACH: "Detach{}Policy",
    CallKind.DELETE_INLINE: "Delete{}Policy",
    CallKind.DELETE_POLICY: "DeletePolicy",
    CallKind.NARROW_TRUST: "UpdateAssume{}Policy",
    CallKind.RESTORE_TRUST: "UpdateAssume{}Policy",
}
"""The operations of IAM's API, without the kind of the principal."""


_ADDING: Final = frozenset({CallKind.CREATE_POLICY, CallKind.ATTACH, CallKind.PUT_INLINE, CallKind.RESTORE_TRUST})


@dataclass(frozen=True, slots=True)
class IamCall:
    """One call. `policy` is a managed policy's ARN, an inline policy's name or TRUST_POLICY. `principal` is a name.

    Only CREATE_POLICY, PUT_INLINE and the calls for trust policies have a `document`. Only CREATE_POLICY has a
    `description` and `tags`.
    """

    kind: CallKind
    principal_kind: PrincipalKind
    principal: str
    policy: str
    document: str = ""
    description: str = ""
    tags: tuple[tuple[str, str], ...] = ()

    @property
    def operation(self) -> str:
        """The name of the operation in IAM's API."""
        return _OPERATIONS[self.kind].format(self.principal_kind.capitalize())

    @property
    def adds(self) -> bool:
        """Whether it adds something instead of removing something."""
        return self.kind in _ADDING

    def parameters(self) -> CallParameters:
        """The operation's parameters, as in the API reference.

        https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html
        """
        owner: CallParameters = {f"{self.principal_kind.capitalize()}Name": self.principal}
        match self.kind:
            case CallKind.CREATE_POLICY:
                return {
                    "PolicyName": self.policy.rpartition("/")[2],
                    "Path": POLICY_PATH,
                    "Description": self.description,
                    "Tags": [{"Key": key, "Value": value} for key, value in self.tags],
                    "PolicyDocument": self.document,
                }
            case CallKind.DELETE_POLICY:
                return {"PolicyArn": self.policy}
            case CallKind.ATTACH | CallKind.DETACH:
                return {**owner, "PolicyArn": self.policy}
            case CallKind.PUT_INLINE:
                return {**owner, "PolicyName": self.policy, "PolicyDocument": self.document}
            case CallKind.DELETE_INLINE:
                return {**owner, "PolicyName": self.policy}
            case CallKind.NARROW_TRUST | CallKind.RESTORE_TRUST:
                return {**owner, "PolicyDocument": self.document}


# ---------------------------------------------------------------- effect and inverse


@dataclass(frozen=True, slots=True)
class HeldPolicies:
    """A principal's own policies: inline policies as sorted pairs of name and text, the ARNs of attached policies, and
    the text of the trust policy ("" for a user).

    Texts are exactly as in IAM, including white space.
    """

    inline: tuple[tuple[str, str], ...] = ()
    attached: tuple[str, ...] = ()
    trust: str = ""

    @property
    def texts(self) -> dict[str, str]:
        """The texts of the inline policies and of the trust policy, by name."""
        return {**dict(self.inline), TRUST_POLICY: self.trust}

    def agrees_with(self, other: HeldPolicies) -> bool:
        """Whether the policies are the same, and the trust policies say the same."""
        return replace(self, trust="") == replace(other, trust="") and same_trust(self.trust, other.trust)


def holding_after(holding: HeldPolicies, calls: Iterable[IamCall]) -> HeldPolicies:
    """The policies of a principal after the calls."""
    inline, attached, trust = dict(holding.inline), set(holding.attached), holding.trust
    for call in calls:
        match call.kind:
            case CallKind.ATTACH:
                attached.add(call.policy)
            case CallKind.DETACH:
                attached.discard(call.policy)
            case CallKind.PUT_INLINE:
                inline[call.policy] = call.document
            case CallKind.DELETE_INLINE:
                inline.pop(call.policy, None)
            case CallKind.NARROW_TRUST | CallKind.RESTORE_TRUST:
                trust = call.document
    return HeldPolicies(tuple(sorted(inline.items())), tuple(sorted(attached)), trust)


_INVERSE: Final[Mapping[CallKind, CallKind]] = {
    CallKind.CREATE_POLICY: CallKind.DELETE_POLICY,
    CallKind.ATTACH: CallKind.DETACH,
    CallKind.DETACH: CallKind.ATTACH,
    CallKind.PUT_INLINE: CallKind.DELETE_INLINE,
    CallKind.DELETE_INLINE: CallKind.PUT_INLINE,
    CallKind.NARROW_TRUST: CallKind.RESTORE_TRUST,
}

FORWARD_KINDS: Final = tuple(_INVERSE)
"""The kinds of calls in a plan. The other kinds only undo calls."""


def inverse_calls(calls: Iterable[IamCall], texts: Mapping[str, str]) -> tuple[IamCall, ...]:
    """The calls that undo the calls, in reverse order.

    So policies with a Deny are restored first and removed last here too. `texts` are the earlier texts of inline
    policies and of the trust policy by name. The inverse of a call that put a document in place keeps this document, so
    no other document is deleted instead.
    """
    return tuple(_inverse(call, texts) for call in reversed(tuple(calls)))


def _inverse(call: IamCall, texts: Mapping[str, str]) -> IamCall:
    kind = _INVERSE[call.kind]
    restores = call.kind in (CallKind.DELETE_INLINE, CallKind.NARROW_TRUST)
    document = texts[call.policy] if restores else call.document
    return replace(call, kind=kind, document=document, description="", tags=())

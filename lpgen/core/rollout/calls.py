"""The calls to IAM in a rollout, their effect on the policies of a principal, and the calls that undo them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Literal

from lpgen.core.model import PrincipalKind

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


_OPERATIONS: Final[Mapping[CallKind, str]] = {
    CallKind.CREATE_POLICY: "CreatePolicy",
    CallKind.ATTACH: "Attach{}Policy",
    CallKind.PUT_INLINE: "Put{}Policy",
    CallKind.DETACH: "Detach{}Policy",
    CallKind.DELETE_INLINE: "Delete{}Policy",
    CallKind.DELETE_POLICY: "DeletePolicy",
}
"""The operations of IAM's API, without the kind of the principal."""


@dataclass(frozen=True, slots=True)
class IamCall:
    """One call. `policy` is a managed policy's ARN or an inline policy's name. `principal` is a name.

    Only CREATE_POLICY and PUT_INLINE have a `document`. Only CREATE_POLICY has a `description` and `tags`.
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
        return self.kind in (CallKind.CREATE_POLICY, CallKind.ATTACH, CallKind.PUT_INLINE)

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


# ---------------------------------------------------------------- effect and inverse


@dataclass(frozen=True, slots=True)
class HeldPolicies:
    """A principal's own policies: inline policies as sorted pairs of name and text, and the ARNs of attached policies.

    Texts are exactly as in IAM, including white space.
    """

    inline: tuple[tuple[str, str], ...] = ()
    attached: tuple[str, ...] = ()


def holding_after(holding: HeldPolicies, calls: Iterable[IamCall]) -> HeldPolicies:
    """The policies of a principal after the calls."""
    inline, attached = dict(holding.inline), set(holding.attached)
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
    return HeldPolicies(tuple(sorted(inline.items())), tuple(sorted(attached)))


_INVERSE: Final[Mapping[CallKind, CallKind]] = {
    CallKind.CREATE_POLICY: CallKind.DELETE_POLICY,
    CallKind.ATTACH: CallKind.DETACH,
    CallKind.DETACH: CallKind.ATTACH,
    CallKind.PUT_INLINE: CallKind.DELETE_INLINE,
    CallKind.DELETE_INLINE: CallKind.PUT_INLINE,
}


def inverse_calls(calls: Iterable[IamCall], texts: Mapping[str, str]) -> tuple[IamCall, ...]:
    """The calls that undo the calls, in reverse order.

    So policies with a Deny are restored first and removed last here too. `texts` are the earlier inline policies by
    name. The inverse of a call that put a document in place keeps this document, so no other document is deleted
    instead.
    """
    return tuple(_inverse(call, texts) for call in reversed(tuple(calls)))


def _inverse(call: IamCall, texts: Mapping[str, str]) -> IamCall:
    kind = _INVERSE[call.kind]
    document = texts[call.policy] if call.kind is CallKind.DELETE_INLINE else call.document
    return replace(call, kind=kind, document=document, description="", tags=())

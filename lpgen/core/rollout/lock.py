"""The lock of a principal: a managed policy that states which run changes the principal, and since when.

IAM has no conditional changes, and overwrites tags silently. But CreatePolicy fails if a policy of the name exists, so
only one of several runs can create the lock.
https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from lpgen.core.rollout.calls import POLICY_PATH

LOCK_PATH: Final = f"{POLICY_PATH}lock/"

_DESCRIPTION: Final = "lpgen rollout of the plan {plan}, since {moment}, run {nonce}"
_DOCUMENT: Final = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:GetCallerIdentity","Resource":"*"}]}'
)
"""Grants nothing even if somebody attaches it, because this action needs no permission.
https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html"""


def lock_arn(principal: str, principal_id: str) -> str:
    """The ARN of a principal's lock. AWS never gives the unique id of a deleted principal to another one.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
    """
    _, partition, _, _, account, _ = principal.split(":", 5)
    return f"arn:{partition}:iam::{account}:policy{LOCK_PATH}{principal_id}"


def lock_parameters(arn: str, description: str) -> dict[str, str]:
    """The parameters of the call that creates a lock."""
    return {
        "PolicyName": arn.rpartition("/")[2],
        "Path": LOCK_PATH,
        "Description": description,
        "PolicyDocument": _DOCUMENT,
    }


def lock_description(nonce: str, *, plan: str, moment: str) -> str:
    """The description of a lock: the digest of the plan, the start of the run, and a number that identifies the run.

    IAM doesn't allow changes to the description of a policy.
    """
    return _DESCRIPTION.format(plan=plan[:12], moment=moment, nonce=nonce)


def is_lock_of(description: str, nonces: Iterable[str]) -> bool:
    """Whether a lock belongs to a run with one of these numbers."""
    return any(description.endswith(f" run {nonce}") for nonce in nonces)

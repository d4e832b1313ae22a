"""All the policies that a request meets, by the wall they make up."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from lpgen.core.model import Policy


class Unstated(Enum):
    """That nothing is known of a policy, which is not the same as knowing that there is none."""

    UNSTATED = "unstated"


UNSTATED: Final = Unstated.UNSTATED


@dataclass(frozen=True, slots=True)
class PolicySet:
    """The policies that apply to a request.

    `identity` are the principal's own, inline, attached and of its groups. `boundary` is its permissions boundary,
    empty where it has none. `scps` and `rcps` hold a level of the organization each, from the root to the account:
    every level of SCPs must allow; empty means that there are none at all. `resource` is the policy of the resource (a
    role's trust policy, a key's key policy), None where it has none; where it is UNSTATED, the decision covers only the
    principal's side. `session` is the policy passed when the session was made. `endpoint` are the policies of the VPC
    endpoint that the request comes through, empty where it comes through none.
    """

    identity: tuple[Policy, ...] = ()
    boundary: tuple[Policy, ...] = ()
    scps: tuple[tuple[Policy, ...], ...] = ()
    rcps: tuple[tuple[Policy, ...], ...] = ()
    resource: Policy | Unstated | None = UNSTATED
    session: Policy | None = None
    endpoint: tuple[Policy, ...] = ()

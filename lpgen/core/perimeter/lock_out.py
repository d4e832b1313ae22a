"""Who can still change a resource's policy."""

from __future__ import annotations

from lpgen.core.arns import account_in_arn
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import Policy
from lpgen.core.perimeter.kinds import with_added
from lpgen.core.perimeter.replay import is_refused
from lpgen.core.perimeter.resources import PolicyResource
from lpgen.core.perimeter.use import Call
from lpgen.core.perimeter.world import PerimeterWorld, allows


def editors_of(resource: PolicyResource, added: tuple[Policy, ...], world: PerimeterWorld) -> tuple[str, ...]:
    """The principals of the account that can replace the policy with these statements added, from where people work.

    The caller that was named counts too, unless a Deny refuses it: its policies may not have been given.
    """
    document, action = with_added(resource, added), resource.row.edit
    policy = policy_from_json(document, place=resource.arn) if document["Statement"] else None
    # Only the principal's own policies matter, unless the resource's policy allows changes too.
    is_granted = resource.policy is not None and allows((resource.policy,), action)
    able = world.able("" if is_granted else action, resource.account)
    found = {
        principal.arn for principal in able if world.may(principal, action, resource.arn, policy, resource.account)
    }
    caller = world.choices.caller
    is_unknown = caller not in {principal.arn for principal in world.able("", resource.account)}
    if is_unknown and policy is not None and account_in_arn(caller) == resource.account:
        call = Call(caller, resource.account, action, resource.arn)
        found |= set() if is_refused(policy, call, world) else {caller}
    return tuple(sorted(found))

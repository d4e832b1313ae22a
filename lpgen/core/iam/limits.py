"""AWS's limits for the size and number of policies."""

from __future__ import annotations

# Default quotas, in characters without white space and in policies per principal.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
MANAGED_POLICY_LIMIT = 6_144
ROLE_INLINE_LIMIT = 10_240  # all inline policies of a role together
USER_INLINE_LIMIT = 2_048  # all inline policies of a user together
GROUP_INLINE_LIMIT = 5_120  # all inline policies of a group together
TRUST_POLICY_LIMIT = 2_048  # of a role
ATTACHED_POLICIES_LIMIT = 10  # managed policies attached to one user, group or role
# The maximum after an increase: https://repost.aws/knowledge-center/iam-increase-policy-size
MOST_ATTACHED_POLICIES = 20

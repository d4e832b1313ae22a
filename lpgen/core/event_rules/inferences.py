"""The inference rules by name: what the `how` of a mapped action means, for reports.

A rule is here when it derives an action from a record of another action. Each has the page it comes from.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Inference(NamedTuple):
    """One inference rule: a sentence for people and the AWS page behind it."""

    sentence: str
    source: str


PASS_ROLE: Final = "pass-role"
TAG_ON_CREATE: Final = "tag-on-create"

INFERENCES: dict[str, Inference] = {
    PASS_ROLE: Inference(
        "the call hands a role to an AWS service, which CloudTrail never records as iam:PassRole",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html",
    ),
    TAG_ON_CREATE: Inference(
        "the call sets tags on what it creates, which needs the tagging action too",
        "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html",
    ),
}

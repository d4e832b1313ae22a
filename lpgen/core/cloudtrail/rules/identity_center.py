"""IAM Identity Center, whose access portal shares the event source and needs no IAM permission."""

from __future__ import annotations

from lpgen.core.cloudtrail.rules.call import Call, RuleTable
from lpgen.core.model import MappedAction

_SOURCE = "sso.amazonaws.com"


def _map_application_listing(call: Call) -> tuple[MappedAction, ...] | None:
    """ListApplications: the access portal's call of this name has no instance and needs no permission.

    https://docs.aws.amazon.com/singlesignon/latest/userguide/sso-info-in-cloudtrail.html
    """
    return None if call.has("instanceArn") else ()


RULES: RuleTable = {
    (_SOURCE, "ListApplications"): _map_application_listing,
}

"""SES: identities and configuration sets by name; a raw message through the second API version is SendRawEmail.

https://docs.aws.amazon.com/ses/latest/dg/control-user-access.html and
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonses.html
"""

from __future__ import annotations

from lpgen.core.cloudtrail.rules.call import Call, RuleTable
from lpgen.core.cloudtrail.rules.types import NamedType, ResourceType, mapped, read_resources
from lpgen.core.model import MappedAction

SOURCE = "ses.amazonaws.com"

_TYPES: dict[str, ResourceType] = {
    "set": NamedType("ses", "configuration-set/{}", "configurationSetName"),
    # The sender is an address, and the identity it belongs to may be its domain: only an ARN shows which.
    "sender": NamedType("ses", "identity/{}", "sourceArn|fromEmailAddressIdentityArn|fromArn"),
    "template": NamedType("ses", "template/{}", "content.template.templateName"),
}


def _map_send(call: Call) -> tuple[MappedAction, ...]:
    """SendEmail, of the first API version and the second, whose raw messages have their own action.

    https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html
    """
    raw = call.has("content", "raw")
    tokens = ("sender", "set?") if raw else ("sender", "set?", "template?")
    action = "ses:SendRawEmail" if raw else "ses:SendEmail"
    return (mapped(action, read_resources(call, _TYPES, tokens)),)


RULES: RuleTable = {(SOURCE, "SendEmail"): _map_send}

"""SES: identities and configuration sets by name; a raw message through the second API version is SendRawEmail.

https://docs.aws.amazon.com/ses/latest/dg/control-user-access.html and
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonses.html
"""

from __future__ import annotations

from lpgen.core.events.rules.call import Call, Rule, RuleTable
from lpgen.core.events.rules.declared import NamedType, ResourceType, declared_rules, mapped, read_resources
from lpgen.core.model import MappedAction

_SOURCES = ("ses.amazonaws.com", "email.amazonaws.com")

TYPES: dict[str, ResourceType] = {
    "set": NamedType("ses", "configuration-set/{}", "configurationSetName"),
    # The sender is an address, and the identity it belongs to may be its domain: only an ARN tells.
    "sender": NamedType("ses", "identity/{}", "sourceArn|fromEmailAddressIdentityArn|fromArn"),
    "template": NamedType("ses", "template/{}", "templateArn|templateName"),
    "sent-template": NamedType(
        "ses",
        "template/{}",
        "templateArn|template|content.template.templateName|defaultContent.template.templateName",
    ),
    "verification": NamedType("ses", "custom-verification-email-template/{}", "templateName"),
}

_LINES = """
CreateConfigurationSet                set #TagResource
CreateConfigurationSetEventDestination set
CreateEmailTemplate                   template
CreateCustomVerificationEmailTemplate verification
SendBulkEmail                         sender set? sent-template
SendBulkTemplatedEmail                sender set? sent-template
"""


def _map_send(call: Call) -> tuple[MappedAction, ...]:
    """SendEmail, of the first API version and the second, whose raw messages have their own action.

    https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html
    """
    raw = call.has("content", "raw")
    tokens = ("sender", "set?") if raw else ("sender", "set?", "sent-template?=content.template.templateName")
    action = "ses:SendRawEmail" if raw else "ses:SendEmail"
    return (mapped(action, read_resources(call, TYPES, tokens)),)


def _ses_rules() -> dict[tuple[str, str], Rule]:
    """The same rules under both event sources that SES has used."""
    rules: dict[tuple[str, str], Rule] = {}
    for source in _SOURCES:
        rules.update(declared_rules(source, "ses", TYPES, _LINES))
        rules[source, "SendEmail"] = _map_send
    return rules


RULES: RuleTable = _ses_rules()

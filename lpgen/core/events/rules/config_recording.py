"""AWS Config, by the names that calls give: recorders, rules, packs and aggregators, and where a pack's template lies.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsconfig.html
"""

from __future__ import annotations

from collections.abc import Iterator

from lpgen.core.events.rules.call import Call, Rule, RuleTable
from lpgen.core.events.rules.declared import NamedType, ResourceType, declared_rules, mapped
from lpgen.core.events.rules.inferences import TEMPLATE_SOURCE
from lpgen.core.events.rules.listed import exact
from lpgen.core.events.rules.ssm_resources import document_arn
from lpgen.core.model import MappedAction

_SOURCE = "config.amazonaws.com"

_CONFIG_TYPES: dict[str, ResourceType] = {
    "pack": NamedType("config", "conformance-pack/{}/*", "conformancePackName"),
    # The ids in these ARNs are AWS's choice, and requests give names alone.
    "rule": NamedType("config", "config-rule/*", "configRule.configRuleArn"),
    "organization-pack": NamedType("config", "organization-conformance-pack/*", "organizationConformancePackArn"),
    "remediation": NamedType("config", "remediation-configuration/*", "remediationConfigurationArn"),
}

_CONFIG_LINES = """
PutRemediationConfigurations         remediation @remediationConfigurations.parameters.AutomationAssumeRole.staticValue.values=ssm.amazonaws.com
"""  # noqa: E501


_PACK_LINES = """
PutConformancePack                   pack #TagResource
PutOrganizationConformancePack       organization-pack
"""


def _with_template(rule: Rule) -> Rule:
    """A rule for a pack that adds what reading its template from Systems Manager needs.

    https://docs.aws.amazon.com/config/latest/APIReference/API_PutConformancePack.html
    """

    def map_call(call: Call) -> tuple[MappedAction, ...]:
        return (*(rule(call) or ()), *_read_template(call))

    return map_call


def _read_template(call: Call) -> Iterator[MappedAction]:
    document = call.text("templateSSMDocumentDetails", "documentName")
    if document:
        arns = (arn for arn in (document_arn(call, document),) if arn)
        yield mapped("ssm:GetDocument", map(exact, arns), how=TEMPLATE_SOURCE)


RULES: RuleTable = {
    **declared_rules(_SOURCE, "config", _CONFIG_TYPES, _CONFIG_LINES),
    **{
        key: _with_template(rule) for key, rule in declared_rules(_SOURCE, "config", _CONFIG_TYPES, _PACK_LINES).items()
    },
}

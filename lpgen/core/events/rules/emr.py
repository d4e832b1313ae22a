"""EMR: clusters by id, the roles that a cluster is given by name, and elasticmapreduce:AddTags on create.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticmapreduce.html
"""

from __future__ import annotations

from lpgen.core.events.rules.call import RuleTable
from lpgen.core.events.rules.declared import NamedType, ResourceType, declared_rules

SOURCE = "elasticmapreduce.amazonaws.com"

TYPES: dict[str, ResourceType] = {
    "cluster": NamedType("elasticmapreduce", "cluster/{}", "clusterId|jobFlowId|jobFlowIds"),
}

# The roles: https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-iam-roles.html
_LINES = """
RunJobFlow #AddTags:+cluster @name:serviceRole=elasticmapreduce.amazonaws.com @profile:jobFlowRole=ec2.amazonaws.com @name:autoScalingRole=application-autoscaling.amazonaws.com
"""  # noqa: E501


RULES: RuleTable = declared_rules(SOURCE, "elasticmapreduce", TYPES, _LINES)

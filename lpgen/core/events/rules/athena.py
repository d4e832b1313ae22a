"""Athena calls: a query without a workgroup runs in `primary`, and what has only an id lies in some workgroup.

Source: https://docs.aws.amazon.com/athena/latest/ug/workgroups-iam-policy.html
"""

from __future__ import annotations

from lpgen.core.events.rules.call import RuleTable
from lpgen.core.events.rules.declared import NamedType, ResourceType, declared_rules

SOURCE = "athena.amazonaws.com"

_LINES = """
BatchGetNamedQuery any
BatchGetQueryExecution any
CreateNamedQuery workgroup
CreatePresignedNotebookUrl any
DeleteNamedQuery any
DeleteNotebook any
ExportNotebook any
GetCalculationExecution any
GetCalculationExecutionCode any
GetCalculationExecutionStatus any
GetNamedQuery any
GetNotebookMetadata any
GetQueryExecution any
GetQueryResults any
GetQueryResultsStream any
GetQueryRuntimeStatistics any
ListCalculationExecutions any
ListNamedQueries workgroup
ListNotebookSessions any
ListQueryExecutions workgroup
StartCalculationExecution any
StartQueryExecution workgroup
StopCalculationExecution any
StopQueryExecution any
UpdateNamedQuery any
UpdateNotebook any
UpdateNotebookMetadata any
"""

_TYPES: dict[str, ResourceType] = {
    "workgroup": NamedType("athena", "workgroup/{}", "workGroup~primary"),
    "any": NamedType("athena", "workgroup/{}", "workGroup"),
}

RULES: RuleTable = declared_rules(SOURCE, "athena", _TYPES, _LINES)

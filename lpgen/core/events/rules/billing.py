"""Budgets and Cost Explorer calls: two actions for all of a budget's operations, and ARNs without a Region.

Sources: https://docs.aws.amazon.com/cost-management/latest/userguide/billing-permissions-ref.html and
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbudgetservice.html
"""

from __future__ import annotations

from collections.abc import Iterator

from lpgen.core.events.rules.call import Call, RuleTable, values_at
from lpgen.core.events.rules.declared import NamedType, ResourceType, declared_rules
from lpgen.core.events.rules.listed import ReaderType, exact_or_any, first_text
from lpgen.core.model import Resource

SOURCE = "budgets.amazonaws.com"

_LINES = """
CreateBudget=ModifyBudget budget #TagResource
CreateNotification=ModifyBudget budget
CreateSubscriber=ModifyBudget budget
DeleteBudget=ModifyBudget budget
DeleteNotification=ModifyBudget budget
DeleteSubscriber=ModifyBudget budget
DescribeBudget=ViewBudget budget
DescribeBudgetNotificationsForAccount=ViewBudget budget
DescribeBudgetPerformanceHistory=ViewBudget budget
DescribeBudgets=ViewBudget budget
DescribeNotificationsForBudget=ViewBudget budget
DescribeSubscribersForNotification=ViewBudget budget
UpdateBudget=ModifyBudget budget
UpdateNotification=ModifyBudget budget
UpdateSubscriber=ModifyBudget budget
"""


def read_budgets(call: Call) -> Iterator[Resource]:
    """The budget that a call names, in the account that it names; any budget where it lists them."""
    name = first_text(call, "budgetName", "budget.budgetName", "newBudget.budgetName")
    account = call.text("accountId") or call.account
    yield exact_or_any(f"arn:{call.partition}:budgets::{account}:budget/", name)


def _has_budget_tags(call: Call) -> bool:
    return call.has("resourceTags")


_TYPES: dict[str, ResourceType] = {"budget": ReaderType(read_budgets)}

EXPORTS = "bcm-data-exports.amazonaws.com"


def _read_tables(call: Call) -> Iterator[Resource]:
    """The tables that an export queries, each with its settings under its name.

    https://docs.aws.amazon.com/cur/latest/userguide/bcm-data-exports-access.html
    """
    for settings in values_at(call.request, ("export", "dataQuery", "tableConfigurations")):
        for name in settings if isinstance(settings, dict) else ():
            yield exact_or_any(call.arn("bcm-data-exports", "table/"), str(name))


_EXPORT_TYPES: dict[str, ResourceType] = {
    "export": NamedType("bcm-data-exports", "export/{}", "exportArn"),
    "table": ReaderType(_read_tables),
}

RULES: RuleTable = {
    **declared_rules(SOURCE, "budgets", _TYPES, _LINES, has_tags=_has_budget_tags),
    **declared_rules(EXPORTS, "bcm-data-exports", _EXPORT_TYPES, "UpdateExport export table"),
}

"""Data Exports: an export that is changed is authorized on the tables that it queries too.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbillingandcostmanagementdataexports.html
"""

from __future__ import annotations

from collections.abc import Iterator

from lpgen.core.cloudtrail.rules.call import Call, values_at
from lpgen.core.cloudtrail.rules.listed import ReaderType, exact_or_any
from lpgen.core.cloudtrail.rules.types import ReaderTable
from lpgen.core.model import Resource


def _read_tables(call: Call) -> Iterator[Resource]:
    """The tables that an export queries, each with its settings under its name.

    https://docs.aws.amazon.com/cur/latest/userguide/bcm-data-exports-access.html
    """
    for settings in values_at(call.request, ("export", "dataQuery", "tableConfigurations")):
        for name in settings if isinstance(settings, dict) else ():
            yield exact_or_any(call.arn("bcm-data-exports", "table/"), str(name))


READERS: ReaderTable = {"bcm-data-exports.amazonaws.com": {"table": ReaderType(_read_tables)}}

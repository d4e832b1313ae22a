"""Performance Insights: the metrics and reports of a database instance, which calls name by its resource id.

The service is in lower case in the ARN and in capitals in the request; AWS documents the ARN only for RDS.
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PerfInsights.access-control.html and
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsperformanceinsights.html
"""

from __future__ import annotations

from collections.abc import Iterator

from lpgen.core.cloudtrail.rules.call import Call
from lpgen.core.cloudtrail.rules.listed import ReaderType
from lpgen.core.cloudtrail.rules.types import ReaderTable, resource_from_arn
from lpgen.core.model import Resource

_SERVICES = {"RDS": "rds"}


def _database_type(kind: str, *, has_report: bool = False) -> ReaderType:
    """The metrics of a database, or its reports: `perf-reports/rds/db-ABC/report-1`, as far as a call names them."""

    def read(call: Call) -> Iterator[Resource]:
        service, database = _SERVICES.get(call.text("serviceType"), "*"), call.text("identifier")
        report = f"/{call.text('analysisReportId') or '*'}" if has_report else ""
        if database:
            yield resource_from_arn(call.arn("pi", f"{kind}/{service}/{database}{report}"))

    return ReaderType(read, "pi", f"{kind}/*")


READERS: ReaderTable = {
    "pi.amazonaws.com": {
        "metrics": _database_type("metrics"),
        "report": _database_type("perf-reports", has_report=True),
    }
}

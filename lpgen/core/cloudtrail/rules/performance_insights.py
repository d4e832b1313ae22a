"""Performance Insights: the metrics and reports of a database instance, which calls name by its resource id.

The service is in lower case in the ARN and in capitals in the request; AWS documents the ARN only for RDS.
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PerfInsights.access-control.html and
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsperformanceinsights.html
"""

from __future__ import annotations

from dataclasses import dataclass

from lpgen.core.cloudtrail.rules.call import Call
from lpgen.core.cloudtrail.rules.types import ReaderTable, ResourceType, resource_from_arn
from lpgen.core.model import Resource

_SOURCE = "pi.amazonaws.com"

_SERVICES = {"RDS": "rds"}


@dataclass(frozen=True, slots=True)
class _DatabaseType:
    """The metrics of a database, or its reports: `perf-reports/rds/db-ABC/report-1`."""

    kind: str
    has_report: bool = False

    def read(self, call: Call, _paths: str) -> tuple[Resource, ...]:
        """The resource that the call names, as far as it does; nothing without an identifier."""
        service, database = _SERVICES.get(call.text("serviceType"), "*"), call.text("identifier")
        if not database:
            return ()
        report = f"/{call.text('analysisReportId') or '*'}" if self.has_report else ""
        return (resource_from_arn(call.arn("pi", f"{self.kind}/{service}/{database}{report}")),)

    def pattern(self, call: Call) -> Resource:
        """The pattern of all resources of the kind."""
        return resource_from_arn(call.arn("pi", f"{self.kind}/*"))


_TYPES: dict[str, ResourceType] = {
    "metrics": _DatabaseType("metrics"),
    "report": _DatabaseType("perf-reports", has_report=True),
}

READERS: ReaderTable = {_SOURCE: _TYPES}

"""Writes `operation_report.json`: how the event map handles every operation of the pinned botocore.

    python -m action_catalog.build_operation_report

Run it after `build_operations`, under the botocore that `service_models.PINNED` names.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import Final

from action_catalog.builder_facts import HERE, SUFFIX
from action_catalog.service_models import PINNED, Operation, read_operations
from lpgen.core.cloudtrail.event_map import EventMap, Plan
from lpgen.edge.catalog.files import bundled_catalog

_NO_ACTION: Final = (
    "the service authorization reference has no such action, and the operation's documentation names none"
)
_DROPPED: Final = "the service authorization reference has dropped"
_REASONS: Final = {
    "application-cost-profiler.amazonaws.com": f"the service was retired in 2024, and {_DROPPED} it",
    "cloudhsm.amazonaws.com": f"AWS CloudHSM Classic was retired, and {_DROPPED} its actions",
    "comprehendmedical.amazonaws.com": f"deprecated in favour of DetectEntitiesV2, and {_DROPPED} it",
    "deadline.amazonaws.com": "batch calls whose authorization AWS does not document",
    "finspace-api.amazonaws.com": f"the dataset browser was retired, and {_DROPPED} its actions",
    "iotthingsgraph.amazonaws.com": f"the service was retired in 2022, and {_DROPPED} it",
    "neptune-db.amazonaws.com": "which action the query needs depends on its text, and CloudTrail does not record the"
    " call anyway",
    "neptune-graph.amazonaws.com": "which action the query needs depends on its text",
}
"""Why operations of an event source are unmapped, if there is a special reason, according to AWS's current reference.
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html"""


def classify(plan: Plan, action: str) -> str:
    """How the event map handles an operation whose own action would be `action`."""
    if not plan.needs_permission:
        return "no_permission"
    if plan.rule is not None:
        return "rule"
    if not plan.readers:
        return "unmapped"
    own = len(plan.readers) == 1 and plan.readers[0].action.casefold() == action.casefold()
    return "identity" if own else "table"


def build_report(event_map: EventMap, operations: list[Operation]) -> dict[str, object]:
    """Counts by class, and the unmapped operations by service, each service with its reason."""
    counts: Counter[str] = Counter()
    unmapped: dict[str, list[str]] = {}
    for item in operations:
        kind = classify(event_map.plan(item.prefix + SUFFIX, item.name), f"{item.prefix}:{item.name}")
        counts[kind] += 1
        if kind == "unmapped":
            unmapped.setdefault(item.prefix + SUFFIX, []).append(item.name)
    return {
        "botocore": PINNED,
        "operations": len(operations),
        "counts": dict(sorted(counts.items())),
        "unmapped": {
            source: {"reason": _REASONS.get(source, _NO_ACTION), "operations": sorted(set(names))}
            for source, names in sorted(unmapped.items())
        },
    }


def main() -> int:
    """Writes the report and prints its counts."""
    catalog = bundled_catalog()
    operations = list(read_operations(frozenset(catalog.prefixes())))
    report = build_report(EventMap(catalog), operations)
    (HERE / "operation_report.json").write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", "utf-8")
    print(report["operations"], report["counts"])
    return 0


if __name__ == "__main__":
    sys.exit(main())

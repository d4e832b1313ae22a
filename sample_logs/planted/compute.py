"""What runs with each role, for `lpgen graph --compute`."""

from __future__ import annotations

from sample_logs.planted.calls import arn
from sample_logs.planted.data_cast import BACKUP, ETL, LEGACY, REPORTER
from sample_logs.planted.delivery_cast import EXECUTION_ROLE
from sample_logs.planted.exchange_cast import EXPORTER, INVOICES, ROUTER
from sample_logs.planted.fleet_cast import COLLECTOR, FLEET_NODE, LAUNCHER, NODES
from sample_logs.planted.identities import Json, Role
from sample_logs.planted.security_cast import RUNNER, SIEM
from sample_logs.planted.shop_cast import CHECKOUT, CURATOR, FULFILMENT, INDEXER, STOREFRONT, WORKER
from sample_logs.planted.world import EAST

_TASKS = ((EXPORTER, 8), (FULFILMENT, 3), (INDEXER, 2), (INVOICES, 17), (STOREFRONT, 343), (WORKER, 29))
_CHECKOUT = ("tax", "vouchers", "returns", "gifts", "loyalty")

_RUNNING: tuple[tuple[str, str, Role], ...] = (
    *(("ec2", f"instance/{node}", FLEET_NODE) for node in NODES),
    ("ec2", "instance/i-09d17c3be60a5f842", COLLECTOR),
    ("ec2", "instance/i-0c2b6f81d7e940a35", REPORTER),
    *(("ecs", f"task-definition/{role.name}:{n}", held) for role, n in _TASKS for held in (role, EXECUTION_ROLE)),
    ("glue", "job/legacy", LEGACY),
    ("glue", "job/orders-daily", ETL),
    *(("lambda", f"function:checkout-{name}", CHECKOUT) for name in _CHECKOUT),
    *(("lambda", f"function:{role.name}", role) for role in (BACKUP, CURATOR, ROUTER, RUNNER, SIEM)),
    ("states", "stateMachine:reindex", LAUNCHER),
)


def compute() -> list[Json]:
    """Each resource with its role; a resource with two roles stands twice."""
    return [
        {"arn": arn(service, EAST, role.account, resource), "role": role.arn} for service, resource, role in _RUNNING
    ]

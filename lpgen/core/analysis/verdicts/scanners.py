"""Principals that read nearly everywhere and do little else, as scanners of configurations do.

The needs of a scanner grow with every service and every check that its maker adds, so a list of actions is soon out of
date. AWS maintains policies for it: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_job-functions.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.evidence import PrincipalGrants
from lpgen.core.model import READ_LEVELS
from lpgen.core.registry.caveats import Caveat, CaveatKind
from lpgen.core.replacements import Line, LineKind

MIN_SERVICES: Final = 20
"""The fewest services that a scanner reads. Applications rarely reach ten."""

_MAX_OTHER_SHARE: Final = 0.05
"""Which share of its actions may do more than list and read, such as assuming roles."""

AUDIT_POLICY: Final = "SecurityAudit"


def scanned_services(lines: Iterable[Line], catalog: Catalog) -> int:
    """In how many services the lines show a principal to read as scanners do; 0 where it is none."""
    actions = {line.action for line in lines if line.kind is LineKind.OBSERVED}
    reads = {action for action in actions if catalog.detail(action).level in READ_LEVELS}
    services = {action.partition(":")[0] for action in reads}
    does_more = len(actions) - len(reads) > _MAX_OTHER_SHARE * len(actions)
    return 0 if does_more or len(services) < MIN_SERVICES else len(services)


def scanner_caveats(
    services: int, grants: PrincipalGrants, lines: Iterable[Line], catalog: Catalog
) -> Iterator[Caveat]:
    """A caveat for a principal that scans services, if its replacement removes anything that lists or reads."""
    if services:
        removed = grants.granted().difference(line.action for line in lines)
        if any(catalog.detail(action).level in READ_LEVELS for action in removed):
            yield Caveat.of(CaveatKind.UNPREDICTABLE, case="scanner", services=services)


def reads_by_design(services: int) -> str:
    """Why a policy of AWS suits a principal that scans this many services."""
    return f"it reads in {services} services by design, as scanners do"

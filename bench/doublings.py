"""How time grows with the size of what is made to take long: `python -m bench.doublings`, or `--only logs --size 4`.

Each shape of a log file is read, and each shape of policies or of usage reviewed, at three sizes, each twice the one
before. A ratio of about 2 says that time grows with the size; 4 that it grows with its square. Times are of one
process's own. Exit 1 says that a shape of a log or of usage grew faster than that.
"""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from time import process_time
from typing import Final

from bench import hostile_logs, hostile_policies, hostile_uses
from lpgen.app.inputs import AnalysisInputs
from lpgen.app.review import Ground, review_of_ground
from lpgen.core.analysis.grants.principal_grants import GrantsOnDemand
from lpgen.core.evidence import Use
from lpgen.core.guards import NO_GUARDS
from lpgen.core.options import Options
from lpgen.core.usage.row_slices import RowSlices
from lpgen.edge.catalog.files import bundled_catalog
from lpgen.edge.logs.record_files import records_from_bytes
from tests.support.diffs import diff_usage
from tests.support.generated import generate_policies
from tests.support.proofs import prove
from tests.support.worlds import catalog, grants_of, policy, role, usage_of, use

DOUBLINGS: Final = 2
MOST: Final = 3.0
"""The ratio from which a shape is called non-linear, of a time that can be measured."""

MEASURABLE: Final = 0.1


def seconds_to_read(data: bytes) -> float:
    """The processor time in which a log file is read."""
    gc.collect()
    began = process_time()
    for _ in records_from_bytes(data):
        pass
    return process_time() - began


def seconds_to_review(statements: hostile_policies.Statements) -> float:
    """The processor time in which a role is reviewed that has a policy of these statements, and uses what it allows."""
    principal = role(policy(*statements))
    named = [one for statement in statements for one in statement["Resource"] if "*" not in one]
    texts = [statement["Resource"] for statement in statements if isinstance(statement["Resource"], str)] or named
    uses: list[Use] = [use("s3:GetObject", text.replace("*", "/x")) for text in texts]
    uses += [use("s3:PutObject", "?"), use("s3:DeleteObject", "arn:aws:s3:::aaaa*"), use("sqs:SendMessage", "?")]
    usage, grants, options = usage_of({principal.arn: uses}), (grants_of(principal),), Options()
    gc.collect()
    began = process_time()
    diff = diff_usage(usage, grants, catalog(), options)
    for replacement in generate_policies(diff, grants, catalog(), options):
        prove(replacement, usage, grants, options)
    return process_time() - began


def seconds_to_review_usage(world: hostile_uses.World) -> float:
    """The processor time in which principals are reviewed, from tables that are read to a whole report."""
    usage, principals = world
    by_arn = {principal.arn: principal for principal in principals}
    grants = GrantsOnDemand(principals, by_arn.__getitem__, bundled_catalog(), NO_GUARDS)
    gc.collect()
    began = process_time()
    ground = Ground(usage, RowSlices(usage), grants, ())
    review_of_ground(ground, AnalysisInputs(Path(), (), bundled_catalog(), Options())).whole_report()
    return process_time() - began


def measure(name: str, size: int, seconds: Callable[[int], float]) -> float:
    """Prints the times of a shape at each size and the ratio per doubling, and returns the last one."""
    times = [seconds(size << doubling) for doubling in range(DOUBLINGS + 1)]
    ratios = [later / max(earlier, 0.001) for earlier, later in pairwise(times)]
    told = "".join(f"{one:9.2f}" for one in times) + "".join(f"{one:7.1f}" for one in ratios)
    print(f"{name:44}{told}", flush=True)
    return ratios[-1] if times[-2] >= MEASURABLE else 0.0


def main() -> None:
    """Measures what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("logs", "policies", "uses"))
    parser.add_argument("--shape", default="", help="only shapes with this in their names")
    parser.add_argument("--size", type=int, default=1, help="the smallest log in MiB")
    parser.add_argument("--patterns", type=int, default=35, help="the smallest number of patterns or wildcards")
    parser.add_argument("--uses", type=int, default=500, help="the smallest number of names, changes or roles")
    asked = parser.parse_args()
    fast = []
    if asked.only in (None, "logs"):
        print(f"{f'log, {asked.size} MiB and on':44}{'s':>9}{'s':>9}{'s':>9}{'ratios':>14}")
        for name, shape in hostile_logs.SHAPES.items():
            if asked.shape in name:
                fast.append(measure(name, asked.size << 20, lambda size: seconds_to_read(shape(size))))  # noqa: B023
    if asked.only in (None, "uses"):
        print(f"{f'uses, {asked.uses} and on':44}{'s':>9}{'s':>9}{'s':>9}{'ratios':>14}")
        seconds_to_review_usage(hostile_uses.names_of_one_type(asked.uses))  # the catalog is loaded once
        for name, world in hostile_uses.SHAPES.items():
            if asked.shape in name:
                fast.append(measure(name, asked.uses, lambda size: seconds_to_review_usage(world(size))))  # noqa: B023
    if asked.only in (None, "policies"):
        print(f"{f'policies, {asked.patterns} and on':44}{'s':>9}{'s':>9}{'s':>9}{'ratios':>14}")
        for name, made in hostile_policies.SHAPES.items():
            if asked.shape in name:
                measure(name, asked.patterns, lambda size: seconds_to_review(made(size)))  # noqa: B023
    sys.exit(1 if max(fast, default=0.0) > MOST else 0)


if __name__ == "__main__":
    main()

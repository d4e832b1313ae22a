"""How long a rollout's proofs take: `python -m bench.rollout_proofs [--principals 0]`.

Plans the rollout of the sample organization, or of a seeded one with so many principals of 50 statements each, and
proves it with hunts of several sizes, as `plan` and `apply` both do. Prints CPU time per principal, the median of the
rounds, and that of the slowest principal by itself. The budget is 25 ms per principal.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.organization import write_organization
from lpgen.app.ingest import LogSources, ingest
from lpgen.app.inputs import AnalysisInputs
from lpgen.app.output import generate, inputs_of_output
from lpgen.app.review import analyse
from lpgen.app.rollout_plan import Basis, plan_rollout
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.options import Options
from lpgen.core.rollout.plan import PrincipalPlan
from lpgen.core.rollout.proofs import PROOF_HUNT_SIZE, prove_plans
from lpgen.core.rollout.refusals import Exceptions
from lpgen.core.rollout.source import Trust
from lpgen.edge.catalog.files import open_catalog
from lpgen.edge.engines.local_processes import LocalEngine
from lpgen.edge.logs.log_files import bundled_sample_logs

SIZES = (0, 32, 64, PROOF_HUNT_SIZE, 256)


def planned(home: Path, logs: Path, policies: Path, catalog: Catalog) -> Sequence[PrincipalPlan]:
    """The plans of all replacements that documents are put in place of, whether they are called safe or not."""
    ingest(LogSources((logs,)), catalog, data=home / "data", engine=LocalEngine(1))
    inputs = AnalysisInputs(home / "data", [policies], catalog, Options(min_days=0))
    report = analyse(inputs)
    generate(report, home / "out", inputs_of_output(report.generation, inputs))
    plan = plan_rollout(home / "out", [policies], Exceptions(unsafe=True), catalog, basis=Basis(Trust.OUTPUT))
    return [one for one in plan.principals if one.documents]


def milliseconds(action: Callable[[], object], rounds: int) -> float:
    """The median CPU time of the rounds."""
    times = []
    for _ in range(rounds):
        started = time.process_time()
        action()
        times.append(time.process_time() - started)
    return 1000 * statistics.median(times)


def measure(plans: Sequence[PrincipalPlan], catalog: Catalog, rounds: int) -> None:
    """Prints the time per principal and that of the slowest."""
    prove_plans(plans, catalog)  # what is read and expanded once
    print(f"{len(plans)} principals, {sum(len(one.documents) for one in plans)} documents")
    for size in SIZES:
        whole = milliseconds(lambda size=size: prove_plans(plans, catalog, hunt_size=size), rounds)  # type: ignore[misc]
        print(f"hunt of {size:3}: {whole / len(plans):6.2f} ms per principal")
    slowest = max(milliseconds(lambda one=one: prove_plans([one], catalog), 1) for one in plans)  # type: ignore[misc]
    print(f"the slowest by itself, hunt of {PROOF_HUNT_SIZE}: {slowest:.2f} ms")


def main() -> None:
    """Reads the options and measures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--principals", type=int, default=0, help="of a seeded organization; 0 for the sample one")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    catalog = open_catalog()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        if arguments.principals:
            write_organization(home, principals=arguments.principals, seed=1)
            logs, policies = home / "logs", home / "details"
        else:
            sample = bundled_sample_logs()
            logs, policies = sample.logs, sample.policies
        measure(planned(home, logs, policies, catalog), catalog, arguments.rounds)


if __name__ == "__main__":
    main()

"""How fast the decision core is: `make bench`, or `python bench/decisions.py [--decisions 100000]`.

A role with ten policies of the sample organization makes requests that a seed chooses. Each round decides them all on
one core and, in the same run and alternating with it, reads the same requests as JSON with the standard library, which
gives the yardstick: the median CPU time of the rounds of each, and their ratio.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from pathlib import Path

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.iam.authorize import decide
from lpgen.core.iam.decision import AbsentKeys, PolicySet, Request
from lpgen.core.model import Policy, Resource, ResourceKind
from lpgen.edge.catalog.files import open_catalog
from lpgen.edge.readers.iam_snapshot import read_snapshot

SAMPLES = Path(__file__).parent.parent / "sample_logs" / "authorization-details"
ROLE = "arn:aws:iam::111122223333:role/bench"
POLICIES = 10


def typical_policies() -> tuple[Policy, ...]:
    """Ten policies of the sample organization, those with the most statements."""
    snapshot = read_snapshot([SAMPLES])
    documents = {policy.document for one in snapshot.principals for policy in one.policies if policy.document}
    return tuple(sorted(documents, key=lambda policy: (-len(policy.statements), str(policy)))[:POLICIES])


def seeded_requests(catalog: Catalog, count: int, *, seed: int = 1) -> list[Request]:
    """Requests of the role: any action of the services that the policies know, on one of many resources."""
    draws = random.Random(seed)
    services = ("s3", "dynamodb", "sqs", "lambda", "ec2", "iam", "kms", "logs")
    actions = [action for action in catalog.actions() if action.partition(":")[0] in services]
    resources = [f"arn:aws:s3:::bucket-{n}/data/{n}.csv" for n in range(500)]
    resources += [f"arn:aws:dynamodb:eu-west-1:111122223333:table/table-{n}" for n in range(500)]
    context = {"aws:RequestedRegion": ("eu-west-1",), "aws:PrincipalTag/team": ("blue",), "aws:SourceIp": ("10.1.2.3",)}
    return [
        Request(
            ROLE,
            draws.choice(actions),
            Resource(ResourceKind.ARN, draws.choice(resources)),
            context,
            AbsentKeys.MISSING,
        )
        for _ in range(count)
    ]


def measure(decisions: int, rounds: int) -> None:
    """Prints the medians and their ratio."""
    catalog, policies = open_catalog(), PolicySet(identity=typical_policies())
    requests = seeded_requests(catalog, decisions)
    lines = [
        json.dumps({"action": r.action, "resource": r.resource.text, "context": dict(r.context)}) for r in requests
    ]
    deciding, reading = [], []
    for _ in range(rounds):
        start = time.process_time()
        for request in requests:
            decide(request, policies, catalog=catalog)
        deciding.append(time.process_time() - start)
        start = time.process_time()
        for line in lines:
            json.loads(line)
        reading.append(time.process_time() - start)
    ours, theirs = statistics.median(deciding), statistics.median(reading)
    statements = sum(len(policy.statements) for policy in policies.identity)
    print(f"{decisions:,} decisions under {POLICIES} policies of {statements} statements: {ours:.2f} s")
    print(f"reading the same requests as JSON with the standard library: {theirs:.2f} s; ratio {ours / theirs:.1f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--decisions", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    measure(options.decisions, options.rounds)

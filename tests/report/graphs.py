"""Networks of principals for tests of pages: organizations of 6, 40, 200 or more roles, and one of given names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise

from lpgen.core.graph.answers import ADMIN, GraphReport, Question
from lpgen.core.graph.edges import ADMINISTRATOR, Edge, admin_of
from lpgen.core.graph.paths import Network
from lpgen.core.graph.requests import UsedStatement
from lpgen.core.graph.use import EdgeUse, UseOfEdges, UseState
from lpgen.core.graph.ways import Step, Way
from lpgen.core.iam.decision import Layer

ACCOUNTS = ("111122223333", "444455556666", "777788889999")
PATHS = ("", "app/", "data/", "platform/", "ci/")
BUCKET = "arn:aws:s3:::customer-exports"
WAYS = (
    Way(
        "sts-assume-role",
        "assumes the role",
        ("https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html",),
        "role",
        (Step("sts:AssumeRole", "target"),),
    ),
    Way(
        "lambda-create",
        "creates a function that runs as the role, and invokes it",
        ("https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html",),
        "role",
        (Step("iam:PassRole", "target"),),
        trusts=("lambda.amazonaws.com",),
    ),
)


class StatedUse(UseOfEdges):
    """A use that depends only on the edge: assumed roles were used or not, by turns; functions never were."""

    def __init__(self) -> None:
        """Needs no tables."""

    def of(self, edge: Edge) -> EdgeUse:
        """Its use."""
        if edge.rule == ADMINISTRATOR or edge.target == BUCKET:
            return EdgeUse(UseState.UNSEEN, reason="administrative rights aren't one call")
        if edge.rule == "sts-assume-role" and (len(edge.source) + len(edge.target)) % 3 == 0:
            return EdgeUse(UseState.USED, last_used=date(2026, 9, 1 + len(edge.target) % 20))
        return EdgeUse(UseState.NEVER, covered_days=120)


def organization_of(roles: int, *, compared: bool = True, question: Question | None = None) -> GraphReport:
    """A network of this many roles. An eighth may become many others, and some are administrators."""
    return report_of([_role(number) for number in range(roles)], compared=compared, question=question)


def report_of(arns: Sequence[str], *, compared: bool = True, question: Question | None = None) -> GraphReport:
    """The network of these roles. The replacements leave what is used, and one administrator."""
    asked = question or Question(None, (ADMIN,))
    edges, use = list(_edges(arns)), StatedUse()
    network = Network(edges)
    after = Network(edge for edge in edges if _stays(edge, arns, use)) if compared else None
    targets = (
        {*network.administrators, *map(admin_of, ACCOUNTS)} if asked.targets == (ADMIN,) else asked.targets or arns
    )
    sources = asked.sources or arns

    ways = {way.id: way for way in WAYS}
    then = after.paths(sources, targets, every=asked.every, nearest=asked.targets == (ADMIN,)) if after else None
    now = network.paths(sources, targets, every=asked.every, nearest=asked.targets == (ADMIN,))
    return GraphReport(asked, now, network, use, ways, after, then)


def chain_of(roles: int) -> GraphReport:
    """A network in which each role may assume the next one, and the last is an administrator."""
    arns = [_role(7 * number) for number in range(roles)]
    steps = [Edge(one, other, "sts-assume-role") for one, other in pairwise(arns)]
    network = Network([*steps, Edge(arns[-1], admin_of(ACCOUNTS[0]), ADMINISTRATOR)])
    paths = network.paths(arns, {admin_of(ACCOUNTS[0])}, nearest=True)
    return GraphReport(Question(None, (ADMIN,)), paths, network, StatedUse(), {way.id: way for way in WAYS}, None, None)


def _role(number: int) -> str:
    names = ("deployer", "worker", "reader", "exporter", "pipeline", "batch", "runner", "curator")
    path = PATHS[number % len(PATHS)]
    return f"arn:aws:iam::{_account(number)}:role/{path}{names[number % len(names)]}-{number:03}"


def _account(number: int) -> str:
    return ACCOUNTS[number % 7 % len(ACCOUNTS)]


def _stays(edge: Edge, arns: Sequence[str], use: StatedUse) -> bool:
    lasting = edge.source == arns[0] or edge.source.startswith("admin:") or edge.target == BUCKET
    return lasting or use.of(edge).state is UseState.USED


def _edges(arns: Sequence[str]) -> Iterator[Edge]:
    for number, arn in enumerate(arns):
        account = _account(number)
        identity = UsedStatement(Layer.IDENTITY, f"policy-{number % 9}", "AllowWork")
        yield Edge(admin_of(account), arn, ADMINISTRATOR)
        if number % 40 == 0:
            yield Edge(arn, admin_of(account), ADMINISTRATOR, statements=(identity,))
        if number % 8 == 1:
            for at, target in enumerate(arns):
                if at != number and at % 3 == number % 3:
                    yield Edge(arn, target, "lambda-create", (), (identity,), if_exists=at % 2 == 0)
        other = arns[number * 5 // 8] if number % 3 else arns[number // 3]
        if other != arn:
            keys = ("aws:MultiFactorAuthPresent",) if number % 5 == 2 else ()
            trust = UsedStatement(Layer.RESOURCE, other, "1")
            yield Edge(arn, other, "sts-assume-role", keys, (identity, trust), rcp_unknown=True)
    yield Edge(arns[-1], BUCKET, "sts-assume-role", statements=(UsedStatement(Layer.RESOURCE, BUCKET, "Read"),))

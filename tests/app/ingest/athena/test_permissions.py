"""The calls of an ingest from Athena: its own policy allows each, and one that is refused says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from lpgen.core.choices import Duty
from lpgen.core.required_permissions import own_policies
from lpgen.edge.catalog.files import bundled_catalog
from lpgen.errors import AccessError, AwsError, MissingError
from tests.support.athena_ingests import World, march_world, records_of, world
from tests.support.athena_tables import REGISTERED
from tests.support.aws_servers import Server

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("server_keys")]
march = pytest.fixture(march_world)


def test_ingest_calls_nothing_that_its_own_policy_does_not_allow(moto: Server, tmp_path: Path) -> None:
    with world(moto, REGISTERED, records_of([1])) as found:
        found.athena.looks = 100

        def interrupt(_: float) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            found.take(tmp_path / "data", wait=interrupt)
        found.athena.looks = 1
        found.take(tmp_path / "data")
        found.athena.managed = True
        found.take(tmp_path / "other", output="")
        calls = set(found.athena.calls)
    prefixes = {"AmazonAthena": "athena", "AWSGlue": "glue"}
    used = {
        f"{prefixes[service]}:{operation}"
        for service, _, operation in (call.partition(".") for call in calls)
        if service in prefixes
    }
    others = {call for call in calls if call.partition(".")[0] not in prefixes}
    assert used == {
        "athena:GetQueryExecution",
        "athena:GetQueryResults",
        "athena:StartQueryExecution",
        "athena:StopQueryExecution",
        "glue:GetTable",
    }
    assert {call.partition(f" /{found.athena.results.name}/answers/")[0] for call in others} == {"GET", "HEAD"}
    policy = own_policies(bundled_catalog(), bucket="logs", role="", caller="arn:aws:iam::111122223333:role/lpgen")[
        Duty.INGEST_ATHENA
    ]
    assert used <= {action for statement in policy["Statement"] for action in statement["Action"]}


@pytest.mark.parametrize(
    ("operation", "error", "kind", "hint"),
    [
        ("GetTable", ("EntityNotFoundException", "Table trail not found."), MissingError, "--aws-region"),
        ("GetTable", ("AccessDeniedException", "not authorized: glue:GetTable"), AccessError, "lpgen iam-policy"),
        (
            "GetTable",
            ("AccessDeniedException", "Insufficient Lake Formation permission(s)"),
            AccessError,
            "grant SELECT",
        ),
        ("StartQueryExecution", ("AccessDeniedException", "no identity-based policy"), AccessError, "lpgen iam-policy"),
        ("StartQueryExecution", ("InvalidRequestException", "WorkGroup x is not found."), AwsError, "--workgroup"),
        ("GetQueryResults", ("AccessDeniedException", "no"), AccessError, "lpgen iam-policy"),
    ],
)
def test_ingest_says_what_to_do_when_a_call_is_refused(
    march: World, tmp_path: Path, operation: str, error: tuple[str, str], kind: type[AwsError], hint: str
) -> None:
    march.athena.managed = True
    march.athena.refuse = lambda called, _: error if called == operation else None
    with pytest.raises(kind) as caught:
        march.take(tmp_path / "data", output="")
    assert error[1] in caught.value.message
    assert hint in caught.value.hint

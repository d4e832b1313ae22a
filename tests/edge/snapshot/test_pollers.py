"""What polls event sources, in a snapshot: event source mappings and pipes, each with the role that it polls with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from lpgen.core.snapshots import Subject
from lpgen.core.workloads import PollerUse
from lpgen.edge.readers.snapshot_files import read_snapshot_list
from lpgen.edge.snapshot.account import SnapshotScope
from tests.support.aws_organization import MANAGEMENT, answer_missing
from tests.support.aws_pollers import DESCRIBED, FAILURES, PIPE, PIPE_ROLE, STREAM
from tests.support.aws_proxy import DENIED, Answer, AwsProxy, Call, Failure, Reply
from tests.support.snapshot_runs import opened, refuse, take

pytestmark = pytest.mark.usefixtures("proxy")

WANTED: Final = SnapshotScope(last_accessed=False, schedules=True, regions=("us-east-1",))
HERE: Final = f"us-east-1:{MANAGEMENT}"
WORKER: Final = f"arn:aws:lambda:{HERE}:function:worker"
ROLE, OLD_ROLE = (f"arn:aws:iam::{MANAGEMENT}:role/team/app-{number}" for number in (0, 2))
QUEUE: Final = f"arn:aws:sqs:{HERE}:orders"
OF_OTHERS: Final = "arn:aws:kinesis:us-east-1:444455556666:stream/shared"
SECRET: Final = f"arn:aws:secretsmanager:{HERE}:secret:broker-a1b2c3"
MAPPING: Final = {"FunctionArn": WORKER, "EventSourceArn": QUEUE, "State": "Enabled"}
PIPE_USES: Final = (
    PollerUse(PIPE, "pipe", PIPE_ROLE, "failures", FAILURES, True),
    PollerUse(PIPE, "pipe", PIPE_ROLE, "source", STREAM, True),
)


def uses_of(data: Path) -> tuple[PollerUse, ...]:
    return read_snapshot_list(opened(data).event_sources, PollerUse)


def mapped(data: Path) -> list[PollerUse]:
    return [use for use in uses_of(data) if use.kind == "event source mapping"]


def answer_with(proxy: AwsProxy, pages: Sequence[Sequence[Mapping[str, Any]]], *, listed: bool = True) -> None:
    """Lets AWS list these pages of mappings; `worker` has ROLE, and its published version still has OLD_ROLE."""

    def answer(call: Call) -> Reply:
        found: Mapping[str, Any] | None = None
        if call.operation == "ListEventSourceMappings":
            more = {"NextMarker": "next"} if call.number < len(pages) else {}
            found = {"EventSourceMappings": pages[call.number - 1], **more}
        elif call.operation == "ListFunctions":
            functions = [{"FunctionName": "worker", "FunctionArn": WORKER, "Role": ROLE}]
            found = {"Functions": functions if listed else []}
        elif call.operation == "GetFunctionConfiguration":
            role = OLD_ROLE if "live" in call.parameters["path"] else ROLE
            found = {"Role": role, "State": "Active", "Environment": {"Variables": {"PASSWORD": "never-to-be-read"}}}
        return answer_missing(call) if found is None else Answer(200, json.dumps(found))

    proxy.reply = answer


def test_every_page_of_mappings_is_read_with_the_functions_role(proxy: AwsProxy, tmp_path: Path) -> None:
    other = {**MAPPING, "EventSourceArn": OF_OTHERS, "State": "Disabled"}
    answer_with(proxy, [[MAPPING], [other]])
    assert take(tmp_path, WANTED).gaps == ()
    assert mapped(tmp_path) == [
        PollerUse(WORKER, "event source mapping", ROLE, "source", OF_OTHERS, False),
        PollerUse(WORKER, "event source mapping", ROLE, "source", QUEUE, True),
    ]


def test_a_mapping_to_an_alias_counts_for_the_version_and_for_the_function(proxy: AwsProxy, tmp_path: Path) -> None:
    """A published version keeps its old role; the next version has that of the function."""
    answer_with(proxy, [[{**MAPPING, "FunctionArn": f"{WORKER}:live"}] * 2])
    assert take(tmp_path, WANTED).gaps == ()
    assert {use.role for use in mapped(tmp_path)} == {ROLE, OLD_ROLE}


def test_an_unlisted_function_is_asked_for_and_nothing_but_its_role_is_kept(proxy: AwsProxy, tmp_path: Path) -> None:
    answer_with(proxy, [[MAPPING]], listed=False)
    take(tmp_path, WANTED)
    assert {use.role for use in mapped(tmp_path)} == {ROLE}
    assert not any(b"never-to-be-read" in file.read_bytes() for file in tmp_path.rglob("*.json"))


def test_failures_and_secrets_are_uses_too_and_other_parameters_are_not(proxy: AwsProxy, tmp_path: Path) -> None:
    access = [{"Type": "BASIC_AUTH", "URI": SECRET}, {"Type": "VIRTUAL_HOST", "URI": "/"}]
    broker = {
        "FunctionArn": WORKER,
        "State": "Enabled",
        "SourceAccessConfigurations": access,
        "DestinationConfig": {"OnFailure": {"Destination": FAILURES}},
    }
    answer_with(proxy, [[broker]])
    take(tmp_path, WANTED)
    assert {(use.part, use.resource) for use in mapped(tmp_path)} == {("credentials", SECRET), ("failures", FAILURES)}


def test_pipes_are_read_with_their_own_role(tmp_path: Path) -> None:
    assert take(tmp_path, WANTED).gaps == ()
    assert uses_of(tmp_path) == PIPE_USES


def test_a_stopped_pipe_is_off(proxy: AwsProxy, tmp_path: Path) -> None:
    stopped = Answer(200, json.dumps({**DESCRIBED, "DesiredState": "STOPPED"}))
    proxy.reply = refuse("DescribePipe", reply=stopped)
    take(tmp_path, WANTED)
    assert not any(use.enabled for use in uses_of(tmp_path))


@pytest.mark.parametrize(
    ("operation", "place"), [("ListEventSourceMappings", "lambda"), ("ListPipes", "pipes"), ("DescribePipe", "pipes")]
)
def test_what_may_not_be_read_is_a_gap_and_the_rest_stays(
    proxy: AwsProxy, tmp_path: Path, operation: str, place: str
) -> None:
    proxy.reply = refuse(operation, reply=replace(DENIED, code="AccessDeniedException"))
    (gap,) = take(tmp_path, WANTED).gaps
    assert (gap.subject, gap.place) == (Subject.EVENT_SOURCES, f"{place} in us-east-1")
    assert uses_of(tmp_path) == (PIPE_USES if place == "lambda" else ())


def test_a_pipe_that_is_gone_is_no_gap(proxy: AwsProxy, tmp_path: Path) -> None:
    proxy.reply = refuse("DescribePipe", reply=Failure("NotFoundException", status=404))
    assert take(tmp_path, WANTED).gaps == ()
    assert uses_of(tmp_path) == ()


def test_a_region_without_pipes_has_none_and_no_gap(proxy: AwsProxy, tmp_path: Path) -> None:
    """Pipes aren't in Mexico."""
    assert take(tmp_path, replace(WANTED, regions=("mx-central-1",))).gaps == ()
    assert "ListEventSourceMappings" in proxy.operations()
    assert "ListPipes" not in proxy.operations()


def test_without_schedules_none_are_asked_for(proxy: AwsProxy, tmp_path: Path) -> None:
    take(tmp_path, replace(WANTED, schedules=False))
    assert opened(tmp_path).event_sources == ()
    assert "ListEventSourceMappings" not in proxy.operations()


def test_a_snapshot_says_which_regions_it_is_limited_to(tmp_path: Path) -> None:
    take(tmp_path, WANTED)
    assert opened(tmp_path).stamp.regions == ("us-east-1",)

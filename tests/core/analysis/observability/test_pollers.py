"""What Lambda and pipes need to poll event sources: it is kept on exactly the source, and a mapping proves no more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpgen.core.analysis.caveats.replacement import ReplacementCaveat
from lpgen.core.analysis.grants.principal_grants import grants_from_principals
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.choices import keep_from_words
from lpgen.core.evidence import Use
from lpgen.core.findings import PrincipalDiff
from lpgen.core.model import Action, AttachedPolicy, Principal
from lpgen.core.options import Options
from lpgen.core.snapshots import Gap, SnapshotStamp, Subject
from lpgen.core.workloads import PollerUse
from lpgen.edge.catalog.files import bundled_catalog
from tests.core.analysis.observability.test_rare_service_needs import of_aws, trusting
from tests.core.analysis.test_diff import caveats, kept, verdicts
from tests.support.diffs import diff_usage
from tests.support.worlds import ACCOUNT, allow, exactly, policy, usage_of, use

LAMBDA = "lambda.amazonaws.com"
QUEUE, OTHER_QUEUE = (f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}" for name in ("work", "other"))
FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:worker"
READS = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
NEEDED = {action: {QUEUE} for action in READS}
SHOWN = {"data_events": (("us-east-1", "sqs.amazonaws.com"),)}
WHOLE = SnapshotStamp("now", datetime(2026, 9, 30, tzinfo=UTC), (), ())
WORK = use("sns:ListTopics")


@cache
def whole_catalog() -> Catalog:
    return bundled_catalog()


def polls(resource: str, *, part: str = "source", enabled: bool = True, role: str = "") -> PollerUse:
    return PollerUse(FUNCTION, "event source mapping", role, part, resource, enabled)


def found_with(
    principal: Principal,
    mappings: Sequence[PollerUse],
    uses: Sequence[Use] = (WORK,),
    *,
    options: Options | None = None,
    **world: Any,
) -> PrincipalDiff:
    """The diff of a role that these mappings poll with."""
    (grants,) = grants_from_principals([principal], whole_catalog())
    of_role = tuple(replace(mapping, role=principal.arn) for mapping in mappings)
    options = replace(options or exactly(), event_sources=of_role)
    usage = usage_of({principal.arn: list(uses)}, **world)
    (found,) = diff_usage(usage, [grants], whole_catalog(), options).principals
    return found


def kept_with(*arguments: Any, **more: Any) -> dict[str, set[str]]:
    lines = kept(found_with(*arguments, **more))
    return {action: scope for action, scope in lines.items() if not action.startswith("sns:List")}


def of_function(*policies: AttachedPolicy) -> Principal:
    return trusting(LAMBDA, *policies)


STAR = of_function(policy(allow("*")))
NAMED = of_function(policy(allow(["sns:ListTopics", "sqs:*"])))


def test_each_row_names_actions_that_exist_and_cites_a_page() -> None:
    rows = msgspec.json.decode(bundled_catalog().source.read_table("pollers"))
    assert len({(row["part"], row["service"]) for row in rows}) == len(rows)
    for row in rows:
        assert row["source"]
        assert all(page.startswith("https://docs.aws.amazon.com/") for page in row["source"])
        assert [whole_catalog().canonical(action) for action in row["actions"]] == row["actions"]


def test_under_a_bare_star_a_mapping_keeps_what_it_needs_on_exactly_its_source() -> None:
    """Neither the logs nor the policy name the queue, and the poller reads it all the time."""
    assert not kept_with(STAR, []).keys() & set(READS)
    found = found_with(STAR, [polls(QUEUE)])
    assert {action: scope for action, scope in kept(found).items() if action in READS} == NEEDED
    (line,) = [line for line in found.draft.lines if line.action == "sqs:GetQueueAttributes"]
    assert line.why == f"the event source mapping of {FUNCTION} needs it for {QUEUE}"
    judged = {judgement.action: judgement.keep for judgement in found.assessment.verdicts}
    assert judged[Action("sqs:ReceiveMessage")] == line.why


def test_a_mapping_survives_the_choice_to_keep_no_data_events() -> None:
    def chosen(*words: str) -> Options:
        return exactly(keep_unobservable=keep_from_words(words))

    assert kept_with(NAMED, [], options=chosen("data-events=none")) == {}
    strict = kept_with(NAMED, [polls(QUEUE)], options=chosen("data-events=none"))
    assert strict == NEEDED
    assert kept_with(NAMED, [polls(QUEUE)], options=chosen("none")) == {}


def test_a_mapping_does_not_show_that_the_functions_code_reads_nothing_else() -> None:
    """The logs have no data events of SQS, so the code may read any queue that the policy names."""
    for snapshot in (None, WHOLE):
        found = kept_with(NAMED, [polls(QUEUE)], options=exactly(snapshot=snapshot))
        assert found["sqs:ReceiveMessage"] == found["sqs:SendMessage"] == {"*"}


def test_a_mapping_that_is_off_needs_nothing() -> None:
    assert not kept_with(STAR, [polls(QUEUE, enabled=False)]).keys() & set(READS)


def test_nothing_is_kept_that_no_policy_grants() -> None:
    narrow = of_function(policy(allow(["sqs:ReceiveMessage"], QUEUE), allow("sqs:DeleteMessage", OTHER_QUEUE)))
    assert kept_with(
        narrow, [polls(QUEUE)], options=exactly(keep_unobservable=keep_from_words(["data-events=none"]))
    ) == {"sqs:ReceiveMessage": {QUEUE}}


def test_use_elsewhere_does_not_replace_what_a_mapping_needs() -> None:
    seen = [WORK, *(use(action, OTHER_QUEUE) for action in READS)]
    assert kept_with(NAMED, [polls(QUEUE)], seen, **SHOWN)["sqs:GetQueueAttributes"] == {QUEUE, OTHER_QUEUE}


@pytest.mark.parametrize(
    ("resource", "expected"), [("*", {ReplacementCaveat.UNSEEN_NAMED}), (QUEUE, set[ReplacementCaveat]())]
)
def test_what_a_mapping_keeps_on_its_source_alone_still_counts_as_removed_from_others(
    resource: str, expected: set[ReplacementCaveat]
) -> None:
    """The code may receive from another queue, so the replacement isn't safe."""
    principal = of_function(policy(allow("sns:ListTopics"), allow("sqs:Receive*", resource)))
    options = exactly(keep_unobservable=keep_from_words(["data-events=none"]))
    for mappings in ([polls(QUEUE)], [polls(QUEUE), polls(OTHER_QUEUE)]):
        found = found_with(principal, mappings, options=options)
        assert kept(found)["sqs:ReceiveMessage"] >= {QUEUE}
        assert caveats(found) & {ReplacementCaveat.UNSEEN_NAMED} == expected
    signed = found_with(principal, [polls(QUEUE)])
    assert ReplacementCaveat.UNSEEN_NAMED not in caveats(signed)


STREAM = "arn:aws:kinesis:us-east-1:444455556666:stream/shared"
CONSUMER = f"{STREAM}/consumer/worker:1700000000"
CHANGES = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/orders/stream/2026-01-01T00:00:00.000"
SECRET = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:broker-a1b2c3"


@pytest.mark.parametrize(
    ("mapping", "expected"),
    [
        (
            polls(STREAM),
            {"kinesis:GetRecords": {STREAM}, "kinesis:SubscribeToShard": {f"{STREAM}/*"}, "kinesis:ListStreams": {"*"}},
        ),
        (polls(CONSUMER), {"kinesis:GetRecords": {STREAM}, "kinesis:SubscribeToShard": {CONSUMER}}),
        (polls(CHANGES), {"dynamodb:GetRecords": {CHANGES}, "dynamodb:ListStreams": {"*"}}),
        (polls(QUEUE, part="failures"), {"sqs:SendMessage": {QUEUE}}),
        (
            polls("arn:aws:s3:::failed", part="failures"),
            {"s3:PutObject": {"arn:aws:s3:::failed/*"}, "s3:ListBucket": {"arn:aws:s3:::failed"}},
        ),
        (polls(SECRET, part="credentials"), {"secretsmanager:GetSecretValue": {SECRET}}),
    ],
    ids=[
        "another account's stream",
        "consumer",
        "table's stream",
        "queue for failures",
        "bucket for failures",
        "secret",
    ],
)
def test_each_part_is_kept_on_what_its_actions_take(mapping: PollerUse, expected: dict[str, set[str]]) -> None:
    found = kept_with(STAR, [mapping])
    assert {action: found.get(action) for action in expected} == expected


# ---------------------------------------------------------------- rare needs

RECEIVED = [WORK, use("sqs:ReceiveMessage", QUEUE), use("sqs:DeleteMessage", QUEUE)]
ASKED = "sqs:GetQueueAttributes"
"""A management event: the logs would show it, and Lambda asks for it only when a mapping is made or changed."""


def asked_on(principal: Principal, mappings: Sequence[PollerUse], snapshot: SnapshotStamp | None = WHOLE) -> set[str]:
    return kept_with(principal, mappings, RECEIVED, options=exactly(snapshot=snapshot), **SHOWN).get(ASKED, set())


def test_what_only_the_set_up_of_polling_needs_stays_only_on_the_sources() -> None:
    assert asked_on(NAMED, []) == {"*"}
    assert asked_on(NAMED, [polls(QUEUE)]) == {QUEUE}
    assert asked_on(NAMED, [polls(QUEUE), polls(OTHER_QUEUE, enabled=False)]) == {QUEUE, OTHER_QUEUE}


@pytest.mark.parametrize(
    "snapshot",
    [
        None,
        replace(WHOLE, regions=("us-east-1",)),
        *(
            replace(WHOLE, gaps=(Gap(ACCOUNT, subject, "", "why"),))
            for subject in (Subject.FUNCTIONS, Subject.EVENT_SOURCES)
        ),
    ],
    ids=["no snapshot", "one Region", "no functions", "no mappings"],
)
def test_it_stays_on_all_while_mappings_may_be_missing(snapshot: SnapshotStamp | None) -> None:
    assert asked_on(NAMED, [polls(QUEUE)], snapshot) == {"*"}


def test_the_gap_of_another_account_matters_to_no_other() -> None:
    gap = Gap("444455556666", Subject.EVENT_SOURCES, "", "why")
    assert asked_on(NAMED, [polls(QUEUE)], replace(WHOLE, gaps=(gap,))) == {QUEUE}


def test_it_stays_on_all_where_others_may_assume_the_role() -> None:
    statements = [
        {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        for service in (LAMBDA, "edgelambda.amazonaws.com")
    ]
    shared = replace(NAMED, trust=policy(*statements).document)
    assert asked_on(shared, [polls(QUEUE)]) == {"*"}


def test_a_policy_of_aws_for_such_roles_keeps_its_scope() -> None:
    aws = of_aws("service-role/AWSLambdaSQSQueueExecutionRole", allow([*READS, "logs:CreateLogGroup"]))
    assert asked_on(of_function(aws, policy(allow("sns:ListTopics"))), [polls(QUEUE)]) == {"*"}


# ---------------------------------------------------------------- law

RESOURCES = st.sampled_from(["*", QUEUE, OTHER_QUEUE, f"arn:aws:sqs:*:{ACCOUNT}:*"])
STATEMENTS = st.builds(allow, st.sampled_from(["*", "sqs:*", *READS]), RESOURCES)


@given(st.lists(STATEMENTS, min_size=1, max_size=3), st.sampled_from(["signed", "all", "data-events=none"]))
def test_law_a_mapping_takes_nothing_away_while_others_may_be_missing(statements: list[Any], word: str) -> None:
    principal = of_function(policy(allow("sns:ListTopics"), *statements))
    options = exactly(keep_unobservable=keep_from_words([word]))
    without, found = (kept_with(principal, some, options=options) for some in ([], [polls(QUEUE)]))
    for action, scope in without.items():
        assert "*" in found[action] or scope <= found[action]
    granted = verdicts(found_with(principal, [], options=options))
    assert set(found) <= granted.keys()

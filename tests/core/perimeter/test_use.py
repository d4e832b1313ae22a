"""Which calls count as uses of a resource, and which records may hide some."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.choices import DenyKind
from lpgen.core.model import SkipReason
from lpgen.core.perimeter.resources import container_with_policy, read_types
from lpgen.core.perimeter.world import Relation
from lpgen.edge.catalog.files import bundled_catalog
from tests.core.graph.cases import principal, service, trust
from tests.core.perimeter.worlds import (
    ADMIN,
    APP,
    BUCKET,
    LAST,
    OTHER,
    OUTSIDE,
    call,
    kinds,
    proposal,
    report,
    resource_of,
    world,
)
from tests.support.case_tables import each_case
from tests.support.worlds import ACCOUNT, allow

FOREIGN = replace(principal("role/reader", allow("s3:*"), account=OTHER), principal_id="AROAREADER")

CONTAINERS = {
    "arn:aws:s3:::data": ("s3:bucket", "arn:aws:s3:::data"),
    "arn:aws:s3:::data/a/b*": ("s3:bucket", "arn:aws:s3:::data"),
    f"arn:aws:s3:us-east-1:{ACCOUNT}:accesspoint/x": None,
    f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1": ("kms:key", f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1"),
    f"arn:aws:kms:us-east-1:{ACCOUNT}:alias/x": None,
    f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:a/b-x": (
        "secretsmanager:secret",
        f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:a/b-x",
    ),
    f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/t/index/i": (
        "dynamodb:table",
        f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/t",
    ),
    f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f:prod": (
        "lambda:function",
        f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f",
    ),
    f"arn:aws:sns:us-east-1:{ACCOUNT}:topic:subscription": ("sns:topic", f"arn:aws:sns:us-east-1:{ACCOUNT}:topic"),
    "arn:aws:sqs:us-east-1::queue": None,
    "*": None,
}


@each_case("arn", CONTAINERS)
def test_container_is_the_resource_with_the_policy(arn: str) -> None:
    assert container_with_policy(arn, bundled_catalog().facts(read_types)) == CONTAINERS[arn]


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return bundled_catalog()


def test_actions_of_the_table_exist(catalog: Catalog) -> None:
    for row in catalog.facts(read_types).values():
        named = (
            *row.spared,
            *row.network_actions,
            row.edit,
            *row.uses,
            *(one for one in row.actions if "*" not in one),
        )
        assert [action for action in named if catalog.canonical(action) != action] == []


def test_callers_are_named_with_their_relation_endpoints_and_services() -> None:
    calls = [
        call(APP, endpoint="vpce-1"),
        call(APP, invoked_by="athena.amazonaws.com", days=3),
        call(OUTSIDE),
        call("cloudtrail.amazonaws.com", "s3:PutObject"),
        call("anonymous", days=1),
    ]
    used = {one.caller: one for one in report(world(calls)).used_by}
    assert {caller: one.relation for caller, one in used.items()} == {
        APP.arn: Relation.ACCOUNT,
        OUTSIDE: Relation.OUTSIDER,
        "cloudtrail.amazonaws.com": Relation.SERVICE,
        "anonymous": Relation.OUTSIDER,
    }
    app = used[APP.arn]
    assert (app.endpoints, app.through, app.last_used) == (("", "vpce-1"), ("athena.amazonaws.com",), date(2026, 2, 28))


def test_account_that_records_dont_show_is_an_outsider_and_no_service() -> None:
    """CloudFront reads a bucket with an origin access identity, which no account owns."""
    identity = {"type": "AWSAccount", "accountId": "CloudFront", "principalId": "x"}
    found = world([call(APP), [{**record, "userIdentity": identity} for record in call(OUTSIDE)]])
    used = {one.caller: one for one in report(found).used_by}["CloudFront"]
    assert (used.relation, used.account) == (Relation.OUTSIDER, "")
    assert kinds(proposal(DenyKind.IDENTITY, found)) == ["observed-refused"]


def test_caller_of_a_member_account_is_known_by_its_id() -> None:
    records = [{**record, "userIdentity": _only_id(FOREIGN.principal_id)} for record in call(FOREIGN)]
    (used,) = report(world([records], principals=(APP, ADMIN, FOREIGN))).used_by
    assert (used.caller, used.relation) == (FOREIGN.arn, Relation.ORGANIZATION)


def _only_id(unique_id: str) -> dict[str, str]:
    return {"type": "AWSAccount", "accountId": OTHER, "principalId": f"{unique_id}:session"}


def test_pattern_of_many_names_counts_for_each_resource_it_may_name() -> None:
    found = world([call(APP, "s3:PutObject", f"{BUCKET}/a/b/c/{day}", days=1) for day in range(3)])
    assert [one.caller for one in report(found).used_by] == [APP.arn]
    assert report(found, "arn:aws:s3:::data-2").used_by == ()


def test_call_without_a_resource_counts_for_principals_that_can_reach_it() -> None:
    unread = [{**record, "requestParameters": None} for record in call(APP)]
    other = principal("role/other", allow("s3:*", "arn:aws:s3:::other/*"), trusts=service("ec2"))
    elsewhere = [{**record, "requestParameters": None} for record in call(other)]
    used = report(world([unread, elsewhere], principals=(APP, ADMIN, other))).used_by
    assert [one.caller for one in used] == [APP.arn]


def test_role_that_a_service_assumed_counts_as_the_roles_own_call() -> None:
    name = "backup.amazonaws.com"
    role = principal("role/backup", allow("s3:*"), trusts=service("backup"))
    calls = world([call(role, invoked_by=name, source=name)], principals=(APP, ADMIN, role)).use.calls_on(
        resource_of(world())
    )
    assert [(one.by_service, one.through) for one in calls] == [(True, name)]
    person = principal("role/person", allow("s3:*"), trusts=trust({"AWS": ACCOUNT}))
    forwarded = world([call(person, invoked_by=name, source=name)], principals=(person,)).use.calls_on(
        resource_of(world())
    )
    assert [(one.by_service, one.through) for one in forwarded] == [(False, name)]


def test_records_of_unknown_events_and_of_root_are_hidden_calls() -> None:
    root = [{**one, "userIdentity": {"type": "Root", "accountId": ACCOUNT}} for one in call(APP, days=1)]
    listing = [
        {**one, "userIdentity": {"type": "Root", "accountId": ACCOUNT}, "requestParameters": None}
        for one in call(APP, "s3:ListBuckets", days=1)
    ]
    found = world([call(APP, endpoint="vpce-1"), root, listing, call(APP, "s3:NoSuchCall", days=1)])
    hidden = found.use.hidden_on(resource_of(found))
    assert {(one.reason, one.event) for one in hidden} == {
        (SkipReason.ROOT_CALLER, "GetObject"),
        (SkipReason.UNMAPPED, "NoSuchCall"),
    }
    network = proposal(DenyKind.NETWORK, found)
    assert {"observed-refused", "console-users"} <= set(kinds(network))
    assert proposal(DenyKind.IDENTITY, found).reasons == ()


def test_foreign_callers_of_unknown_events_are_hidden_calls() -> None:
    shown = world([call(APP, endpoint="vpce-1"), call("anonymous", resource="arn:aws:s3:::other/key")])
    assert shown.use.hidden_on(resource_of(shown)) == []
    found = world([call(APP, endpoint="vpce-1"), call("anonymous", "s3:NoSuchCall", days=1)])
    assert [one.reason for one in found.use.hidden_on(resource_of(found))] == [SkipReason.ANONYMOUS_CALLER]
    assert kinds(proposal(DenyKind.IDENTITY, found)) == ["observed-refused"]


def test_people_are_users_of_the_console_and_of_identity_center() -> None:
    reserved = "role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Data_0123456789abcdef"
    found = world([call(APP), call(ADMIN, agent="[S3Console/0.4]")])
    assert [found.use.is_person(arn) for arn in (APP.arn, ADMIN.arn)] == [False, True]
    assert found.use.is_person(f"arn:aws:iam::{ACCOUNT}:{reserved}")
    assert found.use.is_person(f"arn:aws:iam::{ACCOUNT}:user/ana")


def test_days_with_few_records_of_the_account_count_if_they_have_some_of_the_resource() -> None:
    assert proposal(DenyKind.IDENTITY, world([call(APP), call(APP, "s3:PutObject")])).reasons == ()
    assert LAST in next(iter(world([call(APP)]).use.calls_on(resource_of(world())).values()))


def test_limits_count_the_document_as_it_is_written() -> None:
    row = bundled_catalog().facts(read_types)["sqs:queue"]
    statement = {"Effect": "Deny", "Sid": ""}
    text = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Sid":""}]}'
    room = row.size - len(text)
    for size, fits in ((room, True), (room + 1, False)):
        assert row.fits({"Version": "2012-10-17", "Statement": [{**statement, "Sid": "x" * size}]}) is fits
    assert not row.fits({"Version": "2012-10-17", "Statement": [{**statement, "Sid": "x" * room}]}, indent=2)
    assert row.fits({"Statement": [statement] * 20})
    assert not row.fits({"Statement": [statement] * 21})


# ---------------------------------------------------------------- S3 server access logs


def in_access_log(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same calls as lines of an access log give them, which don't say through which VPC endpoint."""
    return [{**record, "eventCategory": "AccessLog", "vpcEndpointId": None} for record in records]


def test_call_in_an_access_log_is_no_call_without_an_endpoint() -> None:
    calls = [call(APP, endpoint="vpce-1"), call(APP, "s3:PutObject", endpoint="vpce-1")]
    plain, more = world(calls), world([*calls, in_access_log(call(APP)), in_access_log(call(ADMIN))])
    assert proposal(DenyKind.NETWORK, more) == proposal(DenyKind.NETWORK, plain)
    used = {one.caller: one for one in report(more).used_by}
    assert (used[APP.arn].endpoints, used[ADMIN.arn].endpoints) == (("vpce-1",), ())


def test_access_logs_alone_leave_the_logs_without_data_events() -> None:
    only = world([in_access_log(call(APP)), in_access_log(call(APP, "s3:PutObject"))])
    for kind in DenyKind:
        assert "no-data-events" in kinds(proposal(kind, only)), kind


def test_outsider_in_an_access_log_is_observed() -> None:
    calls = [call(APP), call(APP, "s3:PutObject")]
    found = proposal(DenyKind.IDENTITY, world([*calls, in_access_log(call(OUTSIDE))]))
    assert kinds(found) == ["observed-refused"]

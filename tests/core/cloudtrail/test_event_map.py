"""The event map over the bundled catalog: lookup order, what must never come out of it, and the documented cases."""

from __future__ import annotations

import json
import pkgutil
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lpgen.core.cloudtrail.rules as event_rules
from action_catalog.build_operation_report import classify
from action_catalog.parameter_names import normalise
from lpgen.app.map import map_line
from lpgen.core.cloudtrail.event_map import EventMap, skip_from_record
from lpgen.core.cloudtrail.operation_rows import EventSources, read_operation_table, strip_version
from lpgen.core.cloudtrail.records import HIDDEN, Record, SessionContext, SessionIssuer, UserIdentity
from lpgen.core.cloudtrail.rules.call import Call, RuleTable
from lpgen.core.cloudtrail.rules.inferences import UNREAD_REQUEST, inferences_from_catalog
from lpgen.core.cloudtrail.rules.tables import HANDLER_MODULES, RULE_TABLES
from lpgen.core.iam.match_resource import resource_match
from lpgen.core.model import (
    NO_RESOURCE,
    OBSERVED,
    UNKNOWN_RESOURCE,
    Action,
    Caller,
    CallerKind,
    MappedAction,
    MappingStatus,
    Outcome,
    OutcomeDetail,
    RecordMapping,
    Resource,
    ResourceKind,
    SkipReason,
)
from lpgen.edge.catalog.files import bundled_catalog, bundled_folder
from tests.core.cloudtrail.rules.mapping_cases import expected_needs, needs_from_actions, read_cases, record_from_case
from tests.support.case_tables import each_case
from tests.support.law_examples import examples

INFERENCES = inferences_from_catalog(bundled_catalog().source)

CATALOG = bundled_catalog()
ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/app"
FAMILIES = sorted(path.stem for path in (Path(__file__).parents[2] / "cases" / "event_map").glob("*.json"))


@cache
def event_map() -> EventMap:
    return EventMap(CATALOG)


def record_of(source: str, name: str, request: dict[str, object] | str | None = None, **more: Any) -> Record:
    identity = UserIdentity(
        type="AssumedRole",
        arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/app/s",
        accountId=ACCOUNT,
        sessionContext=SessionContext(sessionIssuer=SessionIssuer(type="Role", principalId="AROAX", arn=ROLE)),
    )
    fields: dict[str, Any] = {"userIdentity": identity, "recipientAccountId": ACCOUNT, "awsRegion": "us-east-1", **more}
    return Record(eventSource=source, eventName=name, requestParameters=request, **fields)


# ---------------------------------------------------------------- documented cases


@each_case("case", read_cases(*FAMILIES), ids=lambda case: case["name"])
def test_event_map_answers_every_documented_case_exactly(case: Any) -> None:
    mapping = event_map().map_record(record_from_case(case))
    assert needs_from_actions(mapping.actions, case) == expected_needs(case)
    assert (mapping.status is MappingStatus.MAPPED) == bool(case["expected"])


@each_case("case", read_cases("checked_resources"), ids=lambda case: case["name"])
def test_event_map_covers_the_resource_that_aws_says_it_checked(case: Any) -> None:
    """The resource in the message of a public denial; account, Region and some names are made up."""
    checked = case["checked"]
    actions = event_map().map_record(record_from_case(case)).actions
    resources = [resource for need in actions if need.action == checked["action"] for resource in need.resources]
    assert any(is_checked_within(resource, checked["resource"]) for resource in resources)


def is_checked_within(resource: Resource, checked: str) -> bool:
    """Whether a policy for a mapped resource allows a request on the checked one."""
    if resource.kind is ResourceKind.FOLD:
        return resource_match(resource.text, checked)
    return resource.text == checked or resource in (NO_RESOURCE, UNKNOWN_RESOURCE)


LISTS = ("List", "Search")


@each_case("table", sorted(path.stem for path in (bundled_folder() / "operations").glob("*.json")))
def test_no_operation_that_lists_resources_is_bound_to_those_below_a_parent(table: str) -> None:
    """AWS checks such a call on the parent, which is another type, or on `*`: no single member is named."""
    source = CATALOG.source
    for name, row in read_operation_table(source, table).operations.items():
        for kind, binding in row.resources.items() if name.startswith(LISTS) and not row.reads else ():
            for item in binding if isinstance(binding, list) else [binding]:
                assert not isinstance(item, dict) or not is_open_below_parent(kind, item), (name, item)


def is_open_below_parent(kind: str, item: dict[str, str]) -> bool:
    """Whether an object of a binding names only what a resource of the type is in."""
    parts = {name: path for name, path in item.items() if name != "Account"}
    own = {name for name in parts if normalise(name).startswith(normalise(kind))}
    opened = {name for name, path in parts.items() if path == "*"}
    return bool(own & opened) and not own - opened and bool(parts.keys() - opened)


@each_case("family", FAMILIES)
def test_event_map_names_nothing_where_the_parameters_cannot_be_read(family: str) -> None:
    for case in read_cases(family):
        for request in (HIDDEN, {"omitted": True, "originalSize": 149_893, "reason": "requestParameters too large"}):
            body = {**case["record"], "requestParameters": request, "errorMessage": None}  # which may name a resource
            record = record_from_case({**case, "record": body})
            listed = {entry.ARN for entry in record.resources or ()}
            read = [resource for action in event_map().map_record(record).actions for resource in action.resources]
            assert {resource for resource in read if resource.text not in listed} <= {NO_RESOURCE, UNKNOWN_RESOURCE}, (
                case["name"]
            )


def test_documented_cases_each_name_their_source_and_differ() -> None:
    cases = read_cases("engine")
    assert all(case["source"].startswith("https://") for case in cases)
    assert len({json.dumps(case["record"], sort_keys=True) for case in cases}) == len(cases)


# ---------------------------------------------------------------- lookup order


def test_event_map_prefers_a_rule_to_the_tables_and_the_tables_where_it_passes() -> None:
    def pass_on(_call: Call) -> tuple[MappedAction, ...] | None:
        return None

    def answer(call: Call) -> tuple[MappedAction, ...]:
        return (MappedAction(Action("s3:GetObject"), (), how=call.operation),)

    rules: RuleTable = {("backup.amazonaws.com", "ListBackupVaults"): answer, ("ce.amazonaws.com", "GetTags"): pass_on}
    mapped = EventMap(CATALOG, [rules])
    vaults = mapped.map_record(record_of("backup.amazonaws.com", "listbackupvaults"))
    assert [(found.action, found.how) for found in vaults.actions] == [("s3:GetObject", "ListBackupVaults")]
    tags = mapped.map_record(record_of("ce.amazonaws.com", "GetTags"))
    assert [found.action for found in tags.actions] == ["ce:GetTags"]


def test_event_map_takes_an_empty_answer_of_a_rule_for_no_permission() -> None:
    rules: RuleTable = {("backup.amazonaws.com", "ListBackupVaults"): lambda _call: ()}
    mapping = EventMap(CATALOG, [rules]).map_record(record_of("backup.amazonaws.com", "ListBackupVaults"))
    assert mapping == RecordMapping(MappingStatus.NO_PERMISSION)


@pytest.mark.parametrize("request_", [None, HIDDEN, {}], ids=["none", "hidden", "empty"])
def test_event_map_knows_what_a_call_with_a_rule_may_need_without_its_parameters(
    request_: dict[str, object] | str | None,
) -> None:
    for source, name in {key for table in RULE_TABLES for key in table}:
        mapping = event_map().map_record(record_of(source, name, request_))
        assert mapping.status is not MappingStatus.UNMAPPED, (source, name)


def test_what_a_call_may_need_of_several_is_not_observed() -> None:
    for name, how in (("TransactGetItems", {OBSERVED}), ("TransactWriteItems", {UNREAD_REQUEST})):
        actions = event_map().map_record(record_of("dynamodb.amazonaws.com", name)).actions
        assert {action.how for action in actions} == how


def test_event_map_never_lets_out_an_action_that_the_catalog_lacks() -> None:
    actions = (MappedAction(Action("s3:getobject"), ()), MappedAction(Action("s3:NoSuchAction"), ()))
    rules: RuleTable = {
        ("s3.amazonaws.com", "GetObject"): lambda _call: actions,
        ("s3.amazonaws.com", "HeadObject"): lambda _call: actions[:1],
    }
    mapped = EventMap(CATALOG, [rules])
    assert mapped.map_record(record_of("s3.amazonaws.com", "GetObject")) == RecordMapping(MappingStatus.UNMAPPED)
    assert mapped.map_record(record_of("s3.amazonaws.com", "HeadObject")).actions[0].action == "s3:GetObject"


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("nobody.amazonaws.com", "DoThings"),
        ("s3.amazonaws.com", "GetStorageLensDashboardDataInternal"),
        ("ec2.amazonaws.com", "DescribeInstances20150331"),
        ("", ""),
    ],
)
def test_event_map_reports_what_it_does_not_know(source: str, name: str) -> None:
    expected = MappingStatus.MAPPED if name == "DescribeInstances20150331" else MappingStatus.UNMAPPED
    assert event_map().map_record(record_of(source, name)).status is expected


@pytest.mark.parametrize(
    "source", ["lambda.amazonaws.com", "LAMBDA.amazonaws.com", "lambda.amazonaws.com.cn", "lambda"]
)
def test_event_map_reads_an_event_source_in_every_spelling(source: str) -> None:
    mapping = event_map().map_record(record_of(source, "ListFunctions20150331"))
    assert [found.action for found in mapping.actions] == ["lambda:ListFunctions"]


@pytest.mark.parametrize(
    ("name", "stripped"),
    [
        ("CreateFunction20150331", "CreateFunction"),
        ("UpdateFunctionCode20150331v2", "UpdateFunctionCode"),
        ("CreateDistribution2020_05_31", "CreateDistribution"),
        ("ListObjectsV2", "ListObjectsV2"),
        ("CreateEnvironmentEC2", "CreateEnvironmentEC2"),
        ("ListTagsForResource2", "ListTagsForResource2"),
    ],
)
def test_strip_version_takes_off_dates_and_nothing_else(name: str, stripped: str) -> None:
    assert strip_version(name) == stripped


# ---------------------------------------------------------------- laws

_KEYS = st.sampled_from(
    ["roleArn", "bucketName", "key", "name", "functionName", "instancesSet", "items", "instanceId", "tags", "restApiId"]
)
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=12)
    | st.sampled_from([ROLE, "arn:", "arn:aws:s3:::b", "*", "a?b", "${aws:username}"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=8,
)
_NAMES = st.sampled_from(
    sorted({key for table in RULE_TABLES for key in table} | {("backup.amazonaws.com", "StartBackupJob")})
)


@settings(max_examples=examples(400), deadline=None)
@given(names=_NAMES, request=st.none() | st.text(max_size=5) | st.dictionaries(_KEYS, _VALUES, max_size=4))
def test_event_map_answers_any_request_with_catalog_actions_and_resources(
    names: tuple[str, str], request: dict[str, object] | str | None
) -> None:
    mapping = event_map().map_record(record_of(*names, request))
    assert bool(mapping.actions) == (mapping.status is MappingStatus.MAPPED)
    for mapped in mapping.actions:
        assert CATALOG.canonical(mapped.action) == mapped.action
        assert mapped.resources == tuple(sorted(set(mapped.resources)))
        assert mapped.resources
        assert mapped.how == OBSERVED or mapped.how in INFERENCES
        for resource in mapped.resources:
            literal = resource.text.startswith("arn:") and not {"*", "?"} & set(resource.text)
            # A name that holds a wildcard stays a name, plain text, until it is folded.
            named = resource.text.startswith("arn:") and bool({"*", "?"} & set(str(request)))
            assert (resource.kind is ResourceKind.ARN) == literal or named


def test_every_module_of_rules_is_imported_and_no_two_hold_one_operation() -> None:
    found = {info.name for info in pkgutil.iter_modules(event_rules.__path__)}
    modules = {name: __import__(f"{event_rules.__name__}.{name}", fromlist=["RULES"]) for name in found}
    kinds = ("RULES", "COMPLETIONS", "READERS")
    assert {module for module in modules.values() if any(hasattr(module, kind) for kind in kinds)} == {*HANDLER_MODULES}
    keys = [key for table in RULE_TABLES for key in table]
    assert len(keys) == len(set(keys))


def test_every_event_source_leads_to_prefixes_of_the_catalog() -> None:
    rows = json.loads((bundled_folder() / "event_sources.json").read_text("utf-8"))
    sources = EventSources.from_catalog(CATALOG.source)
    prefixes = {prefix for source in rows for prefix in sources.resolve(source).prefixes}
    assert prefixes <= set(CATALOG.prefixes())
    assert all(row["source"] for row in rows.values())


# ---------------------------------------------------------------- coverage by construction


def test_operations_stay_mapped_as_far_as_the_report_says() -> None:
    report = json.loads((bundled_folder() / "operation_report.json").read_text("utf-8"))
    allowed = {(source, name) for source, row in report["unmapped"].items() for name in row["operations"]}
    unmapped = set()
    for path in sorted((bundled_folder() / "operations").glob("*.json")):
        source, prefix = path.stem, path.stem.removesuffix(".amazonaws.com")
        for name in json.loads(path.read_text("utf-8"))["operations"]:
            if classify(event_map().plan(source, name), f"{prefix}:{name}") == "unmapped":
                unmapped.add((source, name))
    assert unmapped <= allowed


def test_report_maps_at_least_99_of_100_operations_and_gives_a_reason_for_the_rest() -> None:
    report = json.loads((bundled_folder() / "operation_report.json").read_text("utf-8"))
    assert report["operations"] == sum(report["counts"].values()) >= 18_378
    assert report["counts"]["unmapped"] <= report["operations"] / 100
    assert all(row["reason"] for row in report["unmapped"].values())


# ---------------------------------------------------------------- skips

_ROLE_CALLER = Caller(CallerKind.ROLE, ROLE, "AROAX", ACCOUNT)
_ALLOWED = OutcomeDetail(Outcome.ALLOWED)
_MAPPED = RecordMapping(MappingStatus.MAPPED, (MappedAction(Action("s3:GetObject"), ()),))


@pytest.mark.parametrize(
    ("more", "caller", "outcome", "status", "reason"),
    [
        ({}, CallerKind.ROLE, Outcome.ALLOWED, MappingStatus.MAPPED, None),
        ({}, CallerKind.USER, Outcome.DENIED, MappingStatus.MAPPED, SkipReason.DENIED),
        ({}, CallerKind.ROLE, Outcome.UNDETERMINED, MappingStatus.MAPPED, SkipReason.UNDETERMINED),
        ({}, CallerKind.ROLE, Outcome.DENIED, MappingStatus.UNMAPPED, SkipReason.UNMAPPED),
        ({}, CallerKind.ROLE, Outcome.ALLOWED, MappingStatus.NO_PERMISSION, SkipReason.NO_PERMISSION),
        ({}, CallerKind.ROOT, Outcome.DENIED, MappingStatus.UNMAPPED, SkipReason.ROOT_CALLER),
        ({}, CallerKind.SERVICE, Outcome.ALLOWED, MappingStatus.MAPPED, SkipReason.SERVICE_CALLER),
        ({}, CallerKind.CROSS_ACCOUNT, Outcome.ALLOWED, MappingStatus.MAPPED, SkipReason.CROSS_ACCOUNT_CALLER),
        ({}, CallerKind.FEDERATED, Outcome.ALLOWED, MappingStatus.MAPPED, SkipReason.FEDERATED_CALLER),
        ({}, CallerKind.ANONYMOUS, Outcome.ALLOWED, MappingStatus.MAPPED, SkipReason.ANONYMOUS_CALLER),
        ({}, CallerKind.UNKNOWN, Outcome.ALLOWED, MappingStatus.MAPPED, SkipReason.UNKNOWN_CALLER),
        (
            {"eventType": "AwsServiceEvent"},
            CallerKind.ROOT,
            Outcome.ALLOWED,
            MappingStatus.NO_PERMISSION,
            SkipReason.SERVICE_EVENT,
        ),
        ({"eventType": "AwsVpceEvent"}, CallerKind.ROLE, Outcome.DENIED, MappingStatus.MAPPED, SkipReason.NETWORK_COPY),
        (
            {"eventCategory": "NetworkActivity"},
            CallerKind.ROLE,
            Outcome.ALLOWED,
            MappingStatus.MAPPED,
            SkipReason.NETWORK_COPY,
        ),
        ({"eventCategory": "Insight"}, CallerKind.UNKNOWN, Outcome.ALLOWED, MappingStatus.MAPPED, SkipReason.INSIGHT),
        (
            {"eventType": "AwsCloudTrailInsight"},
            CallerKind.UNKNOWN,
            Outcome.ALLOWED,
            MappingStatus.MAPPED,
            SkipReason.INSIGHT,
        ),
        (
            {"eventType": "AwsAggregatedEvent"},
            CallerKind.ROLE,
            Outcome.ALLOWED,
            MappingStatus.MAPPED,
            SkipReason.AGGREGATED,
        ),
    ],
)
def test_skip_from_record_gives_the_first_reason_that_applies(
    more: dict[str, str], caller: CallerKind, outcome: Outcome, status: MappingStatus, reason: SkipReason | None
) -> None:
    record = record_of("s3.amazonaws.com", "GetObject", None, **more)
    mapping = _MAPPED if status is MappingStatus.MAPPED else RecordMapping(status)
    assert skip_from_record(record, Caller(caller), OutcomeDetail(outcome), mapping) is reason


def test_skip_from_record_is_none_for_a_users_successful_mapped_call() -> None:
    assert skip_from_record(record_of("s3.amazonaws.com", "GetObject"), _ROLE_CALLER, _ALLOWED, _MAPPED) is None


# ---------------------------------------------------------------- one output line


def test_map_line_gives_the_documented_keys_in_order() -> None:
    record = record_of("kms.amazonaws.com", "ListKeys", eventID="e1")
    line = map_line(record, event_map())
    assert list(line.items()) == [
        ("event_id", "e1"),
        ("event_source", "kms.amazonaws.com"),
        ("event_name", "ListKeys"),
        ("principal", ROLE),
        ("outcome", "allowed"),
        ("actions", [{"action": "kms:ListKeys", "resource": ["*"], "how": "observed"}]),
        ("skip", None),
    ]


def test_map_line_shows_what_a_denied_call_needs_beside_why_it_is_no_use() -> None:
    record = record_of("backup.amazonaws.com", "ListBackupVaults", errorCode="AccessDeniedException")
    line = map_line(record, event_map())
    assert (line["outcome"], line["skip"]) == ("denied", "denied")
    assert line["actions"] == [{"action": "backup:ListBackupVaults", "resource": ["*"], "how": "observed"}]


def test_map_line_of_the_least_that_a_record_holds_is_whole() -> None:
    line = map_line(Record(eventSource="sts.amazonaws.com", eventName="GetCallerIdentity"), event_map())
    assert line["principal"] is None
    assert (line["actions"], line["skip"]) == ([], "unknown_caller")

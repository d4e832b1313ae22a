"""What is proposed, and what objects to it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lpgen.core.iam.match_resource import resource_contains
from lpgen.core.model import Principal
from lpgen.core.perimeter.reasons import ProposalState
from lpgen.core.tags.proposals import with_errors
from lpgen.core.tags.rewrite import MadeWith, TypedAllow
from lpgen.core.tags.types import TaggedTypes
from lpgen.edge.catalog.files import bundled_catalog
from tests.core.graph.cases import document, managed, principal, service
from tests.core.tags.worlds import APP, LISTED, TABLES, USED, call, kinds, proposal, proposals, use, world
from tests.support.worlds import ACCOUNT, allow

TAGGER = principal("role/tagger", allow("dynamodb:TagResource"), trusts=service("ec2"))


def app(*statements: dict[str, object], name: str = "role/app") -> Principal:
    return principal(name, *statements, trusts=service("ec2"))


def test_a_tag_that_separates_the_used_tables_is_safe_if_nobody_can_write_it() -> None:
    found = proposal(world(use()))
    assert found.state is ProposalState.SAFE
    assert (found.key, found.values, found.principal_tag) == ("team", ("orders",), False)
    assert found.excluded == (f"{TABLES}pay-1", f"{TABLES}pay-2")
    assert found.still_allowed == (f"{TABLES}orders-4",)
    assert [(one.resource, one.value) for one in found.used] == [(f"{TABLES}{name}", "orders") for name in USED]
    tagged, beside = found.added
    assert tagged["Condition"] == {"StringEquals": {"aws:ResourceTag/team": "orders"}}
    assert tagged["Resource"] == f"{TABLES}*"
    assert f"{TABLES}*/index/*" in beside["Resource"]
    assert found.guard is None
    assert found.writers == ()
    assert [window.refused for window in found.backtest] == [()] * 3


def test_other_statements_stay_as_they_are_and_sids_stay_unique() -> None:
    old = allow("dynamodb:GetItem", f"{TABLES}*", Sid="Read", Condition={"Bool": {"aws:SecureTransport": "true"}})
    other = allow("s3:GetObject", "*", Sid="Read2")
    one = app(other, old)
    found = proposal(world(use(one), principals=(one,)), one)
    assert found.document is not None
    assert found.document["Statement"][0] == other
    assert found.statement == 1
    sids = [statement["Sid"] for statement in found.document["Statement"]]
    assert len({*sids}) == len(sids)
    assert all(statement["Condition"]["Bool"] == {"aws:SecureTransport": "true"} for statement in found.added)


@pytest.mark.parametrize(
    ("resources", "names", "listed"),
    [
        ([f"{TABLES}{name}" for name in USED], USED, LISTED),  # a finite list
        (f"{TABLES}*", USED[:2], LISTED),  # two resources
        (f"{TABLES}*", USED, {arn: tags for arn, tags in LISTED.items() if "pay" not in arn}),  # nothing to shut out
        (f"{TABLES}*", USED, {arn: {"Name": arn} for arn in LISTED}),  # a value for each resource
        (f"{TABLES}*", USED, {arn: {"aws:team": tags["team"]} for arn, tags in LISTED.items()}),  # AWS's own key
        (f"{TABLES}*", USED, {arn: {"team": f"${{{tags['team']}}}"} for arn, tags in LISTED.items()}),  # a variable
    ],
)
def test_nothing_is_proposed_where_a_tag_does_not_help(
    resources: str | list[str], names: tuple[str, ...], listed: dict[str, dict[str, str]]
) -> None:
    one = app(allow("dynamodb:GetItem", resources))
    assert proposals(world(use(one, names), principals=(one,), listed=listed), one) == ()


def test_denied_calls_and_missing_tables_are_no_use() -> None:
    pay = use(names=("pay-1",), error="AccessDenied") + use(names=("pay-2",), error="ResourceNotFoundException")
    assert proposal(world([*use(), *pay])).state is ProposalState.SAFE


def test_the_key_that_shuts_out_most_comes_first_unless_it_is_ambiguous() -> None:
    listed = {arn: {**tags, "env": "test" if arn.endswith("pay-2") else "prod"} for arn, tags in LISTED.items()}
    names = ("orders-1", "orders-3", "orders-4")
    assert proposal(world(use(names=names), listed=listed)).key == "team"
    twice = {arn: {**tags, "Team": "x"} if arn.endswith("s-1") else tags for arn, tags in listed.items()}
    assert proposal(world(use(names=names), listed=twice)).key == "env"
    assert proposal(world(use(names=names), listed=listed, keys=("ENV",))).key == "env"
    (found,) = proposals(world(use(names=names), listed=twice, keys=("team",)))
    assert (found.state, kinds(found), found.document) == (ProposalState.REFUSED, ["ambiguous-key"], None)


def test_unlisted_tables_have_unknown_tags_unless_the_logs_show_their_creation() -> None:
    maker = principal("role/maker", trusts=service("ec2"))
    made = call(maker, "dynamodb:CreateTable", f"{TABLES}gone", days=[110], tags={"team": "orders"})
    gone = use(names=("gone",), days=range(60, 100))
    assert kinds(proposal(world([*use(), *gone]))) == ["tags-unknown"]
    found = proposal(world([*use(), *gone, made], principals=(APP, maker)))
    assert (found.state, found.used[0].value) == (ProposalState.SAFE, "orders")
    other = call(maker, "dynamodb:CreateTable", f"{TABLES}more", days=[109], tags={"team": "pay"})
    assert kinds(proposal(world([*use(), *gone, made, other], principals=(APP, maker)))) == ["tags-unknown"]


def test_each_statement_that_allows_a_table_with_unknown_tags_has_its_proposal() -> None:
    one = app(allow("dynamodb:GetItem", f"{TABLES}*"), allow("dynamodb:*Item", f"{TABLES}*"))
    found = proposals(world(use(one, (*USED, "gone")), principals=(one,)), one)
    assert [(offer.statement, kinds(offer)) for offer in found] == [(0, ["tags-unknown"]), (1, ["tags-unknown"])]


def test_a_tag_that_was_changed_between_uses_objects() -> None:
    changed = call(TAGGER, "dynamodb:TagResource", f"{TABLES}orders-1", days=[40], tags={"team": "orders"})
    found = proposal(world([*use(), changed], principals=(APP, TAGGER)))
    assert "tags-changed" in kinds(found)
    assert [window.unknown for window in found.backtest] == [(f"{TABLES}orders-1",)] * 3
    other = call(TAGGER, "dynamodb:TagResource", f"{TABLES}orders-1", days=[40], tags={"cost": "1"})
    assert "tags-changed" not in kinds(proposal(world([*use(), other], principals=(APP, TAGGER))))
    removed = call(TAGGER, "dynamodb:UntagResource", f"{TABLES}orders-1", days=[40], untag=["team"])
    assert "tags-changed" in kinds(proposal(world([*use(), removed], principals=(APP, TAGGER))))
    before = use(days=range(30))
    assert "tags-changed" not in kinds(proposal(world([*before, changed], principals=(APP, TAGGER))))


def test_few_days_and_a_value_that_came_late() -> None:
    assert kinds(proposal(world(use(), min_days=500))) == ["few-days"]
    late = use(names=("pay-1", "pay-2"), days=range(20))
    found = proposal(world([*use(), *late], listed={**LISTED, f"{TABLES}x": {"team": "x"}}))
    assert found.values == ("orders", "pay")
    assert [window.refused for window in found.backtest] == [(), (), (f"{TABLES}pay-1", f"{TABLES}pay-2")]


@pytest.mark.parametrize("is_tagged", [True, False])
def test_actions_that_create_tables_demand_the_tag_only_if_they_always_set_it(is_tagged: bool) -> None:
    one = app(allow(["dynamodb:GetItem", "dynamodb:CreateTable", "dynamodb:TagResource"], f"{TABLES}*"))
    made = call(one, "dynamodb:CreateTable", f"{TABLES}new", days=[50], tags={"team": "orders"})
    plain = call(one, "dynamodb:CreateTable", f"{TABLES}plain", days=[49])
    found = proposal(world([*use(one), made, *([] if is_tagged else [plain])], principals=(one,)), one)
    conditions = {
        action: [tuple(statement.get("Condition", {}).get("StringEquals", ()))]
        for statement in found.added[:-1]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }
    key = ("aws:RequestTag/team",) if is_tagged else ()
    assert conditions["dynamodb:CreateTable"] == [key]
    assert kinds(found) == ["tag-writers"]


def test_a_shared_policy_compares_with_the_principals_tag_if_each_has_the_value_that_it_uses() -> None:
    held = managed("tables", document(allow("dynamodb:GetItem", f"{TABLES}*")))
    orders, pay = (
        principal(f"role/{team}", policies=(held,), trusts=service("ec2"), tags=(("team", team),))
        for team in ("orders", "pay")
    )
    listed = {f"{TABLES}{name}": {"team": name.partition("-")[0]} for name in (*USED, "pay-1", "pay-2", "x-1")}
    calls = [*use(orders), *use(pay, ("pay-1", "pay-2"))]
    found = world(calls, principals=(orders, pay), listed=listed)
    for one, values, number in ((orders, ("orders",), 3), (pay, ("pay",), 2)):
        by_tag = proposal(found, one)
        assert (by_tag.principal_tag, by_tag.values, by_tag.state) == (True, values, ProposalState.SAFE)
        assert by_tag.added[0]["Condition"] == {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}
        assert len(by_tag.used) == number
        assert f"{TABLES}x-1" in by_tag.excluded
    untagged = replace(pay, tags=())
    literal = proposal(world(calls, principals=(orders, untagged), listed=listed), untagged)
    assert (literal.principal_tag, literal.values) == (False, ("orders", "pay"))


def test_buckets_need_attribute_based_access_control() -> None:
    one = app(allow("s3:ListBucket", "arn:aws:s3:::data-*"))
    listed = {f"arn:aws:s3:::data-{number}": {"team": "a" if number < 4 else "b"} for number in range(1, 6)}

    def listing(number: int) -> list[dict[str, object]]:
        request = {"bucketName": f"data-{number}"}
        base = call(one, "s3:ListObjects", "")
        return [{**record, "requestParameters": request, "eventCategory": "Data"} for record in base]

    calls = [listing(number) for number in (1, 2, 3)]
    (found,) = proposals(world(calls, principals=(one,), listed=listed), one)
    assert (found.state, found.document) == (ProposalState.REFUSED, None)
    assert "abac-off" in kinds(found)
    on = frozenset(arn for arn in listed)
    (found,) = proposals(world(calls, principals=(one,), listed=listed, abac=on), one)
    assert "abac-off" not in kinds(found)
    assert found.document is not None


def test_a_policy_that_becomes_too_large_is_refused() -> None:
    more = allow("s3:GetObject", [f"arn:aws:s3:::bucket-{number}/*" for number in range(330)])
    one = app(allow("dynamodb:*", f"{TABLES}*"), more)
    found = proposal(world(use(one), principals=(one,)), one)
    assert (found.state, kinds(found)) == (ProposalState.REFUSED, ["tag-writers", "too-large"])
    assert found.document is None


def test_an_error_of_access_analyzer_refuses() -> None:
    found = proposal(world(use()))
    assert with_errors(found, []) == found
    refused = with_errors(found, ["BAD: it is bad"])
    assert (refused.state, kinds(refused), refused.document) == (ProposalState.REFUSED, ["invalid"], None)
    assert "BAD: it is bad" in refused.reasons[0].text
    assert ACCOUNT in found.policy or found.policy


@pytest.mark.parametrize(
    "children",
    [("*/index/*",), ("*/index/*", "*/stream/*"), ("orders-*/index/by-*", "*/backup/*", "*/export/*")],
)
def test_patterns_of_child_types_beside_that_of_the_table_stay_as_they_are(children: tuple[str, ...]) -> None:
    one = app(allow(["dynamodb:GetItem", "dynamodb:Query"], [f"{TABLES}{name}" for name in ("*", *children)]))
    found = proposal(world(use(one), principals=(one,)), one)
    assert (found.state, found.resources) == (ProposalState.SAFE, (f"{TABLES}*",))
    tagged, *others = found.added
    assert (tagged["Resource"], list(tagged["Condition"])) == (f"{TABLES}*", ["StringEquals"])
    assert all("Condition" not in other for other in others)
    kept = [pattern for other in others for pattern in other["Resource"]]
    assert all(any(resource_contains(wide, f"{TABLES}{name}") for wide in kept) for name in children)
    assert not any(resource_contains(wide, f"{TABLES}pay-1") for wide in kept)


@pytest.mark.parametrize(
    ("own", "children"),
    [
        ("arn:aws:lambda:*:*:function:*", ("arn:aws:lambda:*:*:function:*:live",)),
        ("arn:aws:lambda:*:*:layer:*", ("arn:aws:lambda:*:*:layer:*:*",)),
        ("arn:aws:s3:::*", ("arn:aws:s3:::*/*", "arn:aws:s3:::pay/*")),
        ("arn:aws:s3:*:*:accesspoint/*", ("arn:aws:s3:*:*:accesspoint/*/object/*",)),
    ],
)
def test_a_pattern_wholly_of_a_child_type_is_no_pattern_of_its_parent(own: str, children: tuple[str, ...]) -> None:
    types = TaggedTypes(bundled_catalog())
    service_name, parent = own.split(":")[2], types.type_of(own.replace("*", "x"))
    (statement,) = document(allow(f"{service_name}:*", [own, *children])).statements
    of_parent = TypedAllow(statement, parent, types, "aws")
    assert (of_parent.patterns, of_parent.narrowed) == ((own,), (own,))
    assert of_parent.rewritten("team", ["orders"], MadeWith(frozenset(), frozenset()), ()) is not None


@pytest.mark.parametrize(("values", "is_shut_out"), [(("pay", "x"), True), (("pay", "orders"), False)])
def test_an_unused_table_with_keys_of_other_case_is_shut_out_if_no_spelling_has_a_value(
    values: tuple[str, str], is_shut_out: bool
) -> None:
    listed = {**LISTED, f"{TABLES}twice": dict(zip(("team", "Team"), values, strict=True))}
    found = proposal(world(use(), listed=listed))
    assert found.state is ProposalState.SAFE
    assert (f"{TABLES}twice" in found.excluded) is is_shut_out
    assert (f"{TABLES}twice" in found.still_allowed) is not is_shut_out


def test_each_value_of_keys_of_other_case_may_be_what_lets_somebody_write_the_tag() -> None:
    listed = {**LISTED, f"{TABLES}twice": {"team": "pay", "Team": "x"}}
    for value in ("pay", "x"):
        statement = allow(
            "dynamodb:TagResource", f"{TABLES}twice", Condition={"StringEquals": {"aws:ResourceTag/team": value}}
        )
        tagger = principal("role/tagger", statement, trusts=service("ec2"))
        found = proposal(world(use(), principals=(APP, tagger), listed=listed))
        assert [writer.principal for writer in found.writers] == [tagger.arn]

"""Scopes: a name stays where the evidence supports it, and becomes the narrowest prefix that it does support."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpgen.core.analysis.scopes.prefixes import Population, population_from_days, stem_of
from lpgen.core.analysis.scopes.scopes import (
    CREATES,
    FEW_DAYS,
    FEWEST_DAYS,
    FEWEST_DAYS_SINCE,
    FEWEST_OF_A_KIND,
    GROWING_KIND,
    MOST_OF_KNOWN,
    SCOPE_RULES,
    SEVERAL,
    SEVERAL_ACCOUNTS,
    STILL_GROWING,
    NamedScope,
    ScopeFinder,
    exact_scopes,
)
from lpgen.core.choices import ScopeChoice
from lpgen.core.evidence import Suspected, Use
from lpgen.core.model import Outcome, ResourceKind
from lpgen.edge.catalog.files import bundled_catalog
from tests.support.worlds import use

FIRST, DAYS = date(2026, 6, 1), 90
LAST = FIRST + timedelta(DAYS - 1)
QUEUE = "arn:aws:sqs:us-east-1:111122223333:{}".format
TABLE = "arn:aws:dynamodb:us-east-1:111122223333:table/{}".format
ROLE = "arn:aws:iam::111122223333:role/{}".format


def used(text: str, *, day: int = 0, days: int = FEWEST_DAYS, action: str = "sqs:SendMessage") -> Use:
    """A use of a resource from a day of the logs on, on so many days."""
    seen = f"{FIRST + timedelta(day)}T08:00:00Z"
    return replace(use(action, text, seen=seen), on=tuple(FIRST + timedelta(day + at) for at in range(days)))


def scopes(uses: Iterable[Use], others: Iterable[str] = (), *, joined: int = 0) -> dict[str, tuple[str, str]]:
    """Pattern and rule of each resource of the uses, beside the resources of others, known from a day on."""
    uses = list(uses)
    seen = [(stem_of(use.resource.text), date.fromisoformat(use.evidence.first_seen[:10])) for use in uses]
    population = population_from_days([*seen, *((one, FIRST + timedelta(joined)) for one in others)])
    found = ScopeFinder(population, bundled_catalog(), LAST).of_uses(uses)
    return {text: (in_region(scope), scope.rule) for text, scope in found.by_text.items()}


def in_region(scope: NamedScope) -> str:
    """The pattern of a scope with the tests' Region where it has any, "" for the statement's own scope."""
    return "" if scope.resource.kind is ResourceKind.UNKNOWN else scope.resource.text.replace(":*:1", ":us-east-1:1", 1)


OTHERS = [QUEUE(name) for name in ("billing", "audit", "mail")]


def test_a_steady_queue_among_those_of_others_is_pinned() -> None:
    assert scopes([used(QUEUE("orders"))], OTHERS) == {}


def test_a_principal_that_uses_most_queues_works_on_queues() -> None:
    queues = [used(QUEUE(name)) for name in ("orders", "carts", "mail")]
    assert scopes(queues, OTHERS[:2]) == {queue.resource.text: (QUEUE("*"), MOST_OF_KNOWN.name) for queue in queues}


def test_what_others_have_below_a_prefix_is_compared_once_for_all_names_below_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    others_prevail, compared = ScopeFinder._others_prevail, list[str]()

    def record(finder: ScopeFinder, own: Population, prefix: str) -> bool:
        compared.append(prefix)
        return others_prevail(finder, own, prefix)

    monkeypatch.setattr(ScopeFinder, "_others_prevail", record)
    scopes([used(QUEUE(f"job-{number}")) for number in range(20)])
    assert sorted(compared) == [QUEUE(""), QUEUE("job-")]


def test_a_principal_that_uses_all_that_a_prefix_has_works_on_the_prefix() -> None:
    shop = [used(QUEUE(f"shop-{name}")) for name in ("orders", "carts")]
    assert scopes(shop, OTHERS) == {use.resource.text: (QUEUE("shop-*"), MOST_OF_KNOWN.name) for use in shop}


def test_many_resources_of_one_other_child_dont_hide_that_others_prevail() -> None:
    """Most folders may be in the principal's own bucket, and most buckets be others'."""
    folders = [used(f"arn:aws:s3:::acme-own/{number}/*", action="s3:GetObject") for number in range(9)]
    found = scopes(folders, ["arn:aws:s3:::acme-one/in/", "arn:aws:s3:::acme-two/in/", "arn:aws:s3:::other/in/"])
    assert {pattern for pattern, _ in found.values()} == {"arn:aws:s3:::acme-own/*"}


def test_names_that_keep_coming_are_allowed_by_what_they_have_in_common() -> None:
    tables = [used(QUEUE(f"events_2026_0{month}"), day=30 * (month - 6), days=20) for month in (6, 7, 8)]
    found = scopes(
        tables, [*OTHERS, QUEUE("events-a"), QUEUE("events-b"), QUEUE("events_old_1"), QUEUE("events_old_2")]
    )
    assert found[QUEUE("events_2026_08")][0].startswith(QUEUE("events_"))


def test_a_name_of_late_that_shares_nothing_with_earlier_ones_gets_the_type() -> None:
    early, late = used(ROLE("app"), action="iam:PassRole"), used(ROLE("web-two"), day=60, action="iam:PassRole")
    others = [ROLE("web-one"), *map(ROLE, "abcdef")]
    assert scopes([early, late], others)[ROLE("web-two")] == (ROLE("*"), STILL_GROWING.name)


def test_a_lone_name_of_a_kind_that_others_still_add_to_isnt_pinned() -> None:
    assert scopes([used(QUEUE("orders"))], OTHERS, joined=60) == {QUEUE("orders"): (QUEUE("*"), GROWING_KIND.name)}


def test_a_name_that_the_principal_made_is_never_pinned() -> None:
    made = used(QUEUE("shop-1"), action="sqs:CreateQueue")
    assert scopes([made], [*OTHERS, QUEUE("shop-2"), QUEUE("shop-3")]) == {
        QUEUE("shop-1"): (QUEUE("shop-*"), CREATES.name)
    }


def test_use_that_the_logs_show_only_lately_pins_nothing_but_data_below_its_prefix() -> None:
    late = DAYS - FEWEST_DAYS_SINCE
    queue = used(QUEUE("orders"), day=late, days=FEWEST_DAYS_SINCE)
    assert scopes([queue], OTHERS) == {QUEUE("orders"): (QUEUE("*"), FEW_DAYS.name)}
    table = used(TABLE("shop-orders"), day=late, days=FEWEST_DAYS_SINCE, action="dynamodb:Query")
    others = [TABLE(f"shop-{name}") for name in ("carts", "stock", "mail")]
    assert scopes([table], others) == {TABLE("shop-orders"): (TABLE("shop-*"), FEW_DAYS.name)}
    assert scopes([used(QUEUE("orders"), day=late - 1, days=FEWEST_DAYS_SINCE)], OTHERS) == {}


def test_few_days_of_use_pin_nothing_but_data_secrets_keys_and_rights_below_their_prefix() -> None:
    few = FEWEST_DAYS - 1
    assert scopes([used(QUEUE("orders"), days=few)], OTHERS) == {QUEUE("orders"): (QUEUE("*"), FEW_DAYS.name)}
    read = used(TABLE("shop-orders"), days=few, action="dynamodb:GetItem")
    others = [TABLE(name) for name in ("shop-a", "shop-b", "audit", "mail", "log")]
    assert scopes([read], others) == {TABLE("shop-orders"): (TABLE("shop-*"), FEW_DAYS.name)}
    assert scopes([used(ROLE("task-a"), days=few, action="iam:PassRole")], [ROLE("task-b"), ROLE("task-c")]) == {}


@pytest.mark.parametrize(("count", "widened"), [(FEWEST_OF_A_KIND - 1, False), (FEWEST_OF_A_KIND, True)])
def test_few_tables_are_never_all_tables(count: int, *, widened: bool) -> None:
    reads = [used(TABLE(name), action="dynamodb:GetItem") for name in "abcde"[:count]]
    assert bool(scopes(reads)) is widened


def test_roles_that_are_passed_become_a_pattern_only_where_the_principal_passes_most_of_several() -> None:
    passed = [used(ROLE(f"task-{name}"), action="iam:PassRole") for name in ("a", "b", "c")]
    assert scopes(passed[:2], [ROLE("admin")]) == {}
    assert {scope for scope, _ in scopes(passed, [ROLE("admin"), *map(ROLE, "xyz")]).values()} == {ROLE("task-*")}


def test_a_name_with_a_wildcard_in_its_middle_becomes_the_statements_own_scope() -> None:
    late = used("arn:aws:ecs:us-east-1:111122223333:service/*/web", day=60, action="ecs:UpdateService")
    early = used("arn:aws:ecs:us-east-1:111122223333:service/a/web", action="ecs:UpdateService")
    found = scopes(
        [early, late],
        ["arn:aws:ecs:us-east-1:111122223333:service/b/x", "arn:aws:ecs:us-east-1:111122223333:service/c/x"],
    )
    assert set(found) <= {early.resource.text, late.resource.text}


def test_a_name_that_a_principal_uses_in_several_accounts_is_that_of_any_account() -> None:
    def assumed(accounts: int, days: int = FEWEST_DAYS) -> dict[str, tuple[str, str]]:
        roles = [f"arn:aws:iam::{number:012}:role/inventory" for number in range(1, accounts + 1)]
        own = [used(ROLE("deploy"), action="sts:AssumeRole")]
        return scopes([*own, *(used(role, action="sts:AssumeRole", days=days) for role in roles)], [ROLE("admin")])

    assert assumed(SEVERAL - 1) == {}
    found = assumed(SEVERAL)
    assert set(found.values()) == {("arn:aws:iam::*:role/inventory", SEVERAL_ACCOUNTS.name)}
    assert ROLE("deploy") not in found
    assert assumed(SEVERAL, days=3) == found
    assert assumed(SEVERAL, days=2) == {}  # it may have been a visit
    assert assumed(SEVERAL, days=1) == {}


@pytest.mark.parametrize("known", [False, True])
def test_a_visit_counts_in_the_accounts_that_the_organization_is_known_to_have(*, known: bool) -> None:
    numbers = [f"{number:012}" for number in range(1, 1 + SEVERAL)]
    uses = [used(f"arn:aws:iam::{number}:role/audit", action="sts:AssumeRole", days=1) for number in numbers]
    accounts = frozenset(numbers if known else numbers[1:])
    for harm in ("movement", ""):
        kind_of = {"sts:AssumeRole": harm}.__getitem__
        finder = ScopeFinder(population_from_days(()), bundled_catalog(), LAST, ScopeChoice.EVIDENCE, accounts, kind_of)
        found = finder.of_uses(uses)
        patterns = {one.resource.text for use in uses if (one := found.of(use))}
        assert patterns == ({"arn:aws:iam::*:role/audit"} if known else set())


def test_suspected_and_denied_use_widens_no_scope() -> None:
    shop = [used(QUEUE(f"shop-{name}")) for name in ("orders", "carts")]
    extra = [used(QUEUE(name)) for name in ("mail", "audit", "billing", "sales")]
    assert {scope for scope, _ in scopes([*shop, *extra], OTHERS).values()} == {QUEUE("*")}
    for change in ({"suspected": Suspected.COMPANY}, {"outcome": Outcome.DENIED}):
        found = ScopeFinder(
            population_from_days((one, FIRST) for one in [*OTHERS, *(use.resource.text for use in shop)]),
            bundled_catalog(),
            LAST,
        ).of_uses([*shop, *(replace(use, **change) for use in extra)])
        assert {in_region(scope) for scope in found.by_text.values()} == {QUEUE("shop-*")}


def test_a_suspected_use_has_the_scope_of_its_own_resource() -> None:
    shop = [used(QUEUE(f"shop-{name}")) for name in ("orders", "carts")]
    found = ScopeFinder(population_from_days((one, FIRST) for one in OTHERS), bundled_catalog(), LAST).of_uses(shop)
    assert found.of(shop[0]) is not None
    assert found.of(replace(shop[0], suspected=Suspected.COMPANY)) is None


HARM = "lambda:UpdateFunctionCode"
FUNCTION = "arn:aws:lambda:us-east-1:111122223333:function:{}".format


def harmful(uses: Iterable[Use], others: Iterable[str] = ()) -> dict[str, str]:
    """The pattern of each function whose code the uses update."""
    uses = list(uses)
    population = population_from_days((one, FIRST) for one in [*others, *(use.resource.text for use in uses)])
    finder = ScopeFinder(population, bundled_catalog(), LAST, danger=lambda action: "code" if action == HARM else "")
    found = finder.of_uses(uses)
    return {use.resource.text: in_region(one) for use in uses if use.action == HARM and (one := found.of(use))}


def test_names_of_a_day_or_two_widen_no_scope_of_the_worst_actions() -> None:
    deploys = [used(FUNCTION("pay-api"), action=HARM), used(FUNCTION("pay-job"), action=HARM)]
    reads = [used(FUNCTION(f"fn-{number}"), day=50, action="lambda:GetFunction") for number in range(60)]
    assert harmful([*deploys, *reads]) == harmful(deploys) == {}


def test_the_worst_actions_that_failed_widen_no_scope() -> None:
    deploys = [used(FUNCTION("pay-api"), action=HARM)]
    tried = [
        replace(used(FUNCTION(f"fn-{number}"), day=number, action=HARM), error_code="ResourceNotFoundException")
        for number in range(0, 60, 5)
    ]
    assert harmful([*deploys, *tried]) == {}


def test_the_worst_actions_climb_only_by_names_that_the_principal_keeps_coming_to() -> None:
    at_once = [used(FUNCTION(f"pay-{number}"), day=50, days=1, action=HARM) for number in range(9)]
    assert harmful(at_once) == {}
    often = [used(FUNCTION(f"pay-{number}"), day=9 * number, days=1, action=HARM) for number in range(9)]
    assert set(harmful(often).values()) != set()


def test_a_prefix_is_that_of_any_region_of_the_account() -> None:
    uses = [used(QUEUE(f"shop-{name}")) for name in ("orders", "carts")]
    population = population_from_days((one, FIRST) for one in [*OTHERS, *(use.resource.text for use in uses)])
    found = ScopeFinder(population, bundled_catalog(), LAST).of_uses(uses)
    assert {scope.resource.text for scope in found.by_text.values()} == {"arn:aws:sqs:*:111122223333:shop-*"}


def test_exact_scopes_and_granted_ones_know_no_patterns() -> None:
    uses = [used(QUEUE(name)) for name in ("a", "b")]
    assert exact_scopes(bundled_catalog()).of_uses(uses).by_text == {}
    population = population_from_days((use.resource.text, FIRST) for use in uses)
    assert ScopeFinder(population, bundled_catalog(), LAST, ScopeChoice.GRANTED).of_uses(uses).by_text == {}


NAMES = st.lists(st.text("ab-/", min_size=1, max_size=6).map(QUEUE), min_size=1, max_size=8, unique=True)


@given(NAMES, NAMES, st.data())
def test_every_scope_covers_its_resource_and_no_scope_lies_within_another(
    own: list[str], others: list[str], data: st.DataObject
) -> None:
    day, days = st.integers(0, DAYS - 1), st.integers(1, 30)
    uses = [used(one, day=data.draw(day), days=data.draw(days)) for one in own]
    found = scopes(uses, others, joined=data.draw(day))
    patterns = {pattern for pattern, _ in found.values()} - {""}
    for text, (pattern, rule) in found.items():
        assert rule in {known.name for known in SCOPE_RULES}
        assert text.startswith(pattern.removesuffix("*"))
    assert not any(pattern != other and pattern.startswith(other[:-1]) for pattern in patterns for other in patterns)

"""Roles that several jobs share: which sessions do one job, what each part's policy has, and what speaks against."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import reduce
from itertools import product
from operator import or_
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lpgen.app.inputs import AnalysisFiles, read_choices, read_inputs
from lpgen.app.review import analyse
from lpgen.app.roles import roles
from lpgen.core.choices import RolesPart
from lpgen.core.roles.model import AgainstKind, Split, SplitPart
from lpgen.core.roles.sessions import Session
from lpgen.core.roles.splits import jobs_of
from tests.support.law_examples import examples
from tests.support.role_worlds import ACCOUNT, Assume, Call, Someone, allow, arn_of, report_of, write_world

READS = ("dynamodb:DescribeTable", "dynamodb:DescribeTimeToLive", "s3:GetBucketLocation", "s3:GetBucketVersioning")
WORKER = Someone("role/worker", (allow(["dynamodb:*", "s3:*", "sqs:*", "ecr:*", "iam:*"]),))
READER = arn_of("role/reader")
FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:"


def job(session: str, names: Sequence[str], actions: Iterable[str] = READS, **more: Any) -> list[Call]:
    """Daily calls of sessions, each action on each name."""
    return [Call(WORKER.arn, action, name, session=session, **more) for action in actions for name in names]


INVOICES = [*job("invoices-1", ["invoices"]), *job("invoices-2", ["invoices"], READS[:2])]
ORDERS = job("orders", ["orders"])
ASKED = [Assume(WORKER.arn, "invoices-1"), Assume(WORKER.arn, "orders")]


def split_of(folder: Path, calls: Iterable[Call | Assume], *others: Someone, **details: Any) -> Split | None:
    found = report_of(folder, [WORKER, *others], calls, [RolesPart.SPLITS], **details)
    assert (found.users, found.merges, found.leftovers) == ((), (), ())
    assert len(found.splits) <= 1
    return found.splits[0] if found.splits else None


def kinds(split: Split | None) -> set[AgainstKind]:
    assert split is not None
    return {one.kind for one in split.against} - {"unsafe-replacement"}


def pairs_of(policies: Iterable[Any]) -> set[tuple[str, str]]:
    """The actions and resources that documents without conditions allow."""
    return {
        (action, resource)
        for policy in policies
        for found in policy["Statement"]
        for action in ([found["Action"]] if isinstance(found["Action"], str) else found["Action"])
        for resource in ([found["Resource"]] if isinstance(found["Resource"], str) else found["Resource"])
    }


def allows(part: SplitPart, action: str, arn: str) -> bool:
    return any(action == name and fnmatchcase(arn, resource) for name, resource in pairs_of(part.policy))


# ---------------------------------------------------------------- proposals


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> Split:
    shared = [call for name in ("invoices-1", "orders") for call in job(name, ["common"], READS[:1])]
    found = split_of(tmp_path_factory.mktemp("splits"), [*INVOICES, *ORDERS, *ASKED, *shared])
    assert found is not None
    return found


def test_each_job_gets_a_role_with_its_sessions_and_callers(split: Split) -> None:
    assert split.role == WORKER.arn
    invoices, orders = split.parts
    assert [(part.name, part.callers) for part in split.parts] == [
        ("worker-invoices", ("lambda.amazonaws.com",)),
        ("worker-orders", ("lambda.amazonaws.com",)),
    ]
    assert [(group.kind, group.value, group.records) for group in invoices.sessions] == [
        ("name", "invoices-*", 7 * 120)
    ]
    assert (f"{orders.sessions[0].first_day}", f"{orders.sessions[0].last_day}") == ("2025-11-01", "2026-02-28")
    assert split.trust == {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    assert kinds(split) == set()


def test_a_part_lacks_what_only_the_other_uses(split: Split) -> None:
    table = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/"
    assert [allows(part, READS[0], table + "common") for part in split.parts] == [True, True]
    assert [allows(part, READS[0], table + "invoices") for part in split.parts] == [True, False]
    assert [allows(part, READS[2], "arn:aws:s3:::orders") for part in split.parts] == [False, True]
    assert all(part.removed >= 2 and part.dangerous_removed == 0 for part in split.parts)


def test_resources_and_source_identities_come_before_session_names(tmp_path: Path) -> None:
    calls: list[Call | Assume] = [
        *job("same", ["invoices"], issued_to=FUNCTION + "invoices-7"),
        *job("same", ["orders"], source_identity="ada"),
        Assume(WORKER.arn, "invoices-7"),
        Assume(WORKER.arn, "same", READER, "ada"),
    ]
    found = split_of(tmp_path, calls)
    assert found is not None
    assert {(group.kind, group.value) for part in found.parts for group in part.sessions} == {
        ("resource", FUNCTION + "invoices-*"),
        ("source-identity", "ada"),
    }
    assert {part.name: part.callers for part in found.parts} == {
        "worker-invoices": ("lambda.amazonaws.com",),
        "worker-ada": (READER,),
    }


@pytest.mark.parametrize(
    "calls",
    [
        [*job("ada", ["orders"], READS[:3]), *job("bo", ["orders"], READS[1:])],
        [*job("ada", ["orders", "invoices"]), *job("bo", ["orders"], READS[:1])],
        [*job("0123456789abcdef", ["orders"]), *job("fedcba9876543210", ["invoices"])],
        [*job("orders", ["orders"]), *job("invoices", ["invoices"]), *job("x", ["orders", "invoices"])],
    ],
    ids=["people with one job", "a part of a job", "names that can't be told apart", "a job that does all"],
)
def test_sessions_with_one_job_give_no_split(tmp_path: Path, calls: list[Call]) -> None:
    assert split_of(tmp_path, calls) is None


def test_a_taken_name_isnt_used_again(tmp_path: Path) -> None:
    found = split_of(tmp_path, [*INVOICES, *ORDERS], Someone("role/Worker-Orders"))
    assert found is not None
    assert [part.name for part in found.parts] == ["worker-invoices", "worker-orders-2"]


def test_a_permission_set_becomes_permission_sets_and_has_no_trust_policy(tmp_path: Path) -> None:
    path, provider = (
        "role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Ops_0123456789abcdef",
        arn_of("saml-provider/x"),
    )
    people = Someone(path, WORKER.statements, {"Federated": provider})
    calls = [replace(call, by=people.arn) for call in (*INVOICES, *ORDERS)]
    (found,) = report_of(tmp_path, [people], calls, [RolesPart.SPLITS]).splits
    assert ([part.name for part in found.parts], found.trust) == (["Ops-invoices", "Ops-orders"], None)


@pytest.mark.parametrize("name", ["role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX", "role/cdk-deploy"])
def test_service_linked_roles_and_tooling_are_never_split(tmp_path: Path, name: str) -> None:
    role = Someone(name, WORKER.statements)
    calls = [replace(call, by=role.arn) for call in (*INVOICES, *ORDERS)]
    assert report_of(tmp_path, [role], calls, [RolesPart.SPLITS]).splits == ()


# ---------------------------------------------------------------- objections


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ([*ASKED, *job("new-1", ["orders"], days=20)], "new-sessions"),
        ([*ASKED, *job("once", ["orders"], days=60, last=59)], "new-sessions"),
        ([*ASKED, *job("orders", ["invoices"], READS[:1], days=40)], "crossed-before"),
        (ASKED[:1], "callers-unknown"),
        ([*ASKED, *job("", ["orders"], READS[:1])], "sessions-unknown"),
    ],
)
def test_each_objection(tmp_path: Path, more: list[Call | Assume], kind: AgainstKind) -> None:
    assert kinds(split_of(tmp_path, [*INVOICES, *ORDERS, *more])) == {kind}


@pytest.mark.parametrize("name", [WORKER.arn, f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/invoices-1"])
def test_a_role_that_others_name_is_not_safe_to_split(tmp_path: Path, name: str) -> None:
    other = Someone("role/other", trust={"AWS": name})
    assert kinds(split_of(tmp_path, [*INVOICES, *ORDERS, *ASKED], other)) == {"named-elsewhere"}


# ---------------------------------------------------------------- laws

_USE = st.dictionaries(
    st.builds(Session, st.sampled_from(["name", "resource"]), st.text("abc", max_size=3)),
    st.integers(0, 255),
    max_size=9,
)


@settings(max_examples=examples(300), deadline=None)
@given(_USE, st.randoms())
def test_jobs_dont_depend_on_the_order_of_sessions(use: dict[Session, int], random: Any) -> None:
    mixed = [*use.items()]
    random.shuffle(mixed)
    assert jobs_of(dict(mixed)) == jobs_of(use)


@settings(max_examples=examples(300), deadline=None)
@given(_USE)
def test_jobs_divide_sessions_and_share_less_than_half_of_the_smaller(use: dict[Session, int]) -> None:
    jobs = jobs_of(use)
    assert sorted(session for one in jobs for session in one.sessions) == sorted(use)
    for at, one in enumerate(jobs):
        assert one.used == reduce(or_, (use[session] for session in one.sessions))
        for two in jobs[at + 1 :]:
            smaller = min(one.used.bit_count(), two.used.bit_count())
            assert (one.used & two.used).bit_count() * 2 < smaller


_ARNS = {"dynamodb": f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/", "s3": "arn:aws:s3:::"}
_CALLS = st.sets(
    st.tuples(st.sampled_from("abcd"), st.sampled_from(READS), st.sampled_from(["x", "y", "z"])), max_size=24
)


@settings(max_examples=examples(12), deadline=None)
@given(_CALLS)
@example(set())
def test_parts_are_within_the_replacement_and_allow_the_calls_of_their_sessions(
    calls: set[tuple[str, str, str]],
) -> None:
    own = {session: [(READS[at], session * 2), (READS[at + 1], session * 2)] for at, session in enumerate("abc")}
    made = {*calls, *((session, *call) for session, some in own.items() for call in some)}
    logged = [Call(WORKER.arn, action, name, days=120, every=4, session=session) for session, action, name in made]
    # A role that uses most of the known tables gets a wide scope, so another role uses more of them.
    elsewhere = [Call(READER, action, f"t{n}", days=120, every=4) for action in READS for n in range(12)]
    with TemporaryDirectory() as folder:
        data, policies = write_world(Path(folder), [WORKER], [*logged, *elsewhere])
        inputs = read_inputs(data, AnalysisFiles((policies,)), read_choices(min_days=90))
        found = roles(inputs, [RolesPart.SPLITS]).splits
        (whole,) = (one.replacement for one in analyse(inputs).proposals if one.diff.principal.arn == WORKER.arn)
    assert whole is not None
    assert calls or len(found[0].parts) == 3
    kept = pairs_of(msgspec.json.decode(document.text) for document in whole.documents)
    for part in (part for split in found for part in split.parts):
        assert pairs_of(part.policy) < kept
        assert part.removed == len(kept - pairs_of(part.policy))
        sessions = {group.value for group in part.sessions}
        for (session, action, name), other in product(made, "xyz"):
            arn = _ARNS[action.partition(":")[0]]
            if session in sessions:
                assert allows(part, action, arn + name)
            elif not is_wide(part, action) and not any((mine, action, other) in made for mine in sessions):
                assert not allows(part, action, arn + other)


def is_wide(part: SplitPart, action: str) -> bool:
    """Whether a part's own use of an action has a wildcard scope."""
    return any(name == action and "*" in resource for name, resource in pairs_of(part.policy))

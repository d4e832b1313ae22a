"""How users call, from records to signs: keys, networks, programs and sign-ins."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import msgspec
import pytest

from lpgen.core.cloudtrail.event_map import EventMap
from lpgen.core.cloudtrail.origin import program_of_agent
from lpgen.core.cloudtrail.records import Record
from lpgen.core.roles.signs import KeyUse, UserSigns, signs_from_usage
from lpgen.core.usage.tables import Usage, find_broken_laws, merge_usage
from lpgen.edge.catalog.files import bundled_catalog
from tests.support.record_usage import usage_from_records
from tests.support.role_worlds import CLI, Call, arn_of, sign_in

ALICE = arn_of("user/alice")
WEEK = [date(2026, 2, 2) + timedelta(day) for day in range(7)]


def usage_of(*calls: Call) -> Usage:
    records = [msgspec.convert(record, Record) for call in calls for record in call.records()]
    return usage_from_records(records, EventMap(bundled_catalog()))


def signs_of(usage: Usage) -> UserSigns:
    return signs_from_usage(usage, [ALICE])[ALICE]


def test_calls_show_their_key_network_and_program() -> None:
    usage = usage_of(
        Call(ALICE, "iam:ListRoles", days=3, agent=CLI), Call(ALICE, "iam:ListUsers", days=2, source="198.51.100.9")
    )
    use = signs_of(usage).keys["AKIA0000000000000001"]
    assert sorted(use.days) == [date(2026, 2, 26), date(2026, 2, 27), date(2026, 2, 28)]
    assert use.networks == {"203.0.113.0/24", "198.51.100.0/24"}
    assert use.programs == {"aws-cli", "boto3"}
    assert use.is_shared
    assert list(find_broken_laws(usage)) == []


def test_sign_ins_show_days_and_mfa_and_no_key() -> None:
    found = signs_of(usage_of(sign_in(ALICE, days=2)))
    assert (found.sign_ins, found.mfa, found.keys) == ({date(2026, 2, 27)}, {"yes"}, {})


def test_temporary_credentials_have_no_key() -> None:
    found = signs_of(usage_of(Call(ALICE, "iam:ListRoles", days=1, key="ASIA0000000000000001")))
    assert [*found.keys] == [""]


def test_parts_of_logs_merge_into_the_same_signs() -> None:
    calls = [Call(ALICE, "iam:ListRoles", days=5), Call(ALICE, "iam:ListUsers", days=9, agent=CLI)]
    assert merge_usage([usage_of(calls[0]), usage_of(calls[1])]).signs.equals(usage_of(*calls).signs)


@pytest.mark.parametrize(
    ("agent", "program"),
    [
        (CLI, "aws-cli"),
        ("[aws-cli/1.18 Python/3]", "aws-cli"),
        ("Boto3/1.2 exec-env/AWS_Lambda_python3.12", "aws-lambda"),
        ("APN/1.0 HashiCorp/1.0 Terraform/1.5.7", "terraform"),
        ("Mozilla/5.0 (X11)", "browser"),
        ("aws-sdk-go/1.44 github-actions", "github-actions"),
        ("", "other"),
    ],
)
def test_program_is_the_pipeline_compute_or_first_product(agent: str, program: str) -> None:
    assert program_of_agent(agent) == program


@pytest.mark.parametrize(
    ("days", "hours", "programs", "kind"),
    [
        (WEEK[:5], {8, 11, 17}, {"aws-cli"}, "person"),
        (WEEK[:5], {22, 1, 6}, {"aws-cli"}, "person"),  # working hours across midnight in UTC
        (WEEK[:5], {9}, {"aws-cli"}, ""),  # a scheduled job
        (WEEK, {8, 11, 17}, {"boto3"}, "workload"),
        (WEEK[:5], {0, 8, 16}, {"boto3"}, "workload"),
        (WEEK[:5], {8, 11, 17}, {"boto3"}, ""),
        (WEEK[:1], {9}, {"github-actions"}, "workload"),
        ((), set(), set(), ""),
    ],
)
def test_how_people_and_programs_work(days: list[date], hours: set[int], programs: set[str], kind: str) -> None:
    use = KeyUse(set(days), Counter(hours), set(), programs)
    assert (use.is_of_person, use.is_of_workload) == (kind == "person", kind == "workload")


@pytest.mark.parametrize(("nights", "by_day"), [(0, True), (4, True), (5, False)])
def test_a_few_nights_on_call_are_no_work_around_the_clock(nights: int, by_day: bool) -> None:
    use = KeyUse(set(WEEK), Counter({9: 20, 17: 20, 2: nights}))
    assert use.by_day == by_day

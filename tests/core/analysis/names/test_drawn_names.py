"""Names drawn anew each time: told by their shape, and said where a replacement would refuse the next."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lpgen.core.analysis.names.drawn_names import drawn_names_from_uses
from lpgen.core.model import Outcome
from lpgen.core.options import Options
from lpgen.core.registry.caveats import CaveatKind
from lpgen.core.replacements import Decision, DecisionKind
from tests.core.analysis.names.test_families import HERE
from tests.core.analysis.test_diff import diff_of
from tests.support.worlds import ACCOUNT, allow, policy, role, use


def drawn(*arns: str, action: str = "iam:CreateRole") -> list[tuple[str, int]]:
    return [(one.shape, one.names) for one in drawn_names_from_uses(use(action, arn) for arn in arns)]


def test_names_that_are_drawn_anew_each_time_are_told_by_their_shape() -> None:
    role = "arn:aws:iam::111122223333:role"
    stacks = (f"{role}/team/app-Fn-{suffix}" for suffix in ("1ABCD2EFGH3I", "Z9YXW8VUTS7R"))
    assert drawn(*stacks) == [(f"{role}/team/app-Fn-*", 2)]
    assert drawn(f"{role}/node-1", f"{role}/node-2", f"{role}/node-3") == [(f"{role}/node-*", 3)]
    secret = f"arn:aws:secretsmanager:{HERE}:secret:"
    uuids = [f"{secret}0f1e2d3c-0000-4000-8000-00000000000{number}" for number in range(3)]
    assert drawn(*uuids, action="secretsmanager:CreateSecret") == [(f"{secret}*", 3)]
    assert drawn(f"{role}/node-1") == []
    assert drawn(f"{role}/payments", f"{role}/orders") == []
    assert drawn(f"{role}/node-1", f"{role}/node-2", action="iam:GetRole") == []
    queues = (f"arn:aws:sqs:{HERE}:report-{number}" for number in range(3))
    assert drawn(*queues, action="sqs:CreateQueue") == []
    denied = (use("iam:CreateRole", f"{role}/node-{number}", outcome=Outcome.DENIED) for number in range(3))
    assert drawn_names_from_uses(denied) == ()


@pytest.mark.parametrize(
    ("action", "first"),
    [
        ("kms:CreateGrant", f"arn:aws:kms:{HERE}:key/0f1e2d3c-0000-4000-8000-000000000001"),
        ("ec2:CreateTags", f"arn:aws:ec2:{HERE}:subnet/subnet-0123456789abcdef1"),
        ("ec2:CreateRoute", f"arn:aws:ec2:{HERE}:route-table/rtb-0123456789abcdef1"),
        ("elasticloadbalancing:CreateRule", f"arn:aws:elasticloadbalancing:{HERE}:listener/app/web/01234567/89abcde1"),
        ("elasticfilesystem:CreateMountTarget", f"arn:aws:elasticfilesystem:{HERE}:file-system/fs-0123456789abcdef1"),
        ("iam:CreateAccessKey", f"arn:aws:iam::{ACCOUNT}:user/ci-1"),
        ("iam:CreatePolicyVersion", f"arn:aws:iam::{ACCOUNT}:policy/app-1"),
    ],
)
def test_names_of_what_something_else_is_created_in_are_not_drawn(action: str, first: str) -> None:
    assert drawn(first, f"{first[:-1]}2", action=action) == []


def test_names_that_only_hold_digits_have_no_shape_of_all_names() -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role"
    assert drawn(f"{role}/S3ReaderRole", f"{role}/Ec2AccessRole") == []


def test_many_generated_names_that_no_pattern_stands_for_are_drawn_anew() -> None:
    queues = [f"arn:aws:sqs:{HERE}:q-{number}" for number in range(5)]
    assert drawn(*queues, action="sqs:CreateQueue") == [(f"arn:aws:sqs:{HERE}:q-*", 5)]
    assert drawn(*queues[1:], action="sqs:CreateQueue") == []


def test_something_made_under_a_new_name_on_many_days_is_drawn_anew() -> None:
    def made(action: str, start: str, *names: str, days: int = 5) -> list[tuple[str, int]]:
        uses = [
            use(action, f"arn:aws:{start}{name}", seen=f"2026-09-{at % days + 1:02}T00:00:00Z")
            for at, name in enumerate(names)
        ]
        return [(one.shape, one.names) for one in drawn_names_from_uses(uses)]

    tenants = ("tenant-amber", "tenant-birch", "tenant-cedar", "tenant-delta", "tenant-ebony")
    for action, start in (
        ("sqs:CreateQueue", f"sqs:{HERE}:"),
        ("dynamodb:CreateTable", f"dynamodb:{HERE}:table/"),
        ("logs:CreateLogGroup", f"logs:{HERE}:log-group:/app/"),
        ("iam:CreateRole", "iam::111122223333:role/"),
    ):
        assert made(action, start, *tenants) == [(f"arn:aws:{start}tenant-*", 5)]
        assert made(action, start, *tenants, days=4) == []
        assert made(action, start, *tenants[1:]) == []
    # What follows a name takes no part.
    stacks = [f"{name}/*" for name in tenants]
    assert made("cloudformation:CreateStack", f"cloudformation:{HERE}:stack/", *stacks) == [
        (f"arn:aws:cloudformation:{HERE}:stack/tenant-*/*", 5)
    ]
    # Nor does what they all are called in something new each time.
    services = [f"{name}/web" for name in tenants]
    start = f"ecs:{HERE}:service/"
    assert made("ecs:CreateService", start, *services) == [(f"arn:aws:{start}tenant-*/web", 5)]
    assert made("ecs:CreateService", start, *services[1:], "tenant-amber/worker") == []
    # What is created for or in something that is there makes no new name.
    assert made("iam:CreatePolicyVersion", "iam::111122223333:policy/", *tenants) == []
    assert made("codedeploy:CreateDeployment", f"codedeploy:{HERE}:deploymentgroup:app/", *tenants) == []
    assert made("ecs:CreateTaskSet", f"ecs:{HERE}:task-set/prod/", *stacks) == []


def test_diff_says_nothing_of_new_names_that_a_pattern_of_the_replacement_allows() -> None:
    families = [f"arn:aws:sqs:{HERE}:job-2026090{day}" for day in range(1, 6)]
    others = [f"arn:aws:sqs:{HERE}:{name}" for name in ("amber", "birch", "cedar", "delta")]
    used = [
        use("sqs:CreateQueue", arn, seen=f"2026-09-0{at % 5 + 1}T00:00:00Z") for at, arn in enumerate(families + others)
    ]
    assert not diff_of(role(policy(allow("sqs:CreateQueue"))), used).caveats
    used.append(use("sqs:CreateQueue", f"arn:aws:sqs:{HERE}:ebony", seen="2026-09-05T00:00:00Z"))
    (caveat,) = diff_of(role(policy(allow("sqs:CreateQueue"))), used).caveats
    assert caveat.item == f"drawn-names sqs:CreateQueue arn:aws:sqs:{HERE}:*"


def test_diff_tells_names_that_different_old_patterns_allow_by_each() -> None:
    queue = f"arn:aws:sqs:{HERE}:"
    words = ("amber", "birch", "cedar", "delta", "ebony")
    names = [*(f"team-{word}" for word in words), *(f"prod-{word}" for word in words), "logs"]
    used = [
        use("sqs:CreateQueue", queue + name, seen=f"2026-09-0{at % 5 + 1}T00:00:00Z") for at, name in enumerate(names)
    ]
    granted = [f"{queue}team-*", f"{queue}prod-*", f"{queue}logs"]
    caveats = diff_of(role(policy(allow("sqs:CreateQueue", granted))), used).caveats
    assert [one.item for one in caveats] == [
        f"drawn-names sqs:CreateQueue {queue}prod-*",
        f"drawn-names sqs:CreateQueue {queue}team-*",
    ]


def test_diff_calls_no_replacement_safe_that_would_refuse_the_next_of_names_drawn_anew() -> None:
    anything, team = "*", f"arn:aws:iam::{ACCOUNT}:role/team/*"
    made = [f"arn:aws:iam::{ACCOUNT}:role/team/app-Fn-{suffix}" for suffix in ("1ABCD2EFGH3I", "Z9YXW8VUTS7R")]
    used = [use("iam:CreateRole", arn) for arn in made]
    for granted in (anything, team):
        found = diff_of(role(policy(allow("iam:CreateRole", granted))), used)
        (caveat,) = found.caveats
        assert caveat.kind is CaveatKind.DRAWN_NAMES
        assert caveat.item == f"drawn-names iam:CreateRole arn:aws:iam::{ACCOUNT}:role/team/app-Fn-*"
    assert not diff_of(role(policy(allow("iam:CreateRole", made))), used).caveats
    keep = Decision(
        DecisionKind.KEEP,
        "*",
        "iam:CreateRole",
        f"arn:aws:iam::{ACCOUNT}:role/team/app-*",
        "",
        "",
        "",
        "apps",
        "me",
        "",
    )
    assert not diff_of(role(policy(allow("iam:CreateRole"))), used, options=Options(decisions=(keep,))).caveats
    accept = replace(keep, kind=DecisionKind.ACCEPT, item="drawn-names iam:CreateRole *", action="", resource="")
    found = diff_of(role(policy(allow("iam:CreateRole"))), used, options=Options(decisions=(accept,)))
    assert not found.open_caveats

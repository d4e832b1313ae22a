"""Permission sets: one replacement for the roles in all accounts, proven for each of them, or the reason why not."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpgen.core.analysis.caveats.incomplete_logs import LogsCaveat
from lpgen.core.analysis.caveats.permission_sets import PermissionSetCaveat
from lpgen.core.analysis.caveats.unknowns import UnknownCaveat
from lpgen.core.analysis.synthesis.permission_sets import hold_sets_together
from lpgen.core.analysis.synthesis.statements import FOLDED_TO_GRANT
from lpgen.core.arns import split_arn
from lpgen.core.choices import KeepUnobservable, keep_each
from lpgen.core.evidence import Use
from lpgen.core.findings import PrincipalClass, Proposal
from lpgen.core.identity_center import PermissionSet, permission_set_of
from lpgen.core.model import AttachedPolicy, PolicyKind, Principal, PrincipalKind, Resource, ResourceKind
from lpgen.core.options import Options
from lpgen.core.registry.row import Caveat, CaveatKind
from lpgen.core.replacements import CheckStatus, Decision, DecisionKind, LineKind
from lpgen.core.trails import Selector, Trail
from lpgen.core.usage.tables import merge_usage
from lpgen.report.iac.files import CodeForm
from tests.core.analysis.test_replacement_laws import policies, uses
from tests.report.rendered import code_files
from tests.support.diffs import diff_usage
from tests.support.generated import generate_policies
from tests.support.proofs import doubts, prove
from tests.support.worlds import allow, catalog, days_before_end, exactly, grants_of, policy, role, usage_of, use

SHOP, DATA, LAB = "111122223333", "444455556666", "777788889999"
SSO = "/aws-reserved/sso.amazonaws.com/eu-west-1/"
SUFFIXES = {SHOP: "0123456789abcdef", DATA: "fedcba9876543210", LAB: "00112233aabbccdd"}
ALL_EVENTS = Trail(
    f"arn:aws:cloudtrail:us-east-1:{SHOP}:trail/all",
    "all",
    SHOP,
    "us-east-1",
    multi_region=True,
    global_events=True,
    organization=True,
    logging=True,
    selectors=(Selector("Management", ()), Selector("Data", ())),
)
SEEN_ALONE = exactly(keep_unobservable=keep_each(KeepUnobservable.NONE), trails=(ALL_EVENTS,))
BROAD = policy(allow(["s3:*", "sqs:*", "sns:*"]), name="AwsSSOInlinePolicy")


def set_role(account: str, *policies: AttachedPolicy, name: str = "Developer", **more: Any) -> Principal:
    """A role that IAM Identity Center made of a permission set in an account."""
    made = role(*policies, name=f"AWSReservedSSO_{name}_{SUFFIXES[account]}", path=SSO, **more)
    return replace(made, arn=made.arn.replace(made.account, account), account=account)


@dataclass(frozen=True)
class Answer:
    """What is proposed of a world, by account."""

    proposals: Mapping[str, Proposal]

    def pairs(self, account: str) -> set[tuple[str, str]]:
        return {
            (line.action, resource)
            for line in self.proposals[account].diff.draft.lines
            for resource in line.scope.resources
        }

    def texts(self, account: str) -> list[str]:
        made = self.proposals[account].replacement
        return [document.text for document in made.documents] if made else []

    def caveats(self, account: str) -> dict[CaveatKind, Caveat]:
        return {caveat.kind: caveat for caveat in self.proposals[account].caveats}

    def kinds(self, account: str) -> dict[str, LineKind]:
        return {line.action: line.kind for line in self.proposals[account].diff.draft.lines}


def on_five_days(uses: Sequence[Use]) -> list[Use]:
    """The uses on so many days that they show what people need."""
    moments = [f"2026-09-0{day}T00:00:00Z" for day in range(1, 6)]
    return [
        replace(use, evidence=replace(use.evidence, first_seen=moment, last_seen=moment))
        for use in uses
        for moment in moments
    ]


def answer(
    members: Mapping[Principal, Sequence[Use]],
    *,
    options: Options | None = None,
    days: Mapping[str, int] | None = None,
    others: Mapping[str, Sequence[Use]] | None = None,
) -> Answer:
    """What is proposed for these roles; the logs of each account cover 120 days, or so many, 0 being none."""
    options = options or exactly()
    accounts = {member.account for member in members} | {split_arn(arn).account for arn in others or {}}
    found = {account: (days or {}).get(account, 120) for account in accounts}
    usage = merge_usage(
        usage_of(
            {principal.arn: on_five_days(used) for principal, used in members.items() if principal.account == account}
            | {arn: used for arn, used in (others or {}).items() if account in arn},
            days=count,
            account=account,
        )
        for account, count in found.items()
        if count
    )
    grants = tuple(grants_of(member) for member in members)
    diff = diff_usage(usage, grants, catalog(), options)
    made = {policy.principal.arn: policy for policy in generate_policies(diff, grants, catalog(), options)}
    proposals = [
        Proposal(
            principal, replacement, verification=prove(replacement, usage, grants, options) if replacement else None
        )
        for principal in diff.principals
        for replacement in [made.get(principal.principal.arn)]
    ]
    return Answer({proposal.diff.principal.account: proposal for proposal in hold_sets_together(proposals)})


@pytest.mark.parametrize(
    ("arn", "expected"),
    [
        (f"role{SSO}AWSReservedSSO_Data_Team_0123456789abcdef", PermissionSet(SSO, "Data_Team")),
        (
            "role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_A_0123456789abcdef",
            PermissionSet("/aws-reserved/sso.amazonaws.com/", "A"),
        ),
        (f"role{SSO}AWSReservedSSO_Data_0123456789abcde", None),
        ("role/AWSReservedSSO_Data_0123456789abcdef", None),
        (f"user{SSO}AWSReservedSSO_Data_0123456789abcdef", None),
        (f"role{SSO}team/AWSReservedSSO_Data_0123456789abcdef", None),
        ("role/aws-reserved/sso-amazonaws-com/AWSReservedSSO_Data_0123456789abcdef", None),
    ],
)
def test_permission_set_is_read_from_path_and_name(arn: str, expected: PermissionSet | None) -> None:
    assert permission_set_of(f"arn:aws:iam::{SHOP}:{arn}") == expected


def test_user_who_is_called_like_a_role_of_a_set_gets_policies_of_its_own() -> None:
    user = role(BROAD, name=f"AWSReservedSSO_Developer_{SUFFIXES[SHOP]}", kind=PrincipalKind.USER)
    found = answer({user: [use("sqs:ListQueues")]})
    assert found.proposals[SHOP].diff.principal_class is PrincipalClass.ACTIVE
    assert "permission set" not in found.proposals[SHOP].advice


def test_roles_of_a_set_get_one_replacement_with_what_each_needs() -> None:
    shop, data = set_role(SHOP, BROAD), set_role(DATA, BROAD)
    queue = f"arn:aws:sqs:us-east-1:{DATA}:jobs"
    used = {shop: [use("s3:GetObject", "arn:aws:s3:::shop/a")], data: [use("sqs:SendMessage", queue)]}
    found = answer(used, options=SEEN_ALONE)
    assert found.texts(SHOP) == found.texts(DATA) != []
    expected = {("s3:GetObject", "arn:aws:s3:::shop/a"), ("sqs:SendMessage", queue)}
    assert found.pairs(SHOP) == found.pairs(DATA) == expected
    assert found.kinds(SHOP)["s3:GetObject"] is LineKind.OBSERVED
    assert found.kinds(SHOP)["sqs:SendMessage"] is LineKind.SHARED
    assert found.kinds(DATA)["s3:GetObject"] is LineKind.SHARED
    (shared,) = [line for line in found.proposals[SHOP].diff.draft.lines if line.action == "sqs:SendMessage"]
    assert shared.why == f"observed in account {DATA}, where the permission set also has a role"
    assert shared.evidence is None
    for account in (SHOP, DATA):
        assert found.proposals[account].safe, found.proposals[account].caveats
        assert "permission set Developer" in found.proposals[account].advice
        assert f"accounts {SHOP} and {DATA}" in found.proposals[account].advice


def test_roles_of_a_set_share_statements_of_customer_managed_policies_by_their_name() -> None:
    def managed(account: str) -> AttachedPolicy:
        arn = f"arn:aws:iam::{account}:policy/team/readers"
        return replace(BROAD, kind=PolicyKind.CUSTOMER_MANAGED, name="readers", arn=arn)

    shop, data = (set_role(account, managed(account)) for account in (SHOP, DATA))
    found = answer({shop: [use("s3:GetObject", "arn:aws:s3:::shop/a")], data: [use("s3:ListBucket", "arn:aws:s3:::b")]})
    assert found.texts(SHOP) == found.texts(DATA)
    parents = {line.parent.policy for line in found.proposals[SHOP].diff.draft.lines}
    assert parents == {f"arn:aws:iam::{SHOP}:policy/team/readers"}
    assert found.proposals[SHOP].safe


def test_roles_of_other_sets_and_other_roles_share_nothing() -> None:
    shop, data = set_role(SHOP, BROAD), set_role(DATA, BROAD, name="Reader")
    used = {shop: [use("s3:GetObject", "arn:aws:s3:::a/a")], data: [use("s3:PutObject", "arn:aws:s3:::b/b")]}
    found = answer(used, options=SEEN_ALONE)
    assert found.pairs(SHOP) == {("s3:GetObject", "arn:aws:s3:::a/a")}
    assert found.pairs(DATA) == {("s3:PutObject", "arn:aws:s3:::b/b")}
    assert LineKind.SHARED not in found.kinds(SHOP).values()
    assert "if the set has roles in other accounts" in found.proposals[SHOP].advice


def test_roles_of_a_set_with_other_policies_are_not_called_safe() -> None:
    narrow = policy(allow("s3:*"), name="AwsSSOInlinePolicy")
    shop, data = set_role(SHOP, BROAD), set_role(DATA, narrow)
    used = {shop: [use("sqs:ListQueues")], data: [use("s3:GetObject", "arn:aws:s3:::b/b")]}
    found = answer(used)
    assert LineKind.SHARED not in found.kinds(DATA).values()
    for account in (SHOP, DATA):
        caveat = found.caveats(account)[PermissionSetCaveat.PERMISSION_SET]
        assert f"account {SHOP} and in account {DATA}" in caveat.message
    accepted = Decision(DecisionKind.ACCEPT, "*", "", "", "uneven-permission-set", "", "", "on purpose", "me", "")
    found = answer(used, options=exactly(decisions=(accepted,)))
    assert found.proposals[SHOP].safe
    assert found.proposals[DATA].safe


def test_a_set_is_safe_only_where_all_its_roles_are() -> None:
    shop, data, lab = (set_role(account, BROAD) for account in (SHOP, DATA, LAB))
    lab = replace(lab, created=days_before_end(10))
    used = {shop: [use("sqs:ListQueues")], data: [use("s3:GetObject", "arn:aws:s3:::b/b")], lab: []}
    found = answer(used, days={DATA: 40})
    for account, other in ((SHOP, DATA), (DATA, LAB), (SHOP, LAB)):
        assert not found.proposals[account].safe
        messages = [
            caveat.message
            for caveat in found.proposals[account].caveats
            if caveat.kind is PermissionSetCaveat.OTHER_ACCOUNT
        ]
        assert any(f"a role in account {other}" in message for message in messages), (account, other, messages)
    kinds = {caveat.kind for caveat in found.proposals[DATA].caveats}
    assert kinds == {LogsCaveat.SHORT_COVERAGE, PermissionSetCaveat.OTHER_ACCOUNT}
    decisions = tuple(
        Decision(DecisionKind.ACCEPT, f"arn:aws:iam::{account}:*", "", "", item, "", "", "known", "me", "")
        for account, item in ((DATA, "short-coverage"), (LAB, "young-principal"))
    )
    found = answer(used, days={DATA: 40}, options=exactly(decisions=decisions))
    assert found.proposals[SHOP].safe
    assert found.proposals[DATA].safe


def test_what_holds_another_account_back_can_only_be_accepted_there() -> None:
    shop, data = set_role(SHOP, BROAD), set_role(DATA, BROAD)
    everything = Decision(DecisionKind.ACCEPT, f"arn:aws:iam::{SHOP}:*", "", "", "*", "", "", "whatever", "me", "")
    used = {shop: [use("sqs:ListQueues")], data: [use("sqs:ListQueues")]}
    found = answer(used, days={DATA: 40}, options=exactly(decisions=(everything,)))
    assert not found.proposals[SHOP].safe


def test_a_role_whose_policies_are_not_known_holds_the_set_back_and_is_not_spoken_for() -> None:
    unknown = AttachedPolicy(PolicyKind.CUSTOMER_MANAGED, "more", f"arn:aws:iam::{LAB}:policy/more", "", None, None)
    shop, data, lab = set_role(SHOP, BROAD), set_role(DATA, BROAD), set_role(LAB, BROAD, unknown)
    used = [use("sqs:ListQueues")]
    found = answer({shop: used, data: used, lab: used})
    assert found.proposals[LAB].diff.principal_class is PrincipalClass.GRANTS_UNKNOWN
    assert "policy/more" in found.caveats(SHOP)[PermissionSetCaveat.OTHER_ACCOUNT].message
    assert f"accounts {SHOP} and {DATA}," in found.proposals[SHOP].advice
    assert found.texts(SHOP) == found.texts(DATA) != []


def test_an_account_without_logs_holds_the_set_back() -> None:
    shop, data = set_role(SHOP, BROAD), set_role(DATA, BROAD)
    found = answer({shop: [use("sqs:ListQueues")], data: []}, days={DATA: 0})
    assert found.proposals[DATA].diff.principal_class is PrincipalClass.NOT_COVERED
    assert "the logs cover 0 days" in found.caveats(SHOP)[PermissionSetCaveat.OTHER_ACCOUNT].message


def test_an_assignment_that_nobody_used_is_to_be_ended() -> None:
    shop, data = set_role(SHOP, BROAD), set_role(DATA, BROAD)
    found = answer({shop: [use("sqs:ListQueues")], data: []})
    assert found.proposals[DATA].diff.principal_class is PrincipalClass.UNUSED
    assert found.proposals[DATA].advice.startswith(
        "ask its owner, then end the assignment of the permission set to the account"
    )
    assert found.proposals[DATA].replacement is None
    assert found.proposals[SHOP].safe


def test_use_by_a_role_of_an_earlier_assignment_holds_the_set_back() -> None:
    shop, data = set_role(SHOP, BROAD), set_role(DATA, BROAD)
    former = data.arn.replace(SUFFIXES[DATA], SUFFIXES[LAB])
    used = {shop: [use("sqs:ListQueues")], data: [use("sqs:ListQueues")]}
    found = answer(used, others={former: [use("sns:ListTopics")]})
    assert former.rpartition("/")[2] in found.caveats(DATA)[UnknownCaveat.RECREATED].message
    assert PermissionSetCaveat.OTHER_ACCOUNT in found.caveats(SHOP)


def test_a_choice_of_one_role_still_keeps_what_the_others_need() -> None:
    shop, data = set_role(SHOP, BROAD), set_role(DATA, BROAD)
    used = {shop: [use("sqs:ListQueues")], data: [use("s3:GetObject", "arn:aws:s3:::b/b")]}
    chosen = answer(used, options=exactly(principal=shop.name))
    assert chosen.texts(SHOP) == answer(used).texts(SHOP)


def test_a_line_that_a_decision_drops_in_one_account_stays_where_another_needs_it() -> None:
    shop, data = set_role(SHOP, BROAD), set_role(DATA, BROAD)
    drop = Decision(DecisionKind.DROP, shop.arn, "sqs:ListQueues", "", "", "", "", "no more", "me", "")
    used = {shop: [use("sqs:ListQueues"), use("sns:ListTopics")], data: [use("sqs:ListQueues")]}
    found = answer(used, options=exactly(decisions=(drop,)))
    assert found.kinds(SHOP)["sqs:ListQueues"] is LineKind.SHARED
    assert found.proposals[SHOP].diff.draft.dropped == ()
    assert found.texts(SHOP) == found.texts(DATA)


def test_use_in_one_account_decides_where_another_keeps_the_same_by_another_statement() -> None:
    """Two statements come down to one line, which the first account needs too once the second shows its use."""
    bucket = "arn:aws:s3:::data"
    first = {"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:sqs:us-east-1:111122223333:jobs"}
    held = policy(first, allow("s3:*", bucket), name="AwsSSOInlinePolicy")
    shop, data = set_role(SHOP, held), set_role(DATA, held)
    unread = replace(use("s3:GetObject"), resource=Resource(ResourceKind.UNKNOWN, "*"))
    found = answer({shop: [unread], data: [unread, use("s3:ListBucket", bucket)]}, options=exactly(min_days=1))
    (line,) = (line for line in found.proposals[SHOP].diff.draft.lines if line.scope.resources == (bucket,))
    assert (line.action, line.kind) == ("s3:ListBucket", LineKind.SHARED)
    assert found.texts(SHOP) == found.texts(DATA)


@given(
    held=st.lists(policies, min_size=1, max_size=3),
    shop_uses=st.lists(uses(), max_size=5),
    data_uses=st.lists(uses(), max_size=5),
)
def test_one_replacement_is_proven_for_each_role(
    held: list[AttachedPolicy], shop_uses: list[Use], data_uses: list[Use]
) -> None:
    shop, data = set_role(SHOP, *held), set_role(DATA, *held)
    found = answer({shop: shop_uses, data: data_uses}, options=exactly(min_days=1))
    made = {account: proposal for account, proposal in found.proposals.items() if proposal.replacement}
    if any(line.suspected for proposal in made.values() for line in proposal.diff.draft.lines):
        assert not any(proposal.safe for proposal in made.values())
    else:
        assert len({tuple(found.texts(account)) for account in made}) <= 1
    for proposal in made.values():
        if proposal.replacement and proposal.replacement.refusal:  # it is too large for one inline policy
            continue
        assert not any(check.status is CheckStatus.FAILED for check in doubts(proposal.verification))


def test_use_in_an_account_without_policies_holds_the_set_back() -> None:
    shop, data, lab = set_role(SHOP, BROAD), set_role(DATA, BROAD), set_role(LAB, BROAD)
    used = {shop: [use("sqs:ListQueues")], data: [use("sqs:ListQueues")]}
    elsewhere = {lab.arn: [use("sns:ListTopics")]}
    found = answer(used, others=elsewhere)
    for account in (SHOP, DATA):
        caveat = found.caveats(account)[PermissionSetCaveat.PERMISSION_SET]
        assert f"has a role in account {LAB}" in caveat.message
        assert PermissionSetCaveat.OTHER_ACCOUNT not in found.caveats(account)
        assert not found.proposals[account].safe
    accepted = Decision(DecisionKind.ACCEPT, "*", "", "", "unlisted-role", "", "", "closing it", "me", "")
    assert answer(used, others=elsewhere, options=exactly(decisions=(accepted,))).proposals[SHOP].safe
    other = role(BROAD, name="other")
    ended = {**used, replace(other, arn=other.arn.replace(other.account, LAB), account=LAB): [use("sqs:ListQueues")]}
    assert answer(ended, others=elsewhere).proposals[SHOP].safe
    alone = answer({shop: used[shop]}, others={data.arn: used[data]})
    assert not alone.proposals[SHOP].safe


def test_roles_of_a_set_share_statements_of_managed_policies_whose_arn_is_not_known() -> None:
    careful = policy(allow("s3:*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}), name="objects")
    queues = policy(allow("sqs:*"), name="queues")
    held = [replace(policy, kind=PolicyKind.CUSTOMER_MANAGED) for policy in (careful, queues)]
    used = {
        set_role(SHOP, *held): [use("s3:GetObject", "arn:aws:s3:::shop/a")],
        set_role(DATA, *held): [use("sqs:SendMessage", f"arn:aws:sqs:us-east-1:{DATA}:jobs")],
    }
    found = answer(used, options=SEEN_ALONE)
    assert found.texts(SHOP) == found.texts(DATA)
    assert found.proposals[DATA].safe


@pytest.mark.parametrize(
    ("names", "paths"),
    [
        (("Data.Team", "Data_Team"), (SSO, SSO)),
        (("developer", "Developer"), (SSO, SSO)),
        (("Developer", "Developer"), (SSO, SSO.replace("eu-west-1", "us-west-2"))),
    ],
)
def test_sets_with_like_names_have_a_file_and_a_block_each(names: tuple[str, str], paths: tuple[str, str]) -> None:
    made = [
        replace(principal, arn=principal.arn.replace(SSO, path), path=path)
        for account, name, path in zip((SHOP, DATA), names, paths, strict=True)
        for principal in [set_role(account, BROAD, name=name)]
    ]
    found = answer(
        {principal: [use("sqs:CreateQueue", f"arn:aws:sqs:us-east-1:{principal.account}:jobs")] for principal in made}
    )
    files = code_files(found.proposals.values(), CodeForm.TERRAFORM)
    texts = {path.lower(): text for path, text in files.items() if "permission-sets/" in path}
    blocks = re.findall(r'^data "aws_iam_policy_document" "(\S+)"', "\n".join(texts.values()), re.MULTILINE)
    assert len(texts) == 3  # versions.tf is one of them
    assert len({block.lower() for block in blocks}) == len(blocks) == 2


@pytest.mark.slow
def test_roles_of_a_set_in_many_accounts_do_not_get_the_names_of_each_other() -> None:
    numbers = range(40)
    accounts = [f"5000000000{at:02}" for at in numbers]
    role_of = {
        account: replace(made, name=name, arn=f"arn:aws:iam::{account}:role{SSO}{name}", account=account)
        for at, account in enumerate(accounts)
        for made in [set_role(SHOP, BROAD)]
        for name in [f"AWSReservedSSO_Developer_{at:016x}"]
    }
    used = {
        principal: [use("sqs:CreateQueue", f"arn:aws:sqs:us-east-1:{account}:jobs-of-team-{at}x") for at in range(20)]
        for account, principal in role_of.items()
    }
    used[role_of[accounts[0]]].append(use("s3:PutObject", "arn:aws:s3:::shop/a"))
    found = answer(used, options=SEEN_ALONE)
    assert len({tuple(found.texts(account)) for account in accounts}) == 1
    assert all(proposal.safe for proposal in found.proposals.values())
    assert found.pairs(accounts[1]) == {("sqs:CreateQueue", "*"), ("s3:PutObject", "arn:aws:s3:::shop/a")}
    (queues,) = [line for line in found.proposals[accounts[1]].diff.draft.lines if line.action == "sqs:CreateQueue"]
    assert (queues.kind, queues.rule) == (LineKind.OBSERVED, FOLDED_TO_GRANT.name)
    assert queues.evidence is not None
    assert queues.evidence.records == 100


def test_terraform_says_that_a_set_takes_no_documents_of_two_language_versions() -> None:
    old = policy(allow("s3:*", "arn:aws:s3:::data/${aws:username}/*"), name="old", version="2008-10-17")
    used = [use("s3:GetObject", "arn:aws:s3:::data/${aws:username}/x"), use("sqs:ListQueues")]
    for held, says in (([old, BROAD], True), ([BROAD], False)):
        found = answer({set_role(SHOP, *held): used, set_role(DATA, *held): used}, options=SEEN_ALONE)
        text = code_files(found.proposals.values(), CodeForm.TERRAFORM)["terraform/permission-sets/Developer.tf"]
        assert ("different language versions" in text) is says


def test_what_holds_back_many_accounts_is_told_once_a_kind() -> None:
    shop, data, lab = (set_role(account, BROAD) for account in (SHOP, DATA, LAB))
    lab = replace(lab, created=days_before_end(20))
    used = {shop: [use("sqs:ListQueues")], data: [use("sqs:ListQueues")], lab: [use("sqs:ListQueues")]}
    found = answer(used, days={DATA: 40, LAB: 50})
    told = [caveat for caveat in found.proposals[SHOP].caveats if caveat.kind is PermissionSetCaveat.OTHER_ACCOUNT]
    assert [caveat.item for caveat in told] == ["other-account short-coverage", "other-account young-principal"]
    assert told[0].message == (
        f"its permission set also has a role in accounts {DATA} and {LAB}:"
        " the logs cover 40 days, fewer than 90, so rare use may be missing (and 1 more of this kind)"
    )
    files = code_files(found.proposals.values(), CodeForm.TERRAFORM)
    head = files["terraform/permission-sets/not-safe-yet/Developer.tf"].partition("\n#\n# Put this")[0]
    assert head.splitlines()[2:] == [
        f"# NOT SAFE YET, by its role in account {SHOP}:",
        *(f"# - {caveat.message}" for caveat in told),
    ]

"""Who can create or change an excepted principal, and who can change a policy."""

from __future__ import annotations

from lpgen.core.perimeter.exceptions import exempt
from lpgen.core.perimeter.lock_out import editors_of
from tests.core.graph.cases import arn_of, principal
from tests.core.perimeter.worlds import ADMIN, APP, BUCKET, OTHER, OUTSIDE, resource_of, world
from tests.support.worlds import ACCOUNT, allow, deny

GLASS = arn_of("role/emergency/break-glass")


def writers(*others: object, of: str = GLASS) -> tuple[str, ...]:
    return exempt(of, "break-glass", world(principals=(APP, ADMIN, *others))).writers  # type: ignore[arg-type]


def test_writers_are_those_whose_policies_reach_the_name() -> None:
    near = principal("role/near", allow("iam:UpdateAssumeRolePolicy", arn_of("role/emergency/*")))
    far = principal("role/far", allow("iam:CreateRole", arn_of("role/app/*")))
    stopped = principal("role/stopped", allow("iam:*"), deny("iam:CreateRole"), deny("iam:Update*"))
    assert writers(near, far, stopped) == (ADMIN.arn, near.arn)


def test_writers_of_a_pattern_are_those_who_can_make_any_of_its_names() -> None:
    maker = principal("role/maker", allow("iam:CreateRole", arn_of("role/emergency/a")))
    assert writers(maker, of=arn_of("role/emergency/*")) == (ADMIN.arn, maker.arn)


def test_writers_of_a_user_are_those_who_can_give_it_credentials() -> None:
    helper = principal("role/helper", allow("iam:CreateAccessKey"))
    assert writers(helper, of=arn_of("user/emergency")) == (ADMIN.arn, helper.arn)


def test_a_principal_of_an_unknown_account_may_have_any_writer() -> None:
    (unknown,) = writers(of=arn_of("role/x", OUTSIDE))
    assert "aren't known" in unknown


def test_patterns_of_any_account_mean_each_of_the_organization() -> None:
    found = world().in_accounts("arn:aws:iam::*:role/break-glass")
    assert list(found) == [arn_of("role/break-glass"), arn_of("role/break-glass", OTHER)]


def test_editors_are_allowed_by_all_their_policies() -> None:
    limited = principal("role/limited", allow("s3:*"), deny("s3:PutBucketPolicy"))
    elsewhere = principal("role/elsewhere", allow("s3:PutBucketPolicy", "arn:aws:s3:::other"))
    foreign = principal("role/foreign", allow("*"), account=OTHER)
    found = world(principals=(ADMIN, limited, elsewhere, foreign))
    assert editors_of(resource_of(found), (), found) == (ADMIN.arn,)


def test_a_policy_can_name_its_editors_and_deny_them() -> None:
    reader = principal("role/reader", allow("s3:GetObject"))
    grant = {"Effect": "Allow", "Principal": {"AWS": reader.arn}, "Action": "s3:*", "Resource": BUCKET}
    stop = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutBucketPolicy", "Resource": BUCKET}
    granted = world(principals=(reader,), policies={BUCKET: {"Version": "2012-10-17", "Statement": [grant]}})
    assert editors_of(resource_of(granted), (), granted) == (reader.arn,)
    stopped = world(principals=(reader,), policies={BUCKET: {"Version": "2012-10-17", "Statement": [grant, stop]}})
    assert editors_of(resource_of(stopped), (), stopped) == ()


def test_key_counts_only_editors_that_its_policy_delegates_to() -> None:
    key = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1"
    root = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "kms:*", "Resource": "*"}
    only = {**root, "Principal": {"AWS": APP.arn}}
    for statement, editors in ((root, (ADMIN.arn,)), (only, (APP.arn,))):
        found = world(policies={key: {"Version": "2012-10-17", "Statement": [statement]}})
        assert editors_of(resource_of(found, key), (), found) == editors


def test_caller_that_no_policies_were_given_for_counts_unless_it_is_denied() -> None:
    someone = arn_of("role/someone")
    free = world(
        principals=(APP,), caller=someone, policies={BUCKET: {"Version": "2012-10-17", "Statement": [_other()]}}
    )
    assert someone in editors_of(resource_of(free), (), free)
    denied = {**_other(), "Effect": "Deny", "Principal": "*", "Action": "s3:PutBucketPolicy", "Resource": BUCKET}
    stopped = world(
        principals=(APP,), caller=someone, policies={BUCKET: {"Version": "2012-10-17", "Statement": [denied]}}
    )
    assert editors_of(resource_of(stopped), (), stopped) == ()


def _other() -> dict[str, object]:
    return {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "s3:GetObject", "Resource": f"{BUCKET}/*"}

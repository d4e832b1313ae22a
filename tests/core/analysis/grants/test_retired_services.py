"""Names of services that AWS retired, in AWS's own policies and in others."""

from __future__ import annotations

import json

import pytest

from lpgen.core.analysis.grants.principal_grants import grants_from_principals
from lpgen.core.catalog.catalog_table import read_catalog_table
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import AttachedPolicy, PolicyKind
from lpgen.edge.catalog.files import bundled_catalog
from tests.support.worlds import allow, role


def unknown(arn: str, *actions: str) -> set[str]:
    """The patterns of a role's only policy that are unknown."""
    document = policy_from_json(json.dumps({"Version": "2012-10-17", "Statement": [allow(list(actions))]}), place=arn)
    kind = PolicyKind.AWS_MANAGED if ":aws:policy/" in arn else PolicyKind.CUSTOMER_MANAGED
    principal = role(AttachedPolicy(kind, arn.rpartition("/")[2], arn, "", None, document))
    ((grant,),) = (grants.allows for grants in grants_from_principals([principal], bundled_catalog()))
    return set(grant.unknown_patterns)


@pytest.mark.parametrize(
    ("arn", "pattern", "is_unknown"),
    [
        ("arn:aws:iam::aws:policy/SecurityAudit", "deepracer:ListModels", False),
        ("arn:aws:iam::aws:policy/AmazonSageMakerFullAccess", "elastic-inference:Connect", False),
        ("arn:aws:iam::aws:policy/service-role/AWSDeepLensServiceRolePolicy", "deeplens:*", False),
        ("arn:aws:iam::aws:policy/ReadOnlyAccess", "deepcomposer:Get*", False),
        ("arn:aws-us-gov:iam::aws:policy/ReadOnlyAccess", "iot1click:DescribeDevice", False),
        ("arn:aws:iam::aws:policy/SecurityAudit", "DeepRacer:ListModels", False),
        ("arn:aws:iam::111122223333:policy/own", "deepracer:ListModels", True),
        ("arn:aws:iam::111122223333:policy/own", "deepracr:ListModels", True),
        ("arn:aws:iam::aws:policy/SecurityAudit", "deepracr:ListModels", True),
        ("arn:aws:iam::aws:policy/SecurityAudit", "s3:GetObjectMetadata", True),
    ],
)
def test_a_retired_service_is_known_in_awss_own_policies_alone(arn: str, pattern: str, *, is_unknown: bool) -> None:
    assert unknown(arn, pattern, "s3:GetObject") == ({pattern} if is_unknown else set())


def test_retired_services_are_none_of_the_catalog_and_have_a_page_of_aws() -> None:
    catalog = bundled_catalog()
    rows = read_catalog_table(catalog.source, "retired_services", dict[str, str])
    assert not rows.keys() & set(catalog.prefixes())
    assert all(page.startswith(("https://docs.aws.amazon.com/", "https://aws.amazon.com/")) for page in rows.values())

"""S3 objects by URL: every form that AWS documents, and nothing else."""

from __future__ import annotations

import pytest

from lpgen.core.cloudtrail.resource_arns import object_arn_from_url


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://b.s3.us-east-1.amazonaws.com/k/a.yaml", "b/k/a.yaml"),
        ("https://b.s3.amazonaws.com/k/a.yaml", "b/k/a.yaml"),
        ("https://b.s3-us-west-2.amazonaws.com/k", "b/k"),
        ("https://my.own.bucket.s3.eu-central-1.amazonaws.com/k", "my.own.bucket/k"),
        ("https://b.s3.dualstack.us-east-1.amazonaws.com/k", "b/k"),
        ("https://b.s3-fips.us-east-1.amazonaws.com/k", "b/k"),
        ("https://b.s3-accelerate.amazonaws.com/k", "b/k"),
        ("https://s3.us-east-1.amazonaws.com/b/k/a.yaml", "b/k/a.yaml"),
        ("https://s3-us-west-2.amazonaws.com/b/k", "b/k"),
        ("http://s3.amazonaws.com/b/k", "b/k"),
        ("HTTPS://S3.amazonaws.com:443/b/K", "b/K"),
        ("https://s3.cn-north-1.amazonaws.com.cn/b/k", "b/k"),
        ("https://b.s3.amazonaws.com/a%20b/c%2Bd?versionId=1", "b/a b/c+d"),
        ("https://s3.s3.us-east-1.amazonaws.com/k", "s3/k"),
        ("s3://b/k/a.yaml", "b/k/a.yaml"),
        ("s3://b/a%20b", "b/a%20b"),
    ],
)
def test_url_gives_the_object_it_leads_to(url: str, name: str) -> None:
    assert object_arn_from_url(url, "aws") == f"arn:aws:s3:::{name}"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "b/k",
        "s3://b",
        "s3://b/",
        "https://s3.amazonaws.com/b",
        "https://b.s3.amazonaws.com/",
        "https://example.com/b/k",
        "https://s3.amazonaws.com.example.com/b/k",
        "https://ec2.us-east-1.amazonaws.com/b/k",
        "https://ap-111122223333.s3-accesspoint.us-east-1.amazonaws.com/k",
        "ssm-doc://arn:aws:ssm:us-east-1:111122223333:document/d",
    ],
)
def test_other_urls_give_nothing(url: str) -> None:
    assert object_arn_from_url(url, "aws") == ""

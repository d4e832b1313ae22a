"""The fields of ARNs: `arn:partition:service:region:account:name`.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

ARN_FIELDS: Final = 6
"""The number of fields of an ARN, including `arn` itself. The last field may contain colons."""

_ACCOUNT_DIGITS: Final = 12

OTHER_PARTITIONS: Final = (
    ("aws-cn", "cn-", "cn-north-1"),
    ("aws-us-gov", "us-gov-", "us-gov-west-1"),
    ("aws-eusc", "eusc-", "eusc-de-east-1"),
    ("aws-iso", "us-iso-", "us-iso-east-1"),
    ("aws-iso-b", "us-isob-", "us-isob-east-1"),
    ("aws-iso-e", "eu-isoe-", "eu-isoe-west-1"),
    ("aws-iso-f", "us-isof-", "us-isof-south-1"),
)
"""Partitions other than `aws`, the prefix of their Regions, and the Region that signs requests to their IAM.

https://github.com/boto/botocore/blob/develop/botocore/data/endpoints.json
https://github.com/boto/botocore/blob/develop/botocore/data/partitions.json
"""


class ArnFields(NamedTuple):
    """The fields of one ARN. Fields that a service leaves out are ""."""

    partition: str
    service: str
    region: str
    account: str
    name: str


NO_ARN: Final = ArnFields("", "", "", "", "")


def split_arn(text: str) -> ArnFields:
    """The fields of an ARN, or NO_ARN for a text that isn't an ARN. The content of fields isn't checked."""
    fields = text.split(":", ARN_FIELDS - 1)
    return ArnFields._make(fields[1:]) if len(fields) == ARN_FIELDS and fields[0] == "arn" else NO_ARN


def account_in_arn(text: str) -> str:
    """The account id in an ARN, or "". Many ARNs of S3 have none, and AWS's own resources have `aws`."""
    fields = text.split(":", ARN_FIELDS - 1)
    return fields[4] if len(fields) > 4 and is_account_id(fields[4]) else ""


def is_account_id(text: str) -> bool:
    """Whether a text has the form of an account id."""
    return len(text) == _ACCOUNT_DIGITS and text.isascii() and text.isdigit()


def container_of(arn: str) -> str:
    """The resource that trails use to select data events: an object's bucket, or the resource without its contents.

    For a pattern, the result is a pattern of containers.
    """
    *place, name = arn.split(":", ARN_FIELDS - 1)
    if len(place) < ARN_FIELDS - 1:
        return arn
    parts = 1 if place[2] == "s3" else 2
    found = _SEPARATORS.split(name)  # names and the separators between them
    return ":".join([*place, "".join(found[: 2 * parts - 1])])


_SEPARATORS: Final = re.compile("([/:])")

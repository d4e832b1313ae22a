"""The S3 objects that requests name by URL: virtual-hosted, path-style or `s3://`.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
"""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote

_HOSTS: Final = (".amazonaws.com", ".amazonaws.com.cn")
_FARTHEST: Final = 3  # of the labels of a host: `s3.dualstack.us-east-1`


def object_arn_from_url(url: str, partition: str) -> str:
    """The ARN of the object that a URL leads to; "" for any other URL."""
    scheme, _, place = url.partition("://")
    host, _, path = place.partition("/")
    bucket, key = host, path
    if scheme.lower() in ("http", "https"):
        bucket, key = _split_place(host.lower().partition(":")[0], unquote(path.partition("?")[0]))
    elif scheme.lower() != "s3":
        return ""
    return f"arn:{partition}:s3:::{bucket}/{key}" if bucket and key else ""


def _split_place(host: str, path: str) -> tuple[str, str]:
    """The bucket and key of a host and path; "" and "" where the host isn't one of S3."""
    name = next((host.removesuffix(end) for end in _HOSTS if host.endswith(end)), "")
    labels = name.split(".")
    for at in reversed(range(max(0, len(labels) - _FARTHEST), len(labels))):
        if labels[at] == "s3" or labels[at].startswith("s3-"):
            if at and labels[at] != "s3-accesspoint":
                return ".".join(labels[:at]), path
            bucket, _, key = path.partition("/")
            return ("", "") if at else (bucket, key)
    return "", ""

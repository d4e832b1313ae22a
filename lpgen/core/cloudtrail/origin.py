"""Where a call came from: the network and the program in a record's `sourceIPAddress` and `userAgent`.

Both have few values, so a table can count them.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final

_KEPT_BITS: Final = {4: 24, 6: 48}
_MAX_TEXT_LENGTH: Final = 256

# Listed here, because Python's versions disagree about `is_private`. AWS also uses 100.64.0.0/10 within VPCs.
# https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
_PRIVATE: Final = tuple(
    ip_network(text)
    for text in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("::1/128", "fc00::/7", "fe80::/10"),
    )
)

_INTERNAL: Final = ("AWS Internal", "AWS-Internal")


class NetworkKind(StrEnum):
    """The kind of a source. UNKNOWN: the record has none, or one that can't be read."""

    PUBLIC = "public"
    PRIVATE = "private"
    AWS = "aws"  # the name of a service, or `AWS Internal`
    UNKNOWN = "unknown"


class AgentFamily(StrEnum):
    """The kind of program that called."""

    SDK = "sdk"
    CLI = "cli"
    CONSOLE = "console"
    TERRAFORM = "terraform"
    SERVICE = "service"
    BROWSER = "browser"
    OTHER = "other"


@lru_cache(maxsize=4096)
def network_from_start(start: str) -> tuple[str, NetworkKind]:
    """The network and its kind, from the part of a `sourceIPAddress` before its last dot, or all of it without a dot.

    Many addresses have one start. A network of IPv4 has 24 bits, one of IPv6 has 48 bits.
    """
    if start in _INTERNAL or start.endswith((".amazonaws", ".amazonaws.com")):
        ends = "" if start in _INTERNAL else ".cn" if start.endswith(".com") else ".com"
        return f"{start[:_MAX_TEXT_LENGTH]}{ends}", NetworkKind.AWS
    try:
        address = ip_address(start if ":" in start else f"{start}.0")
    except ValueError:
        return "", NetworkKind.UNKNOWN
    kind = NetworkKind.PRIVATE if any(address in network for network in _PRIVATE) else NetworkKind.PUBLIC
    make = IPv4Network if address.version == 4 else IPv6Network
    return str(make((int(address), _KEPT_BITS[address.version]), strict=False)), kind


_FAMILIES: Final = (
    (re.compile(r"terraform|opentofu|pulumi", re.IGNORECASE), AgentFamily.TERRAFORM),
    (re.compile(r"console\.amazonaws\.com|signin\.amazonaws\.com|S3Console|AWSConsole"), AgentFamily.CONSOLE),
    (re.compile(r"^\[?aws-cli/"), AgentFamily.CLI),
    (re.compile(r"^(?:[a-z0-9.-]+\.amazonaws\.com(?:\.cn)?|AWS.Internal|\[?aws-internal.*)$"), AgentFamily.SERVICE),
    (re.compile(r"aws-sdk-|boto3|botocore|aws-chalice", re.IGNORECASE), AgentFamily.SDK),
    (re.compile(r"^\[?Mozilla/"), AgentFamily.BROWSER),
)
"""The first pattern that matches counts: the console and Terraform call with AWS's own libraries."""


_WORKPLACES: Final = (
    (re.compile(r"github[-_ ]?actions|configure-aws-credentials", re.IGNORECASE), "github-actions"),
    (re.compile(r"gitlab", re.IGNORECASE), "gitlab"),
    (re.compile(r"bitbucket", re.IGNORECASE), "bitbucket"),
    (re.compile(r"circleci", re.IGNORECASE), "circleci"),
    (re.compile(r"buildkite", re.IGNORECASE), "buildkite"),
    (re.compile(r"jenkins", re.IGNORECASE), "jenkins"),
    (re.compile(r"exec-env/AWS_Lambda"), "aws-lambda"),
    (re.compile(r"exec-env/AWS_ECS"), "aws-ecs"),
    (re.compile(r"exec-env/(?:AWS_)?EC2"), "aws-ec2"),
)
"""Pipelines and AWS compute that name themselves in the user agent. AWS sets `AWS_EXECUTION_ENV` in its compute.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

_PRODUCT: Final = re.compile(r"\[?([A-Za-z0-9_.+-]{1,40})")


@lru_cache(maxsize=4096)
def program_of_agent(agent: str) -> str:
    """The program that a user agent names: a pipeline or compute, else the family of a console or of Terraform, else
    the first product, in lower case."""
    named = next((name for pattern, name in _WORKPLACES if pattern.search(agent)), "")
    family = family_of_agent(agent)
    product = _PRODUCT.match(agent)
    is_product = family in (AgentFamily.SDK, AgentFamily.CLI, AgentFamily.OTHER) and product
    return named or (product[1].lower() if is_product and product else family.value)


@lru_cache(maxsize=4096)
def family_of_agent(agent: str) -> AgentFamily:
    """The family of a user agent. Callers choose this text, so it is a hint and no evidence."""
    return next((family for pattern, family in _FAMILIES if pattern.search(agent)), AgentFamily.OTHER)

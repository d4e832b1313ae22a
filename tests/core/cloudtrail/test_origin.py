"""Networks and programs in records, and the tags that calls set."""

from __future__ import annotations

from typing import Any

import msgspec

from lpgen.core.cloudtrail.origin import AgentFamily, NetworkKind, family_of_agent, network_from_start
from lpgen.core.cloudtrail.records import RawRecord
from lpgen.core.cloudtrail.request_tags import tags_from_record
from tests.support.case_tables import each_case


@each_case(
    "start, network, kind",
    (
        ("203.0.113", "203.0.113.0/24", NetworkKind.PUBLIC),
        ("10.1.2", "10.1.2.0/24", NetworkKind.PRIVATE),
        ("172.32.0", "172.32.0.0/24", NetworkKind.PUBLIC),
        ("100.64.9", "100.64.9.0/24", NetworkKind.PRIVATE),
        ("2001:db8:1:2::7", "2001:db8:1::/48", NetworkKind.PUBLIC),
        ("fd12:3456:789a::1", "fd12:3456:789a::/48", NetworkKind.PRIVATE),
        ("cloudformation.amazonaws", "cloudformation.amazonaws.com", NetworkKind.AWS),
        ("s3.amazonaws.com", "s3.amazonaws.com.cn", NetworkKind.AWS),
        ("AWS Internal", "AWS Internal", NetworkKind.AWS),
        ("", "", NetworkKind.UNKNOWN),
        ("300.1.2", "", NetworkKind.UNKNOWN),
        ("no address", "", NetworkKind.UNKNOWN),
        ("evil.example", "", NetworkKind.UNKNOWN),
    ),
)
def test_network_from_start_folds_addresses_and_keeps_services(start: str, network: str, kind: NetworkKind) -> None:
    assert network_from_start(start) == (network, kind)


@each_case(
    "agent, family",
    (
        ("aws-cli/2.13.29 Python/3.11.6 Windows/10 exe/AMD64", AgentFamily.CLI),
        ("Boto3/1.34.100 md/Botocore#1.34.100", AgentFamily.SDK),
        ("aws-sdk-go-v2/1.36.3 ua/2.1 os/linux", AgentFamily.SDK),
        ("APN/1.0 HashiCorp/1.0 Terraform/1.5.7 aws-sdk-go/1.44", AgentFamily.TERRAFORM),
        ("[S3Console/0.4, aws-internal/3 aws-sdk-java/1.11]", AgentFamily.CONSOLE),
        ("signin.amazonaws.com", AgentFamily.CONSOLE),
        ("lambda.amazonaws.com", AgentFamily.SERVICE),
        ("AWS Internal", AgentFamily.SERVICE),
        ("aws-internal/3 aws-sdk-java/1.12.479 Linux/5.10", AgentFamily.SERVICE),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64)", AgentFamily.BROWSER),
        ("curl/8", AgentFamily.OTHER),
        ("", AgentFamily.OTHER),
    ),
)
def test_family_of_agent_knows_the_common_programs(agent: str, family: AgentFamily) -> None:
    assert family_of_agent(agent) is family


@each_case(
    "request_parameters, tags",
    (
        ({"tags": [{"key": "Env", "value": "prod"}, {"key": "key", "value": ""}]}, {("Env", "prod"), ("key", "")}),
        ({"tagSet": {"items": [{"key": "a", "value": "b"}]}}, {("a", "b")}),
        (
            {"tagSpecificationSet": {"items": [{"resourceType": "volume", "tags": [{"key": "a", "value": "b"}]}]}},
            {("a", "b")},
        ),
        ({"Tags": [{"TagKey": "a", "TagValue": "b"}]}, {("a", "b")}),
        ({"tags": {"value": "x", "Team": "y", "odd": 1}}, {("value", "x"), ("Team", "y")}),
        ({"tags": [{"key": "a", "value": {"odd": 1}}, "odd", None]}, {("a", "")}),
        ({"tags": [{"key": "k" * 300, "value": "v" * 300}]}, {("k" * 256, "v" * 256)}),
        ({"other": [{"key": "a", "value": "b"}]}, set()),
    ),
)
def test_tags_from_record_reads_each_shape(request_parameters: Any, tags: set[tuple[str, str]]) -> None:
    fields = {"eventSource": "ec2.amazonaws.com", "eventName": "X", "requestParameters": request_parameters}
    record = msgspec.json.decode(msgspec.json.encode(fields), type=RawRecord)
    assert set(tags_from_record(record)) == tags
    record.readOnly = True
    assert tags_from_record(record) == []

"""EKS: access entries of principals, whose ARN has an id that only AWS knows, so it becomes a pattern.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelastickubernetesservice.html
Roles that the calls hand over are found by the general rule.
"""

from __future__ import annotations

from collections.abc import Iterator

from lpgen.core.arns import split_arn
from lpgen.core.cloudtrail.rules.call import Call, CompletionTable
from lpgen.core.cloudtrail.rules.listed import ReaderType
from lpgen.core.cloudtrail.rules.passing import passed_roles
from lpgen.core.cloudtrail.rules.types import ReaderTable, resource_from_arn
from lpgen.core.globs.match import has_wildcard
from lpgen.core.model import MappedAction, Resource

_SOURCE = "eks.amazonaws.com"


def _read_access_entry(call: Call) -> Iterator[Resource]:
    """The access entry of an IAM principal: its ARN holds the principal's kind, account and bare name."""
    cluster = call.text("clusterName") or call.text("name")
    principal = split_arn(call.text("principalArn"))
    if cluster and principal.service == "iam" and not has_wildcard("".join((cluster, *principal))):
        kind, _, name = principal.name.partition("/")
        entry = f"access-entry/{cluster}/{kind}/{principal.account}/{name.rpartition('/')[2]}/*"
        yield resource_from_arn(call.arn("eks", entry))


def _complete_access_entry(call: Call, actions: tuple[MappedAction, ...]) -> tuple[MappedAction, ...]:
    """CreateAccessEntry, which for an entry of EC2 nodes also hands their role to EC2."""
    is_of_nodes = call.text("type").upper().startswith("EC2")
    roles = passed_roles(call, call.texts("principalArn"), "ec2.amazonaws.com") if is_of_nodes else ()
    return (*actions, *roles)


COMPLETIONS: CompletionTable = {(_SOURCE, "CreateAccessEntry"): _complete_access_entry}

READERS: ReaderTable = {_SOURCE: {"access-entry": ReaderType(_read_access_entry, "eks", "access-entry/*")}}

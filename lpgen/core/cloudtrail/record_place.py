"""The place of a recorded call: partition, Region and account, for the ARNs of the resources it names."""

from __future__ import annotations

from lpgen.core.arns import OTHER_PARTITIONS
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.cloudtrail.records import Record, UserIdentity
from lpgen.core.cloudtrail.rules.call import Call


def call_from_record(record: Record, operation: str, catalog: Catalog) -> Call:
    """A record as the rules see it, its operation without version suffix."""
    return Call(
        record=record,
        operation=operation,
        partition=_partition_of_record(record),
        region=record.awsRegion or "",
        account=_account_of_record(record),
        catalog=catalog,
    )


def _partition_of_record(record: Record) -> str:
    """The partition that the caller's ARN or else the region shows."""
    identity = record.userIdentity
    arn = arn_of_identity(identity) if identity else ""
    if arn.startswith("arn:"):
        return arn.split(":", 2)[1]
    region = record.awsRegion or ""
    return next((partition for partition, start, _ in OTHER_PARTITIONS if region.startswith(start)), "aws")


def _account_of_record(record: Record) -> str:
    """The account that owns the named resources: the recipient's, as its copy of the record is the owner's."""
    if record.recipientAccountId:
        return record.recipientAccountId
    return (record.userIdentity.accountId if record.userIdentity else None) or ""


def arn_of_identity(identity: UserIdentity) -> str:
    """The caller's ARN, or else its issuer's, or ""."""
    if identity.arn:
        return identity.arn
    issuer = identity.sessionContext.sessionIssuer if identity.sessionContext else None
    return (issuer.arn if issuer else None) or ""

"""Reads VPC endpoints: output of `aws ec2 describe-vpc-endpoints`, also that of a snapshot.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcEndpoints.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from lpgen.core.perimeter.world import Endpoint
from lpgen.edge.files import read_file
from lpgen.edge.logs.json_documents import Broken, plain_text, split_documents
from lpgen.errors import SnapshotError, quote_reason

_HINT: Final = "give the output of `aws ec2 describe-vpc-endpoints`"


class _Endpoint(msgspec.Struct, frozen=True):
    id: str = msgspec.field(name="VpcEndpointId")
    vpc: str = msgspec.field(name="VpcId", default="")
    owner: str = msgspec.field(name="OwnerId", default="")


class _Page(msgspec.Struct, frozen=True):
    endpoints: tuple[_Endpoint, ...] = msgspec.field(name="VpcEndpoints")


def read_vpc_endpoints(files: Iterable[Path]) -> dict[str, Endpoint] | None:
    """The VPC endpoints in all files by id, or None without files.

    Raises:
        SnapshotError: a file can't be read, or holds something else.
    """
    paths = list(files)
    found = {one.id: Endpoint(one.id, one.vpc, one.owner) for path in paths for one in _endpoints(path)}
    return found if paths else None


def _endpoints(file: Path) -> Iterator[_Endpoint]:
    for document in split_documents(plain_text(read_file(file, SnapshotError, hint=_HINT))):
        if isinstance(document, Broken):
            raise SnapshotError(f"`{file}` is not JSON: {document.why} ({document.position})", hint=_HINT)
        try:
            yield from msgspec.json.decode(document, type=_Page).endpoints
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise SnapshotError(f"`{file}` is not a list of endpoints: {quote_reason(error)}", hint=_HINT) from error

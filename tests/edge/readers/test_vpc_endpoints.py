"""VPC endpoints as `aws ec2 describe-vpc-endpoints` prints them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lpgen.core.perimeter.world import Endpoint
from lpgen.edge.readers.vpc_endpoints import read_vpc_endpoints
from lpgen.errors import SnapshotError

ONE = {"VpcEndpointId": "vpce-1", "VpcId": "vpc-1", "OwnerId": "111122223333", "State": "available"}


def test_endpoints_of_all_documents_and_files_count(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(
        json.dumps({"VpcEndpoints": [ONE]}) + json.dumps({"VpcEndpoints": [{"VpcEndpointId": "vpce-2"}]})
    )
    (tmp_path / "b.json").write_text(json.dumps({"VpcEndpoints": []}))
    assert read_vpc_endpoints([tmp_path / "a.json", tmp_path / "b.json"]) == {
        "vpce-1": Endpoint("vpce-1", "vpc-1", "111122223333"),
        "vpce-2": Endpoint("vpce-2", ""),
    }


def test_without_files_nothing_is_known() -> None:
    assert read_vpc_endpoints([]) is None


@pytest.mark.parametrize("text", ["{", "[]", '{"Vpcs": []}', '{"VpcEndpoints": [{}]}'])
def test_anything_else_is_an_error(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(SnapshotError, match=r"not (JSON|a list of endpoints)"):
        read_vpc_endpoints([tmp_path / "a.json"])

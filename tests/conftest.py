"""Servers that several tests share: started once per test process, when a test first asks for one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.aws_servers import Server, moto_server, seaweed_server

settings.register_profile("lpgen", deadline=None)  # a busy machine is no failure
settings.load_profile("lpgen")


@pytest.fixture(scope="session")
def moto() -> Iterator[Server]:
    """moto's server. Its tests take buckets and accounts of their own, since all share it."""
    with moto_server() as server:
        yield server


@pytest.fixture(scope="session")
def seaweed() -> Iterator[Server]:
    """SeaweedFS, which checks signatures."""
    with seaweed_server() as server:
        yield server


@pytest.fixture(params=["moto", "seaweed"])
def s3(request: pytest.FixtureRequest) -> Server:
    """Each of the two S3 servers."""
    server: Server = request.getfixturevalue(request.param)
    return server

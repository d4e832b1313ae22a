"""Servers that several tests share: started once per test process, when a test first asks for one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.support.aws_organization import MANAGEMENT, Organization, answer_last_accessed, make_organization
from tests.support.aws_proxy import AwsProxy, aws_proxy
from tests.support.aws_servers import Server, moto_server, seaweed_server

if TYPE_CHECKING:
    from tests.support.s3_buckets import Bucket

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


@pytest.fixture
def bucket(moto: Server) -> Bucket:
    """A bucket of the test's own in moto."""
    from tests.support.s3_buckets import make_bucket  # here, since it imports boto3, which most tests do without

    return make_bucket(moto)


@pytest.fixture
def server_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test servers' keys in this process, and nothing of the machine's own account."""
    for name, value in Server("http://127.0.0.1:9").environment.items():
        if name.startswith("AWS_") and name != "AWS_ENDPOINT_URL":
            monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)


@pytest.fixture(scope="session")
def organization() -> Iterator[Organization]:
    """An organization of three accounts, on a moto server of its own.

    moto takes every call of every caller for allowed; what IAM would refuse, the proxy refuses.
    """
    with moto_server() as server:
        yield make_organization(server)


@pytest.fixture(scope="module")
def shared_proxy(organization: Organization) -> Iterator[AwsProxy]:
    """The proxy in front of the organization. Its thread ends with the module, since other tests fork."""
    with aws_proxy(organization.server, MANAGEMENT) as proxy:
        yield proxy


@pytest.fixture
def proxy(shared_proxy: AwsProxy, monkeypatch: pytest.MonkeyPatch) -> AwsProxy:
    """The proxy in front of the organization, as AWS for the test, and without a memory of earlier ones."""
    for name, value in shared_proxy.server.environment.items():
        monkeypatch.setenv(name, value)
    shared_proxy.calls.clear()
    shared_proxy.reply = answer_last_accessed
    return shared_proxy

"""Requests under way at a time: what libcurl hands over, and what it refuses."""

from __future__ import annotations

from pathlib import Path

from lpgen.edge.aws_session import Way
from lpgen.edge.objects.get_requests import Get
from lpgen.edge.objects.parallel_gets import HttpResponse, ParallelGets
from tests.support.fault_proxy import fault_proxy
from tests.support.faulty_s3 import BUCKET, Keeping, faulty_s3
from tests.support.tls import make_certificate

OPEN = Way("", "")


def answers(*gets: Get, most_bytes: int = 100) -> list[HttpResponse | None]:
    """What comes of requests, in the order of the requests."""
    under_way: ParallelGets[int] = ParallelGets()
    for number, get in enumerate(gets):
        under_way.begin(number, get, most_bytes=most_bytes)
    found: dict[int, HttpResponse | None] = {}
    while len(under_way):
        found |= under_way.advance(1)
    return [found[number] for number in range(len(gets))]


def test_gets_bring_every_answer_with_its_status_and_headers() -> None:
    with faulty_s3() as s3:
        s3.restart({"a/../b": b"one", "c": b"two"}, Keeping.KMS_SHA256)
        found = answers(*(Get(f"{s3.url}/{BUCKET}/{key}", (), OPEN) for key in ("a/../b", "c", "none")))
    assert [response and (response.status, response.data[:6]) for response in found] == [
        (200, b"one"),
        (200, b"two"),
        (404, b"<Error"),
    ]
    expected = {name.lower(): value for name, value in Keeping.KMS_SHA256.headers(b"one").items()}
    assert found[0]
    assert expected.items() <= found[0].headers.items()


def test_gets_refuse_more_bytes_than_an_object_has() -> None:
    with faulty_s3() as s3:
        s3.restart({"a": bytes(1_000), "b": bytes(100)}, Keeping.OPEN)
        large, small = answers(*(Get(f"{s3.url}/{BUCKET}/{key}", (), OPEN) for key in "ab"))
    assert large is None
    assert small


def test_gets_trust_only_the_authorities_that_they_are_given(tmp_path: Path) -> None:
    for name in ("trusted", "other"):
        (tmp_path / name).mkdir()
    certificate, other = make_certificate(tmp_path / "trusted"), make_certificate(tmp_path / "other")
    with faulty_s3() as s3, fault_proxy(s3.server, tls=certificate.context) as proxy:
        url = f"{proxy.server.url}/{BUCKET}"
        ways = [Way(str(certificate.path), ""), Way(str(other.path), ""), Way("", "")]
        found = answers(*(Get(url, (), way) for way in ways))
    assert [response and response.status for response in found] == [200, None, 200]


def test_gets_can_be_taken_back() -> None:
    with faulty_s3() as s3:
        under_way: ParallelGets[str] = ParallelGets()
        for name in ("kept", "dropped"):
            under_way.begin(name, Get(f"{s3.url}/{BUCKET}", (), OPEN), most_bytes=100)
        under_way.drop("dropped")
        assert ("kept" in under_way, "dropped" in under_way) == (True, False)
        found: dict[str, HttpResponse | None] = {}
        while len(under_way):
            found |= under_way.advance(1)
    assert [*found] == ["kept"]

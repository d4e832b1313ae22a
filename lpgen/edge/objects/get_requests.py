"""Requests for objects without boto3's calls: most of what a call costs is to find out what to send where.

The first call for an object of a bucket shows it: endpoint, the bucket's place in the URL, headers and Region. For the
next object only the key differs, and awscrt signs it, as it does for botocore.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlsplit

from lpgen.edge.aws_session import Way, aws_errors, way_of_client

_SAFE: Final = "/~"


@dataclass(frozen=True, slots=True)
class Get:
    """A request that is ready to be sent."""

    url: str
    headers: tuple[str, ...] = field(repr=False)  # among them a token
    way: Way


@dataclass(frozen=True, slots=True)
class GetRequests:
    """Makes requests for objects of a bucket. `credentials` are botocore's, which renew themselves."""

    start: str
    headers: Mapping[str, str]
    region: str
    service: str
    credentials: Any
    way: Way

    def get(self, key: str) -> Get:
        """The request for the object of a key, signed for this moment.

        Raises:
            AwsError: the credentials have ended, and can't be renewed.
        """
        from awscrt import auth, http

        with aws_errors("read it"):
            frozen = self.credentials.get_frozen_credentials()
        url = self.start + quote(key, safe=_SAFE)
        request = http.HttpRequest("GET", urlsplit(url).path, http.HttpHeaders([*self.headers.items()]))
        config = auth.AwsSigningConfig(
            credentials_provider=auth.AwsCredentialsProvider.new_static(
                frozen.access_key, frozen.secret_key, frozen.token
            ),
            region=self.region,
            service=self.service,
            use_double_uri_encode=False,
            should_normalize_uri_path=False,
            signed_body_header_type=auth.AwsSignedBodyHeaderType.X_AMZ_CONTENT_SHA_256,
        )
        auth.aws_sign_request(request, config).result()
        return Get(url, tuple(f"{name}: {value}" for name, value in request.headers), self.way)


_noted: Final = threading.local()


def note_requests(client: Any) -> None:
    """Has a client note each request for an object that a thread is about to sign."""
    client.meta.events.register("before-sign.s3.GetObject", _note)


def _note(request: Any, signature_version: Any, **_: Any) -> None:
    _noted.request, _noted.headers, _noted.signature = request, {**request.headers}, signature_version


def requests_like_last(client: Any, key: str, credentials: Any) -> GetRequests | None:
    """What makes further requests like the one that this thread noted last, which brought the object of a key.

    It is None where only boto3 can: where S3 takes other signatures or session credentials, as for directory buckets
    and access points of several Regions.
    """
    request, name = _noted.request, quote(key, safe=_SAFE)
    way = way_of_client(client, request.url)
    if way is None or _noted.signature != "s3v4" or not request.url.endswith("/" + name):
        return None
    headers = {**_noted.headers, "host": urlsplit(request.url).netloc}
    signing = request.context["signing"]
    start = request.url.removesuffix(name)
    return GetRequests(start, headers, signing["region"], signing["signing_name"], credentials, way)

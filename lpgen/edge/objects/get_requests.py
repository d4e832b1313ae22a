"""Makes requests for objects without boto3's calls, which mostly spend time on finding out what to send where.

The first call for an object of a bucket shows the endpoint, the bucket's place in the URL, the headers and the Region.
For the next object only the key differs. awscrt signs the request, as it does for botocore.
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
    """A request that is ready to send."""

    url: str
    headers: tuple[str, ...] = field(repr=False)  # include a token
    way: Way


@dataclass(frozen=True, slots=True)
class GetRequests:
    """Makes requests for objects of a bucket. `credentials` are botocore's, which it renews."""

    start: str
    headers: Mapping[str, str]
    region: str
    service: str
    credentials: Any
    way: Way

    def get(self, key: str) -> Get:
        """The request for the object with a key, signed for now.

        Raises:
            AwsError: the credentials have expired and can't be renewed.
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
    """Makes a client note each request for an object before a thread signs it."""
    client.meta.events.register("before-sign.s3.GetObject", _note)


def _note(request: Any, signature_version: Any, **_: Any) -> None:
    _noted.request, _noted.headers, _noted.signature = request, {**request.headers}, signature_version


def requests_like_last(client: Any, key: str, credentials: Any) -> GetRequests | None:
    """Makes requests like the last one of this thread, which returned the object with a key.

    It is None if only boto3 can make them: S3 needs other signatures or session credentials for directory buckets and
    multi-Region access points.
    """
    request, name = _noted.request, quote(key, safe=_SAFE)
    way = way_of_client(client, request.url)
    if way is None or _noted.signature != "s3v4" or not request.url.endswith("/" + name):
        return None
    headers = {**_noted.headers, "host": urlsplit(request.url).netloc}
    signing = request.context["signing"]
    start = request.url.removesuffix(name)
    return GetRequests(start, headers, signing["region"], signing["signing_name"], credentials, way)

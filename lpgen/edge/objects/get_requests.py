"""Requests for objects made without boto3, after one that boto3 sent: signing is most of what that costs.

boto3 decides the endpoint, the bucket's place in the URL, the Region, the headers and the credentials. Its first
request for an object of a bucket shows all of them, and only the key, the time and the signature of the next differ.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlsplit

from lpgen.edge.aws_session import Way, aws_errors

_SAFE: Final = "/~"
_AUTHORIZATION: Final = re.compile(
    r"AWS4-HMAC-SHA256 Credential=[^/]+/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request, "
    r"SignedHeaders=(?P<names>[^,]+), Signature=[0-9a-f]{64}",
    re.ASCII,
)
_DATE: Final = "x-amz-date"
_TOKEN: Final = "x-amz-security-token"
_PAYLOAD: Final = "x-amz-content-sha256"
_OWN: Final = ("authorization", _DATE, _TOKEN)
"""Headers that each request has its own of."""


@dataclass(frozen=True, slots=True)
class Get:
    """A request that is ready to be sent."""

    url: str
    headers: tuple[str, ...] = field(repr=False)  # among them a token
    way: Way


@dataclass(slots=True)
class GetRequests:
    """Makes requests for objects of a bucket. `credentials` are botocore's, which renew themselves."""

    start: str
    query: str
    headers: Mapping[str, str]
    signed: tuple[str, ...]
    region: str
    service: str
    credentials: Any
    way: Way
    _signing_key: tuple[tuple[str, str], bytes] = field(default=(("", ""), b""), repr=False)

    def get(self, key: str) -> Get:
        """The request for the object of a key, signed for this moment.

        Raises:
            AwsError: the credentials have ended, and can't be renewed.
        """
        with aws_errors("read it"):
            frozen = self.credentials.get_frozen_credentials()
        own = {_DATE: time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())}
        if frozen.token:
            own[_TOKEN] = frozen.token
        url, headers = self.start + quote(key, safe=_SAFE), {**self.headers, **own}
        authorization = self.authorization(url, headers, sorted({*self.signed, *own}), frozen)
        lines = tuple(f"{name}: {value}" for name, value in headers.items())
        return Get(url + self.query, (*lines, f"authorization: {authorization}"), self.way)

    def authorization(self, url: str, headers: Mapping[str, str], names: Iterable[str], frozen: Any) -> str:
        """What proves whose request it is: Signature Version 4 of an empty body.

        https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
        """
        date, names = headers[_DATE], tuple(names)
        listed, scope = ";".join(names), f"{date[:8]}/{self.region}/{self.service}/aws4_request"
        lines = "".join([f"{name}:{headers[name]}\n" for name in names])
        canonical = f"GET\n{urlsplit(url).path}\n{self.query[1:]}\n{lines}\n{listed}\n{headers[_PAYLOAD]}"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        text = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{digest}"
        signature = hmac.digest(self._key(frozen.secret_key, date[:8]), text.encode(), "sha256").hex()
        credential = f"Credential={frozen.access_key}/{scope}"
        return f"AWS4-HMAC-SHA256 {credential}, SignedHeaders={listed}, Signature={signature}"

    def _key(self, secret: str, day: str) -> bytes:
        """The key that signs a day's requests."""
        if self._signing_key[0] != (secret, day):
            key = f"AWS4{secret}".encode()
            for text in (day, self.region, self.service, "aws4_request"):
                key = hmac.digest(key, text.encode(), "sha256")
            self._signing_key = (secret, day), key
        return self._signing_key[1]


def requests_like(sent: Any, key: str, credentials: Any, way: Way) -> GetRequests | None:
    """What makes further requests like the one that boto3 sent for a key; None where only boto3 can.

    Its proof is that it signs that request exactly as boto3 did. It can't where S3 takes other signatures or session
    credentials, as for directory buckets and access points of several Regions.
    """
    url, mark, query = str(sent.url).partition("?")
    headers = {name.lower(): _text(value) for name, value in sent.headers.items()}
    headers.setdefault("host", urlsplit(url).netloc)
    found = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    name = quote(key, safe=_SAFE)
    if found is None or sent.method != "GET" or not url.endswith("/" + name) or not {_DATE, _PAYLOAD} <= {*headers}:
        return None
    names = found["names"].split(";")
    if not {*names} <= {*headers}:
        return None
    kept = {one: headers[one] for one in (*names, "user-agent") if one in headers and one not in _OWN}
    signed = tuple(one for one in names if one not in _OWN)
    requests = GetRequests(
        url.removesuffix(name), mark + query, kept, signed, found["region"], found["service"], credentials, way
    )
    proof = requests.authorization(url, headers, names, credentials.get_frozen_credentials())
    return requests if proof == headers["authorization"] else None


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value

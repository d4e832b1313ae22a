"""Objects in S3, or in whatever speaks its protocol at the endpoint that is configured."""

from __future__ import annotations

import contextlib
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from lpgen.core.usage.log_layout import SCHEME, split_address
from lpgen.edge.aws_session import AwsSession, Connection, aws_errors, open_session
from lpgen.edge.objects.s3_errors import Needs, explain_s3_error
from lpgen.edge.objects.store import Body, Page, StoredObject
from lpgen.errors import AwsError, quote_input

Answer = TypeVar("Answer")

PAGE_SIZE: Final = 1_000
BODY_ATTEMPTS: Final = 6
FIRST_WAIT_SECONDS: Final = 0.2

BROKEN_OFF: Final = frozenset(
    {
        "ChecksumError",
        "ConnectionClosedError",
        "FlexibleChecksumError",
        "HTTPClientError",
        "IncompleteReadError",
        "ReadTimeoutError",
        "ResponseParserError",
        "ResponseStreamingError",
    }
)
"""Errors of an answer that began well and broke off, which boto3's own retries don't cover."""


@dataclass(slots=True)
class S3Store:
    """The buckets that a connection to AWS can read, as an `ObjectStore`. It lists and reads, and does nothing else.

    A forked process makes its own client, since connections can't be shared, but keeps the credentials that were found;
    elsewhere they are found again. A role is assumed by each process for itself. No secret is pickled.
    """

    connection: Connection
    requester_pays: bool = False
    _sessions: dict[int, AwsSession] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __reduce__(self) -> tuple[type[S3Store], tuple[Connection, bool]]:
        return S3Store, (self.connection, self.requester_pays)

    def elsewhere(self) -> S3Store:
        """The same buckets for workers on other machines."""
        return S3Store(self.connection.elsewhere(), self.requester_pays)

    def list_page(self, prefix: str, *, by_folder: bool, after: str = "", token: str = "") -> Page:
        """One page of the names that begin with `prefix`.

        https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
        """
        bucket, key = split_address(prefix)
        options = self._options(bucket) | {"Prefix": key, "MaxKeys": PAGE_SIZE}
        if by_folder:
            options["Delimiter"] = "/"
        if token:
            options["ContinuationToken"] = token
        elif after:
            options["StartAfter"] = split_address(after)[1]
        needs = Needs(f"s3:ListBucket on arn:aws:s3:::{bucket}", self.requester_pays)
        answer = self._ask(f"list {quote_input(prefix)}", needs, lambda client: client.list_objects_v2(**options))
        return _page_from_answer(bucket, answer)

    def read(self, name: str) -> Body:
        """The object of a name; a body that ends early is asked for again.

        https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
        """
        bucket, key = split_address(name)
        needs = Needs(
            f"s3:GetObject on arn:aws:s3:::{bucket}/*, and kms:Decrypt on the key if one encrypts it",
            self.requester_pays,
        )

        def get(client: Any) -> Body:
            answer = client.get_object(**self._options(bucket), Key=key)
            with contextlib.closing(answer["Body"]) as stream:
                data: bytes = stream.read()
            _check_length(len(data), answer.get("ContentLength"))
            return Body(data, _etag(answer))

        return self._ask("read it", needs, get)

    def _ask(self, doing: str, needs: Needs, call: Callable[[Any], Answer]) -> Answer:
        """The answer of a call, asked for again where it broke off.

        boto3's client tries again by itself what AWS throttled or failed to answer.
        """
        for attempt in range(1, BODY_ATTEMPTS + 1):
            try:
                with aws_errors(doing), _network_errors(doing):
                    return call(self._session().client("s3"))
            except AwsError as error:
                if error.code not in BROKEN_OFF or attempt == BODY_ATTEMPTS:
                    raise explain_s3_error(error, needs) from error
            longest = FIRST_WAIT_SECONDS * 2**attempt
            time.sleep(random.uniform(longest / 4, longest))
        raise AssertionError("the last attempt returns or raises")

    def _session(self) -> AwsSession:
        with self._lock:
            own = self._sessions.get(os.getpid())
            if own is None:
                known = next(iter(self._sessions.values()), None)
                if known and not self.connection.role:
                    own = AwsSession(known.boto, self.connection)
                else:
                    own = open_session(self.connection)
                own.boto.get_credentials()
                self._sessions[os.getpid()] = own
            return own

    def _options(self, bucket: str) -> dict[str, Any]:
        payer = {"RequestPayer": "requester"} if self.requester_pays else {}
        return {"Bucket": bucket, **payer}


def open_s3_store(*, role: str = "", profile: str = "", region: str = "", endpoint_url: str = "") -> S3Store:
    """The buckets that this process's credentials can read, or a role assumed with them; nothing is asked yet."""
    return S3Store(Connection(profile, region, endpoint_url, role))


@contextlib.contextmanager
def _network_errors(doing: str) -> Iterator[None]:
    """What comes out of reading a body without boto3's own dress."""
    from urllib3.exceptions import HTTPError

    try:
        yield
    except (HTTPError, OSError) as error:
        why = f"can't {doing}: the answer broke off ({type(error).__name__})"
        raise AwsError(why, code="ResponseStreamingError", hint="run it again") from error


def _page_from_answer(bucket: str, answer: dict[str, Any]) -> Page:
    start = f"{SCHEME}{bucket}/"
    return Page(
        objects=tuple(
            StoredObject(start + one["Key"], int(one["Size"]), _etag(one)) for one in answer.get("Contents", ())
        ),
        folders=tuple(start + one["Prefix"] for one in answer.get("CommonPrefixes", ())),
        token=str(answer.get("NextContinuationToken", "")) if answer.get("IsTruncated") else "",
    )


def _etag(answer: dict[str, Any]) -> str:
    return str(answer.get("ETag", "")).strip('"')


def _check_length(length: int, promised: int | None) -> None:
    """boto3 checks it too, but not under every encoding of the transfer."""
    if promised is not None and length != promised:
        raise ConnectionError(f"{length} of {promised} bytes came")

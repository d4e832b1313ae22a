"""Reads objects in S3, or in a compatible store at the configured endpoint."""

from __future__ import annotations

import contextlib
import os
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from lpgen.core.usage.log_layout import SCHEME, split_address
from lpgen.edge.aws_session import AwsSession, Connection, aws_errors, open_session
from lpgen.edge.object_store import UNUSABLE, Body, ListingPage, StoredObject
from lpgen.edge.objects.body_checks import UnusableAnswerError, body_from_answer, clean_etag
from lpgen.edge.objects.get_requests import GetRequests, note_requests, requests_like_last
from lpgen.edge.objects.read_ahead import ReadAhead, most_seconds
from lpgen.edge.objects.s3_errors import Needs, explain_s3_error
from lpgen.errors import AwsError, quote_input

_Answer = TypeVar("_Answer")

PAGE_SIZE: Final = 1_000
_BODY_ATTEMPTS: Final = 6
_UNUSABLE_ATTEMPTS: Final = 3
"""How many self-contradictory answers to accept before giving up."""

FIRST_WAIT_SECONDS: Final = 0.2

_PIECE: Final = 1 << 18

_BROKEN_OFF: Final = frozenset(
    {
        "ChecksumError",
        "ConnectionClosedError",
        "FlexibleChecksumError",
        "HTTPClientError",
        "IncompleteReadError",
        "ReadTimeoutError",
        "ResponseParserError",
        "ResponseStreamingError",
        UNUSABLE,
    }
)
"""Errors of answers that end early or can't be right. boto3's own retries don't cover them."""


@dataclass(slots=True)
class S3Store:
    """The buckets that a connection to AWS can read, as an `ObjectStore`. It only lists and reads.

    A forked process makes its own client, because connections can't be shared, but keeps the credentials. Other
    processes find the credentials again. Each process assumes a role by itself. No secret is pickled.
    """

    connection: Connection
    requester_pays: bool = False
    _sessions: dict[int, AwsSession] = field(default_factory=dict)
    _requests: dict[tuple[int, str], GetRequests] = field(default_factory=dict)
    _readers: dict[tuple[int, int], ReadAhead] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __reduce__(self) -> tuple[type[S3Store], tuple[Connection, bool]]:
        return S3Store, (self.connection, self.requester_pays)

    def elsewhere(self) -> S3Store:
        """The same buckets for workers on other machines."""
        return S3Store(self.connection.elsewhere(), self.requester_pays)

    def list_page(self, prefix: str, *, by_folder: bool, after: str = "", token: str = "") -> ListingPage:
        """A page of the names that begin with `prefix`.

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

        def list_objects(client: Any) -> ListingPage:
            return _page_from_answer(prefix, client.list_objects_v2(**options))

        return self._ask(f"list {quote_input(prefix)}", needs, list_objects)

    def read_all(self, objects: Iterable[StoredObject]) -> Iterator[tuple[StoredObject, Body | AwsError]]:
        """Each object of a listing with its bytes, or why it can't be read, in order."""
        own = os.getpid(), threading.get_ident()
        if own not in self._readers:
            self._readers[own] = ReadAhead(self._read, self._requests_for)
        return self._readers[own].read(objects)

    def _requests_for(self, name: str) -> GetRequests | None:
        """Makes requests for the objects of a bucket. None until one was read."""
        return self._requests.get((os.getpid(), split_address(name)[0]))

    def _read(self, listed: StoredObject) -> Body:
        """The bytes of an object. If a body ends early or isn't the object's, the request is retried.

        https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
        """
        bucket, key = split_address(listed.name)
        needs = Needs(
            f"s3:GetObject on arn:aws:s3:::{bucket}/*, and kms:Decrypt on the key if one encrypts it",
            self.requester_pays,
        )

        def get(client: Any) -> Body:
            answer = client.get_object(**self._options(bucket), **_checksum_mode(client), Key=key)
            with contextlib.closing(answer["Body"]) as stream:
                data = _read_in_time(stream, listed.size)
            metadata = answer["ResponseMetadata"]
            body = body_from_answer(data, metadata["HTTPStatusCode"], metadata["HTTPHeaders"], listed)
            if not self._requests_for(listed.name):
                requests = requests_like_last(client, key, self._session().boto.get_credentials())
                if requests:
                    self._requests[os.getpid(), bucket] = requests
            return body

        return self._ask("read it", needs, get)

    def _ask(self, doing: str, needs: Needs, call: Callable[[Any], _Answer]) -> _Answer:
        """The answer of a call. The call is retried if the answer ended early or can't be right.

        boto3's client itself retries calls that AWS throttled or failed to answer.
        """
        for attempt in range(1, _BODY_ATTEMPTS + 1):
            try:
                with aws_errors(doing):
                    client = self._session().client("s3")
                    with _answer_errors(doing):
                        return call(client)
            except AwsError as error:
                attempts = _UNUSABLE_ATTEMPTS if error.code == UNUSABLE else _BODY_ATTEMPTS
                if error.code not in _BROKEN_OFF or attempt >= attempts:
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
                note_requests(own.client("s3"))
                self._sessions[os.getpid()] = own
            return own

    def _options(self, bucket: str) -> dict[str, Any]:
        payer = {"RequestPayer": "requester"} if self.requester_pays else {}
        return {"Bucket": bucket, **payer}


@contextlib.contextmanager
def _answer_errors(doing: str) -> Iterator[None]:
    """Turns errors that boto3 doesn't wrap into lpgen's: broken connections and unreadable answers."""
    from botocore.exceptions import SSLError
    from urllib3.exceptions import HTTPError

    try:
        yield
    except SSLError:  # the connection failed for a lasting reason, which boto3's message gives
        raise
    except (HTTPError, OSError) as error:
        why = f"can't {doing}: the answer ended early ({type(error).__name__})"
        raise AwsError(why, code="ResponseStreamingError", hint="run it again") from error
    except UnusableAnswerError as error:
        raise AwsError(f"can't {doing}: {error}", code=UNUSABLE, hint="run it again") from error
    except (ValueError, KeyError) as error:
        raise AwsError(f"can't {doing}: the answer can't be read", code=UNUSABLE, hint="run it again") from error


def _page_from_answer(prefix: str, answer: dict[str, Any]) -> ListingPage:
    """A page from an answer. The answer is checked, because a `200 OK` may hold anything.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
    """
    start = f"{SCHEME}{split_address(prefix)[0]}/"
    objects = tuple(
        StoredObject(start + content["Key"], int(content["Size"]), clean_etag(content.get("ETag", "")))
        for content in answer.get("Contents", ())
    )
    folders = tuple(start + folder["Prefix"] for folder in answer.get("CommonPrefixes", ()))
    token = str(answer.get("NextContinuationToken", "")) if answer.get("IsTruncated") else ""
    outside = next((name for name in (*(obj.name for obj in objects), *folders) if not name.startswith(prefix)), None)
    if "IsTruncated" not in answer:
        raise UnusableAnswerError("the answer is not a listing")
    if answer["IsTruncated"] and not token:
        raise UnusableAnswerError("the listing is truncated and doesn't say where it continues")
    if outside is not None:
        raise UnusableAnswerError(f"the listing holds {quote_input(outside)}, which is elsewhere")
    return ListingPage(objects, folders, token)


def _checksum_mode(client: Any) -> dict[str, str]:
    """The option that requests the object's checksum, unless the AWS configuration forbids it, as some servers require.

    https://docs.aws.amazon.com/sdkref/latest/guide/feature-dataintegrity.html
    """
    wanted = getattr(client.meta.config, "response_checksum_validation", None)
    return {} if wanted == "when_required" else {"ChecksumMode": "ENABLED"}


def _read_in_time(stream: Any, size: int) -> bytes:
    """The bytes of a body that should have `size` bytes.

    The client's own timeout applies to each packet, so it would accept one byte a minute.
    """
    # botocore's stream waits for all requested bytes. urllib3's, since 2.2, returns the available ones.
    raw = stream._raw_stream
    read = getattr(raw, "read1", raw.read)
    until = time.monotonic() + most_seconds(size)
    data = bytearray()
    while piece := read(_PIECE):
        data += piece
        if len(data) > size:
            raise UnusableAnswerError("it has more bytes than when it was listed")
        if time.monotonic() > until:
            raise UnusableAnswerError("the answer arrives too slowly")
    return bytes(data)

"""Faults of S3, of proxies in front of it and of networks: a table that a test runs whole.

A fault is held where the tables come out right, or where the ingest says what is wrong and ends with another exit code
than 0; and where, in either case, the next run without the fault gives the tables of a run that never met it.
"""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from tests.support.faulty_s3 import Answer, FaultyS3, Keeping, Listing, Request, error_answer

ALWAYS: Final = 1 << 30

ChangePage = Callable[[Request, Listing], Listing]
ChangeAnswer = Callable[[Request, Answer, random.Random], Answer]


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that each request to a victim meets `times` times. `said` is what the ingest must say; "" where the
    tables must come out right at once."""

    name: str
    said: str = ""
    times: int = 1
    keeping: Keeping = Keeping.OPEN
    is_text: bool = False
    """The objects are plain JSON, which doesn't check itself as gzip does."""
    page: ChangePage | None = None
    listed: ChangeAnswer | None = None
    body: ChangeAnswer | None = None

    def begin(self, s3: FaultyS3, logs: Mapping[str, bytes], seed: int) -> None:
        """Puts the logs on the server, and makes it answer with the fault. A third of the objects are its victims."""
        texts = {key.removesuffix(".gz"): gzip.decompress(data) for key, data in logs.items()}
        s3.restart(texts if self.is_text else logs, self.keeping)
        chosen = random.Random(f"{seed} {self.name}")
        victims = set(chosen.sample(sorted(s3.objects), len(s3.objects) // 3))

        def change_page(request: Request, page: Listing) -> Listing:
            return self.page(request, page) if self.page and request.number <= self.times else page

        def change_answer(request: Request, answer: Answer) -> Answer:
            change = self.listed if request.is_list else self.body if request.key in victims else None
            if change is None or request.number > self.times:
                return answer
            return change(request, answer, random.Random(f"{seed} {self.name} {request.key} {request.number}"))

        s3.change_page, s3.change_answer = change_page, change_answer


# ---------------------------------------------------------------- bodies


def _flip(_: Request, answer: Answer, rng: random.Random) -> Answer:
    """One bit, behind gzip's header, whose time and system no check covers."""
    return _flip_at(answer, rng.randrange(10, len(answer.body)), rng)


def _flip_start(_: Request, answer: Answer, rng: random.Random) -> Answer:
    """What tells gzip from text, or begins a JSON document."""
    return _flip_at(answer, 0, rng)


def _flip_at(answer: Answer, at: int, rng: random.Random) -> Answer:
    body = bytearray(answer.body)
    body[at] ^= 1 << rng.randrange(8)
    return replace(answer, body=bytes(body))


def _with_body(change: Callable[[bytes], bytes]) -> ChangeAnswer:
    return lambda _, answer, __: replace(answer, body=change(answer.body))


def _cut(share: float) -> ChangeAnswer:
    return lambda _, answer, __: replace(answer, sent=int(len(answer.body) * share))


def _instead(answer: Answer) -> ChangeAnswer:
    return lambda *_: answer


def _error_as_success(_: Request, answer: Answer, __: random.Random) -> Answer:
    return replace(answer, body=error_answer(200, "InternalError").body)


def _without_length(share: float) -> ChangeAnswer:
    return lambda _, answer, __: replace(answer, has_length=False, body=answer.body[: int(len(answer.body) * share)])


def _partial(_: Request, answer: Answer, __: random.Random) -> Answer:
    half = len(answer.body) // 2
    headers = {**answer.headers, "Content-Range": f"bytes 0-{half - 1}/{len(answer.body)}"}
    return replace(answer, status=206, headers=headers, body=answer.body[:half])


def _with_header(name: str, value: str) -> ChangeAnswer:
    return lambda _, answer, __: replace(answer, headers={**answer.headers, name: value})


def _slowly(_: Request, answer: Answer, __: random.Random) -> Answer:
    return replace(answer, pause=0.02)


def _stall(request: Request, answer: Answer, _: random.Random) -> Answer:
    """Nothing follows the first byte of the body, or of the first page of a listing of objects."""
    is_other_page = request.is_list and (not request.is_flat or "continuation-token" in request.query)
    return answer if is_other_page else replace(answer, pause=60)


_OTHER_BYTES: Final = gzip.compress(b'{"Records": []}', mtime=0)
_OTHER: Final = Answer(headers=Keeping.OPEN.headers(_OTHER_BYTES), body=_OTHER_BYTES)
_DROP: Final = Answer(0)
_CHANGED: Final = "it has changed since it was listed"
_TOO_LONG: Final = "it has more bytes than"
_MOVED: Final = "--aws-region"


def _body_faults() -> list[Fault]:
    fits = "the received bytes don't fit"
    kms, lines = Keeping.KMS, {"keeping": Keeping.KMS, "is_text": True}
    return [
        Fault("a bit flips once", body=_flip),
        Fault("a bit flips each time", f"{fits} the ETag", ALWAYS, body=_flip),
        Fault("a bit flips once under SSE-S3", keeping=Keeping.SSE_S3, body=_flip),
        Fault("a bit flips each time under SSE-S3", f"{fits} the ETag", ALWAYS, Keeping.SSE_S3, body=_flip),
        Fault("a bit of text flips each time", f"{fits} the ETag", ALWAYS, is_text=True, body=_flip),
        *(Fault(f"a bit flips once, {keeping.name}", keeping=keeping, body=_flip) for keeping in Keeping),
        Fault("a bit flips each time under KMS", "no checksum", ALWAYS, kms, body=_flip),
        Fault("a bit flips each time under DSSE", "no checksum", ALWAYS, Keeping.DSSE, body=_flip),
        Fault("a bit flips each time, CRC64NVME", f"{fits} the crc64nvme", ALWAYS, Keeping.KMS_CRC64NVME, body=_flip),
        Fault("a bit of text flips, CRC64NVME", keeping=Keeping.KMS_CRC64NVME, is_text=True, body=_flip),
        Fault("a bit of text flips, CRC32C", keeping=Keeping.KMS_CRC32C, is_text=True, body=_flip),
        Fault(
            "a bit of text flips each time, SHA-256", f"{fits} the sha256", ALWAYS, Keeping.KMS_SHA256, True, body=_flip
        ),
        Fault("the first bytes flip once under KMS", keeping=kms, body=_flip_start),
        Fault("the first bytes flip each time under KMS", "no checksum", ALWAYS, kms, body=_flip_start),
        Fault("the first byte of text flips under KMS", body=_flip_start, **lines),  # type: ignore[arg-type]
        Fault("bytes are added", body=_with_body(lambda data: data + b"more")),
        Fault("zeros are added each time", _TOO_LONG, ALWAYS, body=_with_body(lambda data: data + bytes(9))),
        Fault("no bytes come", body=_with_body(lambda _: b"")),
        Fault("no bytes come each time under KMS", _CHANGED, ALWAYS, kms, body=_with_body(lambda _: b"")),
        Fault("the body is short and says so", body=_with_body(lambda data: data[:-9])),
        Fault("the body is short and says so under KMS", keeping=kms, body=_with_body(lambda data: data[:-9])),
        Fault("text is short and says so under KMS", body=_with_body(lambda data: data[:-9]), **lines),  # type: ignore[arg-type]
        Fault("the body breaks off", body=_cut(0.5)),
        Fault("the body breaks off each time", "ended early", ALWAYS, body=_cut(0.5)),
        Fault("the body breaks off at once", body=_cut(0)),
        Fault("the body has no length and breaks off", keeping=kms, body=_without_length(0.5)),
        Fault("text has no length", "neither a length nor a checksum", ALWAYS, kms, True, body=_without_length(1)),
        Fault("an error comes as success", body=_error_as_success),
        Fault("an error comes as success each time", "no checksum", ALWAYS, kms, body=_error_as_success),
        Fault("another object's bytes come", body=_with_body(lambda _: _OTHER_BYTES)),
        Fault("another object comes once", body=_instead(_OTHER)),
        Fault("another object comes each time", _CHANGED, ALWAYS, body=_instead(_OTHER)),
        Fault("a proxy inflates", _TOO_LONG, ALWAYS, body=_with_body(gzip.decompress)),
        Fault("a proxy inflates under KMS", _TOO_LONG, ALWAYS, kms, body=_with_body(gzip.decompress)),
        Fault("a part comes", body=_partial),
        Fault("a part comes each time under KMS", "a part of it", ALWAYS, kms, body=_partial),
        Fault("a checksum is wrong", "sha256", ALWAYS, Keeping.KMS, body=_with_header("x-amz-checksum-sha256", "AAAA")),
        Fault("the checksum is of an unknown kind", times=ALWAYS, body=_with_header("x-amz-checksum-new", "AAAA")),
        Fault(
            "the object vanishes",
            "it was deleted after it was listed",
            ALWAYS,
            body=_instead(error_answer(404, "NoSuchKey")),
        ),
        Fault("the object is refused", "AccessDenied", ALWAYS, body=_instead(error_answer(403, "AccessDenied"))),
        Fault("S3 fails", body=_instead(error_answer(500, "InternalError"))),
        Fault("S3 fails each time", "InternalError", ALWAYS, body=_instead(error_answer(500, "InternalError"))),
        Fault("S3 throttles", body=_instead(error_answer(503, "SlowDown"))),
        Fault("S3 throttles each time", "SlowDown", ALWAYS, body=_instead(error_answer(503, "SlowDown"))),
        Fault("the bucket moved", _MOVED, ALWAYS, body=_instead(error_answer(301, "PermanentRedirect"))),
        Fault("the bucket moves", _MOVED, ALWAYS, body=_instead(error_answer(307, "TemporaryRedirect"))),
        Fault("the connection ends", body=_instead(_DROP)),
        Fault("the connection ends each time", "can't read it", ALWAYS, body=_instead(_DROP)),
        Fault("the body comes too slowly", body=_slowly),
        Fault("the body comes too slowly each time", "too slowly", ALWAYS, body=_slowly),
        Fault("the body stalls", body=_stall),
    ]


# ---------------------------------------------------------------- listings


def _on_flat(change: Callable[[Request, Listing], Listing]) -> ChangePage:
    return lambda request, page: change(request, page) if request.is_flat else page


def _on_folders(change: Callable[[Request, Listing], Listing]) -> ChangePage:
    return lambda request, page: page if request.is_flat else change(request, page)


def _repeat_token(request: Request, page: Listing) -> Listing:
    """The second page over and over."""
    token = request.query.get("continuation-token", "")
    return replace(page, truncated="true", token=token or page.token)


def _loop() -> ChangePage:
    """The first page over and over, with a new token each time."""
    first: dict[str, Listing] = {}

    def change(request: Request, page: Listing) -> Listing:
        kept = first.setdefault(request.query.get("prefix", ""), page)
        return replace(kept, truncated="true", token=request.query.get("continuation-token", "") + "x")

    return _on_flat(change)


def _empty(token: str) -> Callable[[Request, Listing], Listing]:
    return lambda _, page: replace(page, entries=(), folders=(), truncated="true", token=token)


def _with_entry(key: str, size: str = "100", etag: str = '"e"') -> Callable[[Request, Listing], Listing]:
    return lambda _, page: replace(page, entries=(*page.entries, (key, size, etag)))


def _previous_again(_: Request, page: Listing) -> Listing:
    """Each page ends with the first name of the first page."""
    again = f"{page.prefix}2024/03/01/{page.prefix.split('/')[1]}.json.gz"
    return replace(page, entries=(*page.entries, (again, "1", '"e"')))


def _backwards(_: Request, page: Listing) -> Listing:
    return replace(page, entries=page.entries[::-1], folders=page.folders[::-1])


def _twice(_: Request, page: Listing) -> Listing:
    return replace(page, entries=(*page.entries, *page.entries), folders=(*page.folders, *page.folders))


def _other_facts(_: Request, page: Listing) -> Listing:
    return replace(page, entries=tuple((key, f"1{size}", '"other"') for key, size, _ in page.entries))


def _xml(text: str) -> ChangeAnswer:
    return _instead(Answer(headers={"Content-Type": "application/xml"}, body=text.encode()))


_BOMB: Final = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 20}">' for a, b in zip("abcdefg", "bcdefgh", strict=True))
    + "]><ListBucketResult><Name>&h;</Name><IsTruncated>false</IsTruncated></ListBucketResult>"
)


def _listing_faults() -> list[Fault]:
    no_token = lambda _, page: replace(page, token="")  # noqa: E731
    no_flag = lambda _, page: replace(page, truncated="")  # noqa: E731
    where, moves = "doesn't say where it continues", "doesn't follow the page before"
    return [
        Fault("a page has no token", page=_on_flat(no_token)),
        Fault("a page has no token each time", where, ALWAYS, page=_on_flat(no_token)),
        Fault(
            "no page of folders has a token",
            where,
            ALWAYS,
            page=_on_folders(lambda _, page: replace(page, truncated="true", token="")),
        ),
        Fault("a token repeats", "doesn't advance", ALWAYS, page=_on_flat(_repeat_token)),
        Fault(
            "a token of folders repeats",
            "doesn't advance",
            ALWAYS,
            page=_on_folders(lambda _, page: replace(page, truncated="true", token="again")),
        ),
        Fault("pages repeat under new tokens", moves, ALWAYS, page=_loop()),
        Fault("pages are empty, and the token repeats", "doesn't advance", ALWAYS, page=_on_flat(_empty("again"))),
        Fault("names lie outside the prefix", page=_on_flat(_with_entry("AWSLogs/elsewhere.json.gz"))),
        Fault(
            "names lie outside the prefix each time",
            "is elsewhere",
            ALWAYS,
            page=_on_flat(_with_entry("zzz.json.gz")),
        ),
        Fault("names come backwards in each page", times=ALWAYS, page=_backwards),
        Fault("names of the first page come again", moves, ALWAYS, page=_on_flat(_previous_again)),
        Fault("names come twice in a page", times=ALWAYS, page=_twice),
        Fault("sizes and ETags are wrong", _CHANGED, ALWAYS, page=_other_facts),
        Fault("nobody says whether a page is the last", "is not a listing", ALWAYS, page=no_flag),
        Fault("a size is no number", "can't be read", ALWAYS, page=_on_flat(_with_entry("a.json.gz", "many"))),
        Fault("an object has no name", "can't be read", ALWAYS, page=_on_flat(_with_entry(""))),
        Fault("the listing breaks off", listed=_cut(0.6)),
        Fault("the listing breaks off each time", "can't list", ALWAYS, listed=_cut(0.6)),
        Fault("the listing is short and says so", listed=_with_body(lambda data: data[: len(data) // 2])),
        Fault(
            "the listing is short each time",
            "can't list",
            ALWAYS,
            listed=_with_body(lambda data: data[: len(data) // 2]),
        ),
        Fault("the listing is empty", "can't list", ALWAYS, listed=_with_body(lambda _: b"")),
        Fault(
            "the listing is another document",
            "is not a listing",
            ALWAYS,
            listed=_xml("<html><body>Log in</body></html>"),
        ),
        Fault("the listing is no XML", "can't list", ALWAYS, listed=_with_body(lambda _: b'{"Contents": []}')),
        Fault("the listing is a bomb", "can't list", ALWAYS, listed=_xml(_BOMB)),
        Fault("a listing's error comes as success", listed=_xml("<Error><Code>InternalError</Code></Error>")),
        Fault("a listing fails", listed=_instead(error_answer(500, "InternalError"))),
        Fault("listings are throttled", "SlowDown", ALWAYS, listed=_instead(error_answer(503, "SlowDown"))),
        Fault("listings are refused", "AccessDenied", ALWAYS, listed=_instead(error_answer(403, "AccessDenied"))),
        Fault("the listed bucket moved", _MOVED, ALWAYS, listed=_instead(error_answer(301, "PermanentRedirect"))),
        Fault("the listed bucket moves", _MOVED, ALWAYS, listed=_instead(error_answer(307, "TemporaryRedirect"))),
        Fault("a listing's connection ends", listed=_instead(_DROP)),
        Fault("a listing stalls", listed=_stall),
    ]


def faults() -> list[Fault]:
    """All faults, each of another name."""
    return [*_body_faults(), *_listing_faults()]

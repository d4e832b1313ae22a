"""A seeded corpus of CloudTrail files for benchmarks: `python -m bench.log_files DIR --files 100 --records 1000`.

The events are those of `bench.event_shapes`, and the mix follows what logs show: most records are reads, a few roles
make most calls, each role repeats its own few events on its own resources, with a long tail of others, and one call in
fifteen fails. One call in a hundred is any event, as people try them. Records have the fields that CloudTrail writes,
with what differs from call to call: request ids, bytes transferred, credentials. Nothing depends on the clock.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import string
import zlib
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Final, NamedTuple

from bench.event_shapes import Shape, fill, read_shapes

ACCOUNTS: Final = tuple(f"{111122223333 + 1111 * number}" for number in range(4))
REGIONS: Final = ("us-east-1", "eu-west-1", "ap-southeast-2")
ROLES: Final = 30
"""How many roles call in each account and Region."""
SESSIONS: Final = 50
NAMES: Final = 20_000
"""How many names a name of a case becomes."""
_EVENTS_OF_ROLE: Final = 20
_STRAY: Final = 0.01
"""The share of calls that are any event, whatever the caller."""
_TAIL: Final = 1.5
"""How fast the share of names falls with their rank: the exponent of a Pareto distribution."""
_MINUTES: Final = 5
"""How much time a file covers: CloudTrail delivers about every five minutes."""
_BASE64: Final = string.ascii_letters + string.digits + "+/"
_CODES: Final = ("AccessDenied", "ThrottlingException", "AccessDenied", "NoSuchKey", "ResourceNotFound")
_SERVICE: Final = {"type": "AWSService", "invokedBy": "autoscaling.amazonaws.com"}


def _zipf(count: int) -> list[float]:
    """Cumulative weights by Zipf's law: the thing of rank n is n times as rare as the first."""
    return [*accumulate(1 / rank for rank in range(1, count + 1))]


_ACCOUNT_WEIGHTS, _REGION_WEIGHTS = _zipf(len(ACCOUNTS)), _zipf(len(REGIONS))
_ROLE_WEIGHTS, _EVENT_WEIGHTS = _zipf(ROLES), _zipf(_EVENTS_OF_ROLE)


class Place(NamedTuple):
    """Where and when a file's records were made; `minute` is the first of a file's minutes in its day."""

    account: str
    region: str
    date: str
    minute: int = 0


class Written(NamedTuple):
    """The contents of a corpus. Records have one template if they agree in the event's name, the fields of request and
    response, and the types of resources."""

    bytes: int
    names: int
    templates: int


class Events:
    """The events that roles call, and how often each of them does."""

    def __init__(self, seed: int) -> None:
        rng = random.Random(f"{seed}/events")
        self._shapes = read_shapes()
        order = list(dict.fromkeys(shape.name for shape in self._shapes))
        rng.shuffle(order)
        ranks = {name: rank for rank, name in enumerate(order, 1)}
        self._weights = [*accumulate((4 if shape.is_read else 1) / ranks[shape.name] for shape in self._shapes)]
        self._seed = seed
        self._of_role: dict[tuple[str, str, int], list[Shape]] = {}

    def choose(self, rng: random.Random, place: Place) -> tuple[int, Shape]:
        """A role in this place, and an event that it calls."""
        [role] = rng.choices(range(ROLES), cum_weights=_ROLE_WEIGHTS)
        if rng.random() < _STRAY:
            return role, rng.choice(self._shapes)
        key = (place.account, place.region, role)
        if key not in self._of_role:
            own = random.Random(f"{self._seed}/{key}")
            self._of_role[key] = own.choices(self._shapes, cum_weights=self._weights, k=len(_EVENT_WEIGHTS))
        return role, rng.choices(self._of_role[key], cum_weights=_EVENT_WEIGHTS)[0]


def write_corpus(folder: Path, *, files: int, records: int, days: int, seed: int, repeats: int = 1) -> Written:
    """Writes `files` files of `records` records each in the bucket layout, over so many days.

    With `repeats` that many files in turn hold the same calls, made again: other ids, some seconds later.
    """
    events = Events(seed)
    seen: set[tuple[Shape, bool]] = set()
    written = 0
    for number in range(files):
        rng, fresh = random.Random(f"{seed}/{number // repeats}"), random.Random(f"{seed}/{number}/fresh")
        month, day = number // repeats % days // 28 + 1, number // repeats % days % 28 + 1
        minute = rng.randrange(0, 24 * 60, _MINUTES)
        [account] = rng.choices(ACCOUNTS, cum_weights=_ACCOUNT_WEIGHTS)
        [region] = rng.choices(REGIONS, cum_weights=_REGION_WEIGHTS)
        place = Place(account, region, f"2024-{month:02}-{day:02}", minute)
        body = ",".join(_records(rng, fresh, events, place, records, late=number % repeats, seen=seen))
        written_at = f"2024{month:02}{day:02}T{minute // 60:02}{minute % 60:02}Z"
        name = f"{account}_CloudTrail_{region}_{written_at}_{number:06}.json.gz"
        tree = folder / f"AWSLogs/{account}/CloudTrail/{region}/2024/{month:02}/{day:02}"
        tree.mkdir(parents=True, exist_ok=True)
        written += (tree / name).write_bytes(gzip.compress(f'{{"Records":[{body}]}}'.encode(), 6, mtime=0))
    return Written(written, len({shape.name for shape, _ in seen}), len({_template(*one) for one in seen}))


def record_text(
    rng: random.Random,
    fresh: random.Random,
    shape: Shape,
    role: int,
    place: Place,
    *,
    time: str,
    names: int,
    fails: bool = False,
) -> str:
    """The JSON of a call by a role, on the names of this number."""
    request, response, resources, beside = (
        fill(part, shape, names, place.account, place.region, f"{fresh.getrandbits(128):032x}") for part in shape.parts
    )
    service = shape.source.partition(".")[0]
    if service == "s3" and not beside:
        beside = json.dumps(_transfer(rng, fresh))
    return "".join(
        (
            f'{{"eventVersion":"1.11","userIdentity":{_identity(rng, place, time, role)},"eventTime":"{time}",'
            f'"eventSource":"{shape.source}","eventName":"{shape.name}","awsRegion":"{place.region}",'
            f'"sourceIPAddress":"10.{rng.randrange(4)}.{rng.randrange(256)}.{rng.randrange(256)}",'
            '"userAgent":"aws-sdk-go/1.44.122 (go1.19.3; linux; amd64)",',
            _failure(f"{service}:{shape.name}", role) if fails else "",
            f'"requestParameters":{request or "null"},"responseElements":{(not fails and response) or "null"},',
            f'"additionalEventData":{beside},' if beside else "",
            f'"requestID":"{_uuid(fresh)}","eventID":"{_uuid(fresh)}","readOnly":{json.dumps(shape.is_read)},',
            f'"resources":{resources},' if resources else "",
            f'"eventType":"AwsApiCall","managementEvent":{json.dumps(shape.category == "Management")},'
            f'"recipientAccountId":"{place.account}","eventCategory":"{shape.category}",'
            '"tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256",'
            f'"clientProvidedHostHeader":"{service}.{place.region}.amazonaws.com"}}}}',
        )
    )


def _records(
    rng: random.Random,
    fresh: random.Random,
    events: Events,
    place: Place,
    count: int,
    *,
    late: int,
    seen: set[tuple[Shape, bool]],
) -> Iterator[str]:
    for number in range(count):
        second = place.minute * 60 + number * _MINUTES * 60 // count
        time = f"{place.date}T{second // 3600:02}:{second // 60 % 60:02}:{(second + late) % 60:02}Z"
        role, shape = events.choose(rng, place)
        names = (role + int(rng.paretovariate(_TAIL)) - 1) % NAMES
        fails = rng.random() < 0.07
        seen.add((shape, fails))
        yield record_text(rng, fresh, shape, role, place, time=time, names=names, fails=fails)


def _template(shape: Shape, fails: bool) -> tuple[object, ...]:
    request, response, resources, _ = (json.loads(part) if part else None for part in shape.parts)
    fields = [tuple(sorted(one)) if isinstance(one, dict) else one for one in (request, response and not fails)]
    return (shape.name, *fields, tuple(one.get("type") for one in resources or ()))


def _identity(rng: random.Random, place: Place, time: str, number: int) -> str:
    if rng.random() < 0.05:
        return json.dumps(_SERVICE)
    name, unique, session = f"service-role-{number}", f"AROA{number:017}", f"session-{rng.randrange(SESSIONS)}"
    key = zlib.crc32(f"{place}{time[:13]}{number}/{session}".encode())  # credentials that last an hour
    return (
        f'{{"type":"AssumedRole","principalId":"{unique}:{session}",'
        f'"arn":"arn:aws:sts::{place.account}:assumed-role/{name}/{session}","accountId":"{place.account}",'
        f'"accessKeyId":"ASIA{key:016}","sessionContext":{{"sessionIssuer":{{"type":"Role","principalId":"{unique}",'
        f'"arn":"arn:aws:iam::{place.account}:role/app/{name}","accountId":"{place.account}","userName":"{name}"}},'
        f'"attributes":{{"creationDate":"{time[:13]}:00:00Z","mfaAuthenticated":"false"}}}}}}'
    )


def _transfer(rng: random.Random, fresh: random.Random) -> dict[str, object]:
    return {
        "SignatureVersion": "SigV4",
        "CipherSuite": "TLS_AES_128_GCM_SHA256",
        "bytesTransferredIn": 0,
        "AuthenticationMethod": "AuthHeader",
        "x-amz-id-2": "".join(fresh.choices(_BASE64, k=76)),
        "bytesTransferredOut": rng.randrange(1 << 20),
    }


def _failure(action: str, role: int) -> str:
    """How the calls of a role fail that do."""
    code = _CODES[role % len(_CODES)]
    if code != "AccessDenied":
        return f'"errorCode":"{code}","errorMessage":"the call failed",'
    why = f"User: service-role-{role} is not authorized to perform: {action} because no identity-based policy allows it"
    return f'"errorCode":"{code}","errorMessage":"{why}",'


def _uuid(rng: random.Random) -> str:
    text = f"{rng.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def main() -> None:
    """Writes the corpus that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=100)
    parser.add_argument("--records", type=int, default=1000)
    parser.add_argument("--days", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    written = write_corpus(asked.folder, files=asked.files, records=asked.records, days=asked.days, seed=asked.seed)
    print(
        f"{asked.files} files, {asked.files * asked.records} records, {written.bytes} bytes, "
        f"{written.names} event names, {written.templates} templates"
    )


if __name__ == "__main__":
    main()

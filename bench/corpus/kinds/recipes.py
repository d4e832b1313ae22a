"""Sequences of uses that several kinds share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from bench.corpus.calendar import ANY, Day, NeedKind, Place, Use
from bench.corpus.draw import Draw
from bench.corpus.profile import Grant, Schedule, grant

When = Callable[[Day], NeedKind | None]
"""The kind of what happens today, None if it doesn't happen."""


def objects_of(bucket_prefix: str) -> str:
    """The pattern of all objects of the buckets."""
    return f"arn:aws:s3:::{bucket_prefix}*/*"


def read_encrypted(today: Day, thing: Place, key: Place) -> Iterator[Use]:
    """Reads an object under SSE-KMS: S3 decrypts with the caller's session and names the object in the context.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html#encryption-context
    """
    yield today.use("s3:GetObject", thing)
    yield _key_use(today, "kms:Decrypt", thing, key)


def write_encrypted(today: Day, thing: Place, key: Place) -> Iterator[Use]:
    """Writes an object under SSE-KMS."""
    yield today.use("s3:PutObject", thing)
    yield _key_use(today, "kms:GenerateDataKey", thing, key)


def _key_use(today: Day, action: str, thing: Place, key: Place) -> Use:
    context = {"encryptionContext": {"aws:s3:arn": thing.arn}}
    return today.use(action, key, invoked_by="AWS Internal", params=context)


def read_secret(today: Day, secret: Place, key: Place | None = None) -> Iterator[Use]:
    """Reads a secret, which Secrets Manager decrypts with the caller's session where the key is the customer's.

    https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
    """
    yield today.use("secretsmanager:GetSecretValue", secret)
    if key:
        context = {"encryptionContext": {"SecretARN": secret.arn}}
        yield today.use("kms:Decrypt", key, invoked_by="secretsmanager.amazonaws.com", params=context)


def write_logs(today: Day, group: Place) -> Iterator[Use]:
    """What a Lambda function's role does for its logs: streams are recorded, log events never.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/logging_cw_api_calls_cwl.html
    """
    stream = Place(f"{group.arn}:log-stream:stream-1", group.born)
    yield today.use("logs:CreateLogStream", stream)
    yield today.use("logs:PutLogEvents", stream)


def log_group(draw: Draw, name: str, born: int = -1) -> Place:
    """The log group of a function."""
    return draw.own("logs", f"log-group:/aws/lambda/{name}", born)


def log_grant(draw: Draw) -> Grant:
    """What `write_logs` needs."""
    return grant("logs:CreateLogStream PutLogEvents", draw.arn("logs", "log-group:/aws/lambda/*"))


def bucket_grant(bucket: Place, *names: str) -> Grant:
    """The actions of S3 on a bucket and its objects, all of them without names."""
    return grant(f"s3:{' '.join(names) or '*'}", bucket.arn, f"{bucket.arn}/*")


def passing(role: str) -> tuple[tuple[str, str], ...]:
    """The need to pass a role to a service.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
    """
    return (("iam:PassRole", role),)


def step(when: When, actions: str, *places: Place | str | Callable[[Day], Place], **more: Any) -> Schedule:
    """Uses of `service:Name Name Name` on each of the places, on the days that `when` names."""
    service, _, names = actions.partition(":")

    def day(today: Day) -> Iterator[Use]:
        kind = when(today)
        for place in (places or (ANY,)) if kind else ():
            where = place(today) if callable(place) else place
            for name in names.split():
                yield today.use(f"{service}:{name}", where, kind, **more)

    return day


def together(*schedules: Schedule) -> Schedule:
    """All of the schedules."""

    def day(today: Day) -> Iterator[Use]:
        for schedule in schedules:
            yield from schedule(today)

    return day


def daily(_: Day) -> NeedKind:
    """Happens each day."""
    return NeedKind.ORDINARY


def often(share: float) -> When:
    """Happens on this share of days."""
    return lambda today: NeedKind.ORDINARY if today.chance(share) else None


def on(*days: int) -> When:
    """Happens on these days, counted from the first one."""
    return lambda today: NeedKind.RARE if today.index in days else None


def each_month(day: int) -> When:
    """Happens on that day of each month, 1 to 28."""
    return lambda today: NeedKind.RARE if today.monthly(day) else None


def some_object(bucket: Place, folder: str) -> Callable[[Day], Place]:
    """Another object of the folder at each use."""
    return lambda today: bucket.at(f"{folder}/{today.rng.randrange(10**6)}.json")


def log_steps(draw: Draw) -> Schedule:
    """A Lambda function's logs, on most days."""
    stream = Place(f"{log_group(draw, draw.name('handler')).arn}:log-stream:stream-1")
    return step(often(draw.rng.uniform(0.5, 0.95)), "logs:CreateLogStream PutLogEvents", stream)


def in_region(place: Place, region: str) -> Place:
    """The resource of the same name in another Region."""
    fields = place.arn.split(":")
    return Place(":".join((*fields[:3], region, *fields[4:])))


# ---------------------------------------------------------------- intruders


def each(gap: int, first: int, last: int = 1_000_000) -> When:
    """Happens on every so many days, from the first to the last one."""
    return lambda today: NeedKind.RARE if first <= today.index <= last and (today.index - first) % gap == 0 else None


def within(first: int, last: int) -> When:
    """Happens on each day from the first to the last one."""
    return each(1, first, last)


def in_turn(when: When, *schedules: Schedule) -> Schedule:
    """One of the schedules at each time, in their order."""
    times: dict[int, int] = {}

    def day(today: Day) -> Iterator[Use]:
        if when(today):
            number = times.setdefault(today.index, len(times))
            yield from schedules[number % len(schedules)](today)

    return day


def others(draw: Draw, service: str, like: str = "") -> Callable[[Day], Place]:
    """Some resource of the service that belongs to another principal of the account, chosen anew each time."""

    def choose(today: Day) -> Place:
        known = draw.account.estate[service]
        return today.rng.choice([place for place in known if like in place.arn and place.arn not in draw.mine])

    return choose


def failing(code: str, message: str = "") -> dict[str, str]:
    """How calls fail though policies allow them: for `step`."""
    return {"error": code, "message": message}


THROTTLED = failing("ThrottlingException", "Rate exceeded")
"""As most services put it. https://docs.aws.amazon.com/general/latest/gr/api-retries.html"""
EC2_THROTTLED = failing("Client.RequestLimitExceeded", "Request limit exceeded.")
"""https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html"""

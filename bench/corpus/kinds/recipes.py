"""Sequences of uses that several kinds share."""

from __future__ import annotations

from collections.abc import Iterator

from bench.corpus.calendar import Day, Place, Use
from bench.corpus.draw import Draw
from bench.corpus.profile import Grant, grant


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


def passing(role: str) -> tuple[tuple[str, str], ...]:
    """The need to pass a role to a service.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
    """
    return (("iam:PassRole", role),)

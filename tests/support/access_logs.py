"""Lines of S3 server access logs, as S3 writes them."""

from __future__ import annotations

from urllib.parse import quote_plus

from tests.support.log_samples import ACCOUNT

OWNER = "7" * 64
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/run-1"
BUCKET = "data-bucket"
NAME = "2024-03-05-10-15-20-ABCDEF0123456789"
"""The name of a log object."""


def encoded(key: str, times: int = 2) -> str:
    """A key as S3 writes it into the logs."""
    for _ in range(times):
        key = quote_plus(key, safe="/")
    return key


def line(
    *,
    bucket: str = BUCKET,
    time: str = "05/Mar/2024:10:00:00 +0000",
    requester: str = SESSION,
    request: str = "3E57427F3EXAMPLE",
    operation: str = "REST.GET.OBJECT",
    key: str = "in/a.csv",
    uri: str = '"GET /in/a.csv HTTP/1.1"',
    status: str = "200",
    error: str = "-",
    referrer: str = '"-"',
    agent: str = '"aws-cli/2.15"',
    version: str = "-",
    point: str = "-",
    more: str = " Yes us-east-1",
) -> str:
    """One line; `uri`, `referrer` and `agent` with their quotes."""
    return (
        f"{OWNER} {bucket} [{time}] 192.0.2.3 {requester} {request} {operation} {key} {uri} {status} {error} "
        f"113 5 7 5 {referrer} {agent} {version} s9lzHYrFp76ZVx+5cjAnEH2ROuNkd2BHfIa6UkFVdtjf5mKR3= SigV4 "
        f"ECDHE-RSA-AES128-GCM-SHA256 AuthHeader {bucket}.s3.us-east-1.amazonaws.com TLSv1.2 {point}{more}"
    )


def log(*lines: str) -> bytes:
    """A log object."""
    return "".join(f"{each}\n" for each in lines).encode()

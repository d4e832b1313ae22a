"""Explains S3's errors: which permission or setting to check.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from lpgen.edge.aws_session import is_denied
from lpgen.errors import AccessError, AwsError, CredentialsError, MissingError

_LOOK_AT_KEY: Final = "check the profile and the AWS_ variables"
_SECRET: Final = f"the secret key doesn't belong to the access key: {_LOOK_AT_KEY}"
_UNKNOWN_KEY: Final = f"AWS doesn't know the access key: {_LOOK_AT_KEY}"
_CREDENTIALS: Final = {
    "ExpiredToken": "",
    "ExpiredTokenException": "",
    "TokenRefreshRequired": "sign in again",
    "RequestExpired": "set this machine's clock",
    "RequestTimeTooSkewed": "set this machine's clock",
    "InvalidAccessKeyId": _UNKNOWN_KEY,
    "InvalidClientTokenId": _UNKNOWN_KEY,
    "UnrecognizedClientException": _UNKNOWN_KEY,
    "InvalidToken": f"the session token is wrong: {_LOOK_AT_KEY}",
    "SignatureDoesNotMatch": _SECRET,
    "InvalidSignatureException": _SECRET,
    "NoCredentialsError": "",
    "PartialCredentialsError": "",
    "CredentialRetrievalError": "",
    "ProfileNotFound": "",
    "UnauthorizedSSOTokenError": "",
    "SSOTokenLoadError": "",
    "TokenRetrievalError": "",
    "LoginRefreshRequired": "sign in again",
}
"""Hints for errors of credentials. If a hint is empty, the session's hint counts."""

_MISSING: Final = {
    "NoSuchBucket": "check the bucket's name and the endpoint",
    "NoSuchKey": "it was deleted after it was listed",
    "404": "",
}
_ANOTHER_REGION: Final = "the bucket is in another Region: name it with --aws-region"
_OTHERS: Final = {
    "PermanentRedirect": _ANOTHER_REGION,
    "TemporaryRedirect": _ANOTHER_REGION,
    "AuthorizationHeaderMalformed": _ANOTHER_REGION,
    "IllegalLocationConstraintException": _ANOTHER_REGION,
    "301": _ANOTHER_REGION,
    "307": _ANOTHER_REGION,
    "InvalidObjectState": "it is archived: restore it from its storage class first",
    "KMS.DisabledException": "its KMS key is disabled",
    "KMS.NotFoundException": "its KMS key doesn't exist",
    "KMS.KMSInvalidStateException": "its KMS key can't be used in its current state",
    "SlowDown": "AWS kept throttling; run it again later",
}
_KMS_KEY: Final = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:[A-Za-z0-9/_-]{1,200}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Needs:
    """What a call needs: a permission, and whether the caller agreed to pay."""

    permission: str
    pays: bool


def explain_s3_error(error: AwsError, needs: Needs) -> AwsError:
    """The error with its specific kind, and the next step as its hint. Its message may quote S3."""
    code = error.code
    if code in _CREDENTIALS:
        return CredentialsError(error.message, code=code, hint=_CREDENTIALS[code] or error.hint)
    if code in _MISSING:
        return MissingError(error.message, code=code, hint=_MISSING[code])
    if is_denied(error):
        return AccessError(error.message, code=code, hint=_hint_from_denial(error.message, needs))
    return AwsError(error.message, code=code, hint=_OTHERS.get(code, error.hint))


def _hint_from_denial(message: str, needs: Needs) -> str:
    if "kms" in message.lower():
        found = _KMS_KEY.search(message)
        key = found.group() if found else "the key that encrypts the objects"
        return f"allow kms:Decrypt on {key}, in its key policy too"
    pays = "" if needs.pays else ", and --requester-pays if readers pay for this bucket"
    return f"it needs {needs.permission}{pays}"

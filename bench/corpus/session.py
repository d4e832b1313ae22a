"""Sessions of roles and users: what records say of the credentials that a call was made with.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Session:
    """Credentials of a day. What is "" or 0 follows from the profile's caller.

    Of a role, `name` is the session's name and `source_identity` its source identity. `by` asks for it: the ARN of a
    role or user of any account, a service such as `lambda.amazonaws.com`, or the subject or user name that the identity
    provider vouches for. The record of `AssumeRole`, `AssumeRoleWithWebIdentity` or `AssumeRoleWithSAML` comes before
    the first call of the day. `issued_to` is the ARN of the Lambda function that got the credentials.

    Of a user, `key` is the number of the access key, from 1. With `console`, the calls come from the console after a
    `ConsoleLogin` instead. `mfa` says that the sign-in was with MFA; with a key, `GetSessionToken` comes first.

    `agent` is the user agent, and `address` the IP address.
    """

    name: str = ""
    source_identity: str = ""
    by: str = ""
    issued_to: str = ""
    key: int = 1
    console: bool = False
    mfa: bool = False
    agent: str = ""
    address: str = ""

"""Sessions with AWS. Only this module sets up boto3 and turns its errors into messages.

Credentials, profile and Region follow boto3's own chain, and `AWS_ENDPOINT_URL` works as everywhere. Nothing here
prints or stores a secret. Of the credentials, it gives out only the caller's account, ARN and partition.

boto3 is imported when a session is opened: it is slow to load, and most commands never need it.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final

from lpgen.errors import AwsError, InvocationError, quote_input, quote_reason
from lpgen.version import __version__

_LOG: Final = logging.getLogger("lpgen")
WAITING: Final = logging.DEBUG + 5
"""The level of messages before each call. There are too many to always print, but they help a person who waits."""
_DEFAULT_REGION: Final = "us-east-1"
"""The Region for calls to global services when no setting names one."""

_MAX_CONNECTIONS: Final = 32
CONNECT_TIMEOUT_SECONDS: Final = 10
READ_TIMEOUT_SECONDS: Final = 60
"""How long a server may send nothing."""

_SESSION_NAME: Final = "lpgen"


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach AWS, from the command line. boto3's own chain decides each empty field.

    `role` is the ARN of a role to assume with the credentials that boto3 finds. None of the fields is secret.
    """

    profile: str = ""
    region: str = ""
    endpoint_url: str = ""
    role: str = ""

    def elsewhere(self) -> Connection:
        """The same connection for another machine, which has its own credentials and not this profile."""
        return replace(self, profile="")


@dataclass(frozen=True, slots=True)
class CallerIdentity:
    """The owner of a session's credentials."""

    account: str
    arn: str

    @property
    def partition(self) -> str:
        """The partition, such as `aws`, `aws-cn` or `aws-us-gov`."""
        return self.arn.split(":", 2)[1]


@dataclass(slots=True)
class AwsSession:
    """One set of credentials, and its clients. Safe to share between threads."""

    boto: Any
    connection: Connection
    _clients: dict[tuple[str, str, bool], Any] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def region(self) -> str:
        """The default Region for calls."""
        return str(self.boto.region_name or _DEFAULT_REGION)

    def client(self, service: str, region: str = "", *, retries: bool = True) -> Any:
        """The client of a service in a Region. It is the same one each time, so all threads share one rate limit.

        Without `retries`, the client makes each call once, whatever AWS answers.

        Several threads may use a client at once, but only one may create clients.
        https://boto3.amazonaws.com/v1/documentation/api/latest/guide/clients.html#multithreading-or-multiprocessing-with-clients

        Raises:
            AwsError: there are no credentials, or they can't be read.
            InvocationError: the endpoint isn't a URL.
        """
        key = service, region or self.region, retries
        with self._lock:
            if key not in self._clients:
                with aws_errors(f"connect to {service}"), _endpoint_errors():
                    self._clients[key] = client = self.boto.client(
                        service,
                        region_name=key[1],
                        endpoint_url=self.connection.endpoint_url or None,
                        config=_client_config(retries=retries),
                    )
                    _refuse_cut_answers(client)
                    _log_calls(client)
            return self._clients[key]

    def known_client(self, service: str, region: str, partition: str) -> Any:
        """The client of a service in a Region, if boto3 knows an endpoint there.

        Without this check, boto3 would guess an endpoint and try to reach it for minutes.

        Raises:
            AwsError: boto3 knows no endpoint, or as `client`.
        """
        if not self.offers(service, region, partition):
            why = f"boto3 knows no endpoint of {service} in {quote_input(region)}"
            raise AwsError(why, code="NoEndpoint", hint="update boto3 if the Region is new")
        return self.client(service, region)

    def offers(self, service: str, region: str, partition: str) -> bool:
        """Whether boto3 knows an endpoint of a service in a Region.

        Raises:
            AwsError: boto3's list can't be read.
        """
        with self._lock, aws_errors(f"find the endpoints of {service}"):
            return region in self.boto.get_available_regions(service, partition_name=partition)

    def caller(self) -> CallerIdentity:
        """The account and ARN of the credentials. It calls sts:GetCallerIdentity, which no policy can deny.

        Raises:
            AwsError: there are no valid credentials, or AWS can't be reached.
        """
        with aws_errors("find out whose credentials these are"):
            answer = self.client("sts").get_caller_identity()
        return CallerIdentity(answer["Account"], answer["Arn"])

    def assume_role(self, arn: str) -> AwsSession:
        """A session of a role. The role is assumed now, and again before its credentials expire.

        Raises:
            AwsError: the role can't be assumed.
        """
        from boto3 import Session
        from botocore.credentials import RefreshableCredentials
        from botocore.session import get_session

        refresh = self._role_credentials(arn)
        with aws_errors(f"assume {quote_input(arn)}"):
            first = refresh()
        core = get_session()
        # botocore has no public way to give a session credentials that renew.
        core._credentials = RefreshableCredentials.create_from_metadata(first, refresh, method="sts-assume-role")
        profile = self.connection.profile or None  # for its other settings, such as endpoints
        return AwsSession(
            Session(botocore_session=core, profile_name=profile, region_name=self.region), self.connection
        )

    def _role_credentials(self, arn: str) -> Callable[[], dict[str, str]]:
        client = self.client("sts")

        def assume() -> dict[str, str]:
            given = client.assume_role(RoleArn=arn, RoleSessionName=_SESSION_NAME)["Credentials"]
            return {
                "access_key": given["AccessKeyId"],
                "secret_key": given["SecretAccessKey"],
                "token": given["SessionToken"],
                "expiry_time": given["Expiration"].isoformat(),
            }

        return assume


def open_session(connection: Connection) -> AwsSession:
    """A session with the credentials that boto3 finds, or with credentials of the connection's role.

    Raises:
        InvocationError: the profile doesn't exist.
        AwsError: the configuration can't be read, or the role can't be assumed.
    """
    from boto3 import Session

    with aws_errors("read the AWS configuration"):
        boto = Session(profile_name=connection.profile or None, region_name=connection.region or None)
    session = AwsSession(boto, connection)
    return session.assume_role(connection.role) if connection.role else session


def _client_config(*, retries: bool) -> Any:
    """The configuration of a client.

    Retries are adaptive. IAM, Organizations and CloudTrail allow few calls a second for the whole account, and its
    owner's own tools need some of them. In adaptive mode, all threads of a client slow down together once AWS throttles
    one of them. In standard mode, each thread would retry by itself, and the account would be throttled again.
    https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
    """
    from botocore.config import Config

    # A value here would override the environment variable, which users set to change it.
    attempts = {} if os.environ.get("AWS_MAX_ATTEMPTS") else {"max_attempts": 10}
    return Config(
        retries={"mode": "adaptive", **attempts} if retries else {"mode": "standard", "total_max_attempts": 1},
        max_pool_connections=_MAX_CONNECTIONS,
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        read_timeout=READ_TIMEOUT_SECONDS,
        user_agent_extra=f"lpgen/{__version__}",
    )


def _refuse_cut_answers(client: Any) -> None:
    """Makes the client treat an answer whose body ends early as a broken connection, so it retries.

    botocore turns off urllib3's check and reads half a JSON document as an empty one. A truncated list of accounts
    would be a list without accounts. The reader of a streamed body has to check it.
    """
    from botocore.exceptions import ConnectionClosedError

    # botocore has no public way to check an answer while a failure still causes a retry.
    http = client._endpoint.http_session
    send = http.send

    def send_for_whole(request: Any) -> Any:
        answer = send(request)
        promised = str(answer.headers.get("content-length", ""))
        streamed = request.stream_output or request.method == "HEAD"
        if not streamed and promised.isdecimal() and len(answer.content) < int(promised):
            raise ConnectionClosedError(endpoint_url=request.url)
        return answer

    http.send = send_for_whole


def _log_calls(client: Any) -> None:
    """Makes the client log the operation of each call, and the status and request id of each answer."""
    region = client.meta.region_name

    def before(model: Any, **_: Any) -> None:
        log_call(model.service_model.service_name, model.name, region)

    def after(http_response: Any, parsed: Any, model: Any, **_: Any) -> None:
        request = parsed.get("ResponseMetadata", {}).get("RequestId", "-") if isinstance(parsed, dict) else "-"
        log_answer(model.service_model.service_name, model.name, http_response.status_code, request)

    def failed(exception: BaseException, **_: Any) -> None:
        _LOG.debug("no answer: %s", type(exception).__name__)

    client.meta.events.register("before-call", before)
    client.meta.events.register("after-call", after)
    client.meta.events.register("after-call-error", failed)


def log_call(service: str, operation: str, region: str) -> None:
    """Logs that a call begins."""
    _LOG.log(WAITING, "waiting for %s %s in %s", service, operation, region)


def log_answer(service: str, operation: str, status: int, request: str) -> None:
    """Logs the status and the request id of an answer, and no secret."""
    _LOG.debug("%s %s answered %s, request %s", service, operation, status, request)


@dataclass(frozen=True, slots=True)
class Way:
    """How to reach a URL. `authorities` is the file of authorities to trust ("": any), `proxy` the proxy ("": none)."""

    authorities: str
    proxy: str = field(repr=False)  # it may hold a password


def way_of_client(client: Any, url: str) -> Way | None:
    """How a client reaches a URL, from the environment and the AWS configuration.

    It is None where another program may not be able to do the same: with a client certificate, or through a proxy that
    is itself reached by TLS.
    """
    from botocore.httpsession import get_cert_path

    http = client._endpoint.http_session  # botocore has no public way to ask
    try:
        trusted, proxy = http._verify and get_cert_path(http._verify), http._proxy_config.proxy_url_for(url) or ""
        if http._cert_file or http._proxy_config.settings or (proxy and not proxy.startswith("http://")):
            return None
    except AttributeError:  # botocore has changed
        return None
    return Way(str(trusted or ""), proxy)


def page_contents(answer: Mapping[str, Any]) -> dict[str, Any]:
    """A service's answer, without boto3's additions: the fields that the AWS CLI prints."""
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


# ---------------------------------------------------------------- errors


@contextmanager
def _endpoint_errors() -> Iterator[None]:
    """Turns botocore's error about an endpoint that isn't a URL into an `InvocationError`."""
    try:
        yield
    except ValueError as error:
        hint = "write --endpoint-url or AWS_ENDPOINT_URL as `https://HOST`"
        raise InvocationError(f"the endpoint can't be used: {quote_reason(error)}", hint=hint) from error


@contextmanager
def aws_errors(doing: str) -> Iterator[None]:
    """Turns errors of boto3 into an `AwsError` that names the failed step: `can't <doing>: <why>`.

    Raises:
        AwsError: boto3 or botocore raised an error.
    """
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        yield
    except ClientError as error:
        details = error.response.get("Error", {})
        code, message = str(details.get("Code") or "unknown error"), str(details.get("Message", ""))
        why = f"{code}: {message}" if message and message != code else code
        raise AwsError(f"can't {doing}: {quote_input(why)}", code=code, hint=_HINTS.get(code, "")) from error
    except ResponseParserError as error:
        raise AwsError(f"can't {doing}: the answer can't be read", code="ResponseParserError") from error
    except (BotoCoreError, Boto3Error) as error:
        name, why = type(error).__name__, " ".join(str(error).split())
        if name == "ProfileNotFound":
            raise InvocationError(f"can't {doing}: {quote_input(why)}", hint=_HINTS[name]) from error
        raise AwsError(f"can't {doing}: {quote_input(why)}", code=name, hint=_HINTS.get(name, "")) from error


_DENIED_CODES: Final = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "AuthorizationErrorException",
        "UnauthorizedOperation",
        "403",
    }
)


def is_denied(error: AwsError) -> bool:
    """Whether AWS refused a call because the caller lacks the permission."""
    return error.code in _DENIED_CODES


_DENIED: Final = "`lpgen iam-policy` prints the permissions that each command needs"
_EXPIRED: Final = "the credentials have expired or aren't valid: log in again"
_NONE_FOUND: Final = "give --profile, set AWS_PROFILE, or log in with `aws sso login`"
_HINTS: Final = {
    "NoCredentialsError": _NONE_FOUND,
    "PartialCredentialsError": _NONE_FOUND,
    "CredentialRetrievalError": _NONE_FOUND,
    "ProfileNotFound": "`aws configure list-profiles` lists the profiles that exist",
    "ExpiredToken": _EXPIRED,
    "ExpiredTokenException": _EXPIRED,
    "InvalidClientTokenId": _EXPIRED,
    "UnrecognizedClientException": _EXPIRED,
    "SSOTokenLoadError": "run `aws sso login`",
    "UnauthorizedSSOTokenError": "run `aws sso login`",
    "TokenRetrievalError": "run `aws sso login`",
    "SSLError": "name the file of authorities to trust with AWS_CA_BUNDLE",
    "EndpointConnectionError": "check the network, the Region and --endpoint-url",
    **dict.fromkeys(_DENIED_CODES, _DENIED),
}

"""Sessions with AWS: the one place where boto3 is set up, and where its errors become words.

Credentials, profile and Region follow boto3's own chain, and `AWS_ENDPOINT_URL` works as everywhere. Nothing here
prints or stores a secret: of credentials only the account, the ARN and the partition of the caller come out.

boto3 is imported when a session is opened, since most commands never need it and it is slow to load.
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
"""The level of messages before each call: too many to say, but what a person who waits wants to see."""
_DEFAULT_REGION: Final = "us-east-1"
"""The Region for calls to global services when no setting names one."""

_MAX_CONNECTIONS: Final = 32
CONNECT_TIMEOUT_SECONDS: Final = 10
READ_TIMEOUT_SECONDS: Final = 60
"""How long a server may send nothing."""

_SESSION_NAME: Final = "lpgen"


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach AWS, as far as the command line says; boto3's chain decides an empty field.

    `role` is the ARN of a role to assume with the credentials that are found. None of this is secret.
    """

    profile: str = ""
    region: str = ""
    endpoint_url: str = ""
    role: str = ""

    def elsewhere(self) -> Connection:
        """How another machine reaches the same: it has no such profile, but credentials of its own."""
        return replace(self, profile="")


@dataclass(frozen=True, slots=True)
class CallerIdentity:
    """The owner of a session's credentials."""

    account: str
    arn: str

    @property
    def partition(self) -> str:
        """`aws`, `aws-cn`, `aws-us-gov` or the like."""
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
        """The client of a service in a Region; the same one each time: its threads share one rate limit.

        Without `retries` it makes each call once, whatever AWS answers.

        Clients may be used by several threads at once, but not made by several.
        https://boto3.amazonaws.com/v1/documentation/api/latest/guide/clients.html#multithreading-or-multiprocessing-with-clients

        Raises:
            AwsError: there are no credentials, or they can't be read.
            InvocationError: the endpoint is no URL.
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
        """The client of a service in a Region, if boto3 knows an endpoint of it there.

        Without the check boto3 would make one up, and try for minutes to reach it.

        Raises:
            AwsError: it knows none, or as `client`.
        """
        with self._lock, aws_errors(f"find the endpoints of {service}"):
            known = self.boto.get_available_regions(service, partition_name=partition)
        if region not in known:
            why = f"boto3 knows no endpoint of {service} in {quote_input(region)}"
            raise AwsError(why, code="NoEndpoint", hint="update boto3 if the Region is new")
        return self.client(service, region)

    def caller(self) -> CallerIdentity:
        """The account and ARN of the credentials, by sts:GetCallerIdentity, which no policy can deny.

        Raises:
            AwsError: there are no valid credentials, or AWS can't be reached.
        """
        with aws_errors("find out whose credentials these are"):
            answer = self.client("sts").get_caller_identity()
        return CallerIdentity(answer["Account"], answer["Arn"])

    def assume_role(self, arn: str) -> AwsSession:
        """A session of a role, assumed now and again before its credentials end.

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
        # botocore has no public way to give a session credentials that renew themselves.
        core._credentials = RefreshableCredentials.create_from_metadata(first, refresh, method="sts-assume-role")
        profile = self.connection.profile or None  # for what else it configures, such as endpoints
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
    """A session with the credentials that boto3 finds, or with those of the connection's role.

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
    """How clients behave.

    Retries are adaptive: IAM, Organizations and CloudTrail allow few calls a second for the whole account, which its
    owner's own tools need too. In this mode all threads of a client slow down together once AWS throttles one of them,
    where the standard mode would have each of them come back by itself and throttle the account again.
    https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
    """
    from botocore.config import Config

    # Given here it would override the variable, which is how people change it.
    attempts = {} if os.environ.get("AWS_MAX_ATTEMPTS") else {"max_attempts": 10}
    return Config(
        retries={"mode": "adaptive", **attempts} if retries else {"mode": "standard", "total_max_attempts": 1},
        max_pool_connections=_MAX_CONNECTIONS,
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        read_timeout=READ_TIMEOUT_SECONDS,
        user_agent_extra=f"lpgen/{__version__}",
    )


def _refuse_cut_answers(client: Any) -> None:
    """Makes the client take an answer whose body ends early for a broken connection, and so ask again.

    botocore switches off urllib3's check, and reads half a JSON document as one that says nothing: a list of accounts
    cut in its middle would be a list without accounts. Bodies that are streamed are the reader's to check.
    """
    from botocore.exceptions import ConnectionClosedError

    # botocore has no public way to look at an answer while a failure still counts for its retries.
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
    """Has the client log each call: the operation, and of the answer only its status and request id."""
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
    """Logs the status and the request id of an answer, and nothing that is secret."""
    _LOG.debug("%s %s answered %s, request %s", service, operation, status, request)


@dataclass(frozen=True, slots=True)
class Way:
    """How to reach a URL: the file of authorities to trust, "" to trust anybody, and the proxy, "" for none."""

    authorities: str
    proxy: str = field(repr=False)  # it may hold a password


def way_of_client(client: Any, url: str) -> Way | None:
    """How a client reaches a URL, by the variables and the AWS configuration.

    None where another program may not be able to go the same way: with a certificate of the client's own, or through a
    proxy that is itself reached by TLS.
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
    """Turn botocore's error about an endpoint that is no URL into an error of the invocation."""
    try:
        yield
    except ValueError as error:
        hint = "write --endpoint-url or AWS_ENDPOINT_URL as `https://HOST`"
        raise InvocationError(f"the endpoint can't be used: {quote_reason(error)}", hint=hint) from error


@contextmanager
def aws_errors(doing: str) -> Iterator[None]:
    """Turns what boto3 raises into an `AwsError` that says what was being done, in words: `can't <doing>: <why>`.

    Raises:
        AwsError: in place of every error of boto3 and botocore.
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
    "ProfileNotFound": "`aws configure list-profiles` names those that exist",
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

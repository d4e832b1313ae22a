"""Fetches the event source mappings of Lambda and the pipes of EventBridge, each with the role that it polls with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final

from lpgen.core.snapshots import Subject
from lpgen.core.workloads import PollerUse
from lpgen.edge.aws_session import AwsSession, CallerIdentity, aws_errors
from lpgen.edge.snapshot.answers import GONE, answer_pages, values_at
from lpgen.edge.snapshot.gap_list import GapList
from lpgen.errors import AwsError

_WORKERS: Final = 8

_OFF: Final = frozenset({"Disabling", "Disabled", "Deleting", "STOPPED", "DELETED"})
"""https://docs.aws.amazon.com/lambda/latest/api/API_EventSourceMappingConfiguration.html
https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_DescribePipe.html"""

_PARAMETERS: Final = "SourceParameters"
_OF_MAPPING: Final = {
    "source": ("EventSourceArn",),
    "failures": ("DestinationConfig.OnFailure.Destination",),
    "credentials": ("SourceAccessConfigurations.URI",),
}
_OF_PIPE: Final = {
    "source": ("Source",),
    "failures": tuple(
        f"{_PARAMETERS}.{of}Parameters.DeadLetterConfig.Arn" for of in ("DynamoDBStream", "KinesisStream")
    ),
    "credentials": (
        *(f"{_PARAMETERS}.{of}BrokerParameters.Credentials.BasicAuth" for of in ("ActiveMQ", "RabbitMQ")),
        *(
            f"{_PARAMETERS}.{of}Parameters.Credentials.{kind}"
            for of in ("ManagedStreamingKafka", "SelfManagedKafka")
            for kind in ("BasicAuth", "ClientCertificateTlsAuth", "SaslScram256Auth", "SaslScram512Auth")
        ),
        f"{_PARAMETERS}.SelfManagedKafkaParameters.ServerRootCaCertificate",
    ),
}
"""The paths of the ARNs of a mapping and of a pipe, by the part that they play."""


@dataclass(frozen=True, slots=True)
class PollerFetcher:
    """Fetches what polls event sources in one account. `roles` are the roles of its functions, both as ARNs."""

    session: AwsSession
    caller: CallerIdentity
    roles: Mapping[str, str]
    gaps: GapList
    _asked: dict[str, frozenset[str]] = field(default_factory=dict)

    def fetch(self, regions: Iterable[str]) -> list[PollerUse]:
        """The resources that mappings and pipes in some Regions use, sorted."""
        kinds: tuple[Callable[[str], Iterator[PollerUse]], ...] = (self._of_mappings, self._of_pipes)
        places = [(uses_in, region) for region in regions for uses_in in kinds]
        with ThreadPoolExecutor(_WORKERS) as pool:
            found = pool.map(lambda place: list(place[0](place[1])), places)
            return sorted(set(chain.from_iterable(found)))

    def _of_mappings(self, region: str) -> Iterator[PollerUse]:
        """https://docs.aws.amazon.com/lambda/latest/api/API_ListEventSourceMappings.html"""
        for page in self._ask("lambda", region, "list_event_source_mappings", {}):
            for mapping in page.get("EventSourceMappings", ()):
                function, state = mapping.get("FunctionArn", ""), mapping.get("State")
                for role in sorted(self._roles_of(function, region)):
                    yield from _uses(mapping, _OF_MAPPING, function, "event source mapping", role, state)

    def _of_pipes(self, region: str) -> Iterator[PollerUse]:
        """The pipes of a Region. Not every Region has pipes, but each that boto3 knows has EC2.

        https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_ListPipes.html
        """
        pipes, ec2 = (self.session.offers(name, region, self.caller.partition) for name in ("pipes", "ec2"))
        if ec2 and not pipes:
            return
        for page in self._ask("pipes", region, "list_pipes", {}):
            for listed in page.get("Pipes", ()):
                for pipe in self._ask("pipes", region, "describe_pipe", {"Name": listed["Name"]}):
                    role, state = pipe.get("RoleArn", ""), pipe.get("DesiredState")
                    yield from _uses(pipe, _OF_PIPE, listed["Arn"], "pipe", role, state)

    def _roles_of(self, function: str, region: str) -> frozenset[str]:
        """The roles that a mapping polls with: the function's, and the role of the version that it names.

        A version keeps the role that the function had when it was published.
        https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html
        """
        if function and function not in self._asked:
            unqualified = ":".join(function.split(":")[:7])
            known = {self.roles.get(unqualified, "")} - {""}
            if function != unqualified or not known:
                arguments = {"FunctionName": function}
                answers = self._ask("lambda", region, "get_function_configuration", arguments)
                known |= {answer["Role"] for answer in answers}
            self._asked[function] = frozenset(known)
        return self._asked.get(function, frozenset())

    def _ask(self, service: str, region: str, operation: str, arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The pages of an answer. If it can't be read, there are none, and a gap. A deleted resource isn't a gap."""
        with self.gaps.catch(self.caller.account, Subject.EVENT_SOURCES, where=f"{service} in {region}"):
            try:
                client = self.session.known_client(service, region, self.caller.partition)
                with aws_errors("read what polls event sources"):
                    return answer_pages(client, operation, arguments)
            except AwsError as error:
                if not GONE.search(error.code):
                    raise
        return []


def _uses(
    found: dict[str, Any], paths: Mapping[str, tuple[str, ...]], poller: str, kind: str, role: str, state: object
) -> Iterator[PollerUse]:
    for part, places in paths.items():
        for arn in (value for place in places for value in values_at(found, place)):
            if arn.startswith("arn:"):
                yield PollerUse(poller, kind, role, part, arn, state not in _OFF)

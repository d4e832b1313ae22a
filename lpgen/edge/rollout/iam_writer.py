"""Reads a principal's exact policies, and makes single calls to IAM. Only this module changes anything in AWS.

The client's own handler turns policy documents into objects, which loses their exact text. It is unregistered, so
documents remain the text that IAM has. IAM returns them percent-encoded.
https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRolePolicy.html
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from urllib.parse import unquote

from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import AttachedPolicy, Policy, PolicyKind, Principal, PrincipalKind
from lpgen.core.rollout.calls import CallKind, HeldPolicies, IamCall
from lpgen.core.rollout.lock import lock_parameters
from lpgen.core.rollout.trust_change import same_trust
from lpgen.edge.aws_session import AwsSession, aws_errors
from lpgen.errors import AwsError, PolicyError, RefusedCallError, quote_input

READ_BACK_SECONDS: Final = 30.0
"""How long a change may take to show, because IAM is eventually consistent.
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency"""

_READINGS: Final = 3
"""How often to read a principal while its policies are being deleted."""

NOT_FOUND: Final = "NoSuchEntity"
TAKEN: Final = "EntityAlreadyExists"
NOT_SHOWN: Final = "NotReadBack"
"""The code of a call that AWS accepted, but without a visible effect."""

_PAUSES_SECONDS: Final = (0.5, 1.0, 2.0, 4.0, 8.0)
"""The pauses between attempts of a call that changes something."""

_AGAIN: Final = frozenset({"Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException"})
"""Refusals of a call that may be made again. https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html"""

_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True)
class LivePrincipal:
    """A principal's current state in IAM. `documents` are its attached policies by ARN."""

    principal: Principal
    holding: HeldPolicies
    documents: tuple[tuple[str, str], ...]

    @property
    def boundary(self) -> str:
        """The ARN of its boundary, or ""."""
        return self.principal.boundary.arn if self.principal.boundary else ""


@dataclass(frozen=True, slots=True)
class Quotas:
    """The account's quotas that affect a rollout, and the number of customer managed policies."""

    attached: int
    inline_characters: int
    policy_characters: int
    policies: int
    policies_in_use: int
    trust_characters: int


def _nothing() -> None:
    """Notes nothing."""


@dataclass(frozen=True, slots=True)
class Notes:
    """Callbacks for each attempt of a call: `about` before it is sent, `refused` after AWS refused it.

    `about` is also the last check. If it raises, the call isn't sent.
    """

    about: Callable[[], None] = _nothing
    refused: Callable[[], None] = _nothing


_NO_NOTES: Final = Notes()


class IamWriter:
    """IAM in one account. Reads never change anything; `perform` makes one call."""

    def __init__(self, session: AwsSession, *, read_back_seconds: float = READ_BACK_SECONDS) -> None:
        from botocore.handlers import json_decode_policies

        self._client = session.client("iam")
        self._client.meta.events.unregister("after-call.iam", json_decode_policies)
        self._changing = session.client("iam", retries=False)
        self._read_back_seconds = read_back_seconds

    # ------------------------------------------------------------ reading

    def read_principal(self, kind: PrincipalKind, name: str) -> LivePrincipal:
        """A principal with all its own policies.

        Raises:
            AwsError: it can't be read, or doesn't exist (code `NoSuchEntity`).
        """
        for _ in range(_READINGS):
            try:
                return self._read_principal(kind, name)
            except AwsError as error:
                # The error may be about a policy that somebody deleted between two calls, not about the principal.
                if error.code != NOT_FOUND or not self.read_principal_id(kind, name):
                    raise
        raise AwsError(f"the policies of the {kind} {quote_input(name)} keep changing", code="Changing")

    def read_principal_id(self, kind: PrincipalKind, name: str) -> str:
        """The unique id of a principal, or "" if it doesn't exist.

        Raises:
            AwsError: it can't be read.
        """
        word = kind.capitalize()

        def read() -> str:
            return str(self._ask(f"get_{kind}", **{f"{word}Name": name})[word][f"{word}Id"])

        return self._unless_missing(f"{kind} {quote_input(name)}", read) or ""

    def _read_principal(self, kind: PrincipalKind, name: str) -> LivePrincipal:
        word = kind.capitalize()
        with _iam_errors(f"read the {kind} {quote_input(name)}"):
            found = self._ask(f"get_{kind}", **{f"{word}Name": name})[word]
            inline = dict(self._inline(kind, name))
            attached = sorted(self._attached(kind, name))
            documents = {arn: self._default_document(arn) for arn in attached}
            boundary = found.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", "")
            boundary_text = self._default_document(boundary) if boundary else ""
            groups = self._groups(name) if kind is PrincipalKind.USER else ()
        trust = _trust_in(found)
        policies = (
            *(_policy(PolicyKind.INLINE, policy, "", text) for policy, text in sorted(inline.items())),
            *(_policy(_kind_of(arn), arn.rpartition("/")[2], arn, text) for arn, text in documents.items()),
        )
        principal = Principal(
            arn=found["Arn"],
            principal_id=found[f"{word}Id"],
            account=found["Arn"].split(":")[4],
            kind=kind,
            name=found[f"{word}Name"],
            path=found["Path"],
            policies=policies,
            boundary=_policy(_kind_of(boundary), boundary, boundary, boundary_text) if boundary else None,
            trust=_read(trust, f"{name} trust policy") if trust else None,
            groups=groups,
            tags=tuple(sorted((tag["Key"], tag["Value"]) for tag in found.get("Tags", ()))),
        )
        holding = HeldPolicies(tuple(sorted(inline.items())), tuple(attached), trust)
        return LivePrincipal(principal, holding, tuple(documents.items()))

    def read_holding(self, kind: PrincipalKind, name: str) -> HeldPolicies:
        """A principal's own policies, without the documents of attached ones.

        Raises:
            AwsError: they can't be read.
        """
        with _iam_errors(f"read the policies of the {kind} {quote_input(name)}"):
            inline, attached = tuple(sorted(self._inline(kind, name))), tuple(sorted(self._attached(kind, name)))
            return HeldPolicies(inline, attached, self._trust(kind, name))

    def read_policy(self, arn: str) -> str | None:
        """The document of a managed policy with one version, "" if it has more versions, None if it doesn't exist.

        Raises:
            AwsError: it can't be read.
        """

        def read() -> str:
            versions = self._pages("list_policy_versions", "Versions", PolicyArn=arn)
            return self._default_document(arn) if len(list(versions)) == 1 else ""

        return self._unless_missing(f"policy {quote_input(arn)}", read)

    def read_users_of_policy(self, arn: str) -> tuple[str, ...]:
        """The names of the roles, users and groups that have a managed policy attached or as their boundary.

        Raises:
            AwsError: it can't be read.
        """
        with _iam_errors(f"read who has the policy {quote_input(arn)}"):
            pages = list(self._client.get_paginator("list_entities_for_policy").paginate(PolicyArn=arn))
        kinds = ("Role", "User", "Group")
        return tuple(user[f"{kind}Name"] for page in pages for kind in kinds for user in page.get(f"Policy{kind}s", ()))

    def read_quotas(self, kind: PrincipalKind) -> Quotas:
        """The quotas for a role or a user, from `GetAccountSummary`.

        https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html

        Raises:
            AwsError: they can't be read.
        """
        with _iam_errors("read the account's quotas"):
            summary = self._ask("get_account_summary")["SummaryMap"]
            word = kind.capitalize()
            return Quotas(
                summary[f"AttachedPoliciesPer{word}Quota"],
                summary[f"{word}PolicySizeQuota"],
                summary["PolicySizeQuota"],
                summary["PoliciesQuota"],
                summary["Policies"],
                summary["AssumeRolePolicySizeQuota"],
            )

    def read_default_document(self, arn: str) -> str | None:
        """The document of a managed policy's default version. None if the policy doesn't exist.

        Raises:
            AwsError: it can't be read.
        """
        return self._unless_missing(f"policy {quote_input(arn)}", lambda: self._default_document(arn))

    def read_policy_id(self, arn: str) -> str:
        """The unique id of a managed policy, or "" if it doesn't exist.

        Raises:
            AwsError: it can't be read.
        """
        facts = self._unless_missing(f"policy {quote_input(arn)}", lambda: self._policy_facts(arn))
        return str(facts["PolicyId"]) if facts else ""

    def read_lock(self, arn: str) -> str | None:
        """The description of a lock. None if it doesn't exist.

        Raises:
            AwsError: it can't be read.
        """
        facts = self._unless_missing(f"policy {quote_input(arn)}", lambda: self._policy_facts(arn))
        return None if facts is None else str(facts.get("Description", ""))

    def _unless_missing(self, what: str, read: Callable[[], _Found]) -> _Found | None:
        try:
            with _iam_errors(f"read the {what}"):
                return read()
        except AwsError as error:
            if error.code == NOT_FOUND:
                return None
            raise

    # ------------------------------------------------------------ writing

    def create_lock(self, arn: str, description: str, notes: Notes) -> bool:
        """Creates a lock if there is none. Returns whether an attempt may still take effect, because its answer was
        lost.

        Raises:
            RefusedCallError: AWS refused it. The code is `TAKEN` if a lock exists.
            AwsError: the call failed, and the lock may have been created.
        """
        parameters = lock_parameters(arn, description)
        return self._change("CreatePolicy", parameters, arn, lambda: self.read_lock(arn) == description, notes)

    def delete_lock(self, arn: str, notes: Notes = _NO_NOTES) -> bool:
        """Deletes a lock. Returns whether an attempt may still take effect, because its answer was lost.

        Raises:
            RefusedCallError: AWS refused it.
            AwsError: the call failed, and the lock may have been deleted.
        """
        return self._change("DeletePolicy", {"PolicyArn": arn}, arn, lambda: self.read_lock(arn) is None, notes)

    def perform(self, call: IamCall, notes: Notes = _NO_NOTES) -> bool:
        """Makes a call and reads back its effect.

        Returns whether an attempt may still take effect, because its answer was lost.

        Raises:
            RefusedCallError: AWS refused it, and nothing was changed.
            AwsError: it failed, or its effect isn't visible. It may have been made.
        """
        lost = self._change(call.operation, call.parameters(), call.policy, lambda: self.in_effect(call), notes)
        self._await(lambda: self.in_effect(call), f"{call.operation} for {quote_input(call.policy)}")
        return lost

    def _change(
        self,
        operation: str,
        parameters: Mapping[str, object],
        policy: str,
        in_effect: Callable[[], bool],
        notes: Notes,
    ) -> bool:
        """Makes a call until AWS answers, or until its effect shows after an answer was lost.

        boto3 doesn't repeat these calls, because it would hide which attempt was answered. `NoSuchEntity` and
        `EntityAlreadyExists` mean that somebody else was faster, unless an earlier attempt may have taken effect.
        """
        lost, pauses = False, iter(_PAUSES_SECONDS)
        while True:
            notes.about()
            try:
                with _iam_errors(f"call {operation} for {quote_input(policy)}"):
                    getattr(self._changing, _method(operation))(**parameters)
                return lost
            except AwsError as error:
                refused = _is_refusal(error)
                lost = lost or not refused
                if lost and in_effect():
                    return True
                if not lost:
                    notes.refused()
                pause = next(pauses, None)
                if pause is None or (refused and error.code not in _AGAIN):
                    if lost:
                        raise
                    raise RefusedCallError(error.message, code=error.code, hint=error.hint) from error
                time.sleep(pause)
                if lost and in_effect():
                    return True

    def _await(self, in_effect: Callable[[], bool], what: str) -> None:
        until = time.monotonic() + self._read_back_seconds
        pause = 0.1
        while not in_effect():
            if time.monotonic() > until:
                raise AwsError(f"{what} was accepted, but has no visible effect", code=NOT_SHOWN)
            time.sleep(pause)
            pause = min(2 * pause, 2.0)

    def in_effect(self, call: IamCall) -> bool:
        """Whether the effect of a call shows in IAM.

        Raises:
            AwsError: it can't be read.
        """
        kind, name = call.principal_kind, call.principal
        with _iam_errors(f"read back {call.operation} for {quote_input(call.policy)}"):
            match call.kind:
                case CallKind.CREATE_POLICY:
                    return self.read_policy(call.policy) == call.document
                case CallKind.DELETE_POLICY:
                    return self.read_policy(call.policy) is None
                case CallKind.ATTACH:
                    return call.policy in self._attached(kind, name)
                case CallKind.DETACH:
                    return call.policy not in self._attached(kind, name)
                case CallKind.PUT_INLINE:
                    return dict(self._inline(kind, name, only=call.policy)).get(call.policy) == call.document
                case CallKind.DELETE_INLINE:
                    return call.policy not in dict(self._inline(kind, name, only=call.policy))
                case CallKind.NARROW_TRUST | CallKind.RESTORE_TRUST:
                    return same_trust(self._trust(kind, name), call.document)

    # ------------------------------------------------------------ single reads

    def _inline(self, kind: PrincipalKind, name: str, *, only: str = "") -> Iterator[tuple[str, str]]:
        owner = {f"{kind.capitalize()}Name": name}
        for policy in self._pages(f"list_{kind}_policies", "PolicyNames", **owner):
            if not only or policy == only:
                answer = self._ask(f"get_{kind}_policy", PolicyName=policy, **owner)
                yield policy, _plain(answer["PolicyDocument"])

    def _attached(self, kind: PrincipalKind, name: str) -> tuple[str, ...]:
        owner = {f"{kind.capitalize()}Name": name}
        found = self._pages(f"list_attached_{kind}_policies", "AttachedPolicies", **owner)
        return tuple(policy["PolicyArn"] for policy in found)

    def _trust(self, kind: PrincipalKind, name: str) -> str:
        return _trust_in(self._ask("get_role", RoleName=name)["Role"]) if kind is PrincipalKind.ROLE else ""

    def _groups(self, name: str) -> tuple[str, ...]:
        return tuple(
            sorted(group["GroupName"] for group in self._pages("list_groups_for_user", "Groups", UserName=name))
        )

    def _policy_facts(self, arn: str) -> Mapping[str, Any]:
        return dict(self._ask("get_policy", PolicyArn=arn)["Policy"])

    def _default_document(self, arn: str) -> str:
        version = self._policy_facts(arn)["DefaultVersionId"]
        answer = self._ask("get_policy_version", PolicyArn=arn, VersionId=version)
        return _plain(answer["PolicyVersion"]["Document"])

    def _ask(self, method: str, **parameters: str) -> dict[str, Any]:
        return dict(getattr(self._client, method)(**parameters))

    def _pages(self, method: str, key: str, **parameters: str) -> Iterable[Any]:
        return [item for page in self._client.get_paginator(method).paginate(**parameters) for item in page[key]]


@contextmanager
def _iam_errors(doing: str) -> Iterator[None]:
    """Like `aws_errors`. An answer without an expected field, such as the answer to another call, is an error too."""
    try:
        with aws_errors(doing):
            yield
    except KeyError as error:
        raise AwsError(f"can't {doing}: the answer lacks {quote_input(str(error))}", code="IncompleteAnswer") from error


_IAM_CODE: Final = re.compile("[A-Z][A-Za-z]+")
"""The form of IAM's error codes. https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html"""


def _is_refusal(error: AwsError) -> bool:
    """Whether IAM refused the call, rather than that something failed on the way.

    A gateway's error page has no IAM code. Then the call may have reached IAM.
    """
    answer = getattr(error.__cause__, "response", None) or {}  # errors of the connection have none
    is_client_error = 400 <= answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) < 500
    return is_client_error and _IAM_CODE.fullmatch(error.code) is not None and "Timeout" not in error.code


def _method(operation: str) -> str:
    """`AttachRolePolicy` as boto3 spells it: `attach_role_policy`."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in operation).removeprefix("_")


def _plain(document: str) -> str:
    """The text of a document as it was written. A JSON object never begins with a percent sign."""
    return unquote(document, errors="strict") if document.lstrip().startswith("%") else document


def _trust_in(found: Mapping[str, Any]) -> str:
    return _plain(found.get("AssumeRolePolicyDocument", ""))


def _kind_of(arn: str) -> PolicyKind:
    return PolicyKind.AWS_MANAGED if arn.split(":")[4:5] == ["aws"] else PolicyKind.CUSTOMER_MANAGED


def _policy(kind: PolicyKind, name: str, arn: str, text: str) -> AttachedPolicy:
    return AttachedPolicy(kind, name, arn, "", None, _read(text, arn or name))


def _read(text: str, place: str) -> Policy | None:
    try:
        return policy_from_json(text, place=place)
    except PolicyError:
        return None

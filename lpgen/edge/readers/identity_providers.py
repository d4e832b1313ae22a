"""Reads lists of identity providers: the outputs of `aws iam list-open-id-connect-providers` and `list-saml-providers`,
and the same in a snapshot.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListOpenIDConnectProviders.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListSAMLProviders.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from lpgen.core.trust.evidence import ExistingProviders
from lpgen.edge.files import read_file
from lpgen.edge.logs.json_documents import Broken, plain_text, split_documents
from lpgen.errors import SnapshotError, quote_reason

_HINT = "give the output of `aws iam list-open-id-connect-providers`"


class _Provider(msgspec.Struct, rename="pascal", frozen=True):
    arn: str


class _Providers(msgspec.Struct, frozen=True):
    """An answer of IAM. A snapshot adds the account."""

    account: str = ""
    web: tuple[_Provider, ...] | None = msgspec.field(name="OpenIDConnectProviderList", default=None)
    saml: tuple[_Provider, ...] | None = msgspec.field(name="SAMLProviderList", default=None)


def read_identity_providers(files: Sequence[Path]) -> ExistingProviders | None:
    """The providers in all files, or None without files. They count for all accounts, unless each file names its own.

    Raises:
        SnapshotError: a file can't be read, or holds something else.
    """
    lists = [listed for file in files for listed in _lists(file)]
    arns = frozenset(provider.arn for listed in lists for provider in (*(listed.web or ()), *(listed.saml or ())))
    accounts = frozenset(listed.account for listed in lists)
    return ExistingProviders(arns, None if "" in accounts else accounts) if files else None


def _lists(file: Path) -> Iterator[_Providers]:
    for document in split_documents(plain_text(read_file(file, SnapshotError, hint=_HINT))):
        if isinstance(document, Broken):
            raise SnapshotError(f"`{file}` is not JSON: {document.why} ({document.position})", hint=_HINT)
        try:
            listed = msgspec.json.decode(document, type=_Providers)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise SnapshotError(f"`{file}` is not a list of providers: {quote_reason(error)}", hint=_HINT) from error
        if listed.web is None and listed.saml is None:
            raise SnapshotError(f"`{file}` is not a list of providers", hint=_HINT)
        yield listed

"""The ids in GitHub's subjects: `repo:OWNER@OWNER_ID/REPOSITORY@REPOSITORY_ID:…` instead of `repo:OWNER/REPOSITORY:…`.

Repositories that were created, renamed or transferred after 15 July 2026 have subjects with ids, and so have those that
opted in. Customized subjects have the ids too. GitHub Enterprise Server has no such subjects.
https://docs.github.com/en/actions/reference/security/oidc#immutable-subject-claims
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any, Final

from lpgen.core.trust.issuers import Issuer
from lpgen.errors import InvocationError, quote_input, quote_reason

_WITHOUT_IDS: Final = re.compile(r"repo:([^/:@*?]+)/([^/:@*?]+)(:.*)", re.DOTALL)
_WITH_IDS: Final = re.compile(r"repo:([^/:@*?]+)@[0-9]+/([^/:@*?]+)@[0-9]+(:.*)", re.DOTALL)
_ENTRY: Final = "{(.full_name): {owner_id: .owner.id, repository_id: .id}}"
_FULL_NAME: Final = re.compile(r"[^/:@*?\s]+/[^/:@*?\s]+")


def other_format(issuer: Issuer | None, subject: str, ids: Mapping[str, tuple[str, str]]) -> str:
    """A GitHub subject in the other format: with ids if it has none, or without ids.

    `ids` has the ids of the owner and the repository by `OWNER/REPOSITORY`. The subject may be a pattern if its owner
    and repository are literal. "" if the issuer doesn't use both formats, or the ids aren't known.
    """
    if issuer is None or issuer.grammar is None or "owner_id" not in issuer.grammar.owner:
        return ""
    if found := _WITH_IDS.fullmatch(subject):
        return "repo:{}/{}{}".format(*found.groups())
    if (found := _WITHOUT_IDS.fullmatch(subject)) and (known := ids.get(f"{found[1]}/{found[2]}")):
        return f"repo:{found[1]}@{known[0]}/{found[2]}@{known[1]}{found[3]}"
    return ""


def gh_command(repository: str) -> str:
    """The command that prints an entry of the file of ids for `OWNER/REPOSITORY`.

    https://docs.github.com/en/rest/repos/repos#get-a-repository
    """
    return f"gh api {shlex.quote(f'repos/{repository}')} --jq '{_ENTRY}'"


_HINT: Final = f"for each repository, add the output of `{gh_command('OWNER/REPOSITORY')}`"


def github_ids_from_json(text: str, place: str) -> Mapping[str, tuple[str, str]]:
    """The ids of owner and repository by `OWNER/REPOSITORY`.

    The text has objects such as `{"octo-org/octo-repo": {"owner_id": 1, "repository_id": 2}}` or outputs of
    `gh api repos/OWNER/REPOSITORY`, one after the other or in a list.

    Raises:
        InvocationError: it isn't JSON, an entry lacks an id, or two entries contradict each other.
    """
    found: dict[str, tuple[str, str]] = {}
    for entry in _entries(text, place):
        if not isinstance(entry, dict):
            raise InvocationError(f"{place}: {quote_input(json.dumps(entry))} is not an object", hint=_HINT)
        for name, ids in _named_ids(entry, place):
            if found.setdefault(name, ids) != ids:
                raise InvocationError(f"{place}: {quote_input(name)} has two different entries", hint=_HINT)
    return found


def _entries(text: str, place: str) -> Iterator[Any]:
    decoder, at = json.JSONDecoder(), 0
    while rest := text[at:].lstrip():
        try:
            value, length = decoder.raw_decode(rest)
        except (ValueError, RecursionError) as error:
            raise InvocationError(f"{place} is not valid JSON: {quote_reason(error)}", hint=_HINT) from error
        at = len(text) - len(rest) + length
        yield from value if isinstance(value, list) else (value,)


def _named_ids(entry: dict[str, Any], place: str) -> Iterator[tuple[str, tuple[str, str]]]:
    if "full_name" in entry:
        owner = entry.get("owner")
        ids = {"owner_id": owner.get("id") if isinstance(owner, dict) else None, "repository_id": entry.get("id")}
        entry = {str(entry["full_name"]): ids}
    for name, ids in entry.items():
        if not _FULL_NAME.fullmatch(name):
            raise InvocationError(
                f"{place}: {quote_input(name)} is not a name such as `octo-org/octo-repo`", hint=_HINT
            )
        place_of_entry = f"{place}, {quote_input(name)}"
        yield name, (_id(ids, "owner_id", place_of_entry), _id(ids, "repository_id", place_of_entry))


def _id(ids: Any, key: str, place: str) -> str:
    value = ids.get(key) if isinstance(ids, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | str) or not re.fullmatch("[0-9]+", str(value)):
        raise InvocationError(f"{place}: `{key}` must be a number", hint=_HINT)
    return str(value)

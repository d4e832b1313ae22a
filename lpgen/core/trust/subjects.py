"""Subjects of web identities, and the values that conditions compare with them.

Aligning a value of a condition with a shape of the issuer's grammar gives the piece of the value that covers each
field. Everything else follows from these pieces: the parsed subject, the patterns that a narrower policy may use,
subjects of outsiders, and values that no subject matches.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from lpgen.core.globs.match import has_wildcard
from lpgen.core.trust.issuers import ANY_CLAIMS, Grammar, Issuer, Shape, Tenant

# ---------------------------------------------------------------- alignment

_FORBIDDEN: Final = {
    **dict.fromkeys(("owner", "repository"), ":/@"),
    **dict.fromkeys(("project", "organization", "user"), ":/"),
    **dict.fromkeys(("claims", "origin"), ""),
}
_NUMBERS: Final = ("owner_id", "repository_id")


def _may_hold(name: str, character: str) -> bool:
    """Whether a field can have a character. GitHub writes a colon in a value as `%3A`."""
    if name in _NUMBERS:
        return character.isdigit()
    if name == "claim":
        return character.isalnum() or character == "_"
    return character not in _FORBIDDEN.get(name, ":")


@lru_cache(maxsize=256)
def _tokens(template: str) -> tuple[str, ...]:
    """The template's characters, with each field as one token in braces."""
    return tuple(re.findall(r"\{\w+\}|.", template))


@lru_cache(maxsize=4096)
def _align(value: str, template: str, *, may_cross: bool = True) -> Mapping[str, str] | None:
    """The piece of a condition's value that covers each field of a template, or None if no subject of the template can
    match the value.

    A `*` that covers several fields is in the piece of each. Unless it `may_cross`, only a final `*` does.
    """
    tokens = _tokens(template)
    pieces = _find_pieces(value, tokens, may_cross=may_cross)
    if pieces is None:
        return None
    found = dict(zip((token[1:-1] for token in tokens if len(token) > 1), pieces, strict=True))
    # `ref:` always precedes `refs/`, and `repo:` names. They aren't the claims of customized subjects.
    return None if found.get("claim") in ("ref", "repo") else found


def _find_pieces(value: str, tokens: tuple[str, ...], *, may_cross: bool) -> tuple[str, ...] | None:
    """The pieces of the fields, in order. A depth-first search that visits each state once."""
    waiting: list[tuple[int, int, str, tuple[str, ...]]] = [(0, 0, "", ())]
    seen = set()
    while waiting:
        at, token_at, piece, pieces = waiting.pop()
        if (at, token_at, bool(piece)) in seen:
            continue
        seen.add((at, token_at, bool(piece)))
        if token_at == len(tokens):
            if not value[at:].strip("*"):
                return pieces
            continue
        token, character, after = tokens[token_at], value[at : at + 1], at + 1
        if len(token) == 1:
            if character in (token, "?"):
                waiting.append((after, token_at + 1, "", pieces))
            elif character == "*":
                waiting.append((after, token_at, "", pieces))
                if may_cross or after == len(value):
                    waiting.append((at, token_at + 1, "", pieces))
        elif character == "*":
            waiting += [(at, token_at + 1, "", (*pieces, piece + "*")), (after, token_at, piece + "*", pieces)]
        else:
            if character == "?" or (character and _may_hold(token[1:-1], character)):
                waiting.append((after, token_at, piece + character, pieces))
            if piece:
                waiting.append((at, token_at + 1, "", (*pieces, piece)))
    return None


# ---------------------------------------------------------------- subjects


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject of a known form."""

    text: str
    fields: tuple[tuple[str, str], ...]
    """Names and values, from the widest field to the narrowest."""
    kind: str
    """`branch`, `tag`, `environment`, `pull_request` or `other`."""
    rungs: tuple[str, ...]
    """Wider patterns that match the subject, from narrow to broad."""
    recurs: bool = True
    owner_id: str = ""
    repository_id: str = ""


def subject_from_text(issuer: Issuer | None, text: str) -> Subject | None:
    """The parsed subject, or None if its form or its owner and repository aren't known, or if it has `*` or `?`."""
    grammar = issuer.grammar if issuer else None
    if grammar is None or has_wildcard(text):
        return None
    for shape in grammar.shapes:
        fields = _align(text, shape.template)
        if fields is not None and any(name in fields for name in (*grammar.owner, *grammar.repository)):
            rungs = tuple(_write_fields(rung, fields) for rung in shape.rungs)
            ids = (fields.get("owner_id", ""), fields.get("repository_id", ""))
            return Subject(text, tuple(fields.items()), shape.kind, rungs, shape.recurs, *ids)
    return None


def _write_fields(template: str, fields: Mapping[str, str]) -> str:
    return "".join(fields[token[1:-1]] if len(token) > 1 else token for token in _tokens(template))


_CHANGING: Final = re.compile(
    r"(?:^|:)(?:check_run_id|job_id|jti|pipeline_id|run_attempt|run_id|run_number|(?:\w+_)?sha):"
)
"""The claims of customized subjects whose values differ from run to run or from commit to commit.

https://docs.github.com/en/actions/reference/security/oidc#oidc-token-claims
https://docs.gitlab.com/ci/secrets/id_token_authentication/#token-payload
"""


def ladder(issuer: Issuer | None, text: str) -> tuple[str, ...]:
    """The values that a narrowed policy may use for a subject, each wider than the one before: the subject itself if it
    recurs, one kind of its refs, its repository.

    Only the subject itself if its form isn't known, and nothing if it has `*` or `?`, which a pattern can't express.
    In each pattern, a separator precedes the `*`, so no longer name of an owner or a repository matches. A subject with
    a claim that changes is cut before this claim, and is "" if nothing is left.
    """
    subject = subject_from_text(issuer, text)
    if (changing := _CHANGING.search(text)) and not has_wildcard(text):
        head = f"{text[: changing.start()]}:*" if changing.start() else ""
        return tuple(dict.fromkeys((head, *(subject.rungs if subject else ()))))
    if subject is None:
        return () if has_wildcard(text) else (text,)
    return (text, *subject.rungs) if subject.recurs else subject.rungs


def is_satisfiable(issuer: Issuer | None, value: str) -> bool:
    """Whether a subject of the issuer can match a value of a condition. True for issuers whose subjects aren't known.

    Customized subjects count, whatever their claims. One exception: a GitHub template of only `repo` gives
    `repo:OWNER/REPOSITORY`, but this value is nearly always a mistake. A record with this subject refutes it.
    """
    grammar = issuer.grammar if issuer else None
    return grammar is None or any(_align(value, shape.template) is not None for shape in grammar.shapes)


# ---------------------------------------------------------------- outsiders

_STRANGER: Final = "stranger"
_STRANGE_NUMBER: Final = "99999999"
_STRANGE_SUBJECT: Final = "stranger-5f0c1d7e93ab4c62"
_OWNER_CLAIM: Final = re.compile(
    r":(?:actor|enterprise|job_workflow_ref|repo_property|repository_(?:id|owner)|workflow_ref)"
)
"""The claims of GitHub that belong to one owner. Anyone can have a subject of only other claims, such as `workflow:x`.

https://docs.github.com/en/actions/reference/security/oidc#customizing-the-subject-claims-for-an-organization-or-repository
"""


@dataclass(frozen=True, slots=True)
class Probe:
    """A subject of an outsider, to find out whether a trust policy accepts it."""

    kind: str
    """The kind of finding if the policy accepts the subject."""
    subject: str
    field: str = ""
    """The field whose name is longer than the literal part of the pattern."""


def probes(issuer: Issuer | None, value: str) -> tuple[Probe, ...]:
    """Subjects of outsiders that differ from a value of a condition in one level. Not every probe matches the value.

    `any-identity` has another owner, `any-repository` another repository of the owner, and `any-ref` another branch,
    tag or environment of the repository. `open-prefix` has a longer name where the value has a `*` after a name. A `*`
    after `/` is no open prefix, since names don't end in `/`. Customized subjects are probed only if no common form can
    match. Use `*` for a missing condition. An issuer whose subjects aren't known has one probe if others use it too.
    """
    grammar = issuer.grammar if issuer else None
    if grammar is None:
        is_shared = issuer is not None and issuer.tenant is Tenant.SHARED
        return (Probe("any-identity", _STRANGE_SUBJECT),) if is_shared else ()
    aligned = _align_shapes(grammar.shapes, value)
    return tuple(dict.fromkeys(probe for pair in aligned for probe in _probes_of_shape(grammar, *pair)))


def _align_shapes(shapes: tuple[Shape, ...], value: str) -> list[tuple[Shape, Mapping[str, str]]]:
    """The shapes that can match a value, and their pieces.

    Common shapes come before customized ones, and a `*` in one field before one that covers several.
    """
    strict, crossing = (
        [
            (shape, found)
            for shape in shapes
            if (found := _align(value, shape.template, may_cross=may_cross)) is not None
        ]
        for may_cross in (False, True)
    )
    common = ([pair for pair in pairs if "claims" not in pair[1]] for pairs in (strict, crossing))
    return next(filter(None, common), crossing)


def _probes_of_shape(grammar: Grammar, shape: Shape, pieces: Mapping[str, str]) -> list[Probe]:
    near = {name: _nearest(name, piece) for name, piece in pieces.items()}
    levels = (("any-identity", grammar.owner), ("any-repository", grammar.repository), ("any-ref", grammar.ref))
    found = []
    for kind, names in levels:
        if other := {name: _other(name, pieces[name]) for name in names if name in pieces}:
            found.append(Probe(kind, _write_fields(shape.template, near | other)))
    if shape.kind == "pull_request":
        found.append(Probe("pull-requests", _write_fields(shape.template, near)))
    if shape == ANY_CLAIMS and not _OWNER_CLAIM.search(f":{pieces['claim']}:{pieces['claims']}"):
        found.append(Probe("any-identity", _write_fields(shape.template, near)))
    for name, piece in pieces.items():
        if has_wildcard(piece) and piece.strip("*?") and not piece.endswith("/*") and not name.startswith("claim"):
            found.append(Probe("open-prefix", _write_fields(shape.template, near | {name: _filled(name, piece)}), name))
    return found


def _filled(name: str, piece: str) -> str:
    """A value of the field that matches a piece and is longer than its literal part."""
    stranger = _STRANGE_NUMBER if name in _NUMBERS else _STRANGER
    return piece.replace("*", stranger).replace("?", stranger[0])


def _nearest(name: str, piece: str) -> str:
    """The shortest plausible value that matches a piece."""
    literal = piece.replace("*", "")
    return _filled(name, literal if literal and literal.strip("/:") == literal else piece)


def _other(name: str, piece: str) -> str:
    """A value of the field that has nothing to do with a piece. Customized claims keep what follows a first `*`."""
    return _filled(name, piece if name == "claims" and piece.startswith("*") else "*")

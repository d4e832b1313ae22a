"""OpenID Connect issuers: the claims that IAM reads, and the grammar of their subjects.

A *shape* is a template of subjects, such as `repo:{owner}/{repository}:ref:refs/heads/{branch}`. Aligning a value of a
condition with a shape gives the piece of the value that covers each field. Everything else follows from these pieces:
the parsed subject, the patterns that a narrower policy may use, subjects of outsiders, and values that no subject
matches.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import Final

from lpgen.core.arns import split_arn
from lpgen.core.globs.match import glob_match, has_wildcard


class Tenant(StrEnum):
    """Who can have tokens of an issuer. AWS calls the two kinds shared and private.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc_secure-by-default.html
    """

    SHARED = "shared"
    """All customers of a vendor. Only claims show whose token it is."""
    PRIVATE = "private"
    """One organization."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One form of an issuer's subjects."""

    template: str
    rungs: tuple[str, ...] = ()
    """Wider patterns for a policy, from narrow to broad. A field in braces has the subject's value."""
    kind: str = "other"
    recurs: bool = True
    """Whether a later run can have the same subject. A release has a tag of its own, and a step an id of its own."""


@dataclass(frozen=True, slots=True)
class Grammar:
    """The forms of an issuer's subjects, common forms first, and what their fields are.

    Changing all fields of `owner` gives another owner's subject. `repository` and `ref` are the fields of the next
    narrower levels. A field that is in none of them belongs to a level between.
    """

    shapes: tuple[Shape, ...]
    owner: tuple[str, ...] = ()
    repository: tuple[str, ...] = ()
    ref: tuple[str, ...] = ()


STANDARD_CLAIMS: Final = ("sub", "aud", "amr", "email", "oaud")
"""The claims that are condition keys, unless AWS's page lists others for the issuer.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
"""


@dataclass(frozen=True, slots=True)
class Issuer:
    """What is known about one issuer, or all issuers of one form."""

    host: str
    """The issuer's URL without `https://`, as a glob."""
    name: str
    tenant: Tenant
    source: str
    """The page that describes its tokens."""
    claims: tuple[str, ...] = STANDARD_CLAIMS
    """The claims that IAM evaluates as condition keys. No other claim ever matches."""
    demanded: tuple[str, ...] = ()
    """IAM refuses a new or changed trust policy that doesn't test one of these claims. The value must not be empty or
    only wildcards. `sts:RoleSessionName` is a whole condition key.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc_secure-by-default.html
    """
    grammar: Grammar | None = None


# ---------------------------------------------------------------- the facts


def _branch_and_tag(template: str, rungs: tuple[str, ...]) -> tuple[Shape, Shape]:
    """A shape with `refs/heads/{branch}`, and the same for tags."""

    def for_tags(text: str) -> str:
        return text.replace("refs/heads/", "refs/tags/").replace("{branch}", "{tag}")

    tags = Shape(for_tags(template), tuple(map(for_tags, rungs)), "tag", recurs=False)
    return Shape(template, rungs, "branch"), tags


def _with_ids(shape: Shape) -> Shape:
    """https://docs.github.com/en/actions/reference/security/oidc#immutable-subject-claims"""
    names, ids = "{owner}/{repository}", "{owner}@{owner_id}/{repository}@{repository_id}"
    rungs = tuple(rung.replace(names, ids) for rung in shape.rungs)
    return replace(shape, template=shape.template.replace(names, ids), rungs=rungs)


_REPO = "repo:{owner}/{repository}:"
_GITHUB_SHAPES = (
    *_branch_and_tag(_REPO + "ref:refs/heads/{branch}", (_REPO + "ref:refs/heads/*", _REPO + "*")),
    Shape(_REPO + "environment:{environment}", (_REPO + "*",), "environment"),
    Shape(_REPO + "pull_request", (_REPO + "*",), "pull_request"),
    # Customized subjects, and refs of other kinds.
    Shape(_REPO + "ref:refs/{claims}", (_REPO + "*",)),
    Shape(_REPO + "pull_request:{claims}", (_REPO + "*",)),
    Shape(_REPO + "{claim}:{claims}", (_REPO + "*",)),
)
_ANY_CLAIMS = Shape("{claim}:{claims}")
_GITHUB_REFS = ("branch", "tag", "environment", "claims")
_SERVER = Grammar((*_GITHUB_SHAPES, _ANY_CLAIMS), ("owner",), ("repository",), _GITHUB_REFS)
_GITHUB = Grammar(
    (*_GITHUB_SHAPES, *map(_with_ids, _GITHUB_SHAPES), _ANY_CLAIMS),
    # An id belongs to one repository, so another owner's subject also has another repository's id.
    owner=("owner", "owner_id", "repository_id"),
    repository=("repository", "repository_id"),
    ref=_GITHUB_REFS,
)

# A project chooses the claims after the first (`ci_id_token_sub_claim_components`).
# https://docs.gitlab.com/api/projects/
_PATH = "project_path:{group}/{project}"
_BRANCH, _TAG = _PATH + ":ref_type:branch:ref:", _PATH + ":ref_type:tag:ref:"
_GITLAB_SHAPES = (
    Shape(_BRANCH + "{branch}", (_BRANCH + "*", _PATH + ":*"), "branch"),
    Shape(_TAG + "{tag}", (_TAG + "*", _PATH + ":*"), "tag", recurs=False),
    Shape(_PATH + ":{claims}", (_PATH + ":*",)),
    Shape(_PATH),
    Shape("project_id:{claims}"),
)
_GITLAB = Grammar(_GITLAB_SHAPES, ("group",), ("project",), ("branch", "tag", "claims"))

_ACCOUNT = "system:serviceaccount:{namespace}:"
_EKS = Grammar((Shape(_ACCOUNT + "{service_account}", (_ACCOUNT + "*",)),), (), ("namespace",), ("service_account",))

_JOB, _HEADS = "org/{organization}/project/{project}/", "/vcs-origin/{origin}/vcs-ref/refs/heads/"
_ANY_USER = _JOB + "user/*" + _HEADS
_CIRCLECI_SHAPES = (
    *_branch_and_tag(_JOB + "user/{user}" + _HEADS + "{branch}", (_ANY_USER + "{branch}", _ANY_USER + "*", _JOB + "*")),
    Shape(_JOB + "user/{user}", (_JOB + "*",)),
    Shape(_JOB + "{claims}", (_JOB + "*",)),
)
_CIRCLECI = Grammar(_CIRCLECI_SHAPES, (), ("project",), ("branch", "tag", "claims"))

# The parts are UUIDs in braces. Each run has another step.
_BITBUCKET_SHAPES = (
    Shape(
        "{{repository}}:{{environment}}:{{step}}",
        ("{{repository}}:{{environment}}:*", "{{repository}}:*"),
        "environment",
        recurs=False,
    ),
    Shape("{{repository}}:{{step}}", ("{{repository}}:*",), recurs=False),
)
_BITBUCKET = Grammar(_BITBUCKET_SHAPES, (), ("repository",), ("environment",))

_WORKSPACE = "organization:{organization}:project:{project}:workspace:{workspace}:"
_STACK = "organization:{organization}:project:{project}:stack:{stack}:"
_TERRAFORM_SHAPES = (
    Shape(_WORKSPACE + "run_phase:{run_phase}", (_WORKSPACE + "*",)),
    Shape(_STACK + "deployment:{deployment}:operation:{operation}", (_STACK + "*",)),
    Shape("organization:{organization}:{claims}"),
)
_TERRAFORM = Grammar(
    _TERRAFORM_SHAPES, ("organization",), ("workspace", "stack"), ("run_phase", "deployment", "claims")
)

# Each build has another commit. A job may ask for a UUID as its subject.
_PIPELINE = "organization:{organization}:pipeline:{pipeline}:"
_BUILD, _BUILDS = _PIPELINE + "ref:refs/heads/{branch}:", _PIPELINE + "ref:refs/heads/*"
_BUILDKITE_SHAPES = (
    *_branch_and_tag(_BUILD + "commit:{commit}:step:{step}", (_BUILD + "*", _BUILDS, _PIPELINE + "*")),
    Shape("{claims}"),
)
_BUILDKITE = Grammar(_BUILDKITE_SHAPES, ("organization",), ("pipeline",), ("branch", "tag"))

_SITE = "owner:{owner}:project:{project}:"
_VERCEL_SHAPES = (Shape(_SITE + "environment:{environment}", (_SITE + "*",), "environment"),)
_VERCEL = Grammar(_VERCEL_SHAPES, ("owner",), ("project",), ("environment",))
_VERCEL_TEAM = Grammar(_VERCEL_SHAPES, (), ("project",), ("environment",))

_RUN, _TEST = "space:{space}:stack:{stack}:", "space:{space}:module:{module}:"
_SPACELIFT_SHAPES = (
    *(Shape(start + "run_type:{run_type}:scope:{scope}", (start + "*",)) for start in (_RUN, _TEST)),
    Shape("{claims}"),
)
_SPACELIFT = Grammar(_SPACELIFT_SHAPES, (), ("stack", "module"), ("run_type",))

_SHARED, _PRIVATE = Tenant.SHARED, Tenant.PRIVATE
_KEYS = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif"
_CONTROLS = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc_secure-by-default.html"
_GITHUB_PAGE = "https://docs.github.com/en/actions/reference/security/oidc"
_GITLAB_PAGE = "https://docs.gitlab.com/ci/secrets/id_token_authentication/"
_EKS_PAGE = "https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html"
_CIRCLECI_PAGE = "https://circleci.com/docs/guides/permissions-authentication/openid-connect-tokens/"
_BITBUCKET_HOST = "api.bitbucket.org/2.0/workspaces/*/pipelines-config/identity/oidc"
_BITBUCKET_PAGE = (
    "https://support.atlassian.com/bitbucket-cloud/docs/integrate-pipelines-with-resource-servers-using-oidc/"
)
_TERRAFORM_DOCS = "https://developer.hashicorp.com/terraform/cloud-docs/workspaces/dynamic-provider-credentials/"
_TERRAFORM_PAGE = _TERRAFORM_DOCS + "workload-identity-tokens"
_BUILDKITE_PAGE = "https://buildkite.com/docs/agent/cli/reference/oidc"
_VERCEL_PAGE = "https://vercel.com/docs/oidc/reference"
_SPACELIFT_PAGE = "https://docs.spacelift.io/integrations/cloud-providers/oidc"
_ACTIONS = "token.actions.githubusercontent.com"
_TURBONOMIC = "rh-oidc.s3.us-east-1.amazonaws.com/"

_GITHUB_CLAIMS = (
    *(*STANDARD_CLAIMS, "actor", "actor_id", "enterprise_id", "environment", "job_workflow_ref", "ref"),
    *("repository", "repository_id", "repository_owner_id", "workflow"),
)
_GITLAB_CLAIMS = (
    *(*STANDARD_CLAIMS, "namespace_id", "pipeline_source", "project_id", "ref_protected", "runner_environment"),
    *("user_access_level", "user_email", "user_id", "user_login"),
)
_CIRCLECI_CLAIMS = (*STANDARD_CLAIMS, "oidc.circleci.com/project-id")
_BUILDKITE_CLAIMS = (
    *(*STANDARD_CLAIMS, "build_branch", "cluster_id", "cluster_name"),
    *("organization_id", "organization_slug", "pipeline_id", "pipeline_slug"),
)

ISSUERS: Final = (
    Issuer(_ACTIONS, "GitHub Actions", _SHARED, _GITHUB_PAGE, _GITHUB_CLAIMS, ("sub",), _GITHUB),
    Issuer(_ACTIONS + "/*", "GitHub Actions of an enterprise", _PRIVATE, _GITHUB_PAGE, _GITHUB_CLAIMS, (), _GITHUB),
    Issuer("token.actions.*.ghe.com", "GitHub Actions on GHE.com", _PRIVATE, _GITHUB_PAGE, _GITHUB_CLAIMS, (), _GITHUB),
    Issuer(
        "token.actions.*.ghe.com/*", "GitHub Actions on GHE.com", _PRIVATE, _GITHUB_PAGE, _GITHUB_CLAIMS, (), _GITHUB
    ),
    Issuer("github.com/enterprises/*", "a GitHub enterprise", _PRIVATE, _KEYS, _GITHUB_CLAIMS),
    Issuer("*/_services/token", "GitHub Enterprise Server", _PRIVATE, _GITHUB_PAGE, grammar=_SERVER),
    Issuer("gitlab.com", "GitLab.com", _SHARED, _GITLAB_PAGE, _GITLAB_CLAIMS, ("sub",), _GITLAB),
    Issuer("*gitlab*", "self-managed GitLab", _PRIVATE, _GITLAB_PAGE, grammar=_GITLAB),
    Issuer("oidc?eks.*/id/*", "Amazon EKS", _PRIVATE, _EKS_PAGE, grammar=_EKS),
    Issuer("oidc.circleci.com/org/*", "CircleCI", _PRIVATE, _CIRCLECI_PAGE, _CIRCLECI_CLAIMS, (), _CIRCLECI),
    Issuer(_BITBUCKET_HOST, "Bitbucket Pipelines", _PRIVATE, _BITBUCKET_PAGE, grammar=_BITBUCKET),
    Issuer("app.terraform.io", "HCP Terraform", _SHARED, _TERRAFORM_PAGE, STANDARD_CLAIMS, ("sub",), _TERRAFORM),
    Issuer("agent.buildkite.com", "Buildkite", _SHARED, _BUILDKITE_PAGE, _BUILDKITE_CLAIMS, ("sub",), _BUILDKITE),
    Issuer("oidc.vercel.com", "Vercel", _SHARED, _VERCEL_PAGE, STANDARD_CLAIMS, ("aud",), _VERCEL),
    Issuer("oidc.vercel.com/*", "Vercel", _PRIVATE, _VERCEL_PAGE, grammar=_VERCEL_TEAM),
    Issuer("*.spacelift.io", "Spacelift", _PRIVATE, _SPACELIFT_PAGE, grammar=_SPACELIFT),
    Issuer("accounts.google.com", "Google", _SHARED, _KEYS, (*STANDARD_CLAIMS, "google/organization_number")),
    Issuer("cognito-identity.amazonaws.com", "Amazon Cognito", _SHARED, _KEYS, ("amr", "aud", "oaud", "sub"), ("aud",)),
    Issuer("www.amazon.com", "Login with Amazon", _SHARED, _KEYS, ("app_id", "sub", "user_id")),
    Issuer("graph.facebook.com", "Facebook", _SHARED, _KEYS, ("app_id", "id")),
    Issuer("idcs-*.identity.oraclecloud.com", "Oracle Cloud", _PRIVATE, _KEYS, (*STANDARD_CLAIMS, "rpst_id")),
    *(
        Issuer(host, name, _SHARED, _CONTROLS, demanded=(claim,))
        for host, name, claim in (
            ("sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d", "Azure Sentinel", "sts:RoleSessionName"),
            ("oidc.codefresh.io", "Codefresh", "sub"),
            ("studio.datachain.ai/api", "DVC Studio", "sub"),
            ("oidc-configuration.audit-log.githubusercontent.com", "GitHub audit log streaming", "sub"),
            ("vstoken.actions.githubusercontent.com", "GitHub vstoken", "sub"),
            (_TURBONOMIC + "22ejnvnnturfmt6km08idd0nt4hekbn7", "IBM Turbonomic", "sub"),
            (_TURBONOMIC + "23e3sd27sju1hoou6ohfs68vbno607tr", "IBM Turbonomic", "sub"),
            (_TURBONOMIC + "23ne21h005qjl3n33d8dui5dlrmv2tmg", "IBM Turbonomic", "sub"),
            (_TURBONOMIC + "24jrf12m5dj7ljlfb4ta2frhrcoadm26", "IBM Turbonomic", "sub"),
            ("oidc.op1.openshiftapps.com/2f785sojlpb85i7402pk3qogugim5nfb", "IBM Turbonomic", "sub"),
            ("oidc.op1.openshiftapps.com/2c51blsaqa9gkjt0o9rt11mle8mmropu", "IBM Turbonomic", "sub"),
            ("api.pulumi.com/oidc", "Pulumi Cloud", "aud"),
            ("sandboxes.cloud", "sandboxes.cloud", "aud"),
            ("scalr.io", "Scalr", "sub"),
            ("tokens.cloud.shisho.dev", "Shisho Cloud", "sub"),
            ("proidc.upbound.io", "Upbound", "sub"),
        )
    ),
)
"""The known issuers. The first row whose host matches counts."""


def issuer_of(provider: str) -> Issuer | None:
    """The issuer of an OIDC provider, given as its ARN or as the host (with path), or None if the issuer is unknown."""
    host = split_arn(provider).name.removeprefix("oidc-provider/") or provider.removeprefix("https://")
    return next((issuer for issuer in ISSUERS if glob_match(issuer.host, host, ignore_case=True)), None)


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


def ladder(issuer: Issuer | None, text: str) -> tuple[str, ...]:
    """The values that a narrowed policy may use for a subject, each wider than the one before: the subject itself if it
    recurs, one kind of its refs, its repository.

    Only the subject itself if its form isn't known, and nothing if it has `*` or `?`, which a pattern can't express.
    In each pattern, a separator precedes the `*`, so no longer name of an owner or a repository matches.
    """
    subject = subject_from_text(issuer, text)
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
    if shape == _ANY_CLAIMS and not _OWNER_CLAIM.search(f":{pieces['claim']}:{pieces['claims']}"):
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

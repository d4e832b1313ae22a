"""OpenID Connect issuers: the claims that IAM reads, and the grammar of their subjects.

A *shape* is a template of subjects, such as `repo:{owner}/{repository}:ref:refs/heads/{branch}`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from lpgen.core.arns import split_arn
from lpgen.core.globs.match import glob_match


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

AUDIENCES: Final = ("aud", "oaud", "app_id")
"""The claims that hold a token's audience.

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
ANY_CLAIMS = Shape("{claim}:{claims}")
_GITHUB_REFS = ("branch", "tag", "environment", "claims")
_SERVER = Grammar((*_GITHUB_SHAPES, ANY_CLAIMS), ("owner",), ("repository",), _GITHUB_REFS)
_GITHUB = Grammar(
    (*_GITHUB_SHAPES, *map(_with_ids, _GITHUB_SHAPES), ANY_CLAIMS),
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

"""Issuers of OpenID Connect, the grammar of their subjects, and the subjects of outsiders."""

from __future__ import annotations

import itertools
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpgen.core.globs.match import glob_match, pattern_contains
from lpgen.core.model import Action
from lpgen.core.trust.issuers import ISSUERS, STANDARD_CLAIMS, Issuer, Tenant, issuer_of
from lpgen.core.trust.subjects import Probe, is_satisfiable, ladder, probes, subject_from_text
from lpgen.edge.catalog.files import bundled_catalog

GITHUB = "token.actions.githubusercontent.com"
SERVER = "ghe.example.com/_services/token"
GITLAB = "gitlab.com"
EKS = "oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF"
CIRCLECI = "oidc.circleci.com/org/o1"
BITBUCKET = "api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc"
TERRAFORM = "app.terraform.io"
BUILDKITE = "agent.buildkite.com"
VERCEL = "oidc.vercel.com"
SPACELIFT = "demo.app.spacelift.io"
UNKNOWN = "idp.example.com"


def known(provider: str) -> Issuer:
    issuer = issuer_of(provider)
    assert issuer
    return issuer


# ---------------------------------------------------------------- issuers


@pytest.mark.parametrize(
    ("provider", "name", "tenant"),
    [
        (f"arn:aws:iam::111122223333:oidc-provider/{GITHUB}", "GitHub Actions", Tenant.SHARED),
        (f"{GITHUB}/octocat-inc", "GitHub Actions of an enterprise", Tenant.PRIVATE),
        ("token.actions.octocorp.ghe.com", "GitHub Actions on GHE.com", Tenant.PRIVATE),
        ("token.actions.octocorp.ghe.com/octocorp", "GitHub Actions on GHE.com", Tenant.PRIVATE),
        (f"https://{SERVER}", "GitHub Enterprise Server", Tenant.PRIVATE),
        (GITLAB, "GitLab.com", Tenant.SHARED),
        ("gitlab.example.com", "self-managed GitLab", Tenant.PRIVATE),
        (f"arn:aws:iam::111122223333:oidc-provider/{EKS}", "Amazon EKS", Tenant.PRIVATE),
        ("oidc.eks.cn-north-1.amazonaws.com.cn/id/0123456789ABCDEF", "Amazon EKS", Tenant.PRIVATE),
        ("oidc-eks.eu-west-1.api.aws/id/0123456789ABCDEF", "Amazon EKS", Tenant.PRIVATE),
        (CIRCLECI, "CircleCI", Tenant.PRIVATE),
        (BITBUCKET, "Bitbucket Pipelines", Tenant.PRIVATE),
        (VERCEL, "Vercel", Tenant.SHARED),
        (f"{VERCEL}/acme", "Vercel", Tenant.PRIVATE),
        ("cognito-identity.amazonaws.com", "Amazon Cognito", Tenant.SHARED),
    ],
)
def test_issuer_of_knows_a_provider_by_its_arn_or_host(provider: str, name: str, tenant: Tenant) -> None:
    issuer = known(provider)
    assert (issuer.name, issuer.tenant) == (name, tenant)


@pytest.mark.parametrize(
    "provider", [UNKNOWN, f"{GITHUB}.example.com", "arn:aws:iam::111122223333:saml-provider/x", ""]
)
def test_issuer_of_does_not_guess(provider: str) -> None:
    assert issuer_of(provider) is None


def test_the_claims_of_issuers_are_the_condition_keys_in_the_service_authorization_reference() -> None:
    reference: dict[str, set[str]] = {}
    for key in bundled_catalog().detail(Action("sts:AssumeRoleWithWebIdentity")).condition_keys:
        host, _, claim = re.sub(r"\$\{\w+\}", "x", key).partition(":")
        if "." in host and ".buildkite." not in host.replace("agent.buildkite.com", ""):
            reference.setdefault(host, set()).add(claim)
    assert len(reference) == 12
    for host, claims in reference.items():
        assert claims - set(STANDARD_CLAIMS) == set(known(host).claims) - set(STANDARD_CLAIMS), host


def test_iam_demands_a_claim_of_the_shared_issuers_on_awss_page() -> None:
    demanding = [issuer for issuer in ISSUERS if issuer.demanded]
    assert len(demanding) == 22
    assert all(issuer.tenant is Tenant.SHARED for issuer in demanding)
    assert {issuer.demanded for issuer in demanding} == {("sub",), ("aud",), ("sts:RoleSessionName",)}


def test_every_issuer_names_a_page() -> None:
    assert all(issuer.source.startswith("https://") for issuer in ISSUERS)


# ---------------------------------------------------------------- subjects and ladders

# From the pages of the issuers, and the threads
# https://github.com/aws-actions/configure-aws-credentials/issues/1888,
# https://github.com/aws-actions/configure-aws-credentials/issues/454 and
# https://github.com/terraform-aws-modules/terraform-aws-iam/issues/659.
OCTO, IDS = "repo:octo-org/octo-repo:", "repo:octocat@123456/my-repo@456789:"
WORKFLOW = "job_workflow_ref:octo-org/octo-automation/.github/workflows/oidc.yml@refs/heads/main"
GROUP, PROJECT = "project_path:my-group/sub/my-project:", "project_path:my-group/my-project:"
JOB, ORIGIN = "org/o1/project/p1/", "/vcs-origin/github.com/octo/r/vcs-ref/refs/heads/"
WORKSPACE = "organization:my-org:project:Default Project:workspace:my-workspace:"
PIPELINE = "organization:acme-inc:pipeline:super-duper-app:"
STACK = "space:legacy-01KJMM56VS4W3AL9YZWVCXBX8D:stack:infra:"
SUBJECTS = [
    (GITHUB, "branch", OCTO + "ref:refs/heads/demo-branch", [OCTO + "ref:refs/heads/*", OCTO + "*"]),
    (GITHUB, "tag", OCTO + "ref:refs/tags/demo-tag", [OCTO + "ref:refs/tags/*", OCTO + "*"]),
    (GITHUB, "environment", OCTO + "environment:Production%3AV1", [OCTO + "*"]),
    (GITHUB, "pull_request", OCTO + "pull_request", [OCTO + "*"]),
    (GITHUB, "branch", IDS + "ref:refs/heads/main", [IDS + "ref:refs/heads/*", IDS + "*"]),
    (GITHUB, "other", IDS + "repository_visibility:private", [IDS + "*"]),
    (GITHUB, "other", OCTO + "environment:prod:" + WORKFLOW, [OCTO + "*"]),
    (GITHUB, "other", OCTO + "pull_request:workflow:w:" + WORKFLOW, [OCTO + "*"]),
    (GITHUB, "other", OCTO + WORKFLOW, [OCTO + "*"]),
    (SERVER, "branch", OCTO + "ref:refs/heads/a/b", [OCTO + "ref:refs/heads/*", OCTO + "*"]),
    (GITLAB, "branch", GROUP + "ref_type:branch:ref:feature-1", [GROUP + "ref_type:branch:ref:*", GROUP + "*"]),
    (GITLAB, "tag", PROJECT + "ref_type:tag:ref:v4.2.0", [PROJECT + "ref_type:tag:ref:*", PROJECT + "*"]),
    (EKS, "other", "system:serviceaccount:default:my-service-account", ["system:serviceaccount:default:*"]),
    (CIRCLECI, "other", JOB + "user/u1", [JOB + "*"]),
    (
        *(CIRCLECI, "branch", JOB + "user/u1" + ORIGIN + "main"),
        [JOB + "user/*" + ORIGIN + "main", JOB + "user/*" + ORIGIN + "*", JOB + "*"],
    ),
    (BITBUCKET, "environment", "{r-1}:{e-1}:{s-1}", ["{r-1}:{e-1}:*", "{r-1}:*"]),
    (BITBUCKET, "other", "{r-1}:{s-1}", ["{r-1}:*"]),
    (TERRAFORM, "other", WORKSPACE + "run_phase:apply", [WORKSPACE + "*"]),
    (
        *(BUILDKITE, "branch", PIPELINE + "ref:refs/heads/main:commit:9f3182061f1e:step:build"),
        [PIPELINE + "ref:refs/heads/main:*", PIPELINE + "ref:refs/heads/*", PIPELINE + "*"],
    ),
    (VERCEL, "environment", "owner:acme:project:web:environment:production", ["owner:acme:project:web:*"]),
    (SPACELIFT, "other", STACK + "run_type:TRACKED:scope:write", [STACK + "*"]),
    (SPACELIFT, "other", "space:dev:module:m:run_type:TESTING:scope:read", ["space:dev:module:m:*"]),
]


@pytest.mark.parametrize(("provider", "kind", "text", "rungs"), SUBJECTS)
def test_ladder_climbs_from_the_subject_to_its_repository(
    provider: str, kind: str, text: str, rungs: list[str]
) -> None:
    issuer = known(provider)
    subject = subject_from_text(issuer, text)
    assert subject
    assert (subject.kind, subject.text) == (kind, text)
    recurs = kind != "tag" and provider != BITBUCKET
    assert ladder(issuer, text) == (*([text] if recurs else []), *rungs)


@pytest.mark.parametrize(
    ("provider", "text"),
    [
        (UNKNOWN, "user-1"),
        (GITHUB, "job_workflow_ref:octo-org/octo-automation/.github/workflows/oidc.yml@refs/heads/main"),
        (GITHUB, "repository_owner:monalisa:repository_visibility:private"),
        (SERVER, "repo:octocat@123456/my-repo@456789:ref:refs/heads/main"),
        (BUILDKITE, "0191f956-042f-7ec4-aa62-8e5eeae396d0"),
        ("accounts.google.com", "109876543210987654321"),
    ],
)
def test_ladder_has_only_the_subject_if_its_form_is_unknown(provider: str, text: str) -> None:
    assert subject_from_text(issuer_of(provider), text) is None
    assert ladder(issuer_of(provider), text) == (text,)


def test_ladder_is_empty_for_a_subject_that_no_pattern_expresses() -> None:
    assert ladder(known(GITHUB), "repo:o/r:environment:what?") == ()
    assert ladder(None, "a*") == ()


def test_subject_has_its_fields_from_the_widest_to_the_narrowest_and_ids() -> None:
    subject = subject_from_text(known(GITHUB), "repo:octocat@123456/my-repo@456789:environment:prod")
    assert subject
    assert [name for name, _ in subject.fields] == ["owner", "owner_id", "repository", "repository_id", "environment"]
    assert (subject.owner_id, subject.repository_id) == ("123456", "456789")


def test_subject_of_circleci_takes_the_first_origin_since_a_branch_may_imitate_one() -> None:
    text = "org/o/project/p/user/u/vcs-origin/github.com/a/b/vcs-ref/refs/heads/x/vcs-ref/refs/heads/main"
    subject = subject_from_text(known(CIRCLECI), text)
    assert subject
    assert dict(subject.fields)["origin"] == "github.com/a/b"


NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,8}", fullmatch=True)
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
# By issuer, subjects with the parts owner, repository, a name that may have slashes, and another name.
FORMS = {
    GITHUB: ["repo:{0}/{1}:ref:refs/heads/{2}", "repo:{0}/{1}:ref:refs/tags/{2}", "repo:{0}/{1}:environment:{3}",
             "repo:{0}/{1}:pull_request", "repo:{0}@1/{1}@2:ref:refs/heads/{2}", "repo:{0}/{1}:workflow:{3}"],
    GITLAB: ["project_path:{2}/{1}:ref_type:branch:ref:{2}", "project_path:{0}/{1}:ref_type:tag:ref:{2}"],
    EKS: ["system:serviceaccount:{1}:{3}"],
    CIRCLECI: ["org/{0}/project/{1}/user/{3}", "org/{0}/project/{1}/user/{3}/vcs-origin/{2}/vcs-ref/refs/heads/{2}"],
    BITBUCKET: ["{{{1}}}:{{{0}}}:{{{3}}}", "{{{1}}}:{{{3}}}"],
    TERRAFORM: ["organization:{0}:project:{3}:workspace:{1}:run_phase:plan"],
    BUILDKITE: ["organization:{0}:pipeline:{1}:ref:refs/heads/{2}:commit:{3}:step:{3}"],
    VERCEL: ["owner:{0}:project:{1}:environment:{3}"],
    SPACELIFT: ["space:{0}:stack:{1}:run_type:TASK:scope:write"],
}  # fmt: skip
PAIRS = [(provider, form) for provider, forms in FORMS.items() for form in forms]


@given(st.sampled_from(PAIRS), st.tuples(NAMES, NAMES, PATHS, NAMES))
def test_law_each_rung_matches_the_subject_and_includes_the_rung_before(
    pair: tuple[str, str], parts: tuple[str, ...]
) -> None:
    provider, form = pair
    text = form.format(*parts)
    rungs = ladder(known(provider), text)
    assert (rungs[0] == text) == (provider != BITBUCKET and "tag" not in form)
    assert glob_match(rungs[0], text)
    assert all(pattern_contains(wide, narrow) for narrow, wide in itertools.pairwise(rungs))
    assert len(set(rungs)) == len(rungs)


@given(st.sampled_from(PAIRS), st.tuples(NAMES, NAMES, PATHS, NAMES), NAMES)
def test_law_no_rung_matches_another_repository(pair: tuple[str, str], parts: tuple[str, ...], other: str) -> None:
    provider, form = pair
    rungs = ladder(known(provider), form.format(*parts))
    longer = (parts[0], parts[1] + other, *parts[2:])
    strangers = [(parts[0], other, *parts[2:])] if other != parts[1] else []
    for stranger in (longer, *strangers):
        assert not any(glob_match(rung, form.format(*stranger)) for rung in rungs)


# ---------------------------------------------------------------- outsiders


def accepted(provider: str, value: str) -> set[tuple[str, str]]:
    """The kinds (and fields) of the probes that a StringLike condition with this value accepts."""
    found = probes(issuer_of(provider), value)
    return {(probe.kind, probe.field) for probe in found if glob_match(value, probe.subject)}


IDENTITY, REPOSITORY, REF = ("any-identity", ""), ("any-repository", ""), ("any-ref", "")
PULLS = ("pull-requests", "")


@pytest.mark.parametrize(
    ("provider", "value", "kinds"),
    [
        (GITHUB, "*", {IDENTITY, REPOSITORY, REF, PULLS}),
        (GITHUB, "repo:*", {IDENTITY, REPOSITORY, REF, PULLS}),
        (GITHUB, "repo:*/app:*", {IDENTITY, REF, PULLS}),
        (GITHUB, "repo:*:ref:refs/heads/main", {IDENTITY, REPOSITORY}),
        (GITHUB, "repo:org/*", {REPOSITORY, REF, PULLS}),
        (GITHUB, "repo:org/*:ref:refs/heads/main", {REPOSITORY}),
        (GITHUB, "repo:org@1/*", {REPOSITORY, REF, PULLS}),
        (GITHUB, "repo:*@*/*@2:*", {REF, PULLS}),
        (GITHUB, "repo:org/app:*", {REF, PULLS}),
        (GITHUB, "repo:org/app:ref:refs/heads/*", {REF}),
        (GITHUB, "repo:org/app:environment:*", {REF}),
        (GITHUB, "repo:org/app:pull_request", {PULLS}),
        (GITHUB, "repo:org/app:ref:refs/heads/main", set()),
        (GITHUB, "repo:org/app:ref:refs/heads/release/*", set()),
        (GITHUB, "repo:org/app:ref:refs/heads/main*", {("open-prefix", "branch")}),
        (GITHUB, "repo:org/app:environment:prod*", {("open-prefix", "environment")}),
        (GITHUB, "repo:org/app*:ref:refs/heads/main", {("open-prefix", "repository")}),
        (GITHUB, "repo:org/app*", {REF, PULLS, ("open-prefix", "repository")}),
        (GITHUB, "repo:org*/app:ref:refs/heads/main", {("open-prefix", "owner")}),
        (GITHUB, "repo:org@1*/app@2:pull_request", {PULLS, ("open-prefix", "owner_id")}),
        (GITHUB, "repo:o/r:*:job_workflow_ref:o/wf/.github/workflows/w.yml@refs/heads/main", {REF}),
        (GITHUB, "repo:o/*:job_workflow_ref:o/wf/.github/workflows/w.yml@refs/heads/main", {REPOSITORY, REF}),
        (GITHUB, "repo:o/r:job_workflow_ref:o/wf/.github/workflows/w.yml@refs/heads/main", set()),
        (GITHUB, "workflow:deploy", {IDENTITY}),
        (SERVER, "environment:prod:repository_visibility:*", {IDENTITY}),
        (GITHUB, "repository_owner:monalisa:repository_visibility:private", set()),
        (GITHUB, "workflow:deploy:repository_id:1", set()),
        (GITLAB, "project_path:*", {IDENTITY, REPOSITORY, REF}),
        (GITLAB, "project_path:group/*", {REPOSITORY, REF}),
        (GITLAB, "project_path:group/sub/*:ref_type:branch:ref:main", {REPOSITORY}),
        (GITLAB, "project_path:group/app:ref_type:branch:ref:*", {REF}),
        (GITLAB, "project_path:group/app*:ref_type:branch:ref:main", {("open-prefix", "project")}),
        (GITLAB, "project_path:group*", {REPOSITORY, REF, ("open-prefix", "group")}),
        (GITLAB, "project_path:group/app:ref_type:branch:ref:main", set()),
        (EKS, "*", {REPOSITORY, REF}),
        (EKS, "system:serviceaccount:*:app", {REPOSITORY}),
        (EKS, "system:serviceaccount:ns:*", {REF}),
        (EKS, "system:serviceaccount:ns:app*", {("open-prefix", "service_account")}),
        (EKS, "system:serviceaccount:ns*:app", {("open-prefix", "namespace")}),
        (EKS, "system:serviceaccount:ns:app", set()),
        (CIRCLECI, "org/o1/*", {REPOSITORY, REF}),
        (CIRCLECI, "org/o1/project/p1/*", {REF}),
        (CIRCLECI, "org/o1/project/p1/user/*/vcs-origin/github.com/o/r/vcs-ref/refs/heads/main", set()),
        (CIRCLECI, "org/o1/project/*/user/*/vcs-origin/github.com/o/*/vcs-ref/refs/heads/main", {REPOSITORY}),
        (BITBUCKET, "{r-1}:*", {REF}),
        (BITBUCKET, "{r-1}:{e-1}:*", set()),
        (BITBUCKET, "*:{e-1}:*", {REPOSITORY}),
        (TERRAFORM, "organization:my-org:*", {REPOSITORY, REF}),
        (TERRAFORM, "organization:my-org:project:p:workspace:*:run_phase:apply", {REPOSITORY}),
        (TERRAFORM, "organization:my-org:project:*:workspace:w:run_phase:*", {REF}),
        (TERRAFORM, "organization:*:project:p:workspace:w:run_phase:apply", {IDENTITY}),
        (BUILDKITE, "organization:acme-inc:*", {REPOSITORY, REF}),
        (BUILDKITE, "organization:acme-inc:pipeline:app:ref:refs/heads/main:*", set()),
        (VERCEL, "owner:acme:project:*:environment:production", {REPOSITORY}),
        (VERCEL, "owner:*:project:web:environment:production", {IDENTITY}),
        ("oidc.codefresh.io", "*", {IDENTITY}),
        ("oidc.codefresh.io", "account:1:pipeline:2", set()),
        (UNKNOWN, "*", set()),
    ],
)  # fmt: skip
def test_probes_show_which_outsiders_a_value_accepts(provider: str, value: str, kinds: set[tuple[str, str]]) -> None:
    assert accepted(provider, value) == kinds


LEVELS = {
    GITHUB: (("owner",), ("repository",), ("branch", "tag", "environment")),
    GITLAB: (("group",), ("project",), ("branch", "tag")),
    EKS: ((), ("namespace",), ("service_account",)),
    TERRAFORM: (("organization",), ("workspace",), ("run_phase",)),
    VERCEL: (("owner",), ("project",), ("environment",)),
}


@given(
    st.sampled_from([pair for pair in PAIRS if pair[0] in LEVELS and "@" not in pair[1]]),
    st.tuples(NAMES, NAMES, PATHS, NAMES),
)
def test_law_a_probe_differs_from_an_exact_value_only_on_its_level(
    pair: tuple[str, str], parts: tuple[str, ...]
) -> None:
    provider, form = pair
    text = form.format(*parts)
    own = subject_from_text(known(provider), text)
    assert own
    for probe in probes(known(provider), text):
        stranger = subject_from_text(known(provider), probe.subject)
        assert stranger
        assert stranger.kind == own.kind
        assert changed_fields(dict(own.fields), dict(stranger.fields)) <= expected_fields(provider, probe)
        assert (probe.subject == text) == (probe.kind == "pull-requests")


def changed_fields(one: dict[str, str], other: dict[str, str]) -> set[str]:
    return {name for name in one if one[name] != other[name]}


def expected_fields(provider: str, probe: Probe) -> set[str]:
    owner, repository, ref = LEVELS[provider]
    by_kind = {"any-identity": owner, "any-repository": repository, "any-ref": (*ref, "claims"), "pull-requests": ()}
    return set(by_kind[probe.kind])


@given(st.text(alphabet="repo:/@*?a1-", max_size=30))
def test_law_a_value_accepts_its_open_prefixes(value: str) -> None:
    issuer = known(GITHUB)
    opened = [probe for probe in probes(issuer, value) if probe.kind == "open-prefix"]
    assert all(glob_match(value, probe.subject) for probe in opened)


# ---------------------------------------------------------------- values that nothing matches


@pytest.mark.parametrize(
    ("provider", "value", "expected"),
    [
        (GITHUB, "repo:org/repo", False),
        (GITHUB, "repo:org/repo:", False),
        (GITHUB, "refs/heads/main", False),
        (GITHUB, "repo:org/repo:refs/heads/main", False),
        (GITHUB, "repo:org/repo:ref:main", False),
        (GITHUB, "repo:org/repo:environment:", False),
        (GITHUB, "repo:org/repo:pull_requests", False),
        (GITHUB, "org/repo:*", False),
        (GITHUB, "repo:https://github.com/org/repo:*", False),
        # As in https://github.com/aws-actions/configure-aws-credentials/issues/1888
        (GITHUB, "repo:org@456789:ref:refs/heads/main", False),
        (GITHUB, "repo:org@1/repo:ref:refs/heads/main", False),
        (GITHUB, "repo:org@x/repo@y:ref:refs/heads/main", False),
        (SERVER, "repo:org@1/repo@2:ref:refs/heads/main", False),
        (GITHUB, "", False),
        (GITHUB, "repo:org/repo*", True),
        (GITHUB, "repo:org/repo:*", True),
        (GITHUB, "repo:org*", True),
        (GITHUB, "*", True),
        (GITHUB, "repo:org@1/repo@2:ref:refs/heads/main", True),
        (GITHUB, "repo:org@*/repo@*:environment:prod", True),
        (GITHUB, "repo:org/repo:ref:refs/pull/*", True),
        (GITHUB, "repo:org/repo:ref:refs/heads/main:workflow:x", True),
        (GITHUB, "repo:org/repo:some_new_claim:x", True),
        (GITHUB, "repository_id:1", True),
        (GITHUB, "job_workflow_ref:o/r/.github/workflows/w.yml@*", True),
        (GITLAB, "project_path:group/app", True),
        (GITLAB, "project_id:20:ref_type:branch:ref:main", True),
        (GITLAB, "project_path:app:ref_type:branch:ref:main", False),
        (GITLAB, "group/app:*", False),
        (EKS, "system:serviceaccount:app", False),
        (EKS, "app", False),
        (EKS, "system:serviceaccount:ns:app", True),
        (CIRCLECI, "project/p1/*", False),
        (TERRAFORM, "organization:o:workspace:w:run_phase:apply", True),
        (TERRAFORM, "workspace:w", False),
        (BUILDKITE, "0191f956-042f-7ec4-aa62-8e5eeae396d0", True),
        ("accounts.google.com", "anything", True),
        (UNKNOWN, "anything", True),
    ],
)
def test_is_satisfiable_says_no_only_if_no_subject_can_match(provider: str, value: str, *, expected: bool) -> None:
    assert is_satisfiable(issuer_of(provider), value) == expected


@given(st.sampled_from(PAIRS), st.tuples(NAMES, NAMES, PATHS, NAMES), st.data())
def test_law_a_pattern_of_a_real_subject_is_satisfiable(
    pair: tuple[str, str], parts: tuple[str, ...], data: st.DataObject
) -> None:
    provider, form = pair
    text = form.format(*parts)
    ends = sorted(data.draw(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))))
    pattern = text[: ends[0]] + data.draw(st.sampled_from(["*", "?" * (ends[1] - ends[0])])) + text[ends[1] :]
    assert glob_match(pattern, text)
    assert is_satisfiable(known(provider), pattern)


def test_hostile_patterns_take_little_time() -> None:
    began = time.monotonic()
    for issuer in ISSUERS:
        for value in ("a*?" * 680, "*?" * 1024, "repo:" + "*:" * 1024, "*a" * 1024 + "!"):
            probes(issuer, value)
            is_satisfiable(issuer, value)
    assert time.monotonic() - began < 10

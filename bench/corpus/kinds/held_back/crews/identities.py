"""Jobs of one role that only the subjects of web identities tell apart, and many subjects that do one job.

https://docs.github.com/en/actions/reference/security/oidc
https://docs.aws.amazon.com/eks/latest/userguide/iam-roles-for-service-accounts.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from bench.corpus.calendar import Day, Place, Use
from bench.corpus.crew import DEVELOPMENT, Choose, Crew, Job, Member, always, idle, in_session
from bench.corpus.draw import Draw
from bench.corpus.kinds.held_back.crews.callers import JAVA, SERVER, provider_arn, trusting_subjects
from bench.corpus.kinds.held_back.crews.schedules import on_days, some_second, workdays
from bench.corpus.kinds.recipes import bucket_grant, daily, often, some_object, step, together
from bench.corpus.profile import Kinds, Profile, Schedule, grant, stable_number
from bench.corpus.session import Session

KINDS = Kinds()

_GITHUB: Final = "token.actions.githubusercontent.com"
_ACTIONS: Final = (
    "aws-cli/2.27.50 md/awscrt#0.26.1 ua/2.1 os/linux#6.11.0-1018-azure md/arch#x86_64 lang/python#3.13.4 m/E,b"
)
_GO: Final = "aws-sdk-go-v2/1.36.6 ua/2.1 os/linux lang/go#1.24.4 md/GOOS#linux md/GOARCH#amd64"


def _cluster(d: Draw) -> str:
    """The identity provider of a cluster."""
    return provider_arn(d, f"oidc.eks.{d.region}.amazonaws.com/id/{d.hex(32).upper()}")


def _pod(account: str, today: Day) -> str:
    """The address of a service account's pod. A new pod replaces it each week."""
    number = stable_number(f"{account}/{today.index // 7}")
    return f"10.20.{number % 250}.{number // 250 % 250 + 4}"


@KINDS.crew()
def repositories_of_an_organization(d: Draw) -> Crew:
    """The workflows of three repositories share a role. One repository deploys many branches, and another only tags."""
    org, site, figures = f"{d.subject}-labs", d.bucket("site"), d.bucket("figures")
    distribution = Place(f"arn:aws:cloudfront::{d.account.id}:distribution/E{d.upper(13)}")
    image, service = d.own("ecr", f"repository/{d.app}"), d.own("ecs", f"service/{d.pick('core', 'main')}/{d.app}")
    group, settings = d.own("athena", f"workgroup/{d.app}"), Place(d.arn("ssm", f"parameter/{d.app}/deploy"))
    branches = ["ref:refs/heads/main", f"ref:refs/heads/release/{d.between(3, 9)}.x", "pull_request"]
    release, ticket = d.between(2, 30), d.between(100, 999)

    def subject(repository: str, choose: Callable[[Day], str]) -> Choose:
        return lambda today: Session("GitHubActions", by=f"repo:{org}/{repository}:{choose(today)}", agent=_ACTIONS)

    def branch(today: Day) -> str:
        """Each feature branch lives for some weeks."""
        feature = f"ref:refs/heads/feature/{d.subject.upper()[:4]}-{ticket + 7 * (today.index // 25)}"
        return today.rng.choice([*branches, feature])

    shared = step(often(0.6), "ssm:GetParameter", settings)
    work: dict[str, tuple[Schedule, Choose]] = {
        f"{d.subject}-storefront": (
            on_days(
                workdays(0.8),
                step(daily, "s3:PutObject", some_object(site, "assets")),
                step(daily, "s3:ListBucket", site),
                step(often(0.8), "cloudfront:CreateInvalidation", distribution),
                shared,
            ),
            subject(f"{d.subject}-storefront", branch),
        ),
        f"{d.subject}-backend": (
            on_days(
                workdays(0.5),
                step(daily, "ecr:GetAuthorizationToken"),
                step(daily, "ecr:InitiateLayerUpload UploadLayerPart CompleteLayerUpload PutImage", image),
                step(daily, "ecs:UpdateService DescribeServices", service),
                shared,
            ),
            subject(f"{d.subject}-backend", lambda today: f"ref:refs/tags/v{release}.{today.index // 3}.0"),
        ),
        f"{d.subject}-figures": (
            together(
                step(daily, "athena:StartQueryExecution GetQueryExecution", group),
                step(daily, "s3:GetObject", some_object(figures, "raw")),
                step(often(0.5), "s3:PutObject", some_object(figures, "weekly")),
                shared,
            ),
            subject(f"{d.subject}-figures", lambda _: "environment:production"),
        ),
    }
    grants = [grant("ssm:Get*"), grant("ecr:*"), grant("ecs:*"), grant("athena:*"), grant("cloudfront:*")]
    grants += [bucket_grant(site), bucket_grant(figures)]
    profile = Profile(
        d.pick(f"{d.app}-github", f"GitHub-{d.app}"), "workflows of an organization", grants, idle, "oidc"
    )
    jobs = [Job(name, schedule, session) for name, (schedule, session) in work.items()]
    return Crew(
        [Member("deploy", profile, jobs=jobs, trust=trusting_subjects(provider_arn(d, _GITHUB), f"repo:{org}/*"))]
    )


@KINDS.crew()
def service_accounts_with_sidecars(d: Draw) -> Crew:
    """Pods of three service accounts share a role. Those of one have a sidecar, whose SDK names sessions differently.

    The addresses show that the sidecar runs in the same pods. All containers of a pod share its service account.
    https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/
    """
    orders, prices, events = d.table("orders"), d.table("prices"), d.queue("events")
    copies, feed, key = d.bucket("audit"), d.bucket("feed"), d.key()
    domain = d.own("es", f"domain/{d.subject}-{d.hex(4)}")
    space = d.pick("shop", "backend", d.subject)

    def java(account: str) -> Choose:
        return lambda today: Session(
            f"aws-sdk-java-{1000 * some_second(today)}", by=account, agent=JAVA, address=_pod(account, today)
        )

    def go(account: str) -> Choose:
        return lambda today: Session(
            f"{10**9 * some_second(today) + today.rng.randrange(10**9)}",
            by=account,
            agent=_GO,
            address=_pod(account, today),
        )

    checkout, pricing, index = (
        f"system:serviceaccount:{where}"
        for where in (f"{space}:checkout", f"{space}:pricing", f"search:{d.subject}-indexer")
    )
    sidecar = together(step(daily, "s3:PutObject", some_object(copies, "audit")), step(often(0.9), "kms:Decrypt", key))
    jobs = [
        Job(
            "checkout",
            together(
                step(daily, "dynamodb:GetItem PutItem", orders),
                step(daily, "sqs:SendMessage", events),
                in_session(go(checkout), sidecar),
            ),
            java(checkout),
        ),
        Job(
            "pricing",
            together(
                step(daily, "s3:GetObject", some_object(feed, "prices")),
                step(daily, "dynamodb:UpdateItem Query", prices),
                step(often(0.3), "s3:ListBucket", feed),
            ),
            java(pricing),
        ),
        Job(
            "index",
            together(
                step(daily, "sqs:ReceiveMessage DeleteMessage", events),
                step(often(0.7), "es:DescribeDomain", domain),
                step(often(0.9), "dynamodb:Scan", prices),
            ),
            go(index),
        ),
    ]
    grants = [grant("dynamodb:*", orders.arn, prices.arn), grant("sqs:*", events.arn), grant("es:*", domain.arn)]
    grants += [bucket_grant(copies), bucket_grant(feed), grant("kms:Decrypt DescribeKey", key.arn)]
    trust = trusting_subjects(_cluster(d), f"system:serviceaccount:{space}:*", "system:serviceaccount:search:*")
    name = d.pick(f"{d.app}-eks-workloads", f"eksctl-{d.app}-addon-iamserviceaccount-Role1-{d.upper(12)}")
    return Crew(
        [Member("pods", Profile(name, "several service accounts", grants, idle, "irsa"), jobs=jobs, trust=trust)]
    )


@KINDS.crew()
def one_job_of_many_subjects(d: Draw) -> Crew:
    """Two roles with one job each: a build cache for all repositories, and short-lived namespaces for pull requests."""
    org, cache, key = f"{d.subject}-labs", d.bucket("build-cache"), d.key()
    words = (
        "web",
        "api",
        "docs",
        "mobile",
        "admin",
        "search",
        "mailer",
        "billing",
        "cli",
        "sdk-js",
        "sdk-go",
        "themes",
    )
    repositories = [f"{org}/{word}" for word in d.rng.sample(words, d.between(8, 12))]
    token = Place(d.arn("ssm", f"parameter/{d.app}/cache-token"))
    caching = together(
        step(daily, "s3:GetObject PutObject", some_object(cache, "layers")),
        step(often(0.6), "s3:ListBucket", cache),
        step(often(0.7), "kms:Decrypt GenerateDataKey", key),
        step(often(0.3), "ssm:GetParameter", token),
    )

    def builds(today: Day) -> Iterator[Use]:
        for repository in today.rng.sample(repositories, today.rng.randint(1, 4) if today.is_workday else 1):
            ref = today.rng.choice(("ref:refs/heads/main", "pull_request", "pull_request"))
            session = Session("GitHubActions", by=f"repo:{repository}:{ref}", agent=_ACTIONS)
            yield from in_session(always(session), caching)(today)

    grants = [bucket_grant(cache), grant("kms:Decrypt GenerateDataKey", key.arn), grant("ssm:Get*")]
    profile = Profile(f"{d.app}-build-cache", "the cache of all builds", grants, builds, "oidc")
    members = [Member("cache", profile, trust=trusting_subjects(provider_arn(d, _GITHUB), f"repo:{org}/*"))]

    dev, first, life = d.in_account(DEVELOPMENT), d.between(200, 3000), d.between(4, 9)
    table, queue, files = dev.table("previews"), dev.queue("previews"), dev.bucket("previews")
    showing = together(
        step(daily, "dynamodb:GetItem PutItem Query", table),
        step(often(0.8), "sqs:SendMessage ReceiveMessage DeleteMessage", queue),
        step(often(0.5), "s3:GetObject PutObject", some_object(files, "uploads")),
    )

    def previews(today: Day) -> Iterator[Use]:
        for turn in range(3):
            number = first + 3 * ((today.index + turn * life // 3) // life) + turn
            if today.is_workday or turn == 0:
                account = f"system:serviceaccount:pr-{number}:web"
                session = Session(f"botocore-session-{some_second(today)}", by=account, agent=SERVER)
                yield from in_session(always(session), showing)(today)

    grants = [grant("dynamodb:*", table.arn), grant("sqs:*", queue.arn), bucket_grant(files)]
    profile = Profile(f"{d.app}-preview", "a namespace for each pull request", grants, previews, "irsa")
    trust = trusting_subjects(_cluster(dev), "system:serviceaccount:pr-*:web")
    return Crew([*members, Member("preview", profile, DEVELOPMENT, trust=trust)])

"""Users and their keys, which pipelines, people or several machines hold.

https://docs.gitlab.com/ci/cloud_services/aws/
https://docs.aws.amazon.com/sdkref/latest/guide/feature-appid.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from bench.corpus.calendar import Day, Use
from bench.corpus.crew import Choose, Crew, Goal, Member, User, UserKind, always, in_session
from bench.corpus.draw import Draw
from bench.corpus.kinds.held_back.crews.callers import (
    JAVA,
    MAC,
    SERVER,
    SSO_PATH,
    STAFF,
    WINDOWS,
    provider_arn,
    reserved_name,
    some_people,
    trusting_subjects,
)
from bench.corpus.kinds.held_back.crews.schedules import at_second, on_days, some_second, workdays
from bench.corpus.kinds.recipes import When, bucket_grant, daily, often, some_object, step, together
from bench.corpus.profile import Kinds, Profile, Schedule, grant
from bench.corpus.session import Session

KINDS = Kinds()

_GITLAB: Final = (
    "aws-cli/2.27.50 md/awscrt#0.26.1 ua/2.1 os/linux#5.15.154 md/arch#x86_64 lang/python#3.13.4 app/gitlab-ci"
)
_CIRCLE: Final = (
    "aws-cli/2.25.11 md/awscrt#0.23.8 ua/2.1 os/linux#6.8.0-1024-gcp md/arch#x86_64 lang/python#3.12.9 app/circleci"
)


@KINDS.crew()
def keys_that_name_their_pipelines(d: Draw) -> Crew:
    """A GitLab project has a key and a role. Another project has only a role, and another tool only a key."""
    group, artifacts, docs = f"{d.subject}-group", d.bucket("artifacts"), d.bucket("docs")
    function, stack = d.function(), d.own("cloudformation", f"stack/{d.app}/{d.uuid()}")
    other = d.own("cloudformation", f"stack/{d.subject}-platform/{d.uuid()}")
    project, number, issuer = f"{group}/{d.app}", d.between(10_000, 90_000), provider_arn(d, "gitlab.com")

    def hosted(agent: str) -> Choose:
        return lambda today: Session(agent=agent, address=f"198.51.100.{today.rng.randrange(1, 250)}")

    def pipeline(path: str) -> Choose:
        def session(today: Day) -> Session:
            subject = f"project_path:{path}:ref_type:branch:ref:main"
            return Session(f"gitlab-{number}-{some_second(today) // 97}", by=subject, agent=_GITLAB)

        return session

    def deploying(share: float) -> Schedule:
        return on_days(
            workdays(share),
            step(daily, "s3:PutObject", some_object(artifacts, d.app)),
            step(daily, "lambda:UpdateFunctionCode GetFunction", function),
            step(daily, "cloudformation:UpdateStack DescribeStacks DescribeStackEvents", stack),
        )

    grants = [bucket_grant(artifacts), grant("lambda:*", function.arn), grant("cloudformation:*", stack.arn)]
    platform = on_days(
        workdays(0.4),
        step(daily, "s3:PutObject", some_object(artifacts, "platform")),
        step(daily, "cloudformation:UpdateStack DescribeStacks", other),
        step(daily, "ec2:DescribeVpcs DescribeSubnets"),
    )
    wide = [bucket_grant(artifacts), grant("lambda:*"), grant("cloudformation:*"), grant("ec2:*")]
    name = d.pick(f"gitlab-{d.app}", f"{d.app}-ci-deployer")
    key = Profile(name, "a project's key", grants, in_session(hosted(_GITLAB), deploying(0.7)), "user", (6, 19))
    own = Profile(
        d.pick(f"{d.app}-deploy", f"gitlab-{d.app}-main"),
        "the same project, which began to move to the identity provider",
        grants,
        in_session(pipeline(project), deploying(0.4)),
        "oidc",
        (6, 19),
    )
    foreign = Profile(
        f"{d.subject}-platform-{d.hex(4)}-deploy",
        "another project",
        wide,
        in_session(pipeline(f"{group}/platform"), platform),
        "oidc",
        (6, 19),
    )
    publishing = on_days(
        workdays(0.6), step(daily, "s3:PutObject", some_object(docs, "html")), step(daily, "s3:ListBucket", docs)
    )
    docs_key = Profile(
        f"circleci-{d.app}-docs",
        "another tool's key, for which no role is there",
        [bucket_grant(docs)],
        in_session(hosted(_CIRCLE), publishing),
        "user",
        (6, 19),
    )
    return Crew(
        [
            Member(
                "key",
                key,
                tags={"ci": "gitlab", "project": project},
                user=User(UserKind.WORKLOAD, (Goal.ROLE,), existing="role"),
            ),
            Member("role", own, trust=trusting_subjects(issuer, f"project_path:{project}:ref_type:branch:ref:*")),
            Member("platform", foreign, trust=trusting_subjects(issuer, f"project_path:{group}/platform:*")),
            # No record or policy has the IDs of the organization and project that CircleCI's tokens name.
            Member(
                "docs",
                docs_key,
                tags={"used-by": "circleci", "repository": f"gh/{group}/docs"},
                user=User(UserKind.WORKLOAD, (Goal.ROLE, Goal.QUESTION)),
            ),
        ]
    )


@KINDS.crew()
def people_with_keys_and_a_set(d: Draw) -> Crew:
    """Two people still use keys with MFA on laptops, although their team has a permission set for the same work."""
    instances, cluster = [d.own("ec2", f"instance/i-0{d.hex(16)}") for _ in range(3)], d.own("eks", f"cluster/{d.app}")
    group, people = d.own("logs", f"log-group:/eks/{d.app}:*"), some_people(d, 4, STAFF)

    def working(share: float) -> Schedule:
        return on_days(
            workdays(share),
            step(daily, "ec2:DescribeInstances"),
            step(often(0.5), "ssm:StartSession", lambda today: today.rng.choice(instances)),
            step(often(0.7), "eks:DescribeCluster", cluster),
            step(often(0.4), "logs:FilterLogEvents", group),
        )

    grants = [grant("ec2:Describe*"), grant("ssm:StartSession", *(place.arn for place in instances))]
    grants += [grant("eks:Describe* List*"), grant("logs:*", group.arn)]
    members, truth = [], User(UserKind.PERSON, (Goal.PERMISSION_SET,), existing="team", has_mfa=True)
    for number, (first, last) in enumerate(people[:2]):
        places = [f"203.0.113.{d.between(1, 250)}", f"192.0.2.{d.between(1, 250)}"]
        work = in_session(_laptop((MAC, WINDOWS)[number], places), working(d.rng.uniform(0.4, 0.8)))
        profile = Profile(f"{first}.{last}.{d.hex(3)}", "an engineer with a key", grants, work, "user", (7, 18))
        tags = {"team": f"{d.subject}-platform", "email": f"{first}.{last}@example.com"}
        members.append(Member(f"person{number}", profile, tags=tags, user=truth))

    def colleague(today: Day) -> Session:
        return Session(f"{'.'.join(people[2 + today.rng.randrange(2)])}@example.com")

    name = reserved_name(d, "Platform")
    profile = Profile(name, "their team", grants, in_session(colleague, working(0.8)), "sso", (7, 18), SSO_PATH)
    return Crew([*members, Member("team", profile)])


def _laptop(agent: str, places: Sequence[str]) -> Choose:
    return lambda today: Session(agent=agent, address=today.rng.choice(places), mfa=True)


@KINDS.crew()
def keys_of_many_hands(d: Draw) -> Crew:
    """Two shared keys. Three company machines use one, and no record says what they are. Three people use the other."""
    bucket, queue, table = d.bucket("handover"), d.queue("handover"), d.table("handover")
    first, second = d.between(3_000, 14_000), d.between(0, 3_000)
    linux = Session(agent=SERVER, address=f"192.0.2.{d.between(1, 250)}")
    windows = Session(agent=WINDOWS, address=f"198.51.100.{d.between(1, 120)}")
    java = Session(agent=JAVA, address=f"198.51.100.{d.between(121, 250)}")
    copying = together(step(daily, "s3:ListBucket", bucket), step(daily, "s3:PutObject", some_object(bucket, "linux")))
    fetching = together(step(daily, "s3:ListBucket", bucket), step(daily, "s3:GetObject", some_object(bucket, "out")))
    telling = together(step(daily, "sqs:SendMessage", queue), step(often(0.9), "sqs:GetQueueUrl", queue))

    def hourly(schedule: Schedule) -> Schedule:
        def day(today: Day) -> Iterator[Use]:
            for hour in (2, 6, 10, 14, 18, 22):
                for use in schedule(today):
                    yield replace(use, at=3_600 * hour + second)

        return day

    machines = together(
        in_session(always(linux), at_second(first, copying)),
        in_session(always(windows), hourly(fetching)),
        in_session(always(java), telling),
    )
    grants = [bucket_grant(bucket), grant("sqs:*", queue.arn)]
    shared = Profile(f"svc-{d.app}", "a key on three machines", grants, machines, "user")
    homes = [f"203.0.113.{40 * number + d.between(1, 39)}" for number in range(3)]
    laptops = list(zip((MAC, WINDOWS, MAC.replace("24.5.0", "23.6.0")), homes, strict=True))

    def trying(share: When) -> Schedule:
        return on_days(
            share,
            step(often(0.7), "dynamodb:Scan", table),
            step(often(0.6), "dynamodb:UpdateItem", table),
            step(often(0.5), "cloudwatch:DescribeAlarms"),
            step(often(0.4), "ec2:DescribeInstances"),
        )

    people = together(
        *(
            in_session(always(Session(agent=agent, address=home)), trying(workdays(0.4 + 0.1 * number)))
            for number, (agent, home) in enumerate(laptops)
        )
    )
    grants = [grant("dynamodb:*", table.arn), grant("cloudwatch:Describe*"), grant("ec2:Describe*")]
    devs = Profile(f"{d.app}-devs", "a key of three people", grants, people, "user", (7, 19))
    return Crew(
        [
            Member("machines", shared, user=User(UserKind.WORKLOAD, (Goal.QUESTION,))),
            Member("people", devs, user=User(UserKind.PERSON, (Goal.PERMISSION_SET, Goal.ROLE))),
        ]
    )

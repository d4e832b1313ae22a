"""Users: pipelines, people, and people whose scripts use the same user.

https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html
https://docs.github.com/en/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-aws
https://github.com/jenkinsci/pipeline-aws-plugin
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from bench.corpus.calendar import Day
from bench.corpus.crew import DEVELOPMENT, Crew, Goal, Member, User, UserKind, always, in_session, labels
from bench.corpus.draw import Draw
from bench.corpus.kinds.held_back.crews.callers import (
    AMAZON_LINUX,
    MAC,
    PEOPLE,
    SERVER,
    SSO_PATH,
    WINDOWS,
    addresses,
    private_address,
    reserved_name,
    some_people,
)
from bench.corpus.kinds.held_back.crews.schedules import at_second, on_days, workdays
from bench.corpus.kinds.recipes import daily, often, some_object, step, together
from bench.corpus.profile import Kinds, Profile, Schedule, grant
from bench.corpus.session import Session

KINDS = Kinds()
_RUNNER: Final = "aws-cli/2.26.1 md/awscrt#0.25.4 ua/2.1 os/linux#6.11.0-1015-azure md/arch#x86_64 lang/python#3.13.2"
_CONNECTOR: Final = "aws-sdk-java/1.12.782 Linux/5.10.236 OpenJDK_64-Bit_Server_VM/17.0.15+6 java/17.0.15"


@KINDS.crew()
def key_in_repository_secrets(d: Draw) -> Crew:
    repository, service = d.own("ecr", f"repository/{d.app}"), d.own("ecs", f"service/{d.pick('apps', 'core')}/{d.app}")
    push = "ecr:BatchCheckLayerAvailability InitiateLayerUpload UploadLayerPart CompleteLayerUpload PutImage"
    grants = [grant("ecr:*"), grant("ecs:*", service.arn)]

    def releases(share: float) -> Schedule:
        return on_days(
            workdays(share),
            step(daily, "ecr:GetAuthorizationToken"),
            step(daily, push, repository),
            step(daily, "ecs:UpdateService DescribeServices", service),
        )

    def runner(today: Day) -> Session:
        return Session(agent=_RUNNER, address=f"198.51.100.{today.rng.randrange(1, 250)}")

    name = d.pick(f"github-actions-{d.app}", f"gha-{d.app}", f"{d.app}-github-ci")
    work = in_session(runner, releases(d.rng.uniform(0.3, 0.9)))
    members = [Member("key", Profile(name, "a key in a repository's secrets", grants, work, "user", (6, 20)))]
    is_half_done = d.chance(0.5)
    if is_half_done:
        subject = f"repo:{d.subject}-team/{d.app}:ref:refs/heads/main"
        work = in_session(always(Session("GitHubActions", by=subject, agent=_RUNNER)), releases(0.2))
        about = "the same releases, since they began to move to the identity provider"
        members.append(Member("federated", Profile(f"{d.app}-release", about, grants, work, "oidc", (6, 20))))
    # Without the other role, no record or policy says which repository a trust policy would have to name.
    goals = (Goal.ROLE,) if is_half_done else (Goal.ROLE, Goal.QUESTION)
    truth = User(UserKind.WORKLOAD, goals, existing="federated" if is_half_done else "")
    return Crew([replace(members[0], user=truth), *members[1:]])


@KINDS.crew()
def key_of_a_build_server(d: Draw) -> Crew:
    artifacts, stack = d.bucket("artifacts"), d.own("cloudformation", f"stack/{d.app}/{d.uuid()}")
    project = d.own("codebuild", f"project/{d.app}-image")
    here = always(Session(agent=AMAZON_LINUX, address=private_address(d)))
    nightly = step(daily, "codebuild:StartBuild BatchGetBuilds", project)
    work = together(
        at_second(d.between(0, 80_000), nightly),
        on_days(
            workdays(d.rng.uniform(0.4, 0.9)),
            step(daily, "s3:PutObject", some_object(artifacts, "builds")),
            step(daily, "cloudformation:UpdateStack DescribeStackEvents DescribeStacks", stack),
        ),
    )
    grants = [grant("cloudformation:*"), grant("codebuild:*"), grant("s3:*", artifacts.arn, f"{artifacts.arn}/*")]
    name = d.pick(f"jenkins-{d.subject}", f"svc-jenkins-{d.app}", f"{d.app}-jenkins")
    profile = Profile(name, "the key of a Jenkins server on EC2", grants, in_session(here, work), "user")
    return Crew([Member("jenkins", profile, user=User(UserKind.WORKLOAD, (Goal.ROLE,)))])


@KINDS.crew()
def key_of_a_vendor(d: Draw) -> Crew:
    vendor, exports, lake = d.pick("fivetran", "hightouch", "matillion", "rivery"), d.bucket("events"), d.bucket("lake")
    exits = [f"192.0.2.{d.between(1, 250)}" for _ in range(2)]

    def cloud(today: Day) -> Session:
        return Session(agent=_CONNECTOR, address=today.rng.choice(exits))

    work = together(
        step(daily, "s3:ListBucket GetBucketLocation", exports),
        step(daily, "s3:GetObject", *(some_object(exports, "batch") for _ in range(d.between(2, 5)))),
        step(often(0.7), "s3:PutObject", some_object(lake, vendor)),
    )
    grants = [grant("s3:*", exports.arn, f"{exports.arn}/*", lake.arn, f"{lake.arn}/*")]
    name = d.pick(f"{vendor}-{d.app}", f"{d.subject}-{vendor}-connector", f"svc_{vendor}_{d.subject}")
    profile = Profile(name, "another company's tool with a key", grants, in_session(cloud, work), "user")
    tags = {"vendor": vendor.title(), "owner": f"{d.subject}-data"}
    # Nothing shows the vendor's account and the external ID that the trust policy of a role would need.
    truth = User(UserKind.WORKLOAD, (Goal.ROLE, Goal.QUESTION))
    return Crew([Member("vendor", profile, tags=tags, user=truth)])


@KINDS.crew()
def people_in_the_console(d: Draw) -> Crew:
    group, table = d.own("logs", f"log-group:/app/{d.app}:*"), d.table("cases")
    grants = [grant("logs:*"), grant("dynamodb:*", table.arn), grant("dynamodb:List*"), grant("cloudwatch:*")]

    def reading() -> Schedule:
        return on_days(
            workdays(d.rng.uniform(0.3, 0.8)),
            step(daily, "logs:DescribeLogGroups", d.arn("logs", "log-group:*")),
            step(daily, "logs:FilterLogEvents", group),
            step(often(0.6), "dynamodb:ListTables"),
            step(daily, "dynamodb:DescribeTable Query", table),
            step(often(0.3), "cloudwatch:DescribeAlarms"),
        )

    is_half_done, members = d.chance(0.5), []
    truth = User(UserKind.PERSON, (Goal.PERMISSION_SET,), "team" if is_half_done else "", 0, True, True)
    *users, (first, last) = some_people(d, 3, PEOPLE[:6])
    for number, (given, family) in enumerate(users):
        office = always(Session(console=True, mfa=True, address=addresses(d, 1)[0]))
        profile = Profile(
            f"{given}.{family}", "supports customers", grants, in_session(office, reading()), "user", (7, 18)
        )
        members.append(Member(f"person{number}", profile, tags={"team": f"{d.subject}-support"}, user=truth))
    if is_half_done:
        work = in_session(always(Session(f"{first}.{last}@example.com")), reading())
        name = reserved_name(d, "Support")
        profile = Profile(name, "the permission set of colleagues", grants, work, "sso", (7, 18), SSO_PATH)
        return Crew([*members, Member("team", profile)])
    return Crew(members, [labels("person0", "person1")])


@KINDS.crew()
def laptop_without_password(d: Draw) -> Crew:
    dev = d.in_account(DEVELOPMENT)
    table, function = dev.table(), dev.function()
    code, group = dev.bucket("sandbox-code"), dev.own("logs", f"log-group:/aws/lambda/{d.app}:*")
    (first, last), agent, places = some_people(d, 1)[0], d.pick(MAC, WINDOWS), addresses(d, d.between(2, 4))
    has_mfa = d.chance(0.4)

    def laptop(today: Day) -> Session:
        return Session(agent=agent, address=today.rng.choice(places), mfa=has_mfa)

    work = on_days(
        workdays(d.rng.uniform(0.3, 0.7)),
        step(often(0.6), "lambda:UpdateFunctionCode GetFunction", function),
        step(often(0.5), "logs:FilterLogEvents", group),
        step(often(0.4), "dynamodb:Scan", table),
        step(often(0.3), "s3:ListBucket", code),
        step(often(0.3), "s3:PutObject", some_object(code, "try")),
    )
    grants = [grant("lambda:*"), grant("logs:*"), grant("dynamodb:*"), grant("s3:*", code.arn, f"{code.arn}/*")]
    name = d.pick(f"{first[0]}{last}", f"{first}-cli", f"dev-{first}")
    profile = Profile(name, "a developer on a laptop", grants, in_session(laptop, work), "user", (6, 20))
    truth = User(UserKind.PERSON, (Goal.PERMISSION_SET,), has_mfa=has_mfa)
    developer = Member("developer", profile, DEVELOPMENT, tags={"email": f"{first}.{last}@example.com"}, user=truth)
    looking = on_days(
        workdays(0.6), step(daily, "ec2:DescribeInstances"), step(often(0.5), "cloudwatch:DescribeAlarms")
    )
    grants = [grant("ec2:Describe*"), grant("cloudwatch:Describe*")]
    name, about = reserved_name(d, "Looking"), "colleagues, who sign in by the organization's identity provider"
    return Crew(
        [developer, Member("colleagues", Profile(name, about, grants, looking, "sso", path=SSO_PATH), DEVELOPMENT)]
    )


@KINDS.crew()
def person_and_timer(d: Draw) -> Crew:
    reports, table = d.bucket("reports"), d.table()
    (first, last), in_console = some_people(d, 1, PEOPLE[6:])[0], d.chance(0.5)
    desk = Session(console=True, mfa=True, address=addresses(d, 1)[0])
    if not in_console:
        desk = Session(agent=d.pick(MAC, WINDOWS), address=addresses(d, 1)[0])
    script = Session(key=1 if in_console else 2, agent=SERVER, address=f"192.0.2.{d.between(1, 250)}")
    nightly = together(
        step(daily, "dynamodb:Scan", table), step(daily, "s3:PutObject", some_object(reports, "nightly"))
    )
    looking = on_days(
        workdays(d.rng.uniform(0.2, 0.6)),
        step(daily, "s3:ListBucket", reports),
        step(often(0.5), "s3:GetObject", some_object(reports, "nightly")),
        step(often(0.4), "dynamodb:DescribeTable", table),
        step(often(0.3), "ec2:DescribeInstances"),
    )
    work = together(
        in_session(always(script), at_second(d.between(3_000, 18_000), nightly)), in_session(always(desk), looking)
    )
    grants = [grant("s3:*", reports.arn, f"{reports.arn}/*"), grant("dynamodb:*", table.arn), grant("ec2:Describe*")]
    name = d.pick(f"{first}.{last}", f"{first[0]}{last}")
    profile = Profile(name, "an analyst, whose script runs with the same user", grants, work, "user", (8, 18))
    goals = (Goal.PERMISSION_SET, Goal.ROLE, Goal.QUESTION)  # nothing tells on whose server the script runs
    truth = User(UserKind.BOTH, goals, "", 1 if in_console else 2, in_console, in_console)
    return Crew([Member("analyst", profile, user=truth)])

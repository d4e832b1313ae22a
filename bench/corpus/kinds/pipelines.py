"""Those who build and deploy."""

from __future__ import annotations

from collections.abc import Iterator

from bench.corpus.calendar import Day, NeedKind, Place, Use
from bench.corpus.draw import Draw
from bench.corpus.kinds.recipes import objects_of, passing
from bench.corpus.profile import Kinds, Profile, grant

KINDS = Kinds()
_PUSH = (
    *("ecr:BatchCheckLayerAvailability", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart"),
    *("ecr:CompleteLayerUpload", "ecr:PutImage"),
)


@KINDS.kind()
def image_pusher(d: Draw) -> Profile:
    repositories = d.growing(
        lambda born: d.own("ecr", f"repository/{d.app}/{d.part()}", born), d.between(2, 5), (30, 120)
    )

    def day(today: Day) -> Iterator[Use]:
        if not today.is_workday:
            return
        yield today.use("ecr:GetAuthorizationToken")
        for repository in today.some(repositories, 1):
            if repository.born == today.index:
                yield today.use("ecr:CreateRepository", repository, NeedKind.NEW_NAME)
            for action in _PUSH:
                yield today.use(action, repository)
            if today.chance(0.05):
                yield today.use("ecr:BatchGetImage", repository)

    names = " ".join(action.partition(":")[2] for action in _PUSH)
    grants = [
        grant("ecr:GetAuthorizationToken"),
        grant(f"ecr:CreateRepository BatchGetImage {names}", d.arn("ecr", f"repository/{d.app}/*")),
    ]
    return Profile(
        f"{d.app}-build", "a CI job that pushes images to a growing set of repositories", grants, day, "oidc", (7, 19)
    )


@KINDS.kind()
def stack_deployer(d: Draw) -> Profile:
    stacks = d.growing(
        lambda born: d.own("cloudformation", f"stack/{d.app}-{d.part()}/{d.uuid()}", born), d.between(2, 6), (25, 110)
    )
    pace = d.between(2, 9)

    def day(today: Day) -> Iterator[Use]:
        for stack in stacks:
            if stack.born == today.index:
                yield today.use("cloudformation:CreateStack", stack, NeedKind.NEW_NAME)
        if not today.every(pace):
            return
        for stack in today.some(stacks, 2):
            yield today.use("cloudformation:UpdateStack", stack)
            yield today.use("cloudformation:DescribeStackEvents", stack)
            yield today.use("cloudformation:DescribeStacks", stack)
        if today.chance(0.02):
            for stack in today.some(stacks, 1):
                yield today.use("cloudformation:GetTemplate", stack, NeedKind.RARE)

    actions = "cloudformation:CreateStack UpdateStack DescribeStacks DescribeStackEvents DeleteStack GetTemplate"
    grants = [grant(actions, d.arn("cloudformation", f"stack/{d.app}-*"))]
    return Profile(f"{d.app}-deploy", "deploys stacks, and a new one every few months", grants, day, "oidc", (7, 19))


@KINDS.kind()
def terraform_deployer(d: Draw) -> Profile:
    state, lock = d.bucket("tfstate"), d.table("tflock")
    queues = d.growing(d.queue, d.between(1, 4), (15, 80))
    tables = d.growing(d.table, d.between(1, 3), (30, 120))
    roles = {place.arn: d.role(f"svc{number}") for number, place in enumerate(tables)}
    pace = d.between(1, 5)

    def day(today: Day) -> Iterator[Use]:
        new = [place for place in (*queues, *tables) if place.born == today.index]
        if not new and not (today.every(pace) and today.is_workday):
            return
        yield today.use("s3:GetObject", state.at(f"{d.app}/terraform.tfstate"))
        yield today.use("dynamodb:PutItem", lock)
        for queue in today.some(queues, 2):
            yield today.use("sqs:GetQueueAttributes", queue)
        for table in today.some(tables, 2):
            yield today.use("dynamodb:DescribeTable", table)
            yield today.use("dynamodb:DescribeContinuousBackups", table)
        for place in new:
            action = "sqs:CreateQueue" if ":sqs:" in place.arn else "dynamodb:CreateTable"
            yield today.use(action, place, NeedKind.NEW_NAME)
            if place.arn in roles:
                yield today.use("iam:CreateRole", roles[place.arn], NeedKind.NEW_NAME)
                yield today.use("iam:PutRolePolicy", roles[place.arn], NeedKind.NEW_NAME)
                yield today.use("iam:GetRole", roles[place.arn], NeedKind.NEW_NAME)
        yield today.use("s3:PutObject", state.at(f"{d.app}/terraform.tfstate"))
        yield today.use("dynamodb:DeleteItem", lock)

    grants = [
        grant("s3:GetObject PutObject", objects_of(d.dns_prefix)),
        grant(
            "dynamodb:PutItem DeleteItem DescribeTable DescribeContinuousBackups CreateTable",
            d.arn("dynamodb", f"table/{d.prefix}*"),
        ),
        grant("sqs:GetQueueAttributes CreateQueue", d.arn("sqs", f"{d.prefix}*")),
        grant("iam:CreateRole PutRolePolicy GetRole", d.arn("iam", f"role/{d.app}-*", region="")),
    ]
    return Profile(
        f"{d.app}-terraform",
        "applies Terraform: state, lock, and resources under new names",
        grants,
        day,
        "oidc",
        (6, 20),
    )


@KINDS.kind()
def ecs_deployer(d: Draw) -> Profile:
    services = d.growing(lambda born: d.own("ecs", f"service/{d.app}/{d.part()}", born), d.between(2, 4), (60, 160))
    task, execution, pace = d.role("task"), d.role("execution"), d.between(1, 4)

    def day(today: Day) -> Iterator[Use]:
        for service in services:
            if service.born == today.index:
                more = {"taskDefinition": f"{d.app}-{service.arn.rpartition('/')[2]}"}
                yield today.use("ecs:CreateService", service, NeedKind.NEW_NAME, params=more)
        if not (today.is_workday and today.every(pace)):
            return
        for service in today.some(services, 1):
            family = service.arn.rpartition("/")[2]
            definition = d.arn("ecs", f"task-definition/{d.app}-{family}:{today.index + 1}")
            roles = {"taskRoleArn": task, "executionRoleArn": execution}
            both = (*passing(task), *passing(execution))
            yield today.use("ecs:RegisterTaskDefinition", definition, NeedKind.NEW_NAME, also=both, params=roles)
            yield today.use("ecs:UpdateService", service, params={"taskDefinition": definition})
            yield today.use("ecs:DescribeServices", service)

    grants = [
        grant("ecs:RegisterTaskDefinition DescribeTaskDefinition"),
        grant("ecs:CreateService UpdateService DescribeServices", d.arn("ecs", f"service/{d.app}/*")),
        grant("iam:PassRole", task, execution),
    ]
    return Profile(f"{d.app}-ship", "registers task definitions and updates services", grants, day, "oidc", (7, 18))


@KINDS.kind()
def function_publisher(d: Draw) -> Profile:
    functions = d.growing(d.function, d.between(2, 8), (20, 90))
    role, sweep = d.role("fn"), d.between(50, 150)
    artifacts = d.shared_bucket() if d.chance(0.4) else d.bucket("artifacts")

    def day(today: Day) -> Iterator[Use]:
        for function in functions:
            if function.born == today.index:
                yield today.use("s3:GetObject", artifacts.at("bundles/first.zip"))
                more = {"role": role}
                yield today.use("lambda:CreateFunction", function, NeedKind.NEW_NAME, also=passing(role), params=more)
                yield today.use("lambda:AddPermission", function, NeedKind.NEW_NAME)
        if today.every(sweep):
            for function in today.some(functions, 1):
                yield today.use("lambda:DeleteFunction", function, NeedKind.RARE)
                more = {"role": role}
                yield today.use("lambda:CreateFunction", function, NeedKind.RARE, also=passing(role), params=more)
        if not today.is_workday:
            return
        for function in today.some(functions, 1):
            yield today.use("s3:PutObject", artifacts.at(f"bundles/{today.date:%Y%m%d}-{today.rng.randrange(99)}.zip"))
            yield today.use("lambda:UpdateFunctionCode", function)
            yield today.use("lambda:GetFunction", function)
            if today.chance(0.3):
                yield today.use("lambda:PublishVersion", function)

    actions = "lambda:CreateFunction UpdateFunctionCode GetFunction PublishVersion AddPermission DeleteFunction"
    grants = [
        grant(actions, d.arn("lambda", f"function:{d.prefix}*")),
        grant("s3:GetObject PutObject", f"{artifacts.arn}/*"),
        grant("iam:PassRole", d.arn("iam", f"role/{d.app}-*", region="")),
    ]
    return Profile(f"{d.app}-functions", "publishes functions, and new ones now and then", grants, day, "oidc", (7, 19))


@KINDS.kind()
def preview_environments(d: Draw) -> Profile:
    pace, ticket = d.between(2, 5), d.between(100, 4000)

    def stack(number: int) -> Place:
        return Place(
            d.arn("cloudformation", f"stack/{d.app}-pr-{ticket + number}/{number:08x}-0000-4000-a000-000000000000")
        )

    def day(today: Day) -> Iterator[Use]:
        number, offset = divmod(today.index, pace)
        if offset == 0:
            yield today.use("cloudformation:CreateStack", stack(number), NeedKind.NEW_NAME)
            yield today.use("cloudformation:DescribeStacks", stack(number), NeedKind.NEW_NAME)
        if offset == pace - 1 and number:
            yield today.use("cloudformation:DeleteStack", stack(number - 1), NeedKind.NEW_NAME)
            yield today.use("s3:DeleteBucket", f"arn:aws:s3:::{d.app}-pr-{ticket + number - 1}", NeedKind.NEW_NAME)

    grants = [
        grant("cloudformation:CreateStack DescribeStacks DeleteStack", d.arn("cloudformation", f"stack/{d.app}-pr-*")),
        grant("s3:DeleteBucket", f"arn:aws:s3:::{d.app}-pr-*"),
    ]
    return Profile(f"{d.app}-preview", "a stack per pull request, deleted days later", grants, day, "oidc", (7, 21))


@KINDS.kind()
def image_baker(d: Draw) -> Profile:
    pace, offset = d.pick(7, 14, 28), d.between(0, 27)

    def day(today: Day) -> Iterator[Use]:
        if not today.every(pace, offset):
            return
        instance = Place(d.arn("ec2", f"instance/i-0{today.index:016x}"))
        image = f"ami-0{today.index:016x}"
        yield today.use("ec2:DescribeImages")
        name = {"name": f"{d.app}-{today.date:%Y%m%d}"}
        made = (
            ("ec2:CreateImage", d.arn("ec2", "image/*", account="")),
            ("ec2:CreateImage", d.arn("ec2", "snapshot/*", account="")),
        )
        yield today.use(
            "ec2:CreateImage", instance, NeedKind.NEW_NAME, also=made, params=name, answer={"imageId": image}
        )
        yield today.use("ec2:TerminateInstances", instance, NeedKind.NEW_NAME)
        if today.index >= 2 * pace:
            old = f"image/ami-0{today.index - 2 * pace:016x}"
            yield today.use("ec2:DeregisterImage", d.arn("ec2", old, account=""), NeedKind.NEW_NAME)

    actions = "ec2:DescribeImages CreateImage TerminateInstances DeregisterImage RunInstances CreateTags"
    return Profile(f"{d.app}-bake", "bakes machine images with dated names", [grant(actions)], day, "role", (1, 5))


@KINDS.kind()
def build_runner(d: Draw) -> Profile:
    projects = d.growing(
        lambda born: d.own("codebuild", f"project/{d.app}-{d.part()}", born), d.between(2, 5), (40, 130)
    )
    pipeline = d.own("codepipeline", f"{d.app}-main")

    def day(today: Day) -> Iterator[Use]:
        if not today.is_workday:
            return
        yield today.use("codepipeline:GetPipelineState", pipeline)
        for project in today.some(projects, 2):
            yield today.use("codebuild:StartBuild", project)
            yield today.use("codebuild:BatchGetBuilds", project)

    grants = [
        grant("codebuild:StartBuild BatchGetBuilds", d.arn("codebuild", f"project/{d.app}-*")),
        grant("codepipeline:GetPipelineState StartPipelineExecution", d.arn("codepipeline", f"{d.app}-*")),
    ]
    return Profile(
        f"{d.app}-pipeline", "a pipeline that starts builds of more and more projects", grants, day, "role", (6, 20)
    )


@KINDS.kind()
def account_rollout(d: Draw) -> Profile:
    births = d.births(d.between(3, 8), (40, 130))
    roles = [Place(f"arn:aws:iam::{d.between(10**11, 10**12 - 1)}:role/deploy-baseline", born) for born in births]
    pace = d.pick(1, 2, 7)

    def day(today: Day) -> Iterator[Use]:
        for role in roles:
            if role.born == today.index or (role.exists(today.index) and today.every(pace)):
                yield today.use("sts:AssumeRole", role)
        if today.every(pace):
            yield today.use("organizations:DescribeOrganization")
            yield today.use("s3:GetObject", d.shared_bucket().at(f"baseline/{d.app}.yaml"))

    grants = [
        grant("sts:AssumeRole", "arn:aws:iam::*:role/deploy-*"),
        grant("organizations:DescribeOrganization ListAccounts"),
        grant("s3:GetObject", f"{d.shared_bucket().arn}/*"),
    ]
    return Profile(f"{d.app}-rollout", "deploys a baseline to every account", grants, day, "oidc", (6, 20))

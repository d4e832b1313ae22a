"""Those who build and release: the deploy role, the Lambda publisher, the release manager."""

from __future__ import annotations

from datetime import datetime, timedelta

from sample_logs.planted.calls import (
    arn,
    listing,
)
from sample_logs.planted.deploy_calls import (
    caller_identity,
    create_function,
    function_call,
    register_task,
    service_call,
    session_of,
    stack_call,
    stack_id,
    update_code,
)
from sample_logs.planted.identities import ManagedPolicy, Role, allow, deny, document, service_trust, trust_of
from sample_logs.planted.member import LEFT_TO_AWS, Member, weekly
from sample_logs.planted.records import Call, Chronicle, Session
from sample_logs.planted.world import EAST, SECURITY, SHOP, choose, hex_of, uuid_of

GITHUB = f"arn:aws:iam::{SHOP}:oidc-provider/token.actions.githubusercontent.com"


def subject_of(repository: str) -> str:
    """What a workflow on the main branch of a repository says that it is."""
    return f"repo:larkspur-outdoor/{repository}:ref:refs/heads/main"


GITHUB_TRUST = trust_of(
    {"Federated": GITHUB},
    "sts:AssumeRoleWithWebIdentity",
    {
        "StringEquals": {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"},
        "StringLike": {"token.actions.githubusercontent.com:sub": "repo:larkspur-outdoor/*"},
    },
)


ADMINISTRATOR = ManagedPolicy("AdministratorAccess", "aws", [allow("*", "*")], created="2015-02-06T18:39:46+00:00")


TASK_EXECUTION = ManagedPolicy(
    "AmazonECSTaskExecutionRolePolicy",
    "aws",
    [
        allow(
            [
                "ecr:GetAuthorizationToken",
                "ecr:BatchCheckLayerAvailability",
                "ecr:GetDownloadUrlForLayer",
                "ecr:BatchGetImage",
                "logs:CreateLogStream",
                "logs:PutLogEvents",
            ],
            "*",
        )
    ],
    path="/service-role/",
    created="2017-11-16T18:48:22+00:00",
)


ZONE = "Z0148190KQ2TR9PXWN7E"


STACK = "storefront"


CLUSTER = "shop"


LOG_GROUP = "/ecs/storefront-api"


# Before GitHub, a state machine deployed.
DEPLOYER_TRUST = document(*GITHUB_TRUST["Statement"], *service_trust("states")["Statement"])


DEPLOYER = Role(
    "platform-deployer",
    SHOP,
    DEPLOYER_TRUST,
    path="/platform/",
    managed=(ADMINISTRATOR,),
    tags={"team": "platform"},
    last_used="2026-09-29T14:22:51+00:00",
)


TASK_ROLE_ARN = f"arn:aws:iam::{SHOP}:role/app/storefront-api"


EXECUTION_ROLE = Role(
    "ecs-task-execution",
    SHOP,
    service_trust("ecs-tasks"),
    managed=(TASK_EXECUTION,),
    last_used="2026-09-29T14:31:02+00:00",
)


FUNCTION_ROLE_ARN = f"arn:aws:iam::{SHOP}:role/lambda/checkout-tax"


PUBLISHER = Role(
    "functions-publisher",
    SHOP,
    GITHUB_TRUST,
    path="/ci/",
    inline={
        "publish-functions": document(
            allow("lambda:*", arn("lambda", EAST, SHOP, "function:checkout-*"), Sid="Functions"),
            allow("iam:PassRole", f"arn:aws:iam::{SHOP}:role/lambda/*", Sid="ExecutionRoles"),
        )
    },
    tags={"team": "checkout"},
    last_used="2026-09-30T09:41:10+00:00",
)


RELEASE_DENY = deny(
    ["codepipeline:DeletePipeline", "codepipeline:OverrideStageLock", "codepipeline:Put*"],
    "*",
    Sid="ApproveOnlyWithMfa",
    Condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
)


RELEASE_MANAGER = Role(
    "release-manager",
    SHOP,
    trust_of({"AWS": f"arn:aws:iam::{SECURITY}:root"}),
    inline={
        "release": document(
            allow(["codepipeline:*", "codebuild:BatchGetBuilds"], "*", Sid="Pipelines"),
            RELEASE_DENY,
        )
    },
    last_used="2026-09-30T15:02:33+00:00",
)


RELEASE_PIPELINE = "storefront-release"


_ACTIONS_AGENT = "aws-cli/2.28.11 md/awscrt#0.27.6 ua/2.1 os/linux#6.11.0 lang/python#3.13.5 md/prompt#off"


def _deploy(chronicle: Chronicle) -> None:
    for number, moment in enumerate(weekly("deploy", 1, 3)):
        who = session_of(DEPLOYER, f"deploy-{4100 + number}", ip="198.51.100.19", agent=_ACTIONS_AGENT)
        change = f"release-{4100 + number}"
        revision = 310 + number
        definition = arn("ecs", EAST, SHOP, f"task-definition/{STACK}-api:{revision}")
        steps: list[Call] = [
            caller_identity(),
            listing("ecr", "GetAuthorizationToken"),
            listing(
                "ecr",
                "DescribeImages",
                request={"repositoryName": "storefront-api", "registryId": SHOP},
                target=arn("ecr", EAST, SHOP, "repository/storefront-api"),
            ),
            _parameter("GetParameter", {"name": "/storefront/release", "withDecryption": False}),
            register_task(f"{STACK}-api", EAST, TASK_ROLE_ARN, EXECUTION_ROLE.arn, revision),
            stack_call("CreateChangeSet", STACK, EAST, change, read_only=False),
            stack_call("DescribeChangeSet", STACK, EAST, change),
            stack_call("ExecuteChangeSet", STACK, EAST, change, read_only=False),
            stack_call("DescribeStackEvents", STACK, EAST),
            stack_call("DescribeStacks", STACK, EAST),
            service_call("UpdateService", CLUSTER, "storefront-api", EAST, definition),
            service_call("DescribeServices", CLUSTER, "storefront-api", EAST),
            listing("ecs", "DescribeTaskDefinition", request={"taskDefinition": definition}),
            listing("elasticloadbalancing", "DescribeTargetGroups", request={"names": ["storefront-api"]}),
            listing("elasticloadbalancing", "DescribeTargetHealth", request={"targetGroupArn": target_group()}),
            _parameter("PutParameter", {"name": "/storefront/release", "type": "String", "overwrite": True}),
        ]
        if number % 6 == 2:
            steps += [
                listing("route53", "ListHostedZonesByName", request={"dNSName": "larkspur.example"}),
                _record_sets(number),
            ]
        for offset, call in enumerate(steps):
            chronicle.tell(who, moment + timedelta(seconds=9 * offset), EAST, call)
        if number % 5 == 1:
            _change_log_group(chronicle, who, moment + timedelta(seconds=70))


def _change_log_group(chronicle: Chronicle, who: Session, moment: datetime) -> None:
    # IAM is asked about a group under the ARN of its streams.
    group = arn("logs", EAST, SHOP, f"log-group:{LOG_GROUP}:log-stream:")
    made = Call(
        "logs", "CreateLogGroup", {"logGroupName": LOG_GROUP}, read_only=False, needs=(("logs:CreateLogGroup", group),)
    )
    kept = Call(
        "logs",
        "PutRetentionPolicy",
        {"logGroupName": LOG_GROUP, "retentionInDays": 90},
        read_only=False,
        needs=(("logs:PutRetentionPolicy", group),),
    )
    through = who.through("cloudformation")
    exists = made.failing("ResourceAlreadyExistsException", "The specified log group already exists")
    chronicle.tell(through, moment, EAST, exists)
    chronicle.tell(through, moment, EAST, kept)


def _parameter(name: str, request: dict[str, object]) -> Call:
    target = arn("ssm", EAST, SHOP, "parameter/storefront/release")
    response = {"version": 41, "tier": "Standard"} if name == "PutParameter" else None
    return Call("ssm", name, request, response, read_only=response is None, needs=((f"ssm:{name}", target),))


def target_group() -> str:
    return arn("elasticloadbalancing", EAST, SHOP, f"targetgroup/storefront-api/{hex_of(16, 'target group')}")


def _record_sets(number: int) -> Call:
    change = {
        "action": "UPSERT",
        "resourceRecordSet": {
            "name": "api.larkspur.example.",
            "type": "CNAME",
            "tTL": 60,
            "resourceRecords": [{"value": f"blue-{number}.larkspur.example"}],
        },
    }
    return Call(
        "route53",
        "ChangeResourceRecordSets",
        {"hostedZoneId": ZONE, "changeBatch": {"changes": [change]}},
        {"changeInfo": {"id": f"/change/C0{hex_of(18, 'change', number).upper()}", "status": "PENDING"}},
        read_only=False,
        needs=(("route53:ChangeResourceRecordSets", f"arn:aws:route53:::hostedzone/{ZONE}"),),
        extra={"apiVersion": "2013-04-01"},
    )


def _pull_images(chronicle: Chronicle) -> None:
    repository = arn("ecr", EAST, SHOP, "repository/storefront-api")
    for moment in weekly("pull", 1, 3, start=18, end=19):
        who = session_of(EXECUTION_ROLE, hex_of(32, "task", moment), ip="10.20.9.81", agent="Amazon ECS Agent")
        asked = {"repositoryName": "storefront-api", "registryId": SHOP}
        for call in (
            listing("ecr", "GetAuthorizationToken"),
            listing("ecr", "BatchGetImage", request=asked, target=repository),
            listing("ecr", "GetDownloadUrlForLayer", request=asked, target=repository),
        ):
            chronicle.tell(who, moment, EAST, call)


def _publish(chronicle: Chronicle) -> None:
    for number, moment in enumerate(weekly("publish", 0, 2, 4)):
        who = session_of(PUBLISHER, f"publish-{880 + number}", ip="198.51.100.122", agent=_ACTIONS_AGENT)
        function = choose(("checkout-tax", "checkout-vouchers"), "function", number)
        version = str(60 + number)
        steps = [
            caller_identity(),
            function_call("GetFunction20150331v2", "lambda:GetFunction", function, EAST),
            update_code(function, EAST, FUNCTION_ROLE_ARN, moment),
            function_call("GetFunctionConfiguration20150331v2", "lambda:GetFunctionConfiguration", function, EAST),
            function_call("PublishVersion20150331", "lambda:PublishVersion", function, EAST),
            function_call(
                "UpdateAlias20150331",
                "lambda:UpdateAlias",
                function,
                EAST,
                {"name": "live", "functionVersion": version},
            ),
        ]
        if number % 17 == 4:
            steps.append(
                create_function(
                    f"checkout-{('returns', 'gifts', 'loyalty')[number // 17]}", EAST, FUNCTION_ROLE_ARN, moment
                )
            )
        for offset, call in enumerate(steps):
            chronicle.tell(who, moment + timedelta(seconds=4 * offset), EAST, call)


def _release(chronicle: Chronicle) -> None:
    pipeline = arn("codepipeline", EAST, SHOP, RELEASE_PIPELINE)
    for moment in weekly("release", 0, 2):
        who = session_of(RELEASE_MANAGER, "ines.carvalho", ip="198.51.100.24", agent=_ACTIONS_AGENT, mfa=True)
        approval = Call(
            "codepipeline",
            "PutApprovalResult",
            {
                "pipelineName": RELEASE_PIPELINE,
                "stageName": "Approve",
                "actionName": "Production",
                "result": {"summary": "HIDDEN_DUE_TO_SECURITY_REASONS", "status": "Approved"},
                "token": uuid_of("approval", moment),
            },
            {"approvedAt": int(moment.timestamp()) * 1000},
            read_only=False,
            needs=(("codepipeline:PutApprovalResult", f"{pipeline}/Approve/Production"),),
        )
        start = Call(
            "codepipeline",
            "StartPipelineExecution",
            {"name": RELEASE_PIPELINE},
            {"pipelineExecutionId": uuid_of("pipeline", moment)},
            read_only=False,
            needs=(("codepipeline:StartPipelineExecution", pipeline),),
        )
        state = listing("codepipeline", "GetPipelineState", request={"name": RELEASE_PIPELINE}, target=pipeline)
        for offset, call in enumerate((start, state, approval)):
            chronicle.tell(who, moment + timedelta(minutes=5 * offset), EAST, call)


_SWAP = ("ec2:AssociateIamInstanceProfile", "ec2:ReplaceIamInstanceProfileAssociation")


CAST = (
    Member(
        DEPLOYER,
        "AdministratorAccess (`*` on `*`); uses 20 actions in two deployments a week and passes two roles to ECS; "
        "CloudFormation creates log groups with its session. Its trust policy still names Step Functions",
        "Small: the 20 actions, `iam:PassRole` for exactly the two roles, and unobservable actions of the used "
        "services; no wildcard actions, and nothing from services without a sign of use. Not safe, because nothing "
        "shows whether SQS and similar services are in use",
        _deploy,
        drop=(
            "iam:CreateUser",
            "iam:AttachRolePolicy",
            "s3:DeleteBucket",
            "organizations:LeaveOrganization",
            "sqs:SendMessage",
            "sns:Publish",
            "dynamodb:Scan",
            *_SWAP,
        ),
        refuse=(
            ("iam:PassRole", f"arn:aws:iam::{SHOP}:role/break-glass-admin"),
            ("ecs:UpdateService", arn("ecs", EAST, SECURITY, "service/shop/storefront-api")),
            ("cloudformation:ExecuteChangeSet", stack_id("payments", EAST).replace(SHOP, SECURITY)),
        ),
        verdicts={
            "iam:CreateUser": "unused",
            "organizations:LeaveOrganization": "unused",
            "ec2:AssociateIamInstanceProfile": "unused",
            "sqs:SendMessage": "unobservable",
            "sns:Publish": "unobservable",
        },
        flags=("removes_unobservable",),
        safe=False,
        reasons=("unseen_under_star",),
    ),
    Member(
        EXECUTION_ROLE,
        "The AWS managed policy for the role of a service, with one action that is never used",
        "Left unchanged: AWS names each action for the service, which may need it rarely, so a replacement would "
        "only lose AWS's updates",
        _pull_images,
        kind=LEFT_TO_AWS,
        safe=None,
    ),
    Member(
        PUBLISHER,
        "Versioned Lambda event names (`UpdateFunctionCode20150331v2` and others); `CreateFunction20150331` "
        "passes a role",
        "Lambda actions under their names without the version; `iam:PassRole` for the one passed role, not "
        "`role/lambda/*`",
        _publish,
        keep=(("lambda:InvokeFunction", arn("lambda", EAST, SHOP, "function:checkout-tax")),),
        drop=("lambda:DeleteFunction", "lambda:AddPermission", "lambda:UpdateFunctionConfiguration"),
        refuse=(("iam:PassRole", f"arn:aws:iam::{SHOP}:role/lambda/ledger-close"),),
        verdicts={"lambda:DeleteFunction": "unused", "lambda:InvokeFunction": "unobservable"},
    ),
    Member(
        RELEASE_MANAGER,
        "`codepipeline:*` under a conditional Deny that also names an action the catalog doesn't know",
        "Enumerated Allow; the Deny is copied byte for byte, including the unknown name, wildcard and condition, and "
        "doesn't make the role incomplete",
        _release,
        drop=("codepipeline:CreatePipeline", "codebuild:BatchGetBuilds"),
        carry=(RELEASE_DENY,),
        verdicts={"codepipeline:PutApprovalResult": "used", "codepipeline:DeletePipeline": "unused"},
    ),
)

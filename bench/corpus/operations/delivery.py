"""Operations of those who build, deploy and govern: CloudFormation, ECR, CodeBuild, IAM, STS, audit services.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-api-logging-cloudtrail.html
https://docs.aws.amazon.com/AmazonECR/latest/userguide/logging-using-cloudtrail.html
https://docs.aws.amazon.com/codebuild/latest/userguide/cloudtrail.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_cloudtrail-integration.html
"""

from __future__ import annotations

from bench.corpus.kinds.held_back import harms as held_back_harms
from bench.corpus.operations import harms
from bench.corpus.operations.compute import COMPUTE
from bench.corpus.operations.platform import PLATFORM
from bench.corpus.operations.services import SERVICES
from bench.corpus.operations.situations import SITUATIONS
from bench.corpus.operations.storage import STORAGE
from bench.corpus.operations.table import read_operations

DELIVERY = read_operations("""
cloudformation:CreateStack | | w | | {"stackName": "<1>"} | {"stackId": "<arn>"}
cloudformation:UpdateStack | | w | | {"stackName": "<1>"} | {"stackId": "<arn>"}
cloudformation:DeleteStack | | w | | {"stackName": "<arn>"}
cloudformation:DescribeStacks | | r | | {"stackName": "<arn>"}
cloudformation:DescribeStackEvents | | r | | {"stackName": "<arn>"}
cloudformation:GetTemplate | | r | | {"stackName": "<arn>"}
ecr:GetAuthorizationToken | | r | | {}
ecr:BatchCheckLayerAvailability | | r | | {"registryId": "<account>", "repositoryName": "<path>"}
ecr:InitiateLayerUpload | | w | | {"registryId": "<account>", "repositoryName": "<path>"}
ecr:UploadLayerPart | | w | | {"registryId": "<account>", "repositoryName": "<path>"}
ecr:CompleteLayerUpload | | w | | {"registryId": "<account>", "repositoryName": "<path>"}
ecr:PutImage | | w | | {"registryId": "<account>", "repositoryName": "<path>"}
ecr:BatchGetImage | | r | | {"registryId": "<account>", "repositoryName": "<path>"}
ecr:CreateRepository | | w | | {"repositoryName": "<path>"}
    | {"repository": {"repositoryArn": "<arn>", "repositoryName": "<path>"}}
codebuild:StartBuild | | w | | {"projectName": "<1>"}
codebuild:BatchGetBuilds | | r | | {"ids": ["<1>:0b1c2d3e"]}
codepipeline:GetPipelineState | | r | | {"name": "<rest>"}
iam:CreateRole | | w | | {"roleName": "<name>", "assumeRolePolicyDocument": "{}"}
iam:PutRolePolicy | | w | | {"roleName": "<name>", "policyName": "access", "policyDocument": "{}"}
iam:AttachRolePolicy | | w | | {"roleName": "<name>", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}
iam:UpdateAssumeRolePolicy | | w | | {"roleName": "<name>", "policyDocument": "{}"}
iam:GetRole | | r | | {"roleName": "<name>"}
iam:ListRoles | | r | | {}
iam:ListUsers | | r | | {}
iam:ListPolicies | | r | | {}
iam:GetAccountSummary | | r | | {}
iam:GetAccountAuthorizationDetails | | r | | {}
iam:GetAccountPasswordPolicy | | r | | {}
iam:GenerateCredentialReport | | r | | {}
iam:GetCredentialReport | | r | | {}
iam:CreateUser | | w | | {"userName": "<name>"}
iam:CreateAccessKey | | w | | {"userName": "<name>"}
iam:AttachUserPolicy | | w | | {"userName": "<name>", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}
sts:AssumeRole | | r | | {"roleArn": "<arn>", "roleSessionName": "session"}
organizations:ListAccounts | | r | | {}
organizations:DescribeOrganization | | r | | {}
cloudtrail:DescribeTrails | | r | | {}
cloudtrail:LookupEvents | | r | | {}
cloudtrail:StopLogging | | w | | {"name": "<arn>"}
cloudtrail:StartLogging | | w | | {"name": "<arn>"}
guardduty:ListFindings | | r | | {}
guardduty:GetFindings | | r | | {}
securityhub:GetFindings | | r | | {}
access-analyzer:ListAnalyzers | | r | | {}
ce:GetCostAndUsage | | r | | {}
tag:GetResources | | r | | {}
""")

_INTRUDERS = harms.HARMS | harms.QUIET | held_back_harms.HARMS | held_back_harms.QUIET

OPERATIONS = _INTRUDERS | STORAGE | COMPUTE | DELIVERY | PLATFORM | SERVICES | SITUATIONS
"""All operations by action."""

"""Operations that do harm in the wrong hands, and the quiet ones around them.

They destroy data, take over what runs, make credentials, open doors to other accounts, or switch logging off.
https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-types-iam.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/logging-using-cloudtrail.html
https://docs.aws.amazon.com/sns/latest/dg/logging-using-cloudtrail.html
https://docs.aws.amazon.com/kms/latest/developerguide/logging-using-cloudtrail.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-track-privileged-tasks.html
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/logging-using-cloudtrail.html
"""

from __future__ import annotations

from bench.corpus.operations.table import read_operations

HARMS = read_operations("""
rds:DeleteDBInstance | | w | | {"dBInstanceIdentifier": "<1>", "skipFinalSnapshot": true}
    | {"dBInstanceIdentifier": "<1>", "dBInstanceArn": "<arn>", "dBInstanceStatus": "deleting"}
rds:ModifyDBSnapshotAttribute | | w | | {"dBSnapshotIdentifier": "<1>", "attributeName": "restore"}
    | {"dBSnapshotIdentifier": "<1>"}
dynamodb:DeleteBackup | | w | | {"backupArn": "<arn>"}
dynamodb:PutResourcePolicy | | w | | {"resourceArn": "<arn>", "policy": "{}"} | {"revisionId": "1700000000000"}
s3:PutLifecycleConfiguration | PutBucketLifecycle | w |
    | {"bucketName": "<0>", "lifecycle": "", %host, "LifecycleConfiguration": {"Rule": {"ID": "e"}}}
s3:PutBucketAcl | | w | | {"bucketName": "<0>", "acl": "", %host}
secretsmanager:DeleteSecret | | w | | {"secretId": "<arn>", "forceDeleteWithoutRecovery": true} | {"aRN": "<arn>"}
secretsmanager:PutResourcePolicy | | w | | {"secretId": "<arn>", "blockPublicPolicy": false} | {"aRN": "<arn>"}
logs:DeleteLogGroup | | w | | {"logGroupName": "<group>"}
lambda:CreateFunctionUrlConfig | | w | | {"functionName": "<1>", "authType": "NONE"}
    | {"functionArn": "<arn>", "authType": "NONE"}
ssm:StartSession | | w | | {"target": "<1>"} | {"sessionId": "session-0a1b2c3d4e5f60718"}
ec2:CreateKeyPair | | w | | {"keyName": "<1>", "keyType": "rsa", "keyFormat": "pem"} | {"keyName": "<1>"}
ec2:ModifyInstanceAttribute | | w | | {"instanceId": "<1>", "userData": "<sensitiveDataRemoved>"} | {"_return": true}
ec2:DeleteFlowLogs | | w | | {"DeleteFlowLogsRequest": {"FlowLogId": {"tag": 1, "content": "<1>"}}}
    | {"DeleteFlowLogsResponse": {"unsuccessful": ""}}
ec2:ModifyImageAttribute | | w | | {"imageId": "<1>", "attributeType": "launchPermission"} | {"_return": true}
iam:CreateLoginProfile | | w | | {"userName": "<name>", "passwordResetRequired": false}
iam:UpdateLoginProfile | | w | | {"userName": "<name>"}
iam:PutUserPolicy | | w | | {"userName": "<name>", "policyName": "sync", "policyDocument": "{}"}
iam:CreatePolicyVersion | | w | | {"policyArn": "<arn>", "policyDocument": "{}", "setAsDefault": true}
iam:AddUserToGroup | | w | | {"groupName": "<name>", "userName": "svc-sync"}
iam:DeactivateMFADevice | | w | | {"userName": "<name>", "serialNumber": "arn:aws:iam::<account>:mfa/<name>"}
sts:AssumeRoot | | r |
    | {"targetPrincipal": "<account>",
    "taskPolicyArn": {"arn": "arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy"}}
organizations:LeaveOrganization | | w | | {}
organizations:CloseAccount | | w | | {"accountId": "<2>"}
cloudtrail:DeleteTrail | | w | | {"name": "<arn>"}
cloudtrail:PutEventSelectors | | w | | {"trailName": "<arn>", "eventSelectors": []} | {"trailARN": "<arn>"}
kms:CreateGrant | | w | | {"keyId": "<arn>", "granteePrincipal": "arn:aws:iam::210987654321:root"}
kms:PutKeyPolicy | | w | | {"keyId": "<arn>", "policyName": "default", "policy": "{}"}
kms:DisableKey | | w | | {"keyId": "<arn>"}
sqs:AddPermission | | w | | {%queue, "label": "sync", "aWSAccountIds": ["210987654321"], "actions": ["ReceiveMessage"]}
sqs:PurgeQueue | | w | | {%queue}
sns:AddPermission | | w
    | | {"topicArn": "<arn>", "label": "sync", "aWSAccountId": ["210987654321"], "actionName": ["Subscribe"]}
ecr:SetRepositoryPolicy | | w | | {"registryId": "<account>", "repositoryName": "<path>", "policyText": "{}"}
ecr:BatchDeleteImage | | w | | {"registryId": "<account>", "repositoryName": "<path>", "imageIds": []}
guardduty:DeleteDetector | | w | | {"detectorId": "<1>"}
rolesanywhere:CreateTrustAnchor | | w
    | | {"name": "sync", "enabled": true, "source": {"sourceType": "CERTIFICATE_BUNDLE"}}
backup:DeleteRecoveryPoint | | w | | {"backupVaultName": "main", "recoveryPointArn": "<arn>"}
codebuild:UpdateProject | | w | | {"name": "<1>", "buildspec": "version: 0.2"}
    | {"project": {"name": "<1>", "arn": "<arn>"}}
cognito-idp:AdminSetUserPassword | | w | | {"userPoolId": "<1>", "username": "***", "permanent": true}
""")
"""By action; each counts as dangerous where an intruder does it."""

QUIET = read_operations("""
kms:CreateKey | | w | | {"description": "", "keySpec": "SYMMETRIC_DEFAULT", "origin": "AWS_KMS"}
codebuild:CreateProject | | w | | {"name": "<1>", "serviceRole": "arn:aws:iam::<account>:role/build"}
    | {"project": {"name": "<1>", "arn": "<arn>"}}
codepipeline:CreatePipeline | | w | | {"pipeline": {"name": "<rest>", "version": 1}}
    | {"pipeline": {"name": "<rest>", "version": 1}}
iam:DeleteAccessKey | | w | | {"userName": "<name>", "accessKeyId": "AKIAIOSFODNN7EXAMPLE"}
iam:UpdateAccessKey | | w | | {"userName": "<name>", "accessKeyId": "AKIAIOSFODNN7EXAMPLE", "status": "Inactive"}
iam:ListAccessKeys | | r | | {"userName": "<name>"}
iam:GetUser | | r | | {"userName": "<name>"}
cloudtrail:GetEventSelectors | | r | | {"trailName": "<arn>"}
cloudtrail:GetTrailStatus | | r | | {"name": "<arn>"}
codebuild:BatchGetProjects | | r | | {"names": ["<1>"]}
""")
"""By action, what surrounds them."""

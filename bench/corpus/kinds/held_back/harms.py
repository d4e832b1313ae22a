"""Harmful and quiet operations of the held-back kinds, in the notation of `bench.corpus.operations.table`.

https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-types-iam.html
https://docs.aws.amazon.com/redshift/latest/mgmt/logging-with-cloudtrail.html
https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/logging-using-cloudtrail.html
https://docs.aws.amazon.com/eks/latest/userguide/logging-using-cloudtrail.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html
https://docs.aws.amazon.com/lambda/latest/dg/logging-using-cloudtrail.html
"""

from __future__ import annotations

from bench.corpus.operations.table import read_operations

HARMS = read_operations("""
rds:DeleteDBCluster | | w | | {"dBClusterIdentifier": "<1>", "skipFinalSnapshot": true}
    | {"dBClusterIdentifier": "<1>", "dBClusterArn": "<arn>", "status": "deleting"}
rds:ModifyDBClusterSnapshotAttribute | | w
    | | {"dBClusterSnapshotIdentifier": "<1>", "attributeName": "restore", "valuesToAdd": ["210987654321"]}
redshift:DeleteCluster | | w | | {"clusterIdentifier": "<1>", "skipFinalClusterSnapshot": true}
    | {"clusterIdentifier": "<1>", "clusterStatus": "deleting"}
redshift:ModifyCluster | | w | | {"clusterIdentifier": "<1>", "masterUserPassword": "****"}
    | {"clusterIdentifier": "<1>"}
redshift:AuthorizeSnapshotAccess | | w
    | | {"snapshotIdentifier": "<2>", "snapshotClusterIdentifier": "<1>", "accountWithRestoreAccess": "210987654321"}
elasticache:DeleteReplicationGroup | | w | | {"replicationGroupId": "<1>", "retainPrimaryCluster": false}
    | {"replicationGroupId": "<1>", "status": "deleting"}
es:DeleteDomain | | w | | {"domainName": "<1>"} | {"domainStatus": {"domainName": "<1>", "deleted": true}}
es:UpdateDomainConfig | | w | | {"domainName": "<1>", "accessPolicies": "{}"}
glue:PutResourcePolicy | | w | | {"policyInJson": "{}"} | {"policyHash": "a"}
glue:UpdateJob | | w | | {"jobName": "<1>", "jobUpdate": {"command": {"name": "glueetl"}}} | {"jobName": "<1>"}
kinesis:PutResourcePolicy | | w | | {"resourceARN": "<arn>", "policy": "{}"}
elasticfilesystem:DeleteFileSystem | | w | | {"fileSystemId": "<1>"}
elasticfilesystem:PutFileSystemPolicy | | w | | {"fileSystemId": "<1>", "policy": "{}"}
ecs:ExecuteCommand | | w | | {"cluster": "<1>", "task": "<2>", "command": "/bin/sh", "interactive": true}
ecs:DeleteService | | w | | {"cluster": "<1>", "service": "<2>", "force": true} | {"service": {"serviceArn": "<arn>"}}
eks:CreateAccessEntry | | w | | {"name": "<1>", "principalArn": "arn:aws:iam::<account>:role/sync"}
eks:DeleteCluster | | w | | {"name": "<1>"} | {"cluster": {"name": "<1>", "arn": "<arn>", "status": "DELETING"}}
states:UpdateStateMachine | | w | | {"stateMachineArn": "<arn>", "definition": "***"}
states:DeleteStateMachine | | w | | {"stateMachineArn": "<arn>"}
route53:DeleteHostedZone | | w | | {"id": "<1>"}
cloudfront:UpdateDistribution | | w | | {"id": "<1>", "ifMatch": "E2QWRUHAPOMQZL"} | {"distribution": {"id": "<1>"}}
config:StopConfigurationRecorder | | w | | {"configurationRecorderName": "default"}
config:DeleteDeliveryChannel | | w | | {"deliveryChannelName": "default"}
securityhub:DisableSecurityHub | | w | | {}
macie2:DisableMacie | | w | | {}
cloudwatch:DeleteAlarms | | w | | {"alarmNames": ["<1>"]}
events:DisableRule | | w | | {"name": "<1>"}
events:PutPermission | | w | | {"action": "events:PutEvents", "principal": "210987654321", "statementId": "sync"}
logs:PutResourcePolicy | | w | | {"policyName": "sync", "policyDocument": "{}"}
logs:DeleteLogStream | | w | | {"logGroupName": "<group>", "logStreamName": "stream-1"}
lambda:PutResourcePolicy | | w | | {"resourceArn": "<arn>", "policy": "{}"}
lambda:PublishLayerVersion | PublishLayerVersion20181031 | w | | {"layerName": "<1>"}
    | {"layerArn": "<arn>", "layerVersionArn": "<arn>:1", "version": 1}
lambda:CreateEventSourceMapping | CreateEventSourceMapping20150331 | w
    | | {"functionName": "sync", "eventSourceArn": "arn:aws:sqs:<region>:<account>:sync"}
ssm:StartAutomationExecution | | w | | {"documentName": "<1>"}
    | {"automationExecutionId": "4105a4fc-f944-11e6-9d32-0a1b2c3d4e5f"}
ssm:ModifyDocumentPermission | | w | | {"name": "<1>", "permissionType": "Share", "accountIdsToAdd": ["210987654321"]}
ec2:CreateVpcPeeringConnection | | w
    | | {"vpcId": "<1>", "peerVpcId": "vpc-0f1e2d3c4b5a69788", "peerOwnerId": "210987654321"}
    | {"vpcPeeringConnection": {"vpcPeeringConnectionId": "pcx-0a1b2c3d4e5f60718"}}
ec2-instance-connect:SendSSHPublicKey | | w | | {"instanceId": "<1>", "instanceOSUser": "root"}
ec2:AssociateIamInstanceProfile | | w
    | | {"AssociateIamInstanceProfileRequest": {"InstanceId": "<1>", "IamInstanceProfile": {"Name": "admin"}}}
ec2:GetPasswordData | | r | | {"instanceId": "<1>"}
ec2:EnableSerialConsoleAccess | | w | | {"EnableSerialConsoleAccessRequest": ""}
ec2:ModifyVpcEndpoint | | w | | {"ModifyVpcEndpointRequest": {"VpcEndpointId": "<1>", "PolicyDocument": "{}"}}
iam:CreateSAMLProvider | | w | | {"name": "<name>", "sAMLMetadataDocument": "***"} | {"sAMLProviderArn": "<arn>"}
iam:CreateOpenIDConnectProvider | | w | | {"url": "https://<1>", "clientIDList": ["sts.amazonaws.com"]}
    | {"openIDConnectProviderArn": "<arn>"}
iam:CreateServiceSpecificCredential | | w | | {"userName": "<name>", "serviceName": "codecommit.amazonaws.com"}
iam:UploadSSHPublicKey | | w | | {"userName": "<name>", "sSHPublicKeyBody": "***"}
iam:DeleteRolePermissionsBoundary | | w | | {"roleName": "<name>"}
iam:DeleteRolePolicy | | w | | {"roleName": "<name>", "policyName": "access"}
iam:PutGroupPolicy | | w | | {"groupName": "<name>", "policyName": "sync", "policyDocument": "{}"}
iam:SetDefaultPolicyVersion | | w | | {"policyArn": "<arn>", "versionId": "v2"}
sts:GetFederationToken | | w | | {"name": "<1>", "durationSeconds": 129600}
sts:GetWebIdentityToken | | w | | {"audience": ["https://sync.example.net"], "signingAlgorithm": "RS256"}
organizations:RemoveAccountFromOrganization | | w | | {"accountId": "<2>"}
organizations:DetachPolicy | | w | | {"policyId": "<3>", "targetId": "<account>"}
cloudtrail:UpdateTrail | | w | | {"name": "<arn>", "s3BucketName": "sync", "isMultiRegionTrail": false}
    | {"name": "<name>"}
guardduty:UpdateDetector | | w | | {"detectorId": "<1>", "enable": false}
backup:DeleteBackupVault | | w | | {"backupVaultName": "<1>"}
backup:PutBackupVaultAccessPolicy | | w | | {"backupVaultName": "<1>", "policy": "{}"}
cognito-idp:DeleteUserPool | | w | | {"userPoolId": "<1>"}
cognito-idp:AdminCreateUser | | w | | {"userPoolId": "<1>", "username": "***"}
ram:CreateResourceShare | | w
    | | {"name": "sync", "principals": ["210987654321"], "allowExternalPrincipals": true, "resourceArns": []}
account:PutAlternateContact | | w | | {"alternateContactType": "SECURITY", "emailAddress": "***"}
sagemaker:CreatePresignedNotebookInstanceUrl | | w | | {"notebookInstanceName": "<1>"}
codepipeline:UpdatePipeline | | w | | {"pipeline": {"name": "<rest>", "version": 2}}
    | {"pipeline": {"name": "<rest>", "version": 3}}
transfer:ImportSshPublicKey | | w | | {"serverId": "<1>", "userName": "<2>", "sshPublicKeyBody": "***"}
s3:PutReplicationConfiguration | PutBucketReplication | w | | {"bucketName": "<0>", "replication": "", %host}
s3:DeleteBucketPolicy | | w | | {"bucketName": "<0>", "policy": "", %host}
s3:PutBucketLogging | | w | | {"bucketName": "<0>", "logging": "", %host}
kms:CancelKeyDeletion | | w | | {"keyId": "<arn>"}
kms:DeleteAlias | | w | | {"aliasName": "<1>/<2>"}
wafv2:DeleteWebACL | | w | | {"name": "<2>", "scope": "REGIONAL", "id": "<3>", "lockToken": "a"}
dynamodb:ExportTableToPointInTime | | w | | {"tableArn": "<arn>", "s3Bucket": "sync", "exportFormat": "DYNAMODB_JSON"}
""")
"""By action; each counts as dangerous where an intruder does it."""

QUIET = read_operations("""
redshift:DescribeClusters | | r | | {}
elasticache:DescribeReplicationGroups | | r | | {}
elasticfilesystem:DescribeFileSystems | | r | | {}
es:DescribeDomain | | r | | {"domainName": "<1>"}
es:ListDomainNames | | r | | {}
eks:ListClusters | | r | | {}
eks:DescribeAccessEntry | | r | | {"name": "<1>", "principalArn": "arn:aws:iam::<account>:role/ops"}
states:DescribeStateMachine | | r | | {"stateMachineArn": "<arn>"}
states:ListStateMachines | | r | | {}
states:CreateStateMachine | | w | | {"name": "<1>", "roleArn": "arn:aws:iam::<account>:role/flow"}
    | {"stateMachineArn": "<arn>"}
glue:GetJob | | r | | {"jobName": "<1>"}
glue:GetDatabases | | r | | {}
glue:CreateDatabase | | w | | {"databaseInput": {"name": "<1>"}}
logs:CreateLogGroup | | w | | {"logGroupName": "<group>"}
events:ListRules | | r | | {}
events:DescribeRule | | r | | {"name": "<1>"}
backup:ListBackupVaults | | r | | {}
backup:StartBackupJob | | w | | {"backupVaultName": "<1>"} | {"backupJobId": "1a2b"}
ssm:DescribeParameters | | r | | {}
ssm:GetParametersByPath | | r | | {"path": "/<path>", "withDecryption": true, "recursive": true}
iam:ListServiceSpecificCredentials | | r | | {"userName": "<name>"}
iam:GetPolicy | | r | | {"policyArn": "<arn>"}
cognito-idp:ListUsers | | r | | {"userPoolId": "<1>"}
transfer:ListServers | | r | | {}
transfer:DescribeServer | | r | | {"serverId": "<1>"}
config:DescribeConfigurationRecorderStatus | | r | | {}
kinesis:ListStreamConsumers | | r | | {"streamARN": "<arn>"}
""")
"""By action, what surrounds them."""

"""Operations of the judged kinds.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/logging-using-cloudtrail.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
https://docs.aws.amazon.com/systems-manager/latest/userguide/monitoring-cloudtrail-logs.html
"""

from __future__ import annotations

from bench.corpus.operations.table import read_operations

SITUATIONS = read_operations("""
ecs:ListTasks | | r | | {}
ecs:ListServices | | r | | {}
ecs:DescribeTasks | | r | | {"cluster": "<1>", "tasks": ["<2>"]}
ecs:DescribeClusters | | r | | {"clusters": ["<1>"]}
batch:ListJobs | | r | | {}
batch:DescribeJobs | | r | | {"jobs": ["0f3a4c1e-77aa-4c53-9a53-1f3a90e8f9b1"]}
batch:SubmitJob | | w | | {"jobName": "run", "jobQueue": "<arn>"} | {"jobId": "0f3a4c1e-77aa-4c53-9a53-1f3a90e8f9b1"}
lambda:ListEventSourceMappings | ListEventSourceMappings20150331 | r | | {}
lambda:GetFunctionConfiguration | GetFunctionConfiguration20150331v2 | r | | {"functionName": "<1>"}
application-autoscaling:DescribeScalableTargets | | r | | {}
autoscaling:DescribeScalingActivities | | r | | {}
s3:GetObjectVersion | GetObject | r | AWS::S3::Object
    | {"bucketName": "<0>", "key": "<path>", "versionId": "3sL4kqtJlcpXroDTDmJ", %host}
s3:ListBucketVersions | ListObjectVersions | r | AWS::S3::Object | {"bucketName": "<0>", "versions": "", %host}
s3:GetObjectAttributes | | r | AWS::S3::Object | {"bucketName": "<0>", "key": "<path>", %host}
s3:GetObjectTagging | | r | AWS::S3::Object | {"bucketName": "<0>", "key": "<path>", "tagging": "", %host}
s3:PutObjectTagging | | w | AWS::S3::Object | {"bucketName": "<0>", "key": "<path>", "tagging": "", %host}
s3:PutBucketVersioning | | w | | {"bucketName": "<0>", "versioning": "", %host}
s3:ReplicateObject | | w | never | {}
s3:ReplicateDelete | | w | never | {}
s3:GetReplicationConfiguration | GetBucketReplication | r | | {"bucketName": "<0>", "replication": "", %host}
s3:GetObjectVersionForReplication | | r | never | {}
dynamodb:DescribeStream | | r | | {"streamArn": "<arn>"}
dynamodb:ListStreams | | r | | {}
dynamodb:GetRecords | | r | AWS::DynamoDB::Stream | {"shardIterator": "<arn>|1"}
dynamodb:GetShardIterator | | r | AWS::DynamoDB::Stream
    | {"streamArn": "<arn>", "shardId": "shardId-1", "shardIteratorType": "LATEST"}
dynamodb:UpdateTable | | w | | {"tableName": "<1>"} | {"tableDescription": {"tableName": "<1>", "tableArn": "<arn>"}}
dynamodb:RestoreTableFromBackup | | w | | {"targetTableName": "<1>"} | {"tableDescription": {"tableArn": "<arn>"}}
lambda:PutFunctionConcurrency | PutFunctionConcurrency20171031 | w | | {"functionName": "<1>"}
lambda:ListTags | ListTags20170331 | r | | {"resource": "<arn>"}
sns:CreateTopic | | w | | {"name": "<rest>"} | {"topicArn": "<arn>"}
sns:DeleteTopic | | w | | {"topicArn": "<arn>"}
sns:SetTopicAttributes | | w | | {"topicArn": "<arn>", "attributeName": "DisplayName"}
sqs:SetQueueAttributes | | w | | {%queue, "attributes": {}}
kinesis:ListStreams | | r | | {}
kinesis:CreateStream | | w | | {"streamName": "<1>"}
kinesis:DeleteStream | | w | | {"streamName": "<1>"}
kinesis:UpdateShardCount | | w | | {"streamName": "<1>", "targetShardCount": 4, "scalingType": "UNIFORM_SCALING"}
rds:ModifyDBInstance | | w | | {"dBInstanceIdentifier": "<1>"} | {"dBInstanceArn": "<arn>"}
rds:RebootDBInstance | | w | | {"dBInstanceIdentifier": "<1>"} | {"dBInstanceArn": "<arn>"}
rds:CreateDBSnapshot | | w | | {"dBInstanceIdentifier": "<1>"} | {"dBSnapshotArn": "<arn>"}
ssm:GetDocument | | r | | {"name": "<1>"}
ssm:DescribeDocument | | r | | {"name": "<1>"}
ssm:ListAssociations | | r | | {}
ssmmessages:CreateControlChannel | | w | never | {}
ssmmessages:CreateDataChannel | | w | never | {}
ssmmessages:OpenControlChannel | | w | never | {}
ec2messages:AcknowledgeMessage | | w | never | {}
ec2messages:SendReply | | w | never | {}
xray:PutTelemetryRecords | | w | never | {}
kafka-cluster:Connect | | r | never | {}
kafka-cluster:ReadData | | r | never | {}
ec2:DescribeInstanceStatus | | r | | {"instancesSet": {}, "filterSet": {}}
ec2:DescribeVpcEndpoints | | r | | {"DescribeVpcEndpointsRequest": {}}
ec2:DescribeNetworkAcls | | r | | {"networkAclIdSet": {}}
ec2:CreateTags | | w | | {"resourcesSet": {"items": [{"resourceId": "<1>"}]}, "tagSet": {"items": []}}
""")

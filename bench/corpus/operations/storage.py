"""Operations on data: S3, DynamoDB, queues, topics, streams, keys, secrets, databases.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/logging-using-cloudtrail.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/logging-using-cloudtrail.html
https://docs.aws.amazon.com/sns/latest/dg/logging-using-cloudtrail.html
https://docs.aws.amazon.com/streams/latest/dev/logging-using-cloudtrail.html
https://docs.aws.amazon.com/kms/latest/developerguide/logging-using-cloudtrail.html
https://docs.aws.amazon.com/secretsmanager/latest/userguide/monitoring-cloudtrail.html
"""

from __future__ import annotations

from bench.corpus.operations.table import read_operations

STORAGE = read_operations("""
s3:GetObject | | r | AWS::S3::Object | {"bucketName": "<0>", "key": "<path>", %host}
s3:PutObject | | w | AWS::S3::Object | {"bucketName": "<0>", "key": "<path>", %host}
s3:DeleteObject | | w | AWS::S3::Object | {"bucketName": "<0>", "key": "<path>", %host}
s3:ListBucket | ListObjects | r | AWS::S3::Object | {"bucketName": "<0>", "list-type": "2", %host}
s3:ListAllMyBuckets | ListBuckets | r | | {"Host": "s3.<region>.amazonaws.com"}
s3:GetBucketLocation | | r | | {"bucketName": "<0>", "location": "", %host}
s3:GetBucketPolicy | | r | | {"bucketName": "<0>", "policy": "", %host}
s3:GetBucketAcl | | r | | {"bucketName": "<0>", "acl": "", %host}
s3:GetBucketVersioning | | r | | {"bucketName": "<0>", "versioning": "", %host}
s3:GetBucketTagging | | r | | {"bucketName": "<0>", "tagging": "", %host}
s3:GetBucketLogging | | r | | {"bucketName": "<0>", "logging": "", %host}
s3:GetBucketPublicAccessBlock | | r | | {"bucketName": "<0>", "publicAccessBlock": "", %host}
s3:GetEncryptionConfiguration | GetBucketEncryption | r | | {"bucketName": "<0>", "encryption": "", %host}
s3:CreateBucket | | w | | {"bucketName": "<0>", %host}
s3:DeleteBucket | | w | | {"bucketName": "<0>", %host}
s3:PutBucketPolicy | | w | | {"bucketName": "<0>", "policy": "", %host}
s3:PutEncryptionConfiguration | PutBucketEncryption | w | | {"bucketName": "<0>", "encryption": "", %host}
s3:PutBucketPublicAccessBlock | | w | | {"bucketName": "<0>", "publicAccessBlock": "", %host}
dynamodb:GetItem | | r | AWS::DynamoDB::Table | {"tableName": "<1>", "key": {"id": "k1"}}
dynamodb:PutItem | | w | AWS::DynamoDB::Table | {"tableName": "<1>", "key": {"id": "k1"}}
dynamodb:UpdateItem | | w | AWS::DynamoDB::Table | {"tableName": "<1>", "key": {"id": "k1"}}
dynamodb:DeleteItem | | w | AWS::DynamoDB::Table | {"tableName": "<1>", "key": {"id": "k1"}}
dynamodb:Query | | r | AWS::DynamoDB::Table | {"tableName": "<1>", "keyConditionExpression": "#0 = :0"}
dynamodb:Scan | | r | AWS::DynamoDB::Table | {"tableName": "<1>"}
dynamodb:DescribeTable | | r | | {"tableName": "<1>"}
dynamodb:ListTables | | r | | {}
dynamodb:CreateTable | | w | | {"tableName": "<1>", "billingMode": "PAY_PER_REQUEST"}
    | {"tableDescription": {"tableName": "<1>", "tableArn": "<arn>", "tableStatus": "CREATING"}}
dynamodb:DeleteTable | | w | | {"tableName": "<1>"}
    | {"tableDescription": {"tableName": "<1>", "tableArn": "<arn>", "tableStatus": "DELETING"}}
dynamodb:CreateBackup | | w | | {"tableName": "<1>", "backupName": "scheduled"}
dynamodb:DescribeContinuousBackups | | r | | {"tableName": "<1>"}
sqs:SendMessage | | w | AWS::SQS::Queue | {%queue}
sqs:ReceiveMessage | | r | AWS::SQS::Queue | {%queue, "maxNumberOfMessages": 10}
sqs:DeleteMessage | | w | AWS::SQS::Queue | {%queue}
sqs:GetQueueAttributes | | r | | {%queue, "attributeNames": ["All"]}
sqs:GetQueueUrl | | r | | {"queueName": "<rest>"}
sqs:ListQueues | | r | | {}
sqs:CreateQueue | | w | | {"queueName": "<rest>"} | {%queue}
sqs:DeleteQueue | | w | | {%queue}
sns:Publish | | w | AWS::SNS::Topic | {"topicArn": "<arn>", "message": "HIDDEN_DUE_TO_SECURITY_REASONS"}
sns:GetTopicAttributes | | r | | {"topicArn": "<arn>"}
sns:ListTopics | | r | | {}
kinesis:PutRecords | | w | AWS::Kinesis::Stream | {"streamARN": "<arn>", "streamName": "<1>"}
kinesis:GetRecords | | r | AWS::Kinesis::Stream | {"streamARN": "<arn>", "limit": 1000}
kinesis:GetShardIterator | | r | AWS::Kinesis::Stream
    | {"streamARN": "<arn>", "streamName": "<1>", "shardId": "shardId-000000000000"}
kinesis:DescribeStreamSummary | | r | | {"streamName": "<1>"}
kinesis:ListShards | | r | | {"streamName": "<1>"}
kms:Decrypt | | r | | {"encryptionAlgorithm": "SYMMETRIC_DEFAULT"}
kms:GenerateDataKey | | r | | {"keyId": "<arn>", "keySpec": "AES_256"}
kms:DescribeKey | | r | | {"keyId": "<arn>"}
kms:GetKeyRotationStatus | | r | | {"keyId": "<arn>"}
kms:ListKeys | | r | | {}
kms:ListAliases | | r | | {}
kms:ScheduleKeyDeletion | | w | | {"keyId": "<arn>", "pendingWindowInDays": 7}
secretsmanager:GetSecretValue | | r | | {"secretId": "<arn>"}
secretsmanager:DescribeSecret | | r | | {"secretId": "<arn>"}
secretsmanager:PutSecretValue | | w | | {"secretId": "<arn>"} | {"arn": "<arn>"}
secretsmanager:UpdateSecretVersionStage | | w | | {"secretId": "<arn>", "versionStage": "AWSCURRENT"}
    | {"arn": "<arn>"}
secretsmanager:GetRandomPassword | | r | | {"passwordLength": 32}
secretsmanager:ListSecrets | | r | | {}
ssm:GetParameter | | r | | {"name": "/<path>", "withDecryption": true}
rds:DescribeDBInstances | | r | | {}
rds:DescribeDBSnapshots | | r | | {}
rds:DeleteDBSnapshot | | w | | {"dBSnapshotIdentifier": "<1>"}
    | {"dBSnapshotIdentifier": "<1>", "dBSnapshotArn": "<arn>"}
athena:StartQueryExecution | | w | | {"workGroup": "<1>", "queryString": "***OMITTED***"}
    | {"queryExecutionId": "6f1c0f5e-0001-4a5b-8c1d-000000000001"}
athena:ListWorkGroups | | r | | {}
athena:GetWorkGroup | | r | | {"workGroup": "<1>"}
glue:StartJobRun | | w | | {"jobName": "<1>"} | {"jobRunId": "jr_0001"}
glue:GetJobRun | | r | | {"jobName": "<1>", "runId": "jr_0001"}
elasticmapreduce:ListClusters | | r | | {}
elasticmapreduce:DescribeCluster | | r | | {"clusterId": "<1>"}
elasticmapreduce:AddJobFlowSteps | | w | | {"jobFlowId": "<1>"} | {"stepIds": ["s-1"]}
elasticmapreduce:TerminateJobFlows | | w | | {"jobFlowIds": ["<1>"]}
""")

"""Operations of analytics, integration and business services: Glue, Athena, Redshift, Step Functions, Bedrock, costs.

https://docs.aws.amazon.com/glue/latest/dg/monitor-cloudtrail.html
https://docs.aws.amazon.com/redshift/latest/mgmt/logging-with-cloudtrail.html
https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cloud-trail.html
https://docs.aws.amazon.com/bedrock/latest/userguide/logging-using-cloudtrail.html
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/logging-using-cloudtrail.html
https://docs.aws.amazon.com/cognito/latest/developerguide/logging-using-cloudtrail.html
https://docs.aws.amazon.com/cost-management/latest/userguide/logging-using-cloudtrail.html
"""

from __future__ import annotations

from bench.corpus.operations.table import read_operations

SERVICES = read_operations("""
glue:GetTable | | r | | {"databaseName": "<1>", "name": "<2>"}
glue:CreateTable | | w | | {"databaseName": "<1>", "tableInput": {"name": "<2>"}}
glue:UpdateTable | | w | | {"databaseName": "<1>", "tableInput": {"name": "<2>"}}
glue:DeleteTable | | w | | {"databaseName": "<1>", "name": "<2>"}
glue:GetPartitions | | r | | {"databaseName": "<1>", "tableName": "<2>"}
glue:GetDatabase | | r | | {"name": "<1>"}
athena:GetQueryExecution | | r | | {"queryExecutionId": "6f1c0f5e-0001-4a5b-8c1d-000000000001"}
redshift:GetClusterCredentials | | r | | {"dbUser": "<2>", "clusterIdentifier": "<1>", "autoCreate": false}
redshift-data:ExecuteStatement | | w | | {"clusterIdentifier": "<1>", "database": "dwh", "sql": "***"} | {"id": "d1"}
redshift-data:DescribeStatement | | r | | {"id": "d9b6c0c9-0747-4bf4-b142-e8883122f766"}
states:StartExecution | | w | | {"stateMachineArn": "<arn>", "input": "***"}
bedrock:InvokeModel | | r | | {"modelId": "<arn>"}
cognito-idp:AdminAddUserToGroup | | w | | {"userPoolId": "<1>", "username": "***", "groupName": "members"}
cognito-idp:AdminGetUser | | r | | {"userPoolId": "<1>", "username": "***"}
rds:CopyDBSnapshot | | w | | {"targetDBSnapshotIdentifier": "<1>"}
    | {"dBSnapshotIdentifier": "<1>", "dBSnapshotArn": "<arn>", "status": "pending"}
rds:DescribeDBClusters | | r | | {}
rds-db:connect | | r | never | {}
cur:DescribeReportDefinitions | | r | | {}
support:DescribeCases | | r | | {}
support:CreateCase | | w | | {"subject": "***"} | {"caseId": "case-1"}
health:DescribeEvents | | r | | {}
config:DescribeConfigRules | | r | | {}
config:DescribeConfigurationRecorders | | r | | {}
iam:ListAttachedRolePolicies | | r | | {"roleName": "<name>"}
iam:ListRolePolicies | | r | | {"roleName": "<name>"}
""")
